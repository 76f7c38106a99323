"""People who make VPCs, tag some of them, and rely on what they get."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from mypy_boto3_ec2 import EC2Client

from sandbox.demo import fleet
from sandbox.demo.fleet import Vpc, VpcDesign
from sandbox.networks import EVERYWHERE
from sandbox.sandbox import Sandbox
from tests.stack.watch import eventually, heals

_PLAN = VpcDesign("plain", "two private subnets, no way out", 0, private="ab")
_AT_ONCE = 12


class Team:
    """Makes VPCs in the sandbox's account."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._numbers = count(10)
        self._converged: list[Vpc] = []

    def vpc(self, plan: VpcDesign = _PLAN) -> Vpc:
        """A new VPC, in the state that `plan` tells of, not tagged."""
        return fleet.make(self._sandbox.customer, replace(plan, number=next(self._numbers) % 250))

    def opts_in(self, *vpcs: Vpc, **tags: str) -> None:
        """Tag VPCs; `tags` are ours, by their last word."""
        for vpc in vpcs:
            plan = replace(vpc.plan, tags={**vpc.plan.tags, **tags})
            fleet.opt_in(self._sandbox.customer, replace(vpc, plan=plan), self._sandbox.tag_prefix)

    def tagged(self, plan: VpcDesign = _PLAN, **tags: str) -> Vpc:
        """A new VPC that has opted in."""
        vpc = self.vpc(plan)
        self.opts_in(vpc, **tags)
        return vpc

    def converged(self, *plans: VpcDesign) -> list[Vpc]:
        """New VPCs of these plans, tagged and as they should be, with nothing left to do."""
        vpcs = [self.tagged(plan) for plan in plans]
        heals(self._sandbox, *(vpc.id for vpc in vpcs))
        eventually(self._sandbox.idle, "work is left in the queues")
        return vpcs

    def fine_vpc(self) -> Vpc:
        """A plain VPC that is as it should be. Several are made at a time, for the tests to come."""
        if not self._converged:
            self._converged = self.converged(*[_PLAN] * _AT_ONCE)
        eventually(self._sandbox.idle, "work is left in the queues")
        return self._converged.pop()


def group_of(sandbox: Sandbox, vpc_id: str) -> str:
    """The id of the VPC's owned group."""
    group = sandbox.truth.owned_group(vpc_id)
    assert group is not None, f"{vpc_id} has no owned group"
    return str(group["GroupId"])


def open_to_the_world(ec2: EC2Client, group_id: str) -> None:
    """Add a rule that does not belong into an owned group."""
    ec2.authorize_security_group_ingress(
        GroupId=group_id, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp=EVERYWHERE
    )
