"""Rules about internet gateways (facts.md, section 12)."""

from __future__ import annotations

from sandbox.ec2.calls import Refused, Request
from sandbox.ec2.rule import before
from sandbox.ec2.world import World


@before("AttachInternetGateway")
def one_internet_gateway_a_vpc(world: World, request: Request) -> None:
    """`InvalidParameterValue`: a VPC has one internet gateway at most."""
    vpc = world.vpc(request.params["VpcId"])
    for gateway in world.backend.internet_gateways.values():
        if gateway.vpc is vpc and gateway.id != request.params["InternetGatewayId"]:
            message = f"Network {vpc.id} already has an internet gateway attached"
            raise Refused("InvalidParameterValue", message)
