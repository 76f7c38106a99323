"""The function that takes events, on the sandbox's EC2 and a queue that keeps what it is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast
from unittest.mock import Mock, patch

import pytest

from functions.intake import app as intake
from reconciler.domain.memory import Cause
from reconciler.queue import NotQueued
from tests.account import INSTALLATION, Account
from tests.unit.fakes import refusal
from tests.unit.installed import Installation


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Installation:
    return Installation(capsys)


def an_event(name: str, request: Any, **detail: Any) -> dict[str, Any]:
    return {
        "id": "event-1",
        "detail-type": "AWS API Call via CloudTrail",
        "account": "111122223333",
        "detail": {
            "eventName": name,
            "eventTime": "2026-11-23T08:00:00Z",
            "awsRegion": "eu-west-1",
            "recipientAccountId": "111122223333",
            "requestParameters": request,
            **detail,
        },
    }


def test_intake_asks_for_a_run_over_the_opted_in_vpc_of_an_event(here: Installation) -> None:
    vpc_id = here.account.vpc()
    intake.handle(an_event("ModifyVpcAttribute", {"vpcId": vpc_id}), here.runtime)
    assert here.asked() == [("passes", vpc_id)]
    [message] = here.sqs.sent
    assert json.loads(message["MessageBody"]) == {
        "vpc_id": vpc_id,
        "first_seen": 1_795_420_800_000,
        "attempts": 0,
        "began": 0,
        "failures": 0,
        "unknowns": 0,
        "not_before": 0,
        "refused": [],
        "swept": False,
        "counted": [],
        "made": [],
        "contests": [],
        "correlation_id": "event-1",
    }


def test_intake_drops_a_vpc_that_has_not_opted_in(here: Installation) -> None:
    vpc_id = here.account.vpc(profile=None)
    intake.handle(an_event("ModifyVpcAttribute", {"vpcId": vpc_id}), here.runtime)
    assert here.asked() == []
    assert here.rejected() == []


def test_intake_asks_for_a_sweep_where_the_vpc_cannot_be_reported(here: Installation) -> None:
    here.account.vpc()
    intake.handle(an_event("DeleteSubnet", {"subnetId": "subnet-0123456789abcdef0"}), here.runtime)
    assert here.asked() == [("sweeps", "region")]
    [message] = here.sqs.sent
    assert json.loads(message["MessageBody"]) == {"first_seen": 1_795_420_800_000}


def test_intake_asks_for_the_release_of_a_vpc_whose_deletion_was_refused(here: Installation) -> None:
    vpc_id = here.account.vpc()
    refused = an_event("DeleteVpc", {"vpcId": vpc_id}, errorCode="Client.DependencyViolation")
    intake.handle(refused, here.runtime)
    [message] = here.sqs.sent
    assert json.loads(message["MessageBody"])["refused"] == [vpc_id]


ADA = {"type": "IAMUser", "userName": "ada"}


def test_intake_keeps_who_did_what_in_the_ledger(here: Installation) -> None:
    vpc_id = here.account.vpc()
    event = an_event("ModifyVpcAttribute", {"vpcId": vpc_id}, userIdentity=ADA, eventID="call-1")
    intake.handle(event, here.runtime)
    intake.handle(event, here.runtime)
    memory = here.account.ledger.read(vpc_id)
    assert memory is not None
    assert memory.causes == (Cause("call-1", "ModifyVpcAttribute", "ada", 1_795_420_800, (vpc_id,)),)


def test_intake_keeps_no_cause_of_a_vpc_that_has_not_opted_in(here: Installation) -> None:
    vpc_id = here.account.vpc(profile=None)
    before = dict(here.account.dynamo.items)
    intake.handle(an_event("ModifyVpcAttribute", {"vpcId": vpc_id}, userIdentity=ADA), here.runtime)
    assert here.account.dynamo.items == before


def test_intake_asks_for_a_run_where_the_ledger_refuses(here: Installation) -> None:
    vpc_id = here.account.vpc()
    here.account.dynamo.error = refusal("AccessDeniedException")
    intake.handle(an_event("ModifyVpcAttribute", {"vpcId": vpc_id}, userIdentity=ADA), here.runtime)
    assert here.asked() == [("passes", vpc_id)]


def test_intake_asks_for_runs_first_and_a_ledger_that_refuses_once_for_many_vpcs(here: Installation) -> None:
    """A ledger that hangs takes seconds a call; the event must not be lost for it."""
    vpcs = sorted(here.account.vpc(number=number) for number in (1, 2, 3))
    tags = {"tagSet": {"items": [{"key": INSTALLATION.profile_key, "value": "appmesh"}]}}
    resources = {"resourcesSet": {"items": [{"resourceId": each} for each in vpcs]}}
    asked_before: list[int] = []

    def refuse(**_item: Any) -> None:
        asked_before.append(len(here.asked()))
        raise refusal("ThrottlingException")

    with patch.object(here.account.dynamo, "put_item", refuse):
        intake.handle(an_event("CreateTags", {**resources, **tags}, userIdentity=ADA), here.runtime)
    assert here.asked() == [("passes", each) for each in vpcs]
    assert asked_before == [3]


def test_intake_loses_no_event_where_ec2_refuses_the_look_up(here: Installation) -> None:
    vpc_id = here.account.vpc()
    refuse = Mock(side_effect=refusal("RequestLimitExceeded"))
    here.runtime.ec2 = cast("Any", Mock(get_paginator=refuse))
    intake.handle(an_event("ModifyVpcAttribute", {"vpcId": vpc_id}), here.runtime)
    intake.handle(an_event("DeleteSubnet", {"subnetId": "subnet-0a"}), here.runtime)
    assert here.asked() == [("passes", vpc_id), ("sweeps", "region")]


def test_a_burst_of_events_of_a_vpc_is_one_look_up(here: Installation) -> None:
    vpc_id = here.account.vpc()
    with here.account.calls() as calls:
        for _ in range(5):
            intake.handle(an_event("ModifyVpcAttribute", {"vpcId": vpc_id}), here.runtime)
    assert len(calls) == 1
    here.account.clock.advance(61)
    with here.account.calls() as calls:
        intake.handle(an_event("ModifyVpcAttribute", {"vpcId": vpc_id}), here.runtime)
    assert len(calls) == 1


@pytest.mark.parametrize("name", ["DescribeVpcs", "RunInstances"])
def test_intake_says_why_it_ignores_an_event_and_counts_no_rejection(here: Installation, name: str) -> None:
    intake.handle(an_event(name, {}), here.runtime)
    assert here.said().startswith(f"ignored: {name}")
    assert (here.asked(), here.rejected()) == ([], [])


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"id": "event-1", "detail": {}},
        {"id": "event-1", "detail-type": "Scheduled Event", "detail": {}},
        an_event("DeleteVpc", None),
        {**an_event("DeleteVpc", {"vpcId": "vpc-0a"}), "id": 7},
        an_event("DeleteVpc", {"vpcId": "vpc-0a"}, eventTime=None),
        an_event("DeleteVpc", {"vpcId": "vpc-0a"}, awsRegion=7),
        {**an_event("DeleteVpc", {}), "detail": "vpc-1"},
    ],
)
def test_intake_names_a_malformed_event_in_a_line_and_a_metric_and_drops_it(
    here: Installation, event: dict[str, Any]
) -> None:
    intake.handle(event, here.runtime)
    assert here.rejected() == ["malformed-event"]
    assert here.said().startswith("malformed-event: ")
    assert f"in event {event}"[:300] in here.said()
    assert here.asked() == []


@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        ({"recipientAccountId": "999999999999"}, "foreign-account"),
        ({"awsRegion": "us-east-1"}, "foreign-region"),
    ],
)
def test_intake_drops_a_record_of_elsewhere_by_name(
    here: Installation, detail: Mapping[str, str], reason: str
) -> None:
    vpc_id = here.account.vpc()
    intake.handle(an_event("ModifyVpcAttribute", {"vpcId": vpc_id}, **detail), here.runtime)
    assert (here.asked(), here.rejected()) == ([], [reason])


def test_intake_fails_where_the_queue_refuses_so_that_the_event_is_tried_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    account = Account()
    vpc_id = account.vpc()
    here = Installation(capsys, refusing=(vpc_id,))
    here.runtime.ec2 = account.reconciler
    with pytest.raises(NotQueued, match=vpc_id):
        intake.handle(an_event("ModifyVpcAttribute", {"vpcId": vpc_id}), here.runtime)
