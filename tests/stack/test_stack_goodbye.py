"""VPCs that ask for nothing any more, and VPCs that someone wants to delete: heard of and let go."""

from __future__ import annotations

from functools import partial

import pytest
from botocore.exceptions import ClientError

from sandbox.sandbox import Sandbox
from tests.stack.team import Team
from tests.stack.watch import eventually


def nothing_is_left(sandbox: Sandbox, vpc: str) -> bool:
    return not sandbox.truth.endpoints(vpc) and sandbox.truth.owned_group(vpc) is None


@pytest.mark.parametrize("every_tag", [False, True], ids=["the profile tag", "every tag at once"])
def test_a_vpc_that_loses_its_tag_is_left_with_nothing_of_ours(
    sandbox: Sandbox, team: Team, every_tag: bool
) -> None:
    vpc = team.fine_vpc()
    if every_tag:
        sandbox.customer.delete_tags(Resources=[vpc.id])
    else:
        sandbox.customer.delete_tags(Resources=[vpc.id], Tags=[{"Key": f"{sandbox.tag_prefix}:profile"}])
    eventually(partial(nothing_is_left, sandbox, vpc.id), "something owned is left")


def test_a_person_who_is_refused_a_vpcs_deletion_can_go_on_with_it(sandbox: Sandbox, team: Team) -> None:
    vpc = team.fine_vpc()
    with pytest.raises(ClientError, match="DependencyViolation"):
        sandbox.customer.delete_vpc(VpcId=vpc.id)
    eventually(partial(nothing_is_left, sandbox, vpc.id), "something owned is left")
    tags = sandbox.ec2.tags_of(vpc.id)
    assert f"{sandbox.tag_prefix}:released-until" in tags

    for subnet in vpc.private:
        sandbox.customer.delete_subnet(SubnetId=subnet)
    eventually(sandbox.idle, "work is left in the queues")
    assert nothing_is_left(sandbox, vpc.id)
    sandbox.customer.delete_vpc(VpcId=vpc.id)
