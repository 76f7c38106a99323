from __future__ import annotations

import pytest

from reconciler.domain.actions import DeleteEndpoint, DeleteSecurityGroup, ModifyEndpoint
from reconciler.domain.concerns import Assessment, teardown
from reconciler.domain.findings import Kind, Reason, Status
from reconciler.domain.model import DEAD, NOTHING, EndpointState, Profile
from tests.builders import (
    APPMESH,
    ENVOY,
    GROUP_ID,
    INSTALLATION,
    VpcBuilder,
    a_converged_vpc,
    a_vpc,
    situation,
)

SQS = INSTALLATION.service_name("sqs")
THEIRS: dict[str, str] = {}


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


def test_an_adopted_endpoint_is_given_back() -> None:
    vpc = a_converged_vpc("a").with_endpoint(SQS, groups=("sg-theirs", GROUP_ID), tags=THEIRS)
    assert actions(assess(vpc)) == [ModifyEndpoint("vpce-sqs", remove_group_ids=(GROUP_ID,))]


@pytest.mark.parametrize(("profile", "status"), [(APPMESH, Status.INFORMATIONAL), (NOTHING, Status.BLOCKED)])
def test_an_endpoint_whose_only_group_is_ours_keeps_it(profile: Profile, status: Status) -> None:
    vpc = a_vpc().with_private_subnets("a").with_group().with_endpoint(SQS, tags=THEIRS)
    found = assess(vpc, profile)
    assert found.steps == ()
    assert kinds(found)[0] == (Kind.NOT_WANTED, status)


@pytest.mark.parametrize("state", sorted(DEAD))
def test_a_failed_endpoint_of_someone_elses_keeps_our_group(state: EndpointState) -> None:
    vpc = a_vpc().with_group().with_endpoint(SQS, groups=("sg-theirs", GROUP_ID), tags=THEIRS, state=state)
    assert [finding.reason for finding in assess(vpc, NOTHING).findings] == [Reason.IN_USE] * 2


def test_the_group_goes_last_and_is_waited_for_while_something_stands_behind_it() -> None:
    waiting = assess(a_converged_vpc("a"), NOTHING)
    assert actions(waiting) == [DeleteEndpoint(e.id) for e in a_converged_vpc("a").endpoints]
    assert kinds(waiting)[-1] == (Kind.NOT_WANTED, Status.WAITING)
    alone = a_vpc().with_group()
    assert actions(assess(alone, NOTHING)) == [DeleteSecurityGroup(GROUP_ID)]


def test_a_vpc_with_nothing_owned_in_it_is_left_as_it_is() -> None:
    vpc = a_vpc().with_private_subnets("a").with_foreign_group()
    assert assess(vpc.with_endpoint(ENVOY, groups=("sg-theirs",), tags=THEIRS), NOTHING) == Assessment()
