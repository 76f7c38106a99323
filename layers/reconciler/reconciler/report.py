"""What a pass or a sweep found and did, as metrics and log lines.

Metrics have one dimension at most, whose values are words of a closed list; ids are metadata, since every
value of a dimension is a metric that is paid for (facts, section 11).
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit

from .reconcile import Ending, Pass, Treatment
from .requeue import counts

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from .reconcile import Treated
    from .sweep import Sweep

NAMESPACE = "VpcEndpointRemediator"

# Endings that a person should see though nobody asked.
_ALARMING = frozenset({Ending.BLOCKED, Ending.STUCK})


class Rejection(StrEnum):
    """Why an input was turned away. These words are metric dimensions."""

    MALFORMED_EVENT = "malformed-event"
    MALFORMED_MESSAGE = "malformed-message"
    MALFORMED_PROFILES = "malformed-profiles"
    FOREIGN_ACCOUNT = "foreign-account"
    FOREIGN_REGION = "foreign-region"


def tell_pass(done: Pass, now: float, logger: Logger) -> None:
    """Tell a pass: a line for each finding, one for the whole, and the drift metrics. `now` is in seconds
    since 1970.
    """
    request = done.request
    for treated in done.treated:
        _log_finding(request.vpc_id, treated, logger)
    what = f"could not read EC2: {done.unread}" if done.unread else f"{len(done.treated)} findings"
    say = logger.warning if done.ending in _ALARMING else logger.info
    say(
        f"pass over {request.vpc_id}: {done.ending}, {what}",
        vpc_id=request.vpc_id,
        ending=done.ending,
        rounds=request.rounds,
    )
    tally = Counter((count.metric, count.dimension, count.value) for count in counts(done))
    for (metric, dimension, value), count in tally.items():
        _count(metric, count, request.vpc_id, **{dimension: value})
    if done.ending is Ending.CONVERGED and request.rounds:
        elapsed = max(0.0, now * 1000 - request.first_seen)
        with single_metric("TimeToConverge", MetricUnit.Milliseconds, elapsed, namespace=NAMESPACE) as single:
            single.add_metadata("vpc_id", request.vpc_id)


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


def tell_crash(vpc_id: str, logger: Logger) -> None:
    """Tell of a pass that died of a fault of this program; to be called where the exception is handled."""
    logger.exception(f"pass over {vpc_id}: died", vpc_id=vpc_id)
    _count("PassDied", 1, vpc_id)


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
        f"sweep: {len(swept.in_sync)} in sync, {len(swept.drifted)} drifted, {len(swept.blocked)} blocked, "
        f"{len(swept.leftovers)} that ask for nothing any more",
        drifted=swept.drifted,
        blocked=swept.blocked,
        leftovers=swept.leftovers,
    )


def tell_rejection(why: Rejection, detail: str, logger: Logger) -> None:
    """Tell of an input that was turned away: nothing will be tried with it again."""
    logger.warning(f"{why}: {detail}", rejection=why)
    _count("InputRejected", 1, Reason=why)


def _count(name: str, count: int, vpc_id: str = "", **dimension: str) -> None:
    with single_metric(name, MetricUnit.Count, count, namespace=NAMESPACE) as metric:
        for key, value in dimension.items():
            metric.add_dimension(key, value)
        if vpc_id:
            metric.add_metadata("vpc_id", vpc_id)
