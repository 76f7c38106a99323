"""Finding events on the account's default bus, one for each change of a finding.

docs/finding-event.schema.json has their form. An event that EventBridge does not take is logged and not sent
again: what stands open is in the metrics and in the ledger, and the next change is announced.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .domain.changes import Cleared, Detected, News
from .domain.cures import NOTHING_TO_DO
from .domain.memory import Cause, Change
from .domain.times import as_text
from .ec2 import errors

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE = "vpc-endpoint-remediator"
VERSION = "1"
# EventBridge takes so many events in one call (facts, section 21).
_BATCH = 10
# AWS's own words may be long; an event of 256 KB is refused.
_LONGEST = 2000


@dataclass(frozen=True)
class EventBus:
    """Sends finding events. `client` is asked for only when there is one to send; `say` logs what EventBridge
    does not take."""

    client: Callable[[], EventBridgeClient]
    installation_id: str
    say: Callable[[str], None]

    def announce(self, vpc_id: str, news: Sequence[News], now: float, correlation_id: str = "") -> None:
        """Send an event for each change. `now` is in seconds since 1970; `correlation_id` is the id of the
        event, or of the sweep's request, that led to the run."""
        entries = [self._entry(vpc_id, each, now, correlation_id) for each in news]
        for start in range(0, len(entries), _BATCH):
            try:
                self._send(entries[start : start + _BATCH])
            except errors.ERRORS as error:
                # A bus that hangs must not eat the time in which the VPC is requeued.
                self.say(f"{len(entries) - start} finding events were not sent: {error}")
                return

    def _send(self, entries: list[Any]) -> None:
        answer = self.client().put_events(Entries=entries)
        for entry, taken in zip(entries, answer["Entries"], strict=False):
            if "ErrorCode" in taken:
                why = f"{taken['ErrorCode']}: {taken.get('ErrorMessage', '')}"
                self.say(f"a finding event was not sent: {why}: {entry['Detail']}")

    def _entry(self, vpc_id: str, news: News, now: float, correlation_id: str) -> Any:
        said = _of_cleared(news) if isinstance(news, Cleared) else _of_detected(news)
        change = said["change"]
        detail = {
            "version": VERSION,
            "finding_id": f"{vpc_id}/{said['kind']}/{said['resource']}",
            "installation": self.installation_id,
            "vpc_id": vpc_id,
            **said,
            "time": as_text(now),
            "correlation_id": correlation_id,
        }
        return {
            "Source": SOURCE,
            "DetailType": f"Finding {change.capitalize()}",
            "Detail": json.dumps(detail),
            "Time": datetime.fromtimestamp(now, UTC),
        }


def _of_detected(news: Detected) -> dict[str, Any]:
    concluded, finding = news.concluded, news.concluded.finding
    reason = concluded.reason if news.change is not Change.DETECTED else None
    return {
        "change": news.change.value,
        "resource": finding.resource,
        "kind": finding.kind.value,
        "status": concluded.status.value,
        "reason": reason.value if reason else None,
        "found": finding.found[:_LONGEST],
        "wanted": finding.wanted[:_LONGEST],
        "detail": concluded.detail[:_LONGEST],
        "since": as_text(concluded.since) if concluded.since else None,
        "cause": _of_cause(concluded.cause),
        "done": [{"call": each.call, "request_id": each.request_id} for each in concluded.done],
        "cure": concluded.cure,
    }


def _of_cleared(news: Cleared) -> dict[str, Any]:
    before = news.before
    return {
        "change": Change.CLEARED.value,
        "resource": before.resource,
        "kind": before.kind,
        "status": Change.CLEARED.value,
        "reason": None,
        "found": "",
        "wanted": "",
        "detail": "",
        "since": as_text(before.since) if before.since else None,
        "cause": _of_cause(before.cause),
        "done": [],
        "cure": NOTHING_TO_DO,
    }


def _of_cause(cause: Cause | None) -> dict[str, str] | None:
    return cause_fields(cause) if cause else None


def cause_fields(cause: Cause) -> dict[str, str]:
    """Who did it, with what call and when."""
    return {
        "actor": cause.actor,
        "event_name": cause.event_name,
        "event_id": cause.event_id,
        "time": as_text(cause.time),
    }
