"""How the fleet stood over time, and how long it took to converge."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from sandbox.report import charts
from sandbox.report.charts import Frame
from sandbox.report.html import Html, box, join, line, svg, tag, text
from sandbox.report.record import Record
from sandbox.report.states import State, counts, percentile, states
from sandbox.report.timeline import STATE_CLASSES

_WIDTH, _HEIGHT = 560.0, 230.0
_PERCENTS = (50, 95, 99)
_BINS = 14
_METRIC = ("VpcEndpointRemediator", "TimeToConverge")


def fleet_states(record: Record) -> Html:
    """How many VPCs were in each state, from sample to sample."""
    seen = states(record)
    frame = Frame(
        _WIDTH, _HEIGHT, max(record.seconds, 1), max((len(s.vpcs) for s, _ in seen), default=1) or 1
    )
    ends = [*(sample.at for sample, _ in seen), record.ended][1:]
    bars, tips = [], []
    for (sample, names), end in zip(seen, ends, strict=True):
        left, right = frame.x(sample.at - record.begun), frame.x(end - record.begun)
        ground = 0
        for state, count in counts(names).items():
            if count:
                top, bottom = frame.y(ground + count), frame.y(ground)
                bars.append(
                    box(left, top, right - left + 0.3, bottom - top, f"fill crisp {STATE_CLASSES[state]}")
                )
                ground += count
        said = "; ".join(f"{state}: {', '.join(names[state])}" for state in State if names.get(state))
        title = f"{sample.at - record.begun:.0f} s: {said}"
        tips.append(
            box(left, frame.y(frame.top), right - left, frame.y(0) - frame.y(frame.top), "tip", title)
        )
    keys = [
        tag("li", tag("span", class_=f"key {class_}", aria_hidden="true"), str(state))
        for state, class_ in STATE_CLASSES.items()
    ]
    return join(
        svg(_WIDTH, _HEIGHT, "VPCs by state over time", frame.axes(), *bars, *tips),
        tag("ul", *keys, class_="legend"),
    )


def converging_times(record: Record) -> list[float]:
    """What the functions published as `TimeToConverge`, in seconds."""
    return [
        value / 1000
        for metric in record.metrics
        if (metric.namespace, metric.name) == _METRIC
        for value in metric.values
    ]


def distribution(times: Sequence[float], label: str) -> Html:
    """How times are spread, with their percentiles."""
    if not times:
        return tag("p", "No data: nothing converged.", class_="nothing")
    most = charts.ceiling(times)
    step = most / _BINS
    bins = Counter(min(math.ceil(each / step) - 1, _BINS - 1) if each > 0 else 0 for each in times)
    frame = Frame(_WIDTH, _HEIGHT, most, charts.ceiling([*map(float, bins.values())]) * 1.35)
    bars = [
        box(
            frame.x(n * step) + 1,
            frame.y(count),
            frame.x((n + 1) * step) - frame.x(n * step) - 2,
            frame.y(0) - frame.y(count),
            "fill c0",
            f"{count} between {n * step:.1f} and {(n + 1) * step:.1f} s",
        )
        for n, count in sorted(bins.items())
    ]
    found = {percent: percentile(times, percent) for percent in _PERCENTS}
    marks = [_mark(frame, n, percent, value) for n, (percent, value) in enumerate(found.items())]
    figures = [
        tag("li", tag("b", f"{value:.1f} s"), tag("span", f"p{percent}")) for percent, value in found.items()
    ]
    return join(
        tag(
            "ul",
            *figures,
            tag("li", tag("b", str(len(times))), tag("span", "values")),
            class_="figures small",
        ),
        svg(_WIDTH, _HEIGHT, label, frame.axes(), *bars, *marks),
    )


def _mark(frame: Frame, number: int, percent: int, value: float) -> Html:
    """A percentile: each label has a height of its own, so that they never overlap."""
    x, y = frame.x(value), 18.0 + number * 14
    left = x > frame.width - 60
    return join(
        line(x, y - 8, x, frame.y(0), "threshold", f"p{percent}: {value:.1f} s"),
        text(x - 4 if left else x + 4, y, f"p{percent}", "tick", "end" if left else None),
    )
