"""What the ledger keeps of a VPC is read as it was written, also by the version after and before."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.domain.findings import Reason, Status, zone_uncovered
from reconciler.domain.memory import Announced, Cause, Change, InVain, Made, Memory, OpenFinding
from reconciler.domain.memory_json import Unreadable, dumps, loads

NOON = 1_795_435_200
EMPTY = Memory("vpc-1")
CAUSE = Cause("event-1", "ModifyVpcAttribute", "ada", NOON - 10)
BLOCKED = OpenFinding(
    "endpoint-missing",
    "x.logs",
    NOON,
    Status.BLOCKED,
    Reason.UNAUTHORIZED,
    CAUSE,
    Announced(Change.BLOCKED, NOON + 5, Reason.UNAUTHORIZED),
)
OPEN = OpenFinding("dns-support-off", "vpc-1", NOON, Status.WAITING, announced=Announced(Change.DETECTED, 7))
UNTOLD = OpenFinding("endpoint-not-ready", "vpce-1", NOON, Status.WAITING)


def read(memory: Memory) -> Memory:
    return loads(dumps(memory), EMPTY)


def without_events(memory: Memory) -> str:
    """As the version before wrote it, which sent no events."""
    document = json.loads(dumps(memory))
    del document["quiet"]
    for finding in document["findings"]:
        del finding["announced"]
    return json.dumps(document)


def findings(memory: Memory) -> dict[str, Announced | None]:
    return {each.status: each.announced for each in memory.findings}


@pytest.mark.parametrize("quiet", [True, False])
def test_what_was_announced_and_that_the_ledger_was_lost_are_kept(quiet: bool) -> None:
    memory = replace(EMPTY, findings=(BLOCKED, OPEN, UNTOLD), quiet=quiet, made={"sg-1": Made("sg-1", "x")})
    assert read(memory) == memory


def test_what_stood_open_when_events_came_is_not_news() -> None:
    stood = tuple(OpenFinding("tags-missing", each, NOON, each) for each in Status)
    stood = tuple(
        replace(each, reason=Reason.STUCK) if each.status is Status.BLOCKED else each for each in stood
    )
    memory = loads(without_events(replace(EMPTY, findings=stood)), EMPTY)
    assert findings(memory) == {
        Status.REMEDIABLE: None,
        Status.REMEDIATED: Announced(Change.REMEDIATED, NOON),
        Status.WAITING: Announced(Change.DETECTED, NOON),
        Status.BLOCKED: Announced(Change.BLOCKED, NOON, Reason.STUCK),
        Status.CONTESTED: Announced(Change.CONTESTED, NOON),
        Status.LEAVING: Announced(Change.LEAVING, NOON),
        Status.IMPAIRED: Announced(Change.IMPAIRED, NOON),
        Status.REPORTED: Announced(Change.DETECTED, NOON),
        Status.INFORMATIONAL: None,
    }
    assert not memory.quiet


def test_what_this_version_did_not_announce_is_not_taken_for_announced() -> None:
    assert [each.announced for each in read(replace(EMPTY, findings=(UNTOLD,))).findings] == [None]


def test_the_version_before_reads_what_this_one_writes() -> None:
    """It leaves out what it does not know: what it writes then has no events."""
    document = json.loads(dumps(replace(EMPTY, findings=(BLOCKED,))))
    known = {"kind", "resource", "since", "status", "reason", "cause"}
    assert set(document["findings"][0]) - known == {"announced", "detail"}


def test_what_a_newer_version_writes_beside_it_is_left_out() -> None:
    document = json.loads(dumps(replace(EMPTY, findings=(BLOCKED,))))
    document["findings"][0]["announced"]["more"] = 1
    document["findings"][0]["more"] = 1
    assert loads(json.dumps(document), EMPTY).findings == (BLOCKED,)


@pytest.mark.parametrize(
    "announced",
    [
        {"change": "found", "time": 1},
        {"change": "blocked", "time": 1, "reason": "why"},
        "blocked",
        {"time": 1},
    ],
)
def test_what_nobody_announces_cannot_be_read(announced: Any) -> None:
    document = json.loads(dumps(replace(EMPTY, findings=(BLOCKED,))))
    document["findings"][0]["announced"] = announced
    with pytest.raises(Unreadable):
        loads(json.dumps(document), EMPTY)


def test_what_ec2_was_asked_for_in_vain_is_kept_and_need_not_be_there() -> None:
    asked = (
        InVain("0a", NOON, Status.BLOCKED, Reason.UNAUTHORIZED, "no"),
        InVain("0b", NOON, Status.WAITING, failed=True),
        InVain("0c", NOON, Status.BLOCKED, findings=(zone_uncovered("a", "full", Status.BLOCKED),)),
    )
    memory = replace(EMPTY, in_vain=asked)
    assert read(memory) == memory
    document = json.loads(dumps(memory))
    del document["in_vain"][0]["findings"]
    assert loads(json.dumps(document), EMPTY) == memory
    del document["in_vain"]
    assert loads(json.dumps(document), EMPTY) == EMPTY
