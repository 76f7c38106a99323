"""CloudWatch's alarms, by the rules that CloudWatch documents: ministack's own evaluation knows neither
dimensions nor missing data nor M out of N, and it publishes nothing of queues.

The rules are pure. `Alarms` applies them to the metrics that the emulated CloudWatch holds, and sets the
alarms' states.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sandbox.control_plane.ministack import ControlPlane
from sandbox.control_plane.queues import Queues

EXTRA_PERIODS = 2
"""CloudWatch looks back so many periods further than it is told to, in the example of its user guide, which
does not say how many in general."""

_HELD = "ApproximateNumberOfMessages"
_WAITING = f"{_HELD}Visible"


class State(StrEnum):
    """The states of an alarm."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@dataclass(frozen=True)
class Rule:
    """What an alarm compares: as its properties in a template, and as DescribeAlarms gives them."""

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str
    period: int
    periods: int
    datapoints: int
    threshold: float
    comparison: str
    missing: str

    @classmethod
    def read(cls, properties: Mapping[str, Any]) -> Rule:
        """Read an alarm's properties."""
        periods = int(properties["EvaluationPeriods"])
        return cls(
            namespace=properties["Namespace"],
            metric=properties["MetricName"],
            dimensions={each["Name"]: each["Value"] for each in properties.get("Dimensions", [])},
            statistic=properties.get("ExtendedStatistic") or properties["Statistic"],
            period=int(properties["Period"]),
            periods=periods,
            datapoints=int(properties.get("DatapointsToAlarm") or periods),
            threshold=float(properties["Threshold"]),
            comparison=properties["ComparisonOperator"],
            missing=properties.get("TreatMissingData", "missing"),
        )

    def breaches(self, value: float) -> bool:
        """Whether a datapoint is over the threshold, or under it."""
        match self.comparison:
            case "GreaterThanThreshold":
                return value > self.threshold
            case "GreaterThanOrEqualToThreshold":
                return value >= self.threshold
            case "LessThanThreshold":
                return value < self.threshold
            case "LessThanOrEqualToThreshold":
                return value <= self.threshold
        raise ValueError(f"an alarm with the comparison {self.comparison} is not played")

    def state(self, points: Sequence[float | None], before: State) -> State:
        """The alarm's state. `points` are the datapoints of the evaluation range, the newest last, None where
        one is missing; `before` is the state so far.

        Source: CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data".
        """
        real = [self.breaches(point) for point in points if point is not None]
        lacking = self.periods - len(real)
        if lacking <= 0:
            return self._of(sum(real[-self.periods :]))
        match self.missing:
            case "breaching":
                return self._of(sum(real) + lacking)
            case "notBreaching":
                return self._of(sum(real))
            case "ignore":
                return self._of(sum(real)) if real and not self._premature(points) else before
            case "missing":
                if not real:
                    return State.INSUFFICIENT_DATA
                return State.ALARM if self._premature(points) else self._of(sum(real))
        raise ValueError(f"missing data as {self.missing} is not played")

    def _of(self, breaching: int) -> State:
        return State.ALARM if breaching >= self.datapoints else State.OK

    def _premature(self, points: Sequence[float | None]) -> bool:
        """Whether all there is breaches, and the oldest of it is old enough to alarm."""
        if any(point is not None and not self.breaches(point) for point in points):
            return False
        there = [position for position, point in enumerate(points) if point is not None]
        return bool(there) and len(points) - there[0] >= self.datapoints


class Alarms:
    """Sets the alarms' states, and publishes how much the stack's queues hold."""

    def __init__(self, plane: ControlPlane, queues: Queues) -> None:
        self._cloudwatch = plane.client("cloudwatch")
        self._queues = queues

    def evaluate(self) -> None:
        """Set each alarm to the state that it has now."""
        self._publish_queues()
        pages = self._cloudwatch.get_paginator("describe_alarms").paginate()
        alarms = [each for page in pages for each in page["MetricAlarms"]]
        rules = [Rule.read(alarm) for alarm in alarms]
        if not alarms:
            return
        for alarm, rule, points in zip(alarms, rules, self._points(rules), strict=True):
            state = rule.state(points, State(alarm["StateValue"]))
            if state != alarm["StateValue"]:
                self._cloudwatch.set_alarm_state(
                    AlarmName=alarm["AlarmName"],
                    StateValue=state,
                    StateReason="as CloudWatch's rules have it",
                )

    def _points(self, rules: Sequence[Rule]) -> list[list[float | None]]:
        """The datapoints of each rule's evaluation range."""
        now = time.time()
        ranges = [
            range(int(now // each.period) - each.periods - EXTRA_PERIODS + 1, int(now // each.period) + 1)
            for each in rules
        ]
        found = self._cloudwatch.get_metric_data(
            MetricDataQueries=[_query(f"q{number}", rule) for number, rule in enumerate(rules)],
            StartTime=min(rule.period * periods[0] for rule, periods in zip(rules, ranges, strict=True)),
            EndTime=now + 1,
        )["MetricDataResults"]
        values = {
            each["Id"]: dict(zip((at.timestamp() for at in each["Timestamps"]), each["Values"], strict=True))
            for each in found
        }
        return [
            [values[f"q{number}"].get(float(period * rules[number].period)) for period in periods]
            for number, periods in enumerate(ranges)
        ]

    def _publish_queues(self) -> None:
        """As SQS does of queues that something lies in."""
        data = []
        for queue, url in self._queues.urls.items():
            depth = self._queues.depth(queue)
            for metric, held in ((_WAITING, depth.visible), (f"{_HELD}Delayed", depth.delayed)):
                data.append(
                    {
                        "MetricName": metric,
                        "Dimensions": [{"Name": "QueueName", "Value": url.rpartition("/")[2]}],
                        "Value": float(held),
                        "Unit": "Count",
                    }
                )
        self._cloudwatch.put_metric_data(Namespace="AWS/SQS", MetricData=data)


def _query(name: str, rule: Rule) -> dict[str, Any]:
    metric = {
        "Namespace": rule.namespace,
        "MetricName": rule.metric,
        "Dimensions": [{"Name": key, "Value": value} for key, value in rule.dimensions.items()],
    }
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": rule.period, "Stat": rule.statistic}}
