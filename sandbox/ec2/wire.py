"""EC2's query protocol, both ways, by botocore's model: so that the rules only ever see typed values."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.model import OperationModel, OperationNotFoundError, Shape
from moto.core.utils import get_service_model

from sandbox.ec2.calls import Params, Refusal, Response

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
Tree = dict[str, Any]


@cache
def operation(action: str) -> OperationModel:
    """The model of an operation; an unknown one is refused as EC2 does."""
    try:
        found: OperationModel = get_service_model("ec2").operation_model(action)
    except OperationNotFoundError as e:
        raise Refusal("InvalidAction", f"The action {action} is not valid for this web service.") from e
    return found


def query_name(shape: Shape, member: str) -> str:
    """What a member is called in a request: `SubnetIds` goes as `SubnetId`."""
    name: str = shape.serialization.get("queryName") or shape.serialization.get("name") or member
    return name[0].upper() + name[1:]


def xml_name(shape: Shape, member: str) -> str:
    """What a member is called in an answer: `SubnetIds` comes as `subnetIdSet`."""
    name: str = shape.serialization.get("name", member)
    return name


def parse(body: str | bytes) -> tuple[str, Params]:
    """The action and its typed parameters, out of a form-encoded request."""
    text = body.decode() if isinstance(body, bytes) else body
    tree: Tree = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        *path, last = key.split(".")
        node = tree
        for step in path:
            node = node.setdefault(step, {})
        node[last] = value
    action = str(tree.pop("Action", ""))
    shape = operation(action).input_shape
    return action, _typed(shape, tree) if shape else {}


def _typed(shape: Any, node: Any) -> Any:
    if shape.type_name == "structure":
        return {
            name: _typed(member, node[query_name(member, name)])
            for name, member in shape.members.items()
            if query_name(member, name) in node
        }
    if shape.type_name == "list":
        numbers = sorted((key for key in node if key.isdigit()), key=int) if isinstance(node, dict) else []
        return [_typed(shape.member, node[number]) for number in numbers]
    if shape.type_name == "boolean":
        return str(node).lower() == "true"
    if shape.type_name in ("integer", "long"):
        try:
            return int(node)
        except ValueError as e:
            raise Refusal("InvalidParameterValue", f"Invalid integer value: {node}") from e
    return node


def answer(action: str, response: Response, request_id: str) -> bytes:
    """The XML of a call that went well."""
    shape = operation(action).output_shape
    inner = _members(shape, response) if shape else "<return>true</return>"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{action}Response xmlns="{NAMESPACE}">'
        f"<requestId>{request_id}</requestId>{inner}</{action}Response>"
    ).encode()


def refused(refusal: Refusal, request_id: str) -> bytes:
    """The XML of a call that was refused."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>'
        f"<Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
        f"</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    ).encode()


def _members(shape: Any, value: Response) -> str:
    return "".join(
        _element(xml_name(member, name), member, value[name])
        for name, member in shape.members.items()
        if value.get(name) is not None
    )


def _element(name: str, shape: Any, value: Any) -> str:
    if shape.type_name == "structure":
        inner = _members(shape, value)
    elif shape.type_name == "list":
        item = xml_name(shape.member, "item")
        inner = "".join(_element(item, shape.member, each) for each in value)
    else:
        inner = escape(text(value))
    return f"<{name}>{inner}</{name}>"


def text(value: object) -> str:
    """A scalar as EC2 writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return str(value)
