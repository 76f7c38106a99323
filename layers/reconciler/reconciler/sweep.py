"""The sweep: every VPC of the Region that has opted in, or in which something owned is left, observed in
bulk.

It is what heals at install time, what catches lost events, and what counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .domain import intent
from .domain.findings import Status
from .domain.model import Profile
from .domain.plan import Plan
from .domain.planning import make_plan
from .ec2.locate import opted_in, with_owned

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

    from .domain.installation import Installation
    from .ec2.observe import Observer


@dataclass(frozen=True)
class Sweep:
    """The VPCs by their state: the opted-in ones, and as `leftovers` others in which something owned is left.

    `drifted` are those that a run may do something about.
    """

    in_sync: tuple[str, ...] = ()
    drifted: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()

    @property
    def to_reconcile(self) -> tuple[str, ...]:
        """Those that differ; the blocked ones too: what blocked them may be gone, and a run says why."""
        return tuple(sorted({*self.drifted, *self.blocked, *self.leftovers}))


def sweep(
    observer: Observer,
    ec2: EC2Client,
    profiles: Mapping[str, Profile],
    installation: Installation,
    now: float,
) -> Sweep:
    """Look at every VPC that has opted in or has something owned in it. Writes nothing. `now` is in seconds
    since 1970.

    Raises:
        One of `refusals.ERRORS`: when EC2 refuses a read.
    """
    opted = set(opted_in(ec2, installation))
    states: dict[str, list[str]] = {"in_sync": [], "drifted": [], "blocked": [], "leftovers": []}
    for observation in observer.many(opted | set(with_owned(ec2, installation)), profiles):
        wanted = intent.read(observation, profiles, installation, now)
        state = _state(make_plan(observation, wanted, installation))
        if observation.vpc.id in opted:
            states[state].append(observation.vpc.id)
        elif state != "in_sync":
            states["leftovers"].append(observation.vpc.id)
    return Sweep(**{name: tuple(vpc_ids) for name, vpc_ids in states.items()})


def _state(plan: Plan) -> str:
    statuses = {finding.status for finding in plan.findings}
    if statuses & {Status.REMEDIABLE, Status.WAITING}:
        return "drifted"
    return "blocked" if Status.BLOCKED in statuses else "in_sync"
