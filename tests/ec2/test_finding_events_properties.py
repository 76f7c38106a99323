"""Over any history, the events of each finding follow upon each other in order, and in the end they say what
stands open."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from reconciler.conclusion import Run
from reconciler.domain.findings import Status
from reconciler.ec2 import observe
from reconciler.messages import RunRequest
from tests.ec2.test_properties import History
from tests.ec2.worlds import LivedIn, OneAfterAnother, play
from tests.finding_events import Subscriber, is_legal

_TOLD = frozenset({Status.BLOCKED, Status.CONTESTED, Status.IMPAIRED, Status.LEAVING})


class Heard(LivedIn):
    """The VPC, and what a subscriber hears of it."""

    changes = 0

    def __init__(self, private: str = "", grace_seconds: int = 0) -> None:
        super().__init__(private, grace_seconds)
        self._subscriber = Subscriber(self.account)
        self._events: dict[tuple[str, str], list[tuple[str, str | None]]] = defaultdict(list)
        self._one_run: Any = self.account.one_run
        vars(self.account)["one_run"] = self._heard_run

    def _heard_run(self, vpc_id: str, request: RunRequest | None = None) -> Run:
        done: Run = self._one_run(vpc_id, request)
        for each in self._subscriber.hears(done):
            before = self._events[each["kind"], each["resource"]]
            assert is_legal(before, each["change"], each["reason"]), (before, each)
            before.append((each["change"], each["reason"]))
            type(self).changes += 1
        if done.unread is None:
            self._says_what_stands_open(done)
        return done

    def _says_what_stands_open(self, done: Run) -> None:
        """What a run found and a person is told of was told last; what it did not find is over."""
        told: dict[tuple[str, str], set[str]] = defaultdict(set)
        for each in done.findings:
            if each.status is not Status.INFORMATIONAL:
                told[each.finding.kind, each.finding.resource].add(each.status)
        for key, events in self._events.items():
            assert key in told or events[-1][0] in ("cleared", "remediated"), (key, events)
        for key, statuses in told.items():
            if statuses <= _TOLD:
                assert self._events[key][-1][0] in statuses, (key, self._events[key])


def test_the_events_of_any_history_are_in_order_and_say_what_stands_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(observe, "ThreadPoolExecutor", OneAfterAnother)
    monkeypatch.setattr("tests.ec2.test_properties.LivedIn", Heard)
    before = Heard.changes
    play(History, examples=12, steps=12)
    assert Heard.changes > before + 200
