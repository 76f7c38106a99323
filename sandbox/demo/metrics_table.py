"""The metrics that the functions published, as the demo shows them: a view for any list of metrics.

Its figures add up in every run: what depends on how events fall into windows is named for what it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median

from rich.table import Table

from sandbox.control_plane.emf import Metric
from sandbox.demo import show

STATES = (
    "VpcsInSync",
    "VpcsConverging",
    "VpcsDrifted",
    "VpcsBlocked",
    "VpcsContested",
    "VpcsLeaving",
    "VpcsImpaired",
)
"""Metrics of how many VPCs are in each state: of these the latest sweep's count, not their sum."""
_OF_A_MOMENT = (*STATES, "OldestFindingAge")
_DRIFT = ("DriftDetected", "DriftRemediated")
_APART = (*_DRIFT, "DriftContested")

Cells = Mapping[tuple[str, str], Sequence[Metric]]
"""Metrics by the value of their dimension, and their name."""


def metrics_tables(metrics: Iterable[Metric], names: Mapping[str, str]) -> Iterator[Table]:
    """A table for each dimension, a column for each of its metrics; the first is of metrics without any.

    Drift is told apart. `names` are the VPCs' names, by id."""
    values: dict[str, dict[tuple[str, str], list[Metric]]] = defaultdict(lambda: defaultdict(list))
    for metric in metrics:
        if metric.name not in _APART:
            dimension, value = ", ".join(metric.dimensions), ", ".join(metric.dimensions.values())
            values[dimension][value, metric.name].append(metric)
    for dimension, cells in sorted(values.items()):
        yield _by_dimension(dimension, cells) if dimension else _plain(cells, names)


def drift_table(metrics: Iterable[Metric], audited: str) -> Table:
    """What became of all that was detected, by kind; each row adds up. `audited` is the VPC in audit mode."""
    rows = [(kind, *map(str, row)) for kind, row in sorted(drift_rows(metrics, audited).items())]
    headings = ("Kind", "DriftDetected", "DriftRemediated", "only reported", "neither")
    return show.table("Drift, by Kind", headings, rows)


def drift_rows(metrics: Iterable[Metric], audited: str) -> dict[str, tuple[int, int, int, int]]:
    """By kind: detected, and of that remediated, only reported since the VPC is in audit mode, and the rest.

    A rest is below zero where the program counts as remediated what it never counted as detected."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for metric in metrics:
        if metric.name in _DRIFT:
            reported = metric.name == "DriftDetected" and metric.properties.get("vpc_id") == audited
            counts[metric.dimensions["Kind"]][metric.name] += int(sum(metric.values))
            counts[metric.dimensions["Kind"]]["reported"] += int(sum(metric.values)) * reported
    return {
        kind: (
            found["DriftDetected"],
            found["DriftRemediated"],
            found["reported"],
            found["DriftDetected"] - found["DriftRemediated"] - found["reported"],
        )
        for kind, found in counts.items()
    }


def contested(metrics: Iterable[Metric]) -> int:
    """How often a run found a fight given up."""
    return int(sum(sum(metric.values) for metric in metrics if metric.name == "DriftContested"))


def vpcs_by_state(metrics: Iterable[Metric]) -> dict[str, list[str]]:
    """The ids of the VPCs that the last sweep found in each state."""
    latest = {metric.name: metric for metric in metrics if metric.name in STATES}
    return {name: list(latest[name].properties["vpc_ids"]) for name in STATES if name in latest}


def calls_by_function(metrics: Iterable[Metric]) -> dict[str, int]:
    """How many calls to EC2 each function says that it made."""
    counts: dict[str, int] = defaultdict(int)
    for metric in metrics:
        if metric.name == "Ec2Calls":
            counts[metric.dimensions["Function"]] += int(sum(metric.values))
    return dict(counts)


def _plain(cells: Cells, names: Mapping[str, str]) -> Table:
    rows = [(name, _figure(found) + _named(found[-1], names)) for (_, name), found in sorted(cells.items())]
    return show.table("Metrics published", ("metric", "value"), rows)


def _by_dimension(dimension: str, cells: Cells) -> Table:
    names = sorted({name for _, name in cells})
    rows = [
        (value, *(_figure(cells.get((value, name), [])) for name in names))
        for value in sorted({value for value, _ in cells})
    ]
    return show.table(f"By {dimension}", (dimension, *names), rows)


def _named(metric: Metric, names: Mapping[str, str]) -> str:
    """The VPCs that the metric counts, by their names."""
    counted = metric.properties.get("vpc_ids", ())
    return ": " + ", ".join(sorted(names.get(each, each) for each in counted)) if counted else ""


def _figure(metrics: Sequence[Metric]) -> str:
    values = [value for metric in metrics for value in metric.values]
    if not values:
        return ""
    if metrics[0].unit == "Milliseconds":
        return f"median {median(values) / 1000:.1f} s, most {max(values) / 1000:.1f} s, of {len(values)} runs"
    if metrics[0].name in _OF_A_MOMENT:
        unit = " s" if metrics[0].unit == "Seconds" else ""
        return f"{values[-1]:.0f}{unit} at the last sweep"
    return f"{sum(values):.0f}"
