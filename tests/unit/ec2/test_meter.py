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

from reconciler.ec2.meter import CallMeter
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
    assert meter.take() == (2, 0)


def test_what_was_taken_is_not_counted_again(account: Account, meter: CallMeter) -> None:
    account.reconciler.describe_vpcs()
    meter.take()
    assert meter.take() == (0, 0)
    account.reconciler.describe_vpcs()
    assert meter.take() == (1, 0)


def test_a_refusal_is_a_call_and_a_throttle_is_both(account: Account, meter: CallMeter) -> None:
    account.vpc()
    for error in ("UnauthorizedOperation", "RequestLimitExceeded"):
        account.ec2.faults.on_nth_call(1, error)
        with suppress(ClientError):
            account.reconciler.delete_security_group(GroupId="sg-0a")
        account.ec2.faults.clear()
    assert meter.take() == (2, 1)


def test_each_page_is_a_call(account: Account, meter: CallMeter) -> None:
    for number in range(3):
        account.vpc(private="abc", number=number)
    pages = account.reconciler.get_paginator("describe_subnets").paginate(PaginationConfig={"PageSize": 5})
    made = len(list(pages))
    assert made > 1
    assert meter.take() == (made, 0)


def test_a_run_is_counted_whatever_thread_its_calls_are_made_in(account: Account, meter: CallMeter) -> None:
    vpc_id = account.vpc()
    with account.calls() as calls:
        account.one_run(vpc_id)
    assert meter.take() == (len(calls), 0)


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
    assert answering(throttled, taken).take() == (2, 1)


def test_a_call_that_is_throttled_to_the_end_is_as_many_as_were_tried() -> None:
    assert answering(throttled, throttled).take() == (2, 2)


def test_a_try_whose_answer_is_lost_is_a_call() -> None:
    assert answering(lost, taken).take() == (2, 0)
