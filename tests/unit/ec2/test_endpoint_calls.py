"""The calls that make endpoints, against answers that the sandbox's EC2 does not give."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from mypy_boto3_ec2 import EC2Client

from reconciler.domain.actions import CreateEndpoint
from reconciler.ec2 import endpoint_calls
from reconciler.ec2.endpoint_calls import Answer
from reconciler.ec2.errors import Verdict

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class FakeEc2:
    """Answers each `CreateVpcEndpoint` with the endpoint that it has for its token, the way EC2 may: as it
    was when it was made."""

    def __init__(self, *answers: Mapping[str, Any]) -> None:
        self.answers = list(answers)
        self.tokens: list[str] = []

    def create_vpc_endpoint(self, **request: Any) -> dict[str, Any]:
        self.tokens.append(request["ClientToken"])
        answer = self.answers[min(len(self.tokens), len(self.answers)) - 1]
        return {"VpcEndpoint": {"State": "pending", "CreationTimestamp": NOW, **answer}}


def create(ec2: FakeEc2, spent: frozenset[str] = frozenset()) -> Answer:
    action = CreateEndpoint("vpc-1", "logs", (("subnet-a",),), "sg-1", {"Name": "ours"}, spent=spent)
    return endpoint_calls.create(cast("EC2Client", ec2), action, "sg-1", NOW.timestamp())


def test_a_token_that_brings_back_an_endpoint_that_serves_no_more_is_spent() -> None:
    ec2 = FakeEc2({"VpcEndpointId": "vpce-old"}, {"VpcEndpointId": "vpce-new"})
    assert create(ec2, spent=frozenset({"vpce-old"})).refusal is None
    assert len(set(ec2.tokens)) == 2


def test_a_token_that_brings_back_an_endpoint_of_an_hour_ago_is_spent() -> None:
    old = {"VpcEndpointId": "vpce-old", "CreationTimestamp": NOW - timedelta(hours=1)}
    ec2 = FakeEc2(old, {"VpcEndpointId": "vpce-new"})
    assert create(ec2).refusal is None
    assert len(set(ec2.tokens)) == 2


def test_the_same_request_has_the_same_token_so_that_nothing_is_made_twice() -> None:
    ec2 = FakeEc2({"VpcEndpointId": "vpce-new"})
    create(ec2)
    create(ec2)
    assert len(ec2.tokens) == 2
    assert len(set(ec2.tokens)) == 1
    assert len(ec2.tokens[0]) <= 64


def test_when_every_token_is_spent_the_vpc_is_requeued() -> None:
    ec2 = FakeEc2({"VpcEndpointId": "vpce-old", "State": "Deleted"})
    refusal = create(ec2).refusal
    assert refusal is not None
    assert refusal.verdict is Verdict.WAIT
    assert "vpce-old" in refusal.message
