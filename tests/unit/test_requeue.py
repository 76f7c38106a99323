from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.queue import RunRequest
from reconciler.reconcile import Ending, Run
from reconciler.requeue import next_request

NOW = 1_795_420_800.0
DEBOUNCE = 30


def a_run(request: RunRequest, **more: Any) -> Run:
    return Run(request, Ending.REQUEUED, **more)


def following(done: Run, debounce: int = DEBOUNCE) -> RunRequest:
    return next_request(done, debounce, NOW)


# ---- when it is requeued


def test_the_next_request_remembers_since_when_and_how_often() -> None:
    request = RunRequest("vpc-1", 7, attempts=2, deletion_refused=True)
    began = int(NOW * 1000)
    assert following(a_run(request, deletion_pending=True)) == RunRequest(
        "vpc-1", 7, attempts=3, began=began, deletion_refused=True
    )
    again = RunRequest("vpc-1", 7, attempts=2, began=9)
    assert following(a_run(again)).began == 9


def test_a_release_is_asked_for_until_it_is_settled() -> None:
    request = RunRequest("vpc-1", 7, deletion_refused=True)
    assert following(a_run(request, deletion_pending=True)).deletion_refused
    assert not following(a_run(request)).deletion_refused


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


@given(st.integers(0, 900), st.integers(0, 100))
def test_no_pause_is_longer_than_five_minutes(debounce: int, failures: int) -> None:
    done = a_run(RunRequest("vpc-1", 7, failures=failures), failed=True)
    assert following(done, debounce).not_before <= int((NOW + 300) * 1000)
