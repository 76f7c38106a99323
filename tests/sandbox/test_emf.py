"""Metrics are read out of log lines as CloudWatch reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.control_plane.emf import metrics_of, parse
from sandbox.control_plane.logs import Line


def emf(**parts: Any) -> str:
    """A line of the embedded metric format."""
    directive = {
        "Namespace": "Shop",
        "Dimensions": [["Kind"]],
        "Metrics": [{"Name": "Sold", "Unit": "Count"}],
    }
    directive |= parts.pop("directive", {})
    return json.dumps(
        {"_aws": {"Timestamp": 1_700_000_000_500, "CloudWatchMetrics": [directive]}, **parts},
    )


def test_a_metric_has_its_dimension_values_time_and_the_rest_as_properties() -> None:
    (metric,) = parse(emf(Kind="book", Sold=[1.0, 2.0], vpc_id="vpc-1"))
    assert (metric.namespace, metric.name, metric.unit) == ("Shop", "Sold", "Count")
    assert metric.dimensions == {"Kind": "book"}
    assert metric.values == (1.0, 2.0)
    assert metric.timestamp == 1_700_000_000.5
    assert metric.properties == {"vpc_id": "vpc-1"}


def test_a_value_may_stand_without_a_list() -> None:
    (metric,) = parse(emf(Kind="book", Sold=3))
    assert metric.values == (3,)


def test_an_empty_set_of_dimensions_is_a_metric_without_any() -> None:
    (metric,) = parse(emf(Sold=[1.0], directive={"Dimensions": [[]]}))
    assert metric.dimensions == {}


def test_each_set_of_dimensions_is_a_metric_of_its_own() -> None:
    line = emf(Kind="book", Shop=7, Sold=[1.0], directive={"Dimensions": [["Kind"], ["Kind", "Shop"]]})
    assert [metric.dimensions for metric in parse(line)] == [{"Kind": "book"}, {"Kind": "book", "Shop": "7"}]


def test_a_metric_without_a_unit_has_none() -> None:
    (metric,) = parse(emf(Kind="book", Sold=1, directive={"Metrics": [{"Name": "Sold"}]}))
    assert metric.unit == "None"


@pytest.mark.parametrize(
    "line",
    [
        "START RequestId: 1",
        "",
        '{"message": "no metric"}',
        '{"message": "speaks of \\"_aws\\" only"}',
        '{"_aws": ',
        '{"_aws": {}}',
        '{"_aws": 1}',
        '["_aws"]',
        emf(Sold=1),  # no value for the dimension
        emf(Kind="book"),  # no value for the metric
    ],
)
def test_a_line_that_is_not_of_the_format_has_no_metrics(line: str) -> None:
    assert parse(line) == []


def test_the_lines_that_are_none_do_not_hide_those_that_are() -> None:
    lines = [Line("f", 0.0, text) for text in ("START", emf(Kind="a", Sold=1), "END", emf(Kind="b", Sold=1))]
    assert [metric.dimensions["Kind"] for metric in metrics_of(lines)] == ["a", "b"]
