from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.actions import NEW_GROUP, CreateEndpoint, DeleteEndpoint, ModifyEndpoint
from reconciler.domain.concerns import Assessment
from reconciler.domain.concerns.endpoint import interface
from reconciler.domain.findings import Kind, Reason, Status
from reconciler.domain.model import (
    DEAD,
    EndpointSpec,
    EndpointState,
    Existing,
    Profile,
    Route,
    RouteTable,
    Surplus,
    When,
)
from reconciler.domain.policies import FULL_ACCESS
from tests.builders import ENVOY, GROUP_ID, INSTALLATION, LOGS, VPC_ID, VpcBuilder, a_vpc, situation

MESH = Profile("mesh", (EndpointSpec("appmesh-envoy-management"),))
LOGGING = Profile("logging", (EndpointSpec("logs", When.NO_INTERNET_GATEWAY),))
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


# ---- there is none


def test_a_missing_endpoint_is_made_behind_the_owned_group_one_subnet_a_zone() -> None:
    found = assess(ready("a", "a", "b"))
    assert reported(found) == [(Kind.ENDPOINT_MISSING, Status.REMEDIABLE)]
    tags = INSTALLATION.endpoint_tags(VPC_ID, ENVOY)
    zones = (("private-a", "private-a2"), ("private-b",))
    assert actions(found) == [CreateEndpoint(VPC_ID, ENVOY, zones, GROUP_ID, tags)]


def test_a_missing_endpoint_is_made_behind_the_group_of_the_same_plan() -> None:
    [create] = actions(assess(a_vpc().with_private_subnets("a")))
    assert isinstance(create, CreateEndpoint)
    assert create.group is NEW_GROUP


def test_a_service_that_the_region_lacks_is_blocked_and_nothing_is_made() -> None:
    found = assess(ready().without_service(ENVOY))
    assert reported(found) == [(Kind.SERVICE_UNAVAILABLE, Status.BLOCKED)]
    assert found.findings[0].reason is Reason.SERVICE_UNAVAILABLE
    assert found.steps == ()


def test_an_endpoint_with_nowhere_to_stand_is_blocked_and_nothing_is_made() -> None:
    found = assess(a_vpc().with_public_subnets("a").with_group())
    assert reported(found) == [(Kind.ENDPOINT_MISSING, Status.BLOCKED)]
    assert found.findings[0].reason is Reason.NO_PRIVATE_SUBNET
    assert found.steps == ()


def test_what_blocks_one_endpoint_does_not_touch_the_others() -> None:
    both = Profile("both", (*MESH.endpoints, *LOGGING.endpoints))
    found = assess(ready().without_service(ENVOY), both)
    assert reported(found) == [
        (Kind.SERVICE_UNAVAILABLE, Status.BLOCKED),
        (Kind.ENDPOINT_MISSING, Status.REMEDIABLE),
    ]
    assert len(found.steps) == 1


def test_one_that_is_deleting_is_waited_for_before_another_is_made() -> None:
    found = assess(ready().with_endpoint(state=EndpointState.DELETING))
    assert reported(found) == [(Kind.ENDPOINT_NOT_READY, Status.WAITING)]
    assert found.steps == ()


@pytest.mark.parametrize("state", sorted(DEAD))
def test_an_owned_one_that_will_never_serve_is_deleted(state: EndpointState) -> None:
    found = assess(ready().with_endpoint(id="vpce-1", state=state))
    assert reported(found) == [(Kind.ENDPOINT_FAILED, Status.REMEDIABLE)]
    assert actions(found) == [DeleteEndpoint("vpce-1")]


@pytest.mark.parametrize("state", sorted(DEAD))
def test_someone_elses_that_will_never_serve_is_left_and_ours_is_made(state: EndpointState) -> None:
    found = assess(ready().with_endpoint(state=state, tags=THEIRS))
    assert [type(action) for action in actions(found)] == [CreateEndpoint]


# ---- there is one


def test_an_endpoint_that_is_as_it_should_be_is_left_alone() -> None:
    assert assess(ready().with_endpoint()) == Assessment()


def test_each_thing_that_differs_is_a_step_of_its_own() -> None:
    vpc = ready("a", "b").with_public_subnets("c")
    found = assess(
        vpc.with_endpoint(id="vpce-1", subnets=["private-a", "public-c"], groups=["sg-0"], private_dns=False)
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
    [modify] = actions(assess(a_vpc().with_private_subnets("a").with_endpoint(groups=["sg-deleted"])))
    assert isinstance(modify, ModifyEndpoint)
    assert (modify.add_groups, modify.remove_group_ids) == ((NEW_GROUP,), ("sg-deleted",))


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


# ---- someone else made it


def test_someone_elses_endpoint_is_adopted_not_doubled() -> None:
    assert assess(ready().with_endpoint(tags=THEIRS)) == Assessment()


def test_an_adopted_endpoint_is_added_to_and_never_narrowed() -> None:
    vpc = ready("a", "b").with_public_subnets("c")
    found = assess(
        vpc.with_endpoint(
            id="vpce-1",
            subnets=["private-a", "public-c"],
            groups=["sg-theirs"],
            private_dns=False,
            tags=THEIRS,
        )
    )
    assert actions(found) == [
        ModifyEndpoint("vpce-1", add_zones=(("private-b",),)),
        ModifyEndpoint("vpce-1", add_groups=(GROUP_ID,)),
        ModifyEndpoint("vpce-1", enable_private_dns=True),
    ]


def test_of_ours_and_someone_elses_ours_is_kept_right() -> None:
    vpc = ready().with_endpoint(id="vpce-0", tags=THEIRS, private_dns=False)
    found = assess(vpc.with_endpoint(id="vpce-1", groups=[]))
    assert actions(found) == [ModifyEndpoint("vpce-1", add_groups=(GROUP_ID,))]


def test_of_two_of_someone_elses_it_is_always_the_first_by_id_that_is_adopted() -> None:
    vpc = ready().with_endpoint(id="vpce-2", tags=THEIRS, groups=[])
    found = assess(vpc.with_endpoint(id="vpce-1", tags=THEIRS, groups=[]))
    assert actions(found) == [ModifyEndpoint("vpce-1", add_groups=(GROUP_ID,))]


# ---- the logs rule


def test_an_internet_gateway_spares_the_endpoint_that_is_wanted_without_one() -> None:
    assert assess(ready().with_internet_gateway(), LOGGING) == Assessment()


def test_without_an_internet_gateway_it_is_made() -> None:
    [create] = actions(assess(ready(), LOGGING))
    assert isinstance(create, CreateEndpoint)
    assert create.service_name == LOGS


def test_an_owned_one_that_is_no_longer_needed_is_kept_and_reported_surplus() -> None:
    found = assess(ready().with_internet_gateway().with_endpoint(LOGS), LOGGING)
    assert reported(found) == [(Kind.SURPLUS, Status.INFORMATIONAL)]
    assert found.steps == ()


def test_a_surplus_one_is_kept_right() -> None:
    vpc = ready().with_internet_gateway().with_endpoint(LOGS, id="vpce-1", private_dns=False)
    found = assess(vpc, LOGGING)
    assert reported(found) == [
        (Kind.PRIVATE_DNS_OFF, Status.REMEDIABLE),
        (Kind.SURPLUS, Status.INFORMATIONAL),
    ]
    assert actions(found) == [ModifyEndpoint("vpce-1", enable_private_dns=True)]


def test_someone_elses_that_is_not_needed_is_none_of_our_business() -> None:
    vpc = ready().with_internet_gateway().with_endpoint(LOGS, groups=[], private_dns=False, tags=THEIRS)
    assert assess(vpc, LOGGING) == Assessment()


@pytest.mark.parametrize("state", sorted(DEAD))
def test_an_unneeded_one_that_will_never_serve_is_deleted(state: EndpointState) -> None:
    found = assess(ready().with_internet_gateway().with_endpoint(LOGS, id="vpce-1", state=state), LOGGING)
    assert actions(found) == [DeleteEndpoint("vpce-1")]


def test_an_unneeded_one_that_is_deleting_is_left_to_its_end() -> None:
    vpc = ready().with_internet_gateway().with_endpoint(LOGS, state=EndpointState.DELETING)
    assert assess(vpc, LOGGING) == Assessment()


def test_a_profile_may_have_what_is_no_longer_needed_removed() -> None:
    removing = replace(LOGGING, surplus=Surplus.REMOVE)
    vpc = ready().with_internet_gateway().with_endpoint(LOGS, id="vpce-1")
    found = assess(vpc.with_endpoint(LOGS, id="vpce-2", tags=THEIRS), removing)
    assert reported(found) == [(Kind.SURPLUS, Status.REMEDIABLE)]
    assert actions(found) == [DeleteEndpoint("vpce-1")]
    assert assess(ready().with_endpoint(LOGS), removing) == Assessment()


def test_no_egress_asks_whether_some_private_subnet_has_no_way_out() -> None:
    isolated = Profile("isolated", (EndpointSpec("logs", When.NO_EGRESS),))
    vpc = ready("a").with_internet_gateway()
    assert len(assess(vpc, isolated).steps) == 1
    seen = vpc.observed()
    [main] = seen.route_tables
    through_nat = replace(main, routes=(*main.routes, Route("0.0.0.0/0", "", active=True)))
    seen = replace(seen, route_tables=(through_nat,))
    assert interface.assess(situation(seen, isolated)) == Assessment()
    [subnet] = seen.subnets
    own = RouteTable("rtb-own", main=False, subnet_ids=frozenset({"private-b"}), routes=main.routes)
    seen = replace(seen, subnets=(subnet, replace(subnet, id="private-b")), route_tables=(through_nat, own))
    assert len(interface.assess(situation(seen, isolated)).steps) == 1


# ---- one of several


def test_the_best_of_several_owned_ones_is_kept_and_the_others_go() -> None:
    vpc = ready("a", "b").with_endpoint(id="vpce-0", private_dns=False)
    vpc = vpc.with_endpoint(id="vpce-1", subnets=["private-a"]).with_endpoint(id="vpce-2")
    found = assess(vpc)
    assert reported(found) == [(Kind.ENDPOINT_DOUBLE, Status.REMEDIABLE)] * 2
    assert actions(found) == [DeleteEndpoint("vpce-1"), DeleteEndpoint("vpce-0")]


def test_no_other_goes_before_the_best_serves() -> None:
    vpc = ready().with_endpoint(id="vpce-1", state=EndpointState.PENDING)
    found = assess(vpc.with_endpoint(id="vpce-2", state=EndpointState.PENDING))
    assert reported(found) == [(Kind.ENDPOINT_NOT_READY, Status.WAITING)]
    assert found.steps == ()


def test_the_one_that_holds_the_private_names_is_kept_though_it_is_pending() -> None:
    vpc = ready().with_endpoint(id="vpce-0", private_dns=False)
    found = assess(vpc.with_endpoint(id="vpce-1", state=EndpointState.PENDING))
    assert reported(found) == [(Kind.ENDPOINT_NOT_READY, Status.WAITING)]
    assert found.steps == ()


def test_the_one_that_covers_most_is_kept_though_it_is_pending() -> None:
    vpc = ready("a", "b").with_endpoint(id="vpce-0", subnets=["private-a"], private_dns=False)
    found = assess(vpc.with_endpoint(id="vpce-1", state=EndpointState.PENDING, private_dns=False))
    assert found.steps == ()


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


def test_a_profile_may_want_an_endpoint_without_private_dns() -> None:
    plain = Profile("plain", (EndpointSpec("appmesh-envoy-management", private_dns=False),))
    assert assess(ready().with_endpoint(private_dns=False), plain) == Assessment()
    [create] = actions(assess(ready(), plain))
    assert isinstance(create, CreateEndpoint)
    assert not create.private_dns


def test_a_profile_may_only_look_at_what_others_made() -> None:
    looking = replace(MESH, existing=Existing.OBSERVE)
    found = assess(ready().with_endpoint(tags=THEIRS, groups=["sg-0"], private_dns=False), looking)
    assert {finding.status for finding in found.findings} == {Status.INFORMATIONAL}
    assert {finding.kind for finding in found.findings} == {
        Kind.ENDPOINT_GROUP_MISSING,
        Kind.PRIVATE_DNS_OFF,
    }
    assert found.steps == ()


# ---- policies


def test_a_policy_is_sent_where_the_service_takes_one_and_nowhere_else() -> None:
    reading = Profile(
        "reading", (EndpointSpec("logs", policy="{}"), EndpointSpec("appmesh-envoy-management"))
    )
    creates = actions(assess(ready().with_service(LOGS, "ab", takes_policy=True), reading))
    assert [create.policy for create in creates if isinstance(create, CreateEndpoint)] == ["{}", ""]
    [create, _] = actions(assess(ready(), reading))
    assert isinstance(create, CreateEndpoint)
    assert create.policy == ""


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
    assert assess(vpc) == Assessment()
