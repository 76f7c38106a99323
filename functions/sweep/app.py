"""Schedule, or a request of intake's → bulk observation → queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler import report
from reconciler.published import Function, Rejection
from reconciler.queue import MalformedMessage, RunRequest, first_seen_of
from reconciler.runtime import Runtime
from reconciler.sweep import sweep

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

RUNTIME = Runtime.start(Function.SWEEP, patient=True)


@RUNTIME.logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Entry point, for the schedule, the deployment and the queue of sweeps."""
    handle(event, RUNTIME, context.aws_request_id)


def handle(event: dict[str, Any], runtime: Runtime, origin: str) -> None:
    """Look at every VPC that is tagged or has something owned in it; ask for runs of those that differ.

    What asked for it makes no difference to what a sweep does, but for when the drift was first seen.
    """
    runtime.logger.set_correlation_id(origin)
    try:
        swept = sweep(runtime.means, runtime.logger.warning)
    finally:
        report.report_ec2_calls(Function.SWEEP, *runtime.meter.take())
    report.report_sweep(swept, runtime.logger)
    first_seen = _first_seen(event, runtime)
    # Where an event asked for the sweep, the drift that it finds is not one that an event was lost for.
    found = not event.get("Records")
    requests = [
        RunRequest(vpc_id, first_seen, swept=found, correlation_id=origin) for vpc_id in swept.to_reconcile
    ]
    runtime.vpc_queue.request_runs(requests, runtime.now(), origin)


def _first_seen(event: dict[str, Any], runtime: Runtime) -> int:
    """When the first of the events took place that the sweep was asked for; now, where none was."""
    times = [int(runtime.now() * 1000)]
    for record in event.get("Records", []):
        try:
            times.append(first_seen_of(record.get("body", "")))
        except MalformedMessage as error:
            detail = f"{error}, in message {record.get('messageId')}"
            report.report_rejection(Rejection.MALFORMED_MESSAGE, detail, runtime.logger)
    return min(times)
