"""Schedule, or a request of intake's → bulk observation → queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler import report
from reconciler.queue import PassRequest
from reconciler.runtime import Runtime
from reconciler.sweep import sweep

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

RUNTIME = Runtime.start("sweep")


def handler(_event: dict[str, Any], context: LambdaContext) -> None:
    """Entry point. What called it makes no difference to what a sweep does, so the event is not read."""
    handle(RUNTIME, context.aws_request_id)


def handle(runtime: Runtime, origin: str) -> None:
    """Look at every tagged VPC and ask for passes over those that differ."""
    swept = sweep(runtime.observer, runtime.ec2, runtime.profiles, runtime.settings)
    report.tell_sweep(swept, runtime.logger)
    first_seen = int(runtime.now() * 1000)
    requests = [PassRequest(vpc_id, first_seen) for vpc_id in swept.drifted]
    runtime.pass_queue.request_passes(requests, runtime.now(), origin)
