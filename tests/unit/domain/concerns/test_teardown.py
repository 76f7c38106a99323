from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from reconciler.domain.actions import DeleteEndpoint, DeleteSecurityGroup, ModifyEndpoint
from reconciler.domain.concerns import Assessment, teardown
from reconciler.domain.findings import Kind, Reason, Status
from reconciler.domain.memory import Adoption
from reconciler.domain.model import DEAD, EndpointState, Rule, SourceKind
from reconciler.domain.plan import Removal
from reconciler.domain.profile import NOTHING, Profile
from tests.builders import (
    APPMESH,
    ENVOY,
    GROUP_ID,
    INSTALLATION,
    VpcBuilder,
    a_converged_vpc,
    a_vpc,
    https_from,
    knowing,
    situation,
)

SQS = INSTALLATION.service_name("sqs")


def assess(vpc: VpcBuilder, profile: Profile = APPMESH) -> Assessment:
    return teardown.assess(situation(vpc.observed(), profile))


def actions(found: Assessment) -> list[object]:
    return [step.action for step in found.steps]


def kinds(found: Assessment) -> list[tuple[Kind, Status]]:
    return [(finding.kind, finding.status) for finding in found.findings]


def test_nothing_goes_that_the_profile_names() -> None:
    assert assess(a_converged_vpc("a")) == Assessment()


def test_an_owned_endpoint_for_a_service_that_the_profile_does_not_name_goes_and_the_group_stays() -> None:
    found = assess(a_converged_vpc("a").with_endpoint(SQS))
    assert actions(found) == [DeleteEndpoint("vpce-sqs")]


def test_one_that_is_leaving_already_is_not_deleted_again() -> None:
    for state in (EndpointState.DELETING, EndpointState.DELETED):
        assert assess(a_converged_vpc("a").with_endpoint(SQS, state=state)) == Assessment()


@pytest.mark.parametrize("state", sorted(DEAD))
def test_one_that_serves_nobody_goes_at_once_and_one_that_serves_goes_late(state: EndpointState) -> None:
    found = assess(a_converged_vpc("a").with_endpoint(SQS, id="vpce-0").with_endpoint(SQS, state=state))
    assert [(step.action, step.removal) for step in found.steps] == [
        (DeleteEndpoint("vpce-sqs"), Removal.AT_ONCE),
        (DeleteEndpoint("vpce-0"), Removal.LATE),
    ]


# ---- what was adopted


def adopted(private_dns: bool, theirs: Iterable[Rule] = ()) -> VpcBuilder:
    """Someone else's endpoint behind a group of theirs and ours."""
    vpc = a_converged_vpc("a").with_group("sg-theirs", name="theirs", tags={}, ingress=theirs)
    return vpc.with_endpoint(SQS, groups=("sg-theirs", GROUP_ID), tags={}, private_dns=private_dns)


def given_back(vpc: VpcBuilder, added: Adoption) -> Assessment:
    seen = vpc.observed()
    return teardown.assess(
        situation(seen, APPMESH, replace(knowing(seen), adoptions={added.endpoint_id: added}))
    )


GROUP_OFF = ModifyEndpoint("vpce-sqs", remove_group_ids=(GROUP_ID,))


def test_an_adopted_endpoint_is_given_back_late() -> None:
    found = assess(adopted(private_dns=False))
    assert [(step.action, step.removal) for step in found.steps] == [(GROUP_OFF, Removal.LATE)]


def test_private_dns_that_the_ledger_knows_as_turned_on_by_us_goes_with_our_group() -> None:
    found = given_back(adopted(private_dns=True), Adoption("vpce-sqs", private_dns=True))
    assert actions(found) == [replace(GROUP_OFF, disable_private_dns=True)]
    off = given_back(adopted(private_dns=False), Adoption("vpce-sqs", private_dns=True))
    assert actions(off) == [GROUP_OFF]


@pytest.mark.parametrize("theirs", [(), https_from("10.0.0.0/25")])
def test_our_group_stays_where_private_names_would_lead_to_a_closed_door(theirs: Iterable[Rule]) -> None:
    found = given_back(adopted(private_dns=True, theirs=theirs), Adoption("vpce-sqs"))
    assert found.steps == ()
    assert kinds(found) == [(Kind.NOT_WANTED, Status.INFORMATIONAL)]
    assert "its private names lead there" in found.findings[0].found


def test_a_group_that_the_endpoint_does_not_stand_behind_lets_nobody_in() -> None:
    vpc = adopted(private_dns=True).with_group("sg-wide", tags={}, ingress=https_from("0.0.0.0/0"))
    assert given_back(vpc, Adoption("vpce-sqs")).steps == ()


def test_our_group_goes_where_theirs_lets_in_all_that_ours_does() -> None:
    found = given_back(adopted(private_dns=True, theirs=https_from("10.0.0.0/16")), Adoption("vpce-sqs"))
    assert actions(found) == [GROUP_OFF]


def test_the_subnets_that_were_added_are_taken_off_and_no_others() -> None:
    vpc = adopted(private_dns=False).with_private_subnets("b", "c")
    [last] = vpc.endpoints[-1:]
    wide = replace(last, subnet_ids=frozenset({"private-a", "private-b", "private-c"}))
    vpc = replace(vpc, endpoints=(*vpc.endpoints[:-1], wide))
    found = given_back(vpc, Adoption("vpce-sqs", subnet_ids=("private-b", "private-c", "private-gone")))
    assert actions(found) == [replace(GROUP_OFF, remove_subnet_ids=("private-b", "private-c"))]


def test_the_last_subnet_stays_though_it_was_added() -> None:
    found = given_back(adopted(private_dns=False), Adoption("vpce-sqs", subnet_ids=("private-a",)))
    assert actions(found) == [GROUP_OFF]


def test_what_the_profile_names_is_not_given_back() -> None:
    vpc = a_vpc().with_private_subnets("a").with_group()
    vpc = vpc.with_endpoint(ENVOY, id="vpce-1", groups=("sg-theirs", GROUP_ID), tags={}, private_dns=False)
    assert given_back(vpc, Adoption("vpce-1")) == Assessment()


def test_what_is_ours_is_deleted_and_not_given_back_whatever_the_ledger_says() -> None:
    vpc = a_converged_vpc("a").with_endpoint(SQS, groups=("sg-theirs", GROUP_ID), private_dns=False)
    assert actions(given_back(vpc, Adoption("vpce-sqs"))) == [DeleteEndpoint("vpce-sqs")]


def test_one_from_which_a_person_took_all_that_was_added_needs_no_giving_back() -> None:
    vpc = a_converged_vpc("a").with_endpoint(SQS, groups=("sg-theirs",), tags={})
    assert given_back(vpc, Adoption("vpce-sqs", ("private-b",))) == Assessment()


@pytest.mark.parametrize(("profile", "status"), [(APPMESH, Status.INFORMATIONAL), (NOTHING, Status.BLOCKED)])
def test_an_endpoint_whose_only_group_is_ours_keeps_it(profile: Profile, status: Status) -> None:
    vpc = a_vpc().with_private_subnets("a").with_group().with_endpoint(SQS, tags={}, private_dns=False)
    found = assess(vpc, profile)
    assert not any(isinstance(step.action, ModifyEndpoint) for step in found.steps)
    assert kinds(found)[0] == (Kind.NOT_WANTED, status)


@pytest.mark.parametrize("state", sorted(DEAD))
def test_a_failed_endpoint_of_someone_elses_keeps_our_group(state: EndpointState) -> None:
    vpc = a_vpc().with_group().with_endpoint(SQS, groups=("sg-theirs", GROUP_ID), tags={}, state=state)
    found = assess(vpc, NOTHING)
    [step] = found.steps
    assert found.findings[0].reason is Reason.IN_USE
    assert step.action == DeleteSecurityGroup(GROUP_ID)
    assert step.held_by is not None
    assert (step.held_by.status, step.held_by.reason) == (Status.BLOCKED, Reason.IN_USE)
    assert "another security group in its place" in step.held_by.wanted


# ---- the group


def test_the_group_goes_last_and_is_waited_for_while_something_stands_behind_it() -> None:
    *endpoints, group = assess(a_converged_vpc("a"), NOTHING).steps
    assert [step.action for step in endpoints] == [
        DeleteEndpoint(e.id) for e in a_converged_vpc("a").endpoints
    ]
    assert group.action == DeleteSecurityGroup(GROUP_ID)
    assert group.held_by is not None
    assert (group.held_by.kind, group.held_by.status) == (Kind.NOT_WANTED, Status.WAITING)
    assert group.held_by.wanted == "gone, after them"


def test_a_deleted_endpoint_stands_behind_no_group() -> None:
    gone = a_vpc().with_group().with_endpoint(SQS, subnets=[], state=EndpointState.DELETED)
    [step] = assess(gone, NOTHING).steps
    assert (step.action, step.held_by) == (DeleteSecurityGroup(GROUP_ID), None)


def test_a_group_that_nothing_stands_behind_goes_late_with_nothing_in_its_way() -> None:
    [step] = assess(a_vpc().with_group(), NOTHING).steps
    assert (step.action, step.removal, step.held_by) == (DeleteSecurityGroup(GROUP_ID), Removal.LATE, None)


NAMES_OURS = (Rule("tcp", 443, 443, SourceKind.GROUP, GROUP_ID),)


@pytest.mark.parametrize(("ingress", "egress"), [(NAMES_OURS, ()), ((), NAMES_OURS)])
def test_a_group_that_a_rule_of_another_group_names_is_in_use_by_that_name(
    ingress: Iterable[Rule], egress: Iterable[Rule]
) -> None:
    vpc = a_vpc().with_group().with_group("sg-theirs", tags={}, ingress=ingress, egress=egress)
    [step] = assess(vpc, NOTHING).steps
    assert step.held_by is not None
    assert (step.held_by.status, step.held_by.reason) == (Status.BLOCKED, Reason.IN_USE)
    assert "a rule of sg-theirs names it" in step.held_by.found


def test_a_vpc_with_nothing_owned_in_it_is_left_as_it_is() -> None:
    vpc = a_vpc().with_private_subnets("a").with_foreign_group()
    assert assess(vpc.with_endpoint(ENVOY, groups=("sg-theirs",), tags={}), NOTHING) == Assessment()
