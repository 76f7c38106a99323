"""What is owned in a VPC that does not ask for it, or no longer: it goes, and leaves nothing behind.

A VPC that asks for less keeps its security group. One that asks for nothing behind a group loses the group
too. What was adopted is given back as it was found; the VPC's attributes stay as they are.
"""

from __future__ import annotations

from ..actions import DeleteSecurityGroup, ModifyEndpoint
from ..findings import Finding, Kind, Reason, Status
from ..model import DEAD, SERVING, AnyEndpoint, Endpoint, EndpointState, EndpointType, SecurityGroup
from ..plan import Step
from ..situation import Situation
from . import Assessment
from .endpoint import common

_LEAVING = frozenset({EndpointState.DELETING, EndpointState.DELETED})


def assess(situation: Situation) -> Assessment:
    """Delete the owned endpoints, and give back the adopted ones, of services that the profile does not name.
    Endpoints go first; the group goes once none stands behind it.
    """
    endpoints = Assessment.joined([_delete_endpoints(situation), _give_back(situation)])
    if situation.wants_interface_endpoints:
        return endpoints
    stay = endpoints_that_stay(situation)
    groups = (take_down_group(situation, group, Kind.NOT_WANTED, stay) for group in situation.owned_groups)
    return Assessment.joined([endpoints, *groups])


def take_down_group(
    situation: Situation, group: SecurityGroup, kind: Kind, stay: frozenset[str]
) -> Assessment:
    """Delete an owned group, once no endpoint stands behind it.

    `stay` are the ids of the endpoints that nothing takes away from it: EC2 does not delete the group before
    a person does something about them.
    """
    behind = [
        endpoint
        for endpoint in situation.observation.endpoints
        if group.id in endpoint.group_ids and endpoint.state is not EndpointState.DELETED
    ]
    if not behind:
        finding = Finding(kind, group.id, found=f"owned by {situation.installation.stack}", wanted="gone")
        return Assessment.of([Step(DeleteSecurityGroup(group.id), (finding,))])
    held = all(endpoint.id in stay for endpoint in behind)
    in_use = Finding(
        kind,
        group.id,
        found=f"in use by {', '.join(sorted(endpoint.id for endpoint in behind))}",
        wanted="another security group in its place there, then gone" if held else "gone, after them",
        status=Status.BLOCKED if held else Status.WAITING,
        reason=Reason.IN_USE if held else None,
    )
    return Assessment((in_use,))


def endpoints_that_stay(situation: Situation) -> frozenset[str]:
    """The ids of someone else's endpoints that keep our groups: those for services that the profile names,
    from which nothing is taken, and those of which EC2 does not let us take the group off.
    """
    return frozenset(
        endpoint.id
        for endpoint in situation.observation.endpoints
        if not _is_owned(situation, endpoint)
        and endpoint.state not in _LEAVING
        and (_is_named(situation, endpoint) or _is_held(situation, endpoint))
    )


def _delete_endpoints(situation: Situation) -> Assessment:
    seen = situation.observation
    endpoints: list[AnyEndpoint] = [*seen.endpoints, *seen.gateway_endpoints]
    unwanted = [
        endpoint
        for endpoint in endpoints
        if _is_owned(situation, endpoint)
        and not _is_named(situation, endpoint)
        and endpoint.state not in _LEAVING
    ]
    return common.delete(unwanted, Kind.NOT_WANTED, "none: the VPC does not ask for it")


def _give_back(situation: Situation) -> Assessment:
    """Take our groups off someone else's endpoints for services that the profile does not name."""
    groups = frozenset(group.id for group in situation.owned_groups)
    steps, others = [], []
    for endpoint in situation.observation.endpoints:
        attached = groups & endpoint.group_ids
        if not attached or _is_named(situation, endpoint) or _is_owned(situation, endpoint):
            continue
        if _is_held(situation, endpoint):
            others.append(_held(situation, endpoint))
        elif endpoint.state in SERVING:
            finding = Finding(
                Kind.NOT_WANTED, endpoint.id, found="the owned group is attached", wanted="given back"
            )
            modify = ModifyEndpoint(endpoint.id, remove_group_ids=tuple(sorted(attached)))
            steps.append(Step(modify, (finding,)))
    return Assessment.of(steps, others)


def _is_owned(situation: Situation, endpoint: AnyEndpoint) -> bool:
    return situation.installation.owns_endpoint(endpoint, situation.vpc_id)


def _is_named(situation: Situation, endpoint: AnyEndpoint) -> bool:
    kind = EndpointType.INTERFACE if isinstance(endpoint, Endpoint) else EndpointType.GATEWAY
    return (endpoint.service_name, kind) in situation.named_services


def _is_held(situation: Situation, endpoint: Endpoint) -> bool:
    """Whether EC2 does not let us take our group off someone else's endpoint: an endpoint keeps one group at
    least, and one that serves no more takes no change."""
    groups = frozenset(group.id for group in situation.owned_groups)
    only_ours = endpoint.state in SERVING and endpoint.group_ids <= groups
    return not groups.isdisjoint(endpoint.group_ids) and (endpoint.state in DEAD or only_ours)


def _held(situation: Situation, endpoint: Endpoint) -> Finding:
    """It is in the way only where the group is to go too."""
    group_goes = not situation.wants_interface_endpoints
    return Finding(
        Kind.NOT_WANTED,
        endpoint.id,
        found=f"someone else's, {endpoint.state}, behind {', '.join(sorted(endpoint.group_ids))}",
        wanted="another security group in the place of the owned one, or the endpoint gone",
        status=Status.BLOCKED if group_goes else Status.INFORMATIONAL,
        reason=Reason.IN_USE if group_goes else None,
    )
