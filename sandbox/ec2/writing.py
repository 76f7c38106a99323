"""The XML of answers, by EC2's model: what moto's serializer writes, to the byte, in a tenth of the time.

moto builds a tree of dicts, and `xmltodict` looks at each of its names anew; here the names of a structure
are looked up once. `tests/sandbox/test_answers.py` compares the two.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from moto.core.model import OperationModel
from moto.core.serialize import EC2Serializer, TimestampSerializer

from sandbox.ec2.calls import Response

_TIMESTAMPS = TimestampSerializer(EC2Serializer.DEFAULT_TIMESTAMP_FORMAT)
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'


def written(operation: OperationModel, response: Response, request_id: str) -> bytes:
    """The XML of an answer."""
    metadata: Any = operation.service_model.metadata
    root = f"{operation.name}Response"
    parts = [_HEAD, f'<{root} xmlns="{metadata["xmlNamespace"]}">']
    if operation.output_shape is not None:
        _write_members(parts, response, operation.output_shape)
    parts.append(f"<requestId>{escape(request_id)}</requestId></{root}>")
    return "".join(parts).encode()


def _write_members(parts: list[str], values: Mapping[str, Any], shape: Any) -> None:
    for name, member, xml_name in _members(shape):
        value = values.get(name)
        if value is not None:
            _write(parts, value, member, xml_name)


@cache
def _members(shape: Any) -> tuple[tuple[str, Any, str], ...]:
    """The members of a structure, each with its name in XML."""
    return tuple((name, each, each.serialization.get("name", name)) for name, each in shape.members.items())


def _write(parts: list[str], value: Any, shape: Any, name: str) -> None:
    kind = shape.type_name
    if kind == "structure":
        _write_between(parts, name, lambda: _write_members(parts, value, shape))
    elif kind == "list":
        _write_between(parts, name, lambda: _write_items(parts, value, shape.member))
    else:
        text = _SCALARS.get(kind, str)(value)
        parts.append(f"<{name}>{escape(text)}</{name}>" if text else f"<{name}/>")


def _write_between(parts: list[str], name: str, write_inside: Callable[[], None]) -> None:
    """An element and what is inside; with nothing inside, the short form."""
    start = len(parts)
    parts.append(f"<{name}>")
    write_inside()
    if len(parts) > start + 1:
        parts.append(f"</{name}>")
    else:
        parts[start] = f"<{name}/>"


def _write_items(parts: list[str], values: Any, shape: Any) -> None:
    """A list's items; structures with nothing in them are left out."""
    name = shape.serialization.get("name", "member")
    for each in values:
        start = len(parts)
        if each is None and shape.type_name == "structure":
            continue
        _write(parts, each, shape, name)
        if len(parts) == start + 1 and shape.type_name == "structure":
            del parts[start]


def _boolean(value: Any) -> str:
    return "true" if str(value).lower() == "true" else "false"


def _whole_number(value: Any) -> str:
    return str(int(value))


def _number(value: Any) -> str:
    return str(float(value))


def _blob(value: Any) -> str:
    return b64encode(value.encode() if isinstance(value, str) else value).decode()


def _timestamp(value: Any) -> str:
    text: dict[str, str] = {}
    _TIMESTAMPS.serialize(text, value, _PLAIN, "text")
    return text["text"]


class _Plain:
    """A shape that asks for no format of its own: none of EC2's does."""

    serialization: Mapping[str, Any] = {}


_PLAIN: Any = _Plain()
_SCALARS: Mapping[str, Callable[[Any], str]] = {
    "boolean": _boolean,
    "integer": _whole_number,
    "long": _whole_number,
    "float": _number,
    "double": _number,
    "blob": _blob,
    "timestamp": _timestamp,
}
