"""What a run or a sweep found and did, as metrics (those of `published`) and log lines."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit

from .conclusion import Ending
from .domain.findings import Status
from .published import METRICS, NAMESPACE, Function, Rejection

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from .conclusion import Run
    from .domain.counts import Concluded
    from .ec2.meter import Metered
    from .messages import SweepRequest
    from .sweep import Sweep

# Endings that a person should see though nobody asked.
_ALARMING = frozenset({Ending.BLOCKED, Ending.CONTESTED, Ending.STUCK})


def report_run(run: Run, now: float, logger: Logger) -> None:
    """Publish a run: a log line for each finding, one for the whole, and the drift metrics. `now` is in
    seconds since 1970.
    """
    request = run.request
    if run.paced:
        _publish("RunPutOff", 1, vpc_id=request.vpc_id)
    if run.is_early:
        # The run that found no room has said so; this one asks again, each few seconds.
        logger.debug(
            f"{request.vpc_id}: its turn to call {run.paced} has not come",
            vpc_id=request.vpc_id,
            ending=run.ending,
            waits_for=run.paced,
        )
        return
    for each in run.findings:
        _log_finding(request.vpc_id, each, logger)
    what = f"could not read EC2: {run.unread}" if run.unread else f"{len(run.findings)} findings"
    log = logger.warning if run.ending in _ALARMING else logger.info
    log(
        f"reconciled {request.vpc_id}: {run.ending}, {what}",
        vpc_id=request.vpc_id,
        ending=run.ending,
        attempts=request.attempts,
        waits_for=run.paced,
    )
    for (metric, value), count in Counter((count.metric, count.value) for count in run.tally.new).items():
        _publish(metric, count, value, vpc_id=request.vpc_id)
    if run.unforeseen:
        _publish("DriftFoundBySweep", run.unforeseen, vpc_id=request.vpc_id)
    if run.ending is Ending.CONVERGED and request.attempts:
        elapsed = max(0.0, now * 1000 - request.first_seen)
        _publish("TimeToConverge", elapsed, vpc_id=request.vpc_id)


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
        found=finding.found,
        wanted=finding.wanted,
        since=concluded.since,
        cause=asdict(concluded.cause) if concluded.cause else None,
        done=[asdict(each) for each in concluded.done],
        cure=concluded.cure,
    )


def report_crash(vpc_id: str, logger: Logger) -> None:
    """Publish that a run crashed by a fault of this program; to be called where the exception is handled."""
    logger.exception(f"run of {vpc_id}: crashed", vpc_id=vpc_id)
    _publish("RunCrashed", 1, vpc_id=vpc_id)
    _publish("PassDied", 1, vpc_id=vpc_id)


_STATES = {
    "VpcsInSync": "in_sync",
    "VpcsConverging": "converging",
    "VpcsDrifted": "drifted",
    "VpcsBlocked": "blocked",
    "VpcsContested": "contested",
    "VpcsLeaving": "leaving",
    "VpcsImpaired": "impaired",
}


def report_sweep(swept: Sweep, logger: Logger, request: SweepRequest) -> None:
    """Publish in which state the Region's opted-in VPCs are, and that the sweep was made; where a rest of it
    is yet to be made, that one does. `request` has what earlier parts of the sweep found."""
    if not swept.rest:
        for name, state in _STATES.items():
            vpc_ids = list(getattr(swept, state))
            _publish(name, request.so_far.get(state, 0) + len(vpc_ids), vpc_ids=vpc_ids)
        _publish("SweepCompleted", 1)
        for what, finding in swept.oldest.items():
            age, vpc_id = max((finding.age, finding.vpc_id), request.oldest.get(what, (0, "")))
            _publish("OldestFindingAge", age, what, vpc_id=vpc_id)
    if swept.not_offered and not swept.rest:
        unknown = (
            f"the Region does not offer what the profiles document names: {'; '.join(swept.not_offered)}"
        )
        report_rejection(Rejection.MALFORMED_PROFILES, unknown, logger)
    yet = f", {len(swept.rest)} not looked at yet" if swept.rest else ""
    logger.info(
        f"sweep: {len(swept.in_sync)} in sync, {len(swept.converging)} converging, "
        f"{len(swept.drifted)} drifted, {len(swept.blocked)} blocked, {len(swept.contested)} contested, "
        f"{len(swept.leaving)} leaving, {len(swept.impaired)} impaired, "
        f"{len(swept.leftovers)} that are not opted in{yet}",
        converging=swept.converging,
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
    _publish("InputRejected", 1, why)


def report_ec2_calls(function: Function, made: Metered) -> None:
    """Publish the calls to EC2 that an invocation made: only what there was, since each series is billed by
    the hours in which it is published."""
    if made.calls:
        _publish("Ec2Calls", made.calls, function)
    if made.throttles:
        _publish("Ec2Throttles", made.throttles, function)
    for call, number in made.endpoint_calls.items():
        _publish("EndpointCalls", number, call)


def _publish(name: str, value: float, of: str = "", **metadata: object) -> None:
    """Publish one of `METRICS`; `of` is the value of its dimension, where it has one."""
    metric = METRICS[name]
    with single_metric(name, MetricUnit(metric.unit), value, namespace=NAMESPACE) as single:
        if metric.dimension:
            single.add_dimension(metric.dimension, of)
        for key, each in metadata.items():
            if each or isinstance(each, list):
                single.add_metadata(key, each)
