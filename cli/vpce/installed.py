"""Commands that are about what is deployed."""

from __future__ import annotations

from .deployment import Deployment
from .problems import Problem
from .world import World


def installed(world: World) -> Deployment:
    """The installation that is deployed.

    Raises:
        Problem: when none is.
    """
    there = world.deployment
    if there.unread:
        raise Problem(
            "It is not known what is deployed here: the credentials do not allow "
            "cloudformation:DescribeStacks."
        )
    if not there.is_deployed:
        raise Problem(
            f"The remediator is not deployed in {world.account.region} of account {world.account.id}. "
            "What it would do there shows: vpce plan"
        )
    return there
