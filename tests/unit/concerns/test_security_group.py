from __future__ import annotations

import pytest

from reconciler.actions import (
    NEW_GROUP,
    AuthorizeIngress,
    CreateSecurityGroup,
    RevokeEgress,
    RevokeIngress,
)
from reconciler.concerns import Assessment, security_group
from reconciler.concerns.security_group import DEFAULT_EGRESS, describe, wanted_ingress
from reconciler.model import Kind, Rule, SourceKind
from tests.builders import APPMESH, GROUP_ID, OWNERSHIP, VPC_ID, VpcBuilder, a_vpc, https_from

SSH = Rule("tcp", 22, 22, SourceKind.CIDR, "10.0.0.0/24")
WIDE = Rule("tcp", 443, 443, SourceKind.CIDR, "0.0.0.0/0")
FROM_GROUP = Rule("tcp", 443, 443, SourceKind.GROUP, "sg-theirs", "111122223333")


def assess(vpc: VpcBuilder) -> Assessment:
    return security_group.assess(vpc.observed(), APPMESH, OWNERSHIP)


def kinds(found: Assessment) -> list[Kind]:
    return [finding.kind for finding in found.findings]


def actions(found: Assessment) -> list[object]:
    return [step.action for step in found.steps]


def test_https_from_each_merged_block_of_the_private_subnets_is_wanted() -> None:
    vpc = a_vpc().with_private_subnets("a", "b", "c").with_public_subnets("a")
    assert wanted_ingress(vpc.observed()) == https_from("10.0.0.0/23", "10.0.2.0/24")


def test_a_missing_group_is_made_opened_and_closed_to_the_outside() -> None:
    found = assess(a_vpc().with_private_subnets("a").with_foreign_group())
    assert kinds(found) == [Kind.GROUP_MISSING]
    assert actions(found) == [
        CreateSecurityGroup(
            VPC_ID, "our-stack-endpoints", OWNERSHIP.group_description, OWNERSHIP.group_tags(VPC_ID)
        ),
        AuthorizeIngress(NEW_GROUP, tuple(https_from("10.0.0.0/24"))),
        RevokeEgress(NEW_GROUP, (DEFAULT_EGRESS,)),
    ]
    assert all(step.remedies == found.findings for step in found.steps)


def test_a_group_for_no_private_subnets_lets_nobody_in() -> None:
    found = assess(a_vpc().with_public_subnets("a"))
    assert [type(action) for action in actions(found)] == [CreateSecurityGroup, RevokeEgress]


def test_a_group_that_is_as_it_should_be_is_left_alone() -> None:
    assert assess(a_vpc().with_private_subnets("a", "b").with_group()) == Assessment()


def test_a_rule_that_was_taken_off_is_put_back() -> None:
    found = assess(a_vpc().with_private_subnets("a").with_group(ingress=()))
    assert kinds(found) == [Kind.GROUP_RULE_MISSING]
    assert actions(found) == [AuthorizeIngress(GROUP_ID, tuple(https_from("10.0.0.0/24")))]


@pytest.mark.parametrize("extra", [SSH, WIDE, FROM_GROUP, DEFAULT_EGRESS])
def test_a_rule_too_many_is_taken_off_and_what_is_wanted_stays(extra: Rule) -> None:
    found = assess(a_vpc().with_private_subnets("a").with_group(ingress=(*https_from("10.0.0.0/24"), extra)))
    assert kinds(found) == [Kind.GROUP_RULE_EXTRA]
    assert actions(found) == [RevokeIngress(GROUP_ID, (extra,))]


def test_the_rules_of_subnets_that_came_and_went_are_exchanged_in_two_steps() -> None:
    before = https_from("10.0.0.0/24")
    found = assess(a_vpc().with_private_subnets("a", "b").with_group(ingress=before))
    assert kinds(found) == [Kind.GROUP_RULE_MISSING, Kind.GROUP_RULE_EXTRA]
    assert actions(found) == [
        AuthorizeIngress(GROUP_ID, tuple(https_from("10.0.0.0/23"))),
        RevokeIngress(GROUP_ID, tuple(before)),
    ]


def test_every_way_out_is_closed() -> None:
    found = assess(a_vpc().with_private_subnets("a").with_group(egress=(WIDE, DEFAULT_EGRESS)))
    assert kinds(found) == [Kind.GROUP_EGRESS]
    assert actions(found) == [RevokeEgress(GROUP_ID, (DEFAULT_EGRESS, WIDE))]


def test_a_group_of_our_name_that_is_not_ours_is_never_touched() -> None:
    found = assess(a_vpc().with_private_subnets("a").with_foreign_group().with_group())
    assert found == Assessment()


def test_rules_are_described_in_words() -> None:
    ranged = Rule("udp", 1000, 2000, SourceKind.PREFIX_LIST, "pl-1")
    assert describe(frozenset()) == "none"
    assert describe(frozenset({SSH, WIDE})) == "22/tcp from or to 10.0.0.0/24, 443/tcp from or to 0.0.0.0/0"
    assert describe(frozenset({ranged})) == "1000-2000/udp from or to pl-1"
    assert describe(frozenset({DEFAULT_EGRESS})) == "everything from or to 0.0.0.0/0"
