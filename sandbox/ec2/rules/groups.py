"""Rules about security groups themselves (facts.md, section 3)."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule

from sandbox.ec2.calls import Refused, Request
from sandbox.ec2.rule import after, before
from sandbox.ec2.world import World


@before("CreateSecurityGroup")
def group_names_ignore_case(world: World, request: Request) -> None:
    """`InvalidGroup.Duplicate`: a name is taken in any letter case, though the group that has it may not be
    shown yet (facts.md, section 3).
    """
    name = request.params.get("GroupName", "")
    vpc_id = request.params.get("VpcId") or world.backend.default_vpc.id
    for group in world.backend.groups.get(vpc_id, {}).values():
        if group.name.lower() == name.lower():
            message = f"The security group '{name}' already exists for VPC '{vpc_id}'"
            raise Refused("InvalidGroup.Duplicate", message)


@before("CreateSecurityGroup")
def group_names_are_no_ids(_: World, request: Request) -> None:
    """`InvalidParameterValue`: a name does not start with `sg-` (facts.md, section 3)."""
    name = request.params.get("GroupName", "")
    if name.lower().startswith("sg-"):
        message = f"Invalid value '{name}' for groupName. Group names may not be in the format sg-*."
        raise Refused("InvalidParameterValue", message)


@before("CreateSecurityGroup")
def a_group_is_of_a_vpc_that_exists(world: World, request: Request) -> None:
    """`InvalidVpcID.NotFound` (facts.md, section 3)."""
    if "VpcId" in request.params:
        world.vpc(request.params["VpcId"])


@after("CreateSecurityGroup")
def created_group_answers_its_tags(world: World, _: Request, response: Any) -> None:
    """The answer to `CreateSecurityGroup` repeats the tags that were sent (recorded CreateSecurityGroup)."""
    if tags := world.tags(response["GroupId"]):
        response["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]


@after("CreateVpc", "CreateDefaultVpc")
def default_groups_let_their_own_in(world: World, _: Request, response: Any) -> None:
    """A VPC's default group has one ingress rule: everything from itself (botocore, CreateSecurityGroup)."""
    let_own_in(world, response["Vpc"]["VpcId"])


def let_own_in(world: World, vpc_id: str) -> None:
    """Give a VPC's default group the rule that it has from the start."""
    group = world.backend.get_default_security_group(vpc_id)
    if group is not None and not group.ingress_rules:
        own = {"GroupId": group.id, "UserId": world.account, "OwnerId": world.account}
        rule = SecurityGroupRule(world.backend, "-1", group.id, None, None, None, own, is_egress=False)
        group.ingress_rules.append(rule)
