"""The functions that run and that sweep, and all three entry points."""

from __future__ import annotations

import json
import math
from typing import Any, cast
from unittest.mock import Mock

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.intake import app as intake
from functions.reconcile import app as reconcile
from functions.sweep import app as sweep
from reconciler.domain.pace import Pace
from reconciler.ec2.observe import Observer
from reconciler.event_bus import EventBus
from tests.account import Account
from tests.unit.fakes import FakeEvents, refusal
from tests.unit.installed import Installation

CONTEXT = Mock(spec=LambdaContext, aws_request_id="request-1", get_remaining_time_in_millis=lambda: 100_000)


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Installation:
    return Installation(capsys, account=Account(pace=Pace(burst=9)))


# ---- reconcile


def a_batch(*messages: tuple[str, Any]) -> dict[str, Any]:
    """An event of SQS's: message group and body of each."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": "x",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {"MessageGroupId": group, "ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:reconcile.fifo",
                "awsRegion": "eu-west-1",
            }
            for number, (group, body) in enumerate(messages)
        ]
    }


def asking_for(vpc_id: str, attempts: int = 0) -> tuple[str, Any]:
    return vpc_id, {"vpc_id": vpc_id, "first_seen": 1_700_000_000_000, "attempts": attempts}


def failures(answer: Any) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_reconcile_makes_a_run_for_each_message_and_lets_them_be_requeued(here: Installation) -> None:
    one, two = here.account.vpc(number=1), here.account.vpc(number=2)
    answer = reconcile.handle(a_batch(asking_for(one), asking_for(two, attempts=1)), CONTEXT, here.runtime)
    assert failures(answer) == []
    assert here.asked() == [("passes", one), ("passes", two)]
    bodies = [json.loads(message["MessageBody"]) for message in here.sqs.sent]
    assert [(body["first_seen"], body["attempts"]) for body in bodies] == [
        (1_700_000_000_000, 1),
        (1_700_000_000_000, 2),
    ]
    group = {"metric": "DriftDetected", "value": "group-missing", "kind": "group-missing", "resource": one}
    assert group in bodies[0]["counted"]


def test_reconcile_asks_for_nothing_more_once_a_vpc_has_converged(here: Installation) -> None:
    vpc_id = here.account.converged_vpc()
    reconcile.handle(a_batch(asking_for(vpc_id)), CONTEXT, here.runtime)
    assert here.asked() == []
    assert f"reconciled {vpc_id}: converged" in here.said()


@pytest.mark.parametrize("body", ["hello", "{}", '{"vpc_id": "subnet-1", "first_seen": 1}'])
def test_reconcile_names_a_message_that_is_not_ours_and_makes_the_other_passes(
    here: Installation, body: str
) -> None:
    one, two = here.account.converged_vpc(number=1), here.account.converged_vpc(number=2)
    batch = a_batch(asking_for(one), ("stray", body), asking_for(two))
    assert failures(reconcile.handle(batch, CONTEXT, here.runtime)) == []
    assert here.rejected() == ["malformed-message"]
    assert "in message message-1" in here.said()
    for vpc_id in (one, two):
        assert f"reconciled {vpc_id}: converged" in here.said()


def dying(here: Installation, good: str) -> None:
    """Let every run die but those over one VPC."""
    truly = here.account.observer
    observer = Mock(spec=Observer)
    observer.one.side_effect = lambda vpc_id, profiles, **more: (
        truly.one(vpc_id, profiles, **more) if vpc_id == good else 1 / 0
    )
    here.runtime.__dict__["observer"] = observer


def test_a_run_that_dies_is_reported_and_is_requeued_and_holds_up_no_other(here: Installation) -> None:
    good = here.account.converged_vpc()
    dying(here, good)
    batch = a_batch(asking_for("vpc-0bad"), asking_for(good))
    assert failures(reconcile.handle(batch, CONTEXT, here.runtime)) == []
    assert "run of vpc-0bad: crashed" in here.said()
    assert f"reconciled {good}: converged" in here.said()
    [message] = here.sqs.sent
    body = json.loads(message["MessageBody"])
    assert (body["vpc_id"], body["attempts"], body["failures"]) == ("vpc-0bad", 1, 1)


def test_a_run_that_dies_again_and_again_is_reported_as_failed_with_its_vpcs_others_alone(
    here: Installation,
) -> None:
    good = here.account.converged_vpc()
    dying(here, good)
    worn_out = "vpc-0bad", {"vpc_id": "vpc-0bad", "first_seen": 1, "failures": 5}
    batch = a_batch(worn_out, asking_for(good), asking_for("vpc-0bad"), asking_for(good))
    assert failures(reconcile.handle(batch, CONTEXT, here.runtime)) == ["message-0", "message-2"]
    assert here.said().count(f"reconciled {good}: converged") == 2
    assert here.asked() == []


def test_a_batch_that_fails_as_a_whole_is_reported_message_by_message(here: Installation) -> None:
    dying(here, "")
    worn_out = "vpc-0bad", {"vpc_id": "vpc-0bad", "first_seen": 1, "failures": 5}
    assert failures(reconcile.handle(a_batch(worn_out), CONTEXT, here.runtime)) == ["message-0"]


def test_a_run_that_has_to_wait_is_not_made_and_is_requeued(here: Installation) -> None:
    vpc_id = here.account.vpc()
    now = int(here.account.clock.now() * 1000)
    early = {"vpc_id": vpc_id, "first_seen": 1, "attempts": 1, "failures": 2, "not_before": now + 1}
    with here.account.calls() as calls:
        reconcile.handle(a_batch((vpc_id, early)), CONTEXT, here.runtime)
    assert calls == []
    [message] = here.sqs.sent
    body = json.loads(message["MessageBody"])
    assert (body["attempts"], body["turns"], body["failures"], body["not_before"]) == (1, 1, 2, now + 1)
    in_time = {**early, "not_before": now}
    reconcile.handle(a_batch((vpc_id, in_time)), CONTEXT, here.runtime)
    assert f"reconciled {vpc_id}: requeued" in here.said()


def announced(here: Installation) -> list[tuple[str, str]]:
    """The change and the correlation id of each event that was sent."""
    details = [json.loads(each["Detail"]) for each in here.events.sent]
    return [(each["change"], each["correlation_id"]) for each in details]


def correlations(here: Installation) -> set[Any]:
    return {line.get("correlation_id") for line in here.lines()}


def test_the_event_that_led_to_a_run_is_named_in_its_lines_its_events_and_its_next_message(
    here: Installation,
) -> None:
    vpc_id = here.account.converged_vpc()
    here.account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})
    group, body = asking_for(vpc_id)
    reconcile.handle(a_batch((group, {**body, "correlation_id": "event-1"})), CONTEXT, here.runtime)
    assert announced(here) == [("detected", "event-1"), ("remediated", "event-1")]
    assert correlations(here) == {"event-1"}
    assert json.loads(here.sqs.sent[0]["MessageBody"])["correlation_id"] == "event-1"


def test_a_message_of_the_version_before_which_has_no_event_is_named_by_its_own_id(
    here: Installation,
) -> None:
    vpc_id = here.account.converged_vpc()
    here.account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})
    reconcile.handle(a_batch(asking_for(vpc_id)), CONTEXT, here.runtime)
    assert announced(here) == [("detected", "message-0"), ("remediated", "message-0")]
    assert correlations(here) == {"message-0"}
    assert json.loads(here.sqs.sent[0]["MessageBody"])["correlation_id"] == "message-0"


def test_each_run_of_a_batch_is_named_by_its_own_event(here: Installation) -> None:
    one, two = here.account.converged_vpc(number=1), here.account.converged_vpc(number=2)
    messages = [
        (vpc_id, {**asking_for(vpc_id)[1], "correlation_id": f"of-{vpc_id}"}) for vpc_id in (one, two)
    ]
    reconcile.handle(a_batch(*messages), CONTEXT, here.runtime)
    of_lines = {line["vpc_id"]: line["correlation_id"] for line in here.lines() if "vpc_id" in line}
    assert of_lines == {one: f"of-{one}", two: f"of-{two}"}


def test_a_run_is_requeued_whatever_the_bus_says(here: Installation) -> None:
    vpc_id = here.account.vpc()
    refusing = FakeEvents(refusal("AccessDeniedException"))
    here.runtime.__dict__["event_bus"] = EventBus(lambda: refusing.client, "x", here.runtime.logger.warning)
    assert failures(reconcile.handle(a_batch(asking_for(vpc_id)), CONTEXT, here.runtime)) == []
    assert here.asked() == [("passes", vpc_id)]
    assert "finding events were not sent: " in here.said()


# ---- sweep


def test_the_request_of_a_sweep_is_named_in_its_lines_and_in_what_it_asks_for(here: Installation) -> None:
    here.account.vpc()
    sweep.handle({}, here.runtime, "request-1", math.inf)
    assert correlations(here) == {"request-1"}
    assert json.loads(here.sqs.sent[0]["MessageBody"])["correlation_id"] == "request-1"


def test_sweep_asks_for_passes_over_the_vpcs_that_differ_and_writes_nothing(here: Installation) -> None:
    here.account.converged_vpc(number=1)
    wrong = here.account.vpc(number=2)
    here.account.vpc(profile=None, number=3)
    with here.account.calls() as calls:
        sweep.handle({}, here.runtime, "request-1", math.inf)
    assert here.account.writes(calls) == []
    assert here.asked() == [("passes", wrong)]
    [message] = here.sqs.sent
    body = json.loads(message["MessageBody"])
    assert (body["first_seen"], body["swept"]) == (int(here.account.clock.now() * 1000), True)
    assert here.said().startswith("sweep: 1 in sync, 0 converging, 1 drifted, 0 blocked")


def test_a_sweep_that_events_asked_for_counts_from_the_first_of_them(here: Installation) -> None:
    here.account.vpc()
    batch = a_batch(("region", {"first_seen": 9}), ("region", {"first_seen": 8}))
    sweep.handle(batch, here.runtime, "request-1", math.inf)
    assert json.loads(here.sqs.sent[0]["MessageBody"])["first_seen"] == 8


def test_a_sweep_that_an_event_asks_for_right_after_another_one_comes_later(here: Installation) -> None:
    """It is put off, not dropped: the one before may have looked at the VPC before the thing was deleted."""
    asked, later = a_batch(("region", {"first_seen": 8})), a_batch(("region", {"first_seen": 9}))
    sweep.handle(asked, here.runtime, "request-1", math.inf)
    here.account.clock.advance(299)
    with here.account.calls() as calls:
        sweep.handle(later, here.runtime, "request-2", math.inf)
    assert calls == []
    assert here.asked() == [("sweeps", "region")]
    assert json.loads(here.sqs.sent[0]["MessageBody"])["first_seen"] == 9
    here.account.clock.advance(1)
    with here.account.calls() as calls:
        sweep.handle(later, here.runtime, "request-3", math.inf)
    assert calls
    assert len(here.asked()) == 1


@pytest.mark.parametrize("event", [{}, a_batch(("region", {"first_seen": 8, "vpc_ids": ["vpc-1"]}))])
def test_the_schedule_and_the_rest_of_a_sweep_wait_for_none(here: Installation, event: Any) -> None:
    sweep.handle(a_batch(("region", {"first_seen": 8})), here.runtime, "request-1", math.inf)
    with here.account.calls() as calls:
        sweep.handle(event, here.runtime, "request-2", math.inf)
    assert calls


def test_sweep_names_a_message_that_is_not_ours_and_sweeps_all_the_same(here: Installation) -> None:
    vpc_id = here.account.vpc()
    sweep.handle(
        a_batch(("stray", "hello"), ("region", {"first_seen": 8})), here.runtime, "request-1", math.inf
    )
    assert here.rejected() == ["malformed-message"]
    assert "in message message-0" in here.said()
    assert here.asked() == [("passes", vpc_id)]


# ---- the entry points


@pytest.mark.parametrize(
    ("module", "event"),
    [(intake, {"id": "event-1"}), (reconcile, a_batch(("stray", "hello"))), (sweep, {"source": "x"})],
)
def test_an_entry_point_works_with_what_was_made_at_import(
    here: Installation, monkeypatch: pytest.MonkeyPatch, module: Any, event: dict[str, Any]
) -> None:
    monkeypatch.setattr(module, "RUNTIME", here.runtime)
    module.handler(event, cast("LambdaContext", CONTEXT))
    assert here.asked() == []


@pytest.mark.parametrize("module", [intake, reconcile, sweep])
def test_what_is_made_at_import_is_of_the_environment(module: Any) -> None:
    assert module.RUNTIME.settings.installation.account == "111122223333"
    assert module.RUNTIME.settings.pass_queue_url.endswith("/runs.fifo")
