"""The owned security group: 443/tcp in from the private subnets, nothing else in, nothing out."""

from __future__ import annotations

from ..actions import NEW_GROUP, AuthorizeIngress, CreateSecurityGroup, RevokeEgress, RevokeIngress, Step
from ..model import Finding, Kind, Observation, Profile, Rule, SecurityGroup, SourceKind
from ..ownership import Ownership
from ..topology import merged_cidrs, private_subnets
from . import Assessment

# What EC2 itself puts on a new group.
DEFAULT_EGRESS = Rule("-1", -1, -1, SourceKind.CIDR, "0.0.0.0/0")


def assess(observation: Observation, _profile: Profile, ownership: Ownership) -> Assessment:
    """Make the group where it is missing; else put its rules right.

    What is too much is revoked by a step of its own, so that the plan can put it after all that adds.
    """
    group = ownership.owned_group(observation)
    wanted = wanted_ingress(observation)
    steps = _create(observation, ownership, wanted) if group is None else _mend(group, wanted)
    findings = dict.fromkeys(finding for step in steps for finding in step.remedies)
    return Assessment(tuple(findings), tuple(steps))


def wanted_ingress(observation: Observation) -> frozenset[Rule]:
    """The rules that the group should have: one for each merged block of the private subnets."""
    blocks = merged_cidrs(private_subnets(observation))
    return frozenset(Rule("tcp", 443, 443, SourceKind.CIDR, block) for block in blocks)


def describe(rules: frozenset[Rule]) -> str:
    """The rules in a person's words: `443/tcp from 10.0.0.0/24`."""
    return ", ".join(_describe(rule) for rule in sorted(rules)) or "none"


def _describe(rule: Rule) -> str:
    if rule.protocol == "-1":
        return f"everything from or to {rule.source}"
    ports = f"{rule.from_port}" if rule.from_port == rule.to_port else f"{rule.from_port}-{rule.to_port}"
    return f"{ports}/{rule.protocol} from or to {rule.source}"


def _create(observation: Observation, ownership: Ownership, wanted: frozenset[Rule]) -> list[Step]:
    vpc_id = observation.vpc.id
    name = ownership.group_name
    missing = Finding(
        Kind.GROUP_MISSING, vpc_id, found="no owned security group", wanted=f"one, named {name}"
    )
    create = CreateSecurityGroup(vpc_id, name, ownership.group_description, ownership.group_tags(vpc_id))
    steps = [Step(create, (missing,))]
    if wanted:
        steps.append(Step(AuthorizeIngress(NEW_GROUP, tuple(sorted(wanted))), (missing,)))
    steps.append(Step(RevokeEgress(NEW_GROUP, (DEFAULT_EGRESS,)), (missing,)))
    return steps


def _mend(group: SecurityGroup, wanted: frozenset[Rule]) -> list[Step]:
    steps = []
    if missing := wanted - group.ingress:
        finding = Finding(Kind.GROUP_RULE_MISSING, group.id, describe(group.ingress), describe(wanted))
        steps.append(Step(AuthorizeIngress(group.id, tuple(sorted(missing))), (finding,)))
    if extra := group.ingress - wanted:
        finding = Finding(Kind.GROUP_RULE_EXTRA, group.id, describe(extra), "not to be there")
        steps.append(Step(RevokeIngress(group.id, tuple(sorted(extra))), (finding,)))
    if group.egress:
        finding = Finding(Kind.GROUP_EGRESS, group.id, describe(group.egress), "no way out")
        steps.append(Step(RevokeEgress(group.id, tuple(sorted(group.egress))), (finding,)))
    return steps
