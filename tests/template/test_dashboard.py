"""The dashboard shows what is published, all of it, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest

from reconciler.published import METRICS, NAMESPACE
from tests.template.dashboard import BUDGET, Drawn, body, drawn, widgets
from tests.template.deployed import VALUES, is_made, resources, template
from tests.template.meaning import is_published

LOG_GROUPS = resources("AWS::Logs::LogGroup")
ALARMS = resources("AWS::CloudWatch::Alarm")


def expression(line: list[Any]) -> str:
    """The expression of a line of a widget, empty where it draws a metric."""
    return str(line[-1].get("expression", "")) if isinstance(line[-1], dict) else ""


@pytest.mark.parametrize(
    "each", list(drawn()), ids=lambda each: f"{each.metric} {each.value} {each.statistic}"
)
def test_every_series_is_one_that_someone_publishes(each: Drawn) -> None:
    assert is_published(each.namespace, each.metric, each.dimension, each.value, each.statistic)


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_that_is_published_is_drawn_under_each_of_its_values(metric: str) -> None:
    values = {each.value for each in drawn() if (each.namespace, each.metric) == (NAMESPACE, metric)}
    assert values
    assert None in values or values == (set(METRICS[metric].values) or {""})


def test_every_function_and_every_queue_is_drawn() -> None:
    named = {(each.value or "").partition(".")[0] for each in drawn()}
    assert named >= set(resources("AWS::Serverless::Function")) | set(resources("AWS::SQS::Queue"))


def test_the_convergence_is_drawn_by_median_and_tails() -> None:
    assert {each.statistic for each in drawn() if each.metric == "TimeToConverge"} == {"p50", "p95", "p99"}


@pytest.mark.parametrize("rate", ["0.3", "0.15"])
def test_the_endpoint_calls_stand_beside_the_budget_which_is_so_many_as_the_parameter_says(rate: str) -> None:
    bodies = body({**VALUES, "EndpointWriteRate": rate})["widgets"]
    [widget] = [each["properties"] for each in bodies if "budget" in each["properties"].get("title", "")]
    ids = {line[-1]["id"] for line in widget["metrics"] if "id" in line[-1]}
    [budget] = [found for line in widget["metrics"] if (found := BUDGET.fullmatch(expression(line)))]
    assert budget[1] in ids
    assert budget[2] == rate
    # The calls are drawn by kind, as the budget has a bucket for each: piled up they would cross its line.
    assert widget["stacked"] is False
    assert widget["stat"] == "Sum"


def test_the_event_queue_says_how_much_waits_and_since_when() -> None:
    of_queue = {each.metric for each in drawn() if (each.value or "").startswith("EventQueue.")}
    assert of_queue == {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"}


def test_the_name_bears_the_region_since_dashboards_are_the_accounts() -> None:
    [dashboard] = resources("AWS::CloudWatch::Dashboard").values()
    assert dashboard["DashboardName"] == {"Fn::Sub": "${AWS::StackName}-${AWS::Region}"}


@pytest.mark.parametrize(("parameter", "made"), [("true", True), ("false", False)])
def test_there_is_a_dashboard_unless_the_parameter_says_no(parameter: str, made: bool) -> None:
    assert is_made("FleetDashboard", {**VALUES, "Dashboard": parameter}) is made
    assert template()["Outputs"]["DashboardName"]["Condition"] == "HasDashboard"


# ---- how it is laid out


def test_widgets_stand_within_the_grid_and_none_upon_another() -> None:
    taken: set[tuple[int, int]] = set()
    for each in body()["widgets"]:
        cells = {
            (x, y)
            for x in range(each["x"], each["x"] + each["width"])
            for y in range(each["y"], each["y"] + each["height"])
        }
        assert not cells & taken
        assert all(x < 24 for x, _ in cells)
        taken |= cells


def test_each_row_begins_with_a_line_that_says_what_it_is_for() -> None:
    rows: dict[int, list[str]] = {}
    for each in body()["widgets"]:
        rows.setdefault(each["y"], []).append(each["type"])
    kinds = [kinds for _, kinds in sorted(rows.items())]
    assert all(kinds == ["text"] for kinds in kinds[::2])
    assert not any("text" in kinds for kinds in kinds[1::2])
    for text in widgets("text"):
        assert re.match(r"\*\*[^*]+\*\*: ", text["markdown"])
        assert "\n" not in text["markdown"]


def test_every_widget_but_texts_has_a_title_and_those_with_data_this_region() -> None:
    for kind in ("metric", "log", "alarm"):
        for each in widgets(kind):
            assert each["title"]
    for each in (*widgets("metric"), *widgets("log")):
        assert each["region"] == VALUES["AWS::Region"]


def test_the_types_and_views_are_those_that_the_demos_report_draws() -> None:
    assert {each["type"] for each in body()["widgets"]} == {"text", "metric", "log", "alarm"}
    assert {each["view"] for each in widgets("metric")} <= {"timeSeries", "singleValue", "bar"}


# ---- alarms and findings


def test_all_alarms_are_shown() -> None:
    [widget] = widgets("alarm")
    assert sorted(widget["alarms"]) == sorted(f"{name}.Arn" for name in ALARMS)


def test_an_alarm_that_is_left_out_is_not_referred_to() -> None:
    values = {**VALUES, "ErrorAlarmMinutes": "0", "SweepAlarmAfter": "never", "DriftAlarmSeconds": "0"}
    shown = [each for widget in body(values)["widgets"] for each in widget["properties"].get("alarms", [])]
    assert sorted(shown) == sorted(f"{name}.Arn" for name in ALARMS if is_made(name, values))
    assert len(shown) == len(ALARMS) - 6


def test_the_table_of_findings_reads_reconciles_log() -> None:
    [widget] = widgets("log")
    source = re.match(r"SOURCE '(\w+)' \| ", widget["query"])
    assert source is not None
    assert source[1] in LOG_GROUPS
    assert source[1] == "ReconcileLogs"
