"""Schedule, or a request of intake's → bulk observation → queue."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler import report
from reconciler.messages import MalformedMessage, RunRequest, SweepRequest
from reconciler.published import Function, Rejection
from reconciler.runtime import Runtime
from reconciler.sweep import sweep

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from reconciler.sweep import Sweep

RUNTIME = Runtime.start(Function.SWEEP, patient=True)
# What EC2 refuses for so long is for a person: the request goes to the dead letters.
_TRIES = 5
# Calls that were begun before the deadline end within this, though EC2 throttles them a few times.
_ROOM_SECONDS = 60


class NotSwept(RuntimeError):
    """EC2 refused to show some VPCs, again and again; says how many."""


@RUNTIME.logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Entry point, for the schedule, the deployment and the queue of sweeps."""
    remaining = context.get_remaining_time_in_millis() / 1000
    handle(event, RUNTIME, context.aws_request_id, RUNTIME.now() + remaining - _ROOM_SECONDS)


def handle(event: dict[str, Any], runtime: Runtime, origin: str, deadline: float) -> None:
    """Look at every VPC that is tagged or has something owned in it; ask for runs of those that differ, and
    for another sweep of those that it did not come to.

    What asked for it makes no difference to what a sweep does, but for when the drift was first seen.
    """
    runtime.logger.set_correlation_id(origin)
    request = _request(event, runtime)
    if request.foretold and not request.vpc_ids and not runtime.ledger.admits_sweep(runtime.now()):
        # What happened since the last one began, it may not have seen.
        runtime.logger.info("events had the Region swept a moment ago: this sweep comes later")
        runtime.sweep_queue.request_sweep(request.first_seen, runtime.now())
        return
    try:
        swept = sweep(runtime.means, runtime.logger.warning, deadline, request.vpc_ids)
    finally:
        report.report_ec2_calls(Function.SWEEP, runtime.meter.take())
    report.report_sweep(swept, runtime.logger, request)
    # Where an event asked for the sweep, the drift that it finds is not one that an event was lost for.
    requests = [
        RunRequest(vpc_id, request.first_seen, swept=not request.foretold, correlation_id=origin)
        for vpc_id in swept.to_reconcile
    ]
    runtime.vpc_queue.request_runs(requests, runtime.now(), origin)
    if swept.rest:
        _ask_for_rest(swept, request, runtime, origin)


def _ask_for_rest(swept: Sweep, request: SweepRequest, runtime: Runtime, origin: str) -> None:
    """A rest that gets smaller may be asked for as often as it takes.

    Raises:
        NotSwept: when it was asked for again and again, and not one VPC of it could be looked at.
    """
    in_vain = request.tries + 1 if swept.rest == request.vpc_ids else 0
    if in_vain >= _TRIES:
        raise NotSwept(f"{len(swept.rest)} VPCs could not be looked at, in {_TRIES} tries")
    oldest = {
        str(what): max((each.age, each.vpc_id), request.oldest.get(what, (0, "")))
        for what, each in swept.oldest.items()
    }
    rest = replace(
        request,
        vpc_ids=swept.rest,
        so_far=dict(Counter(request.so_far) + Counter(swept.counts)),
        oldest=oldest,
        tries=in_vain,
    )
    runtime.sweep_queue.request_rest(rest, origin)


def _request(event: dict[str, Any], runtime: Runtime) -> SweepRequest:
    """What is asked for: the rest of a sweep, else a whole one since the first of the events."""
    request = SweepRequest(int(runtime.now() * 1000), foretold=bool(event.get("Records")))
    for record in event.get("Records", []):
        try:
            asked = SweepRequest.from_json(record.get("body", ""))
        except MalformedMessage as error:
            detail = f"{error}, in message {record.get('messageId')}"
            report.report_rejection(Rejection.MALFORMED_MESSAGE, detail, runtime.logger)
            continue
        if asked.vpc_ids:
            return asked
        request = replace(request, first_seen=min(request.first_seen, asked.first_seen))
    return request
