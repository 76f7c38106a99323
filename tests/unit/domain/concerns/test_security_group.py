from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.domain.actions import (
    NEW_GROUP,
    AuthorizeIngress,
    CreateSecurityGroup,
    DeleteSecurityGroup,
    RevokeEgress,
    RevokeIngress,
    describe_rules,
)
from reconciler.domain.concerns import Assessment, security_group
from reconciler.domain.concerns.security_group import DEFAULT_EGRESS, RULE_QUOTA, wanted_ingress
from reconciler.domain.findings import Kind, Reason, Status
from reconciler.domain.model import AddressType, Rule, SourceKind, Tags
from reconciler.domain.profile import Clients
from tests.builders import (
    APPMESH,
    GROUP_ID,
    INSTALLATION,
    LOGS,
    VPC_ID,
    VpcBuilder,
    a_vpc,
    https_from,
    situation,
)

SSH = Rule("tcp", 22, 22, SourceKind.CIDR, "10.0.0.0/24")
WIDE = Rule("tcp", 443, 443, SourceKind.CIDR, "0.0.0.0/0")
FROM_GROUP = Rule("tcp", 443, 443, SourceKind.GROUP, "sg-theirs", "111122223333")


def assess(vpc: VpcBuilder) -> Assessment:
    return security_group.assess(situation(vpc.observed()))


def kinds(found: Assessment) -> list[Kind]:
    return [finding.kind for finding in found.findings]


def actions(found: Assessment) -> list[object]:
    return [step.action for step in found.steps]


def test_https_from_each_merged_block_of_the_private_subnets_is_wanted() -> None:
    vpc = a_vpc().with_private_subnets("a", "b", "c").with_public_subnets("a")
    rules, _ = wanted_ingress(situation(vpc.observed(), APPMESH))
    assert rules == https_from("10.0.0.0/23", "10.0.2.0/24")


def test_a_missing_group_is_made_opened_and_closed_to_the_outside() -> None:
    found = assess(a_vpc().with_private_subnets("a").with_foreign_group())
    assert kinds(found) == [Kind.GROUP_MISSING]
    assert actions(found) == [
        CreateSecurityGroup(
            VPC_ID,
            INSTALLATION.group_name,
            INSTALLATION.group_description,
            INSTALLATION.group_tags(VPC_ID),
            frozenset({"endpoints-our-stack"}),
        ),
        AuthorizeIngress(NEW_GROUP, tuple(https_from("10.0.0.0/24"))),
        RevokeEgress(NEW_GROUP, (DEFAULT_EGRESS,)),
    ]
    assert all(step.remediates == found.findings for step in found.steps)


def test_a_group_for_no_private_subnets_lets_nobody_in() -> None:
    found = assess(a_vpc().with_public_subnets("a"))
    assert kinds(found) == [Kind.GROUP_MISSING, Kind.PUBLIC_SUBNETS_CUT_OFF]
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
    assert set(kinds(found)) == {Kind.GROUP_RULE_MISSING, Kind.GROUP_RULE_EXTRA}
    assert set(actions(found)) == {
        AuthorizeIngress(GROUP_ID, tuple(https_from("10.0.0.0/23"))),
        RevokeIngress(GROUP_ID, tuple(before)),
    }


def test_every_way_out_is_closed() -> None:
    found = assess(a_vpc().with_private_subnets("a").with_group(egress=(WIDE, DEFAULT_EGRESS)))
    assert kinds(found) == [Kind.GROUP_EGRESS]
    assert actions(found) == [RevokeEgress(GROUP_ID, (DEFAULT_EGRESS, WIDE))]


def test_a_group_of_our_name_that_is_not_ours_is_never_touched() -> None:
    found = assess(a_vpc().with_private_subnets("a").with_foreign_group().with_group())
    assert found == Assessment()


def test_a_second_owned_group_is_deleted() -> None:
    found = assess(a_vpc().with_private_subnets("a").with_group("sg-1").with_group("sg-2", egress=(WIDE,)))
    assert kinds(found) == [Kind.GROUP_DOUBLE]
    assert actions(found) == [DeleteSecurityGroup("sg-2")]


def test_a_second_owned_group_that_someone_elses_endpoint_stands_behind_is_a_persons_to_free() -> None:
    vpc = a_vpc().with_private_subnets("a").with_group("sg-1").with_group("sg-2")
    elsewhere = vpc.with_endpoint(LOGS, id="vpce-0", tags={}, groups=("sg-2",)).with_endpoint(
        LOGS, id="vpce-1", groups=("sg-1",)
    )
    [finding] = assess(elsewhere).findings
    assert (finding.kind, finding.status, finding.reason) == (
        Kind.GROUP_DOUBLE,
        Status.BLOCKED,
        Reason.IN_USE,
    )
    assert "vpce-0" in finding.found
    assert assess(elsewhere).steps == ()


@pytest.mark.parametrize("tags", [None, {}], ids=["owned", "adopted"])
def test_a_second_owned_group_is_deleted_once_what_can_be_moved_has_left_it(tags: Tags | None) -> None:
    vpc = a_vpc().with_private_subnets("a").with_group("sg-1").with_group("sg-2")
    found = assess(vpc.with_endpoint(LOGS, tags=tags, groups=("sg-2",)))
    assert [(finding.kind, finding.status) for finding in found.findings] == [
        (Kind.GROUP_DOUBLE, Status.WAITING)
    ]
    assert found.steps == ()


# ---- who is let in


def test_public_subnets_that_are_cut_off_are_reported_and_left() -> None:
    vpc = a_vpc().with_private_subnets("a").with_public_subnets("b").with_group()
    found = assess(vpc)
    assert found.steps == ()
    [finding] = found.findings
    assert (finding.kind, finding.status) == (Kind.PUBLIC_SUBNETS_CUT_OFF, Status.IMPAIRED)
    assert "public-b" in finding.found


def test_a_profile_may_let_in_the_whole_vpc() -> None:
    vpc = a_vpc().with_private_subnets("a").with_public_subnets("b").observed()
    everyone = replace(APPMESH, clients=Clients.VPC)
    assert wanted_ingress(situation(vpc, everyone)) == (https_from("10.0.0.0/16"), ())


EXTRA = ("10.8.0.0/16", "2001:db8::/32", "pl-0123")
FROM_EXTRA = {
    (SourceKind.CIDR, "10.8.0.0/16"),
    (SourceKind.CIDR_V6, "2001:db8::/32"),
    (SourceKind.PREFIX_LIST, "pl-0123"),
}


@pytest.mark.parametrize("clients", Clients)
def test_a_profile_may_let_in_clients_from_elsewhere_of_both_families_and_on_more_ports(
    clients: Clients,
) -> None:
    vpc = a_vpc().with_private_subnets("a").observed()
    wider = replace(APPMESH, clients=clients, extra_clients=EXTRA, ports=(443, 8443))
    own = "10.0.0.0/16" if clients is Clients.VPC else "10.0.0.0/24"
    rules, notes = wanted_ingress(situation(vpc, wider))
    assert notes == ()
    assert {rule.protocol for rule in rules} == {"tcp"}
    for port in (443, 8443):
        sources = {(rule.source_kind, rule.source) for rule in rules if rule.from_port == port}
        assert sources == {*FROM_EXTRA, (SourceKind.CIDR, own)}
    assert all(rule.from_port == rule.to_port for rule in rules)


def test_clients_from_elsewhere_and_each_port_take_their_places_in_a_group() -> None:
    seen = a_vpc().with_private_subnets("a").observed()
    [subnet] = seen.subnets
    # Two ports double each: 2 * 28 blocks, 2 extra, and 2 places kept free for the VPC's own are 60.
    apart = tuple(replace(subnet, id=f"private-{n}", cidr=f"10.0.{2 * n}.0/24") for n in range(29))
    profile = replace(APPMESH, extra_clients=("10.8.0.0/16",), ports=(443, 8443))
    rules, notes = wanted_ingress(situation(replace(seen, subnets=apart[:28]), profile))
    assert (len(rules), notes) == (58, ())
    rules, notes = wanted_ingress(situation(replace(seen, subnets=apart), profile))
    assert [note.kind for note in notes] == [Kind.GROUP_RULES_COARSE]
    assert {rule.source for rule in rules} == {"10.0.0.0/16", "10.8.0.0/16"}


def test_the_vpcs_own_blocks_take_the_place_of_more_rules_than_a_group_takes() -> None:
    seen = a_vpc().with_private_subnets("a").observed()
    [subnet] = seen.subnets
    apart = tuple(replace(subnet, id=f"private-{n}", cidr=f"10.0.{2 * n}.0/24") for n in range(60))
    rules, notes = wanted_ingress(situation(replace(seen, subnets=apart), APPMESH))
    assert rules == https_from("10.0.0.0/16")
    assert [(note.kind, note.status) for note in notes] == [(Kind.GROUP_RULES_COARSE, Status.INFORMATIONAL)]
    rules, notes = wanted_ingress(situation(replace(seen, subnets=apart[:59]), APPMESH))
    assert (len(rules), notes) == (59, ())


def test_only_in_a_full_group_is_anything_closed_before_it_is_opened_first_what_serves_nobody() -> None:
    junk = {Rule("udp", port, port, SourceKind.CIDR, "10.0.0.0/24") for port in range(59)}
    vpc = a_vpc().with_private_subnets("a", "b")
    [room, rest, opened] = actions(assess(vpc.with_group(ingress=(*junk, WIDE))))
    assert isinstance(room, RevokeIngress)
    assert isinstance(rest, RevokeIngress)
    assert isinstance(opened, AuthorizeIngress)
    assert (room.makes_room, rest.makes_room) == (True, False)
    assert len(room.rules) == 1
    assert WIDE in rest.rules
    assert {*room.rules, *rest.rules} == {*junk, WIDE}


def test_a_group_that_is_full_of_the_other_address_family_has_room() -> None:
    junk = {Rule("tcp", 443, 443, SourceKind.CIDR_V6, f"2001:db8:{number}::/64") for number in range(60)}
    vpc = a_vpc().with_private_subnets("a", "b")
    [closed, opened] = actions(assess(vpc.with_group(ingress=(*junk, WIDE))))
    assert closed == RevokeIngress(GROUP_ID, tuple(sorted({*junk, WIDE})))
    assert isinstance(opened, AuthorizeIngress)


def test_a_rule_that_names_a_group_counts_in_both_address_families() -> None:
    junk = {Rule("udp", port, port, SourceKind.GROUP, "sg-theirs") for port in range(60)}
    [room, rest, _] = actions(assess(a_vpc().with_private_subnets("a").with_group(ingress=junk)))
    assert isinstance(room, RevokeIngress)
    assert isinstance(rest, RevokeIngress)
    assert (room.makes_room, len(room.rules), len(rest.rules)) == (True, 1, 59)


# Numbers of blocks that are not adjacent, so that none are merged; often as many as fill a group.
BLOCKS = st.builds(
    lambda first, count: range(2 * first, 2 * (first + count), 2),
    st.integers(0, 60),
    st.integers(0, 60) | st.integers(55, 60),
)


def from_v4(blocks: Iterable[int]) -> frozenset[Rule]:
    return frozenset(Rule("tcp", 443, 443, SourceKind.CIDR, f"10.0.{n}.0/24") for n in blocks)


def from_v6(blocks: Iterable[int]) -> frozenset[Rule]:
    return frozenset(Rule("tcp", 443, 443, SourceKind.CIDR_V6, f"2001:db8:0:{n:x}::/64") for n in blocks)


def from_groups(count: int) -> frozenset[Rule]:
    return frozenset(Rule("tcp", 443, 443, SourceKind.GROUP, f"sg-{n}") for n in range(count))


def counted(rules: Iterable[Rule]) -> int:
    """How many rules EC2 counts, in the address family that has more: a group counts in both."""
    kinds = [rule.source_kind for rule in rules]
    return max(sum(kind is not other for kind in kinds) for other in (SourceKind.CIDR, SourceKind.CIDR_V6))


def of_one_family(rules: frozenset[Rule], kind: SourceKind) -> frozenset[Rule]:
    return frozenset(rule for rule in rules if rule.source_kind in (kind, SourceKind.GROUP))


@given(BLOCKS.map(from_v4), BLOCKS.map(from_v6), st.integers(0, 3).map(from_groups), BLOCKS, st.booleans())
def test_near_the_quota_nothing_is_closed_early_but_for_room_in_its_own_address_family(
    v4: frozenset[Rule], v6: frozenset[Rule], groups: frozenset[Rule], subnets: Iterable[int], dual: bool
) -> None:
    present = v4 | v6 | groups
    assume(counted(present) <= RULE_QUOTA)
    seen = a_vpc().with_private_subnets("a").with_group(ingress=present).observed()
    [subnet] = seen.subnets
    blocks = ((f"10.0.{n}.0/24", (f"2001:db8:0:{n:x}::/64",) if dual else ()) for n in subnets)
    subnets_ = tuple(
        replace(subnet, id=f"private-{n}", cidr=cidr, ipv6_cidrs=v6_cidrs)
        for n, (cidr, v6_cidrs) in enumerate(blocks)
    )
    family = AddressType.DUALSTACK if dual else AddressType.IPV4
    seen = replace(seen, subnets=subnets_, vpc=replace(seen.vpc, ipv6_cidrs=("2001:db8::/48",)))
    found = security_group.assess(situation(seen, replace(APPMESH, address_type=family)))
    opened = {rule for a in actions(found) if isinstance(a, AuthorizeIngress) for rule in a.rules}
    early = {r for a in actions(found) if isinstance(a, RevokeIngress) and a.makes_room for r in a.rules}
    assert counted((present - early) | opened) <= RULE_QUOTA
    for rule in early:
        kept = (present - early) | opened | {rule}
        families = [
            kind
            for kind in (SourceKind.CIDR, SourceKind.CIDR_V6)
            if rule in of_one_family(present, kind) and len(of_one_family(frozenset(kept), kind)) > RULE_QUOTA
        ]
        assert families, f"{rule} is closed before anything is opened, and there is room"


def test_rules_are_described_in_words() -> None:
    ranged = Rule("udp", 1000, 2000, SourceKind.PREFIX_LIST, "pl-1")
    assert describe_rules(frozenset()) == "none"
    assert describe_rules(frozenset({SSH, WIDE})) == "22/tcp from 10.0.0.0/24, 443/tcp from 0.0.0.0/0"
    assert describe_rules(frozenset({ranged})) == "1000-2000/udp from pl-1"
    assert describe_rules(frozenset({DEFAULT_EGRESS}), "to") == "everything to 0.0.0.0/0"
