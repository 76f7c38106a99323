"""What a run or a sweep found and did, as metrics and log lines.

Metrics have one dimension at most, whose values are words of a closed list; ids are metadata, since every
value of a dimension is a metric that is paid for (facts, section 11).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit

from .domain.findings import Status
from .reconcile import Ending

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from .domain.counts import Concluded
    from .reconcile import Run
    from .sweep import Sweep

NAMESPACE = "VpcEndpointRemediator"

# Endings that a person should see though nobody asked.
_ALARMING = frozenset({Ending.BLOCKED, Ending.CONTESTED, Ending.STUCK})


class Rejection(StrEnum):
    """Why an input was turned away. These words are metric dimensions."""

    MALFORMED_EVENT = "malformed-event"
    MALFORMED_MESSAGE = "malformed-message"
    MALFORMED_PROFILES = "malformed-profiles"
    FOREIGN_ACCOUNT = "foreign-account"
    FOREIGN_REGION = "foreign-region"


def report_run(run: Run, now: float, logger: Logger) -> None:
    """Publish a run: a log line for each finding, one for the whole, and the drift metrics. `now` is in
    seconds since 1970.
    """
    request = run.request
    for each in run.findings:
        _log_finding(request.vpc_id, each, logger)
    what = f"could not read EC2: {run.unread}" if run.unread else f"{len(run.findings)} findings"
    log = logger.warning if run.ending in _ALARMING else logger.info
    log(
        f"reconciled {request.vpc_id}: {run.ending}, {what}",
        vpc_id=request.vpc_id,
        ending=run.ending,
        attempts=request.attempts,
    )
    for (metric, value), count in Counter((count.metric, count.value) for count in run.tally.new).items():
        _count(metric, count, request.vpc_id, **{metric.dimension: value})
    if run.unforeseen:
        _count("DriftFoundBySweep", run.unforeseen, request.vpc_id)
    if run.ending is Ending.CONVERGED and request.attempts:
        elapsed = max(0.0, now * 1000 - request.first_seen)
        with single_metric("TimeToConverge", MetricUnit.Milliseconds, elapsed, namespace=NAMESPACE) as single:
            single.add_metadata("vpc_id", request.vpc_id)


def _log_finding(vpc_id: str, concluded: Concluded, logger: Logger) -> None:
    finding = concluded.finding
    why = "".join(f" ({word})" for word in (concluded.reason, concluded.detail) if word)
    log = logger.warning if concluded.status in (Status.BLOCKED, Status.CONTESTED) else logger.info
    cause = f"; caused by {concluded.cause}" if concluded.cause else ""
    log(
        f"{vpc_id}: {finding.kind} on {finding.resource}: found {finding.found}; wanted {finding.wanted}; "
        f"{concluded.status}{why}{cause}",
        vpc_id=vpc_id,
        kind=finding.kind,
        resource=finding.resource,
        status=concluded.status,
        reason=concluded.reason,
        since=concluded.since,
        cause=asdict(concluded.cause) if concluded.cause else None,
    )


def report_crash(vpc_id: str, logger: Logger) -> None:
    """Publish that a run died of a fault of this program; to be called where the exception is handled."""
    logger.exception(f"run of {vpc_id}: died", vpc_id=vpc_id)
    _count("PassDied", 1, vpc_id)


def report_sweep(swept: Sweep, logger: Logger) -> None:
    """Publish in which state the Region's opted-in VPCs are."""
    states = {
        "VpcsInSync": swept.in_sync,
        "VpcsDrifted": swept.drifted,
        "VpcsBlocked": swept.blocked,
        "VpcsContested": swept.contested,
        "VpcsLeaving": swept.leaving,
        "VpcsImpaired": swept.impaired,
    }
    for name, vpc_ids in states.items():
        with single_metric(name, MetricUnit.Count, len(vpc_ids), namespace=NAMESPACE) as metric:
            metric.add_metadata("vpc_ids", list(vpc_ids))
    if swept.not_offered:
        unknown = (
            f"the Region does not offer what the profiles document names: {'; '.join(swept.not_offered)}"
        )
        report_rejection(Rejection.MALFORMED_PROFILES, unknown, logger)
    logger.info(
        f"sweep: {len(swept.in_sync)} in sync, {len(swept.drifted)} drifted, {len(swept.blocked)} blocked, "
        f"{len(swept.contested)} contested, {len(swept.leaving)} leaving, {len(swept.impaired)} impaired, "
        f"{len(swept.leftovers)} that are not opted in",
        drifted=swept.drifted,
        blocked=swept.blocked,
        contested=swept.contested,
        leaving=swept.leaving,
        impaired=swept.impaired,
        leftovers=swept.leftovers,
    )


def report_rejection(why: Rejection, detail: str, logger: Logger) -> None:
    """Publish that an input was turned away: nothing will be tried with it again."""
    logger.warning(f"{why}: {detail}", rejection=why)
    _count("InputRejected", 1, Reason=why)


def _count(name: str, count: int, vpc_id: str = "", **dimension: str) -> None:
    with single_metric(name, MetricUnit.Count, count, namespace=NAMESPACE) as metric:
        for key, value in dimension.items():
            metric.add_dimension(key, value)
        if vpc_id:
            metric.add_metadata("vpc_id", vpc_id)
