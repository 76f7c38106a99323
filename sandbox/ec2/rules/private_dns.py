"""Rules about private DNS, the one part of an endpoint that reaches the whole VPC (facts.md, 2 and 3)."""

from __future__ import annotations

from sandbox.ec2.calls import Refused, Request
from sandbox.ec2.rule import before
from sandbox.ec2.world import World


@before("CreateVpcEndpoint", "ModifyVpcEndpoint")
def private_dns_needs_both_dns_attributes(world: World, request: Request) -> None:
    """`InvalidParameter` unless `enableDnsSupport` and `enableDnsHostnames` are on (facts.md, 2 and 3)."""
    if not request.params.get("PrivateDnsEnabled"):
        return
    vpc = world.vpc(_place(world, request)[0])
    if not (vpc.enable_dns_support and vpc.enable_dns_hostnames):
        raise Refused(
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes "
            f"set to true for {vpc.id}",
        )


@before("CreateVpcEndpoint", "ModifyVpcEndpoint")
def a_private_dns_name_answers_once_in_a_vpc(world: World, request: Request) -> None:
    """`InvalidParameter`: another endpoint, even one that is being deleted, or a private hosted zone already
    answers for the name (facts.md, sections 3 and 4).
    """
    if not request.params.get("PrivateDnsEnabled"):
        return
    vpc_id, own_id, names = _place(world, request)
    for name in names:
        others = [
            each
            for each in world.endpoints_of(vpc_id)
            if each.id != own_id and each.private_dns and name in each.private_dns_names
        ]
        if others or (vpc_id, name) in world.hosted_zones:
            raise Refused(
                "InvalidParameter",
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain "
                f"for {name} in the VPC {vpc_id}",
            )


def _place(world: World, request: Request) -> tuple[str, str, tuple[str, ...]]:
    if request.action == "ModifyVpcEndpoint":
        endpoint = world.endpoint(request.params["VpcEndpointId"])
        return endpoint.vpc_id, endpoint.id, endpoint.private_dns_names
    kind = request.params.get("VpcEndpointType", "Gateway")
    service = world.services.find(request.params.get("ServiceName", ""), kind)
    return world.vpc(request.params["VpcId"]).id, "", service.private_dns if service else ()
