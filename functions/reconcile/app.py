"""VPC queue batch → one reconcile run per VPC."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor, process_partial_response

from reconciler import reconcile, report, requeue
from reconciler.conclusion import Run
from reconciler.messages import MalformedMessage, RunRequest
from reconciler.published import Function, Rejection
from reconciler.runtime import Runtime

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

RUNTIME = Runtime.start(Function.RECONCILE)
# A run that crashes by a fault of this program is tried so often before its message goes to the dead letters.
_CRASHES = 5


class _PutOff(Exception):
    """The message comes again later: the turn of its VPC has not come."""


def _is_fault(line: logging.LogRecord) -> bool:
    return not (line.exc_info and line.exc_info[0] is _PutOff)


@RUNTIME.logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Entry point, for the VPC queue."""
    return handle(event, context, RUNTIME)


def handle(event: dict[str, Any], context: LambdaContext, runtime: Runtime) -> PartialItemFailureResponse:
    """Make a run for each message. One that fails holds up its own VPC and no other."""
    logger = logging.getLogger(runtime.logger.name)
    logger.addFilter(_is_fault)
    processor = SqsFifoPartialProcessor(skip_group_on_error=True, logger=logger)
    processor.raise_on_entire_batch_failure = False
    deadline = runtime.deadline(context.get_remaining_time_in_millis() / 1000)
    try:
        return process_partial_response(
            event=event,
            record_handler=partial(_handle_message, runtime, deadline),
            processor=processor,
            context=context,
        )
    finally:
        report.report_ec2_calls(Function.RECONCILE, runtime.meter.take())


def _handle_message(runtime: Runtime, deadline: float, record: SQSRecord) -> None:
    runtime.logger.set_correlation_id(record.message_id)
    try:
        request = RunRequest.from_json(record.body)
    except MalformedMessage as error:
        detail = f"{error}, in message {record.message_id}"
        report.report_rejection(Rejection.MALFORMED_MESSAGE, detail, runtime.logger)
        return
    # Messages of the version before have none.
    request = replace(request, correlation_id=request.correlation_id or record.message_id)
    runtime.logger.set_correlation_id(request.correlation_id)
    if runtime.now() * 1000 < request.not_before:
        next_request: RunRequest | None = replace(request, turns=request.turns + 1)
    else:
        run = _reconcile(runtime, request, deadline)
        if run.is_early and record.attributes.approximate_receive_count == "1":
            runtime.vpc_queue.put_off(record.receipt_handle, record.message_id)
            raise _PutOff
        debounce = runtime.settings.debounce
        next_request = requeue.next_request(run, debounce, runtime.now()) if run.is_requeued else None
    if next_request:
        runtime.vpc_queue.request_runs([next_request], runtime.now(), record.message_id)


def _reconcile(runtime: Runtime, request: RunRequest, deadline: float) -> Run:
    """Make the run, and publish it."""
    try:
        run = reconcile.run(request, runtime.means, deadline)
    except Exception:
        report.report_crash(request.vpc_id, runtime.logger)
        if request.failures >= _CRASHES:
            raise
        return Run.crashed(request)
    report.report_run(run, runtime.now(), runtime.logger)
    runtime.event_bus.announce(request.vpc_id, run.news, runtime.now(), request.correlation_id)
    return run
