"""When the last sweep was: the heartbeat. Taken from the sweep's own log, since a Region's metrics do not say
of which installation they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from reconciler.published import NAMESPACE

from ..words import ago, duration
from .check import Check, ok, wrong

if TYPE_CHECKING:
    from .patient import Patient

_SUBJECT = "sweep"
_HOUR, _DAY = 3600, 24 * 3600
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": _HOUR, "day": _DAY}


def look(patient: Patient) -> Iterator[Check]:
    """A line for the last sweep."""
    interval = _interval(patient.deployment.parameters.get("SweepSchedule", ""))
    patience = 2 * interval + 600
    group = patient.resources.get("SweepLogs", "")
    pages = patient.account.logs.get_paginator("filter_log_events").paginate(
        logGroupName=group,
        startTime=int((patient.now - patience) * 1000),
        # A word of the line with which each sweep ends.
        filterPattern='"leftovers"',
    )
    swept = [each for page in pages for each in page["events"] if _is_end(each.get("message", ""))]
    if not swept and patient.deployment.parameters.get("LogLevel", "INFO") not in ("INFO", "DEBUG"):
        # The line is not written then. The metric may be another installation's.
        yield from _by_metric(patient, interval, patience)
        return
    if not swept:
        yield _none(interval, patience, group)
        return
    last = max(swept, key=lambda each: each.get("timestamp", 0))
    record: dict[str, Any] = json.loads(last["message"])
    when = ago(patient.now - last["timestamp"] / 1000)
    yield ok(_SUBJECT, f"the last one ended {when}: {record['message'].removeprefix('sweep: ')}")


def _by_metric(patient: Patient, interval: int, patience: int) -> Iterator[Check]:
    points = patient.account.cloudwatch.get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName="SweepCompleted",
        StartTime=datetime.fromtimestamp(patient.now - patience, UTC),
        EndTime=datetime.fromtimestamp(patient.now + 60, UTC),
        Period=300,
        Statistics=["Sum"],
    )["Datapoints"]
    if not points:
        yield _none(interval, patience, patient.resources.get("SweepLogs", ""))
        return
    last = max(point["Timestamp"].timestamp() for point in points)
    yield ok(_SUBJECT, f"the last one of the Region ended about {ago(patient.now - last)}")


def _none(interval: int, patience: int, group: str) -> Check:
    return wrong(
        _SUBJECT,
        f"no sweep ended within {duration(patience)}; one is due every {duration(interval)}",
        f"look at its log ({group}), its schedule and its dead letters; then: vpce redrive",
    )


def _is_end(message: str) -> bool:
    try:
        record = json.loads(message)
    except ValueError:
        return False
    return isinstance(record, dict) and "leftovers" in record and "message" in record


def _interval(schedule: str) -> int:
    """How far apart the sweeps are, in seconds. A cron expression is taken for a daily one."""
    found = _RATE.fullmatch(schedule)
    return int(found[1]) * _SECONDS[found[2]] if found else _DAY
