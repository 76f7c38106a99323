"""Queue batch → one pass per VPC."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor, process_partial_response

from reconciler import reconcile, report, requeue
from reconciler.queue import MalformedMessage, PassRequest
from reconciler.reconcile import Ending, Pass
from reconciler.report import Rejection
from reconciler.runtime import Runtime

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

RUNTIME = Runtime.start("reconcile")
# A pass that dies of a fault of this program is tried so often before its message goes to the dead letters.
_DEATHS = 5


def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Entry point, for the queue of passes."""
    return handle(event, context, RUNTIME)


def handle(event: dict[str, Any], context: LambdaContext, runtime: Runtime) -> PartialItemFailureResponse:
    """Make a pass for each message. One that fails holds up its own VPC and no other."""
    processor = SqsFifoPartialProcessor(
        skip_group_on_error=True, logger=logging.getLogger(runtime.logger.name)
    )
    processor.raise_on_entire_batch_failure = False
    return process_partial_response(
        event=event, record_handler=partial(_handle_message, runtime), processor=processor, context=context
    )


def _handle_message(runtime: Runtime, record: SQSRecord) -> None:
    try:
        request = PassRequest.from_json(record.body)
    except MalformedMessage as error:
        detail = f"{error}, in message {record.message_id}"
        report.tell_rejection(Rejection.MALFORMED_MESSAGE, detail, runtime.logger)
        return
    if runtime.now() * 1000 < request.not_before:
        next_request: PassRequest | None = replace(request, rounds=request.rounds + 1)
    else:
        next_request = _reconcile(runtime, request)
    if next_request:
        runtime.pass_queue.request_passes([next_request], runtime.now(), record.message_id)


def _reconcile(runtime: Runtime, request: PassRequest) -> PassRequest | None:
    """Make the pass. Answers the request with which the VPC comes round, if it does."""
    try:
        profiles = runtime.profiles.current()
        done = reconcile.run(request, runtime.observer, runtime.ec2, profiles, runtime.settings, runtime.now)
    except Exception:
        report.tell_crash(request.vpc_id, runtime.logger)
        if request.failures >= _DEATHS:
            raise
        done = Pass(request, Ending.AGAIN, failed=True)
    else:
        report.tell_pass(done, runtime.now(), runtime.logger)
    if done.ending is not Ending.AGAIN:
        return None
    return requeue.next_round(done, runtime.settings.debounce, runtime.now())
