"""Events against the indexes: which VPCs they are about, and what is foreign."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.domain.index import Index, Indexes, Settled
from reconciler.domain.trail import ResourceType, Touched

THEN = 1_795_420_800
OURS, OTHER = "vpc-0a", "vpc-0b"
INDEX = Index(
    THEN,
    {
        OURS: OURS,
        "subnet-1": OURS,
        "rtb-1": OURS,
        "rtbassoc-1": OURS,
        "vpce-1": OURS,
        "sg-1": OURS,
        "sg-2": OURS,
    },
    frozenset({"sg-1"}),
)
KNOWN = Indexes().read(INDEX)


def an_event(name: str, *ids: str, at: float = THEN + 60, **more: Any) -> Touched:
    of: dict[ResourceType, frozenset[str]] = {}
    for each in ids:
        kind = ResourceType(each.partition("-")[0])
        of[kind] = of.get(kind, frozenset()) | {each}
    time = datetime.fromtimestamp(int(at), UTC)
    return Touched("event-1", name, time, "111122223333", "eu-west-1", of, **more)


def only(*vpc_ids: str) -> Settled:
    return Settled(frozenset(vpc_ids))


def unread(*ids: str) -> Settled:
    return Settled(unread=frozenset(ids))


def gone(*ids: str) -> Settled:
    return Settled(gone=frozenset(ids))


def again(indexes: Indexes, at: float, without: Iterable[str] = ()) -> Indexes:
    """Read it anew, with these gone."""
    assert indexes.newest
    vpc_of = {each: vpc for each, vpc in indexes.newest.vpc_of.items() if each not in without}
    return indexes.read(Index(at, vpc_of, indexes.newest.ours - set(without)))


# ---- what the index knows


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("ModifyVpcAttribute", [OURS]),
        ("CreateSubnet", [OURS, "subnet-9"]),
        ("CreateRoute", ["rtb-1"]),
        ("AssociateRouteTable", ["rtb-1", "subnet-9", "rtbassoc-9"]),
        ("ReplaceRouteTableAssociation", ["rtbassoc-1", "rtb-9", "rtbassoc-9"]),
        ("ModifyVpcEndpoint", ["vpce-1", "sg-9"]),
        ("AttachInternetGateway", [OURS]),
        ("CreateTags", [OURS, "subnet-1"]),
        ("AuthorizeSecurityGroupIngress", ["sg-1"]),
        ("DeleteSecurityGroup", ["sg-1"]),
        ("DisassociateRouteTable", ["rtbassoc-1"]),
    ],
)
def test_an_event_is_about_the_vpc_of_whatever_it_names_that_is_known(name: str, ids: list[str]) -> None:
    assert KNOWN.settle(an_event(name, *ids)) == only(OURS)


def test_tags_and_deleted_endpoints_may_be_of_several_vpcs() -> None:
    for name in ("CreateTags", "DeleteTags", "Tag Change on Resource"):
        found = KNOWN.settle(an_event(name, "subnet-1", "subnet-9"))
        assert found == Settled(frozenset({OURS}), unread=frozenset({"subnet-9"}))
    found = KNOWN.settle(an_event("DeleteVpcEndpoints", "vpce-1", "vpce-9"))
    assert found == Settled(frozenset({OURS}), gone=frozenset({"vpce-9"}))


@pytest.mark.parametrize(
    "name", ["AuthorizeSecurityGroupIngress", "ModifySecurityGroupRules", "DeleteSecurityGroup"]
)
def test_a_change_of_anothers_group_concerns_nobody(name: str) -> None:
    assert KNOWN.settle(an_event(name, "sg-2")) == only()


def test_the_refused_deletion_of_anyones_group_concerns_its_vpc_and_so_do_its_tags() -> None:
    assert KNOWN.settle(an_event("DeleteSecurityGroup", "sg-2", deletion_refused=True)) == only(OURS)
    assert KNOWN.settle(an_event("CreateTags", "sg-2")) == only(OURS)


def test_what_a_refused_deletion_names_is_there_and_an_index_will_show_it() -> None:
    for each in ("subnet-9", "vpc-09"):
        name = "DeleteSubnet" if each.startswith("subnet") else "DeleteVpc"
        assert KNOWN.settle(an_event(name, each, deletion_refused=True)) == unread(each)


def test_a_vpc_of_whose_tags_of_ours_an_event_speaks_is_taken_at_its_word() -> None:
    assert Indexes().settle(an_event("CreateTags", OTHER, names_our_tags=True)) == only(OTHER)
    assert Indexes().settle(an_event("CreateVpc", OTHER, names_our_tags=True)) == only(OTHER)


def test_an_event_that_names_nothing_concerns_nobody() -> None:
    assert Indexes().settle(an_event("DisassociateRouteTable")) == only()


# ---- what is foreign


@pytest.mark.parametrize("late", [-1, 0, 4])
def test_only_an_index_that_was_read_well_after_an_event_says_that_a_thing_is_foreign(late: int) -> None:
    event = an_event("CreateRoute", "rtb-9")
    assert Indexes().settle(event) == unread("rtb-9")
    assert again(KNOWN, THEN + 60 + late).settle(event) == unread("rtb-9")
    assert again(KNOWN, THEN + 60 + late).settle(event, just_read=True) == only()
    assert again(KNOWN, THEN + 65).settle(event) == only()


def test_what_is_foreign_stays_so_and_makes_foreign_what_is_created_in_it() -> None:
    indexes, event = again(KNOWN, THEN + 100), an_event("ModifyVpcAttribute", OTHER)
    indexes = indexes.having_settled([(event, indexes.settle(event))])
    later = an_event("CreateSubnet", OTHER, "subnet-9", at=THEN + 200)
    assert indexes.settle(later) == only()
    indexes = indexes.having_settled([(later, only())])
    assert indexes.settle(an_event("AssociateSubnetCidrBlock", "subnet-9", at=THEN + 300)) == only()
    assert indexes.settle(an_event("CreateRoute", "rtb-9", at=THEN + 300)) == unread("rtb-9")


def test_what_an_index_says_that_was_just_read_is_not_remembered_of_an_event_of_that_moment() -> None:
    """EC2 may not show yet what was made a second ago."""
    indexes, event = again(KNOWN, THEN + 61), an_event("CreateRoute", "rtb-9")
    assert indexes.settle(event, just_read=True) == only()
    assert indexes.having_settled([(event, only())]).foreign == frozenset()
    indexes = again(KNOWN, THEN + 65)
    assert indexes.having_settled([(event, only())]).foreign == {"rtb-9"}


def test_a_tag_of_ours_makes_nothing_foreign_any_more_nor_what_came_with_it() -> None:
    indexes, event = again(KNOWN, THEN + 100), an_event("ModifyVpcAttribute", OTHER)
    indexes = indexes.having_settled([(event, only())])
    assert indexes.foreign == {OTHER}
    opt_in = an_event("CreateTags", OTHER, names_our_tags=True)
    indexes = indexes.having_settled([(event, only()), (opt_in, only(OTHER)), (event, only())])
    assert indexes.foreign == frozenset()
    assert indexes.settle(an_event("ModifyVpcAttribute", OTHER, at=THEN + 200)) == unread(OTHER)


@pytest.mark.parametrize("name", ["DeleteVpcEndpoints", "DeleteSubnet", "DeleteVpc"])
def test_what_is_gone_is_not_foreign_for_that(name: str) -> None:
    """EC2 answers 200 also where it did not delete an endpoint."""
    resource = {"DeleteVpcEndpoints": "vpce-9", "DeleteSubnet": "subnet-9", "DeleteVpc": OTHER}[name]
    indexes, event = again(KNOWN, THEN + 100), an_event(name, resource)
    assert indexes.having_settled([(event, indexes.settle(event))]).foreign == frozenset()


def test_the_foreign_do_not_become_more_and_more_for_ever() -> None:
    full = replace(KNOWN, foreign=frozenset(f"subnet-{n}" for n in range(100_000)))
    event = an_event("CreateRoute", "rtb-9", at=THEN - 60)
    assert full.having_settled([(event, only())]).foreign == {"rtb-9"}


# ---- what events say


def test_a_new_resource_is_known_by_the_event_that_names_its_vpc() -> None:
    associated = an_event("AssociateRouteTable", "rtb-9", "subnet-1", "rtbassoc-9", at=THEN + 61)
    created = an_event("CreateRouteTable", OURS, "rtb-9", at=THEN + 60)
    indexes = KNOWN.having_learnt([associated, created])
    assert indexes.learnt == {"rtb-9": OURS, "rtbassoc-9": OURS}
    assert indexes.settle(an_event("DisassociateRouteTable", "rtbassoc-9")) == only(OURS)
    later = again(indexes, THEN + 70)
    assert later.settle(an_event("CreateRoute", "rtb-9")) == only(OURS), "EC2 does not show it yet"


def test_a_group_is_not_known_by_events_since_none_says_whose_it_is() -> None:
    event = an_event("ModifyVpcEndpoint", "vpce-1", "sg-9")
    assert KNOWN.having_learnt([event]).settle(an_event("RevokeSecurityGroupIngress", "sg-9")) == unread(
        "sg-9"
    )
    assert KNOWN.having_settled([(event, only(OURS))]).foreign == frozenset()


def test_nothing_is_learnt_from_events_of_several_vpcs() -> None:
    assert KNOWN.having_learnt([an_event("CreateTags", OURS, "subnet-9")]).learnt == {}


def test_what_was_learnt_goes_with_the_vpc() -> None:
    indexes = KNOWN.having_learnt([an_event("CreateSubnet", OURS, "subnet-9")])
    assert indexes.read(Index(THEN + 100)).learnt == {}


# ---- what is gone


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("DeleteSubnet", "subnet-1"),
        ("DeleteRouteTable", "rtb-1"),
        ("DisassociateRouteTable", "rtbassoc-1"),
        ("DeleteVpcEndpoints", "vpce-1"),
        ("DeleteSecurityGroup", "sg-1"),
    ],
)
def test_a_deleted_thing_is_resolved_from_the_index_as_it_was(name: str, resource: str) -> None:
    indexes, deleted = KNOWN, an_event(name, resource, at=THEN + 60)
    for minutes in (2, 3, 10, 30):
        indexes = again(indexes, THEN + 60 * minutes, without=[resource])
        assert indexes.settle(deleted) == only(OURS)
    indexes = again(indexes, THEN + 60 * 33, without=[resource])
    assert indexes.settle(deleted) == gone(resource)


def test_anothers_deleted_group_concerns_nobody_also_once_it_is_gone() -> None:
    assert again(KNOWN, THEN + 70, without=["sg-2"]).settle(an_event("DeleteSecurityGroup", "sg-2")) == only()


def test_what_is_gone_and_unknown_was_foreign_only_where_an_index_was_read_before() -> None:
    deleted = an_event("DeleteSubnet", "subnet-9", at=THEN + 60)
    assert KNOWN.settle(deleted) == gone("subnet-9")
    assert KNOWN.knew_before(deleted)
    assert not Indexes().knew_before(deleted)
    assert not Indexes().read(Index(THEN + 60)).knew_before(deleted)
    assert again(again(KNOWN, THEN + 100), THEN + 200).knew_before(deleted)
    assert not again(KNOWN, THEN + 60 + 1800).knew_before(deleted), "what had it then is forgotten"


def test_an_index_says_that_a_deleted_thing_was_foreign_for_a_quarter_of_an_hour() -> None:
    """What was made since then, nobody may have told of."""
    assert KNOWN.knew_before(an_event("DeleteSubnet", "subnet-9", at=THEN + 900))
    late = an_event("DeleteSubnet", "subnet-9", at=THEN + 901)
    assert not KNOWN.knew_before(late)
    assert not again(KNOWN, THEN + 950).knew_before(late), "one that was read after it says nothing"
    assert again(again(KNOWN, THEN + 100), THEN + 950).knew_before(late)


def test_forgetting_absence_only_what_is_known_counts_and_indexes_that_are_read_from_then_on() -> None:
    indexes, event = again(KNOWN, THEN + 100), an_event("ModifyVpcAttribute", OTHER)
    indexes = indexes.having_settled([(event, only())])
    later = an_event("ModifyVpcAttribute", OTHER, at=THEN + 200)
    deleted = an_event("DeleteSubnet", "subnet-9", at=THEN + 200)
    assert (indexes.settle(later), indexes.knew_before(deleted)) == (only(), True)
    assert indexes.relies_on_absence(later)
    assert indexes.relies_on_absence(deleted)
    assert not indexes.relies_on_absence(event), "an index was read after it"
    assert not indexes.relies_on_absence(an_event("DeleteSubnet", "subnet-1", at=THEN + 200))
    indexes = indexes.forgetting_absence()
    assert (indexes.settle(later), indexes.knew_before(deleted)) == (unread(OTHER), False)
    assert indexes.settle(event) == only()
    assert not again(indexes, THEN + 300).knew_before(deleted)
    assert again(indexes, THEN + 199).knew_before(deleted)


def test_a_vpc_that_is_gone_and_was_known_is_looked_at_and_of_others_nothing_is_asked() -> None:
    assert KNOWN.settle(an_event("DeleteVpc", OURS)) == only(OURS)
    assert Indexes().settle(an_event("DeleteVpc", OTHER)) == only()
