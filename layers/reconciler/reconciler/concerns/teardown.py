"""What is owned in a VPC that does not, or no longer, ask for it: it goes, and leaves nothing behind.

Two depths: a VPC that asks for less keeps its group, one that asks for nothing loses everything that is
owned. What was adopted is given back as it was found; the VPC's attributes stay as they are.
"""

from __future__ import annotations

from ..actions import DeleteSecurityGroup, ModifyEndpoint, Step
from ..model import (
    SERVING,
    AnyEndpoint,
    EndpointState,
    EndpointType,
    Finding,
    Kind,
    Observation,
    Profile,
    SecurityGroup,
    Status,
)
from ..ownership import Ownership
from . import Assessment, lifecycle

_LEAVING = frozenset({EndpointState.DELETING, EndpointState.DELETED})


def assess(observation: Observation, profile: Profile, ownership: Ownership) -> Assessment:
    """Take down the owned endpoints, and give back the adopted ones, of services that the profile does not
    name."""
    named = frozenset((ownership.service_name(spec.service), spec.type) for spec in profile.endpoints)
    return _give_up(observation, ownership, named)


def take_down(observation: Observation, ownership: Ownership) -> Assessment:
    """Take down everything: endpoints first, and once none stands behind the group, the group."""
    endpoints = _give_up(observation, ownership, frozenset())
    groups = (
        _take_down_group(observation, group, ownership) for group in ownership.owned_groups(observation)
    )
    return Assessment.joined([endpoints, *groups])


def _give_up(
    observation: Observation, ownership: Ownership, named: frozenset[tuple[str, EndpointType]]
) -> Assessment:
    interfaces = [e for e in observation.endpoints if (e.service_name, EndpointType.INTERFACE) not in named]
    gateways = [
        e for e in observation.gateway_endpoints if (e.service_name, EndpointType.GATEWAY) not in named
    ]
    vpc_id = observation.vpc.id
    unnamed: list[AnyEndpoint] = [*interfaces, *gateways]
    owned = [
        endpoint
        for endpoint in unnamed
        if ownership.owns_endpoint(endpoint, vpc_id) and endpoint.state not in _LEAVING
    ]
    groups = frozenset(group.id for group in ownership.owned_groups(observation))
    steps = []
    for endpoint in interfaces:
        attached = groups & endpoint.group_ids
        if attached and endpoint.state in SERVING and not ownership.owns_endpoint(endpoint, vpc_id):
            finding = Finding(
                Kind.NOT_WANTED, endpoint.id, found="the owned group is attached", wanted="given back"
            )
            modify = ModifyEndpoint(endpoint.id, remove_group_ids=tuple(sorted(attached)))
            steps.append(Step(modify, (finding,)))
    gone = lifecycle.take_down(owned, Kind.NOT_WANTED, "none: the VPC does not ask for it")
    return Assessment.joined([gone, Assessment.of(steps)])


def _take_down_group(observation: Observation, group: SecurityGroup, ownership: Ownership) -> Assessment:
    behind = [
        e.id
        for e in observation.endpoints
        if group.id in e.group_ids and e.state is not EndpointState.DELETED
    ]
    if behind:
        waiting = Finding(
            Kind.NOT_WANTED,
            group.id,
            found=f"in use by {', '.join(sorted(behind))}",
            wanted="gone, after them",
            status=Status.CONVERGING,
        )
        return Assessment((waiting,))
    finding = Finding(Kind.NOT_WANTED, group.id, found=f"owned by {ownership.stack}", wanted="gone")
    return Assessment.of([Step(DeleteSecurityGroup(group.id), (finding,))])
