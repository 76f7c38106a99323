"""Observation and profile, through the concerns, to a plan. Pure.

The order of the steps is what keeps traffic flowing: what opens comes before what closes, a security group
before what stands behind it, DNS attributes before the private DNS that needs them.
"""

from __future__ import annotations

from datetime import UTC, datetime

from .actions import (
    AuthorizeIngress,
    CreateEndpoint,
    CreateGatewayEndpoint,
    CreateSecurityGroup,
    CreateTags,
    DeleteEndpoint,
    DeleteSecurityGroup,
    EnableVpcAttribute,
    ModifyEndpoint,
    Plan,
    RevokeEgress,
    RevokeIngress,
    Step,
)
from .concerns import Assessment, Concern, dns, security_group, tags, teardown
from .concerns.endpoint import gateway, interface
from .findings import Finding, Kind
from .installation import Installation
from .model import Observation, Profile

CONCERNS: tuple[Concern, ...] = (
    dns.assess,
    security_group.assess,
    tags.assess,
    interface.assess,
    gateway.assess,
    teardown.assess,
)

# How long a VPC is left alone after someone was refused its deletion.
_RELEASED_SECONDS = 3600

# Tags come early: IAM lets the role change only what bears them.
_ORDER: tuple[type, ...] = (
    CreateTags,
    EnableVpcAttribute,
    CreateSecurityGroup,
    AuthorizeIngress,
    CreateEndpoint,
    CreateGatewayEndpoint,
    ModifyEndpoint,
    DeleteEndpoint,
    RevokeIngress,
    RevokeEgress,
    DeleteSecurityGroup,
)


def plan(observation: Observation, profile: Profile | None, installation: Installation) -> Plan:
    """Hold the VPC against `profile`; None asks for nothing, and takes down all that is owned.

    The plan of a VPC that is as it should be has no steps.
    """
    if profile is None:
        parts = [tags.retag(observation, installation), teardown.take_down(observation, installation)]
        assessed = Assessment.joined(parts)
    else:
        assessed = Assessment.joined(assess(observation, profile, installation) for assess in CONCERNS)
    return Plan(assessed.findings, tuple(sorted(assessed.steps, key=_rank)))


def release(observation: Observation, installation: Installation, now: float) -> list[Step]:
    """The step that leaves the VPC, for an hour from `now`, to who wants to delete it; none where nothing
    owned stands in the way. `now` is in seconds since 1970.
    """
    if not teardown.take_down(observation, installation).findings:
        return []
    until = datetime.fromtimestamp(now + _RELEASED_SECONDS, UTC).isoformat(timespec="seconds")
    refused = Finding(
        Kind.RELEASED,
        observation.vpc.id,
        found="someone was refused its deletion, for what is owned in it",
        wanted=f"left alone until {until}, with nothing owned in it",
    )
    return [Step(CreateTags(observation.vpc.id, {installation.released_key: until}), (refused,))]


def _rank(step: Step) -> float:
    rank = _ORDER.index(type(step.action))
    if isinstance(step.action, RevokeIngress) and step.action.makes_room:
        return _ORDER.index(AuthorizeIngress) - 0.5
    return rank
