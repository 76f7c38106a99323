"""Rules about what cannot be deleted while something else uses it (facts.md, section 3)."""

from __future__ import annotations

from sandbox.ec2.calls import Refused, Request
from sandbox.ec2.rule import before
from sandbox.ec2.world import World


@before("DeleteSecurityGroup")
def the_default_group_stays(world: World, request: Request) -> None:
    """`CannotDelete`: a VPC's default group goes with the VPC (facts.md, section 3)."""
    group = world.group_of(request.params)
    if group.is_default:
        message = f'the specified group: "{group.id}" name: "default" cannot be deleted by a user'
        raise Refused("CannotDelete", message)


@before("DeleteSecurityGroup")
def a_group_in_use_stays(world: World, request: Request) -> None:
    """`DependencyViolation`: network interfaces, also of an endpoint that is being deleted (facts.md, 3)."""
    group_id = world.group_of(request.params).id
    attached = any(group_id in [each.id for each in eni._group_set] for eni in world.backend.enis.values())
    endpoints = (each for each in world.endpoints.values() if each.alive(world.now))
    if attached or any(group_id in each.groups for each in endpoints):
        raise Refused("DependencyViolation", f"resource {group_id} has a dependent object")


@before("DeleteSecurityGroup")
def a_group_that_others_refer_to_stays(world: World, request: Request) -> None:
    """`DependencyViolation`: another group's rule names it (API reference of DeleteSecurityGroup)."""
    group_id = world.group_of(request.params).id
    for other in world.backend.all_groups():
        rules = other.ingress_rules + other.egress_rules
        if other.id != group_id and any(each.source_group.get("GroupId") == group_id for each in rules):
            raise Refused("DependencyViolation", f"resource {group_id} has a dependent object")


@before("DeleteSubnet")
def a_subnet_with_interfaces_stays(world: World, request: Request) -> None:
    """`DependencyViolation`: also an endpoint's interface that is still leaving (facts.md, section 3)."""
    subnet = world.subnet(request.params["SubnetId"])
    if world.backend.enis.of(subnet.id):
        message = f"The subnet '{subnet.id}' has dependencies and cannot be deleted."
        raise Refused("DependencyViolation", message)


@before("DeleteVpc")
def a_vpc_with_anything_in_it_stays(world: World, request: Request) -> None:
    """`DependencyViolation`: endpoints, subnets, gateways, groups and route tables go first (facts.md, 3)."""
    vpc = world.vpc(request.params["VpcId"])
    backend = world.backend
    groups = backend.groups.get(vpc.id, {}).values()
    tables = backend.route_tables.values()
    blockers = (
        any(world.endpoints_of(vpc.id)),
        any(each.vpc_id == vpc.id for each in backend.all_subnets()),
        any(each.vpc is vpc for each in backend.internet_gateways.values()),
        any(not each.is_default for each in groups),
        any(each.vpc_id == vpc.id and each.main_association_id is None for each in tables),
    )
    if any(blockers):
        message = f"The vpc '{vpc.id}' has dependencies and cannot be deleted."
        raise Refused("DependencyViolation", message)
