"""boto3 clients that reach EC2 in-process: all of botocore is at work but its signature and its socket."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from copy import copy
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.context import get_context
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from sandbox.ec2.calls import ConnectionLost, TimedOut

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

Answerer = Callable[[str | bytes, str, str, str], tuple[int, bytes]]
"""Takes a request's body, its access key, Region and user agent; gives the status and the answer."""


class _Body(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def in_process_client(
    answerer: Answerer, access_key: str, region: str, config: dict[str, Any], models: str = ""
) -> EC2Client:
    """A client whose requests `answerer` answers. It makes one attempt, unless `config` says otherwise.
    `models` is a folder of API models that goes before botocore's own, as `AWS_DATA_PATH` does."""
    client = _client(region, models, **config) if config else _twin(_template(region, models))

    def send(request: AWSPreparedRequest, **_: Any) -> Any:
        form = request.body if isinstance(request.body, bytes) else str(request.body or "")
        agent = request.headers.get("User-Agent", "")
        try:
            status, body = answerer(
                form, access_key, region, agent.decode() if isinstance(agent, bytes) else agent
            )
        except TimedOut as e:
            raise ReadTimeoutError(endpoint_url=request.url) from e
        except ConnectionLost as e:
            raise ConnectionClosedError(endpoint_url=request.url) from e
        headers: Any = {"Content-Type": "text/xml;charset=UTF-8", "Content-Length": str(len(body))}
        return AWSResponse(request.url, status, headers, _Body(body))

    client.meta.events.register("before-send.ec2", send)
    return cast("EC2Client", client)


def _client(region: str, models: str, **config: Any) -> Any:
    once = {"retries": {"total_max_attempts": 1, "mode": "standard"}}
    settings = Config(**(once | config | {"signature_version": UNSIGNED}))
    return _session(models).create_client("ec2", region_name=region, config=settings)


@cache
def _session(models: str) -> botocore.session.Session:
    session = botocore.session.Session()
    if models:
        session.get_component("data_loader").search_paths.insert(0, models)
    return session


@cache
def _template(region: str, models: str) -> Any:
    client = _client(region, models)
    client._user_agent_creator.to_string = _remembered(client._user_agent_creator.to_string)
    return client


def _remembered(build: Callable[[], str]) -> Callable[[], str]:
    """A user agent that is built once for each set of features, and not twice a call."""
    built: dict[frozenset[str], str] = {}

    def user_agent() -> str:
        context = get_context()
        features = frozenset(context.features if context else ())
        if features not in built:
            built[features] = build()
        return built[features]

    return user_agent


def _twin(client: Any) -> Any:
    """A client like another, with events of its own: making one anew takes botocore as long as ten calls."""
    twin = object.__new__(type(client))
    meta, endpoint = copy(client.meta), copy(client._endpoint)
    meta.events = endpoint._event_emitter = copy(client.meta.events)
    meta.events._alias_name_cache = client.meta.events._alias_name_cache
    twin.__dict__ = client.__dict__ | {"meta": meta, "_endpoint": endpoint}
    return twin
