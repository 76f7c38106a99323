"""The README's sums of what people on call see are those of the template and of what is published."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from reconciler.published import METRICS, Function, Published
from tests.template.deployed import resources

# Prices of us-east-1, a month.
A_DASHBOARD, AN_ALARM, A_METRIC = 3.00, 0.10, 0.30
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def series(metrics: Iterable[Published]) -> int:
    """Each value of a dimension is a metric of its own."""
    return sum(max(1, len(each.values)) for each in metrics)


def test_the_readme_has_the_price_of_the_dashboard_and_of_all_alarms() -> None:
    assert len(resources("AWS::CloudWatch::Dashboard")) == 1
    alarms = len(resources("AWS::CloudWatch::Alarm"))
    assert f"the dashboard ${A_DASHBOARD:.2f}; {alarms} alarms ${alarms * AN_ALARM:.2f};" in README


def test_the_readme_has_the_price_of_what_a_sweep_publishes_and_of_all_metrics() -> None:
    calls_of_the_sweep = 1
    at_every_sweep = (
        series(each for each in METRICS.values() if each.by == (Function.SWEEP,)) + calls_of_the_sweep
    )
    words = " ".join(README.split())
    assert f"publishes {at_every_sweep} all the time, which is ${at_every_sweep * A_METRIC:.2f}" in words
    in_all = series(METRICS.values())
    assert f"There are {in_all} in all" in words
    assert f"never be more than ${in_all * A_METRIC:.2f}" in words
