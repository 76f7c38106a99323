"""Messages of VPCs whose turn has not come: put off within the queue, each for a time of its own."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.reconcile import app as reconcile
from reconciler.domain.pace import EndpointCall, Precedence
from reconciler.messages import RunRequest
from reconciler.queue import Queue
from tests.account import DEBOUNCE
from tests.unit.fakes import FakeSqs
from tests.unit.installed import Installation

CONTEXT = Mock(spec=LambdaContext, get_remaining_time_in_millis=lambda: 100_000)


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Installation:
    """An installation with no room in its budget."""
    made = Installation(capsys)
    assert made.runtime.means.budget
    made.runtime.means.budget.take(EndpointCall.CREATE, Precedence.NEW)
    made.runtime.means.budget.empty(EndpointCall.CREATE)
    return made


def a_message(body: RunRequest, receives: int = 1) -> dict[str, Any]:
    record = {
        "messageId": "message-0",
        "receiptHandle": "receipt-0",
        "body": body.to_json(),
        "attributes": {"MessageGroupId": body.vpc_id, "ApproximateReceiveCount": str(receives)},
        "eventSource": "aws:sqs",
    }
    return {"Records": [record]}


def waiting(here: Installation) -> RunRequest:
    """The request of a VPC that waits for its turn, and whose message was not put off yet."""
    return RunRequest(here.account.vpc(), first_seen=1, attempts=1, paced=EndpointCall.CREATE)


def test_a_message_whose_turn_has_not_come_is_put_off_by_a_part_of_a_window(here: Installation) -> None:
    answer = reconcile.handle(a_message(waiting(here)), CONTEXT, here.runtime)
    assert answer["batchItemFailures"] == [{"itemIdentifier": "message-0"}]
    [(queue, receipt, seconds)] = here.sqs.put_off
    assert (queue, receipt) == ("passes", "receipt-0")
    assert 1 <= seconds <= DEBOUNCE
    assert here.asked() == []


def test_it_is_put_off_once_and_then_requeued_so_that_it_never_reaches_the_dead_letters(
    here: Installation,
) -> None:
    request = waiting(here)
    answer = reconcile.handle(a_message(request, receives=2), CONTEXT, here.runtime)
    assert answer["batchItemFailures"] == []
    assert here.sqs.put_off == []
    assert here.asked() == [("passes", request.vpc_id)]


def test_what_is_put_off_is_no_fault_in_the_log(here: Installation) -> None:
    reconcile.handle(a_message(waiting(here)), CONTEXT, here.runtime)
    assert "exception" not in here.said()


def test_a_run_that_looked_at_the_vpc_is_requeued_at_once(here: Installation) -> None:
    request = RunRequest(here.account.vpc(), first_seen=1)
    answer = reconcile.handle(a_message(request), CONTEXT, here.runtime)
    assert answer["batchItemFailures"] == []
    assert here.sqs.put_off == []
    assert here.asked() == [("passes", request.vpc_id)]


@pytest.mark.parametrize(("debounce", "longest"), [(30, 30), (0, 5)])
def test_messages_are_put_off_by_times_that_spread_over_a_window(debounce: int, longest: int) -> None:
    sqs = FakeSqs()
    queue = Queue(sqs.client, "passes", debounce)
    for number in range(20 * longest):
        queue.put_off("receipt", f"message-{number}")
    times = [seconds for _, _, seconds in sqs.put_off]
    assert set(times) == set(range(1, longest + 1))
    assert max(times.count(each) for each in set(times)) < 60
