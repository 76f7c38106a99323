"""Alarms change state as CloudWatch's user guide says."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.control_plane.alarms import Rule, State

OK, ALARM, INSUFFICIENT = State.OK, State.ALARM, State.INSUFFICIENT_DATA
RETAINED = None
KINDS = ("missing", "ignore", "breaching", "notBreaching")


def rule(**properties: Any) -> Rule:
    return Rule.read(
        {
            "Namespace": "Shop",
            "MetricName": "Sold",
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 3,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            **properties,
        }
    )


def points(drawn: str) -> list[float | None]:
    """As the guide draws them: 0 is within the threshold, X breaches it, - is missing; the newest is last."""
    return [{"0": 0.0, "X": 1.0, "-": None}[each] for each in drawn.split()]


@pytest.mark.parametrize("before", [OK, ALARM])
@pytest.mark.parametrize(
    ("datapoints", "drawn", "states"),
    [
        (3, "0 - X - X", (OK, OK, OK, OK)),
        (3, "- - - - 0", (OK, OK, OK, OK)),
        (3, "- - - - -", (INSUFFICIENT, RETAINED, ALARM, OK)),
        (3, "0 X X - X", (ALARM, ALARM, ALARM, ALARM)),
        (3, "- - X - -", (ALARM, RETAINED, ALARM, OK)),
        (2, "0 - X - X", (ALARM, ALARM, ALARM, ALARM)),
        (2, "0 0 X 0 X", (ALARM, ALARM, ALARM, ALARM)),
        (2, "0 - X - -", (OK, OK, ALARM, OK)),
        (2, "- - - - 0", (OK, OK, ALARM, OK)),
        (2, "- - - X -", (ALARM, RETAINED, ALARM, OK)),
    ],
)
def test_the_tables_of_the_user_guide_hold(
    datapoints: int, drawn: str, states: tuple[State | None, ...], before: State
) -> None:
    for missing, state in zip(KINDS, states, strict=True):
        found = rule(DatapointsToAlarm=datapoints, TreatMissingData=missing).state(points(drawn), before)
        assert found == (before if state is RETAINED else state), missing


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanThreshold", [2.0]),
        ("GreaterThanOrEqualToThreshold", [1.0, 2.0]),
        ("LessThanThreshold", [0.0]),
        ("LessThanOrEqualToThreshold", [0.0, 1.0]),
    ],
)
def test_a_value_is_compared_with_the_threshold(comparison: str, breaching: list[float]) -> None:
    compared = rule(ComparisonOperator=comparison)
    assert [each for each in (0.0, 1.0, 2.0) if compared.breaches(each)] == breaching


def test_all_datapoints_must_breach_where_nothing_else_is_said() -> None:
    assert rule().state(points("X 0 X"), OK) is OK
    assert rule().state(points("X X X"), OK) is ALARM
