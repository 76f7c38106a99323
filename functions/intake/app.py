"""EventBridge event → VPC ids → VPC queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler import report
from reconciler.domain import trail
from reconciler.published import Function, Rejection
from reconciler.queue import RunRequest
from reconciler.runtime import Runtime

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

RUNTIME = Runtime.start(Function.INTAKE)


@RUNTIME.logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Entry point, for EventBridge."""
    handle(event, RUNTIME)


def handle(event: dict[str, Any], runtime: Runtime) -> None:
    """Ask for a run of each opted-in VPC that the event touches.

    An event that cannot be used is reported and dropped: it would be no better the second time.
    """
    settings, logger = runtime.settings, runtime.logger
    try:
        touched = trail.read(event, settings.installation.tag_prefix)
    except trail.MalformedEvent as error:
        report.report_rejection(Rejection.MALFORMED_EVENT, f"{error}, in event {str(event)[:500]}", logger)
        return
    if isinstance(touched, trail.Ignored):
        logger.info(f"ignored: {touched.because}")
        return
    if touched.account != settings.installation.account:
        report.report_rejection(
            Rejection.FOREIGN_ACCOUNT, f"{touched.event_name} of {touched.account}", logger
        )
        return
    if touched.region != settings.installation.region:
        report.report_rejection(Rejection.FOREIGN_REGION, f"{touched.event_name} of {touched.region}", logger)
        return

    logger.set_correlation_id(touched.event_id)
    first_seen = int(touched.time.timestamp() * 1000)
    try:
        located = runtime.locator.locate(touched)
    finally:
        report.report_ec2_calls(Function.INTAKE, *runtime.meter.take())
    if located.everywhere:
        logger.info(f"{touched.event_name}: the VPC is not known, sweeping", event_id=touched.event_id)
        runtime.sweep_queue.request_sweep(first_seen, runtime.now(), touched.event_id)
        return
    vpc_ids = sorted(located.vpc_ids)
    logger.info(f"{touched.event_name}: {len(vpc_ids)} VPCs", vpc_ids=vpc_ids, event_id=touched.event_id)
    requests = [
        RunRequest(vpc_id, first_seen, refused=touched.refused, correlation_id=touched.event_id)
        for vpc_id in vpc_ids
    ]
    runtime.vpc_queue.request_runs(requests, runtime.now(), touched.event_id)
    # After the queue, whose delay gives this the time: a ledger that hangs must not lose the event.
    for vpc_id in vpc_ids if touched.actor else ():
        if not runtime.ledger.add_cause(vpc_id, touched.cause):
            break
