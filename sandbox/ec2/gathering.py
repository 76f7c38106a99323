"""Answers as plain values out of moto's objects, found as moto's own serializer finds them.

Apart from `sandbox.ec2.moto_side` since it is about speed alone: moto works out anew, for each field of each
thing, by which names the thing may hold it. Here that is worked out once for each class of things, and moto
is still the one that says it. `tests/sandbox/test_answers.py` compares the two.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.model import OperationModel
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker
from moto.core.utils import get_value

from sandbox.ec2.calls import Response

Transformers = Mapping[str, Callable[[Any], Any]]
"""moto's last words on some fields, by the end of the way that leads to them."""

_MISSING = object()
_PICKER = XFormedAttributePicker()
_WHOLE_NUMBERS = ("integer", "long")
_NUMBERS = ("float", "double")


@dataclass(frozen=True)
class _Field:
    """A field of an answer, and the names under which a class of moto's things may hold it."""

    name: str
    shape: Any
    names: tuple[str, ...]
    nested: bool
    """Whether one of the names is a way, such as `state.name`."""


_fields: dict[tuple[type, Any], tuple[_Field, ...]] = {}


def gather(operation: OperationModel, result: Any, transformers: Transformers) -> Response:
    """The answer as nested dicts and lists, by the names that boto3 uses."""
    shape: Any = operation.output_shape
    if shape is None or result is None:
        return {}
    ends = {path.rpartition(".")[2] for path in transformers}
    return _Gathering(transformers, ends).structure(result, shape, f"{operation.name}.{shape.name}")


class _Gathering:
    """One answer in the making."""

    def __init__(self, transformers: Transformers, ends: set[str]) -> None:
        self._transformers = transformers
        self._ends = ends

    def structure(self, thing: Any, shape: Any, path: str) -> dict[str, Any]:
        """A structure's fields, but for those that are None."""
        gathered: dict[str, Any] = {}
        kind = type(thing)
        fields = _fields.get((kind, shape)) or _fields_of(thing, shape)
        indexed = hasattr(kind, "__getitem__")
        for field in fields:
            value = None
            for name in field.names:
                if field.nested or (indexed and kind is not dict):
                    found = get_value(thing, name, _MISSING)
                elif indexed:
                    found = thing.get(name, _MISSING)
                else:
                    found = getattr(thing, name, _MISSING)
                if found is not _MISSING:
                    value = found
                    break
            if field.name in self._ends:
                value = self._transformed(value, f"{path}.{field.name}")
            if value is not None:
                gathered[field.name] = self._value(value, field.shape, path, field.name)
        return gathered

    def _value(self, value: Any, shape: Any, path: str, name: str) -> Any:
        kind = shape.type_name
        if kind == "structure":
            return self.structure(value, shape, f"{path}.{name}")
        if kind == "list":
            return self._list(value, shape, f"{path}.{name}")
        if kind in _WHOLE_NUMBERS:
            return int(value)
        if kind in _NUMBERS:
            return float(value)
        if kind == "blob":
            return b64encode(value.encode() if isinstance(value, str) else value).decode()
        return value

    def _list(self, values: Any, shape: Any, path: str) -> list[Any]:
        member = shape.member
        structures = member.type_name == "structure"
        return [
            self._value(each, member, path, member.name)
            for each in values
            if each is not None or not structures
        ]

    def _transformed(self, value: Any, path: str) -> Any:
        for end, transform in self._transformers.items():
            if path.endswith(end):
                return transform(value)
        return value


def _fields_of(thing: Any, shape: Any) -> tuple[_Field, ...]:
    """The fields of a structure, as a class of things may hold them."""
    found = []
    for name, member in shape.members.items():
        member.parent = shape
        context = AttributePickerContext(thing, name, member)
        names = tuple(dict.fromkeys(_PICKER.get_possible_keys(context)))
        found.append(_Field(name, member, names, any("." in each for each in names)))
    _fields[type(thing), shape] = tuple(found)
    return _fields[type(thing), shape]
