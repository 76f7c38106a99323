"""What a dead letter says, and what is sent again of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.messages import RunRequest
from vpce import letters
from vpce.letters import Letter, Read

NOW = 1_800_000_000.0
PREFIX = "vpce-remediator"
INTAKE = letters.intake_event(PREFIX)


def read(reader: Read, body: Any, **attributes: str) -> Letter:
    message = {
        "MessageId": "m-1",
        "ReceiptHandle": "r-1",
        "Body": body if isinstance(body, str) else json.dumps(body),
        "Attributes": {"SentTimestamp": str(int((NOW - 60) * 1000))},
        "MessageAttributes": {k: {"StringValue": v, "DataType": "String"} for k, v in attributes.items()},
    }
    return letters.of_message("Dead", message, reader, NOW)


def call(name: str, *, ago: float = 60, error: str = "", **parameters: str) -> dict[str, Any]:
    """An event of a call, as EventBridge delivers it."""
    time = datetime.fromtimestamp(NOW - ago, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    detail: dict[str, Any] = {
        "eventName": name,
        "eventTime": time,
        "eventID": "1f6b1e0e-0000-4000-8000-000000000001",
        "awsRegion": "eu-west-1",
        "recipientAccountId": "111122223333",
        "requestParameters": parameters,
        "responseElements": {"_return": True},
        "userIdentity": {"type": "IAMUser", "userName": "bob"},
    }
    if error:
        detail["errorCode"] = error
    return {
        "id": "1f6b1e0e-0000-4000-8000-000000000002",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.ec2",
        "account": "111122223333",
        "detail": detail,
    }


def failed(event: Any) -> dict[str, Any]:
    """Lambda's record of an invocation that failed for good."""
    return {
        "version": "1.0",
        "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": event,
        "responsePayload": {"errorType": "NotQueued", "errorMessage": "vpc-1: no", "stackTrace": []},
    }


def test_a_run_is_sent_as_a_new_one_and_keeps_what_it_knows() -> None:
    old = RunRequest(
        "vpc-0a",
        int((NOW - 60) * 1000),
        attempts=9,
        began=1,
        failures=5,
        unknowns=4,
        not_before=7,
        swept=True,
    )
    letter = read(letters.run_request, old.to_json())
    assert RunRequest.from_json(letter.again) == RunRequest("vpc-0a", old.first_seen, swept=True)
    assert (letter.vpc_ids, letter.group) == (("vpc-0a",), "vpc-0a")
    assert letter.what == "run of vpc-0a, attempt 9"


@pytest.mark.parametrize(("ago", "kept"), [(60, ("vpc-0a",)), (3600, ())])
def test_a_run_makes_way_only_for_a_deletion_that_someone_still_waits_for(
    ago: float, kept: tuple[str, ...]
) -> None:
    asked = RunRequest("vpc-0a", int((NOW - ago) * 1000), refused=("vpc-0a",))
    assert RunRequest.from_json(read(letters.run_request, asked.to_json()).again).refused == kept


def test_an_event_that_eventbridge_could_not_deliver_is_sent_as_it_was() -> None:
    event = call("DeleteVpcEndpoints", vpcEndpointId="vpce-1")
    letter = read(INTAKE, event, ERROR_CODE="NO_PERMISSIONS", ERROR_MESSAGE="not allowed", RULE_ARN="arn")
    assert json.loads(letter.again) == event
    assert letter.what == "DeleteVpcEndpoints by bob on vpce-1"
    assert letter.error == "NO_PERMISSIONS: not allowed"


def test_of_an_invocation_that_failed_the_event_inside_is_sent() -> None:
    event = call("ModifyVpcAttribute", vpcId="vpc-0a")
    letter = read(INTAKE, failed(event))
    assert json.loads(letter.again) == event
    assert letter.error == "NotQueued: vpc-1: no"
    assert letter.vpc_ids == ("vpc-0a",)


@pytest.mark.parametrize(("ago", "is_sent"), [(60, True), (3600, False)])
def test_a_refused_deletion_that_nobody_waits_for_any_more_is_left(ago: float, is_sent: bool) -> None:
    event = call("DeleteVpc", ago=ago, error="Client.DependencyViolation", vpcId="vpc-0a")
    letter = read(INTAKE, event)
    assert bool(letter.again) is is_sent
    assert ("too long ago" in letter.left) is not is_sent


def test_an_old_event_of_another_kind_is_sent() -> None:
    assert read(INTAKE, call("DeleteVpc", ago=90000, vpcId="vpc-0a")).again


def test_sweeps_ask_for_the_same() -> None:
    scheduled = read(letters.sweep_event, {"source": "aws.scheduler", "detail-type": "Scheduled Event"})
    deployed = read(letters.sweep_event, failed({"detail-type": "CloudFormation Stack Status Change"}))
    assert scheduled.key == deployed.key != ""
    assert "asked for by CloudFormation Stack Status Change" in deployed.what
    assert read(letters.sweep_request, {"first_seen": 1}).key != scheduled.key


def test_a_rest_of_a_sweep_is_sent_again_as_a_whole_one_since_what_was_counted_is_out_of_date() -> None:
    rest = {"first_seen": 1, "vpc_ids": ["vpc-1", "vpc-2"], "so_far": {"in_sync": 4}, "tries": 5}
    letter = read(letters.sweep_request, rest)
    assert letter.what == "rest of a sweep: 2 VPCs that could not be looked at"
    assert json.loads(letter.again or "") == {"first_seen": 1}


@pytest.mark.parametrize("reader", [INTAKE, letters.run_request, letters.sweep_event, letters.sweep_request])
@pytest.mark.parametrize("body", ["", "{", "[]", "7", '"text"', "null", "[" * 100_000])
def test_what_is_none_of_ours_is_malformed_and_nothing_of_it_is_sent(reader: Read, body: str) -> None:
    letter = read(reader, body)
    assert letter.left.startswith("malformed: ")
    assert letter.again == ""


@pytest.mark.parametrize(
    "body", [{}, {"detail": 1, "detail-type": "x"}, failed("text"), failed({"detail": {}})]
)
def test_an_event_without_its_parts_is_malformed(body: Any) -> None:
    letter = read(INTAKE, body)
    assert letter.left.startswith("malformed: ")
    assert letter.again == ""


def test_every_example_event_can_be_sent_again() -> None:
    for path in sorted((Path(__file__).parents[3] / "events").glob("*.json")):
        event = json.loads(path.read_text())
        if "detail-type" in event and event.get("source") in ("aws.ec2", "aws.tag"):
            letter = read(INTAKE, event)
            assert letter.again or "too long ago" in letter.left, path
            assert not letter.left.startswith("malformed"), path


def test_a_letter_without_a_time_is_from_now() -> None:
    message = {"MessageId": "m", "ReceiptHandle": "r", "Body": "{}"}
    assert letters.of_message("Dead", message, letters.sweep_event, NOW).sent == NOW
