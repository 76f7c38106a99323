"""Whether AWS's command line would take a command, by botocore's models of the services."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import ListShape, Shape, StructureShape
from botocore.validate import ParamValidator

from tests.shell import OUTPUT

# The command line's own, beside the operation's parameters; those with a value.
_OF_ALL = frozenset({"--query", "--output", "--region", "--profile", "--max-items", "--cli-binary-format"})
# Operations with an argument beside the options: the file for the answer.
_WITH_FILE = frozenset({("lambda", "invoke")})
_SESSION = botocore.session.Session()


def check(words: Sequence[str]) -> None:
    """Check the words after `aws`. Fails with what is wrong."""
    service, operation, *rest = words
    if operation == "wait":
        waiters = _SESSION.get_waiter_model(service)
        named = {xform_name(each, "-"): each for each in waiters.waiter_names}
        assert rest[0] in named, f"{service} has no waiter {rest[0]}"
        operation, rest = xform_name(waiters.get_waiter(named[rest[0]]).operation, "-"), rest[1:]
    given, arguments = _options(rest)
    model = _SESSION.get_service_model(service)
    names = {xform_name(each, "-"): each for each in model.operation_names}
    assert operation in names, f"{service} has no operation {operation}"
    assert len(arguments) == ((service, operation) in _WITH_FILE), f"{operation}: what are {arguments}?"
    shape = model.operation_model(names[operation]).input_shape
    assert isinstance(shape, StructureShape)
    parameters = _parameters(operation, given, shape)
    report = ParamValidator().validate(parameters, shape)
    assert not report.has_errors(), f"{service} {operation}: {report.generate_report()}"


def _options(words: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """The options with their values, and what is none. A file stands last, after a value."""
    given: dict[str, list[str]] = {}
    arguments: list[str] = []
    values = arguments
    for word in words:
        if word.startswith("--"):
            values = given.setdefault(word, [])
        elif word == "/dev/null":
            arguments.append(word)
        else:
            values.append(word)
    return given, arguments


def _parameters(operation: str, given: Mapping[str, list[str]], shape: StructureShape) -> dict[str, Any]:
    members = {f"--{xform_name(name, '-')}": (name, member) for name, member in shape.members.items()}
    found = {}
    for option, values in given.items():
        if option in _OF_ALL:
            continue
        if option.startswith("--no-"):
            option, values = f"--{option.removeprefix('--no-')}", ["false"]
        assert option in members, f"{operation} has no option {option}"
        name, member = members[option]
        found[name] = _value(values, member)
    return found


def _value(values: Sequence[str], shape: Shape) -> Any:
    """What the command line makes of an option's words."""
    if shape.type_name == "boolean":
        return values != ["false"]
    if values and values[0][:1] in ("{", "[") and shape.type_name in ("structure", "list", "map"):
        return json.loads(" ".join(values))
    if isinstance(shape, ListShape):
        return [_value([each], shape.member) for each in values]
    [value] = values
    if isinstance(shape, StructureShape) and value == OUTPUT:
        return {}
    if isinstance(shape, StructureShape):
        pairs = [each.partition("=") for each in value.split(",")]
        unknown = {key for key, _, _ in pairs} - set(shape.members)
        assert not unknown, f"{shape.name} has no {unknown}"
        return {key: _value([said], shape.members[key]) for key, _, said in pairs}
    if shape.type_name in ("integer", "long"):
        return int(value)
    allowed = getattr(shape, "enum", None) or [value]
    assert value in allowed, f"{value} is none of {allowed}"
    # What stands for something else is as long as need be.
    return value.ljust(shape.metadata.get("min", 0), "X") if re.fullmatch(r"[A-Z_]+", value) else value
