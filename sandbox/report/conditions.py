"""The conditions of a Logs Insights query's `filter`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.report.series import NotDrawable

Row = dict[str, Any]
"""A log line: what it says, by dotted names."""
Condition = Callable[[Row], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<regex>/(?:\\.|[^/])+/i?)|(?P<string>"[^"]*"|'[^']*')|(?P<number>-?\d+(?:\.\d+)?)"""
    r"""|(?P<name>[@\w.]+)|(?P<mark>!=|<=|>=|=~|[=<>()\[\],]))"""
)
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


def flat(said: Mapping[str, Any], under: str = "") -> Row:
    """What a line says, by dotted names, as Logs Insights finds its fields."""
    found: Row = {}
    for key, value in said.items():
        if isinstance(value, dict):
            found |= flat(value, f"{under}{key}.")
        elif isinstance(value, list):
            found |= flat({str(n): each for n, each in enumerate(value)}, f"{under}{key}.")
        elif value is not None:
            found[under + key] = value
    return found


def condition(words: str) -> Condition:
    """The condition that `words` say."""
    reader = _Reader(words)
    found = reader.either()
    if reader.left:
        raise NotDrawable(f"the sandbox cannot read the condition {words}")
    return found


class _Reader:
    """Reads a condition from left to right: `or` of `and` of comparisons."""

    def __init__(self, words: str) -> None:
        self._words = words
        self.left: list[tuple[str, str]] = []
        at = 0
        while at < len(words.rstrip()):
            matched = _TOKEN.match(words, at)
            if not matched:
                raise self._unread()
            self.left.append((str(matched.lastgroup), matched[str(matched.lastgroup)]))
            at = matched.end()

    def either(self) -> Condition:
        found = [self._all()]
        while self._take("or"):
            found.append(self._all())
        return lambda row: any(each(row) for each in found)

    def _all(self) -> Condition:
        found = [self._one()]
        while self._take("and"):
            found.append(self._one())
        return lambda row: all(each(row) for each in found)

    def _one(self) -> Condition:
        if self._take("not"):
            inner = self._one()
            return lambda row: not inner(row)
        if self._take("("):
            inner = self.either()
            self._expect(")")
            return inner
        if self._take("ispresent"):
            name = self._argument()
            return lambda row: name in row
        name = self._word("name")
        turned = self._take("not")
        found = self._relation(name)
        return (lambda row: not found(row)) if turned else found

    def _argument(self) -> str:
        self._expect("(")
        name = self._word("name")
        self._expect(")")
        return name

    def _relation(self, name: str) -> Condition:
        if self._take("like") or self._take("=~"):
            return self._like(name)
        if self._take("in"):
            self._expect("[")
            values = [self._literal()]
            while self._take(","):
                values.append(self._literal())
            self._expect("]")
            return lambda row: row.get(name) in values
        mark = self._word("mark")
        if mark not in _COMPARISONS:
            raise self._unread()
        return _comparison(name, mark, self._literal())

    def _like(self, name: str) -> Condition:
        kind, words = self._next()
        if kind == "regex":
            flags = re.IGNORECASE if words.endswith("i") else 0
            pattern = re.compile(words.rstrip("i")[1:-1], flags)
        elif kind == "string":
            pattern = re.compile(re.escape(words[1:-1]))
        else:
            raise self._unread()
        return lambda row: pattern.search(str(row.get(name, ""))) is not None

    def _literal(self) -> Any:
        kind, words = self._next()
        if kind == "string":
            return words[1:-1]
        if kind != "number":
            raise self._unread()
        return float(words)

    def _word(self, kind: str) -> str:
        found, words = self._next()
        if found != kind:
            raise self._unread()
        return words

    def _take(self, words: str) -> bool:
        if self.left and self.left[0][0] in ("name", "mark") and self.left[0][1].lower() == words:
            self.left.pop(0)
            return True
        return False

    def _expect(self, words: str) -> None:
        if not self._take(words):
            raise self._unread()

    def _next(self) -> tuple[str, str]:
        if not self.left:
            raise self._unread()
        return self.left.pop(0)

    def _unread(self) -> NotDrawable:
        return NotDrawable(f"the sandbox cannot read the condition {self._words}")


def _comparison(name: str, mark: str, value: Any) -> Condition:
    """A comparison; what is not of one kind is unequal, and neither more nor less."""

    def holds(row: Row) -> bool:
        found = row.get(name)
        alike = isinstance(found, str) == isinstance(value, str) and found is not None
        return _COMPARISONS[mark](found, value) if alike else mark == "!="

    return holds
