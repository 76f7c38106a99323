"""Metrics out of log lines: what CloudWatch does with the embedded metric format, and ministack does not.

The parsing is pure; `Extractor` publishes what it finds to the emulated CloudWatch, so that `aws cloudwatch`
and the alarms see the metrics as on AWS.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.control_plane.logs import FunctionLogs, Line
from sandbox.control_plane.ministack import ControlPlane

_EVERY_SECONDS = 2.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Metric:
    """One metric of one line: its values, under one set of dimensions."""

    namespace: str
    name: str
    unit: str
    dimensions: Mapping[str, str]
    values: tuple[float, ...]
    timestamp: float
    """Seconds since the epoch."""
    properties: Mapping[str, Any] = field(default_factory=dict)
    """What else the line carried: the metadata."""


def metrics_of(lines: Iterable[Line]) -> list[Metric]:
    """All metrics in these lines."""
    return [metric for line in lines for metric in parse(line.message)]


def parse(line: str) -> list[Metric]:
    """The metrics in a log line; none when it is not of the embedded metric format."""
    if '"_aws"' not in line:
        return []
    try:
        record = json.loads(line)
        return [
            metric
            for directive in record["_aws"]["CloudWatchMetrics"]
            for metric in _of_directive(directive, record)
        ]
    except (ValueError, KeyError, TypeError):
        return []


def _of_directive(directive: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[Metric]:
    names = {each["Name"] for each in directive["Metrics"]}
    keys = {key for dimensions in directive["Dimensions"] for key in dimensions}
    properties = {key: value for key, value in record.items() if key not in {"_aws", *names, *keys}}
    for definition in directive["Metrics"]:
        found = record[definition["Name"]]
        for dimensions in directive["Dimensions"]:
            yield Metric(
                namespace=directive["Namespace"],
                name=definition["Name"],
                unit=definition.get("Unit", "None"),
                dimensions={key: str(record[key]) for key in dimensions},
                values=tuple(found) if isinstance(found, list) else (found,),
                timestamp=record["_aws"]["Timestamp"] / 1000,
                properties=properties,
            )


class Extractor:
    """Publishes the metrics of new log lines, every other second, in a thread."""

    def __init__(
        self, plane: ControlPlane, logs: FunctionLogs, then: Callable[[], None] = lambda: None
    ) -> None:
        """`then` is done after each time."""
        self._cloudwatch = plane.client("cloudwatch")
        self._logs = logs
        self._then = then
        self._published = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="emf", daemon=True)

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def stop(self) -> None:
        """Publish no more."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def publish(self) -> None:
        """Publish what has come since the last time."""
        for line in self._logs.lines()[self._published :]:
            for metric in parse(line.message):
                self._cloudwatch.put_metric_data(Namespace=metric.namespace, MetricData=[_datum(metric)])
            self._published += 1

    def _run(self) -> None:
        while not self._ended.wait(_EVERY_SECONDS):
            try:
                self.publish()
                self._then()
            except (ClientError, BotoCoreError):
                _log.exception("metrics were not published")


def _datum(metric: Metric) -> dict[str, Any]:
    return {
        "MetricName": metric.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions.items()],
        "Values": list(metric.values),
        "Timestamp": metric.timestamp,
        "Unit": metric.unit,
    }
