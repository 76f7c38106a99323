from __future__ import annotations

from typing import Any

from sandbox.ec2.rules import gateways, routes
from tests.sandbox.network import S3, Network, expect_refusal, shows


def main_table(net: Network) -> Any:
    main = [{"Name": "vpc-id", "Values": [net.vpc]}, {"Name": "association.main", "Values": ["true"]}]
    (table,) = net.api.describe_route_tables(Filters=main)["RouteTables"]  # type: ignore[arg-type]
    return table


@shows(gateways.one_internet_gateway_a_vpc)
def test_a_vpc_has_one_internet_gateway(net: Network) -> None:
    net.attached_gateway()
    with expect_refusal("InvalidParameterValue", "already has an internet gateway attached"):
        net.attached_gateway()


@shows(routes.a_route_to_nowhere_is_a_blackhole)
def test_a_route_is_a_blackhole_while_its_gateway_is_detached(net: Network) -> None:
    gateway, table = net.attached_gateway(), net.new_table()
    net.api.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)

    def state() -> str:
        described = net.api.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        return next(each["State"] for each in described if each.get("GatewayId") == gateway)

    assert state() == "active"
    net.api.detach_internet_gateway(InternetGatewayId=gateway, VpcId=net.vpc)
    assert state() == "blackhole"
    net.api.attach_internet_gateway(InternetGatewayId=gateway, VpcId=net.vpc)
    assert state() == "active"


@shows(routes.a_route_needs_a_gateway_of_its_vpc)
def test_a_gateway_that_is_not_attached_cannot_be_routed_to(net: Network) -> None:
    gateway = net.api.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    with expect_refusal("InvalidParameterValue", "belong to different networks"):
        net.api.create_route(
            RouteTableId=net.new_table(), DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway
        )


@shows(routes.a_subnet_has_one_route_table)
def test_a_subnet_gets_another_route_table_by_replacing_its_own(net: Network) -> None:
    first, second = net.new_table(), net.new_table()
    association = net.api.associate_route_table(RouteTableId=first, SubnetId=net.a)["AssociationId"]
    with expect_refusal("Resource.AlreadyAssociated"):
        net.api.associate_route_table(RouteTableId=second, SubnetId=net.a)
    net.api.replace_route_table_association(AssociationId=association, RouteTableId=second)
    described = net.api.describe_route_tables(RouteTableIds=[second])["RouteTables"][0]
    assert described["Associations"][0]["SubnetId"] == net.a


@shows(routes.a_route_leads_to_what_exists)
def test_a_route_to_a_nat_gateway_that_is_not_there_is_refused(net: Network) -> None:
    with expect_refusal("InvalidNatGatewayID.NotFound"):
        net.api.create_route(
            RouteTableId=net.new_table(),
            DestinationCidrBlock="0.0.0.0/0",
            NatGatewayId="nat-0123456789abcdef0",
        )


@shows(routes.a_table_routes_to_a_service_once)
def test_two_gateway_endpoints_of_a_service_share_no_route_table(net: Network) -> None:
    table = net.new_table()
    net.api.create_vpc_endpoint(VpcId=net.vpc, ServiceName=S3, RouteTableIds=[table])
    with expect_refusal("RouteAlreadyExists", table):
        net.api.create_vpc_endpoint(VpcId=net.vpc, ServiceName=S3, RouteTableIds=[table])


@shows(routes.the_main_association_stays)
def test_the_main_table_cannot_be_disassociated(net: Network) -> None:
    with expect_refusal("InvalidParameterValue", "cannot disassociate the main route table"):
        main = main_table(net)["Associations"][0]["RouteTableAssociationId"]
        net.api.disassociate_route_table(AssociationId=main)


@shows(routes.the_main_table_stays)
def test_the_main_table_cannot_be_deleted(net: Network) -> None:
    with expect_refusal("DependencyViolation"):
        net.api.delete_route_table(RouteTableId=main_table(net)["RouteTableId"])


def test_an_implicit_association_names_no_subnet_and_an_edge_one_names_its_gateway() -> None:
    net = Network()
    (main,) = main_table(net)["Associations"]
    assert main["Main"] is True
    assert "SubnetId" not in main
    gateway, edge = net.attached_gateway(), net.new_table()
    net.api.associate_route_table(RouteTableId=edge, GatewayId=gateway)
    (association,) = net.api.describe_route_tables(RouteTableIds=[edge])["RouteTables"][0]["Associations"]
    assert association["GatewayId"] == gateway
    assert "SubnetId" not in association


def test_gateways_are_found_by_the_vpc_they_are_attached_to() -> None:
    net = Network()
    gateway = net.attached_gateway()
    by_vpc = [{"Name": "attachment.vpc-id", "Values": [net.vpc]}]
    found = net.api.describe_internet_gateways(Filters=by_vpc)["InternetGateways"]  # type: ignore[arg-type]
    assert [each["InternetGatewayId"] for each in found] == [gateway]
    net.api.detach_internet_gateway(InternetGatewayId=gateway, VpcId=net.vpc)
    assert net.api.describe_internet_gateways(Filters=by_vpc)["InternetGateways"] == []  # type: ignore[arg-type]
