from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.conclusion import Ending, Run
from reconciler.domain.contest import Contest
from reconciler.domain.findings import Reason, Status
from reconciler.domain.memory import InVain, Made
from reconciler.domain.pace import EndpointCall
from reconciler.messages import RunRequest
from reconciler.requeue import next_request

NOW = 1_795_420_800.0
DEBOUNCE = 30


def a_run(request: RunRequest, **more: Any) -> Run:
    return Run(request, Ending.REQUEUED, **more)


def following(done: Run, debounce: int = DEBOUNCE) -> RunRequest:
    return next_request(done, debounce, NOW)


# ---- when it is requeued


def test_the_next_request_remembers_since_when_and_how_often() -> None:
    request = RunRequest("vpc-1", 7, attempts=2, refused=("vpc-1",))
    began = int(NOW * 1000)
    assert following(a_run(request, refused=("vpc-1",))) == RunRequest(
        "vpc-1", 7, attempts=3, began=began, refused=("vpc-1",)
    )
    again = RunRequest("vpc-1", 7, attempts=2, began=9)
    assert following(a_run(again)).began == 9


def test_a_refused_deletion_is_asked_for_until_it_is_settled() -> None:
    request = RunRequest("vpc-1", 7, refused=("subnet-1", "subnet-2"))
    assert following(a_run(request, refused=("subnet-2",))).refused == ("subnet-2",)
    assert following(a_run(request)).refused == ()


def test_what_the_ledger_did_not_take_goes_with_the_message() -> None:
    made, fought = (Made("vpce-1", "our-stack/logs", 7),), (Contest("dns-support-off", "vpc-1", "", (7,)),)
    asked = (InVain("a digest", 7, Status.BLOCKED, Reason.UNAUTHORIZED, "no"),)
    after = following(a_run(RunRequest("vpc-1", 7), unproven=made, contests=fought, asked=asked))
    assert (after.made, after.contests, after.asked) == (made, fought, asked)
    again = following(a_run(after))
    assert (again.made, again.contests, again.asked) == ((), (), ())


def test_drift_that_the_sweep_found_stays_that() -> None:
    assert following(a_run(RunRequest("vpc-1", 7, swept=True))).swept


@pytest.mark.parametrize(("failures", "pause"), [(0, None), (1, 60), (2, 120), (3, 240), (4, 300), (40, 300)])
def test_a_run_that_failed_is_requeued_after_a_growing_pause(failures: int, pause: int | None) -> None:
    request = RunRequest("vpc-1", 7, failures=failures)
    after = following(a_run(request, failed=True))
    assert after.failures == failures + 1
    assert after.not_before == (0 if pause is None else int((NOW + pause) * 1000))


def test_without_a_debounce_the_pause_grows_all_the_same() -> None:
    request = RunRequest("vpc-1", 7, failures=3)
    assert following(a_run(request, failed=True), debounce=0).not_before == int((NOW + 8) * 1000)


def test_a_run_that_did_not_fail_ends_the_pauses() -> None:
    request = RunRequest("vpc-1", 7, failures=9, not_before=8)
    after = following(a_run(request))
    assert (after.failures, after.not_before) == (0, 0)


CREATE = EndpointCall.CREATE


def test_who_waits_for_its_turn_spends_no_attempt_and_its_time_begins_with_the_turn() -> None:
    request = RunRequest("vpc-1", 7, attempts=2, began=9)
    waiting = following(a_run(request, paced=CREATE, awaits_turn=True))
    assert (waiting.attempts, waiting.turns, waiting.began) == (2, 1, int(NOW * 1000))
    served = following(a_run(replace(waiting, began=9)))
    assert (served.attempts, served.turns, served.began) == (3, 1, int(NOW * 1000))
    assert following(a_run(replace(served, began=9))).began == 9


def test_who_is_throttled_spends_no_attempt_and_pauses_longer_each_time() -> None:
    request, pauses = RunRequest("vpc-1", 7, attempts=1, began=9), []
    for _ in range(4):
        request = following(a_run(request, paced=CREATE, failed=True))
        pauses.append(request.not_before and request.not_before / 1000 - NOW)
        assert (request.attempts, request.began) == (1, 9)
    assert pauses == [0, 60, 120, 240]


def test_a_run_before_its_turn_neither_ends_the_pauses_nor_makes_them_longer() -> None:
    throttled = RunRequest("vpc-1", 7, attempts=1, began=9, failures=3, paced=CREATE, awaits_turn=True)
    early = following(a_run(throttled, paced=CREATE, awaits_turn=True, is_early=True))
    assert (early.failures, early.not_before, early.began) == (3, 0, 9)
    assert following(a_run(early, paced=CREATE, failed=True)).failures == 4
    served = following(a_run(early))
    assert (served.failures, served.began) == (0, int(NOW * 1000))


def test_who_waits_for_its_turn_and_asked_in_vain_spends_an_attempt() -> None:
    request = RunRequest("vpc-1", 7, attempts=2, began=9)
    again = following(a_run(request, paced=CREATE, in_vain=True))
    assert (again.attempts, again.began, again.paced) == (3, 9, CREATE)


def test_where_all_that_waits_was_asked_for_before_its_time_goes_on() -> None:
    """Several such VPCs keep each other waiting."""
    request = RunRequest("vpc-1", 7, attempts=2, began=9, paced=CREATE)
    for more in ({}, {"is_early": True}):
        again = following(a_run(request, paced=CREATE, **more))
        assert (again.attempts, again.began, again.awaits_turn) == (2, 9, False)


def test_errors_that_are_not_known_are_counted_on_while_what_met_them_waits_for_its_turn() -> None:
    request = RunRequest("vpc-1", 7, unknowns=3, paced=CREATE)
    assert following(a_run(request, paced=CREATE, is_early=True)).unknowns == 3
    assert following(a_run(request, paced=CREATE, was_unknown=True)).unknowns == 3
    assert following(a_run(request, paced=CREATE)).unknowns == 0


@given(st.integers(0, 900), st.integers(0, 100))
def test_no_pause_is_longer_than_five_minutes(debounce: int, failures: int) -> None:
    done = a_run(RunRequest("vpc-1", 7, failures=failures), failed=True)
    assert following(done, debounce).not_before <= int((NOW + 300) * 1000)
