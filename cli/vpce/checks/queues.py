"""Dead letters, and whether work waits too long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..words import ago, count
from .check import Check, ok, warning, wrong

if TYPE_CHECKING:
    from .patient import Patient

_DEAD = ("IntakeDeadLetters", "PassDeadLetters", "SweepDeadLetters", "SweepRequestDeadLetters")
# A message that is older has been tried again and again, or is not read at all. Intake takes events within
# seconds; a run may have to wait for AWS.
_OLD_SECONDS = {"EventQueue": 300, "PassQueue": 900, "SweepQueue": 900}
_LOOK_SECONDS = 900
_CURES = {
    "EventQueue": "intake is behind: look whether it reads its queue, and at its errors; "
    "docs/operating.md#when-events-wait",
}
_CURE = "a VPC that is requeued is told by vpce status; else look at the function that reads it"


def look_at_dead_letters(patient: Patient) -> Iterator[Check]:
    """A line for each queue of dead letters that has any, one for all where none has."""
    found = False
    for logical_id, url in _there(patient, _DEAD):
        attributes = patient.account.sqs.get_queue_attributes(
            QueueUrl=url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )["Attributes"]
        letters = sum(int(each) for each in attributes.values())
        if letters:
            found = True
            yield wrong(
                "dead letters",
                f"{logical_id} has {count(letters, 'dead letter')}",
                "see what they are: vpce redrive --dry-run; mend the cause, then send them again: vpce "
                "redrive; only what crashes each run is discarded: vpce redrive --delete",
            )
    if not found:
        yield ok("dead letters", "there are none")


def look_at_ages(patient: Patient) -> Iterator[Check]:
    """A line for each queue in which a message waits too long."""
    end = datetime.fromtimestamp(patient.now + 60, UTC)
    start = datetime.fromtimestamp(patient.now - _LOOK_SECONDS, UTC)
    waits = False
    for logical_id, url in _there(patient, tuple(_OLD_SECONDS)):
        points = patient.account.cloudwatch.get_metric_statistics(
            Namespace="AWS/SQS",
            MetricName="ApproximateAgeOfOldestMessage",
            Dimensions=[{"Name": "QueueName", "Value": url.rpartition("/")[2]}],
            StartTime=start,
            EndTime=end,
            Period=60,
            Statistics=["Maximum"],
        )["Datapoints"]
        if not points:
            continue
        last = max(points, key=lambda point: point["Timestamp"])
        if last["Maximum"] > _OLD_SECONDS[logical_id]:
            waits = True
            yield warning(
                "queues",
                f"the oldest message of {logical_id} came {ago(last['Maximum'])}",
                _CURES.get(logical_id, _CURE),
            )
    if not waits:
        yield ok("queues", "no message waits for long")


def _there(patient: Patient, logical_ids: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for logical_id in logical_ids:
        if url := patient.resources.get(logical_id):
            yield logical_id, url
