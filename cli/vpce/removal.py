"""What is left of an installation, and the end of its stack."""

from __future__ import annotations

from botocore.exceptions import ClientError

from reconciler.domain.model import EndpointState
from reconciler.ec2.decode import state
from reconciler.ec2.filters import matching

from .deployment import Deployment
from .problems import Problem
from .world import World

_GONE = frozenset({EndpointState.DELETED})
_LONGEST_SECONDS = 1800


def owned(world: World, *, only_deleting: bool = False) -> dict[str, str]:
    """The VPC of each thing that bears the installation's owner tag, by the thing's id. With `only_deleting`,
    of endpoints that EC2 is deleting; without, these count as gone."""
    installation, ec2 = world.deployment.installation, world.account.ec2
    ours = [matching(f"tag:{installation.owner_key}", [installation.id])]
    found: dict[str, str] = {}
    for endpoints in ec2.get_paginator("describe_vpc_endpoints").paginate(Filters=ours):
        for each in endpoints["VpcEndpoints"]:
            now = state(each["State"])
            if now not in _GONE and (now is EndpointState.DELETING) is only_deleting:
                found[each["VpcEndpointId"]] = each["VpcId"]
    if not only_deleting:
        for groups in ec2.get_paginator("describe_security_groups").paginate(Filters=ours):
            found |= {each["GroupId"]: each["VpcId"] for each in groups["SecurityGroups"]}
    return found


def delete_stack(world: World, there: Deployment) -> None:
    """Delete the stack, and wait until it is gone.

    Raises:
        Problem: when CloudFormation cannot delete all of it.
    """
    cloudformation, until = world.account.cloudformation, world.now() + _LONGEST_SECONDS
    with world.screen.busy(f"Deleting the stack {there.stack} …"):
        cloudformation.delete_stack(StackName=there.stack_id)
        while True:
            try:
                (stack,) = cloudformation.describe_stacks(StackName=there.stack_id)["Stacks"]
            except ClientError as error:
                # Asked by its id, a stack that is gone is still described; by its name it is not.
                if error.response.get("Error", {}).get("Code") == "ValidationError":
                    return
                raise
            if stack["StackStatus"] == "DELETE_COMPLETE":
                return
            if stack["StackStatus"] == "DELETE_FAILED":
                why = stack.get("StackStatusReason", "look at its events")
                raise Problem(f"CloudFormation could not delete {there.stack}: {why}")
            if world.now() > until:
                raise Problem(f"{there.stack} is still {stack['StackStatus']}: look at its events.")
            world.sleep(5)
