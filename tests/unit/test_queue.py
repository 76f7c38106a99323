from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.domain import trail
from reconciler.domain.counts import Count, Metric
from reconciler.domain.index import Index
from reconciler.domain.trail import WATCHED, MalformedEvent, ResourceType, Touched
from reconciler.intake import Intake
from reconciler.messages import RunRequest, SweepRequest
from reconciler.queue import NotQueued, Queue
from tests.unit.domain.test_trail import an_api_call
from tests.unit.fakes import FakeDynamo, FakeSqs, a_ledger
from tests.unit.test_intake_histories import touched

URL = "https://runs.fifo"
NOW = 1_795_420_800.0
COUNT = Count(Metric.DRIFT_DETECTED, "dns-support-off", "dns-support-off", "vpc-2")


def sent(
    requests: list[RunRequest], now: float = NOW, debounce: int = 30, origin: str = "event-1"
) -> list[Any]:
    sqs = FakeSqs()
    Queue(sqs.client, URL, debounce).request_runs(requests, now, origin)
    assert {url for url, _ in sqs.calls} <= {URL}
    return sqs.sent


def dedup_id(vpc_id: str = "vpc-1", now: float = NOW, debounce: int = 30, origin: str = "event-1") -> str:
    [entry] = sent([RunRequest(vpc_id, 0)], now, debounce, origin)
    found = entry["MessageDeduplicationId"]
    assert isinstance(found, str)
    return found


# ---- windows

TIMES = st.floats(min_value=1e9, max_value=4e9)
DEBOUNCES = st.integers(1, 900)


@given(TIMES, TIMES, DEBOUNCES)
def test_an_event_is_covered_by_a_message_that_is_delivered_after_its_windows_end(
    first: float, later: float, debounce: int
) -> None:
    """A message that stands for an event of `later`, since SQS drops that one's own, was sent at `first`; it
    is held back for a debounce."""
    assume(first <= later)
    if dedup_id(now=first, debounce=debounce) == dedup_id(now=later, debounce=debounce):
        assert first + debounce >= later


@given(TIMES, st.floats(0, 900), DEBOUNCES)
def test_two_events_a_window_apart_or_more_get_two_passes(now: float, more: float, debounce: int) -> None:
    apart = now + debounce + 0.001 + more
    assert dedup_id(now=now, debounce=debounce) != dedup_id(now=apart, debounce=debounce)


def test_a_burst_in_one_window_costs_one_run() -> None:
    start = NOW - NOW % 30
    assert len({dedup_id(now=start + n * 0.3, origin=f"event-{n}") for n in range(100)}) == 1


def test_vpcs_do_not_stand_for_each_other() -> None:
    assert dedup_id("vpc-1") != dedup_id("vpc-2")


def test_without_a_debounce_each_event_asks_for_itself_and_twice_handled_asks_once() -> None:
    assert dedup_id(debounce=0, origin="event-1") != dedup_id(debounce=0, origin="event-2")
    assert dedup_id(debounce=0, now=NOW) == dedup_id(debounce=0, now=NOW + 1)


def test_without_a_debounce_no_event_is_dropped_for_one_that_comes_twice() -> None:
    """A batch of an event that was handled before and of a new one asks anew."""
    clock, sqs = [NOW], FakeSqs()
    queue = Queue(sqs.client, URL, 0)
    intake = Intake(lambda _: Index(clock[0], {"vpc-1": "vpc-1"}), a_ledger(FakeDynamo()), lambda: clock[0])
    first, second = (touched(each, "ModifyVpcAttribute", NOW, "vpc-1") for each in (1, 2))
    ids = []
    for batch in ([first], [first, first], [first, second], [second, first], [second]):
        taken = intake.take(batch)
        queue.request_runs(taken.requests, clock[0], taken.origins)
        ids.append(sqs.sent[-1]["MessageDeduplicationId"])
    assert ids[0] == ids[1]
    assert ids[2] == ids[3]
    assert len(set(ids)) == 3


def dedup_ids(*requests: RunRequest) -> set[str]:
    return {entry["MessageDeduplicationId"] for entry in sent(list(requests))}


def test_a_vpc_that_is_requeued_does_not_lose_what_its_message_carries_to_an_events() -> None:
    assert len(dedup_ids(RunRequest("vpc-1", 8), RunRequest("vpc-1", 7, attempts=1))) == 2


def test_an_attempt_is_not_taken_for_the_one_before_it() -> None:
    assert len(dedup_ids(RunRequest("vpc-1", 7, attempts=1), RunRequest("vpc-1", 7, attempts=2))) == 2


def test_a_vpc_that_waits_for_its_turn_is_not_taken_for_itself_before() -> None:
    """It spends no attempt, and clocks differ."""
    assert len(dedup_ids(*(RunRequest("vpc-1", 7, attempts=1, turns=turns) for turns in (0, 1)))) == 2


def test_a_refused_deletion_is_not_lost_to_an_event_nor_to_another_in_the_same_vpc() -> None:
    first, second = "subnet-0123456789abcdef0", "subnet-0fedcba9876543210"
    refused = ((), (first,), (second,), (first, second, "subnet-1"), (first, second, "subnet-2"))
    assert len(dedup_ids(*(RunRequest("vpc-1", 7, refused=ids) for ids in refused))) == 5


# ---- sending


@given(
    st.builds(an_api_call, st.sampled_from(sorted(WATCHED)), st.fixed_dictionaries({"vpcId": st.text()})),
    st.text() | st.text("0123456789abcdef-", max_size=200),
    st.integers(0, 2),
)
def test_what_an_event_asks_for_is_always_a_message_that_sqs_takes(
    event: dict[str, Any], event_id: str, debounce: int
) -> None:
    """At most 128 letters, digits and punctuation for a group and for a deduplication id."""
    try:
        touched = trail.read(event | {"id": event_id}, "vpce-remediator")
    except MalformedEvent:
        return
    assert isinstance(touched, Touched)
    vpc_ids = {"vpc-0123456789abcdef0", *touched.ids.get(ResourceType.VPC, ())}
    for entry in sent([RunRequest(each, 7) for each in vpc_ids], NOW, debounce, touched.event_id):
        for key in ("MessageGroupId", "MessageDeduplicationId"):
            assert re.fullmatch(r"[!-~]{1,128}", entry[key])


def test_each_vpc_is_a_message_group_of_its_own() -> None:
    requests = [RunRequest("vpc-1", 7), RunRequest("vpc-2", 8, 3, counted=(COUNT,))]
    entries = sent(requests)
    assert [each["MessageGroupId"] for each in entries] == ["vpc-1", "vpc-2"]
    assert [RunRequest.from_json(each["MessageBody"]) for each in entries] == requests


def test_more_than_sqs_takes_in_a_call_are_sent_in_several() -> None:
    entries = sent([RunRequest(f"vpc-{n}", 7) for n in range(25)])
    assert [entry["MessageGroupId"] for entry in entries] == [f"vpc-{n}" for n in range(25)]


def test_nothing_to_ask_for_makes_no_call() -> None:
    assert sent([]) == []


def test_all_are_tried_and_those_that_sqs_refused_are_named() -> None:
    sqs = FakeSqs(refusing={"vpc-3", "vpc-11"})
    with pytest.raises(NotQueued, match="vpc-3: try again; vpc-11: try again"):
        Queue(sqs.client, URL, 30).request_runs([RunRequest(f"vpc-{n}", 7) for n in range(12)], NOW, "e")
    assert len(sqs.sent) == 12


@pytest.mark.parametrize(("debounce", "window"), [(30, 30), (0, 5)])
def test_sweeps_are_asked_for_in_one_group_and_stand_for_each_other_within_a_window(
    debounce: int, window: int
) -> None:
    """The queue holds a message back for as long as a window is, so it comes after all it stands for."""
    sqs = FakeSqs()
    queue = Queue(sqs.client, URL, debounce)
    for at in (0, window - 1, window):
        queue.request_sweep(7, NOW + at)
    assert {each["MessageGroupId"] for each in sqs.sent} == {"region"}
    first, second, third = (each["MessageDeduplicationId"] for each in sqs.sent)
    assert first == second != third
    assert SweepRequest.from_json(sqs.sent[0]["MessageBody"]) == SweepRequest(7)
