from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.actions import NEW_GROUP, CreateEndpoint, DeleteEndpoint, ModifyEndpoint
from reconciler.domain.concerns import Assessment
from reconciler.domain.concerns.endpoint import interface
from reconciler.domain.findings import Kind, Reason, Status
from reconciler.domain.memory import Made, Memory
from reconciler.domain.model import DEAD, EndpointState, Route, RouteTable
from reconciler.domain.profile import EndpointSpec, Profile, Surplus, When
from tests.builders import ENVOY, GROUP_ID, INSTALLATION, LOGS, VPC_ID, VpcBuilder, a_vpc, situation

MESH = Profile("mesh", (EndpointSpec("appmesh-envoy-management"),))
LOGGING = Profile("logging", (EndpointSpec("logs", When.NO_INTERNET_GATEWAY),))
THEIRS = {"team": "payments"}


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


def test_a_service_that_the_region_lacks_is_information_where_it_is_optional() -> None:
    optional = Profile("mesh", (EndpointSpec("appmesh-envoy-management", optional=True),))
    found = assess(ready().without_service(ENVOY), optional)
    assert reported(found) == [(Kind.SERVICE_UNAVAILABLE, Status.INFORMATIONAL)]
    assert found.steps == ()


def test_what_was_made_and_is_not_shown_yet_is_not_made_again() -> None:
    made = Memory(VPC_ID, made={"vpce-1": Made("vpce-1", "our-stack/appmesh-envoy-management", time=1000)})
    seen = ready().observed()
    found = interface.assess(situation(seen, MESH, made, now=1299))
    assert reported(found) == [(Kind.ENDPOINT_NOT_READY, Status.WAITING)]
    assert (found.findings[0].resource, found.steps) == ("vpce-1", ())
    assert len(interface.assess(situation(seen, MESH, made, now=1300)).steps) == 1


def test_an_endpoint_is_not_made_in_subnets_that_are_left_to_who_deletes_them() -> None:
    until = {INSTALLATION.released_key: "1970-01-01T00:16:40Z"}
    seen = ready("a").with_subnet_tags("private-a", until).observed()
    found = interface.assess(situation(seen, MESH, now=999))
    assert reported(found) == [(Kind.RELEASED, Status.INFORMATIONAL)]
    assert found.steps == ()
    assert len(interface.assess(situation(seen, MESH, now=1000)).steps) == 1


def test_an_endpoint_with_nowhere_to_stand_is_blocked_and_nothing_is_made() -> None:
    found = assess(a_vpc().with_public_subnets("a").with_group())
    assert reported(found) == [(Kind.ENDPOINT_MISSING, Status.BLOCKED)]
    assert found.findings[0].reason is Reason.NO_PRIVATE_SUBNET
    assert found.steps == ()


def test_a_vpc_without_subnets_has_nobody_to_serve() -> None:
    found = assess(a_vpc().with_group())
    assert reported(found) == [(Kind.ENDPOINT_MISSING, Status.INFORMATIONAL)]
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


def test_of_ours_and_someone_elses_ours_is_kept_right() -> None:
    vpc = ready().with_endpoint(id="vpce-0", tags=THEIRS, private_dns=False)
    found = assess(vpc.with_endpoint(id="vpce-1", groups=[]))
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


def test_a_profile_may_want_an_endpoint_without_private_dns() -> None:
    plain = Profile("plain", (EndpointSpec("appmesh-envoy-management", private_dns=False),))
    assert assess(ready().with_endpoint(private_dns=False), plain) == Assessment()
    [create] = actions(assess(ready(), plain))
    assert isinstance(create, CreateEndpoint)
    assert not create.private_dns


def test_a_policy_is_sent_where_the_service_takes_one_and_nowhere_else() -> None:
    reading = Profile(
        "reading", (EndpointSpec("logs", policy="{}"), EndpointSpec("appmesh-envoy-management"))
    )
    creates = actions(assess(ready().with_service(LOGS, "ab", takes_policy=True), reading))
    assert [create.policy for create in creates if isinstance(create, CreateEndpoint)] == ["{}", ""]
    [create, _] = actions(assess(ready(), reading))
    assert isinstance(create, CreateEndpoint)
    assert create.policy == ""
