"""How a VPC comes round: when, and what its next pass has to know of this one. Pure.

A VPC comes round until it has converged, and each time finds some of what it found before. So that a drift
counts once, the request carries what has been counted, for as long as it is found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .domain.findings import Finding, Reason
from .queue import PassRequest
from .reconcile import Ending, Pass, Treatment, is_drift

# A pass that failed comes round after the queue's delay; each further one after twice as long, up to this.
_LONGEST_PAUSE_SECONDS = 300


@dataclass(frozen=True)
class Count:
    """One for a metric, under one value of its dimension; `word` tells it from every other one."""

    metric: str
    dimension: str
    value: str
    word: str


def counts(done: Pass) -> list[Count]:
    """What the drift metrics are to count of a pass: what was not counted on the way to it."""
    return [count for count in _all_counts(done) if count.word not in done.request.counted]


def next_round(done: Pass, debounce: int, now: float) -> PassRequest:
    """The request with which the VPC comes round. `debounce` is the queue's delay in seconds, `now` in
    seconds since 1970.
    """
    request = done.request
    failures = request.failures + 1 if done.failed else 0
    unknown = done.failed and any(treated.reason is Reason.UNKNOWN for treated in done.treated)
    unread = done.unread is not None and done.unread.reason is Reason.UNKNOWN
    pause = 0.0
    if failures > 1:
        pause = min(max(debounce, 1) * 2 ** (failures - 1), _LONGEST_PAUSE_SECONDS)
    return replace(
        request,
        rounds=request.rounds + 1,
        began=request.began or int(now * 1000),
        failures=failures,
        unknowns=request.unknowns + 1 if unknown or unread else 0,
        not_before=int((now + pause) * 1000) if pause else 0,
        release=request.release and not done.release_settled,
        counted=_still_counted(done),
    )


def _all_counts(done: Pass) -> Iterable[Count]:
    for treated in done.treated:
        kind, key = treated.finding.kind, _key(treated.finding)
        if is_drift(treated.finding):
            yield Count("DriftDetected", "Kind", kind, f"{key} detected")
        if treated.treatment is Treatment.REMEDIATED:
            yield Count("DriftRemediated", "Kind", kind, f"{key} remediated")
        if treated.treatment is Treatment.BLOCKED:
            reason = treated.reason or Reason.UNKNOWN
            yield Count("RemediationBlocked", "Reason", reason, f"{key} {reason}")
    if done.ending is Ending.STUCK:
        yield Count("RemediationBlocked", "Reason", Reason.STUCK, "stuck")
    if done.ending is Ending.BLOCKED and done.unread:
        reason = done.unread.reason or Reason.UNKNOWN
        yield Count("RemediationBlocked", "Reason", reason, f"unread {reason}")


def _still_counted(done: Pass) -> tuple[str, ...]:
    """What was counted of findings that are still there; of all, where the pass could not look."""
    before = done.request.counted
    found = {_key(treated.finding) for treated in done.treated}
    kept = [word for word in before if done.unread or word.rpartition(" ")[0] in found]
    return tuple(dict.fromkeys((*kept, *(count.word for count in _all_counts(done)))))


def _key(finding: Finding) -> str:
    """What makes a finding the same one in the next round."""
    return f"{finding.kind} {finding.resource}"
