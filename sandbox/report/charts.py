"""Charts over the demo's time, as SVG: lines, stacked bars, and the axes around them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sandbox.report.html import Html, box, join, line, svg, tag, text, tip
from sandbox.report.series import Series
from sandbox.report.widgets import Line

COLOURS = 7
"""So many series have a colour of their own."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 42.0, 10.0, 8.0, 24.0
_CHARACTER = 6.2
"""About as wide is a character of a label."""
_SUFFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True)
class Frame:
    """A chart's size, and what its axes stand for."""

    width: float
    height: float
    seconds: float
    top: float
    """The largest value."""

    def x(self, seconds: float) -> float:
        """Where a time is."""
        inside = self.width - _LEFT - _RIGHT
        return _LEFT + inside * min(max(seconds / self.seconds, 0), 1)

    def y(self, value: float) -> float:
        """Where a value is."""
        inside = self.height - _TOP - _BOTTOM
        return self.height - _BOTTOM - inside * min(max(value / self.top, 0), 1)

    def axes(self) -> Html:
        """The grid with its labels."""
        rows = ticks(self.top, max(2, int(self.height / 40)), self.top == int(self.top))
        columns = ticks(self.seconds, max(2, int(self.width / 65)))
        end = self.width - _RIGHT
        return join(
            *(line(_LEFT, self.y(each), end, self.y(each), "grid") for each in rows),
            *(text(_LEFT - 6, self.y(each) + 4, figure(each), "tick", "end") for each in rows),
            *(
                text(self.x(each), self.height - 5, f"{figure(each)} s", "tick", "middle")
                for each in columns
                if self.x(each) < end - 8
            ),
        )


def ticks(top: float, most: int, whole: bool = False) -> list[float]:
    """Round figures from 0 to `top`, about so many."""
    step = _round_step(top / most, whole)
    return [step * n for n in range(int(top / step + 1e-9) + 1)]


def ceiling(values: Iterable[float]) -> float:
    """A round figure that none of the values exceeds."""
    known = list(values)
    most = max(known, default=0)
    if most <= 0:
        return 1
    step = _round_step(most / 4, all(each == int(each) for each in known))
    return math.ceil(most / step - 1e-9) * step


def figure(value: float) -> str:
    """A figure in few characters."""
    for size, suffix in _SUFFIXES:
        if abs(value) >= size:
            return f"{value / size:.3g}{suffix}"
    return f"{value:.3g}"


def time_lines(
    series: Sequence[Series],
    thresholds: Sequence[Line],
    width: float,
    height: float,
    seconds: float,
    label: str,
) -> Html:
    """A line for each series: neighbouring periods are joined, and every value is a dot."""
    values = [each for one in series for each in one.values if each is not None]
    frame = Frame(width, height, seconds, ceiling([*values, *(each.value for each in thresholds)]))
    return svg(
        width,
        height,
        label,
        frame.axes(),
        *(_threshold(frame, each) for each in thresholds),
        *(_line(frame, one, colour(n)) for n, one in enumerate(series)),
    )


def stacked_bars(series: Sequence[Series], width: float, height: float, seconds: float, label: str) -> Html:
    """A bar for each period, in which the series stand on each other."""
    totals = [
        sum(each or 0 for each in column) for column in zip(*(one.values for one in series), strict=True)
    ]
    frame = Frame(width, height, seconds, ceiling(totals))
    bars: list[Html] = []
    grounds = [0.0] * len(totals)
    for number, one in enumerate(series):
        for at, value in enumerate(one.values):
            if value:
                bars.append(_bar(frame, one, at, grounds[at], colour(number)))
                grounds[at] += value
    return svg(width, height, label, frame.axes(), *bars)


def few(series: Sequence[Series]) -> list[Series]:
    """No more series than there are colours: where there are more, the smallest are added up."""
    if len(series) <= COLOURS + 1:
        return list(series)
    ordered = sorted(series, key=lambda one: -sum(each or 0 for each in one.values))
    kept, others = ordered[:COLOURS], ordered[COLOURS:]
    sums = tuple(
        sum(each or 0 for each in column) for column in zip(*(one.values for one in others), strict=True)
    )
    return [*kept, Series(f"{len(others)} others", sums, others[0].step)]


def colour(number: int) -> str:
    """The class of the series of that number."""
    return f"c{number}" if number < COLOURS else "rest"


def legend(labels: Iterable[str], mark: str = "square") -> Html:
    """What each colour stands for."""
    keys = [
        tag("li", tag("span", class_=f"key {mark} {colour(n)}", aria_hidden="true"), each)
        for n, each in enumerate(labels)
    ]
    return tag("ul", *keys, class_="legend")


def clock(series: Series, at: int) -> str:
    """A period of a series, in words."""
    return f"{at * series.step:.0f} to {(at + 1) * series.step:.0f} s"


def _round_step(least: float, whole: bool = False) -> float:
    """The next round figure that is no less, and not a part of one where only `whole` ones make sense."""
    if least <= 0 or (whole and least < 1):
        return 1
    size = 10.0 ** math.floor(math.log10(least))
    return next(size * each for each in (1, 2, 5, 10) if size * each >= least * (1 - 1e-9))


def _line(frame: Frame, series: Series, class_: str) -> Html:
    dots = [
        (frame.x((at + 0.5) * series.step), frame.y(value), at, value)
        for at, value in enumerate(series.values)
        if value is not None
    ]
    joined = [
        line(x1, y1, x2, y2, f"stroke {class_}")
        for (x1, y1, before, _), (x2, y2, after, _) in pairwise(dots)
        if after == before + 1
    ]
    marks = [
        tag(
            "circle",
            tip(f"{series.label}: {figure(value)} ({clock(series, at)})"),
            cx=x,
            cy=y,
            r=2.6,
            class_=f"dot {class_}",
        )
        for x, y, at, value in dots
    ]
    return join(*joined, *marks)


def _bar(frame: Frame, series: Series, at: int, ground: float, class_: str) -> Html:
    value = series.values[at] or 0
    left, right = frame.x(at * series.step), frame.x((at + 1) * series.step)
    bottom, top = frame.y(ground), frame.y(ground + value)
    title = f"{series.label}: {figure(value)} ({clock(series, at)})"
    return box(left + 0.5, top, max(right - left - 1, 1), bottom - top, f"fill {class_}", title)


def _threshold(frame: Frame, threshold: Line) -> Html:
    y, end = frame.y(threshold.value), frame.width - _RIGHT
    room = int((end - _LEFT) / _CHARACTER)
    words = threshold.label if len(threshold.label) <= room else threshold.label[: room - 1] + "…"
    title = f"{threshold.label} {figure(threshold.value)}"
    above = y - 4 if y > _TOP + 14 else y + 13
    return join(line(_LEFT, y, end, y, "threshold", title), text(end, above, words, "tick", "end"))
