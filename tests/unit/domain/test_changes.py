"""Each change of a finding is announced once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.changes import Cleared, Detected, announced, are_to_clear, news, of_gone
from reconciler.domain.counts import Concluded, Done
from reconciler.domain.findings import Finding, Kind, Reason, Status
from reconciler.domain.memory import Announced, Cause, Change, Memory, OpenFinding
from tests.finding_events import is_legal

NOON = 1_795_435_200
VPC = "vpc-1"
OFF = Finding(Kind.DNS_SUPPORT_OFF, VPC, "off", "on")
LEAVES = Finding(Kind.LEAVING, "sg-1", "nobody asks for it", "deleted", Status.LEAVING)
ACL = Finding(Kind.NETWORK_ACL, "acl-1", "denied", "allowed", Status.IMPAIRED)
AT_WORK = Finding(Kind.ENDPOINT_NOT_READY, "vpce-1", "pending", "available", Status.WAITING)
DONE = (Done("turn on enableDnsSupport", "request-1"),)
REMEDIATED = Concluded(OFF, Status.REMEDIATED, done=DONE)
WAITING = Concluded(OFF, Status.WAITING)
REPORTED = Concluded(OFF, Status.REPORTED)
BLOCKED = Concluded(OFF, Status.BLOCKED, Reason.UNAUTHORIZED)
CONTESTED = Concluded(replace(OFF, status=Status.CONTESTED), Status.CONTESTED)
LEAVING = Concluded(LEAVES, Status.LEAVING)
IMPAIRED = Concluded(ACL, Status.IMPAIRED)
ADA = Cause("event-1", "ModifyVpcAttribute", "ada", NOON - 10)
BOB = Cause("event-2", "ModifyVpcAttribute", "bob", NOON + 20)


class Vpc:
    """A VPC whose runs find this and that, and the ledger that goes with it."""

    def __init__(self, memory: Memory | None = None) -> None:
        self.memory = memory or Memory(VPC)
        self.now = float(NOON)

    def finds(self, *concluded: Concluded, after: float = 30, saved: bool = True) -> list[str]:
        """What a run announces: each change, with the reason of what is blocked."""
        self.now += after
        told = [_words(each) for each in news(concluded, self.memory, self.now)]
        last = announced(concluded, self.memory, self.now)
        if saved:
            findings = tuple(_open(each, last.get(_key(each))) for each in concluded)
            self.memory = replace(self.memory, findings=findings, quiet=False, expires=False)
        return told


def _key(each: Concluded) -> tuple[str, str]:
    return each.finding.kind, each.finding.resource


def _open(each: Concluded, last: Announced | None) -> OpenFinding:
    return OpenFinding(*_key(each), NOON, each.status, each.reason, each.cause, last)


def _words(each: Detected | Cleared) -> str:
    if isinstance(each, Cleared):
        return "cleared"
    blocked = each.change is Change.BLOCKED and each.concluded.reason
    return f"{each.change} {each.concluded.reason}" if blocked else str(each.change)


# ---- what is announced


@pytest.mark.parametrize(
    ("concluded", "told"),
    [
        (REMEDIATED, ["detected", "remediated"]),
        (BLOCKED, ["detected", "blocked unauthorized"]),
        (CONTESTED, ["detected", "contested"]),
        (WAITING, ["detected"]),
        (REPORTED, ["detected"]),
        (IMPAIRED, ["impaired"]),
        (LEAVING, ["leaving"]),
        (Concluded(AT_WORK, Status.WAITING), []),
        (Concluded(LEAVES, Status.WAITING), []),
        (Concluded(LEAVES, Status.REPORTED), []),
        (Concluded(replace(OFF, status=Status.INFORMATIONAL), Status.INFORMATIONAL), []),
    ],
)
def test_what_a_run_finds_is_announced_as_what_became_of_it_and_not_again(
    concluded: Concluded, told: list[str]
) -> None:
    vpc = Vpc()
    assert vpc.finds(concluded) == told
    assert vpc.finds(concluded) == []
    assert vpc.finds(concluded, after=60) == []


def test_what_is_waited_for_was_detected_and_is_then_remediated() -> None:
    vpc = Vpc()
    assert vpc.finds(WAITING) == ["detected"]
    assert vpc.finds(REMEDIATED) == ["remediated"]
    assert vpc.finds() == []


def test_what_aws_is_at_work_on_for_too_long_is_blocked_and_then_cleared() -> None:
    vpc = Vpc()
    assert vpc.finds(Concluded(AT_WORK, Status.WAITING)) == []
    assert vpc.finds(Concluded(AT_WORK, Status.BLOCKED, Reason.STUCK)) == ["detected", "blocked stuck"]
    assert vpc.finds(Concluded(AT_WORK, Status.WAITING)) == []
    assert vpc.finds() == ["cleared"]


def test_a_mark_that_cannot_be_put_is_blocked_and_what_bears_it_then_leaves() -> None:
    vpc = Vpc()
    assert vpc.finds(Concluded(LEAVES, Status.WAITING)) == []
    refused = Concluded(LEAVES, Status.BLOCKED, Reason.UNAUTHORIZED)
    assert vpc.finds(refused) == ["detected", "blocked unauthorized"]
    assert vpc.finds(LEAVING) == ["leaving"]


def test_a_mark_that_is_taken_off_again_is_drift_that_was_remediated() -> None:
    vpc = Vpc()
    vpc.finds(LEAVING)
    asked_again = Concluded(replace(LEAVES, status=Status.REMEDIABLE), Status.REMEDIATED, done=DONE)
    assert vpc.finds(asked_again) == ["detected", "remediated"]


def test_what_a_person_should_look_at_may_become_drift_and_go_back() -> None:
    vpc = Vpc()
    drift = Concluded(replace(ACL, status=Status.REMEDIABLE), Status.WAITING)
    told = [vpc.finds(each) for each in (IMPAIRED, drift, IMPAIRED)]
    assert told == [["impaired"], ["detected"], ["impaired"]]


# ---- blocked


def test_a_reason_is_announced_once_and_another_one_again() -> None:
    vpc = Vpc()
    vpc.finds(BLOCKED)
    assert vpc.finds(replace(BLOCKED, reason=Reason.TAG_POLICY)) == ["blocked tag-policy"]
    assert vpc.finds(BLOCKED) == ["blocked unauthorized"]


def test_a_reason_is_not_announced_again_after_a_run_that_had_to_wait_or_only_reports() -> None:
    vpc = Vpc()
    vpc.finds(BLOCKED)
    assert vpc.finds(replace(WAITING, detail="RequestLimitExceeded: slower")) == []
    assert vpc.finds(REPORTED) == []
    assert vpc.finds(BLOCKED) == []
    assert vpc.finds(replace(BLOCKED, detail="other words")) == []


def test_what_was_blocked_and_is_done_is_remediated_and_then_not_cleared() -> None:
    vpc = Vpc()
    vpc.finds(BLOCKED)
    assert vpc.finds(REMEDIATED) == ["remediated"]
    assert vpc.finds() == []


def test_what_was_blocked_and_is_gone_is_cleared_once() -> None:
    vpc = Vpc()
    vpc.finds(BLOCKED)
    assert vpc.finds() == ["cleared"]
    assert vpc.finds() == []
    assert vpc.finds(BLOCKED) == ["detected", "blocked unauthorized"]


def test_what_has_become_mere_information_is_cleared() -> None:
    vpc = Vpc()
    vpc.finds(IMPAIRED)
    known = Concluded(replace(ACL, status=Status.INFORMATIONAL), Status.INFORMATIONAL)
    assert vpc.finds(known) == ["cleared"]
    assert vpc.finds(known) == []


# ---- found again


def test_what_was_remediated_and_is_shown_late_is_no_new_drift() -> None:
    vpc = Vpc()
    broken = replace(REMEDIATED, cause=ADA)
    vpc.finds(broken)
    assert vpc.finds(broken) == []
    assert vpc.finds(replace(WAITING, cause=ADA)) == []
    assert vpc.finds(broken) == []
    assert vpc.finds() == []


@pytest.mark.parametrize("known", [ADA, None])
def test_what_is_undone_by_another_call_is_a_new_drift_however_soon(known: Cause | None) -> None:
    vpc = Vpc()
    vpc.finds(replace(REMEDIATED, cause=known), after=0)
    assert vpc.finds(replace(REMEDIATED, cause=BOB), after=25) == ["detected", "remediated"]


def test_a_call_from_before_the_remediation_that_is_heard_of_late_is_no_new_drift() -> None:
    vpc = Vpc()
    vpc.finds(REMEDIATED)
    assert vpc.finds(replace(REMEDIATED, cause=ADA)) == []


def test_what_is_found_again_after_ec2_would_have_shown_it_is_a_new_drift() -> None:
    vpc = Vpc()
    vpc.finds(REMEDIATED)
    assert vpc.finds(REMEDIATED, after=299) == []
    assert vpc.finds(REMEDIATED, after=1) == ["detected", "remediated"]


def test_what_was_blocked_for_hours_and_is_shown_late_once_it_is_done_is_no_new_drift() -> None:
    vpc = Vpc()
    vpc.finds(BLOCKED)
    assert vpc.finds(REMEDIATED, after=7200) == ["remediated"]
    assert vpc.finds(REMEDIATED) == []


def test_what_is_shown_late_and_then_blocked_or_fought_about_is_told() -> None:
    vpc = Vpc()
    vpc.finds(REMEDIATED)
    assert vpc.finds(BLOCKED) == ["blocked unauthorized"]
    assert vpc.finds(CONTESTED) == ["contested"]
    assert vpc.finds(REMEDIATED) == ["remediated"]


# ---- several of one kind on one thing


def test_several_findings_of_one_kind_on_one_thing_are_one_and_the_gravest_stands_for_all() -> None:
    vpc = Vpc()
    other = replace(OFF, found="off elsewhere")
    both = (replace(REMEDIATED, finding=other), BLOCKED)
    assert vpc.finds(*both) == ["detected", "blocked unauthorized"]
    assert vpc.finds(*reversed(both)) == []
    assert {each.announced for each in vpc.memory.findings} == {
        Announced(Change.BLOCKED, NOON + 30, Reason.UNAUTHORIZED)
    }


def test_what_was_done_about_several_of_one_kind_on_one_thing_is_told_together() -> None:
    second = Done("turn it on again", "request-2")
    other = Concluded(replace(OFF, found="off elsewhere"), Status.REMEDIATED, done=(second,))
    told = news((REMEDIATED, other), Memory(VPC), NOON)
    assert [each.concluded.done for each in told if isinstance(each, Detected)] == [(*DONE, second)] * 2


def test_what_is_information_on_a_thing_clears_nothing_while_aws_is_at_work_on_the_same() -> None:
    vpc = Vpc()
    vpc.finds(Concluded(AT_WORK, Status.BLOCKED, Reason.STUCK))
    known = Concluded(replace(AT_WORK, status=Status.INFORMATIONAL, found="x"), Status.INFORMATIONAL)
    assert vpc.finds(known, Concluded(AT_WORK, Status.WAITING)) == []
    assert vpc.finds(known) == ["cleared"]


# ---- where the ledger cannot tell


@pytest.mark.parametrize("memory", [None, Memory(VPC, quiet=True), Memory(VPC, complete=False)])
def test_without_a_ledger_that_can_tell_only_what_was_done_is_announced(memory: Memory | None) -> None:
    findings = (REMEDIATED, replace(BLOCKED, finding=ACL), LEAVING, Concluded(AT_WORK, Status.WAITING))
    assert [_words(each) for each in news(findings, memory, NOON)] == ["remediated"]
    so_already = replace(REMEDIATED, done=())
    assert news([so_already], memory, NOON) == ()


@pytest.mark.parametrize("memory", [Memory(VPC, quiet=True), Memory(VPC, complete=False)])
def test_what_was_not_announced_since_the_ledger_was_lost_is_not_announced_later(memory: Memory) -> None:
    vpc = Vpc(memory)
    assert vpc.finds(BLOCKED, IMPAIRED) == []
    vpc.memory = replace(vpc.memory, complete=True)
    assert vpc.finds(BLOCKED, IMPAIRED) == []
    assert vpc.finds(IMPAIRED) == ["cleared"]


# ---- gone, and cleared without a run


def test_what_stands_open_in_a_vpc_that_is_gone_is_cleared() -> None:
    vpc = Vpc()
    vpc.finds(BLOCKED, Concluded(AT_WORK, Status.WAITING), IMPAIRED)
    cleared = [each.before.kind for each in of_gone(vpc.memory) if isinstance(each, Cleared)]
    assert cleared == ["dns-support-off", "network-acl"]
    assert of_gone(replace(vpc.memory, expires=True)) == ()
    assert of_gone(replace(vpc.memory, quiet=True)) == ()


def test_what_stands_open_in_a_vpc_that_was_not_shown_for_a_while_is_announced_again() -> None:
    vpc = Vpc()
    vpc.finds(BLOCKED)
    vpc.memory = replace(vpc.memory, expires=True)
    assert vpc.finds(BLOCKED) == ["detected", "blocked unauthorized"]


def test_a_finding_that_is_there_no_more_is_to_be_cleared() -> None:
    vpc = Vpc()
    vpc.finds(BLOCKED)
    assert not are_to_clear(vpc.memory, [OFF])
    assert are_to_clear(vpc.memory, [])
    assert are_to_clear(vpc.memory, [replace(OFF, status=Status.INFORMATIONAL)])
    vpc.finds(REMEDIATED)
    assert not are_to_clear(vpc.memory, [])


# ---- any history


def _any_conclusion() -> st.SearchStrategy[Concluded]:
    """Of one of two findings, in any way that a run can conclude it."""
    of = st.sampled_from([OFF, ACL])
    drift = st.sampled_from([REMEDIATED, WAITING, REPORTED, BLOCKED, CONTESTED])
    stuck = st.just(replace(BLOCKED, reason=Reason.STUCK))
    others = st.sampled_from(
        [
            Concluded(replace(OFF, status=each), each)
            for each in (Status.IMPAIRED, Status.LEAVING, Status.INFORMATIONAL, Status.WAITING)
        ]
    )
    causes = st.sampled_from([None, ADA, BOB])
    return st.builds(
        lambda each, finding, cause: replace(
            each, finding=replace(finding, status=each.finding.status), cause=cause
        ),
        drift | stuck | others,
        of,
        causes,
    )


@given(
    st.lists(st.tuples(st.lists(_any_conclusion(), max_size=3), st.sampled_from([0, 30, 400])), max_size=12)
)
def test_the_events_of_any_finding_follow_upon_each_other_in_order(
    runs: Iterable[tuple[list[Concluded], float]],
) -> None:
    vpc = Vpc()
    events: list[tuple[tuple[str, str], str, str | None]] = []
    for concluded, after in runs:
        vpc.now += after
        for each in news(concluded, vpc.memory, vpc.now):
            if isinstance(each, Cleared):
                events.append((each.before.key, "cleared", None))
            else:
                reason = each.concluded.reason if each.change is Change.BLOCKED else None
                events.append((_key(each.concluded), each.change, reason))
        last = announced(concluded, vpc.memory, vpc.now)
        findings = tuple(_open(each, last.get(_key(each))) for each in concluded)
        vpc.memory = replace(vpc.memory, findings=findings)
    for _, of_finding in groupby(sorted(events, key=lambda each: each[0]), key=lambda each: each[0]):
        before: list[tuple[str, str | None]] = []
        for _, change, reason in of_finding:
            assert is_legal(before, change, reason), (before, change, reason)
            before.append((change, reason))
