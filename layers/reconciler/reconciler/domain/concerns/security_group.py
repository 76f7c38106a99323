"""The owned security group: the profile's ports in from the clients, nothing else in, nothing out."""

from __future__ import annotations

from ipaddress import ip_network

from ..access import reaches
from ..actions import (
    NEW_GROUP,
    AuthorizeIngress,
    CreateSecurityGroup,
    RevokeEgress,
    RevokeIngress,
    describe_rules,
)
from ..findings import Finding, Kind, Status
from ..model import AddressType, Rule, SecurityGroup, SourceKind, Subnet
from ..plan import Removal, Step
from ..profile import Clients
from ..situation import Situation
from ..topology import merged
from . import Assessment, teardown
from .endpoint import interface

# What EC2 itself puts on a new group.
DEFAULT_EGRESS = Rule("-1", -1, -1, SourceKind.CIDR, "0.0.0.0/0")
# EC2's default quota of rules in one direction of a group, for each address family.
RULE_QUOTA = 60


def assess(situation: Situation) -> Assessment:
    """Make the group where it is missing; else put its rules right.

    What is too much is revoked by a step of its own, so that the plan can put it after all that adds.
    """
    if not situation.wants_interface_endpoints:
        return Assessment()  # there is nothing to stand behind it; `teardown` has the group
    group = situation.owned_group
    wanted, others = wanted_ingress(situation)
    steps = _create(situation, wanted) if group is None else _correct(group, wanted)
    return Assessment.joined([Assessment.of(steps, others), _doubles(situation)])


def _doubles(situation: Situation) -> Assessment:
    """The owned groups but the first go. Owned and adopted endpoints are moved to the first (`drift`)."""
    stay = teardown.endpoints_that_stay(situation) - interface.adopted(situation)
    return Assessment.joined(
        teardown.take_down_group(situation, other, Kind.GROUP_DOUBLE, stay, Removal.UNLESS_IN_DOUBT)
        for other in situation.owned_groups[1:]
    )


def wanted_ingress(situation: Situation) -> tuple[frozenset[Rule], tuple[Finding, ...]]:
    """The rules that the group should have, one for each merged block of the clients, and findings on them.

    Where those are more than a group may have, the VPC's own blocks take their place. As many places as the
    VPC has blocks are left free for that, so that nothing has to be closed before they are let in.
    """
    vpc, profile = situation.observation.vpc, situation.profile
    v6 = profile.address_type is not AddressType.IPV4
    whole = merged((*vpc.cidrs, *(vpc.ipv6_cidrs if v6 else ())))
    extra = _rules_for(profile.extra_clients, profile.ports)
    if profile.clients is Clients.VPC:
        return _rules_for(whole, profile.ports) | extra, ()
    cut_off = _cut_off(situation)
    blocks = merged(block for subnet in situation.private_subnets for block in _blocks(subnet, v6=v6))
    if whole and any(_are_too_many(blocks, whole, situation, extra, v6=f) for f in (False, True)):
        coarse = Finding(
            Kind.GROUP_RULES_COARSE,
            vpc.id,
            found=f"{len(blocks)} blocks of private subnets, more than a security group takes",
            wanted=f"a rule for each; the VPC's own blocks are let in instead: {', '.join(whole)}",
            status=Status.INFORMATIONAL,
        )
        return _rules_for(whole, profile.ports) | extra, (*cut_off, coarse)
    return _rules_for(blocks, profile.ports) | extra, cut_off


def _are_too_many(
    blocks: tuple[str, ...],
    whole: tuple[str, ...],
    situation: Situation,
    extra: frozenset[Rule],
    *,
    v6: bool,
) -> bool:
    ports = len(situation.profile.ports)
    others = sum(_counts(rule, SourceKind.CIDR_V6 if v6 else SourceKind.CIDR) for rule in extra)
    return _count(blocks, v6=v6) * ports > RULE_QUOTA - others - _count(whole, v6=v6) * ports


def _blocks(subnet: Subnet, *, v6: bool) -> tuple[str, ...]:
    return (*((subnet.cidr,) if subnet.cidr else ()), *(subnet.ipv6_cidrs if v6 else ()))


def _count(blocks: tuple[str, ...], *, v6: bool) -> int:
    return sum((":" in block) is v6 for block in blocks)


def _rules_for(clients: tuple[str, ...], ports: tuple[int, ...]) -> frozenset[Rule]:
    return frozenset(Rule("tcp", port, port, _kind(client), client) for client in clients for port in ports)


def _kind(client: str) -> SourceKind:
    if client.startswith("pl-"):
        return SourceKind.PREFIX_LIST
    return SourceKind.CIDR_V6 if ":" in client else SourceKind.CIDR


def _cut_off(situation: Situation) -> tuple[Finding, ...]:
    """Private DNS answers for the whole VPC, so public subnets are led to a door that is shut to them."""
    public = situation.public_subnets
    private_dns = any(endpoint.private_dns for endpoint in situation.profile.endpoints)
    if not public or not private_dns:
        return ()
    return (
        Finding(
            Kind.PUBLIC_SUBNETS_CUT_OFF,
            situation.vpc_id,
            found=f"private DNS leads {', '.join(subnet.id for subnet in public)} to endpoints that let in "
            "private subnets alone",
            wanted="workloads in private subnets, or a profile with clients = 'vpc'",
            status=Status.IMPAIRED,
        ),
    )


def _create(situation: Situation, wanted: frozenset[Rule]) -> list[Step]:
    vpc_id, installation = situation.vpc_id, situation.installation
    name = installation.group_name
    missing = Finding(
        Kind.GROUP_MISSING, vpc_id, found="no owned security group", wanted=f"one, named {name}"
    )
    taken = frozenset(group.name.casefold() for group in situation.observation.groups)
    create = CreateSecurityGroup(
        vpc_id, name, installation.group_description, installation.group_tags(vpc_id), taken
    )
    steps = [Step(create, (missing,))]
    if wanted:
        steps.append(Step(AuthorizeIngress(NEW_GROUP, tuple(sorted(wanted))), (missing,)))
    steps.append(Step(RevokeEgress(NEW_GROUP, (DEFAULT_EGRESS,)), (missing,)))
    return steps


def _correct(group: SecurityGroup, wanted: frozenset[Rule]) -> list[Step]:
    steps = []
    missing, extra = wanted - group.ingress, group.ingress - wanted
    if extra:
        finding = Finding(Kind.GROUP_RULE_EXTRA, group.id, describe_rules(extra), "not to be there")
        if room := _room(group.ingress, missing, extra):
            steps.append(Step(RevokeIngress(group.id, room, makes_room=True), (finding,)))
        if rest := tuple(sorted(extra.difference(room))):
            steps.append(Step(RevokeIngress(group.id, rest), (finding,)))
    if missing:
        finding = Finding(
            Kind.GROUP_RULE_MISSING, group.id, describe_rules(group.ingress), describe_rules(wanted)
        )
        steps.append(Step(AuthorizeIngress(group.id, tuple(sorted(missing))), (finding,)))
    if group.egress:
        finding = Finding(Kind.GROUP_EGRESS, group.id, describe_rules(group.egress, "to"), "no way out")
        steps.append(Step(RevokeEgress(group.id, tuple(sorted(group.egress))), (finding,)))
    return steps


def _room(present: frozenset[Rule], missing: frozenset[Rule], extra: frozenset[Rule]) -> tuple[Rule, ...]:
    """What has to go before the missing rules find room in the group; first what serves no client.

    Only at the rule limit is anything closed before something is opened (peers, 9). EC2 counts each address
    family by itself (facts, section 2): a rule of the other one makes no room.
    """
    room: dict[Rule, None] = {}
    for family in (SourceKind.CIDR, SourceKind.CIDR_V6):
        new = [rule for rule in missing if _counts(rule, family)]
        too_many = sum(_counts(rule, family) for rule in present) + len(new) - RULE_QUOTA
        too_many -= sum(_counts(rule, family) for rule in room)
        if new and too_many > 0:
            there = (rule for rule in extra.difference(room) if _counts(rule, family))
            least = sorted(there, key=lambda rule: (_serves(rule, missing), rule))
            room |= dict.fromkeys(least[:too_many])
    return tuple(room)


def _counts(rule: Rule, family: SourceKind) -> bool:
    """Whether a rule counts toward the quota of an address family: one that names a group or a prefix list
    counts toward both."""
    return rule.source_kind is family or rule.source_kind in (SourceKind.GROUP, SourceKind.PREFIX_LIST)


def _serves(rule: Rule, missing: frozenset[Rule]) -> bool:
    """Whether a rule lets a client in that the missing rules have yet to let in."""
    if rule.source_kind not in (SourceKind.CIDR, SourceKind.CIDR_V6):
        return True
    block = ip_network(rule.source)
    return any(
        reaches(rule, other.from_port)
        and other.source_kind is rule.source_kind
        and block.overlaps(ip_network(other.source))
        for other in missing
    )
