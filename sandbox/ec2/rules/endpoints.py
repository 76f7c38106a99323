"""Rules about what an endpoint may be made of: service, zones, subnets, groups (facts.md, 2 and 3)."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.ec2.calls import Refused, Request
from sandbox.ec2.endpoints import Endpoint
from sandbox.ec2.rule import before
from sandbox.ec2.services import Service
from sandbox.ec2.world import World


@before("CreateVpcEndpoint")
def service_must_exist(world: World, request: Request) -> None:
    """`InvalidServiceName`: a Region does not have every service, and App Mesh ended (facts.md, 1, 3)."""
    name = request.params.get("ServiceName", "")
    if not world.services.types_of(name):
        raise Refused("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")


@before("CreateVpcEndpoint")
def default_type_is_gateway(world: World, request: Request) -> None:
    """`InvalidServiceName`: a request that names no type asks for a gateway endpoint (facts.md, 2 and 3)."""
    name = request.params.get("ServiceName", "")
    kind = request.params.get("VpcEndpointType", "Gateway")
    types = world.services.types_of(name)
    if types and kind not in types:
        message = f"The Vpc Endpoint Service '{name}' does not support the endpoint type '{kind}'"
        raise Refused("InvalidServiceName", message)


@before("CreateVpcEndpoint", "ModifyVpcEndpoint")
def subnets_and_groups_are_of_the_endpoints_vpc(world: World, request: Request) -> None:
    """`InvalidSubnetID.NotFound`, `InvalidGroup.NotFound`; all of the endpoint's VPC (facts.md, 3)."""
    vpc_id = _vpc_id(world, request)
    for subnet_id in _new_subnets(request):
        if world.subnet(subnet_id).vpc_id != vpc_id:
            raise Refused("InvalidParameter", f"The subnet ID '{subnet_id}' is not in the VPC {vpc_id}")
    for group_id in request.ids("SecurityGroupIds") + request.ids("AddSecurityGroupIds"):
        if world.group(group_id).vpc_id != vpc_id:
            raise Refused("InvalidParameter", f"The security group '{group_id}' is not in the VPC {vpc_id}")


@before("CreateVpcEndpoint", "ModifyVpcEndpoint")
def service_must_be_offered_in_the_zone(world: World, request: Request) -> None:
    """`InvalidParameter`: one subnet in a zone without the service fails the whole call (facts.md, 3)."""
    service = _service(world, request)
    if service is None or service.type != "Interface":
        return
    zones = world.services.zones_of(service)
    for subnet_id in _new_subnets(request):
        if world.subnet(subnet_id).availability_zone not in zones:
            raise Refused(
                "InvalidParameter",
                f"The VPC endpoint service {service.name} does not support the availability zone "
                f"of the subnet: {subnet_id}.",
            )


@before("CreateVpcEndpoint", "ModifyVpcEndpoint")
def one_subnet_a_zone(world: World, request: Request) -> None:
    """`DuplicateSubnetsInSameZone`, also where the zone's other subnet is taken away in the same call
    (facts.md, sections 2 and 3).
    """
    endpoint = _endpoint(world, request)
    attached = list(endpoint.subnets) if endpoint else []
    taken = {world.subnet(each).availability_zone for each in attached if world.backend.subnet(each)}
    for subnet_id in _new_subnets(request):
        if subnet_id in attached:
            continue
        zone = world.subnet(subnet_id).availability_zone
        if zone in taken:
            message = f"Found another VPC endpoint subnet in the availability zone of {subnet_id}"
            raise Refused("DuplicateSubnetsInSameZone", message)
        taken.add(zone)


@before("CreateVpcEndpoint", "ModifyVpcEndpoint")
def each_interface_takes_an_address(world: World, request: Request) -> None:
    """`InsufficientFreeAddressesInSubnet`: one address a subnet and endpoint (facts.md, 2 and 3)."""
    for subnet_id in _new_subnets(request):
        if world.subnet(subnet_id).available_ip_address_count < 1:
            message = f"Insufficient free addresses in subnet '{subnet_id}'"
            raise Refused("InsufficientFreeAddressesInSubnet", message)


@before("CreateVpcEndpoint", "ModifyVpcEndpoint")
def address_type_as_service_and_subnets_allow(world: World, request: Request) -> None:
    """`InvalidParameter`: an address family that the service or a subnet does not have (facts.md, 2)."""
    endpoint, service = _endpoint(world, request), _service(world, request)
    kind = request.params.get("IpAddressType", endpoint.address_type if endpoint else "ipv4")
    if service is None or service.type != "Interface":
        return
    families = {"ipv4", "ipv6"} if kind == "dualstack" else {kind}
    if "IpAddressType" in request.params and not families <= set(service.address_types):
        message = f"The service {service.name} does not support the IP address type {kind}"
        raise Refused("InvalidParameter", message)
    staying = [each for each in endpoint.subnets if world.backend.subnet(each)] if endpoint else []
    for subnet_id in [*_new_subnets(request), *(staying if "IpAddressType" in request.params else [])]:
        subnet = world.subnet(subnet_id)
        has_v4, has_v6 = bool(subnet.cidr_block), bool(subnet.ipv6_cidr_block_association_set)
        fits = {"ipv4": has_v4, "dualstack": has_v4 and has_v6, "ipv6": has_v6 and not has_v4}
        if not fits.get(kind, True):
            message = f"The subnet {subnet_id} does not support the IP address type {kind}"
            raise Refused("InvalidParameter", message)


@before("ModifyVpcEndpoint")
def endpoint_keeps_a_group(world: World, request: Request) -> None:
    """`InvalidParameter`: a network interface is never without a group (facts.md, 2; code inferred)."""
    endpoint = world.endpoint(request.params["VpcEndpointId"])
    removed = set(request.ids("RemoveSecurityGroupIds"))
    if removed and not set(endpoint.groups + request.ids("AddSecurityGroupIds")) - removed:
        raise Refused("InvalidParameter", f"The endpoint {endpoint.id} must keep at least one security group")


@before("DeleteVpcEndpoints")
def twenty_five_deletions_a_call(_: World, request: Request) -> None:
    """`InvalidParameter`: at most 25 ids (facts.md, section 3)."""
    if len(request.ids("VpcEndpointIds")) > 25:
        raise Refused("InvalidParameter", "Maximum number of VPC endpoints to delete was exceeded: 25")


def _new_subnets(request: Request) -> Iterable[str]:
    return request.ids("SubnetIds") + request.ids("AddSubnetIds")


def _endpoint(world: World, request: Request) -> Endpoint | None:
    return world.endpoint(request.params["VpcEndpointId"]) if request.action == "ModifyVpcEndpoint" else None


def _vpc_id(world: World, request: Request) -> str:
    endpoint = _endpoint(world, request)
    return endpoint.vpc_id if endpoint else world.vpc(request.params["VpcId"]).id


def _service(world: World, request: Request) -> Service | None:
    endpoint = _endpoint(world, request)
    if endpoint:
        return world.services.find(endpoint.service_name, endpoint.type)
    kind = request.params.get("VpcEndpointType", "Gateway")
    return world.services.find(request.params.get("ServiceName", ""), kind)
