"""Points of metrics, gathered by period into series: what CloudWatch does before it draws a line.

The demo lasts a minute or two, and a dashboard shows hours. So its periods are shortened by as much.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from sandbox.control_plane.emf import Metric
from sandbox.report.states import percentile
from sandbox.report.widgets import Query

_SHORTEST = 2.0
_FEWEST = 6
"""So many periods fit into the demo at least."""

_STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Average": fmean,
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
}


class NotDrawable(Exception):
    """The sandbox cannot work out what a widget asks for; says what."""


@dataclass(frozen=True)
class Clock:
    """When the demo was, and how much of a dashboard's time it stands for."""

    begun: float
    """Seconds since the epoch."""
    seconds: float
    window: float
    """How many seconds the dashboard shows."""

    def step(self, period: float) -> float:
        """A period's length in the demo."""
        longest = max(self.seconds / _FEWEST, _SHORTEST)
        return min(max(period * self.seconds / self.window, _SHORTEST), longest)

    def bins(self, step: float) -> int:
        """How many periods of that length there are."""
        return max(1, -int(-self.seconds // step))


@dataclass(frozen=True)
class Series:
    """A line of a chart: a value for each period, None where there is no point."""

    label: str
    values: tuple[float | None, ...]
    step: float
    """How long a period is, in seconds."""
    whole: float | None = None
    """The statistic of all points at once."""
    unit: str = ""

    @property
    def latest(self) -> float | None:
        """The value of the last period that has one."""
        return next((each for each in reversed(self.values) if each is not None), None)

    @property
    def is_empty(self) -> bool:
        """Whether there is no point at all."""
        return all(each is None for each in self.values)


def statistic(name: str) -> Callable[[Sequence[float]], float]:
    """The function behind a statistic's name."""
    if name in _STATISTICS:
        return _STATISTICS[name]
    if name.startswith("p") and name[1:].replace(".", "", 1).isdigit():
        return lambda values: percentile(values, float(name[1:]))
    raise NotDrawable(f"the sandbox does not know the statistic {name}")


def series_of(query: Query, points: Iterable[Metric], clock: Clock) -> Series:
    """The series of one metric, under just its dimensions."""
    wanted = (query.namespace, query.name, dict(query.dimensions))
    mine = [each for each in points if (each.namespace, each.name, dict(each.dimensions)) == wanted]
    measure, step = statistic(query.stat), clock.step(query.period)
    gathered: dict[int, list[float]] = defaultdict(list)
    bins = clock.bins(step)
    for each in mine:
        at = int((each.timestamp - clock.begun) // step)
        gathered[min(max(at, 0), bins - 1)].extend(each.values)
    values = [value for each in mine for value in each.values]
    return Series(
        label=query.label or _label(query),
        values=tuple(float(measure(gathered[n])) if gathered[n] else None for n in range(bins)),
        step=step,
        whole=float(measure(values)) if values else None,
        unit=mine[0].unit if mine and query.stat != "SampleCount" else "",
    )


def _label(query: Query) -> str:
    return " ".join([*query.dimensions.values(), query.name])
