"""Making way for a deletion that EC2 refused: only where nothing but what is owned stands in it.

Deletions fail at `DeleteSubnet` first; `DeleteVpc` comes after the subnets, or not at all (facts, section
14). Where anything of others stands in the way, stepping aside would help nobody and would interrupt whoever
is left: nothing changes, and a finding names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from .access import naming
from .actions import ModifyEndpoint
from .concerns.endpoint.placement import place
from .findings import Finding, Kind, Reason, Status
from .model import SERVING, AnyEndpoint, Endpoint, EndpointState, NetworkInterface
from .plan import Step
from .situation import Situation

# As many of the things in the way are named; who deletes them finds the others the same way.
_NAMED = 5


@dataclass(frozen=True)
class Way:
    """What is left to who wants to delete it: the whole VPC, or subnets and groups of others.

    `subnet_ids` are marked as released, and no endpoint of ours is to stand in them; `endpoint_ids` go, since
    such a subnet is their last; `group_ids` are taken off our endpoints. `findings` say what stays, and why.
    """

    vpc: bool = False
    subnet_ids: frozenset[str] = frozenset()
    endpoint_ids: frozenset[str] = frozenset()
    group_ids: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()


NOBODY_ASKS = Way()


def look(situation: Situation, refused: Iterable[str]) -> Way:
    """What to make way for. `refused` are the ids of the VPC, subnets and groups whose deletion was refused.
    Where nobody looked at the network interfaces, nothing makes way."""
    refused = frozenset(refused)
    if situation.observation.interfaces is None or not refused:
        return NOBODY_ASKS
    way = _of_subnets(situation, refused)
    groups = [each for each in situation.observation.groups if each.id in refused]
    findings = (*way.findings, *(f for group in groups for f in _on_group(situation, group.id)))
    # Where something else holds the group too, taking it off would cut clients off and help nobody.
    kept = {finding.resource for finding in findings}
    taken_off = frozenset(g.id for g in groups if g.id not in kept and _behind(situation, g.id))
    way = replace(way, group_ids=taken_off, findings=findings)
    if situation.vpc_id not in refused or not _owns_anything(situation):
        return way
    if others := list(_others_in_vpc(situation)):
        why = _in_the_way("DeleteVpc", situation.vpc_id, others)
        return replace(way, findings=(*way.findings, why))
    return Way(vpc=True)


def steps(situation: Situation, way: Way) -> list[Step]:
    """What takes our endpoints out of the way, where the profile's own concerns do not: they place the
    endpoints of services that the profile names, and leave out released subnets."""
    made = []
    for endpoint in _owned_endpoints(situation):
        finding = Finding(
            Kind.RELEASED,
            endpoint.id,
            found="someone was refused a deletion, for this endpoint of ours",
            wanted="out of the way",
        )
        left = endpoint.subnet_ids - way.subnet_ids
        out = tuple(sorted(endpoint.subnet_ids & way.subnet_ids))
        if out and left and not situation.is_named(endpoint) and endpoint.id not in way.endpoint_ids:
            made.append(Step(ModifyEndpoint(endpoint.id, remove_subnet_ids=out), (finding,)))
        if groups := tuple(sorted(endpoint.group_ids & way.group_ids)):
            made.append(Step(ModifyEndpoint(endpoint.id, remove_group_ids=groups), (finding,)))
    return made


# ---- subnets


def _of_subnets(situation: Situation, refused: frozenset[str]) -> Way:
    subnets = [each for each in situation.observation.subnets if each.id in refused]
    findings = []
    free = set()
    for subnet in subnets:
        if others := [_named(each) for each in _others_in(situation, subnet.id)]:
            findings.append(_in_the_way("DeleteSubnet", subnet.id, others))
        elif any(subnet.id in endpoint.subnet_ids for endpoint in _owned_endpoints(situation)):
            free.add(subnet.id)
    # What cannot leave one subnet keeps that one from being released, which may leave another one room.
    while stuck := {
        e.id: why for e in _owned_endpoints(situation) if (why := _stuck(situation, e, free, refused))
    }:
        held = {s for e in _owned_endpoints(situation) if e.id in stuck for s in e.subnet_ids & free}
        free -= held
        findings += [_stays(subnet_id, stuck) for subnet_id in sorted(held)]
    going = frozenset(
        e.id for e in _owned_endpoints(situation) if e.subnet_ids & free and _is_last(situation, e, free)
    )
    return Way(subnet_ids=frozenset(free), endpoint_ids=going, findings=tuple(findings))


def _stuck(situation: Situation, endpoint: Endpoint, free: set[str], refused: frozenset[str]) -> str:
    """Why the endpoint cannot leave the subnets that would be free; empty where it can, or can go itself:
    where every other subnet is empty of others' interfaces or is to be deleted too."""
    if not endpoint.subnet_ids & free or not _is_last(situation, endpoint, free):
        return ""
    released = situation.released_subnets | refused
    for subnet in situation.observation.subnets:
        if subnet.id not in released and (others := _others_in(situation, subnet.id)):
            return f"it is the last subnet of {endpoint.id}, and {others[0].id} is in {subnet.id}"
    return ""


def _is_last(situation: Situation, endpoint: Endpoint, free: set[str]) -> bool:
    """Whether the endpoint has no subnet left without those, and none in another zone to go to. EC2 takes one
    subnet a zone, so a second one in the zone of the last can only follow it."""
    situation = replace(situation, released=situation.released | free)
    if endpoint.subnet_ids - situation.released_subnets:
        return False
    service = situation.observation.services.get(endpoint.service_name)
    if service is None or not situation.is_named(endpoint):
        return True
    zones = {s.zone_id for s in situation.observation.subnets if s.id in endpoint.subnet_ids}
    placement = place(situation, service, frozenset(), endpoint.address_type, endpoint.address_type)
    return not set(placement.zones) - zones


def _others_in(situation: Situation, subnet_id: str) -> list[NetworkInterface]:
    ours = {endpoint.id for endpoint in _owned(situation)}
    interfaces = situation.observation.interfaces or ()
    return [each for each in interfaces if each.subnet_id == subnet_id and each.endpoint_id not in ours]


# ---- security groups and the VPC


def _behind(situation: Situation, group_id: str) -> list[Endpoint]:
    """The owned endpoints behind a group that can do without it."""
    return [
        endpoint
        for endpoint in _owned_endpoints(situation)
        if group_id in endpoint.group_ids
        and (endpoint.group_ids - {group_id} or situation.is_named(endpoint))
    ]


def _on_group(situation: Situation, group_id: str) -> Iterator[Finding]:
    if group_id in {group.id for group in situation.owned_groups}:
        yield Finding(
            Kind.DELETION_REFUSED,
            group_id,
            found="someone was refused the deletion of the owned security group",
            wanted="left: the endpoints stand behind it. To take all down, opt the VPC out",
            status=Status.INFORMATIONAL,
        )
        return
    ours = {endpoint.id for endpoint in _behind(situation, group_id)}
    interfaces = situation.observation.interfaces or ()
    others = [_named(e) for e in interfaces if group_id in e.group_ids and e.endpoint_id not in ours]
    others += [f"a rule of {each}" for each in naming(situation.observation.groups, group_id)]
    if others:
        yield _in_the_way("DeleteSecurityGroup", group_id, others)


def _others_in_vpc(situation: Situation) -> Iterator[str]:
    """What stands in the VPC that is not ours, by name. Peerings, gateways to other networks and the like are
    not looked at: where one of them is left too, the VPC is healed again after the hour."""
    seen = situation.observation
    owned = {endpoint.id for endpoint in _owned(situation)}
    yield from (subnet.id for subnet in seen.subnets)
    yield from seen.internet_gateway_ids
    yield from (table.id for table in seen.route_tables if not table.main)
    owned_groups = {group.id for group in situation.owned_groups}
    yield from (g.id for g in seen.groups if g.id not in owned_groups and g.name != "default")
    for endpoint in seen.all_endpoints:
        if endpoint.id not in owned and endpoint.state is not EndpointState.DELETED:
            yield endpoint.id
    yield from (_named(each) for each in seen.interfaces or () if each.endpoint_id not in owned)


def _owns_anything(situation: Situation) -> bool:
    return bool(situation.owned_groups or _owned(situation))


def _owned(situation: Situation) -> list[AnyEndpoint]:
    """The owned endpoints of every state."""
    return [each for each in situation.observation.all_endpoints if situation.owns(each)]


def _owned_endpoints(situation: Situation) -> list[Endpoint]:
    """The owned interface endpoints that serve."""
    endpoints = situation.observation.endpoints
    return [each for each in endpoints if each.state in SERVING and situation.owns(each)]


def _named(interface: NetworkInterface) -> str:
    return f"{interface.id} ({interface.description})" if interface.description else interface.id


def _in_the_way(call: str, resource: str, others: list[str]) -> Finding:
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    return Finding(
        Kind.DELETION_REFUSED,
        resource,
        found=f"someone was refused {call}; {', '.join(others[:_NAMED])}{more} stand in its way",
        wanted="these gone first: then what is owned steps aside",
        status=Status.INFORMATIONAL,
    )


def _stays(subnet_id: str, stuck: dict[str, str]) -> Finding:
    return Finding(
        Kind.DELETION_REFUSED,
        subnet_id,
        found=f"someone was refused DeleteSubnet; {'; '.join(sorted(stuck.values()))}",
        wanted="another private subnet for the endpoint, or the VPC opted out",
        status=Status.BLOCKED,
        reason=Reason.IN_USE,
    )
