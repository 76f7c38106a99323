"""Metric math, as far as a dashboard of this stack goes: SEARCH, arithmetic, and a few functions.

CloudWatch's expressions are read with Python's parser, since they look alike; only what is named here is
worked out.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from sandbox.control_plane.emf import Metric
from sandbox.report.series import Clock, NotDrawable, Series, series_of
from sandbox.report.widgets import Query

Value = Series | tuple[Series, ...] | float | str
Number = float | None

_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_SUMMARIES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "SUM": sum,
    "AVG": fmean,
    "MAX": max,
    "MIN": min,
}
_SCHEMA = re.compile(r"\{([^}]*)\}")
_TERM = re.compile(r"""(\w+)=(?:"([^"]*)"|(\S+))""")
_LABEL = re.compile(r"\$\{PROP\('(?:Dim\.)?(\w+)'\)\}")


@dataclass(frozen=True)
class Sum:
    """Works out the queries of one widget."""

    queries: tuple[Query, ...]
    points: Sequence[Metric]
    clock: Clock

    def series(self) -> list[Series]:
        """What the widget shows, in the order in which it names it."""
        found: list[Series] = []
        for query in self.queries:
            if query.visible:
                found += self._of(query)
        return found

    def _of(self, query: Query) -> tuple[Series, ...]:
        if not query.expression:
            return (series_of(query, self.points, self.clock),)
        value = self._value(_parse(query.expression), query)
        if isinstance(value, tuple):
            return value
        if isinstance(value, float):
            bins = self.clock.bins(self.clock.step(query.period))
            step = self.clock.step(query.period)
            value = Series(query.expression, (value,) * bins, step, value)
        if isinstance(value, str):
            raise NotDrawable(f"{query.expression} is no number")
        return (replace(value, label=query.label or query.expression),)

    def _value(self, node: ast.expr, query: Query) -> Value:
        match node:
            case ast.Constant(value=bool() | None):
                pass
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Constant(value=str() as words):
                return words
            case ast.Name(id=name):
                return self._named(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _combine(operator.mul, -1.0, self._value(operand, query))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _combine(_OPERATORS[type(op)], self._value(left, query), self._value(right, query))
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._call(name.upper(), [self._value(each, query) for each in arguments], query)
        raise NotDrawable(f"the sandbox cannot work out {query.expression}")

    def _named(self, name: str) -> Value:
        for query in self.queries:
            if query.id == name:
                found = self._of(query)
                return found if query.expression and len(found) != 1 else found[0]
        if name == "REPEAT":
            return name
        raise NotDrawable(f"nothing in the widget is called {name}")

    def _call(self, name: str, arguments: list[Value], query: Query) -> Value:
        match name, arguments:
            case "PERIOD", [Series() as one]:
                return one.step
            case "TIME_SERIES", [float() as number]:
                step = self.clock.step(query.period)
                return Series(name, (number,) * self.clock.bins(step), step, number)
            case "SEARCH", [str() as what, str() as stat, *rest]:
                period = rest[0] if rest and isinstance(rest[0], float) else query.period
                return search(what, replace(query, stat=stat, period=period), self.points, self.clock)
            case "METRICS", []:
                plain = [each for each in self.queries if not each.expression]
                return tuple(series_of(each, self.points, self.clock) for each in plain)
            case (("SORT" | "REMOVE_EMPTY"), [tuple() as many, *_]):
                return tuple(each for each in many if not each.is_empty)
            case "FILL", [Series() as one, filling]:
                return _filled(one, filling)
            case "FILL", [tuple() as many, filling]:
                return tuple(_filled(each, filling) for each in many)
            case _, [tuple() as many] if name in _SUMMARIES:
                return _summary(_SUMMARIES[name], many, name)
        raise NotDrawable(f"the sandbox does not know {name} in {query.expression}")


def search(what: str, query: Query, points: Iterable[Metric], clock: Clock) -> tuple[Series, ...]:
    """The series that a search finds, `{Namespace,Dimension} MetricName="X"`, by the values of its
    dimensions."""
    matched = _SCHEMA.match(what)
    if not matched:
        raise NotDrawable(f"the sandbox searches by namespace and dimensions only, not {what}")
    namespace, *keys = [word.strip().strip('"') for word in matched[1].split(",")]
    terms = {found[1]: found[2] or found[3] for found in _TERM.finditer(what, matched.end())}
    names = terms.pop("MetricName", None)
    everything = list(points)
    found = sorted(
        {
            (each.name, tuple((key, each.dimensions[key]) for key in keys))
            for each in everything
            if each.namespace == namespace
            and set(each.dimensions) == set(keys)
            and (names is None or each.name == names)
            and all(each.dimensions.get(key) == value for key, value in terms.items())
        }
    )
    return tuple(
        series_of(
            replace(
                query,
                namespace=namespace,
                name=name,
                dimensions=dict(dimensions),
                label=_words(query, dimensions, name),
            ),
            everything,
            clock,
        )
        for name, dimensions in found
    )


def _words(query: Query, dimensions: tuple[tuple[str, str], ...], name: str) -> str:
    """The label of a found series: the query's, with the dimensions' values put in, else those values."""
    given = dict(dimensions) | {"MetricName": name}
    if "${" in query.label:
        return _LABEL.sub(lambda found: given.get(found[1], found[0]), query.label)
    values = " ".join(value for _, value in dimensions) or name
    return f"{query.label} {values}" if query.label else values


def _parse(expression: str) -> ast.expr:
    try:
        return ast.parse(expression.strip(), mode="eval").body
    except SyntaxError as error:
        raise NotDrawable(f"the sandbox cannot read {expression}") from error


def _combine(how: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """An operator on each pair of values. Where one is missing, or is divided by nothing, there is none."""

    def pair(a: Number, b: Number) -> Number:
        try:
            return None if a is None or b is None else how(a, b)
        except ZeroDivisionError:
            return None

    match left, right:
        case float(), float():
            return pair(left, right) or 0.0
        case Series(), float():
            return replace(
                left, values=tuple(pair(each, right) for each in left.values), whole=pair(left.whole, right)
            )
        case float(), Series():
            return replace(
                right, values=tuple(pair(left, each) for each in right.values), whole=pair(left, right.whole)
            )
        case Series(), Series() if left.step == right.step:
            values = tuple(pair(a, b) for a, b in zip(left.values, right.values, strict=True))
            return replace(left, values=values, whole=pair(left.whole, right.whole))
        case tuple(), float() | Series():
            return tuple(found for each in left if isinstance(found := _combine(how, each, right), Series))
    raise NotDrawable("the sandbox adds up series of one period only")


def _filled(series: Series, filling: Value) -> Series:
    if isinstance(filling, float):
        values = tuple(filling if each is None else each for each in series.values)
        return replace(series, values=values, whole=filling if series.whole is None else series.whole)
    if filling != "REPEAT":
        raise NotDrawable("the sandbox fills gaps with a number, or with the value before")
    kept: list[Number] = []
    for each in series.values:
        kept.append(each if each is not None else kept[-1] if kept else None)
    return replace(series, values=tuple(kept))


def _summary(how: Callable[[Sequence[float]], float], many: tuple[Series, ...], name: str) -> Value:
    if not many:
        return ()
    if len({each.step for each in many}) != 1:
        raise NotDrawable("the sandbox adds up series of one period only")
    columns = [
        [each for each in column if each is not None]
        for column in zip(*(s.values for s in many), strict=True)
    ]
    wholes = [each.whole for each in many if each.whole is not None]
    values = tuple(float(how(column)) if column else None for column in columns)
    return Series(name, values, many[0].step, float(how(wholes)) if wholes else None, many[0].unit)
