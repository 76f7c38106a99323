from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.actions import CreateGatewayEndpoint, DeleteEndpoint, ModifyEndpoint
from reconciler.domain.concerns import Assessment
from reconciler.domain.concerns.endpoint import gateway
from reconciler.domain.findings import Kind, Reason, Status
from reconciler.domain.model import (
    DEAD,
    EndpointState,
    EndpointType,
    GatewayEndpoint,
    Observation,
    RouteTable,
    Tags,
)
from reconciler.domain.profile import EndpointSpec, Existing, Profile, Surplus, When
from tests.builders import INSTALLATION, MAIN_TABLE, PUBLIC_TABLE, VPC_ID, a_service, a_vpc, situation

S3 = INSTALLATION.service_name("s3")
OURS = INSTALLATION.endpoint_tags(VPC_ID, S3)
IMAGES = Profile("images", (EndpointSpec("s3", type=EndpointType.GATEWAY),), existing=Existing.ADOPT)
UNNEEDED = replace(IMAGES, endpoints=(replace(IMAGES.endpoints[0], when=When.NO_INTERNET_GATEWAY),))
VPC = a_vpc().with_private_subnets("a").with_public_subnets("b").with_internet_gateway()


def a_gateway(
    id: str = "vpce-1",
    *tables: str,
    tags: Tags = OURS,
    state: EndpointState = EndpointState.AVAILABLE,
) -> GatewayEndpoint:
    return GatewayEndpoint(id, S3, state, frozenset(tables), tags)


def seen(*endpoints: GatewayEndpoint, offered: bool = True) -> Observation:
    services = {S3: a_service(S3, "")} if offered else {}
    return replace(VPC.observed(), gateway_endpoints=endpoints, gateway_services=services)


def assess(*endpoints: GatewayEndpoint, profile: Profile = IMAGES) -> Assessment:
    return gateway.assess(situation(seen(*endpoints), profile))


def reported(found: Assessment) -> list[tuple[Kind, Status]]:
    return [(finding.kind, finding.status) for finding in found.findings]


def actions(found: Assessment) -> list[object]:
    return [step.action for step in found.steps]


def test_a_missing_one_is_made_in_the_route_tables_of_the_private_subnets() -> None:
    found = assess()
    assert reported(found) == [(Kind.ENDPOINT_MISSING, Status.REMEDIABLE)]
    assert actions(found) == [CreateGatewayEndpoint(VPC_ID, S3, (MAIN_TABLE,), OURS)]


def test_one_that_stands_right_is_left_alone() -> None:
    assert assess(a_gateway("vpce-1", MAIN_TABLE)) == Assessment()


def test_tables_that_are_missing_are_added_and_those_of_public_subnets_removed() -> None:
    found = assess(a_gateway("vpce-1", PUBLIC_TABLE))
    assert reported(found) == [
        (Kind.ENDPOINT_ROUTE_TABLE_MISSING, Status.REMEDIABLE),
        (Kind.ENDPOINT_ROUTE_TABLE_EXTRA, Status.REMEDIABLE),
    ]
    assert actions(found) == [
        ModifyEndpoint("vpce-1", add_route_table_ids=(MAIN_TABLE,)),
        ModifyEndpoint("vpce-1", remove_route_table_ids=(PUBLIC_TABLE,)),
    ]


def test_one_that_is_not_available_is_waited_for() -> None:
    found = assess(a_gateway("vpce-1", state=EndpointState.PENDING))
    assert reported(found) == [(Kind.ENDPOINT_NOT_READY, Status.WAITING)]
    assert found.steps == ()


def test_a_table_that_someone_elses_covers_is_covered() -> None:
    assert assess(a_gateway("vpce-0", MAIN_TABLE, tags={}), a_gateway("vpce-1")) == Assessment()


def test_someone_elses_is_added_to_never_narrowed() -> None:
    found = assess(a_gateway("vpce-0", PUBLIC_TABLE, tags={}))
    assert actions(found) == [ModifyEndpoint("vpce-0", add_route_table_ids=(MAIN_TABLE,))]


def test_a_profile_may_only_look_at_someone_elses() -> None:
    found = assess(a_gateway("vpce-0", tags={}), profile=replace(IMAGES, existing=Existing.OBSERVE))
    assert reported(found) == [(Kind.ENDPOINT_ROUTE_TABLE_MISSING, Status.INFORMATIONAL)]
    assert found.steps == ()


def test_of_two_owned_ones_one_goes() -> None:
    found = assess(a_gateway("vpce-2"), a_gateway("vpce-1", MAIN_TABLE))
    assert actions(found) == [DeleteEndpoint("vpce-2")]


def test_of_two_owned_ones_the_one_in_use_is_kept_whatever_its_id() -> None:
    found = assess(a_gateway("vpce-1", PUBLIC_TABLE), a_gateway("vpce-2", MAIN_TABLE))
    assert actions(found) == [DeleteEndpoint("vpce-1")]


def test_two_owned_ones_that_share_the_route_tables_are_both_kept_right() -> None:
    """A table cannot change from one to the other without being without both for a while."""
    second = RouteTable("rtb-second", main=False, subnet_ids=frozenset({"private-b"}), routes=())
    third = RouteTable("rtb-third", main=False, subnet_ids=frozenset({"private-c"}), routes=())
    vpc = a_vpc().with_private_subnets("a", "b", "c").observed()
    vpc = replace(
        vpc,
        route_tables=(*vpc.route_tables, second, third),
        gateway_endpoints=(a_gateway("vpce-1", MAIN_TABLE), a_gateway("vpce-2", "rtb-second", "rtb-else")),
        gateway_services={S3: a_service(S3, "")},
    )
    assert actions(gateway.assess(situation(vpc, IMAGES))) == [
        ModifyEndpoint("vpce-1", add_route_table_ids=("rtb-third",)),
        ModifyEndpoint("vpce-2", remove_route_table_ids=("rtb-else",)),
    ]


def test_of_two_owned_ones_none_goes_that_is_in_use_where_there_is_no_private_subnet() -> None:
    public = replace(
        a_vpc().with_public_subnets("a").observed(),
        gateway_endpoints=(a_gateway("vpce-1"), a_gateway("vpce-2", PUBLIC_TABLE)),
    )
    assert actions(gateway.assess(situation(public, IMAGES))) == [DeleteEndpoint("vpce-1")]


def test_one_that_is_not_needed_is_kept_right() -> None:
    found = assess(a_gateway("vpce-1", PUBLIC_TABLE), profile=UNNEEDED)
    assert reported(found) == [
        (Kind.ENDPOINT_ROUTE_TABLE_MISSING, Status.REMEDIABLE),
        (Kind.ENDPOINT_ROUTE_TABLE_EXTRA, Status.REMEDIABLE),
        (Kind.SURPLUS, Status.INFORMATIONAL),
    ]


@pytest.mark.parametrize("state", sorted(DEAD))
def test_an_owned_one_that_will_never_serve_is_deleted_before_another_is_made(state: EndpointState) -> None:
    found = assess(a_gateway("vpce-1", state=state))
    assert reported(found) == [(Kind.ENDPOINT_FAILED, Status.REMEDIABLE)]
    assert actions(found) == [DeleteEndpoint("vpce-1")]


def test_one_that_is_not_needed_is_kept_and_reported_or_removed_as_the_profile_says() -> None:
    kept = assess(a_gateway("vpce-1", MAIN_TABLE), profile=UNNEEDED)
    assert reported(kept) == [(Kind.SURPLUS, Status.INFORMATIONAL)]
    assert kept.steps == ()
    removed = assess(a_gateway("vpce-1", MAIN_TABLE), profile=replace(UNNEEDED, surplus=Surplus.REMOVE))
    assert actions(removed) == [DeleteEndpoint("vpce-1")]


def test_a_service_that_the_region_lacks_is_blocked() -> None:
    found = gateway.assess(situation(seen(offered=False), IMAGES))
    assert reported(found) == [(Kind.SERVICE_UNAVAILABLE, Status.BLOCKED)]


def test_without_a_private_subnet_there_is_no_table_for_it() -> None:
    public = replace(a_vpc().with_public_subnets("a").observed(), gateway_services={S3: a_service(S3, "")})
    [finding] = gateway.assess(situation(public, IMAGES)).findings
    assert (finding.status, finding.reason) == (Status.BLOCKED, Reason.NO_PRIVATE_SUBNET)
