"""Queue batch → one pass per VPC."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor, process_partial_response

from reconciler import passes, report
from reconciler.queue import MalformedMessage, PassRequest
from reconciler.report import Rejection
from reconciler.runtime import Runtime

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

RUNTIME = Runtime.start("reconcile")


def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Entry point, for the queue of passes."""
    return handle(event, context, RUNTIME)


def handle(event: dict[str, Any], context: LambdaContext, runtime: Runtime) -> PartialItemFailureResponse:
    """Make a pass for each message. One that fails holds up its own VPC and no other."""
    processor = SqsFifoPartialProcessor(skip_group_on_error=True)
    return process_partial_response(
        event=event, record_handler=partial(_reconcile, runtime), processor=processor, context=context
    )


def _reconcile(runtime: Runtime, record: SQSRecord) -> None:
    try:
        request = PassRequest.from_json(record.body)
    except MalformedMessage as error:
        report.tell_rejection(
            Rejection.MALFORMED_MESSAGE, f"{error}, in message {record.message_id}", runtime.logger
        )
        return
    done = passes.run(request, runtime.observer, runtime.ec2, runtime.profiles, runtime.settings, runtime.now)
    report.tell_pass(done, runtime.now(), runtime.logger)
    if done.ending is passes.Ending.AGAIN:
        runtime.pass_queue.request_passes([passes.next_round(done)], runtime.now(), record.message_id)
