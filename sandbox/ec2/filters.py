"""EC2's `Filters`, for the few kinds of things that moto does not describe here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from sandbox.ec2.calls import Refused


def wanted(
    filters: list[dict[str, Any]],
    fields: Mapping[str, Callable[[], list[str]]],
    tags: Mapping[str, str],
) -> bool:
    """Whether a thing with those fields and tags runs every filter; `*` and `?` stand for anything."""
    return all(_passes(each.get("Name", "null"), each.get("Values", []), fields, tags) for each in filters)


def _passes(
    name: str, values: list[str], fields: Mapping[str, Callable[[], list[str]]], tags: Mapping[str, str]
) -> bool:
    if name in fields:
        found = fields[name]()
    elif name == "tag-key":
        found = list(tags)
    elif name.startswith("tag:"):
        found = [tags[name[4:]]] if name[4:] in tags else []
    else:
        raise Refused("InvalidParameterValue", f"The filter '{name}' is invalid")
    return any(fnmatchcase(each, _literal_brackets(value)) for each in found for value in values)


def _literal_brackets(pattern: str) -> str:
    return pattern.replace("[", "[[]")
