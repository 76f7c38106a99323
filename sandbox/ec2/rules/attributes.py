"""Rules about a VPC's attributes (facts.md, section 3)."""

from __future__ import annotations

from sandbox.ec2.calls import Refused, Request
from sandbox.ec2.rule import before
from sandbox.ec2.world import World

_DNS = {"EnableDnsHostnames": "enableDnsHostnames", "EnableDnsSupport": "enableDnsSupport"}


@before("ModifyVpcAttribute")
def one_attribute_a_call(_: World, request: Request) -> None:
    """`InvalidParameterCombination`: each attribute takes a call of its own (facts.md, section 3)."""
    named = [wire for name, wire in _DNS.items() if name in request.params]
    if len(named) > 1:
        message = f"Fields for multiple attribute types specified: {', '.join(named)}"
        raise Refused("InvalidParameterCombination", message)


@before("ModifyVpcAttribute")
def hostnames_need_support(world: World, request: Request) -> None:
    """`InvalidParameterValue`: DNS hostnames are turned on after DNS support (facts.md, 3; botocore)."""
    wanted = request.params.get("EnableDnsHostnames", {}).get("Value")
    if wanted and not world.vpc(request.params["VpcId"]).enable_dns_support:
        message = "DNS hostnames can only be enabled if DNS support is enabled"
        raise Refused("InvalidParameterValue", message)
