"""What is owned in a VPC that does not ask for it, or no longer: it goes, and leaves nothing behind.

A VPC that asks for less keeps its security group. One that asks for nothing behind a group loses the group
too. What was adopted is given back as it was found; the VPC's attributes stay as they are.
"""

from __future__ import annotations

from ..access import lets_in, naming
from ..actions import DeleteSecurityGroup, ModifyEndpoint
from ..findings import Finding, Kind, Reason, Status
from ..model import DEAD, SERVING, AnyEndpoint, Endpoint, EndpointState, SecurityGroup
from ..plan import Removal, Step
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
    groups = (
        take_down_group(situation, group, Kind.NOT_WANTED, stay, Removal.LATE)
        for group in situation.owned_groups
    )
    return Assessment.joined([endpoints, *groups])


def take_down_group(
    situation: Situation, group: SecurityGroup, kind: Kind, stay: frozenset[str], removal: Removal
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
    finding = Finding(kind, group.id, found=f"owned by {situation.installation.id}", wanted="gone")
    others = naming(situation.observation.groups, group.id)
    if others and not behind:
        # EC2 says only that something depends on it (facts, section 14).
        named = Finding(
            kind,
            group.id,
            found=f"a rule of {', '.join(others)} names it",
            wanted="no such rule, then gone",
            status=Status.BLOCKED,
            reason=Reason.IN_USE,
        )
        step = Step(DeleteSecurityGroup(group.id), (finding,), removal=removal, held_by=named)
        return Assessment.of([step]) if removal is Removal.LATE else Assessment((named,))
    if not behind:
        return Assessment.of([Step(DeleteSecurityGroup(group.id), (finding,), removal=removal)])
    held = all(endpoint.id in stay for endpoint in behind)
    in_use = Finding(
        kind,
        group.id,
        found=f"in use by {', '.join(sorted(endpoint.id for endpoint in behind))}",
        wanted="another security group in its place there, then gone" if held else "gone, after them",
        status=Status.BLOCKED if held else Status.WAITING,
        reason=Reason.IN_USE if held else None,
    )
    if removal is not Removal.LATE:
        return Assessment((in_use,))
    step = Step(DeleteSecurityGroup(group.id), (finding,), removal=removal, held_by=in_use)
    return Assessment.of([step])


def endpoints_that_stay(situation: Situation) -> frozenset[str]:
    """The ids of someone else's endpoints that keep our groups: those for services that the profile names,
    from which nothing is taken, and those that keep it though it is to go (`_is_held`).
    """
    return frozenset(
        endpoint.id
        for endpoint in situation.observation.endpoints
        if not situation.owns(endpoint)
        and endpoint.state not in _LEAVING
        and (situation.is_named(endpoint) or _is_held(situation, endpoint))
    )


def _delete_endpoints(situation: Situation) -> Assessment:
    seen = situation.observation
    endpoints: list[AnyEndpoint] = [*seen.endpoints, *seen.gateway_endpoints]
    unwanted = [
        endpoint
        for endpoint in endpoints
        if situation.owns(endpoint) and not situation.is_named(endpoint) and endpoint.state not in _LEAVING
    ]
    failed = [endpoint for endpoint in unwanted if endpoint.state in DEAD]
    serving = [endpoint for endpoint in unwanted if endpoint.state not in DEAD]
    wanted = "none: the VPC does not ask for it"
    return Assessment.joined(
        [
            common.delete(failed, Kind.NOT_WANTED, wanted, Removal.AT_ONCE),
            common.delete(serving, Kind.NOT_WANTED, wanted, Removal.LATE),
        ]
    )


def _give_back(situation: Situation) -> Assessment:
    """Take what was added off someone else's endpoints for services that the profile does not name."""
    steps, others = [], []
    for endpoint in situation.observation.endpoints:
        if endpoint.id not in situation.adopted or situation.is_named(endpoint):
            continue
        if situation.owns(endpoint):
            continue
        if _is_held(situation, endpoint):
            others.append(_held(situation, endpoint))
        elif endpoint.state in SERVING and (back := _as_it_was(situation, endpoint)):
            finding = Finding(
                Kind.NOT_WANTED, endpoint.id, found="what was added to it is still there", wanted="given back"
            )
            steps.append(Step(back, (finding,), removal=Removal.LATE))
    return Assessment.of(steps, others)


def _as_it_was(situation: Situation, endpoint: Endpoint) -> ModifyEndpoint | None:
    """The change that takes off what was added; None where nothing of it is left. The last subnet stays."""
    added = situation.memory.adoptions.get(endpoint.id) if situation.memory else None
    subnets = endpoint.subnet_ids & frozenset(added.subnet_ids if added else ())
    back = ModifyEndpoint(
        endpoint.id,
        remove_subnet_ids=tuple(sorted(subnets)) if subnets != endpoint.subnet_ids else (),
        remove_group_ids=tuple(sorted(_ours_on(situation, endpoint))),
        disable_private_dns=_turned_private_dns_on(situation, endpoint),
    )
    return None if back == ModifyEndpoint(endpoint.id) else back


def _turned_private_dns_on(situation: Situation, endpoint: Endpoint) -> bool:
    added = situation.memory.adoptions.get(endpoint.id) if situation.memory else None
    return endpoint.private_dns and added is not None and added.private_dns


def _ours_on(situation: Situation, endpoint: Endpoint) -> frozenset[str]:
    return endpoint.group_ids & frozenset(group.id for group in situation.owned_groups)


def _is_held(situation: Situation, endpoint: Endpoint) -> bool:
    """Whether our group stays on someone else's endpoint: EC2 takes the last one off none, nor any off one
    that serves no more; and where its private names stay, they would lead to a door that is closed to whom
    only our group lets in."""
    ours = _ours_on(situation, endpoint)
    if not ours:
        return False
    if endpoint.state in DEAD or (endpoint.state in SERVING and endpoint.group_ids <= ours):
        return True
    return endpoint.state in SERVING and _would_cut_off(situation, endpoint)


def _would_cut_off(situation: Situation, endpoint: Endpoint) -> bool:
    if not endpoint.private_dns or _turned_private_dns_on(situation, endpoint):
        return False
    ours = _ours_on(situation, endpoint)
    groups = [group for group in situation.observation.groups if group.id in endpoint.group_ids]
    theirs = [group for group in groups if group.id not in ours]
    clients = (rule for group in groups if group.id in ours for rule in group.ingress)
    return not all(lets_in(theirs, client) for client in clients)


def _held(situation: Situation, endpoint: Endpoint) -> Finding:
    """It is in the way only where the group is to go too."""
    group_goes = not situation.wants_interface_endpoints
    cut = endpoint.state in SERVING and not endpoint.group_ids <= _ours_on(situation, endpoint)
    why = (
        "; its private names lead there, and only the owned group lets some of the clients in" if cut else ""
    )
    return Finding(
        Kind.NOT_WANTED,
        endpoint.id,
        found=f"someone else's, {endpoint.state}, behind {', '.join(sorted(endpoint.group_ids))}{why}",
        wanted="another security group in the place of the owned one, or the endpoint gone",
        status=Status.BLOCKED if group_goes else Status.INFORMATIONAL,
        reason=Reason.IN_USE if group_goes else None,
    )
