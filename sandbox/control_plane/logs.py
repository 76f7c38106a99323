"""What the deployed functions wrote, out of their log groups.

Apart from the metrics that are parsed out of it (`sandbox.control_plane.emf`): this is the one place that
talks to CloudWatch Logs, and it remembers what it has read, so that looking often costs little.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.control_plane.deploy import Stack
from sandbox.control_plane.ministack import ControlPlane

Key = tuple[str, int, str]
"""Stream, time and text: ministack gives its log events no ids."""

_LATE_MILLISECONDS = 15_000
"""A line may appear so much later than its time says: Lambda writes them down when the invocation ends."""


@dataclass(frozen=True)
class Line:
    """One line that a function wrote."""

    function: str
    """The function's logical id."""
    timestamp: float
    """Seconds since the epoch."""
    message: str


class FunctionLogs:
    """The lines of the stack's functions, in the order in which they came in."""

    def __init__(self, plane: ControlPlane, stack: Stack) -> None:
        self._client = plane.client("logs")
        self._groups = _log_groups(plane, stack)
        self._lines: list[Line] = []
        self._seen: Counter[Key] = Counter()
        self._newest = dict.fromkeys(self._groups, 0)
        self._lock = threading.Lock()

    @property
    def groups(self) -> Mapping[str, str]:
        """The log groups' names, by the functions' logical ids."""
        return self._groups

    def lines(self, function: str | None = None) -> Sequence[Line]:
        """All lines so far, of one function or of all."""
        with self._lock:
            for each in self._groups:
                self._read(each)
            return [line for line in self._lines if function in (None, line.function)]

    def _read(self, function: str) -> None:
        pages = self._client.get_paginator("filter_log_events").paginate(
            logGroupName=self._groups[function],
            startTime=max(0, self._newest[function] - _LATE_MILLISECONDS),
        )
        try:
            events = [event for page in pages for event in page["events"]]
        except self._client.exceptions.ResourceNotFoundException:
            return  # a group that Lambda makes at the first line
        counts: Counter[Key] = Counter()
        for event in events:
            key = (event["logStreamName"], event["timestamp"], event["message"])
            counts[key] += 1
            if counts[key] > self._seen[key]:
                self._seen[key] += 1
                self._newest[function] = max(self._newest[function], event["timestamp"])
                self._lines.append(Line(function, event["timestamp"] / 1000, event["message"].rstrip()))


def _log_groups(plane: ControlPlane, stack: Stack) -> dict[str, str]:
    functions = plane.client("lambda")
    groups = {}
    for logical_id, name in stack.physical_ids("AWS::Lambda::Function").items():
        found = functions.get_function_configuration(FunctionName=name)
        groups[logical_id] = found.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{name}"
    return groups
