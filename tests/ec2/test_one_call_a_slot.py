"""A client as the functions have it, which tries a call twice, on EC2's buckets."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast
from unittest.mock import Mock

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from reconciler import runtime
from reconciler.published import Function
from sandbox.ec2 import ConnectionLost, Rules
from sandbox.ec2.rules.throttling import calls_empty_a_bucket
from tests.account import ROLE, Account


@pytest.fixture
def account() -> Account:
    return Account(Rules.default() | {calls_empty_a_bucket})


@pytest.fixture
def ec2(account: Account, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The client of a function that has started."""

    def client(name: str, config: Config) -> Any:
        retries = cast("Any", config).retries
        assert retries["total_max_attempts"] > 1
        return account.ec2.client(ROLE, retries=retries) if name == "ec2" else Mock()

    monkeypatch.setattr(runtime, "_client", client)
    return runtime.Runtime.start(Function.RECONCILE).ec2


def deleted(ec2: Any) -> Any:
    return ec2.delete_vpc_endpoints(VpcEndpointIds=["vpce-0a"])


def test_an_endpoint_call_that_ec2_throttles_is_not_tried_again(account: Account, ec2: Any) -> None:
    for _ in range(4):
        deleted(ec2)
    with account.calls() as calls, pytest.raises(ClientError, match="throttled on ec2:DeleteVpcEndpoints"):
        deleted(ec2)
    assert [call.error_code for call in calls] == ["RequestLimitExceeded"]


@pytest.mark.parametrize(
    "call",
    [
        deleted,
        lambda ec2: ec2.create_vpc_endpoint(VpcId="vpc-0a", ServiceName="logs"),
        lambda ec2: ec2.modify_vpc_endpoint(VpcEndpointId="vpce-0a"),
    ],
)
def test_none_that_is_lost_or_that_ec2_cannot_do_is_tried_again(
    account: Account, ec2: Any, call: Any
) -> None:
    for effect, error in (("Unavailable", ClientError), (ConnectionLost, ConnectionClosedError)):
        account.ec2.faults.on_nth_call(1, effect)
        with account.calls() as calls, pytest.raises(error):
            call(ec2)
        assert len(calls) == 1
        account.ec2.faults.clear()


def test_what_ec2_answers_is_what_it_answered(ec2: Any) -> None:
    [failure] = deleted(ec2)["Unsuccessful"]
    assert failure["ResourceId"] == "vpce-0a"
    with pytest.raises(ClientError) as refused:
        ec2.modify_vpc_endpoint(VpcEndpointId="vpce-0a")
    assert refused.value.response["Error"]["Code"] == "InvalidVpcEndpointId.NotFound"
    assert refused.value.operation_name == "ModifyVpcEndpoint"


def test_a_read_is_tried_again(account: Account, ec2: Any) -> None:
    account.ec2.faults.on_nth_call(1, "Unavailable")
    with account.calls() as calls, suppress(ClientError):
        ec2.describe_vpcs()
    assert [call.error_code for call in calls] == ["Unavailable", None]
