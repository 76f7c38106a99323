"""The metrics that the functions published, as the demo shows them: a view for any list of metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from statistics import median

from rich.table import Table

from sandbox.control_plane.emf import Metric
from sandbox.demo import show

_OF_A_MOMENT = (
    "VpcsInSync",
    "VpcsDrifted",
    "VpcsBlocked",
    "VpcsContested",
    "VpcsLeaving",
    "VpcsImpaired",
)
"""Metrics that say how things stand: their latest value counts, not their sum."""


def metrics_tables(metrics: Iterable[Metric]) -> Iterator[Table]:
    """A table for each dimension, a column for each of its metrics; the first is of metrics without any."""
    values: dict[str, dict[tuple[str, str], list[Metric]]] = defaultdict(lambda: defaultdict(list))
    for metric in metrics:
        name, value = ", ".join(metric.dimensions), ", ".join(metric.dimensions.values())
        values[name][value, metric.name].append(metric)
    for dimension, cells in sorted(values.items()):
        yield _by_dimension(dimension, cells) if dimension else _plain(cells)


def _plain(cells: dict[tuple[str, str], list[Metric]]) -> Table:
    rows = [(name, _figure(found)) for (_, name), found in sorted(cells.items())]
    return show.table("Metrics published", ("metric", "value"), rows)


def _by_dimension(dimension: str, cells: dict[tuple[str, str], list[Metric]]) -> Table:
    names = sorted({name for _, name in cells})
    rows = [
        (value, *(_figure(cells.get((value, name), [])) for name in names))
        for value in sorted({value for value, _ in cells})
    ]
    return show.table(f"Metrics published, by {dimension}", (dimension, *names), rows)


def _figure(metrics: list[Metric]) -> str:
    values = [value for metric in metrics for value in metric.values]
    if not values:
        return ""
    if metrics[0].unit == "Milliseconds":
        return f"median {median(values) / 1000:.1f} s, most {max(values) / 1000:.1f} s of {len(values)}"
    if metrics[0].name in _OF_A_MOMENT:
        return f"{values[-1]:.0f} at the last sweep"
    return f"{sum(values):.0f}"
