"""Whether EventBridge would match an event: as much of its pattern language as the template uses.

One of our own since moto's does not look into arrays of objects, as `tagSet.items` is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Every key of the pattern must be met: an object by what is under that key, an array by any one of its
    alternatives, `$or` by any one of its patterns."""
    return _matches(pattern, [event])


def matching(patterns: Mapping[str, Any], event: Mapping[str, Any]) -> set[str]:
    """The names of the patterns that match."""
    return {name for name, pattern in patterns.items() if matches(pattern, event)}


def _matches(pattern: Mapping[str, Any], holders: list[Any]) -> bool:
    for key, wanted in pattern.items():
        if key == "$or":
            if not any(_matches(alternative, holders) for alternative in wanted):
                return False
            continue
        under = [holder[key] for holder in holders if isinstance(holder, dict) and key in holder]
        values = [value for each in under for value in _elements(each)]
        if isinstance(wanted, dict):
            if not _matches(wanted, values):
                return False
        elif not any(_meets(alternative, values) for alternative in wanted):
            return False
    return True


def _elements(value: Any) -> Iterator[Any]:
    """An array stands for its elements."""
    if isinstance(value, list):
        for each in value:
            yield from _elements(each)
    else:
        yield value


def _meets(alternative: Any, values: list[Any]) -> bool:
    if not isinstance(alternative, dict):
        return any(type(value) is type(alternative) and value == alternative for value in values)
    [(operator, operand)] = alternative.items()
    leaves = [value for value in values if not isinstance(value, dict)]
    match operator:
        case "exists":
            return bool(leaves) is bool(operand)
        case "prefix":
            return any(isinstance(leaf, str) and leaf.startswith(operand) for leaf in leaves)
        case "anything-but":
            if isinstance(operand, dict):
                return any(not _meets(operand, [leaf]) for leaf in leaves)
            refused = operand if isinstance(operand, list) else [operand]
            return any(leaf not in refused for leaf in leaves)
    raise NotImplementedError(operator)
