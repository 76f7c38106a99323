"""Rules about the account's limits (facts.md, sections 2 and 3)."""

from __future__ import annotations

from sandbox.ec2.calls import Refused, Request
from sandbox.ec2.group_rules import key_of, keys_of, permissions
from sandbox.ec2.rule import before
from sandbox.ec2.world import World


@before("CreateVpcEndpoint")
def so_many_endpoints_a_vpc(world: World, request: Request) -> None:
    """`VpcEndpointLimitExceeded`: 50 interface endpoints a VPC (facts.md, sections 2 and 3), and 20 gateway
    endpoints a Region (VPC quotas, L-1B52E74A).
    """
    vpc_id, now, kind = request.params["VpcId"], world.now, request.params.get("VpcEndpointType", "Gateway")
    interface = kind == "Interface"
    candidates = world.endpoints_of(vpc_id) if interface else world.endpoints.values()
    there = [each for each in candidates if each.type == kind and each.counts(now)]
    limit = world.quotas.interface_endpoints_per_vpc if interface else world.quotas.gateway_endpoints
    if kind in ("Interface", "Gateway") and len(there) >= limit:
        message = f"The maximum number of VPC endpoints has been reached for the VPC {vpc_id}"
        raise Refused("VpcEndpointLimitExceeded", message)


@before("CreateSecurityGroup")
def so_many_groups_a_vpc(world: World, request: Request) -> None:
    """`SecurityGroupLimitExceeded` (facts.md, section 3)."""
    vpc_id = request.params.get("VpcId") or world.backend.default_vpc.id
    if len(world.backend.groups.get(vpc_id, {})) >= world.quotas.groups_per_vpc:
        message = "The maximum number of security groups has been reached"
        raise Refused("SecurityGroupLimitExceeded", message)


@before("AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress")
def so_many_rules_a_group(world: World, request: Request) -> None:
    """`RulesPerSecurityGroupLimitExceeded`: 60 each way (facts.md, section 3). Each address family counts by
    itself; a rule that names a group or a prefix list counts in both (VPC quotas, "Security groups").
    """
    group = world.group_of(request.params)
    there = group.egress_rules if request.action.endswith("Egress") else group.ingress_rules
    new = [key for each in permissions(request.params) for key in keys_of(each)]
    kinds = [key.kind for key in (*map(key_of, there), *new)]
    most = max(sum(kind != other for kind in kinds) for other in ("cidr", "cidr6"))
    if most > world.quotas.rules_per_group:
        message = "The maximum number of rules per security group has been reached."
        raise Refused("RulesPerSecurityGroupLimitExceeded", message)


@before("CreateVpcEndpoint", "ModifyVpcEndpoint")
def so_many_groups_an_interface(world: World, request: Request) -> None:
    """`SecurityGroupsPerInterfaceLimitExceeded`: 5 groups (facts.md, section 3)."""
    groups = request.ids("SecurityGroupIds") + request.ids("AddSecurityGroupIds")
    if request.action == "ModifyVpcEndpoint":
        groups = world.endpoint(request.params["VpcEndpointId"]).groups + groups
    kept = set(groups) - set(request.ids("RemoveSecurityGroupIds"))
    if len(kept) > world.quotas.groups_per_interface:
        message = "The maximum number of security groups per interface has been reached."
        raise Refused("SecurityGroupsPerInterfaceLimitExceeded", message)
