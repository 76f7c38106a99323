"""What the checks look at: an installation, as deployed, and the VPCs that it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from reconciler.domain.installation import Installation

from ..account import Account
from ..deployment import Deployment
from ..screen import Progress
from ..survey import Seen, look
from ..world import World


class Patient:
    """An installation, and what several checks ask of it, once."""

    def __init__(self, world: World, progress: Progress) -> None:
        self.world = world
        self._progress = progress
        self.now = world.now()

    @property
    def account(self) -> Account:
        """The account's clients."""
        return self.world.account

    @property
    def deployment(self) -> Deployment:
        """The installation's stack."""
        return self.world.deployment

    @property
    def installation(self) -> Installation:
        """The installation."""
        return self.deployment.installation

    @property
    def resources(self) -> Mapping[str, str]:
        """The physical ids of the stack's resources, by logical id."""
        return self.world.resources

    @cached_property
    def fleet(self) -> tuple[Seen, ...]:
        """The VPCs that the installation keeps, as they are now."""
        return tuple(look(self.world, self._progress))

    def log_group(self, function: str) -> str:
        """Where a function writes, by its name."""
        for logical_id, name in self.resources.items():
            if name == function:
                return self.resources.get(logical_id.replace("Function", "Logs"), f"/aws/lambda/{function}")
        return f"/aws/lambda/{function}"
