"""EC2's query protocol, both ways: the rules only see typed values."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import cast
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.model import OperationNotFoundError, Shape
from moto.core.model import OperationModel
from moto.core.parse import EC2QueryParser, RequestDict
from moto.core.utils import get_service_model

from sandbox.ec2.calls import Params, Refused, Response
from sandbox.ec2.writing import written

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"


@cache
def operation(action: str) -> OperationModel:
    """The model of an operation; an unknown one is refused as EC2 does."""
    try:
        found: OperationModel = get_service_model("ec2").operation_model(action)
    except OperationNotFoundError as e:
        raise Refused("InvalidAction", f"The action {action} is not valid for this web service.") from e
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
    """The action and its typed parameters, out of a form-encoded request, as moto's parser reads it."""
    text = body.decode() if isinstance(body, bytes) else body
    values = dict(parse_qsl(text, keep_blank_values=True))
    action = values.pop("Action", "")
    try:
        params: Params = EC2QueryParser(operation(action)).parse(cast("RequestDict", {"values": values}))
    except ValueError as e:
        raise Refused("InvalidParameterValue", f"Invalid integer value: {e}") from e
    return action, params


def answer(action: str, response: Response, request_id: str) -> bytes:
    """The XML of a call that went well."""
    return written(operation(action), response or {"Return": True}, request_id)


def refused(refusal: Refused, request_id: str) -> bytes:
    """The XML of a call that was refused. Not by moto's serializer, which wants an error class of moto's."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>'
        f"<Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
        f"</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    ).encode()


def text(value: object) -> str:
    """A scalar as EC2 writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return str(value)
