"""Logs Insights, as far as the stack's queries go: fields, display, filter, sort, limit, dedup, and counting.

The sandbox's own CloudWatch Logs passes over filters that it does not know, so a table of it would be wrong
without a word. Here, what is not known is said.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.control_plane.logs import Line
from sandbox.report.conditions import Row, condition, flat
from sandbox.report.record import Record
from sandbox.report.series import NotDrawable

_STAGES = re.compile(r"""((?:"[^"]*"|'[^']*'|(?:like|=~)\s*/(?:\\.|[^/\n])+/|[^|"'])+)""", re.I)
_SOURCE = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_SORT = re.compile(r"([@\w.]+)(?:\s+(asc|desc))?", re.I)
_COUNT = re.compile(r"count(?:\(\*?\))?(?:\s+as\s+(\w+))?\s+by\s+(.+)", re.I | re.S)
_ALIAS = re.compile(r"([@\w.]+)(?:\s+as\s+([\w.]+))?", re.I)
_MOST = 1000


@dataclass(frozen=True)
class Table:
    """What a query found."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def ask(query: str, record: Record) -> Table:
    """The answer to a query, over the lines of the log groups that its `SOURCE` names."""
    stages = [each.strip() for each in _STAGES.findall(query) if each.strip()]
    rows, columns = list(_rows(record, _sources(stages))), ["@timestamp", "@message"]
    for stage in stages:
        word, _, rest = stage.partition(" ")
        match word.lower(), rest.strip():
            case "source", _:
                continue
            case (("fields" | "display"), names):
                columns = _fields(names, rows, columns if word.lower() == "fields" else [])
            case "filter", condition_:
                holds = condition(condition_)
                rows = [row for row in rows if holds(row)]
            case "sort", how:
                rows = _sorted(rows, how)
            case "limit", number if number.isdigit():
                rows = rows[: int(number)]
            case "dedup", names:
                rows = _without_doubles(rows, _names(names))
            case "stats", what:
                rows, columns = _counted(rows, what)
            case _:
                raise NotDrawable(f"the sandbox cannot answer: {stage}")
    cells = tuple(tuple(_cell(row.get(each)) for each in columns) for row in rows[:_MOST])
    return Table(tuple(columns), cells)


def _sources(stages: Iterable[str]) -> list[str]:
    return [
        first or second
        for stage in stages
        if stage.lower().startswith("source")
        for first, second in _SOURCE.findall(stage)
    ]


def _rows(record: Record, groups: list[str]) -> Iterable[Row]:
    read = {id(line): said for line, said in record.logged()}
    functions = {record.log_groups.get(each, each) for each in groups}
    for line in record.lines:
        if not groups or line.function in functions:
            yield _row(line, read.get(id(line), {}))


def _row(line: Line, said: Mapping[str, Any]) -> Row:
    at = datetime.fromtimestamp(line.timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return {**flat(said), "@timestamp": at, "@message": line.message, "@log": line.function}


def _names(words: str) -> list[str]:
    return [each.strip() for each in words.split(",") if each.strip()]


def _fields(words: str, rows: list[Row], before: list[str]) -> list[str]:
    """The columns that are asked for; one with another name is put under it."""
    found = [] if before == ["@timestamp", "@message"] else list(before)
    for each in _names(words):
        matched = _ALIAS.fullmatch(each)
        if not matched:
            raise NotDrawable(f"the sandbox shows fields as they are, not {each}")
        name, alias = matched[1], matched[2] or matched[1]
        for row in rows:
            if name in row:
                row[alias] = row[name]
        found.append(alias)
    return found


def _sorted(rows: list[Row], how: str) -> list[Row]:
    for key in reversed(_names(how)):
        matched = _SORT.fullmatch(key)
        if not matched:
            raise NotDrawable(f"the sandbox cannot sort by {key}")
        name, down = matched[1], (matched[2] or "asc").lower() == "desc"
        rows = sorted(rows, key=_order(name), reverse=down)
    return rows


def _order(name: str) -> Callable[[Row], tuple[bool, float, str]]:
    def key(row: Row) -> tuple[bool, float, str]:
        value = row.get(name)
        number = float(value) if isinstance(value, int | float) else 0.0
        return value is not None, number, str(value)

    return key


def _without_doubles(rows: list[Row], names: list[str]) -> list[Row]:
    """The first row of each value."""
    first: dict[tuple[str, ...], Row] = {}
    for row in rows:
        first.setdefault(tuple(_cell(row.get(name)) for name in names), row)
    return list(first.values())


def _counted(rows: list[Row], what: str) -> tuple[list[Row], list[str]]:
    matched = _COUNT.fullmatch(what)
    if not matched:
        raise NotDrawable(f"the sandbox counts by fields only, not {what}")
    total, keys = matched[1] or "count(*)", _names(matched[2])
    counts = Counter(tuple(_cell(row.get(key)) for key in keys) for row in rows)
    found: list[Row] = [
        dict(zip(keys, values, strict=True)) | {total: count} for values, count in counts.items()
    ]
    return found, [*keys, total]


def _cell(value: object) -> str:
    return "" if value is None else str(value)
