"""Rules about when a change comes to be seen (facts.md, sections 3 and 4)."""

from __future__ import annotations

from typing import Any

from sandbox.ec2.calls import Request
from sandbox.ec2.rule import after, before
from sandbox.ec2.world import World

_MADE = {
    "CreateVpc": ("vpc", "Vpc", "VpcId"),
    "CreateSubnet": ("subnet", "Subnet", "SubnetId"),
    "CreateRouteTable": ("route-table", "RouteTable", "RouteTableId"),
    "CreateInternetGateway": ("internet-gateway", "InternetGateway", "InternetGatewayId"),
    "CreateVpcEndpoint": ("vpc-endpoint", "VpcEndpoint", "VpcEndpointId"),
    "CreateSecurityGroup": ("security-group", "", "GroupId"),
}
_RULE_WRITES = (
    "AuthorizeSecurityGroupIngress",
    "AuthorizeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
    "RevokeSecurityGroupEgress",
    "ModifySecurityGroupRules",
)


@after(*_MADE)
def new_things_show_late(world: World, request: Request, response: Any) -> None:
    """What was just made is not described yet: naming it is the `…NotFound` of its kind (facts.md, 3)."""
    kind, wrapper, name = _MADE[request.action]
    made = (response[wrapper] if wrapper else response)[name]
    if world.late.of(kind):
        world.late.hidden[made] = world.now + world.late.of(kind)


@before("CreateTags", "DeleteTags")
def tags_show_late(world: World, request: Request) -> None:
    """A tag just put on or taken off is not seen yet, in filters neither (facts.md, 3)."""
    if not world.late.of("tag"):
        return
    until = world.now + world.late.of("tag")
    for resource in request.ids("Resources"):
        there = world.backend.tags.get(resource, {})
        keys = [tag["Key"] for tag in request.tags] or list(there)
        for key in keys:
            world.late.old_tags.setdefault((resource, key), (until, there.get(key)))


@before(*_RULE_WRITES)
def rules_show_late(world: World, request: Request) -> None:
    """A group's rules are described as they were for a while, though they count at once (facts.md, 3)."""
    group = world.backend.group(request.params.get("GroupId", ""))
    if group is not None and world.late.of("rule"):
        until = world.now + world.late.of("rule")
        old = (until, list(group.ingress_rules), list(group.egress_rules))
        world.late.old_rules.setdefault(group.id, old)
