"""Rules about route tables (facts.md, section 12)."""

from __future__ import annotations

from typing import Any

from sandbox.ec2.calls import Refused, Request
from sandbox.ec2.rule import after, before
from sandbox.ec2.world import World


@after("DescribeRouteTables")
def a_route_to_nowhere_is_a_blackhole(world: World, _: Request, response: Any) -> None:
    """`State` is `blackhole` while the route's gateway is detached or gone (facts.md, section 12)."""
    backend = world.backend
    for table in response["RouteTables"]:
        for route in table["Routes"]:
            gateway, nat = route.get("GatewayId", ""), route.get("NatGatewayId")
            if gateway.startswith("igw-"):
                found = backend.internet_gateways.get(gateway)
                lost = found is None or found.vpc is None or found.vpc.id != table["VpcId"]
            elif nat:
                lost = nat not in backend.nat_gateways or backend.nat_gateways[nat].state == "deleted"
            elif route.get("EgressOnlyInternetGatewayId"):
                lost = route["EgressOnlyInternetGatewayId"] not in backend.egress_only_internet_gateways
            else:
                lost = False
            if lost:
                route["State"] = "blackhole"


@before("CreateRoute", "ReplaceRoute")
def a_route_needs_a_gateway_of_its_vpc(world: World, request: Request) -> None:
    """`InvalidParameterValue`: an internet gateway is routed to only where it is attached."""
    gateway_id = request.params.get("GatewayId", "")
    table = world.backend.route_tables.get(request.params.get("RouteTableId", ""))
    gateway = world.backend.internet_gateways.get(gateway_id)
    if gateway is None or table is None:
        return
    if gateway.vpc is None or gateway.vpc.id != table.vpc_id:
        message = f"route table {table.id} and network gateway {gateway_id} belong to different networks"
        raise Refused("InvalidParameterValue", message)


@before("CreateRoute", "ReplaceRoute")
def a_route_leads_to_what_exists(world: World, request: Request) -> None:
    """`Invalid…ID.NotFound`: the NAT or transit gateway of a route exists; moto makes a route to nothing."""
    backend = world.backend
    nat, transit = request.params.get("NatGatewayId"), request.params.get("TransitGatewayId")
    if nat is not None and nat not in backend.nat_gateways:
        raise Refused("InvalidNatGatewayID.NotFound", f"The natGateway ID '{nat}' does not exist")
    if transit is not None and transit not in backend.transit_gateways:
        raise Refused("InvalidTransitGatewayID.NotFound", f"The transitGateway ID '{transit}' does not exist")


@before("CreateVpcEndpoint", "ModifyVpcEndpoint")
def a_table_routes_to_a_service_once(world: World, request: Request) -> None:
    """`RouteAlreadyExists`: a table with a gateway endpoint's route takes no other of the same service."""
    name = request.params.get("ServiceName")
    if request.action == "ModifyVpcEndpoint":
        name = world.endpoint(request.params["VpcEndpointId"]).service_name
    for table_id in request.ids("RouteTableIds") + request.ids("AddRouteTableIds"):
        for endpoint in world.endpoints.values():
            if endpoint.service_name == name and table_id in endpoint.route_tables:
                message = f"route table {table_id} already has a route to {name}"
                raise Refused("RouteAlreadyExists", message)


@before("AssociateRouteTable")
def a_subnet_has_one_route_table(world: World, request: Request) -> None:
    """`Resource.AlreadyAssociated`: a subnet with a table of its own changes it by replacing it; moto answers
    with the old association and leaves it as it was.
    """
    subnet_id, table_id = request.params.get("SubnetId"), request.params.get("RouteTableId")
    if subnet_id is None:
        return
    world.subnet(subnet_id)
    for table in world.backend.route_tables.values():
        if subnet_id in table._associations.values() and table.id != table_id:
            message = (
                f"the specified association for route table {table_id} conflicts with an existing association"
            )
            raise Refused("Resource.AlreadyAssociated", message)


@before("DisassociateRouteTable")
def the_main_association_stays(world: World, request: Request) -> None:
    """`InvalidParameterValue`: the main table is replaced, not taken away."""
    association_id = request.params.get("AssociationId")
    for table in world.backend.route_tables.values():
        if table.main_association_id == association_id:
            message = f"cannot disassociate the main route table association {association_id}"
            raise Refused("InvalidParameterValue", message)


@before("DeleteRouteTable")
def the_main_table_stays(world: World, request: Request) -> None:
    """`DependencyViolation`: a VPC's main table goes with the VPC."""
    table = world.backend.route_tables.get(request.params.get("RouteTableId", ""))
    if table is not None and table.main_association_id is not None:
        message = f"The routeTable '{table.id}' has dependencies and cannot be deleted."
        raise Refused("DependencyViolation", message)
