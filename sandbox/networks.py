"""VPCs, subnets and ways out, made through EC2's public calls as a customer would make them.

Apart, so that the demo's fleet and all tests make their networks in one way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox import access

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

EVERYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class Network:
    """A VPC that was made, its subnets, and its internet gateway, where it has one."""

    vpc: str
    private: tuple[str, ...]
    public: tuple[str, ...]
    gateway: str | None


def make_network(ec2: EC2Client, number: int, private: str, public: str = "") -> Network:
    """Make the VPC 10.NUMBER.0.0/16, with a private and a public subnet for each letter of a zone. Where it
    has public ones, it has an internet gateway."""
    vpc = ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
    inside = [make_subnet(ec2, vpc, zone, f"10.{number}.{n}.0/24") for n, zone in enumerate(private)]
    outside = [make_subnet(ec2, vpc, zone, f"10.{number}.{128 + n}.0/24") for n, zone in enumerate(public)]
    gateway = None
    if outside:
        gateway = make_gateway(ec2, vpc)
        route_by(ec2, make_public_table(ec2, vpc, gateway), outside)
    return Network(vpc, tuple(inside), tuple(outside), gateway)


def make_subnet(ec2: EC2Client, vpc: str, zone: str, cidr: str) -> str:
    """Make a subnet in the zone with this letter. Gives its id."""
    answer = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=f"{access.REGION}{zone}")
    return answer["Subnet"]["SubnetId"]


def make_gateway(ec2: EC2Client, vpc: str) -> str:
    """Make an internet gateway and attach it. Gives its id."""
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    return gateway


def make_table(ec2: EC2Client, vpc: str) -> str:
    """Make a route table. Gives its id."""
    return ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]


def make_public_table(ec2: EC2Client, vpc: str, gateway: str) -> str:
    """Make a route table with a default route to an internet gateway. Gives its id."""
    table = make_table(ec2, vpc)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=EVERYWHERE, GatewayId=gateway)
    return table


def route_by(ec2: EC2Client, table: str, subnets: Iterable[str]) -> None:
    """Let subnets be routed by a table."""
    for subnet in subnets:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
