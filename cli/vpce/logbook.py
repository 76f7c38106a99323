"""What the reconcile function wrote of a VPC lately, from its log group."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from .problems import EXPECTED, sentence
from .world import World

# So many lines are read at most; the latest of them are kept.
_READ = 5000
_UNITS = {"m": 60, "h": 3600, "d": 24 * 3600}


@dataclass(frozen=True)
class Entry:
    """A line: when it was written, in seconds since 1970, its level, and what it says."""

    time: float
    level: str
    message: str
    fields: dict[str, Any]

    @property
    def error(self) -> str:
        """The exception of a run that crashed: its name and the last line of its traceback. Empty where none
        is told."""
        lines = str(self.fields.get("exception") or "").strip().splitlines()
        name, last = str(self.fields.get("exception_name") or ""), lines[-1].strip() if lines else ""
        return last if name in last else ": ".join(filter(None, (name, last)))


def seconds_of(since: str) -> int | None:
    """A length of time such as `30m`, `24h` or `7d`, in seconds; None where it is none."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})([mhd])", since)
    return int(found[1]) * _UNITS[found[2]] if found else None


def last_crash(world: World, vpc_id: str, seconds: int) -> str:
    """The exception of the VPC's last run that crashed; empty where none did, or where the log cannot be
    read."""
    found = read(world, vpc_id, seconds, _READ, "crashed") or []
    return next((each.error for each in reversed(found) if each.error), "")


def read(world: World, vpc_id: str, seconds: int, most: int, word: str = "") -> list[Entry] | None:
    """The latest lines on a VPC that have the word, the last one last. None where the log cannot be read; a
    warning says why."""
    group = world.resources.get("ReconcileLogs")
    if not group:
        world.screen.warn("The stack's reconcile log is not known, so what the remediator did is not shown.")
        return None
    pages = world.account.logs.get_paginator("filter_log_events").paginate(
        logGroupName=group,
        startTime=int((world.now() - seconds) * 1000),
        filterPattern=f'"{vpc_id}"' + (f' "{word}"' if word else ""),
        PaginationConfig={"MaxItems": _READ},
    )
    try:
        lines = [
            (each.get("timestamp", 0) / 1000, each.get("message", ""))
            for page in pages
            for each in page.get("events", [])
        ]
    except EXPECTED as error:
        world.screen.warn(f"What the remediator did is not shown: {sentence(error)}")
        return None
    entries = [entry for time, text in lines if (entry := _entry(time, text, vpc_id))]
    return sorted(entries, key=lambda each: each.time)[-most:]


def _entry(time: float, text: str, vpc_id: str) -> Entry | None:
    """A line of the program's own on this VPC; None for metrics and what Lambda writes."""
    try:
        record = json.loads(text)
    except ValueError:
        return None
    if not isinstance(record, dict) or "message" not in record or record.get("vpc_id") != vpc_id:
        return None
    message = str(record["message"]).removeprefix(f"{vpc_id}: ")
    return Entry(time, str(record.get("level", "")), message, record)
