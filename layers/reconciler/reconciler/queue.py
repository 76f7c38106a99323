"""The queue between "look at this VPC" and the reconcile run.

The queue debounces with no state of its own: a message's deduplication id is the VPC and the window of time
that it is sent in, and the queue holds every message back for as long as a window is. So whatever happens in
a window is covered by a run that starts after the window ends, and a burst of events of any size costs one
run a window (SQS forgets after five minutes: windows that are longer may have more). One message group per
VPC: runs of one VPC never overlap (facts, section 8).

A requeued VPC has deduplication ids of its own, so that its message is not dropped in favour of an event's.
Odd and even tries differ, so that none is taken for the one before it.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from .messages import RunRequest, SweepRequest

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

# The queue's delay where nothing is debounced, in seconds.
_SHORTEST_DELAY = 5
# SQS takes at most this many messages in one call.
_BATCH = 10


class NotQueued(RuntimeError):
    """SQS refused messages; says which and why. Sending all of them again does no harm."""


class Queue:
    """Sends requests. `debounce` is the length of a window, in seconds; 0 gives each request its own run."""

    def __init__(self, sqs: SQSClient, url: str, debounce: int) -> None:
        self._sqs = sqs
        self._url = url
        self._debounce = debounce

    def request_runs(
        self, requests: Iterable[RunRequest], now: float, origin: str | Mapping[str, str] = ""
    ) -> None:
        """Ask for runs. `now` is in seconds since 1970; `origin` tells one message from another (for all VPCs
        or for each, by default the event that asked first), so that the same one, handled twice, asks once
        even where nothing is debounced.

        Raises:
            NotQueued: when SQS refuses any of them.
            botocore.exceptions.ClientError: when it refuses the call.
        """
        window = str(int(now // self._debounce)) if self._debounce else ""
        self._send(
            (each.vpc_id, each.to_json(), f"{_kind(each)}/{window or _origin(each, origin)}")
            for each in requests
        )

    def request_rest(self, rest: SweepRequest, origin: str) -> None:
        """Ask for the rest of a sweep. `origin` tells one sweep from another. Errors as `request_runs`."""
        self._send([("region", rest.to_json(), f"rest/{origin}")])

    def request_sweep(self, first_seen: int, now: float) -> None:
        """Ask for a look at every tagged VPC of the Region, after this window; one request a window. `now` is
        in seconds since 1970. Errors as `request_runs`."""
        window = int(now // (self._debounce or _SHORTEST_DELAY))
        self._send([("region", SweepRequest(first_seen).to_json(), f"sweep/{window}")])

    def put_off(self, receipt_handle: str, message_id: str) -> None:
        """Let a message that was received come again after a part of a window, a different one for each; the
        function has to say that it failed (facts, section 8). So VPCs that wait for the same do not come in
        a bunch, which a queue that holds all of them back for as long would never part.

        Raises:
            botocore.exceptions.ClientError: when SQS refuses the call.
        """
        seconds = 1 + zlib.crc32(message_id.encode()) % (self._debounce or _SHORTEST_DELAY)
        self._sqs.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )

    def _send(self, messages: Iterable[tuple[str, str, str]]) -> None:
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {
                "Id": str(number),
                "MessageBody": body,
                "MessageGroupId": group,
                "MessageDeduplicationId": f"{group}/{once}",
            }
            for number, (group, body, once) in enumerate(messages)
        ]
        refused = []
        for start in range(0, len(entries), _BATCH):
            answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries[start : start + _BATCH])
            refused += [
                f"{entries[int(failure['Id'])]['MessageGroupId']}: {failure.get('Message', failure['Code'])}"
                for failure in answer.get("Failed", [])
            ]
        if refused:
            raise NotQueued("; ".join(refused))


def _origin(request: RunRequest, origin: str | Mapping[str, str]) -> str:
    own = origin if isinstance(origin, str) else origin.get(request.vpc_id)
    return own or request.correlation_id


def _kind(request: RunRequest) -> str:
    if request.attempts:
        return f"attempt-{(request.attempts + request.turns) % 2}"
    if not request.refused:
        return "event"
    # Each refused deletion has a run of its own: none is dropped in favour of another.
    ids = " ".join(sorted(request.refused))
    return f"refused-{hashlib.sha256(ids.encode()).hexdigest()[:16]}"
