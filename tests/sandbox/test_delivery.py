"""Events go by the deployed rules, and rules that could never work on AWS are refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.control_plane.ministack import ControlPlane
from sandbox.sandbox import wait_until
from sandbox.trail.delivery import Delivery, RuleError, Target

_RULES = "arn:aws:events:eu-west-1:111122223333:rule"
_FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:intake"
_QUEUE = "arn:aws:sqs:eu-west-1:111122223333:events.fifo"


class Plane(ControlPlane):
    """A control plane of lists: its rules match by the event's name alone."""

    def __init__(self) -> None:
        super().__init__("nowhere", Path("nowhere"))
        self.rules: list[dict[str, Any]] = []
        self.targets: dict[str, list[dict[str, Any]]] = {}
        self.policies: dict[str, Any] = {}
        self.asked: list[str] = []
        self.invoked: list[tuple[str, str, str]] = []
        self.sent: list[dict[str, Any]] = []
        self.fails: Callable[[str], bool] = lambda _name: False

    def __hash__(self) -> int:
        return id(self)

    def rule(self, name: str, matches: str, *targets: Mapping[str, Any], state: str = "ENABLED") -> None:
        """Deploy a rule, and the permission for the function."""
        pattern = json.dumps({"source": ["aws.ec2"], "detail": {"eventName": [matches]}})
        arn = f"{_RULES}/{name}"
        self.rules.append({"Name": name, "Arn": arn, "State": state, "EventPattern": pattern})
        self.targets[name] = [{"Id": "1", **each} for each in targets or [{"Arn": _FUNCTION}]]

    def may_invoke(self, **condition: Any) -> None:
        """Let EventBridge invoke the function."""
        self._may(_FUNCTION, "lambda:InvokeFunction", condition)

    def may_send(self, **condition: Any) -> None:
        """Let EventBridge send to the queue."""
        self._may(_QUEUE, ["sqs:SendMessage"], condition)

    def _may(self, resource: str, action: Any, condition: Any) -> None:
        statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}}
        allowed = {"Action": action, "Resource": resource, "Condition": condition}
        self.policies[resource] = {"Statement": [{**statement, **allowed}]}

    def client(self, service: str, access_key: str = "") -> Any:  # noqa: ARG002
        return self

    # ---- what boto3's clients would do

    class exceptions:  # noqa: N801
        class ResourceNotFoundException(Exception):
            pass

    def get_paginator(self, _operation: str) -> Any:
        return SimpleNamespace(paginate=lambda: [{"Rules": self.rules[:1]}, {"Rules": self.rules[1:]}])

    def list_targets_by_rule(self, *, Rule: str) -> Any:  # noqa: N803
        return {"Targets": self.targets[Rule]}

    def test_event_pattern(self, *, EventPattern: str, Event: str) -> Any:  # noqa: N803
        self.asked.append(EventPattern)
        name = json.loads(Event)["detail"]["eventName"]
        if name == "Unaskable":
            raise ClientError({"Error": {"Code": "InternalFailure", "Message": ""}}, "TestEventPattern")
        return {"Result": name in json.loads(EventPattern)["detail"]["eventName"]}

    def get_policy(self, *, FunctionName: str) -> Any:  # noqa: N803
        if FunctionName not in self.policies:
            raise self.exceptions.ResourceNotFoundException
        return {"Policy": json.dumps(self.policies[FunctionName])}

    def invoke(self, *, FunctionName: str, Payload: bytes, InvocationType: str = "wait") -> Any:  # noqa: N803
        name = json.loads(Payload)["detail"]["eventName"]
        self.invoked.append((FunctionName, name, InvocationType))
        return {"FunctionError": "Unhandled"} if self.fails(name) else {}

    def get_queue_url(self, *, QueueName: str) -> Any:  # noqa: N803
        return {"QueueUrl": f"at/{QueueName}"}

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> Any:  # noqa: N803
        assert AttributeNames == ["Policy"]
        found = self.policies.get(f"{_QUEUE.rpartition(':')[0]}:{QueueUrl.removeprefix('at/')}")
        return {"Attributes": {"Policy": json.dumps(found)}} if found else {}

    def send_message(self, **message: Any) -> None:
        self.sent.append(message)


def event(name: str, source: str = "aws.ec2", role: str | None = None) -> dict[str, Any]:
    """An event of a call, by a session of `role` if there is one."""
    identity = {"sessionContext": {"sessionIssuer": {"arn": role}}} if role else {}
    return {"id": name, "source": source, "detail": {"eventName": name, "userIdentity": identity}}


@pytest.fixture
def plane() -> Plane:
    made = Plane()
    made.may_invoke()
    made.may_send()
    return made


@pytest.fixture
def delivery(plane: Plane) -> Iterator[Delivery]:
    made = Delivery(plane, delay=0.0)
    yield made
    made.stop()


def test_an_event_goes_to_the_targets_of_every_rule_that_matches(plane: Plane, delivery: Delivery) -> None:
    plane.rule("vpcs", "CreateVpc")
    plane.rule("vpcs-too", "CreateVpc", {"Arn": _QUEUE, "SqsParameters": {"MessageGroupId": "all"}})
    plane.rule("subnets", "CreateSubnet")
    delivery.learn_rules()
    assert [rule.name for rule in delivery.deliver(event("CreateVpc"))] == ["vpcs", "vpcs-too"]
    assert plane.invoked == [(_FUNCTION, "CreateVpc", "wait")]
    (sent,) = plane.sent
    assert (sent["QueueUrl"], sent["MessageGroupId"]) == ("at/events.fifo", "all")
    assert json.loads(sent["MessageBody"]) == event("CreateVpc")


def test_an_event_that_no_rule_matches_goes_nowhere(plane: Plane, delivery: Delivery) -> None:
    plane.rule("vpcs", "CreateVpc")
    delivery.learn_rules()
    assert delivery.deliver(event("RunInstances")) == []
    assert plane.invoked == []


def test_a_rule_that_is_switched_off_or_has_only_a_schedule_is_not_heard(
    plane: Plane, delivery: Delivery
) -> None:
    plane.rule("off", "CreateVpc", state="DISABLED")
    plane.rule("scheduled", "CreateVpc")
    del plane.rules[-1]["EventPattern"]
    delivery.learn_rules()
    assert delivery.rules == ()


def test_a_rule_of_another_source_is_not_even_asked(plane: Plane, delivery: Delivery) -> None:
    plane.rule("vpcs", "CreateVpc")
    delivery.learn_rules()
    assert delivery.deliver(event("CreateVpc", source="aws.tag")) == []
    assert plane.asked == []


def test_rules_are_those_of_the_latest_deployment(plane: Plane, delivery: Delivery) -> None:
    plane.rule("vpcs", "CreateVpc")
    delivery.learn_rules()
    plane.rules.clear()
    delivery.learn_rules()
    assert delivery.deliver(event("CreateVpc")) == []


@pytest.mark.parametrize("shape", ["Input", "InputPath", "InputTransformer"])
def test_a_target_that_wants_the_event_in_another_shape_is_refused(
    plane: Plane, delivery: Delivery, shape: str
) -> None:
    plane.rule("vpcs", "CreateVpc", {"Arn": _FUNCTION, shape: "…"})
    with pytest.raises(RuleError, match=shape):
        delivery.learn_rules()


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({}, True),
        ({"ArnLike": {"AWS:SourceArn": f"{_RULES}/vpcs"}}, True),
        ({"ArnLike": {"AWS:SourceArn": f"{_RULES}/*"}}, True),
        ({"ArnLike": {"AWS:SourceArn": f"{_RULES}/subnets"}}, False),
        ({"StringEquals": {"AWS:SourceAccount": "111122223333"}}, True),
        ({"StringEquals": {"AWS:SourceAccount": "999988887777"}}, False),
    ],
)
def test_a_rule_needs_the_permission_to_invoke_its_function(
    plane: Plane, delivery: Delivery, condition: dict[str, Any], allowed: bool
) -> None:
    plane.rule("vpcs", "CreateVpc")
    plane.may_invoke(**condition)
    if allowed:
        delivery.learn_rules()
        assert delivery.rules[0].targets == (Target(_FUNCTION),)
        return
    with pytest.raises(RuleError, match="no permission to send to"):
        delivery.learn_rules()


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({"StringEquals": {"aws:SourceAccount": "111122223333"}}, True),
        ({"StringEquals": {"aws:SourceAccount": ["999988887777", "111122223333"]}}, True),
        ({"StringEquals": {"aws:SourceAccount": "999988887777"}}, False),
        ({"ArnEquals": {"aws:SourceArn": f"{_RULES}/subnets"}}, False),
    ],
)
def test_a_rule_needs_the_permission_to_send_to_its_queue(
    plane: Plane, delivery: Delivery, condition: dict[str, Any], allowed: bool
) -> None:
    plane.rule("vpcs", "CreateVpc", {"Arn": _QUEUE})
    plane.may_send(**condition)
    if allowed:
        delivery.learn_rules()
        assert delivery.rules[0].targets == (Target(_QUEUE),)
        return
    with pytest.raises(RuleError, match="no permission to send to"):
        delivery.learn_rules()


@pytest.mark.parametrize(
    "change", [{"Effect": "Deny"}, {"Action": "sqs:ReceiveMessage"}, {"Resource": "*:other"}]
)
def test_the_permission_must_be_one_to_send_to_this_queue(
    plane: Plane, delivery: Delivery, change: dict[str, Any]
) -> None:
    plane.rule("vpcs", "CreateVpc", {"Arn": _QUEUE})
    plane.policies[_QUEUE]["Statement"][0].update(change)
    with pytest.raises(RuleError, match="no permission to send to"):
        delivery.learn_rules()


@pytest.mark.parametrize("target", [_FUNCTION, _QUEUE])
def test_what_nobody_gave_a_policy_may_not_be_used(plane: Plane, delivery: Delivery, target: str) -> None:
    plane.rule("vpcs", "CreateVpc", {"Arn": target})
    plane.policies.clear()
    with pytest.raises(RuleError, match="no permission to send to"):
        delivery.learn_rules()


def test_the_permission_must_be_eventbridges(plane: Plane, delivery: Delivery) -> None:
    plane.rule("vpcs", "CreateVpc")
    plane.policies[_FUNCTION]["Statement"][0]["Principal"] = {"Service": "s3.amazonaws.com"}
    with pytest.raises(RuleError, match="no permission to send to"):
        delivery.learn_rules()


def test_an_invocation_that_fails_is_made_again_in_the_background(plane: Plane, delivery: Delivery) -> None:
    plane.rule("vpcs", "CreateVpc")
    plane.fails = lambda _name: True
    delivery.learn_rules()
    delivery.deliver(event("CreateVpc"))
    assert [kind for _, _, kind in plane.invoked] == ["wait", "Event"]


def test_what_is_offered_is_delivered_and_then_all_is_idle(plane: Plane, delivery: Delivery) -> None:
    plane.rule("vpcs", "CreateVpc")
    delivery.learn_rules()
    assert delivery.idle
    delivery.offer([event("CreateVpc"), event("RunInstances"), event("CreateVpc")])
    assert not delivery.idle
    delivery.start()
    assert wait_until(lambda: delivery.idle, 10, every=0.01)
    assert len(plane.invoked) == 2
    counts = delivery.counts
    assert (counts.events, counts.matched, counts.deliveries, counts.failures) == (3, 2, 2, 0)


def test_an_event_that_cannot_be_delivered_is_counted_and_reported_and_the_next_one_is_delivered(
    plane: Plane, delivery: Delivery, caplog: pytest.LogCaptureFixture
) -> None:
    plane.rule("vpcs", "CreateVpc")
    delivery.learn_rules()
    delivery.start()
    delivery.offer([event("Unaskable"), event("CreateVpc")])
    assert wait_until(lambda: delivery.idle, 10, every=0.01)
    assert delivery.counts.failures == 1
    assert "event Unaskable was not delivered" in caplog.text
    assert [name for _, name, _ in plane.invoked] == ["CreateVpc"]


def test_an_event_is_held_back_for_as_long_as_the_trail_takes(plane: Plane) -> None:
    slow = Delivery(plane, delay=600.0)
    plane.rule("vpcs", "CreateVpc")
    slow.learn_rules()
    slow.offer([event("CreateVpc")])
    assert not slow.idle
    assert plane.invoked == []


def test_what_matched_is_counted_by_the_role_whose_it_was(plane: Plane, delivery: Delivery) -> None:
    plane.rule("vpcs", "CreateVpc")
    delivery.learn_rules()
    for each in ("CreateVpc", "CreateVpc", "RunInstances"):
        delivery.deliver(event(each, role="the-role"))
    delivery.deliver(event("CreateVpc"))
    assert delivery.counts.matched_of["the-role"] == 2
    assert delivery.counts.matched_of["another"] == 0
