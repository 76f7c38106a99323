"""An alarm's states over hours, from what was published when: CloudWatch's rules on synthetic datapoints."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sandbox.control_plane.alarms import EXTRA_PERIODS, Rule, State
from sandbox.control_plane.emf import Metric
from tests.template.deployed import VALUES, resolve, resources

ALARMS = resources("AWS::CloudWatch::Alarm")
_STEP = 60
MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass(frozen=True)
class Change:
    """That an alarm came to a state, at a time in seconds."""

    at: int
    state: State


def rule_of(alarm: str, values: Mapping[str, str] = VALUES) -> Rule:
    """What an alarm of the template compares, by its logical id; resources stand in it by theirs."""
    properties: dict[str, Any] = resolve(ALARMS[alarm], values)
    return Rule.read(properties)


def walk(
    rule: Rule, published: Iterable[Metric], until: int, *, extra: int = EXTRA_PERIODS, step: int = _STEP
) -> list[Change]:
    """The changes of the alarm's state from 0 to `until`. CloudWatch looks back `extra` periods more than it
    is told to."""
    data = sorted(
        (each.timestamp, value)
        for each in published
        if (each.namespace, each.name, dict(each.dimensions))
        == (rule.namespace, rule.metric, rule.dimensions)
        for value in each.values
    )
    times, numbers = [at for at, _ in data], [value for _, value in data]
    state, changes = State.INSUFFICIENT_DATA, [Change(0, State.INSUFFICIENT_DATA)]
    for now in range(step, until, step):
        edges = [bisect_right(times, now - each * rule.period) for each in range(rule.periods + extra + 1)]
        points = [_datapoint(numbers[start:end], rule.statistic) for end, start in pairwise(edges)]
        state = rule.state(points[::-1], state)
        if state != changes[-1].state:
            changes.append(Change(now, state))
    return changes


def _datapoint(values: Sequence[float], statistic: str) -> float | None:
    if not values:
        return None
    match statistic:
        case "Sum":
            return sum(values)
        case "Maximum":
            return max(values)
        case "p95":
            return sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]
    raise NotImplementedError(statistic)
