"""The way of an event from the trail to the functions: through the rules that the stack deployed.

Nobody but AWS may put an `aws.` event on a bus, and ministack keeps to that; so what EventBridge would do
with the event is done here: every enabled rule of the default bus is asked by the emulator's own
`TestEventPattern`, and the targets of those that match get the event. It runs in threads off a queue, so
that no EC2 call waits for it.
"""

from __future__ import annotations

import fnmatch
import json
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.control_plane.ministack import ControlPlane

Event = Mapping[str, Any]

_log = logging.getLogger(__name__)
_SIDE_BY_SIDE = 3
"""Deliveries at a time: a burst at cold functions would start an interpreter for each event at once."""

_NO_POLICY: Mapping[str, Any] = {"Statement": []}
_SHAPING = ("Input", "InputPath", "InputTransformer")


class RuleError(RuntimeError):
    """A deployed rule that could never work on AWS, or that the sandbox cannot play."""


@dataclass(frozen=True)
class Target:
    """Where a rule sends what it matches."""

    arn: str
    message_group: str | None = None

    @property
    def service(self) -> str:
        """`lambda` or `sqs`."""
        return self.arn.split(":")[2]


@dataclass(frozen=True)
class EventRule:
    """A deployed rule."""

    name: str
    pattern: str
    targets: tuple[Target, ...]

    def may_match(self, event: Event) -> bool:
        """Whether it is worth asking: saves a call for each rule of another source."""
        sources = json.loads(self.pattern).get("source", [event["source"]])
        return event["source"] in sources or not all(isinstance(each, str) for each in sources)


@dataclass
class Counts:
    """What went through so far."""

    events: int = 0
    matched: int = 0
    deliveries: int = 0
    failures: int = 0
    matched_of: Counter[str] = field(default_factory=Counter)
    """How many that matched were raised by sessions of each role, by the role's ARN."""


class Delivery:
    """Delivers events, each `delay` seconds after it was offered, about in the order in which they came."""

    def __init__(self, plane: ControlPlane, delay: float = 0.2) -> None:
        self.delay = delay
        self.counts = Counts()
        self._counting = threading.Lock()
        self._plane = plane
        self._events = plane.client("events")
        self._lambda = plane.client("lambda")
        self._sqs = plane.client("sqs")
        self._rules: tuple[EventRule, ...] = ()
        self._waiting: queue.Queue[tuple[float, Event] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)

    @property
    def rules(self) -> tuple[EventRule, ...]:
        """The rules that it goes by."""
        return self._rules

    @property
    def idle(self) -> bool:
        """Whether everything offered so far has been delivered, and the functions are through with it."""
        return self._waiting.unfinished_tasks == 0

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """Deliver no more; what still waits is dropped."""
        self._waiting.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def learn_rules(self) -> None:
        """Read the deployed rules anew: once after each deployment."""
        pages = self._events.get_paginator("list_rules").paginate()
        enabled = [each for page in pages for each in page["Rules"] if each["State"].startswith("ENABLED")]
        self._rules = tuple(self._rule(each) for each in enabled if "EventPattern" in each)

    def offer(self, events: Iterable[Event]) -> None:
        """Deliver these, after the delay."""
        due = time.monotonic() + self.delay
        for event in events:
            self._waiting.put((due, event))

    def matching(self, event: Event) -> Sequence[EventRule]:
        """The rules that match `event`."""
        text = json.dumps(event)
        return [
            rule
            for rule in self._rules
            if rule.may_match(event)
            and self._events.test_event_pattern(EventPattern=rule.pattern, Event=text)["Result"]
        ]

    def deliver(self, event: Event) -> Sequence[EventRule]:
        """Send `event` to the targets of every rule that matches; answers those rules."""
        matching = self.matching(event)
        targets = [target for rule in matching for target in rule.targets]
        with self._counting:
            self.counts.events += 1
            self.counts.matched += bool(matching)
            self.counts.deliveries += len(targets)
            self.counts.matched_of[_issuer(event)] += bool(matching)
        for target in targets:
            self._send(target, json.dumps(event))
        return matching

    def _run(self) -> None:
        with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="delivery") as pool:
            while (item := self._waiting.get()) is not None:
                due, event = item
                time.sleep(max(0.0, due - time.monotonic()))
                pool.submit(self._deliver_if_possible, event)

    def _deliver_if_possible(self, event: Event) -> None:
        try:
            self.deliver(event)
        except (ClientError, BotoCoreError):
            with self._counting:
                self.counts.failures += 1
            _log.exception("event %s was not delivered", event.get("id"))
        finally:
            self._waiting.task_done()

    def _send(self, target: Target, body: str) -> None:
        if target.service == "lambda":
            self._invoke(target.arn, body.encode())
            return
        group = {"MessageGroupId": target.message_group} if target.message_group else {}
        address = self._sqs.get_queue_url(QueueName=target.arn.rsplit(":", 1)[1])["QueueUrl"]
        self._sqs.send_message(QueueUrl=address, MessageBody=body, **group)

    def _invoke(self, function: str, body: bytes) -> None:
        """Invoke and wait, so that few run side by side; what fails is tried again as EventBridge does."""
        answer = self._lambda.invoke(FunctionName=function, Payload=body)
        if "FunctionError" in answer:
            self._lambda.invoke(FunctionName=function, InvocationType="Event", Payload=body)

    def _rule(self, found: Mapping[str, Any]) -> EventRule:
        targets = self._events.list_targets_by_rule(Rule=found["Name"])["Targets"]
        for target in targets:
            self._check(found, target)
        return EventRule(
            name=found["Name"],
            pattern=found["EventPattern"],
            targets=tuple(_target(each) for each in targets),
        )

    def _check(self, rule: Mapping[str, Any], target: Mapping[str, Any]) -> None:
        """Refuse what AWS would accept at deployment, and then never deliver."""
        if shaped := [name for name in _SHAPING if name in target]:
            raise RuleError(f"rule {rule['Name']} has {', '.join(shaped)}, which the sandbox does not play")
        policy_of = {"lambda": self._policy_of_function, "sqs": self._policy_of_queue}
        policy = policy_of[_target(target).service](target["Arn"])
        if not any(_allows(statement, rule["Arn"], target["Arn"]) for statement in policy["Statement"]):
            raise RuleError(f"rule {rule['Name']} has no permission to send to {target['Arn']}")

    def _policy_of_function(self, arn: str) -> Any:
        try:
            return json.loads(self._lambda.get_policy(FunctionName=arn)["Policy"])
        except self._lambda.exceptions.ResourceNotFoundException:
            return _NO_POLICY

    def _policy_of_queue(self, arn: str) -> Any:
        address = self._sqs.get_queue_url(QueueName=arn.rsplit(":", 1)[1])["QueueUrl"]
        found = self._sqs.get_queue_attributes(QueueUrl=address, AttributeNames=["Policy"])
        policy = found.get("Attributes", {}).get("Policy")
        return json.loads(policy) if policy else _NO_POLICY


def _issuer(event: Event) -> str:
    """The ARN of the role whose session raised the event; empty for anybody else's."""
    context = event["detail"].get("userIdentity", {}).get("sessionContext", {})
    return str(context.get("sessionIssuer", {}).get("arn", ""))


def _target(found: Mapping[str, Any]) -> Target:
    return Target(found["Arn"], found.get("SqsParameters", {}).get("MessageGroupId"))


def _allows(statement: Mapping[str, Any], rule_arn: str, target_arn: str) -> bool:
    """Whether a statement of a function's or a queue's policy lets EventBridge use it for this rule."""
    if statement["Effect"] != "Allow" or statement["Principal"] != {"Service": "events.amazonaws.com"}:
        return False
    wanted = "sqs:SendMessage" if target_arn.split(":")[2] == "sqs" else "lambda:InvokeFunction"
    if wanted not in _listed(statement["Action"]) or target_arn not in _listed(statement["Resource"]):
        return False
    known = {"aws:sourcearn": rule_arn, "aws:sourceaccount": rule_arn.split(":")[4]}
    tests = [each for test in statement.get("Condition", {}).values() for each in test.items()]
    return all(
        any(fnmatch.fnmatchcase(known[key.lower()], pattern) for pattern in _listed(patterns))
        for key, patterns in tests
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
