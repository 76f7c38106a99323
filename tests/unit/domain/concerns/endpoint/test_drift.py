"""What differs on an owned interface endpoint that is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.actions import NEW_GROUP, ModifyEndpoint
from reconciler.domain.concerns import Assessment
from reconciler.domain.concerns.endpoint import interface
from reconciler.domain.findings import Kind, Reason, Status
from reconciler.domain.model import EndpointState
from reconciler.domain.policies import FULL_ACCESS
from reconciler.domain.profile import EndpointSpec, Existing, Groups, Profile
from tests.builders import ENVOY, GROUP_ID, LOGS, VpcBuilder, a_vpc, situation

MESH = Profile("mesh", (EndpointSpec("appmesh-envoy-management"),))
THEIRS = {"team": "payments"}
NOT_READY = sorted(
    {EndpointState.PENDING, EndpointState.PENDING_ACCEPTANCE, EndpointState.PARTIAL, EndpointState.UNKNOWN}
)


def assess(vpc: VpcBuilder, profile: Profile = MESH) -> Assessment:
    return interface.assess(situation(vpc.observed(), profile))


def reported(found: Assessment) -> list[tuple[Kind, Status]]:
    return [(finding.kind, finding.status) for finding in found.findings]


def actions(found: Assessment) -> list[object]:
    return [step.action for step in found.steps]


def ready(*zones: str) -> VpcBuilder:
    """A VPC where only the endpoint is left to look at."""
    return a_vpc().with_private_subnets(*(zones or ("a", "b"))).with_group()


def test_an_endpoint_that_is_as_it_should_be_is_left_alone() -> None:
    assert assess(ready().with_endpoint()) == Assessment()


def test_each_thing_that_differs_is_a_step_of_its_own() -> None:
    vpc = ready("a", "b").with_public_subnets("c")
    exact = replace(MESH, groups=Groups.EXACT)
    found = assess(
        vpc.with_endpoint(id="vpce-1", subnets=["private-a", "public-c"], groups=["sg-0"], private_dns=False),
        exact,
    )
    assert [(step.action, [finding.kind for finding in step.remediates]) for step in found.steps] == [
        (
            ModifyEndpoint("vpce-1", add_zones=(("private-b",),), remove_subnet_ids=("public-c",)),
            [Kind.ENDPOINT_SUBNET_MISSING, Kind.ENDPOINT_SUBNET_EXTRA],
        ),
        (
            ModifyEndpoint("vpce-1", add_groups=(GROUP_ID,), remove_group_ids=("sg-0",)),
            [Kind.ENDPOINT_GROUP_MISSING, Kind.ENDPOINT_GROUP_EXTRA],
        ),
        (ModifyEndpoint("vpce-1", enable_private_dns=True), [Kind.PRIVATE_DNS_OFF]),
    ]


def test_what_is_right_is_not_sent_with_what_is_put_right() -> None:
    found = assess(ready().with_endpoint(id="vpce-1", private_dns=False))
    assert actions(found) == [ModifyEndpoint("vpce-1", enable_private_dns=True)]


def test_a_group_that_is_not_made_yet_is_attached_in_the_same_plan() -> None:
    vpc = a_vpc().with_private_subnets("a").with_endpoint(id="vpce-1", groups=["sg-deleted"])
    assert actions(assess(vpc)) == [ModifyEndpoint("vpce-1", add_groups=(NEW_GROUP,))]


def test_a_group_that_someone_attached_is_reported_and_stays() -> None:
    found = assess(ready().with_endpoint(id="vpce-1", groups=[GROUP_ID, "sg-theirs"]))
    assert reported(found) == [(Kind.ENDPOINT_GROUP_EXTRA, Status.INFORMATIONAL)]
    assert "sg-theirs" in found.findings[0].found
    assert found.steps == ()


def test_a_profile_may_take_off_every_group_but_the_owned_one() -> None:
    vpc = ready().with_endpoint(id="vpce-1", groups=[GROUP_ID, "sg-theirs"])
    found = assess(vpc, replace(MESH, groups=Groups.EXACT))
    assert reported(found) == [(Kind.ENDPOINT_GROUP_EXTRA, Status.REMEDIABLE)]
    assert actions(found) == [ModifyEndpoint("vpce-1", remove_group_ids=("sg-theirs",))]


def test_a_second_owned_group_is_taken_off_whatever_the_profile_says() -> None:
    vpc = ready().with_group("sg-ours-2").with_endpoint(id="vpce-1", groups=[GROUP_ID, "sg-ours-2"])
    assert actions(assess(vpc)) == [ModifyEndpoint("vpce-1", remove_group_ids=("sg-ours-2",))]


@pytest.mark.parametrize("state", NOT_READY)
def test_an_endpoint_that_is_not_available_is_waited_for_not_modified(state: EndpointState) -> None:
    found = assess(ready().with_endpoint(state=state, groups=[], private_dns=False))
    assert reported(found) == [(Kind.ENDPOINT_NOT_READY, Status.WAITING)]
    assert found.steps == ()


def test_one_whose_service_has_gone_is_kept_where_it_stands_and_kept_right() -> None:
    vpc = ready("a", "b").without_service(ENVOY)
    found = assess(vpc.with_endpoint(id="vpce-1", subnets=["private-a"], private_dns=False))
    assert set(reported(found)) == {
        (Kind.PRIVATE_DNS_OFF, Status.REMEDIABLE),
        (Kind.SERVICE_UNAVAILABLE, Status.INFORMATIONAL),
    }
    assert actions(found) == [ModifyEndpoint("vpce-1", enable_private_dns=True)]


# ---- private names


def test_private_names_are_waited_for_while_their_holder_is_being_deleted() -> None:
    vpc = ready().with_endpoint(id="vpce-0", tags=THEIRS, state=EndpointState.DELETING)
    found = assess(vpc.with_endpoint(id="vpce-1", private_dns=False))
    assert reported(found) == [(Kind.ENDPOINT_NOT_READY, Status.WAITING)]
    assert found.findings[0].resource == "vpce-0"
    assert found.steps == ()


def test_private_names_that_another_endpoint_holds_are_a_persons_to_free() -> None:
    vpc = ready().with_endpoint(id="vpce-0", tags=THEIRS)
    found = assess(vpc.with_endpoint(id="vpce-1", private_dns=False))
    [finding] = found.findings
    assert (finding.status, finding.reason) == (Status.BLOCKED, Reason.PRIVATE_DNS_CONFLICT)
    assert "vpce-0" in finding.found
    assert found.steps == ()


# ---- policies


@pytest.mark.parametrize(("asked", "wanted"), [("", FULL_ACCESS), ("{}", "{}")])
def test_a_policy_that_was_changed_is_set_right(asked: str, wanted: str) -> None:
    profile = Profile("p", (EndpointSpec("logs", policy=asked),))
    vpc = ready().with_service(LOGS, "ab", takes_policy=True)
    found = assess(vpc.with_endpoint(LOGS, id="vpce-1", policy="other"), profile)
    assert reported(found) == [(Kind.ENDPOINT_POLICY, Status.REMEDIABLE)]
    assert actions(found) == [ModifyEndpoint("vpce-1", policy=wanted)]
    assert assess(vpc.with_endpoint(LOGS, policy=wanted), profile) == Assessment()


def test_a_policy_on_what_someone_else_made_or_whose_service_takes_none_is_left() -> None:
    vpc = ready().with_endpoint(policy="other")
    assert assess(vpc) == Assessment()
    vpc = ready().with_service(ENVOY, "ab", takes_policy=True).with_endpoint(policy="other", tags=THEIRS)
    assert assess(vpc).steps == ()


def test_a_policy_that_the_service_does_not_take_is_reported_on_the_endpoint() -> None:
    profile = Profile("p", (EndpointSpec("logs", policy="{}"),))
    found = assess(ready().with_endpoint(LOGS, id="vpce-1"), profile)
    assert reported(found) == [(Kind.ENDPOINT_POLICY, Status.IMPAIRED)]
    assert found.steps == ()


def test_private_dns_that_the_profile_does_not_want_is_turned_off_on_an_owned_endpoint_alone() -> None:
    plain = Profile("plain", (EndpointSpec("appmesh-envoy-management", private_dns=False),))
    found = assess(ready().with_endpoint(id="vpce-1"), plain)
    assert reported(found) == [(Kind.PRIVATE_DNS_ON, Status.REMEDIABLE)]
    assert actions(found) == [ModifyEndpoint("vpce-1", disable_private_dns=True)]
    adopting = replace(plain, existing=Existing.ADOPT)
    assert assess(ready().with_endpoint(tags=THEIRS), adopting) == Assessment()
