"""A dashboard's body, read: each widget with its place, and its metrics with what they leave out put in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_DEFAULT_WINDOW = 3 * 3600.0
_DURATION = re.compile(r"-P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")
_WEEK, _DAY, _HOUR, _MINUTE = 604_800, 86_400, 3_600, 60


@dataclass(frozen=True)
class Query:
    """A metric, or an expression, of a widget."""

    namespace: str = ""
    name: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)
    expression: str = ""
    id: str = ""
    label: str = ""
    stat: str = "Average"
    period: float = 300
    visible: bool = True


@dataclass(frozen=True)
class Line:
    """A horizontal line in a chart: a threshold."""

    value: float
    label: str


@dataclass(frozen=True)
class Widget:
    """One widget. Of `queries`, `text`, `query` and `alarms`, it has what its `kind` says."""

    kind: str
    x: int = 0
    y: int = 0
    width: int = 6
    height: int = 6
    title: str = ""
    view: str = "timeSeries"
    stacked: bool = False
    whole_range: bool = False
    """Whether a single value is that of all the time shown, else of the latest period."""
    sparkline: bool = False
    text: str = ""
    query: str = ""
    queries: tuple[Query, ...] = ()
    alarms: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    left_label: str = ""


@dataclass(frozen=True)
class Body:
    """All widgets of a dashboard, and how many seconds it shows when it is opened."""

    widgets: tuple[Widget, ...]
    window: float


def read(body: str) -> Body:
    """A dashboard's body, as CloudWatch gives it."""
    found = json.loads(body)
    return Body(tuple(_widget(each) for each in found["widgets"]), _window(found.get("start", "")))


def _window(start: str) -> float:
    matched = _DURATION.fullmatch(start)
    if not matched:
        return _DEFAULT_WINDOW
    weeks, days, hours, minutes = (int(each or 0) for each in matched.groups())
    return weeks * _WEEK + days * _DAY + hours * _HOUR + minutes * _MINUTE or _DEFAULT_WINDOW


def _widget(found: Mapping[str, Any]) -> Widget:
    properties = found.get("properties", {})
    return Widget(
        kind=found["type"],
        x=found.get("x", 0),
        y=found.get("y", 0),
        width=found.get("width", 6),
        height=found.get("height", 6),
        title=properties.get("title", ""),
        view=properties.get("view", "timeSeries"),
        stacked=properties.get("stacked", False),
        whole_range=properties.get("setPeriodToTimeRange", False),
        sparkline=properties.get("sparkline", False),
        text=properties.get("markdown", ""),
        query=properties.get("query", ""),
        queries=_queries(properties),
        alarms=tuple(properties.get("alarms", ())),
        lines=_lines(properties),
        left_label=properties.get("yAxis", {}).get("left", {}).get("label", ""),
    )


def _lines(properties: Mapping[str, Any]) -> tuple[Line, ...]:
    horizontal = properties.get("annotations", {}).get("horizontal", [])
    return tuple(
        Line(float(each["value"]), each.get("label", ""))
        for each in horizontal
        if isinstance(each, dict) and "value" in each
    )


def _queries(properties: Mapping[str, Any]) -> tuple[Query, ...]:
    stat, period = properties.get("stat", "Average"), properties.get("period", 300)
    found: list[Query] = []
    before: list[str] = []
    for row in properties.get("metrics", []):
        words = [each for each in row if isinstance(each, str)]
        options = next((each for each in row if isinstance(each, dict)), {})
        if words:
            before = words = _spelled_out(words, before)
        found.append(
            Query(
                namespace=words[0] if words else "",
                name=words[1] if words else "",
                dimensions=dict(zip(words[2::2], words[3::2], strict=True)),
                expression=options.get("expression", ""),
                id=options.get("id", ""),
                label=options.get("label", ""),
                stat=options.get("stat", stat),
                period=options.get("period", period),
                visible=options.get("visible", True),
            )
        )
    return tuple(found)


def _spelled_out(words: list[str], before: list[str]) -> list[str]:
    """`.` stands for the word in that place of the row above, `...` for all words of it up to those that
    follow."""
    if "..." in words:
        at = words.index("...")
        rest = words[at + 1 :]
        words = words[:at] + before[at : len(before) - len(rest)] + rest
    return [before[n] if word == "." else word for n, word in enumerate(words)]
