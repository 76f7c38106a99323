"""Rules about VPCs, their CIDR blocks, subnets and DHCP options, where moto differs from EC2."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

from sandbox.ec2.calls import Refused, Request
from sandbox.ec2.rule import after, before
from sandbox.ec2.world import World


@after("CreateSubnet")
def only_a_default_vpc_has_default_subnets(world: World, _: Request, response: Any) -> None:
    """`DefaultForAz` and a public address for each instance are the default VPC's; moto gives them to the
    first subnet that is made by a zone id.
    """
    subnet = world.subnet(response["Subnet"]["SubnetId"])
    if not world.vpc(subnet.vpc_id).is_default:
        subnet.default_for_az = subnet.map_public_ip_on_launch = False
        response["Subnet"] |= {"DefaultForAz": False, "MapPublicIpOnLaunch": False}


@after("CreateVpc")
def a_vpc_starts_pending(_: World, __: Request, response: Any) -> None:
    """The answer to `CreateVpc` says `pending`; the first read says `available` (recorded CreateVpc)."""
    response["Vpc"]["State"] = "pending"


@after("DeleteSubnet")
def a_subnet_takes_its_route_association_along(world: World, request: Request, _: Any) -> None:
    """A deleted subnet is no longer associated with a route table, nor attached to an endpoint."""
    subnet_id = request.params["SubnetId"]
    for table in world.backend.route_tables.values():
        for association in [key for key, target in table._associations.items() if target == subnet_id]:
            del table._associations[association]


@after("CreateVpc", "CreateDefaultVpc")
def a_vpc_has_the_regions_dhcp_options(world: World, _: Request, response: Any) -> None:
    """A new VPC has the Region's own DHCP options set, `AmazonProvidedDNS` (recorded CreateVpc)."""
    options = regional_dhcp_options(world)
    vpc = world.backend.vpcs[response["Vpc"]["VpcId"]]
    vpc.dhcp_options = options
    response["Vpc"]["DhcpOptionsId"] = options.id


def regional_dhcp_options(world: World) -> Any:
    """The options set that every account finds in a Region."""
    for options in world.backend.dhcp_options_sets.values():
        if getattr(options, "of_the_region", False):
            return options
    home = "ec2.internal" if world.region == "us-east-1" else f"{world.region}.compute.internal"
    options = world.backend.create_dhcp_options(["AmazonProvidedDNS"], [home])  # type: ignore[arg-type]
    options.of_the_region = True  # type: ignore[attr-defined]
    return options


@before("DeleteDhcpOptions")
def dhcp_options_in_use_stay(world: World, request: Request) -> None:
    """`DependencyViolation`: an options set that any VPC has is not deleted; moto remembers one VPC a set."""
    options_id = request.params.get("DhcpOptionsId")
    if any(vpc.dhcp_options and vpc.dhcp_options.id == options_id for vpc in world.backend.vpcs.values()):
        message = f"The dhcpOptions '{options_id}' has dependencies and cannot be deleted."
        raise Refused("DependencyViolation", message)


@before("DisassociateVpcCidrBlock")
def a_cidr_block_with_subnets_stays(world: World, request: Request) -> None:
    """`DependencyViolation`: a VPC gives up a CIDR block once no subnet lies in it (code inferred)."""
    association_id = request.params.get("AssociationId", "")
    for vpc in world.backend.vpcs.values():
        block = vpc._cidr_block_association_set.get(association_id, {}).get("cidr_block", "")
        inside = (each for each in world.backend.all_subnets() if each.vpc_id == vpc.id)
        if "." in block and any(each.cidr.overlaps(IPv4Network(block)) for each in inside):
            message = f"The vpc CIDR block with association ID {association_id} has dependencies"
            raise Refused("DependencyViolation", message)


@before("DeleteVpc")
def dhcp_options_outlive_the_vpc(world: World, request: Request) -> None:
    """A deleted VPC leaves its options set behind: moto deletes it, whoever else has it."""
    vpc = world.vpc(request.params["VpcId"])
    if vpc.dhcp_options is not None:
        vpc.dhcp_options.vpc = None
    vpc.dhcp_options = None
