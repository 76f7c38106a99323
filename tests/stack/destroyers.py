"""Tools that delete a VPC with all that its team made in it, each in its own order.

What is refused with a DependencyViolation is asked for again every second, for as long as the tools' patience
lasts on the sandbox's time (facts-operating, section 4, has the minutes of AWS's time).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sandbox.demo.fleet import Vpc
from sandbox.sandbox import Sandbox, wait_until

if TYPE_CHECKING:
    from mypy_boto3_ec2.client import EC2Client

PATIENCE_WITH_A_SUBNET = 40.0
_PATIENCE_WITH_A_VPC = 20.0


@dataclass(frozen=True)
class Estate:
    """What a team made: the VPC and all that has to go before it."""

    vpc: str
    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    tables: tuple[str, ...]
    gateway: str | None


def estate_of(sandbox: Sandbox, vpc: Vpc) -> Estate:
    """A VPC with what stands in it now, and a security group for its workloads."""
    ec2 = sandbox.customer
    group = ec2.create_security_group(GroupName="workload", Description="workload", VpcId=vpc.id)["GroupId"]
    among: Any = [{"Name": "vpc-id", "Values": [vpc.id]}]
    tables = ec2.describe_route_tables(Filters=among)["RouteTables"]
    own = (each["RouteTableId"] for each in tables if not any(end["Main"] for end in each["Associations"]))
    return Estate(vpc.id, (*vpc.private, *vpc.public), (group,), tuple(own), vpc.gateway)


def terraform_destroy(ec2: EC2Client, estate: Estate) -> None:
    """`terraform destroy`: the subnets side by side, then the groups, the ways out, and the VPC."""
    _side_by_side([partial(ec2.delete_subnet, SubnetId=each) for each in estate.subnets])
    _side_by_side([partial(ec2.delete_security_group, GroupId=each) for each in estate.groups])
    if estate.gateway:
        ec2.detach_internet_gateway(InternetGatewayId=estate.gateway, VpcId=estate.vpc)
        ec2.delete_internet_gateway(InternetGatewayId=estate.gateway)
    for table in estate.tables:
        ec2.delete_route_table(RouteTableId=table)
    _until_done(partial(ec2.delete_vpc, VpcId=estate.vpc), _PATIENCE_WITH_A_VPC)


def delete_stack(ec2: EC2Client, estate: Estate) -> None:
    """The deletion of a CloudFormation stack: subnets and groups at once, and the VPC after all that
    refers to it."""
    _side_by_side(
        [
            *(partial(ec2.delete_subnet, SubnetId=each) for each in estate.subnets),
            *(partial(ec2.delete_security_group, GroupId=each) for each in estate.groups),
        ]
    )
    for table in estate.tables:
        ec2.delete_route_table(RouteTableId=table)
    _until_done(partial(ec2.delete_vpc, VpcId=estate.vpc), _PATIENCE_WITH_A_VPC)


def delete_subnets(ec2: EC2Client, subnets: Iterable[str], patience: float) -> set[str]:
    """Delete subnets side by side; answers those that were still refused in the end."""
    subnets = tuple(subnets)
    with ThreadPoolExecutor(len(subnets)) as pool:
        gone = pool.map(lambda each: _is_done(partial(ec2.delete_subnet, SubnetId=each), patience), subnets)
        return {subnet for subnet, is_gone in zip(subnets, gone, strict=True) if not is_gone}


def _side_by_side(deletions: Iterable[Callable[[], object]]) -> None:
    deletions = tuple(deletions)
    with ThreadPoolExecutor(len(deletions)) as pool:
        for done in [pool.submit(_until_done, each, PATIENCE_WITH_A_SUBNET) for each in deletions]:
            done.result()


def _until_done(deletion: Callable[[], object], patience: float) -> None:
    assert _is_done(deletion, patience), f"given up: {deletion}"


def _is_done(deletion: Callable[[], object], patience: float) -> bool:
    def goes_through() -> bool:
        try:
            deletion()
        except ClientError as error:
            if error.response["Error"]["Code"] != "DependencyViolation":
                raise
            return False
        return True

    return wait_until(goes_through, patience, every=1.0)
