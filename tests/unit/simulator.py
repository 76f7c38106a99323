"""Takes the steps of a plan on an observation, as an EC2 would that has time enough; pure.

It keeps the rules that plans have to mind, and fails the test where a plan does not: one subnet a zone, also
in the course of one modification; a group before what stands behind it; DNS attributes before private DNS.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from reconciler.actions import (
    Action,
    AuthorizeIngress,
    CreateEndpoint,
    CreateSecurityGroup,
    CreateTags,
    DeleteEndpoint,
    EnableVpcAttribute,
    GroupRef,
    ModifyEndpoint,
    NewGroup,
    RevokeEgress,
    RevokeIngress,
    Step,
    VpcAttribute,
)
from reconciler.concerns.security_group import DEFAULT_EGRESS
from reconciler.model import Endpoint, EndpointState, Observation, SecurityGroup

NEW_GROUP_ID = "sg-new"


def after(observation: Observation, steps: Iterable[Step]) -> Observation:
    """The VPC once the steps are taken and AWS is through with them."""
    for step in steps:
        observation = _take(observation, step.action)
    return observation


def _take(seen: Observation, action: Action) -> Observation:
    match action:
        case EnableVpcAttribute(_, VpcAttribute.DNS_SUPPORT):
            return replace(seen, vpc=replace(seen.vpc, dns_support=True))
        case EnableVpcAttribute():
            assert seen.vpc.dns_support
            return replace(seen, vpc=replace(seen.vpc, dns_hostnames=True))
        case CreateSecurityGroup(_, name, _, tags):
            free = _free(name, seen)
            made = SecurityGroup(NEW_GROUP_ID, free, tags, frozenset(), frozenset({DEFAULT_EGRESS}))
            return replace(seen, groups=(*seen.groups, made))
        case AuthorizeIngress(ref, rules):
            group = _group(seen, ref)
            assert not group.ingress & set(rules)
            return _with_group(seen, replace(group, ingress=group.ingress | set(rules)))
        case RevokeIngress(ref, rules):
            group = _group(seen, ref)
            assert group.ingress >= set(rules)
            return _with_group(seen, replace(group, ingress=group.ingress - set(rules)))
        case RevokeEgress(ref, rules):
            group = _group(seen, ref)
            assert group.egress >= set(rules)
            return _with_group(seen, replace(group, egress=group.egress - set(rules)))
        case CreateTags(resource_id, tags):
            return _tagged(seen, resource_id, dict(tags))
        case CreateEndpoint():
            return _create(seen, action)
        case ModifyEndpoint():
            return _modify(seen, action)
        case DeleteEndpoint(endpoint_id):
            kept = tuple(each for each in seen.endpoints if each.id != endpoint_id)
            assert len(kept) == len(seen.endpoints) - 1
            return replace(seen, endpoints=kept)


def _create(seen: Observation, action: CreateEndpoint) -> Observation:
    assert seen.vpc.dns_support
    assert seen.vpc.dns_hostnames
    assert action.subnet_ids
    _one_a_zone(seen, action.subnet_ids)
    made = Endpoint(
        id=f"vpce-new-{len(seen.endpoints)}",
        service_name=action.service_name,
        state=EndpointState.AVAILABLE,
        subnet_ids=frozenset(action.subnet_ids),
        group_ids=frozenset({_group(seen, action.group).id}),
        private_dns=True,
        tags=action.tags,
    )
    return replace(seen, endpoints=(*seen.endpoints, made))


def _modify(seen: Observation, action: ModifyEndpoint) -> Observation:
    [endpoint] = [each for each in seen.endpoints if each.id == action.endpoint_id]
    assert endpoint.state is EndpointState.AVAILABLE
    if action.enable_private_dns:
        assert seen.vpc.dns_support
        assert seen.vpc.dns_hostnames
    assert not endpoint.subnet_ids & set(action.add_subnet_ids)
    assert endpoint.subnet_ids >= set(action.remove_subnet_ids)
    # Adding and removing in one zone in one call is not known to work (facts, section 3).
    _one_a_zone(seen, endpoint.subnet_ids | set(action.add_subnet_ids))
    added = {_group(seen, ref).id for ref in action.add_groups}
    assert endpoint.group_ids >= set(action.remove_group_ids)
    modified = replace(
        endpoint,
        subnet_ids=(endpoint.subnet_ids | set(action.add_subnet_ids)) - set(action.remove_subnet_ids),
        group_ids=(endpoint.group_ids | added) - set(action.remove_group_ids),
        private_dns=endpoint.private_dns or action.enable_private_dns,
    )
    others = tuple(each for each in seen.endpoints if each.id != endpoint.id)
    return replace(seen, endpoints=(*others, modified))


def _one_a_zone(seen: Observation, subnet_ids: Iterable[str]) -> None:
    zones = {subnet.id: subnet.zone_id for subnet in seen.subnets}
    crowded = Counter(zones[subnet_id] for subnet_id in subnet_ids)
    assert all(count == 1 for count in crowded.values()), crowded


def _free(name: str, seen: Observation) -> str:
    """The name, numbered where it is taken, as whoever takes the step does it."""
    taken = {group.name.casefold() for group in seen.groups}
    names = (name, *(f"{name}-{number}" for number in range(2, 6)))
    return next(each for each in names if each.casefold() not in taken)


def _group(seen: Observation, ref: GroupRef) -> SecurityGroup:
    wanted = NEW_GROUP_ID if isinstance(ref, NewGroup) else ref
    [group] = [each for each in seen.groups if each.id == wanted]
    return group


def _with_group(seen: Observation, changed: SecurityGroup) -> Observation:
    others = tuple(each for each in seen.groups if each.id != changed.id)
    return replace(seen, groups=(*others, changed))


def _tagged(seen: Observation, resource_id: str, tags: dict[str, str]) -> Observation:
    return replace(
        seen,
        groups=tuple(
            replace(each, tags={**each.tags, **tags}) if each.id == resource_id else each
            for each in seen.groups
        ),
        endpoints=tuple(
            replace(each, tags={**each.tags, **tags}) if each.id == resource_id else each
            for each in seen.endpoints
        ),
    )
