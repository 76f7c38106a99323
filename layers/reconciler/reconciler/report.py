"""Findings and outcomes to metrics and log lines.

Metrics have one dimension at most, whose values are words of a closed list; ids are metadata, since every
value of a dimension is a metric that is paid for (facts, section 11).
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit

from .model import Reason
from .passes import Ending, Pass, Treatment, is_drift, key

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from .passes import Treated
    from .sweep import Sweep

NAMESPACE = "VpcEndpointRemediator"

# Endings that a person should see though nobody asked.
_ALARMING = frozenset({Ending.BLOCKED, Ending.STUCK})


class Rejection(StrEnum):
    """Why an input was turned away. These words are metric dimensions."""

    MALFORMED_EVENT = "malformed-event"
    MALFORMED_MESSAGE = "malformed-message"
    FOREIGN_ACCOUNT = "foreign-account"
    FOREIGN_REGION = "foreign-region"


def tell_pass(done: Pass, now: float, logger: Logger) -> None:
    """Tell a pass: a line for each finding, one for the whole, and the drift metrics. `now` is in seconds
    since 1970."""
    vpc_id = done.request.vpc_id
    for treated in done.treated:
        _log_finding(vpc_id, treated, logger)
    what = f", could not read EC2: {done.unread}" if done.unread else f", {len(done.treated)} findings"
    say = logger.warning if done.ending in _ALARMING else logger.info
    say(
        f"pass over {vpc_id}: {done.ending}{what}",
        vpc_id=vpc_id,
        ending=done.ending,
        rounds=done.request.rounds,
    )
    _measure_pass(done, now)


def _log_finding(vpc_id: str, treated: Treated, logger: Logger) -> None:
    finding = treated.finding
    why = "".join(f" ({word})" for word in (treated.reason, treated.detail) if word)
    say = logger.warning if treated.treatment is Treatment.BLOCKED else logger.info
    say(
        f"{vpc_id}: {finding.kind} on {finding.resource}: found {finding.found}; wanted {finding.wanted}; "
        f"{treated.treatment}{why}",
        vpc_id=vpc_id,
        kind=finding.kind,
        resource=finding.resource,
        treatment=treated.treatment,
        reason=treated.reason,
    )


def _measure_pass(done: Pass, now: float) -> None:
    vpc_id = done.request.vpc_id
    new = [t for t in done.treated if is_drift(t.finding) and key(t.finding) not in done.request.counted]
    _count("DriftDetected", "Kind", Counter(t.finding.kind.value for t in new), vpc_id)
    remediated = [t for t in done.treated if t.treatment is Treatment.REMEDIATED]
    _count("DriftRemediated", "Kind", Counter(t.finding.kind.value for t in remediated), vpc_id)

    reasons = [t.reason or Reason.UNKNOWN for t in done.treated if t.treatment is Treatment.BLOCKED]
    if done.ending is Ending.STUCK:
        reasons.append(Reason.STUCK)
    if done.ending is Ending.BLOCKED and done.unread:
        reasons.append(done.unread.reason or Reason.UNKNOWN)
    _count("RemediationBlocked", "Reason", Counter(reason.value for reason in reasons), vpc_id)

    if done.ending is Ending.CONVERGED and done.request.rounds:
        elapsed = max(0.0, now * 1000 - done.request.first_seen)
        with single_metric("TimeToConverge", MetricUnit.Milliseconds, elapsed, namespace=NAMESPACE) as metric:
            metric.add_metadata("vpc_id", vpc_id)


def tell_sweep(swept: Sweep, logger: Logger) -> None:
    """Tell how the Region's tagged VPCs stand."""
    standings = {
        "VpcsInSync": swept.in_sync,
        "VpcsDrifted": swept.drifted,
        "VpcsBlocked": swept.blocked,
    }
    for name, vpc_ids in standings.items():
        with single_metric(name, MetricUnit.Count, len(vpc_ids), namespace=NAMESPACE) as metric:
            metric.add_metadata("vpc_ids", list(vpc_ids))
    logger.info(
        f"sweep: {len(swept.in_sync)} in sync, {len(swept.drifted)} drifted, {len(swept.blocked)} blocked",
        drifted=swept.drifted,
        blocked=swept.blocked,
    )


def tell_rejection(why: Rejection, detail: str, logger: Logger) -> None:
    """Tell of an input that was turned away: nothing will be tried with it again."""
    logger.warning(f"{why}: {detail}", rejection=why)
    _count("InputRejected", "Reason", Counter([why.value]))


def _count(name: str, dimension: str, counts: Counter[str], vpc_id: str | None = None) -> None:
    for value, count in counts.items():
        with single_metric(name, MetricUnit.Count, count, namespace=NAMESPACE) as metric:
            metric.add_dimension(dimension, value)
            if vpc_id:
                metric.add_metadata("vpc_id", vpc_id)
