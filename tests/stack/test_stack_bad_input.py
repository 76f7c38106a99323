"""What cannot be used is named and dropped, and holds up nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from sandbox.sandbox import Sandbox
from sandbox.trail.cloudtrail import Event, cloudtrail_event
from tests.stack.team import Team
from tests.stack.watch import Since, eventually, heals, no_events

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import AttributeBooleanValueTypeDef

_CHANGE: dict[str, AttributeBooleanValueTypeDef] = {"EnableDnsSupport": {"Value": True}}


@pytest.fixture(scope="module")
def event(sandbox: Sandbox, team: Team) -> Callable[[], Event]:
    """Makes the event of a change to a VPC that opted in, as good as new each time."""
    vpc = team.fine_vpc().id
    sandbox.customer.modify_vpc_attribute(VpcId=vpc, **_CHANGE)
    eventually(sandbox.idle, "work is left in the queues")
    (call,) = (each for each in sandbox.ec2.calls if each.params == {"VpcId": vpc, **_CHANGE})
    return lambda: cloudtrail_event(call, sandbox.ec2.account, sandbox.ec2.region)


def without(event: Event, *path: str) -> Event:
    """The event with one part taken out."""
    holder = event
    for name in path[:-1]:
        holder = holder[name]
    del holder[path[-1]]
    return event


def with_part(event: Event, value: object, *path: str) -> Event:
    """The event with one part replaced."""
    holder = event
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = value
    return event


_SPOILT: dict[str, tuple[str, Callable[[Event], Event]]] = {
    "nothing in it": ("malformed-event", lambda event: {}),  # noqa: ARG005
    "no detail": ("malformed-event", lambda event: without(event, "detail")),
    "a detail that is text": ("malformed-event", lambda event: with_part(event, "text", "detail")),
    "no name": ("malformed-event", lambda event: without(event, "detail", "eventName")),
    "a request that is a list": (
        "malformed-event",
        lambda event: with_part(event, ["vpc-1"], "detail", "requestParameters"),
    ),
    "a time that is none": ("malformed-event", lambda event: with_part(event, "noon", "detail", "eventTime")),
    "another account": (
        "foreign-account",
        lambda event: with_part(event, "999988887777", "detail", "recipientAccountId"),
    ),
    "another Region": ("foreign-region", lambda event: with_part(event, "us-east-1", "detail", "awsRegion")),
}


@pytest.mark.parametrize("how", list(_SPOILT))
def test_an_event_that_cannot_be_used_is_named_and_dropped(
    sandbox: Sandbox, event: Callable[[], Event], how: str
) -> None:
    reason, spoil = _SPOILT[how]
    since = Since(sandbox)
    assert sandbox.invoke("IntakeFunction", spoil(event())) == {"batchItemFailures": []}
    eventually(partial(since.metrics, "InputRejected"), "the rejection was not counted")
    assert since.sum_of("InputRejected") == {reason: 1.0}
    assert since.lines("IntakeFunction", f"{reason}: ")
    assert since.lines("ReconcileFunction") == []
    assert sandbox.queues.idle()


def test_the_event_that_was_spoilt_is_good_otherwise(sandbox: Sandbox, event: Callable[[], Event]) -> None:
    since = Since(sandbox)
    good = event()
    assert sandbox.invoke("IntakeFunction", good) == {"batchItemFailures": []}
    eventually(partial(since.runs, good["detail"]["requestParameters"]["vpcId"]), "there was no run")
    assert since.metrics("InputRejected") == []


def test_messages_that_are_not_ours_are_named_and_dropped_and_the_good_one_among_them_is_worked(
    sandbox: Sandbox, team: Team
) -> None:
    vpc = team.fine_vpc().id
    with no_events(sandbox):
        sandbox.customer.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
    since = Since(sandbox)
    good = json.dumps({"vpc_id": vpc, "first_seen": int(since.time * 1000)})
    bad = ["hello", "[1]", '{"some": "thing"}', json.dumps({"vpc_id": vpc, "first_seen": "noon"})]
    # All in one group, so that what is wrong with one could hold up those behind it.
    ids = _send(sandbox, "PassQueue", vpc, [*bad, good])[:-1]
    heals(sandbox, vpc)
    eventually(sandbox.idle, "work is left in the queues")
    assert since.sum_of("InputRejected") == {"malformed-message": float(len(bad))}
    for each in ids:
        assert len(since.lines("ReconcileFunction", f"in message {each}")) == 1


def test_a_request_for_a_sweep_that_is_not_ours_does_no_harm(sandbox: Sandbox) -> None:
    since = Since(sandbox)
    _send(sandbox, "SweepQueue", "someone", ["hello"])
    eventually(partial(since.lines, "SweepFunction", "sweep: "), "there was no sweep")
    eventually(sandbox.idle, "work is left in the queues")


def test_a_run_over_a_vpc_that_is_gone_is_the_end_of_it(sandbox: Sandbox) -> None:
    since, vpc = Since(sandbox), "vpc-0123456789abcdef0"
    _send(sandbox, "PassQueue", vpc, [json.dumps({"vpc_id": vpc, "first_seen": 1})])
    eventually(partial(since.runs, vpc), "there was no run")
    eventually(sandbox.idle, "work is left in the queues")
    assert since.endings(vpc) == ["gone"]


def test_a_vpc_that_ec2_will_not_show_holds_up_no_other_and_heals_when_it_will(
    sandbox: Sandbox, team: Team
) -> None:
    hidden, others = team.fine_vpc().id, [team.fine_vpc().id for _ in range(3)]

    def asks_for_hidden(params: dict[str, Any]) -> bool:
        return hidden in json.dumps(params)

    since = Since(sandbox)
    sandbox.ec2.faults.before("DescribeSubnets", times=1_000_000, when=asks_for_hidden)
    try:
        for vpc in (hidden, *others):
            sandbox.customer.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
        eventually(partial(since.runs, hidden), "there was no run")
        heals(sandbox, *others)
        assert sandbox.truth.faults(hidden) == ["enableDnsSupport is off"]
    finally:
        sandbox.ec2.faults.clear()
    heals(sandbox, hidden)
    assert len(since.lines("IntakeFunction", hidden)) == 1


def _send(sandbox: Sandbox, queue: str, group: str, bodies: list[str]) -> list[str]:
    """Put messages into a queue in one call; answers their ids."""
    entries = [
        {
            "Id": str(number),
            "MessageBody": body,
            "MessageGroupId": group,
            "MessageDeduplicationId": str(uuid4()),
        }
        for number, body in enumerate(bodies)
    ]
    answer = sandbox.client("sqs").send_message_batch(QueueUrl=sandbox.queues.urls[queue], Entries=entries)
    assert not answer.get("Failed")
    return [each["MessageId"] for each in sorted(answer["Successful"], key=lambda each: int(each["Id"]))]
