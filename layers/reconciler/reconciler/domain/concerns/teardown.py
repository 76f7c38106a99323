"""What is owned in a VPC that does not, or no longer, ask for it: it goes, and leaves nothing behind.

Two depths: a VPC that asks for less keeps its group, one that asks for nothing loses everything that is
owned. What was adopted is given back as it was found; the VPC's attributes stay as they are.
"""

from __future__ import annotations

from typing import TypeAlias

from ..actions import DeleteSecurityGroup, ModifyEndpoint, Step
from ..findings import Finding, Kind, Reason, Status
from ..installation import Installation
from ..model import (
    DEAD,
    SERVING,
    AnyEndpoint,
    Endpoint,
    EndpointState,
    EndpointType,
    Observation,
    Profile,
    SecurityGroup,
)
from . import Assessment
from .endpoint import common
from .endpoint.conditions import wants_interfaces

# The names of services, each with the type of endpoint.
Services: TypeAlias = frozenset[tuple[str, EndpointType]]

_LEAVING = frozenset({EndpointState.DELETING, EndpointState.DELETED})


def services_of(profile: Profile, installation: Installation) -> Services:
    """The services that a profile names."""
    return frozenset((installation.service_name(spec.service), spec.type) for spec in profile.endpoints)


def assess(observation: Observation, profile: Profile, installation: Installation) -> Assessment:
    """Take down the owned endpoints, and give back the adopted ones, of services that the profile does not
    name; the group too, where the profile wants nothing that stands behind one.
    """
    named = services_of(profile, installation)
    if not wants_interfaces(profile):
        return take_down(observation, installation, named)
    return _give_up(observation, installation, named)


def take_down(
    observation: Observation,
    installation: Installation,
    named: Services = frozenset(),
) -> Assessment:
    """Take down everything but what is `named`: endpoints first, and once none stands behind the group, the
    group.
    """
    endpoints = _give_up(observation, installation, named, all_goes=True)
    held = held_endpoints(observation, installation)
    groups = (
        take_down_group(observation, group, installation, Kind.NOT_WANTED, held)
        for group in installation.owned_groups(observation)
    )
    return Assessment.joined([endpoints, *groups])


def _give_up(
    observation: Observation,
    installation: Installation,
    named: Services,
    *,
    all_goes: bool = False,
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
        if installation.owns_endpoint(endpoint, vpc_id) and endpoint.state not in _LEAVING
    ]
    groups = frozenset(group.id for group in installation.owned_groups(observation))
    steps, notes = [], []
    for endpoint in interfaces:
        attached = groups & endpoint.group_ids
        if _is_held(endpoint, observation, installation):
            notes.append(_held(endpoint, all_goes=all_goes))
        elif attached and endpoint.state in SERVING and not installation.owns_endpoint(endpoint, vpc_id):
            finding = Finding(
                Kind.NOT_WANTED, endpoint.id, found="the owned group is attached", wanted="given back"
            )
            modify = ModifyEndpoint(endpoint.id, remove_group_ids=tuple(sorted(attached)))
            steps.append(Step(modify, (finding,)))
    gone = common.take_down(owned, Kind.NOT_WANTED, "none: the VPC does not ask for it")
    return Assessment.joined([gone, Assessment.of(steps, notes)])


def _is_held(endpoint: Endpoint, observation: Observation, installation: Installation) -> bool:
    """Whether someone else's endpoint stands behind our group, and EC2 does not let us take the group off:
    an endpoint keeps one at least, and one that serves no more takes no change."""
    groups = frozenset(group.id for group in installation.owned_groups(observation))
    return (
        not groups.isdisjoint(endpoint.group_ids)
        and (endpoint.state in DEAD or (endpoint.state in SERVING and endpoint.group_ids <= groups))
        and not installation.owns_endpoint(endpoint, observation.vpc.id)
    )


def _held(endpoint: Endpoint, *, all_goes: bool) -> Finding:
    """It is in the way only where the group is to go too."""
    return Finding(
        Kind.NOT_WANTED,
        endpoint.id,
        found=f"someone else's, {endpoint.state}, behind {', '.join(sorted(endpoint.group_ids))}",
        wanted="another security group in the place of the owned one, or the endpoint gone",
        status=Status.BLOCKED if all_goes else Status.NOTED,
        reason=Reason.IN_USE if all_goes else None,
    )


def take_down_group(
    observation: Observation,
    group: SecurityGroup,
    installation: Installation,
    kind: Kind,
    stay: frozenset[str],
) -> Assessment:
    """An owned group goes, once no endpoint stands behind it.

    `stay` are the ids of the endpoints that nothing takes away from it: EC2 does not delete the group before
    a person does something about them.
    """
    behind = [
        e for e in observation.endpoints if group.id in e.group_ids and e.state is not EndpointState.DELETED
    ]
    if not behind:
        finding = Finding(kind, group.id, found=f"owned by {installation.stack}", wanted="gone")
        return Assessment.of([Step(DeleteSecurityGroup(group.id), (finding,))])
    held = all(endpoint.id in stay for endpoint in behind)
    in_use = Finding(
        kind,
        group.id,
        found=f"in use by {', '.join(sorted(endpoint.id for endpoint in behind))}",
        wanted="another security group in its place there, then gone" if held else "gone, after them",
        status=Status.BLOCKED if held else Status.CONVERGING,
        reason=Reason.IN_USE if held else None,
    )
    return Assessment((in_use,))


def held_endpoints(
    observation: Observation, installation: Installation, named: Services = frozenset()
) -> frozenset[str]:
    """The ids of someone else's endpoints that keep our groups: those for the services `named`, from which
    nothing is taken, and those of which EC2 does not let us take the group off.
    """
    vpc_id = observation.vpc.id
    return frozenset(
        endpoint.id
        for endpoint in observation.endpoints
        if not installation.owns_endpoint(endpoint, vpc_id)
        and endpoint.state not in _LEAVING
        and (
            (endpoint.service_name, EndpointType.INTERFACE) in named
            or _is_held(endpoint, observation, installation)
        )
    )
