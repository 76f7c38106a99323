"""The owned security group: 443/tcp in from the clients, nothing else in, nothing out."""

from __future__ import annotations

from ipaddress import ip_network

from ..actions import (
    NEW_GROUP,
    AuthorizeIngress,
    CreateSecurityGroup,
    RevokeEgress,
    RevokeIngress,
    Step,
)
from ..findings import Finding, Kind, Status
from ..installation import Installation
from ..model import (
    AddressType,
    Clients,
    Observation,
    Profile,
    Rule,
    SecurityGroup,
    SourceKind,
    Subnet,
)
from ..topology import merged, private_subnets, public_subnets
from . import Assessment, teardown
from .endpoint.conditions import wants_interfaces
from .endpoint.interface import adopted

# What EC2 itself puts on a new group.
DEFAULT_EGRESS = Rule("-1", -1, -1, SourceKind.CIDR, "0.0.0.0/0")
# EC2's default quota of rules in one direction of a group, for each address family.
RULE_QUOTA = 60


def assess(observation: Observation, profile: Profile, installation: Installation) -> Assessment:
    """Make the group where it is missing; else put its rules right.

    What is too much is revoked by a step of its own, so that the plan can put it after all that adds.
    """
    if not wants_interfaces(profile):
        return Assessment()  # there is nothing to stand behind it; `teardown` has the group
    group = installation.owned_group(observation)
    wanted, notes = wanted_ingress(observation, profile)
    steps = _create(observation, installation, wanted) if group is None else _mend(group, wanted)
    return Assessment.joined([Assessment.of(steps, notes), _doubles(observation, profile, installation)])


def _doubles(observation: Observation, profile: Profile, installation: Installation) -> Assessment:
    """The owned groups but the first go. Owned and adopted endpoints are moved to the first (`upkeep`)."""
    named = teardown.services_of(profile, installation)
    held = teardown.held_endpoints(observation, installation, named) - adopted(
        observation, profile, installation
    )
    return Assessment.joined(
        teardown.take_down_group(observation, other, installation, Kind.GROUP_DOUBLE, held)
        for other in installation.owned_groups(observation)[1:]
    )


def wanted_ingress(observation: Observation, profile: Profile) -> tuple[frozenset[Rule], tuple[Finding, ...]]:
    """The rules that the group should have: one for each merged block of the clients, and what is to be
    told of them.

    Where those are more than a group may have, the VPC's own blocks take their place. As many places as the
    VPC has blocks are left free for that, so that nothing has to be closed before they are let in.
    """
    vpc = observation.vpc
    v6 = profile.address_type is not AddressType.IPV4
    whole = merged((*vpc.cidrs, *(vpc.ipv6_cidrs if v6 else ())))
    if profile.clients is Clients.VPC:
        return _https(whole), ()
    notes = _cut_off(observation, profile)
    blocks = merged(block for subnet in private_subnets(observation) for block in _blocks(subnet, v6=v6))
    if whole and any(_count(blocks, v6=f) > RULE_QUOTA - _count(whole, v6=f) for f in (False, True)):
        coarse = Finding(
            Kind.GROUP_RULES_COARSE,
            vpc.id,
            found=f"{len(blocks)} blocks of private subnets, more than a security group takes",
            wanted=f"a rule for each; the VPC's own blocks are let in instead: {', '.join(whole)}",
            status=Status.NOTED,
        )
        return _https(whole), (*notes, coarse)
    return _https(blocks), notes


def _blocks(subnet: Subnet, *, v6: bool) -> tuple[str, ...]:
    return (*((subnet.cidr,) if subnet.cidr else ()), *(subnet.ipv6_cidrs if v6 else ()))


def _count(blocks: tuple[str, ...], *, v6: bool) -> int:
    return sum((":" in block) is v6 for block in blocks)


def _https(blocks: tuple[str, ...]) -> frozenset[Rule]:
    return frozenset(
        Rule("tcp", 443, 443, SourceKind.CIDR_V6 if ":" in block else SourceKind.CIDR, block)
        for block in blocks
    )


def _cut_off(observation: Observation, profile: Profile) -> tuple[Finding, ...]:
    """Private DNS answers for the whole VPC, so public subnets are led to a door that is shut to them."""
    public = public_subnets(observation)
    private_dns = any(endpoint.private_dns for endpoint in profile.endpoints)
    if not public or not private_dns:
        return ()
    return (
        Finding(
            Kind.PUBLIC_SUBNETS_CUT_OFF,
            observation.vpc.id,
            found=f"private DNS leads {', '.join(subnet.id for subnet in public)} to endpoints that let in "
            "private subnets alone",
            wanted="workloads in private subnets, or a profile with clients = 'vpc'",
            status=Status.NOTED,
        ),
    )


def describe(rules: frozenset[Rule]) -> str:
    """The rules in a person's words: `443/tcp from 10.0.0.0/24`."""
    return ", ".join(_describe(rule) for rule in sorted(rules)) or "none"


def _describe(rule: Rule) -> str:
    if rule.protocol == "-1":
        return f"everything from or to {rule.source}"
    ports = f"{rule.from_port}" if rule.from_port == rule.to_port else f"{rule.from_port}-{rule.to_port}"
    return f"{ports}/{rule.protocol} from or to {rule.source}"


def _create(observation: Observation, installation: Installation, wanted: frozenset[Rule]) -> list[Step]:
    vpc_id = observation.vpc.id
    name = installation.group_name
    missing = Finding(
        Kind.GROUP_MISSING, vpc_id, found="no owned security group", wanted=f"one, named {name}"
    )
    create = CreateSecurityGroup(
        vpc_id, name, installation.group_description, installation.group_tags(vpc_id), installation.owner_key
    )
    steps = [Step(create, (missing,))]
    if wanted:
        steps.append(Step(AuthorizeIngress(NEW_GROUP, tuple(sorted(wanted))), (missing,)))
    steps.append(Step(RevokeEgress(NEW_GROUP, (DEFAULT_EGRESS,)), (missing,)))
    return steps


def _mend(group: SecurityGroup, wanted: frozenset[Rule]) -> list[Step]:
    steps = []
    missing, extra = wanted - group.ingress, group.ingress - wanted
    if extra:
        finding = Finding(Kind.GROUP_RULE_EXTRA, group.id, describe(extra), "not to be there")
        if room := _room(group.ingress, missing, extra):
            steps.append(Step(RevokeIngress(group.id, room, makes_room=True), (finding,)))
        if rest := tuple(sorted(extra.difference(room))):
            steps.append(Step(RevokeIngress(group.id, rest), (finding,)))
    if missing:
        finding = Finding(Kind.GROUP_RULE_MISSING, group.id, describe(group.ingress), describe(wanted))
        steps.append(Step(AuthorizeIngress(group.id, tuple(sorted(missing))), (finding,)))
    if group.egress:
        finding = Finding(Kind.GROUP_EGRESS, group.id, describe(group.egress), "no way out")
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
    """Whether a rule lets a client in on 443 that the missing rules have yet to let in."""
    if rule.source_kind not in (SourceKind.CIDR, SourceKind.CIDR_V6):
        return True
    if rule.protocol not in ("tcp", "-1") or (
        rule.protocol == "tcp" and not rule.from_port <= 443 <= rule.to_port
    ):
        return False
    block = ip_network(rule.source)
    return any(
        block.version == ip_network(other.source).version and block.overlaps(ip_network(other.source))
        for other in missing
    )
