"""Event queue batch → VPC ids → VPC queue."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes import SQSEvent

from reconciler import report
from reconciler.domain import trail
from reconciler.domain.trail import Touched
from reconciler.published import Function, Rejection
from reconciler.runtime import Runtime

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from reconciler.intake import Taken

RUNTIME = Runtime.start(Function.INTAKE)
# What is tried again is said once a batch; Powertools would say it of each record, with a traceback.
_QUIET = logging.getLogger("reconciler.records")
_QUIET.setLevel(logging.ERROR)


class NotSettled(RuntimeError):
    """Nothing can be said of an event now: EC2 refused to be read. It is tried again."""


@RUNTIME.logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Entry point, for the event queue; a bare event is a batch of one."""
    return handle(event, context, RUNTIME)


def handle(event: Any, context: LambdaContext, runtime: Runtime) -> PartialItemFailureResponse:
    """Ask for a run of each VPC that the events are about. An event that cannot be used is reported and
    dropped: it would be no better the second time.

    Raises:
        NotSettled: when nothing can be said of a bare event now: who sent it has to send it again.
        NotQueued: when a queue refuses a request.
    """
    is_batch = _is_batch(event)
    batch = event if is_batch else {"Records": [{"messageId": "bare", "body": json.dumps(event)}]}
    touched = {
        record.message_id: found
        for record in SQSEvent(batch).records
        if (found := _read(record, runtime)) is not None
    }
    try:
        taken = runtime.intake.take(list(touched.values()))
    finally:
        report.report_ec2_calls(Function.INTAKE, runtime.meter.take())
    runtime.logger.info(f"{len(touched)} events: {len(taken.requests)} VPCs")
    _ask(taken, runtime)
    if taken.unsettled:
        runtime.logger.warning(f"{len(taken.unsettled)} events are tried again: {taken.refusal}")
    if taken.unsettled and not is_batch:
        raise NotSettled(taken.refusal)
    open_ids = {message_id for message_id, each in touched.items() if each in taken.unsettled}
    processor = BatchProcessor(EventType.SQS, logger=_QUIET)
    processor.raise_on_entire_batch_failure = False
    return process_partial_response(
        event=batch,
        record_handler=partial(_refuse, open_ids, taken.refusal),
        processor=processor,
        context=context,
    )


def _is_batch(event: Any) -> bool:
    records = event.get("Records") if isinstance(event, dict) else None
    if not records or not isinstance(records, list):
        return False
    return all(
        isinstance(each, dict)
        and isinstance(each.get("body"), str)
        and isinstance(each.get("messageId"), str)
        for each in records
    )


def _read(record: SQSRecord, runtime: Runtime) -> Touched | None:
    """What the event of a message touched, where that is something in this account and Region."""
    installation, logger = runtime.settings.installation, runtime.logger
    try:
        touched = trail.read(json.loads(record.body), installation.tag_prefix)
    except (trail.MalformedEvent, ValueError, RecursionError) as error:
        detail = f"{error}, in event {record.body[:500]}"
        report.report_rejection(Rejection.MALFORMED_EVENT, detail, logger)
        return None
    if isinstance(touched, trail.Ignored):
        logger.info(f"ignored: {touched.because}")
        return None
    if touched.account != installation.account:
        where = f"{touched.event_name} of {touched.account}"
        report.report_rejection(Rejection.FOREIGN_ACCOUNT, where, logger)
        return None
    if touched.region != installation.region:
        where = f"{touched.event_name} of {touched.region}"
        report.report_rejection(Rejection.FOREIGN_REGION, where, logger)
        return None
    return touched


def _ask(taken: Taken, runtime: Runtime) -> None:
    """Send what a batch asks for, and keep who did what. The ledger comes last, but for an opt-in: one that
    hangs must not lose an event, and the queue's delay gives it the time."""
    runtime.intake.tell_others(taken)
    runtime.vpc_queue.request_runs(taken.requests, runtime.now(), taken.origins)
    for each in taken.requests:
        event_id = each.correlation_id
        said = f"asked for a run of {each.vpc_id}"
        runtime.logger.info(said, vpc_id=each.vpc_id, event_id=event_id, correlation_id=event_id)
    if taken.sweep_since is not None:
        runtime.logger.info("something was deleted of which nobody knows the VPC: sweeping")
        runtime.sweep_queue.request_sweep(taken.sweep_since, runtime.now())
    runtime.intake.keep(taken)


def _refuse(open_ids: Collection[str], refusal: str, record: SQSRecord) -> None:
    """Fail the records that are to come again."""
    if record.message_id in open_ids:
        raise NotSettled(refusal)
