"""Rules about the rules of security groups: authorising and revoking (facts.md, section 3)."""

from __future__ import annotations

from sandbox.ec2.calls import Refused, Request
from sandbox.ec2.group_rules import key_of, keys_of, permissions
from sandbox.ec2.rule import before, fact
from sandbox.ec2.world import World

_AUTHORIZE = ("AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress")
_REVOKE = ("RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress")
unknown_rules_are_forgiven_in_the_default_vpc = fact(
    "unknown_rules_are_forgiven_in_the_default_vpc",
    """Revoking what is not there is no error in a default VPC: the answer lists it (facts.md, section 3).""",
)


@before(*_AUTHORIZE)
def a_rule_is_authorised_once(world: World, request: Request) -> None:
    """`InvalidPermission.Duplicate`: one that is there already refuses the whole batch (facts.md, 3)."""
    group = world.group_of(request.params)
    rules = group.egress_rules if request.action.endswith("Egress") else group.ingress_rules
    there = {key_of(each) for each in rules}
    for permission in permissions(request.params):
        for key in keys_of(permission):
            if key in there:
                message = f'the specified rule "{key}" already exists'
                raise Refused("InvalidPermission.Duplicate", message)
            there.add(key)


@before(*_REVOKE)
def only_a_known_rule_is_revoked(world: World, request: Request) -> None:
    """`InvalidPermission.NotFound`, and none of the batch goes; a default VPC forgives (facts.md, 3)."""
    group = world.group_of(request.params)
    if world.keeps(unknown_rules_are_forgiven_in_the_default_vpc) and group.vpc_id == _default_vpc(world):
        return
    rules = group.egress_rules if request.action.endswith("Egress") else group.ingress_rules
    there, ids = {key_of(each) for each in rules}, {each.id for each in rules}
    keys = [key for each in permissions(request.params) for key in keys_of(each)]
    if any(each not in ids for each in request.ids("SecurityGroupRuleIds")):
        raise Refused("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID does not exist")
    if any(key not in there for key in keys):
        message = "The specified rule does not exist in this security group."
        raise Refused("InvalidPermission.NotFound", message)


def _default_vpc(world: World) -> str:
    return next((vpc.id for vpc in world.backend.vpcs.values() if vpc.is_default), "")
