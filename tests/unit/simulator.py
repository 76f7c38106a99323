"""Takes the steps of a plan on an observation, as an EC2 would that has time enough; pure.

It keeps the rules that plans have to mind, and fails the test where a plan does not: one subnet a zone, also
in the course of one modification; a group before what stands behind it; DNS attributes before private DNS. A
step on what has to get its marks back first is left for the next plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from reconciler.domain.actions import (
    Action,
    AuthorizeIngress,
    CreateEndpoint,
    CreateGatewayEndpoint,
    CreateSecurityGroup,
    CreateTags,
    DeleteEndpoint,
    DeleteSecurityGroup,
    DeleteTags,
    EnableVpcAttribute,
    GroupRef,
    ModifyEndpoint,
    NewGroup,
    RevokeEgress,
    RevokeIngress,
)
from reconciler.domain.concerns.security_group import DEFAULT_EGRESS
from reconciler.domain.model import (
    SERVING,
    Endpoint,
    EndpointState,
    Observation,
    SecurityGroup,
    Tags,
    VpcAttribute,
)
from reconciler.domain.plan import Step
from reconciler.domain.policies import FULL_ACCESS

NEW_GROUP_ID = "sg-new"


def after(observation: Observation, steps: Iterable[Step]) -> Observation:
    """The VPC once the steps are taken and AWS is through with them."""
    for step in steps:
        if not step.marks_first:
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
            return _tagged(seen, resource_id, lambda before: {**before, **tags})
        case DeleteTags(resource_id, keys):
            return _tagged(
                seen, resource_id, lambda before: {k: v for k, v in before.items() if k not in keys}
            )
        case CreateEndpoint():
            return _create(seen, action)
        case ModifyEndpoint():
            return _modify(seen, action)
        case DeleteEndpoint(endpoint_id):
            kept = tuple(each for each in seen.endpoints if each.id != endpoint_id)
            assert len(kept) == len(seen.endpoints) - 1
            return replace(seen, endpoints=kept)
        case DeleteSecurityGroup(group_id):
            assert not any(group_id in endpoint.group_ids for endpoint in seen.endpoints)
            left = tuple(each for each in seen.groups if each.id != group_id)
            assert len(left) == len(seen.groups) - 1
            return replace(seen, groups=left)
        case CreateGatewayEndpoint():
            raise NotImplementedError(action)


def _create(seen: Observation, action: CreateEndpoint) -> Observation:
    assert seen.vpc.dns_support
    assert seen.vpc.dns_hostnames
    subnet_ids = {candidates[0] for candidates in action.zones}
    assert subnet_ids
    _one_a_zone(seen, subnet_ids)
    made = Endpoint(
        id=f"vpce-new-{len(seen.endpoints)}",
        service_name=action.service_name,
        state=EndpointState.AVAILABLE,
        subnet_ids=frozenset(subnet_ids),
        group_ids=frozenset({_group(seen, action.group).id}),
        private_dns=action.private_dns,
        tags=action.tags,
        policy=action.policy or (FULL_ACCESS if _takes_policy(seen, action.service_name) else ""),
    )
    return replace(seen, endpoints=(*seen.endpoints, made))


def _has_private_names(seen: Observation, endpoint: Endpoint) -> bool:
    """Whether another endpoint holds the private names of the service."""
    return any(
        other.private_dns and other.state in SERVING
        for other in seen.endpoints
        if other.service_name == endpoint.service_name and other.id != endpoint.id
    )


def _modify(seen: Observation, action: ModifyEndpoint) -> Observation:
    [endpoint] = [each for each in seen.endpoints if each.id == action.endpoint_id]
    assert endpoint.state is EndpointState.AVAILABLE
    if action.enable_private_dns:
        assert seen.vpc.dns_support
        assert seen.vpc.dns_hostnames
        assert not _has_private_names(seen, endpoint)
    add = {candidates[0] for candidates in action.add_zones}
    assert not endpoint.subnet_ids & add
    assert endpoint.subnet_ids >= set(action.remove_subnet_ids)
    # Adding and removing in one zone in one call is not known to work (facts, section 3).
    _one_a_zone(seen, endpoint.subnet_ids | add)
    added = {_group(seen, ref).id for ref in action.add_groups}
    assert endpoint.group_ids >= set(action.remove_group_ids)
    # EC2 leaves none without a group.
    assert not action.remove_group_ids or (endpoint.group_ids | added) - set(action.remove_group_ids)
    modified = replace(
        endpoint,
        subnet_ids=(endpoint.subnet_ids | add) - set(action.remove_subnet_ids),
        group_ids=(endpoint.group_ids | added) - set(action.remove_group_ids),
        private_dns=(endpoint.private_dns or action.enable_private_dns) and not action.disable_private_dns,
        policy=action.policy or endpoint.policy,
    )
    others = tuple(each for each in seen.endpoints if each.id != endpoint.id)
    return replace(seen, endpoints=(*others, modified))


def _takes_policy(seen: Observation, service_name: str) -> bool:
    return service_name in seen.services and seen.services[service_name].takes_policy


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


def _tagged(seen: Observation, resource_id: str, change: Callable[[Tags], Tags]) -> Observation:
    def tagged(id: str, tags: Tags) -> Tags:
        return change(tags) if id == resource_id else tags

    return replace(
        seen,
        vpc=replace(seen.vpc, tags=tagged(seen.vpc.id, seen.vpc.tags)),
        subnets=tuple(replace(each, tags=tagged(each.id, each.tags)) for each in seen.subnets),
        groups=tuple(replace(each, tags=tagged(each.id, each.tags)) for each in seen.groups),
        endpoints=tuple(replace(each, tags=tagged(each.id, each.tags)) for each in seen.endpoints),
    )
