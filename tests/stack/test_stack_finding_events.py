"""Who has a rule on the default bus hears of each finding, from the deployed functions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest

from reconciler.event_bus import SOURCE
from sandbox.ec2 import AssumedRole
from sandbox.sandbox import Sandbox
from sandbox.trail.cloudtrail import cloudtrail_event
from tests.finding_events import valid
from tests.stack.team import Team
from tests.stack.watch import Since, eventually, heals

_NAME = "somebodys-findings"
_PIPELINE = AssumedRole("arn:aws:iam::111122223333:role/pipeline", "deploy-7")


class Inbox:
    """A queue of somebody's, behind a rule of theirs on the program's events."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sqs, self._events = sandbox.client("sqs"), sandbox.client("events")
        self._url = self._sqs.create_queue(QueueName=_NAME)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        arn = attributes["Attributes"]["QueueArn"]
        self._events.put_rule(Name=_NAME, EventPattern=json.dumps({"source": [SOURCE]}), State="ENABLED")
        self._events.put_targets(Rule=_NAME, Targets=[{"Id": "inbox", "Arn": arn}])
        self._heard: list[Mapping[str, Any]] = []

    def of(self, vpc: str) -> list[Mapping[str, Any]]:
        """The details of the events that have come of a VPC, each as the schema says."""
        while messages := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                event = json.loads(message["Body"])
                detail = valid(event["detail"])
                assert event["source"] == SOURCE
                assert event["detail-type"] == f"Finding {detail['change'].capitalize()}"
                self._heard.append(detail)
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return [each for each in self._heard if each["vpc_id"] == vpc]

    def changes(self, vpc: str) -> list[str]:
        """What has been heard of a VPC."""
        return [each["change"] for each in self.of(vpc)]

    def forget(self, vpc: str) -> None:
        """What has come so far is of the past."""
        past = self.of(vpc)
        self._heard = [each for each in self._heard if each not in past]

    def close(self) -> None:
        self._events.remove_targets(Rule=_NAME, Ids=["inbox"])
        self._events.delete_rule(Name=_NAME)
        self._sqs.delete_queue(QueueUrl=self._url)


@pytest.fixture
def inbox(sandbox: Sandbox) -> Iterator[Inbox]:
    made = Inbox(sandbox)
    yield made
    made.close()


def test_a_break_is_told_with_who_did_it_what_was_done_and_the_event_that_led_to_it(
    sandbox: Sandbox, team: Team, inbox: Inbox
) -> None:
    vpc = team.fine_vpc().id
    inbox.forget(vpc)
    since = Since(sandbox)
    sandbox.ec2_as(_PIPELINE).modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
    heals(sandbox, vpc)
    eventually(lambda: "remediated" in inbox.changes(vpc), "no event came")
    eventually(sandbox.idle, "work is left in the queues")
    detected, remediated = inbox.of(vpc)
    assert (detected["change"], remediated["change"]) == ("detected", "remediated")
    assert remediated["kind"] == "dns-support-off"
    assert remediated["installation"] == sandbox.stack.name

    (broken,) = [
        call for call in sandbox.ec2.calls if call.principal == _PIPELINE and call.params.get("VpcId") == vpc
    ]
    event_id = cloudtrail_event(broken, sandbox.ec2.account, sandbox.ec2.region)["id"]
    assert {detected["correlation_id"], remediated["correlation_id"]} == {event_id}
    assert remediated["cause"]["event_id"] == broken.event_id
    assert "deploy-7" in remediated["cause"]["actor"]

    made = [call for call in since.calls("ReconcileFunction") if call.mutating]
    assert [each["request_id"] for each in remediated["done"]] == [call.request_id for call in made]

    for function in ("IntakeFunction", "ReconcileFunction"):
        lines = [json.loads(line.message) for line in since.lines(function, event_id)]
        of_vpc = [line for line in lines if vpc in line.get("message", "") or vpc in line.get("vpc_ids", [])]
        assert {line["correlation_id"] for line in of_vpc} == {event_id}


def test_what_a_person_has_to_mend_is_told_once_and_that_it_is_over(
    sandbox: Sandbox, team: Team, inbox: Inbox
) -> None:
    vpc = team.fine_vpc()
    inbox.forget(vpc.id)
    team.opts_in(vpc, profile="apmesh")
    eventually(partial(inbox.changes, vpc.id), "no event came")
    sandbox.invoke("SweepFunction", {})
    eventually(sandbox.idle, "work is left in the queues")
    detected, blocked = inbox.of(vpc.id)
    assert (detected["change"], blocked["change"], blocked["reason"]) == (
        "detected",
        "blocked",
        "unknown-profile",
    )
    assert blocked["cure"]
    team.opts_in(vpc, profile="appmesh")
    eventually(lambda: len(inbox.of(vpc.id)) > 2, "no event came")
    eventually(sandbox.idle, "work is left in the queues")
    assert inbox.changes(vpc.id) == ["detected", "blocked", "cleared"]
