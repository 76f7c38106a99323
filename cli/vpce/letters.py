"""What a dead letter says, and what is sent again of it. Pure.

An intake or sweep letter is either what EventBridge or the Scheduler could not deliver, as it was, or
Lambda's record of an invocation that failed for good, with the event inside. A queue's letter is a message
that failed too often.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.domain import trail
from reconciler.domain.trail import Ignored, MalformedEvent
from reconciler.messages import MalformedMessage, RunRequest, SweepRequest

# After so long nobody's tool tries a deletion any more (facts, section 14): to make way then would take down
# what serves.
_DELETION_TRIED_SECONDS = 20 * 60


@dataclass(frozen=True)
class Letter:
    """What lies in a queue of dead letters. `sent` is in seconds since 1970.

    `what` is it in words, `vpc_ids` whom it is about, `error` why it failed, empty where that is not known.
    `again` is what is sent again, empty where nothing is; then `left` says why. Letters of one `key` ask for
    the same, and one of them is enough; an empty one is alone.
    """

    queue: str
    message_id: str
    receipt: str
    sent: float
    what: str = ""
    vpc_ids: tuple[str, ...] = ()
    error: str = ""
    again: str = ""
    left: str = ""
    key: str = ""
    group: str = ""


Read = Callable[[Letter, str, float], Letter]


def of_message(queue: str, message: Mapping[str, Any], read: Read, now: float) -> Letter:
    """Read a message as SQS gives it."""
    attributes = message.get("Attributes", {})
    letter = Letter(
        queue,
        message["MessageId"],
        message["ReceiptHandle"],
        int(attributes.get("SentTimestamp", 0)) / 1000 or now,
        error=_said_by_eventbridge(message.get("MessageAttributes", {})),
        group=attributes.get("MessageGroupId", ""),
    )
    return read(letter, message.get("Body", ""), now)


def run_request(letter: Letter, body: str, now: float) -> Letter:
    """A message of the VPC queue. It is sent as a new one: a run that began long ago is given up at once."""
    try:
        request = RunRequest.from_json(body)
    except MalformedMessage as error:
        return _malformed(letter, str(error))
    is_old = now - request.first_seen / 1000 > _DELETION_TRIED_SECONDS
    fresh = replace(
        request,
        attempts=0,
        began=0,
        failures=0,
        unknowns=0,
        not_before=0,
        refused=() if is_old else request.refused,
    )
    tried = f", attempt {request.attempts}" if request.attempts else ""
    return replace(
        letter,
        what=f"run of {request.vpc_id}{tried}",
        vpc_ids=(request.vpc_id,),
        again=fresh.to_json(),
        group=request.vpc_id,
    )


def sweep_request(letter: Letter, body: str, _now: float) -> Letter:
    """A message of the sweep's queue."""
    try:
        asked = SweepRequest.from_json(body)
    except MalformedMessage as error:
        return _malformed(letter, str(error))
    what = "sweep, asked for by an event whose VPC was not known"
    if asked.vpc_ids:
        # What the earlier parts of it counted is out of date: the whole is swept again.
        what = f"rest of a sweep: {len(asked.vpc_ids)} VPCs that could not be looked at"
        body = SweepRequest(asked.first_seen).to_json()
    return replace(letter, what=what, again=body, group="region", key="sweep request")


def sweep_event(letter: Letter, body: str, _now: float) -> Letter:
    """What the sweep's function was to be called with. What asked for a sweep makes no difference to it."""
    letter, event = _unwrapped(letter, body)
    if event is None:
        return letter
    asked_by = event.get("detail-type") or event.get("source") or "the schedule"
    return replace(letter, what=f"sweep, asked for by {asked_by}", again=json.dumps(event), key="sweep")


def intake_event(tag_prefix: str) -> Read:
    """Reads what intake was to be called with."""

    def read(letter: Letter, body: str, now: float) -> Letter:
        letter, event = _unwrapped(letter, body)
        if event is None:
            return letter
        try:
            touched = trail.read(event, tag_prefix)
        except MalformedEvent as error:
            return _malformed(letter, str(error))
        if isinstance(touched, Ignored):
            return replace(letter, what="an event that says nothing", again=json.dumps(event))
        by = f" by {touched.actor}" if touched.actor else ""
        letter = replace(
            letter,
            what=f"{touched.event_name}{by} on {', '.join(touched.resources[:5]) or 'nothing that it names'}",
            vpc_ids=tuple(each for each in touched.resources if each.startswith("vpc-")),
        )
        if touched.deletion_refused and now - touched.time.timestamp() > _DELETION_TRIED_SECONDS:
            return replace(
                letter, left="this deletion was refused too long ago for anyone to wait for it still"
            )
        return replace(letter, again=json.dumps(event))

    return read


def _unwrapped(letter: Letter, body: str) -> tuple[Letter, dict[str, Any] | None]:
    """The event that a letter is about, with why Lambda gave it up, where Lambda says."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        return _malformed(letter, f"not JSON: {error}"), None
    if isinstance(given, dict) and "requestContext" in given and "requestPayload" in given:
        letter = replace(letter, error=_said_by_lambda(given))
        given = given["requestPayload"]
    if not isinstance(given, dict):
        return _malformed(letter, "not a JSON object"), None
    return letter, given


def _said_by_lambda(record: Mapping[str, Any]) -> str:
    answer, context = record.get("responsePayload"), record.get("requestContext")
    words = []
    if isinstance(answer, dict):
        words = [str(answer[key]) for key in ("errorType", "errorMessage") if answer.get(key)]
    condition = context.get("condition", "") if isinstance(context, dict) else ""
    return ": ".join(words) or str(condition)


def _said_by_eventbridge(attributes: Mapping[str, Any]) -> str:
    values = {key: str(each.get("StringValue", "")) for key, each in attributes.items()}
    words = [values[key] for key in ("ERROR_CODE", "ERROR_MESSAGE") if values.get(key)]
    return ": ".join(words)


def _malformed(letter: Letter, why: str) -> Letter:
    return replace(letter, what=letter.what or "malformed", left=f"malformed: {why}")
