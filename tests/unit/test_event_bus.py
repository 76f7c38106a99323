"""What is put on the bus for the changes of a run's findings."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

from reconciler.domain.changes import Cleared, Detected, News
from reconciler.domain.counts import Concluded, Done
from reconciler.domain.findings import Finding, Kind, Reason, Status
from reconciler.domain.memory import Announced, Cause, Change, OpenFinding
from reconciler.event_bus import EventBus
from tests.finding_events import SCHEMA, valid
from tests.unit.fakes import FakeEvents, refusal

NOON = 1_795_435_200
VPC = "vpc-0123456789abcdef0"
CAUSE = Cause("event-1", "DeleteVpcEndpoints", "ann@example.com (Ops) via console", NOON - 20, ("vpce-1",))
MISSING = Finding(Kind.ENDPOINT_MISSING, "com.amazonaws.eu-west-1.logs", "no endpoint", "one")
DONE = (Done("create an endpoint for logs", "request-1"), Done("tag it"))
REMEDIATED = Concluded(MISSING, Status.REMEDIATED, since=NOON - 15, cause=CAUSE, done=DONE)
BLOCKED = replace(REMEDIATED, status=Status.BLOCKED, reason=Reason.ENDPOINT_QUOTA, detail="no more", done=())
KNOWN = OpenFinding(MISSING.kind, MISSING.resource, NOON - 15, Status.BLOCKED, Reason.ENDPOINT_QUOTA, CAUSE)


class Bus:
    """A bus, what it was sent, and what was said in the log."""

    def __init__(self, error: Exception | None = None) -> None:
        self.events = FakeEvents(error)
        self.said: list[str] = []
        self._bus = EventBus(lambda: self.events.client, "our-stack", self.said.append)

    def announce(self, *news: News) -> list[Any]:
        self._bus.announce(VPC, news, NOON + 0.7, "event-0")
        return [json.loads(each["Detail"]) for each in self.events.sent]


def test_an_event_says_all_that_is_known_of_the_finding() -> None:
    bus = Bus()
    (detail,) = bus.announce(Detected(Change.REMEDIATED, REMEDIATED))
    assert detail == {
        "version": "1",
        "finding_id": f"{VPC}/endpoint-missing/com.amazonaws.eu-west-1.logs",
        "installation": "our-stack",
        "vpc_id": VPC,
        "change": "remediated",
        "resource": "com.amazonaws.eu-west-1.logs",
        "kind": "endpoint-missing",
        "status": "remediated",
        "reason": None,
        "found": "no endpoint",
        "wanted": "one",
        "detail": "",
        "since": "2026-11-23T11:59:45Z",
        "cause": {
            "actor": "ann@example.com (Ops) via console",
            "event_name": "DeleteVpcEndpoints",
            "event_id": "event-1",
            "time": "2026-11-23T11:59:40Z",
        },
        "done": [
            {"call": "create an endpoint for logs", "request_id": "request-1"},
            {"call": "tag it", "request_id": ""},
        ],
        "cure": "nothing to do",
        "time": "2026-11-23T12:00:00Z",
        "correlation_id": "event-0",
    }
    valid(detail)
    (entry,) = bus.events.sent
    assert (entry["Source"], entry["DetailType"]) == ("vpc-endpoint-remediator", "Finding Remediated")
    assert entry["Time"] == datetime(2026, 11, 23, 12, 0, 0, 700_000, UTC)


def test_what_is_detected_and_blocked_in_one_run_has_the_reason_in_the_second_event_alone() -> None:
    detected, blocked = Bus().announce(Detected(Change.DETECTED, BLOCKED), Detected(Change.BLOCKED, BLOCKED))
    assert [each["status"] for each in (detected, blocked)] == ["blocked", "blocked"]
    assert [each["reason"] for each in (detected, blocked)] == [None, "endpoint-quota"]
    assert "L-29B6F2EB" in blocked["cure"]
    valid(detected)
    valid(blocked)


def test_what_is_cleared_is_told_as_it_was_known() -> None:
    (detail,) = Bus().announce(Cleared(KNOWN))
    assert (detail["change"], detail["status"], detail["reason"]) == ("cleared", "cleared", None)
    assert (detail["kind"], detail["resource"]) == (MISSING.kind, MISSING.resource)
    assert detail["cause"]["event_id"] == "event-1"
    assert detail["since"] == "2026-11-23T11:59:45Z"
    valid(detail)


def test_without_a_ledger_neither_age_nor_cause_is_known() -> None:
    (detail,) = Bus().announce(Detected(Change.REMEDIATED, replace(REMEDIATED, since=0, cause=None)))
    assert (detail["since"], detail["cause"]) == (None, None)
    valid(detail)


def test_what_has_no_reason_nor_cause_when_it_is_cleared_is_valid_too() -> None:
    (detail,) = Bus().announce(Cleared(replace(KNOWN, since=0, cause=None, reason=None)))
    assert (detail["since"], detail["cause"]) == (None, None)
    valid(detail)


def test_words_that_are_too_long_are_cut() -> None:
    long = replace(MISSING, found="é" * 5000, wanted="x" * 5000)
    concluded = replace(BLOCKED, finding=long, detail="y" * 5000)
    bus = Bus()
    (detail,) = bus.announce(Detected(Change.BLOCKED, concluded))
    assert {len(detail[each]) for each in ("found", "wanted", "detail")} == {2000}
    assert len(bus.events.sent[0]["Detail"]) < 256 * 1024
    valid(detail)


def test_no_event_costs_no_call_nor_a_client() -> None:
    def client() -> Any:
        raise AssertionError("nobody asked for a client")

    EventBus(client, "our-stack", print).announce(VPC, (), NOON)


def test_events_are_sent_ten_at_a_time_in_their_order() -> None:
    findings = [replace(REMEDIATED, finding=replace(MISSING, resource=f"r-{n}")) for n in range(23)]
    sent = Bus().announce(*(Detected(Change.REMEDIATED, each) for each in findings))
    assert [each["resource"] for each in sent] == [f"r-{n}" for n in range(23)]


@pytest.mark.parametrize(
    "error", [refusal("AccessDeniedException", "not yours"), ConnectTimeoutError(endpoint_url="x")]
)
def test_a_bus_that_takes_nothing_is_asked_once_and_named_in_the_log(error: Exception) -> None:
    bus = Bus(error)
    assert bus.announce(*[Detected(Change.REMEDIATED, REMEDIATED)] * 23) == []
    (said,) = bus.said
    assert said.startswith("23 finding events were not sent: ")


def test_an_event_that_the_bus_does_not_take_is_in_the_log() -> None:
    class Picky(FakeEvents):
        def put_events(self, *, Entries: list[Any]) -> Any:  # noqa: N803
            answer = super().put_events(Entries=Entries)
            answer["Entries"][1] = {"ErrorCode": "InternalFailure", "ErrorMessage": "try again"}
            return answer

    bus = Bus()
    bus.events = Picky()
    bus.announce(Detected(Change.DETECTED, BLOCKED), Detected(Change.BLOCKED, BLOCKED))
    (said,) = bus.said
    assert said.startswith("a finding event was not sent: InternalFailure: try again: {")
    assert '"change": "blocked"' in said


# ---- the schema


def test_the_schema_has_the_words_of_the_code() -> None:
    fields = SCHEMA["properties"]
    assert fields["kind"]["enum"] == list(Kind)
    assert fields["reason"]["enum"] == [*Reason, None]
    assert fields["change"]["enum"] == list(Change)
    never = {Status.REMEDIABLE, Status.INFORMATIONAL}
    assert set(fields["status"]["enum"]) == {*(set(Status) - never), "cleared"}
    assert sorted(SCHEMA["required"]) == sorted(fields)


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": "2"},
        {"more": 1},
        {"kind": "endpoint-lost"},
        {"reason": "because"},
        {"change": "found"},
        {"status": "remediable"},
        {"status": "cleared"},
        {"since": 1_795_435_200},
        {"cause": "ann"},
        {"cause": {"actor": "ann"}},
        {"done": ["create an endpoint"]},
        {"cure": ""},
        {"vpc_id": "subnet-1"},
        {"change": "blocked"},
    ],
)
def test_the_schema_refuses_what_is_not_as_it_says(wrong: dict[str, Any]) -> None:
    (detail,) = Bus().announce(Detected(Change.REMEDIATED, REMEDIATED))
    with pytest.raises(AssertionError):
        valid({**detail, **wrong})


@pytest.mark.parametrize("name", SCHEMA["required"])
def test_no_field_may_be_missing(name: str) -> None:
    (detail,) = Bus().announce(Detected(Change.REMEDIATED, REMEDIATED))
    del detail[name]
    with pytest.raises(AssertionError):
        valid(detail)


def test_what_was_announced_is_not_part_of_an_event() -> None:
    known = replace(KNOWN, announced=Announced(Change.BLOCKED, NOON, Reason.ENDPOINT_QUOTA))
    assert Bus().announce(Cleared(known)) == Bus().announce(Cleared(KNOWN))
