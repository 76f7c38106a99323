"""Rules about tags (facts.md, section 6; botocore's DeleteTags)."""

from __future__ import annotations

from typing import Any

from sandbox.ec2.calls import Refused, Request, Response
from sandbox.ec2.rule import after, before
from sandbox.ec2.world import World


@before("DeleteTags")
def delete_tags_without_tags_takes_all(world: World, request: Request) -> Response | None:
    """Without `Tags`, every tag of the resources goes, save those that begin with `aws:` (botocore)."""
    if request.tags:
        return None
    for resource in request.ids("Resources"):
        there = world.backend.tags.get(resource, {})
        for key in [key for key in there if not key.startswith("aws:")]:
            del there[key]
    return {}


@before("CreateTags")
def only_what_exists_is_tagged(world: World, request: Request) -> None:
    """`…NotFound` of its kind for an endpoint, group or rule that is gone: moto looks at others only."""
    for resource in request.ids("Resources"):
        if resource.startswith("vpce-") and not resource.startswith("vpce-svc-"):
            world.endpoint(resource)
        elif resource.startswith("sg-"):
            world.group(resource)
        elif resource.startswith("sgr-"):
            groups = world.backend.all_groups()
            if not any(group.get_rule(resource) for group in groups):
                message = f"The security group rule ID '{resource}' does not exist"
                raise Refused("InvalidSecurityGroupRuleId.NotFound", message)


_DELETIONS = {
    "DeleteVpc": "VpcId",
    "DeleteSubnet": "SubnetId",
    "DeleteSecurityGroup": "GroupId",
    "DeleteRouteTable": "RouteTableId",
    "DeleteInternetGateway": "InternetGatewayId",
    "DeleteDhcpOptions": "DhcpOptionsId",
}


@after(*_DELETIONS)
def tags_go_with_their_resource(world: World, request: Request, _: Any) -> None:
    """`DescribeTags` tells nothing of a resource that is gone; moto keeps its tags."""
    world.backend.tags.pop(request.params.get(_DELETIONS[request.action], ""), None)


@before("CreateTags", "DeleteTags")
def aws_tags_are_not_touched(_: World, request: Request) -> None:
    """`InvalidParameterValue`: keys that begin with `aws:` are AWS's own (botocore, DeleteTags)."""
    for tag in request.tags:
        if tag["Key"].startswith("aws:"):
            message = "Tag keys starting with 'aws:' are reserved for internal use"
            raise Refused("InvalidParameterValue", message)
