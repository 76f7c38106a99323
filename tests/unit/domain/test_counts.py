from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.counts import Concluded, Count, Tally, tally
from reconciler.domain.findings import Finding, Kind, Reason, Status

DNS = Finding(Kind.DNS_SUPPORT_OFF, "vpc-1", "off", "on")
TAGS = Finding(Kind.TAGS_MISSING, "sg-1", "no Name", "Name = x")


def counted(tallied: Tally) -> list[tuple[str, str, str]]:
    return [(count.metric, count.metric.dimension, count.value) for count in tallied.new]


def of(*concluded: Concluded, before: tuple[Count, ...] = ()) -> Tally:
    return tally(concluded, before)


def test_a_drift_is_counted_when_it_is_found_and_when_it_is_remediated() -> None:
    assert counted(of(Concluded(DNS, Status.REMEDIATED), Concluded(TAGS, Status.WAITING))) == [
        ("DriftDetected", "Kind", "dns-support-off"),
        ("DriftRemediated", "Kind", "dns-support-off"),
        ("DriftDetected", "Kind", "tags-missing"),
    ]


def test_a_drift_counts_once_on_its_way_to_being_remediated() -> None:
    found = of(Concluded(DNS, Status.WAITING))
    remediated = of(Concluded(DNS, Status.REMEDIATED), before=found.carried)
    again = of(Concluded(DNS, Status.REMEDIATED), before=remediated.carried)
    assert counted(found) == [("DriftDetected", "Kind", "dns-support-off")]
    assert counted(remediated) == [("DriftRemediated", "Kind", "dns-support-off")]
    assert counted(again) == []


def test_a_drift_that_comes_back_after_it_was_gone_counts_again() -> None:
    found = of(Concluded(DNS, Status.REMEDIATED))
    clean = of(before=found.carried)
    back = of(Concluded(DNS, Status.REMEDIATED), before=clean.carried)
    assert counted(back) == counted(found)


@pytest.mark.parametrize("status", Status)
def test_drift_is_what_can_be_remediated_is_blocked_or_is_contested(status: Status) -> None:
    drift = [("DriftDetected", "Kind", "dns-support-off")]
    found = counted(of(Concluded(replace(DNS, status=status), Status.WAITING)))
    assert found == (drift if status in (Status.REMEDIABLE, Status.BLOCKED, Status.CONTESTED) else [])


def test_a_blocked_finding_is_counted_by_its_reason() -> None:
    blocked = Concluded(DNS, Status.BLOCKED, Reason.UNAUTHORIZED)
    assert counted(of(blocked, Concluded(TAGS, Status.BLOCKED))) == [
        ("DriftDetected", "Kind", "dns-support-off"),
        ("RemediationBlocked", "Reason", "unauthorized"),
        ("DriftDetected", "Kind", "tags-missing"),
        ("RemediationBlocked", "Reason", "unknown"),
    ]


def test_a_finding_that_someone_keeps_undoing_is_counted_by_its_kind() -> None:
    contested = Concluded(replace(DNS, status=Status.CONTESTED), Status.CONTESTED)
    assert counted(of(contested)) == [
        ("DriftDetected", "Kind", "dns-support-off"),
        ("DriftContested", "Kind", "dns-support-off"),
    ]


def test_a_finding_is_the_same_one_whatever_was_found_this_time() -> None:
    found = of(Concluded(TAGS, Status.WAITING))
    changed = replace(TAGS, found="Name = y")
    assert counted(of(Concluded(changed, Status.WAITING), before=found.carried)) == []
    other = of(Concluded(replace(TAGS, resource="sg-2"), Status.WAITING), before=found.carried)
    assert counted(other) == [("DriftDetected", "Kind", "tags-missing")]
