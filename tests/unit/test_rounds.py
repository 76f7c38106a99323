from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.findings import Finding, Kind, Reason, Status
from reconciler.ec2.errors import Refusal, Verdict
from reconciler.queue import PassRequest
from reconciler.reconcile import Ending, Pass, Treated, Treatment
from reconciler.requeue import counts, next_round

NOW = 1_795_420_800.0
DEBOUNCE = 30
DNS = Finding(Kind.DNS_SUPPORT_OFF, "vpc-1", "off", "on")
TAGS = Finding(Kind.TAGS_MISSING, "sg-1", "no Name", "Name = x")
UNREAD = Refusal(Verdict.BLOCKED, Reason.UNAUTHORIZED, "UnauthorizedOperation", "no")


def a_pass(
    *treated: Treated, ending: Ending = Ending.AGAIN, request: PassRequest | None = None, **more: Any
) -> Pass:
    return Pass(request or PassRequest("vpc-1", 7), ending, treated, **more)


def following(done: Pass, debounce: int = DEBOUNCE) -> PassRequest:
    return next_round(done, debounce, NOW)


def counted(done: Pass) -> list[tuple[str, str, str]]:
    return [(count.metric, count.dimension, count.value) for count in counts(done)]


# ---- when it comes round


def test_the_next_round_remembers_since_when_and_how_often() -> None:
    request = PassRequest("vpc-1", 7, rounds=2, release=True)
    began = int(NOW * 1000)
    assert following(a_pass(request=request)) == PassRequest("vpc-1", 7, rounds=3, began=began, release=True)
    again = PassRequest("vpc-1", 7, rounds=2, began=9)
    assert following(a_pass(request=again)).began == 9


def test_a_release_is_asked_for_until_it_is_settled() -> None:
    request = PassRequest("vpc-1", 7, release=True)
    assert following(a_pass(request=request)).release
    assert not following(replace(a_pass(request=request), release_settled=True)).release


@pytest.mark.parametrize(("failures", "pause"), [(0, None), (1, 60), (2, 120), (3, 240), (4, 300), (40, 300)])
def test_a_pass_that_failed_comes_round_after_a_growing_pause(failures: int, pause: int | None) -> None:
    request = PassRequest("vpc-1", 7, failures=failures)
    after = following(a_pass(request=request, failed=True))
    assert after.failures == failures + 1
    assert after.not_before == (0 if pause is None else int((NOW + pause) * 1000))


def test_without_a_debounce_the_pause_grows_all_the_same() -> None:
    request = PassRequest("vpc-1", 7, failures=3)
    assert following(a_pass(request=request, failed=True), debounce=0).not_before == int((NOW + 8) * 1000)


def test_a_pass_that_did_not_fail_ends_the_pauses() -> None:
    request = PassRequest("vpc-1", 7, failures=9, not_before=8)
    after = following(a_pass(request=request))
    assert (after.failures, after.not_before) == (0, 0)


@given(st.integers(0, 900), st.integers(0, 100))
def test_no_pause_is_longer_than_five_minutes(debounce: int, failures: int) -> None:
    done = a_pass(request=PassRequest("vpc-1", 7, failures=failures), failed=True)
    assert following(done, debounce).not_before <= int((NOW + 300) * 1000)


# ---- what is counted


def test_a_drift_is_counted_when_it_is_found_and_when_it_is_put_right() -> None:
    assert counted(a_pass(Treated(DNS, Treatment.REMEDIATED), Treated(TAGS, Treatment.WAITING))) == [
        ("DriftDetected", "Kind", "dns-support-off"),
        ("DriftRemediated", "Kind", "dns-support-off"),
        ("DriftDetected", "Kind", "tags-missing"),
    ]


def test_a_drift_counts_once_on_its_way_to_being_put_right() -> None:
    found = a_pass(Treated(DNS, Treatment.WAITING))
    mended = replace(found, request=following(found), treated=(Treated(DNS, Treatment.REMEDIATED),))
    again = replace(mended, request=following(mended))
    assert counted(found) == [("DriftDetected", "Kind", "dns-support-off")]
    assert counted(mended) == [("DriftRemediated", "Kind", "dns-support-off")]
    assert counted(again) == []


def test_a_drift_that_comes_back_after_it_was_gone_counts_again() -> None:
    found = a_pass(Treated(DNS, Treatment.REMEDIATED))
    clean = a_pass(request=following(found))
    back = replace(found, request=following(clean))
    assert counted(back) == counted(found)


def test_what_was_counted_is_kept_where_the_pass_could_not_look() -> None:
    found = a_pass(Treated(DNS, Treatment.REMEDIATED))
    blind = a_pass(request=following(found), unread=UNREAD, failed=True)
    assert counted(replace(found, request=following(blind))) == []


@pytest.mark.parametrize("status", [Status.CONVERGING, Status.NOTED])
def test_what_is_no_drift_is_not_counted(status: Status) -> None:
    assert counted(a_pass(Treated(replace(DNS, status=status), Treatment.WAITING))) == []


def test_a_blocked_finding_is_counted_by_its_reason() -> None:
    blocked = Treated(DNS, Treatment.BLOCKED, Reason.UNAUTHORIZED)
    assert counted(a_pass(blocked, Treated(TAGS, Treatment.BLOCKED), ending=Ending.BLOCKED)) == [
        ("DriftDetected", "Kind", "dns-support-off"),
        ("RemediationBlocked", "Reason", "unauthorized"),
        ("DriftDetected", "Kind", "tags-missing"),
        ("RemediationBlocked", "Reason", "unknown"),
    ]


def test_a_vpc_that_is_stuck_or_cannot_be_read_is_blocked_for_that_reason() -> None:
    assert counted(a_pass(ending=Ending.STUCK)) == [("RemediationBlocked", "Reason", "stuck")]
    unread = a_pass(ending=Ending.BLOCKED, unread=UNREAD)
    assert counted(unread) == [("RemediationBlocked", "Reason", "unauthorized")]
    assert counted(replace(unread, ending=Ending.AGAIN)) == []


def test_a_finding_is_the_same_one_whatever_was_found_this_time() -> None:
    found = a_pass(Treated(TAGS, Treatment.WAITING))
    changed = replace(TAGS, found="Name = y")
    again = a_pass(Treated(changed, Treatment.WAITING), request=following(found))
    assert counted(again) == []
    other = a_pass(Treated(replace(TAGS, resource="sg-2"), Treatment.WAITING), request=following(found))
    assert counted(other) == [("DriftDetected", "Kind", "tags-missing")]
