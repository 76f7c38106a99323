"""boto3 clients that reach EC2 in-process: the whole of botocore is at work, only the socket is left out."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

from sandbox.ec2.calls import ConnectionLost

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

Answerer = Callable[[str | bytes, str, str], tuple[int, bytes]]
"""Takes a request's body, `Authorization` and `User-Agent`; gives the status and the answer."""


class _Body(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


@cache
def _session() -> botocore.session.Session:
    return botocore.session.Session()


def in_process_client(answerer: Answerer, access_key: str, region: str, config: dict[str, Any]) -> EC2Client:
    """A client whose requests `answerer` answers. It makes one attempt, unless `config` says otherwise."""
    once = {"retries": {"total_max_attempts": 1, "mode": "standard"}}
    client = _session().create_client(
        "ec2",
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key="sandbox",  # signs requests that nobody verifies
        config=Config(**(once | config)),
    )

    def send(request: AWSPreparedRequest, **_: Any) -> Any:
        try:
            status, body = answerer(
                _as_bytes(request.body), _header(request, "Authorization"), _header(request, "User-Agent")
            )
        except ConnectionLost as e:
            raise ConnectionClosedError(endpoint_url=request.url) from e
        headers: Any = {"Content-Type": "text/xml;charset=UTF-8", "Content-Length": str(len(body))}
        return AWSResponse(request.url, status, headers, _Body(body))

    client.meta.events.register("before-send.ec2", send)
    return cast("EC2Client", client)


def _as_bytes(body: object) -> bytes:
    return body if isinstance(body, bytes) else str(body or "").encode()


def _header(request: AWSPreparedRequest, name: str) -> str:
    value = request.headers.get(name, "")
    return value.decode() if isinstance(value, bytes) else str(value)
