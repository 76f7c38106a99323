"""What the deployed functions said of each finding, in its life from the first sight to the last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.report.record import Record


@dataclass(frozen=True)
class Finding:
    """One finding. Words that the log lines do not have are empty."""

    vpc: str
    """The VPC's name."""
    vpc_id: str
    kind: str
    resource: str
    found: str
    wanted: str
    statuses: tuple[str, ...]
    """What became of it, from run to run; the same word twice in a row stands once."""
    reason: str
    actor: str
    event: str
    event_id: str
    done: tuple[tuple[str, str], ...]
    """Each call that was made for it, and EC2's id of the request."""
    cure: str
    first: float
    """Seconds since the epoch."""
    last: float
    times: int

    @property
    def status(self) -> str:
        """What became of it in the end."""
        return self.statuses[-1]


def findings(record: Record) -> list[Finding]:
    """All findings, by the time at which they were first seen."""
    lives: dict[tuple[Any, ...], list[tuple[float, Mapping[str, Any]]]] = {}
    for line, said in record.logged():
        if "kind" in said and "vpc_id" in said and "status" in said:
            key = (said["vpc_id"], said["kind"], said.get("resource"), said.get("since"))
            lives.setdefault(key, []).append((line.timestamp, said))
    return sorted((_finding(record, life) for life in lives.values()), key=lambda each: each.first)


def requests(record: Record) -> dict[str, str]:
    """The name of the VPC for which each request to EC2 was made, by the request's id."""
    return {request: each.vpc for each in findings(record) for _, request in each.done if request}


def _finding(record: Record, life: list[tuple[float, Mapping[str, Any]]]) -> Finding:
    said = [each for _, each in life]
    last = said[-1]
    causes: list[Mapping[str, Any]] = [each["cause"] for each in said if each.get("cause")]
    cause = causes[-1] if causes else {}
    words = [str(each["status"]) for each in said]
    done = dict.fromkeys(
        (str(call.get("call", "")), str(call.get("request_id", "")))
        for each in said
        for call in each.get("done") or ()
    )
    return Finding(
        vpc=record.name(str(last["vpc_id"])),
        vpc_id=str(last["vpc_id"]),
        kind=str(last["kind"]),
        resource=str(last.get("resource", "")),
        found=_words(said[0].get("found")),
        wanted=_words(said[0].get("wanted")),
        statuses=tuple(word for n, word in enumerate(words) if n == 0 or word != words[n - 1]),
        reason=str(last.get("reason") or ""),
        actor=str(cause.get("actor", "")),
        event=str(cause.get("event_name", "")),
        event_id=str(cause.get("event_id", "")),
        done=tuple(done),
        cure=str(last.get("cure") or ""),
        first=life[0][0],
        last=life[-1][0],
        times=len(life),
    )


def _words(value: object) -> str:
    return "" if value is None else str(value)
