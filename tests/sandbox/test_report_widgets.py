"""The deployed dashboard's widgets become series as CloudWatch would have them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.control_plane.emf import Metric
from sandbox.report.expressions import Sum
from sandbox.report.series import Clock, NotDrawable, Series
from sandbox.report.widgets import Query, read
from tests.sandbox.demo_records import BEGUN, NAMESPACE, a_body, a_metric_widget, published

CLOCK = Clock(BEGUN, 60, window=3 * 3600)
TEN_SECONDS = 1800
"""So long a period of a dashboard of three hours is ten seconds of a demo of a minute."""
DETECTED = f"""SEARCH('{{{NAMESPACE},Kind}} MetricName="DriftDetected"', 'Sum')"""


def queries(*metrics: Any, **properties: Any) -> tuple[Query, ...]:
    [widget] = read(json.dumps(a_body(a_metric_widget(list(metrics), **properties)))).widgets
    return widget.queries


def drawn(points: list[Metric], *metrics: Any, **properties: Any) -> list[Series]:
    asked = queries(*metrics, **{"stat": "Sum", "period": TEN_SECONDS} | properties)
    return Sum(asked, points, CLOCK).series()


def test_a_row_that_leaves_words_out_has_those_of_the_row_above() -> None:
    found = queries(
        ["AWS/SQS", "Age", "QueueName", "a", {"stat": "p95"}], ["...", "b"], [".", "Depth", ".", "."]
    )
    assert [(each.name, dict(each.dimensions)) for each in found] == [
        ("Age", {"QueueName": "a"}),
        ("Age", {"QueueName": "b"}),
        ("Depth", {"QueueName": "b"}),
    ]


def test_a_metrics_own_statistic_and_period_go_before_the_widgets() -> None:
    own, shared = queries(
        [NAMESPACE, "A", {"stat": "p99", "period": 60}], [NAMESPACE, "B"], stat="Sum", period=300
    )
    assert (own.stat, own.period) == ("p99", 60)
    assert (shared.stat, shared.period) == ("Sum", 300)


@pytest.mark.parametrize(
    ("start", "seconds"),
    [("-PT24H", 86_400), ("-P1D", 86_400), ("-P2W", 1_209_600), ("-PT30M", 1800), ("", 10_800)],
)
def test_a_dashboard_shows_as_much_time_as_it_says(start: str, seconds: float) -> None:
    assert read(json.dumps(a_body(start=start))).window == seconds


def test_periods_are_shorter_by_as_much_as_the_demo_is() -> None:
    assert CLOCK.step(TEN_SECONDS) == 10


def test_a_period_is_no_shorter_than_two_seconds_and_six_fit_into_the_demo() -> None:
    assert CLOCK.step(1) == 2
    assert CLOCK.step(86_400) == 10


def test_points_are_gathered_by_period_and_a_period_without_any_has_no_value() -> None:
    points = [published("A", 1, 2, at=1), published("A", 4, at=9), published("A", 8, at=25)]
    [series] = drawn(points, [NAMESPACE, "A"])
    assert series.values == (7, None, 8, None, None, None)
    assert series.latest == 8
    assert series.whole == 15


def test_a_metric_without_points_has_no_value_at_all() -> None:
    [series] = drawn([published("A", 1)], [NAMESPACE, "B"])
    assert series.is_empty
    assert (series.latest, series.whole) == (None, None)


def test_a_point_of_the_last_moment_counts_in_the_last_period() -> None:
    [series] = drawn([published("A", 1, at=60.4)], [NAMESPACE, "A"])
    assert series.latest == series.values[-1] == 1


@pytest.mark.parametrize(
    ("stat", "value"),
    [
        ("Sum", 110),
        ("Average", 22),
        ("Maximum", 90),
        ("Minimum", 2),
        ("SampleCount", 5),
        ("p50", 5),
        ("p99.9", 90),
    ],
)
def test_each_statistic_is_what_its_name_says(stat: str, value: float) -> None:
    [series] = drawn([published("A", 90, 3, 2, 5, 10)], [NAMESPACE, "A", {"stat": stat}])
    assert series.values[0] == value


def test_a_metric_under_other_dimensions_is_another_metric() -> None:
    points = [published("A", 1, Kind="x"), published("A", 2, Kind="y"), published("A", 4)]
    [plain, of_kind] = drawn(points, [NAMESPACE, "A"], [NAMESPACE, "A", "Kind", "x"])
    assert (plain.latest, of_kind.latest) == (4, 1)


def test_a_search_finds_a_series_for_each_value_of_its_dimension() -> None:
    points = [
        published("DriftDetected", 1, Kind="b"),
        published("DriftDetected", 2, Kind="a"),
        published("DriftDetected", 4),
        published("DriftDetected", 16, Kind="a", Reason="c"),
        published("DriftRemediated", 8, Kind="a"),
    ]
    found = drawn(points, [{"expression": DETECTED}])
    assert [(each.label, each.latest) for each in found] == [("a", 2), ("b", 1)]


def test_a_sum_of_a_search_adds_up_what_it_found() -> None:
    points = [published("DriftDetected", 1, Kind="a"), published("DriftDetected", 2, Kind="b", at=11)]
    [series] = drawn(points, [{"expression": f"SUM({DETECTED})", "label": "all"}])
    assert (series.label, series.values[:3]) == ("all", (1, 2, None))


def test_expressions_name_metrics_by_their_ids() -> None:
    points = [published("A", 6), published("B", 3), published("A", 1, at=11)]
    shown = drawn(
        points,
        [NAMESPACE, "A", {"id": "a", "visible": False}],
        [NAMESPACE, "B", {"id": "b", "visible": False}],
        [{"expression": "100 * a / b - 50", "label": "share"}],
        [{"expression": "FILL(b, 0)"}],
        [{"expression": "a / FILL(b, 0)"}],
    )
    assert [each.label for each in shown] == ["share", "FILL(b, 0)", "a / FILL(b, 0)"]
    assert shown[0].values[:2] == (150, None)
    assert shown[1].values[:2] == (3, 0)
    assert shown[2].values[:2] == (2, None)


def test_a_budget_is_a_line_through_all_periods_of_so_much_as_a_period_of_the_demo_has() -> None:
    shown = drawn(
        [published("A", 6)],
        [{"expression": "TIME_SERIES(PERIOD(a) * 0.3)", "label": "budget"}],
        [NAMESPACE, "A", {"id": "a"}],
    )
    assert [each.label for each in shown] == ["budget", "A"]
    assert shown[0].values == (3.0,) * 6


def test_a_budget_is_drawn_also_where_nothing_is_published() -> None:
    [budget, _] = drawn([], [{"expression": "TIME_SERIES(PERIOD(a) * 3)"}], [NAMESPACE, "A", {"id": "a"}])
    assert budget.values == (30.0,) * 6


@pytest.mark.parametrize(
    "wrong",
    [
        {"expression": "ANOMALY_DETECTION_BAND(a)"},
        {"expression": "nobody"},
        {"expression": "1 +"},
        {"expression": "SELECT AVG(A) FROM x"},
        {"expression": "SEARCH('MetricName=A', 'Sum')"},
        {"expression": "'words'"},
        {"expression": "().__class__"},
    ],
)
def test_what_cannot_be_worked_out_is_said(wrong: Any) -> None:
    with pytest.raises(NotDrawable):
        drawn([published("A", 1)], [NAMESPACE, "A", {"id": "a"}], [wrong])


def test_an_unknown_statistic_is_said() -> None:
    with pytest.raises(NotDrawable, match="TM"):
        drawn([published("A", 1)], [NAMESPACE, "A"], stat="TM(10%:90%)")
