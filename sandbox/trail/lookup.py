"""CloudTrail's `LookupEvents`, answered from the calls that the sandbox's EC2 got.

ministack's own CloudTrail sees no call to EC2, since these go to `sandbox.ec2`. All other actions of
CloudTrail are handed on to it.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from sandbox.control_plane.ministack import ControlPlane
from sandbox.ec2 import AssumedRole, Call, Ec2, IamUser, Principal, Root
from sandbox.trail.cloudtrail import cloudtrail_event

Answer = Mapping[str, Any]

_MOST = 50
_JSON = "application/x-amz-json-1.1"
_TYPES = {
    "igw": "InternetGateway",
    "rtb": "RouteTable",
    "sg": "SecurityGroup",
    "subnet": "Subnet",
    "vpc": "VPC",
    "vpce": "VPCEndpoint",
}
_ID = re.compile(rf"\b({'|'.join(_TYPES)})-[0-9a-f]{{8,17}}\b")


class LookupRefused(Exception):
    """CloudTrail says no, with a code and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def lookup(events: Sequence[Answer], request: Mapping[str, Any]) -> Answer:
    """The answer to a request, of these events: the newest first, at most fifty a page."""
    most = request.get("MaxResults", _MOST)
    if not 1 <= most <= _MOST:
        raise LookupRefused("InvalidMaxResultsException", f"MaxResults is {most}, and must be 1 to {_MOST}")
    attributes = request.get("LookupAttributes", [])
    if len(attributes) > 1:
        raise LookupRefused("InvalidLookupAttributesException", "Only one lookup attribute may be given")
    begins = int(request.get("NextToken", 0))
    found = [each for each in reversed(events) if _is_meant(each, request, attributes)]
    page = {"Events": found[begins : begins + most]}
    return page if begins + most >= len(found) else {**page, "NextToken": str(begins + most)}


def _is_meant(event: Answer, request: Mapping[str, Any], attributes: Sequence[Mapping[str, str]]) -> bool:
    begins, ends = request.get("StartTime", float("-inf")), request.get("EndTime", float("inf"))
    if not begins <= event["EventTime"] <= ends:
        return False
    return all(each["AttributeValue"] in _values(event, each["AttributeKey"]) for each in attributes)


def _values(event: Answer, key: str) -> list[str]:
    if key in ("ResourceName", "ResourceType"):
        return [each[key] for each in event["Resources"]]
    return [event[key]] if key in event else []


def event_of(call: Call, account: str, region: str) -> Answer:
    """A call, as `LookupEvents` tells of it."""
    record = cloudtrail_event(call, account, region)["detail"]
    event = {
        "EventId": call.event_id,
        "EventName": call.action,
        "ReadOnly": json.dumps(not call.mutating),
        "AccessKeyId": call.request.access_key,
        "EventTime": int(call.time),
        "EventSource": record["eventSource"],
        "Username": _username(call.principal),
        "Resources": _resources(record),
        "CloudTrailEvent": json.dumps(record, default=str),
    }
    return {name: value for name, value in event.items() if value != ""}


def _resources(record: Mapping[str, Any]) -> list[dict[str, str]]:
    """What a call that changes anything names. Reads are found by what they are, not by what they read."""
    if record["readOnly"]:
        return []
    told = json.dumps([record["requestParameters"], record["responseElements"]], default=str)
    return [
        {"ResourceType": f"AWS::EC2::{_TYPES[found.group(1)]}", "ResourceName": found.group()}
        for found in {each.group(): each for each in _ID.finditer(told)}.values()
    ]


def _username(principal: Principal) -> str:
    if isinstance(principal, IamUser):
        return principal.name
    if isinstance(principal, AssumedRole):
        return principal.session
    return "root" if isinstance(principal, Root) else ""


@contextmanager
def serving(ec2: Ec2, plane: ControlPlane) -> Iterator[str]:
    """CloudTrail behind a port of the loopback interface, until the `with` ends; gives the URL."""

    def answer(request: Mapping[str, Any]) -> Answer:
        calls = [call for call in list(ec2.calls) if call.seen]
        return lookup([event_of(call, ec2.account, ec2.region) for call in calls], request)

    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(answer, plane.endpoint))
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="trail", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(answer: Callable[[Mapping[str, Any]], Answer], elsewhere: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("X-Amz-Target", "").endswith(".LookupEvents"):
                self._send(*_looked_up(answer, body))
            else:
                self._send(*_handed_on(elsewhere, body, dict(self.headers)))

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", _JSON)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler


def _looked_up(answer: Callable[[Mapping[str, Any]], Answer], body: bytes) -> tuple[int, bytes]:
    try:
        return 200, json.dumps(answer(json.loads(body or b"{}"))).encode()
    except LookupRefused as refused:
        return 400, json.dumps({"__type": refused.code, "message": str(refused)}).encode()


def _handed_on(endpoint: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    request = urllib.request.Request(endpoint, body, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as found:
            return found.status, found.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()
