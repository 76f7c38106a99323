"""The dashboard's body, read: which series each widget draws, and by which statistic."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.template.deployed import VALUES, resolve, resources

_SEARCH = re.compile(r"""SEARCH\('\{([\w/]+),(\w+)\} MetricName="(\w+)"', '(\w+)'\)""")

# A line that draws no metric: calls a second, as calls in a period.
BUDGET = re.compile(r"TIME_SERIES\(PERIOD\((\w+)\) \* ([0-9.]+)\)")


@dataclass(frozen=True)
class Drawn:
    """A metric on a widget. `value` is None where all values of the dimension are drawn."""

    namespace: str
    metric: str
    dimension: str
    value: str | None
    statistic: str


def body(values: Mapping[str, str] = VALUES) -> Any:
    """The body as CloudWatch gets it; resources stand in it by their logical ids."""
    [dashboard] = resources("AWS::CloudWatch::Dashboard").values()
    return json.loads(resolve(dashboard["DashboardBody"], values))


def widgets(kind: str) -> list[Any]:
    """The properties of the widgets of a type."""
    return [each["properties"] for each in body()["widgets"] if each["type"] == kind]


def drawn() -> Iterator[Drawn]:
    """All metrics on all widgets."""
    for widget in widgets("metric"):
        for line in widget["metrics"]:
            yield from _of_line(line, widget["stat"])


def _of_line(line: list[Any], statistic: str) -> Iterator[Drawn]:
    options = line[-1] if isinstance(line[-1], dict) else {}
    if BUDGET.fullmatch(options.get("expression", "")):
        return
    if "expression" in options:
        found = _SEARCH.findall(options["expression"])
        assert found, f"no search that this test can read: {options['expression']}"
        for namespace, dimension, metric, searched in found:
            yield Drawn(namespace, metric, dimension, None, searched)
        return
    namespace, metric, *dimensions = line[:-1] if options else line
    dimension, value = dimensions or ("", "")
    yield Drawn(namespace, metric, dimension, value, options.get("stat", statistic))
