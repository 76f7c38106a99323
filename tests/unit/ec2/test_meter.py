"""Every try of a call to EC2 is counted, as EC2 counts it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from reconciler.domain.pace import EndpointCall
from reconciler.ec2.meter import CallMeter, Metered
from tests.account import Account

TRIED_TWICE = Config(retries={"mode": "standard", "total_max_attempts": 2})


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def meter(account: Account) -> CallMeter:
    made = CallMeter()
    made.attach(account.reconciler)
    return made


def test_calls_are_counted_and_none_is_a_throttle(account: Account, meter: CallMeter) -> None:
    account.reconciler.describe_vpcs()
    account.reconciler.describe_subnets()
    assert meter.take() == Metered(2, 0)


def test_what_was_taken_is_not_counted_again(account: Account, meter: CallMeter) -> None:
    account.reconciler.describe_vpcs()
    meter.take()
    assert meter.take() == Metered(0, 0)
    account.reconciler.describe_vpcs()
    assert meter.take() == Metered(1, 0)


def test_calls_that_make_change_and_delete_endpoints_are_counted_by_kind_also_those_that_ec2_refuses(
    account: Account, meter: CallMeter
) -> None:
    ec2, vpc_id = account.reconciler, account.vpc()
    for _ in range(2):
        with suppress(ClientError):
            ec2.create_vpc_endpoint(VpcId=vpc_id, ServiceName="com.amazonaws.eu-west-1.nothing")
    with suppress(ClientError):
        ec2.modify_vpc_endpoint(VpcEndpointId="vpce-0a", PrivateDnsEnabled=True)
    ec2.delete_vpc_endpoints(VpcEndpointIds=["vpce-0a"])
    ec2.describe_vpc_endpoints()
    assert meter.take().endpoint_calls == {
        EndpointCall.CREATE: 2,
        EndpointCall.MODIFY: 1,
        EndpointCall.DELETE: 1,
    }
    assert meter.take().endpoint_calls == {}


def test_a_refusal_is_a_call_and_a_throttle_is_both(account: Account, meter: CallMeter) -> None:
    account.vpc()
    for error in ("UnauthorizedOperation", "RequestLimitExceeded"):
        account.ec2.faults.on_nth_call(1, error)
        with suppress(ClientError):
            account.reconciler.delete_security_group(GroupId="sg-0a")
        account.ec2.faults.clear()
    assert meter.take() == Metered(2, 1)


def test_each_page_is_a_call(account: Account, meter: CallMeter) -> None:
    for number in range(3):
        account.vpc(private="abc", number=number)
    pages = account.reconciler.get_paginator("describe_subnets").paginate(PaginationConfig={"PageSize": 5})
    made = len(list(pages))
    assert made > 1
    assert meter.take() == Metered(made, 0)


def test_a_run_is_counted_whatever_thread_its_calls_are_made_in(account: Account, meter: CallMeter) -> None:
    vpc_id = account.vpc()
    with account.calls() as calls:
        account.one_run(vpc_id)
    assert meter.take().calls == len(calls)


def answering(*answers: Callable[[], AWSResponse]) -> CallMeter:
    """The meter after a call whose tries are answered like this."""
    ec2 = boto3.client("ec2", config=TRIED_TWICE)
    left = iter(answers)
    events: Any = ec2.meta.events
    events.register("before-send.ec2", lambda **_: next(left)())
    made = CallMeter()
    made.attach(ec2)
    with suppress(ClientError, ConnectionClosedError):
        ec2.describe_vpcs()
    return made


def throttled() -> AWSResponse:
    return an_answer(
        503, "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>"
    )


def taken() -> AWSResponse:
    return an_answer(200, "<DescribeVpcsResponse></DescribeVpcsResponse>")


def lost() -> AWSResponse:
    raise ConnectionClosedError(endpoint_url="https://ec2")


def an_answer(status: int, body: str) -> AWSResponse:
    class Raw:
        def stream(self, *_: object, **__: object) -> list[bytes]:
            return [body.encode()]

    headers: Any = {}
    return AWSResponse("https://ec2", status, headers, Raw())


def test_a_try_that_is_throttled_and_the_next_one_that_is_not_are_two_calls_and_a_throttle() -> None:
    assert answering(throttled, taken).take() == Metered(2, 1)


def test_a_call_that_is_throttled_to_the_end_is_as_many_as_were_tried() -> None:
    assert answering(throttled, throttled).take() == Metered(2, 2)


def test_a_try_whose_answer_is_lost_is_a_call() -> None:
    assert answering(lost, taken).take() == Metered(2, 0)
