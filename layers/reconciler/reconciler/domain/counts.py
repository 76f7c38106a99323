"""What the drift metrics count of a run, each thing once until the VPC has converged.

A VPC is requeued until it has converged, and each run finds some of what the one before it found. So that a
drift counts once, the queue's message carries what has been counted, for as long as it is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from .cures import cure
from .findings import Finding, Reason, Status
from .memory import Cause


class Metric(StrEnum):
    """The metrics that count findings. Dashboards depend on these words."""

    DRIFT_DETECTED = "DriftDetected"
    DRIFT_REMEDIATED = "DriftRemediated"
    REMEDIATION_BLOCKED = "RemediationBlocked"
    DRIFT_CONTESTED = "DriftContested"

    @property
    def dimension(self) -> str:
        """The name of its one dimension."""
        return "Reason" if self is Metric.REMEDIATION_BLOCKED else "Kind"


@dataclass(frozen=True)
class Done:
    """A call that EC2 took, in words, and EC2's id of the request (empty: not known)."""

    call: str
    request_id: str = ""


@dataclass(frozen=True)
class Concluded:
    """A finding, what became of it, and where it is blocked or waits, why. `since` is when it was first seen,
    in seconds since 1970 (0: not known), and `cause` the call that brought it about, where one is known.
    `done` is what was done about it."""

    finding: Finding
    status: Status
    reason: Reason | None = None
    detail: str = ""
    since: int = 0
    cause: Cause | None = None
    done: tuple[Done, ...] = ()

    @property
    def cure(self) -> str:
        """What a person does about it, in one sentence."""
        return cure(self.finding.kind, self.status, self.reason)


@dataclass(frozen=True)
class Count:
    """One for a metric, under `value` of its dimension. `kind` and `resource` say of which finding; they are
    empty where it is of the whole run."""

    metric: Metric
    value: str
    kind: str = ""
    resource: str = ""


@dataclass(frozen=True)
class Tally:
    """`new` is what a run adds to the metrics, `carried` what the VPC's next run must not add again."""

    new: tuple[Count, ...] = ()
    carried: tuple[Count, ...] = ()


NOTHING_COUNTED = Tally()


def tally(concluded: Iterable[Concluded], before: Iterable[Count], of_the_run: Iterable[Count] = ()) -> Tally:
    """Count the findings of a run, but for what was counted `before` of those that are still there."""
    concluded, before = tuple(concluded), tuple(before)
    found = {each.finding.key for each in concluded}
    still = [count for count in before if (count.kind, count.resource) in found]
    counts = [*(count for each in concluded for count in _of_finding(each)), *of_the_run]
    new = tuple(count for count in counts if count not in before)
    return Tally(new, tuple(dict.fromkeys((*still, *counts))))


def _of_finding(concluded: Concluded) -> Iterator[Count]:
    """Neither information nor what AWS is at work on is drift, nor what is leaving or impaired."""
    kind, resource = concluded.finding.kind, concluded.finding.resource
    if concluded.finding.status in (Status.REMEDIABLE, Status.BLOCKED, Status.CONTESTED):
        yield Count(Metric.DRIFT_DETECTED, kind, kind, resource)
    if concluded.status is Status.REMEDIATED:
        yield Count(Metric.DRIFT_REMEDIATED, kind, kind, resource)
    if concluded.status is Status.CONTESTED:
        yield Count(Metric.DRIFT_CONTESTED, kind, kind, resource)
    if concluded.status is Status.BLOCKED:
        yield Count(Metric.REMEDIATION_BLOCKED, concluded.reason or Reason.UNKNOWN, kind, resource)


def blocked_run(reason: Reason) -> Count:
    """That a run as a whole is blocked."""
    return Count(Metric.REMEDIATION_BLOCKED, reason)
