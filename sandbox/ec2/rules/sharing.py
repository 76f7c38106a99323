"""Rules about VPCs that another account shares with this one through RAM (facts.md, section 2)."""

from __future__ import annotations

from typing import Any

from sandbox.ec2.calls import Refused, Request
from sandbox.ec2.rule import after, before
from sandbox.ec2.world import World

_CHANGES = (
    "CreateVpcEndpoint",
    "ModifyVpcEndpoint",
    "DeleteVpcEndpoints",
    "AuthorizeSecurityGroupIngress",
    "AuthorizeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
    "RevokeSecurityGroupEgress",
    "ModifySecurityGroupRules",
    "DeleteSecurityGroup",
    "ModifyVpcAttribute",
    "CreateSecurityGroup",
    "DeleteVpc",
    "AssociateDhcpOptions",
    "AssociateVpcCidrBlock",
)


@before(*_CHANGES)
def a_participant_changes_nothing_in_a_shared_vpc(world: World, request: Request) -> None:
    """`UnauthorizedOperation`: a VPC and its endpoints are its owner's alone (facts.md, section 2)."""
    if not world.owners:
        return
    params, backend = request.params, world.backend
    endpoint_ids = [params.get("VpcEndpointId", ""), *request.ids("VpcEndpointIds")]
    named = [
        *map(backend.subnet, request.ids("SubnetIds")),
        *map(world.endpoints.get, endpoint_ids),
        backend.group(params.get("GroupId", "")),
    ]
    if any(
        vpc_id in world.owners for vpc_id in [params.get("VpcId"), *(each.vpc_id for each in named if each)]
    ):
        raise Refused("UnauthorizedOperation", "You are not authorized to perform this operation.")


@after("DescribeVpcs", "DescribeSubnets", "DescribeRouteTables")
def shared_things_show_their_owner(world: World, _: Request, response: Any) -> None:
    """`OwnerId` of a shared VPC and its subnets is the other account (facts.md, section 2)."""
    for each in response.get("Vpcs") or response.get("Subnets") or response.get("RouteTables") or []:
        each["OwnerId"] = world.owners.get(each["VpcId"], each["OwnerId"])


@after("DescribeVpcEndpoints", "DescribeSecurityGroups")
def owners_endpoints_and_groups_are_not_shown(world: World, _: Request, response: Any) -> None:
    """A participant does not see the endpoints and groups of the owner (facts.md, section 2)."""
    for key in ("VpcEndpoints", "SecurityGroups"):
        if key in response:
            response[key] = [each for each in response[key] if each.get("VpcId") not in world.owners]
