"""EC2 refuses endpoint calls, while the runs of an account share a budget of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from reconciler.conclusion import Run
from reconciler.domain.pace import Pace
from reconciler.write_budget import WriteBudget
from sandbox.ec2 import Call
from tests.account import DEBOUNCE, Account

CREATE, DELETE = "CreateVpcEndpoint", "DeleteVpcEndpoints"
FIRST_THREE = ("ecr.api", "ecr.dkr", "logs")
ALL = (*FIRST_THREE, "secretsmanager", "ssm", "s3")


def pace(account: Account, burst: int = 4, rate: float = 0.3) -> None:
    """From here on, runs share a budget. What was made before it is free."""
    account.budget = WriteBudget(account.new_table(), Pace(rate, burst), account.clock.now)


def deny(account: Account, services: Iterable[str] = ALL, vpcs: Iterable[str] = ()) -> None:
    ends, those = tuple(services), frozenset(vpcs)

    def is_denied(given: Any) -> bool:
        return bool(given["ServiceName"].endswith(ends) and (not those or given["VpcId"] in those))

    account.ec2.faults.before(CREATE, "UnauthorizedOperation", "no", times=10**6, when=is_denied)


def asked(calls: Iterable[Call]) -> Counter[str]:
    """How often each service was asked for, by the end of its name."""
    names = (each.params["ServiceName"] for each in calls if each.action == CREATE)
    return Counter(next(end for end in ALL if name.endswith(end)) for name in names)


def made(account: Account, vpc_id: str) -> set[str]:
    """Of interface and of gateway endpoints."""
    answer = account.customer.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])
    there = (each["ServiceName"] for each in answer["VpcEndpoints"])
    return {next(end for end in ALL if name.endswith(end)) for name in there}


def of_ecs(account: Account, number: int = 1) -> str:
    """A VPC with all six endpoints."""
    vpc_id = account.vpc(number=number, profile="ecs")
    account.converge(vpc_id)
    return vpc_id


def side_by_side(account: Account, vpcs: Iterable[str], at_most: int = 60) -> dict[str, Run]:
    """The last run of each VPC, until none is requeued. Each time another one is the first."""
    runs = {each: account.one_run(each) for each in vpcs}
    again = {each: account.next_request(run) for each, run in runs.items() if run.is_requeued}
    for first in range(at_most):
        if not again:
            return runs
        account.clock.advance(DEBOUNCE)
        due = [each for each, request in again.items() if request.not_before <= account.clock.now() * 1000]
        for vpc_id in sorted(due)[first % 4 :] + sorted(due)[: first % 4]:
            runs[vpc_id] = account.one_run(vpc_id, again.pop(vpc_id))
            if runs[vpc_id].is_requeued:
                again[vpc_id] = account.next_request(runs[vpc_id])
    raise AssertionError(f"these do not end: {sorted(again)}")
