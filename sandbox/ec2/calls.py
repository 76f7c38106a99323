"""A request to EC2, how it can be refused, and the record of it: the words that all other modules share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.ec2.principals import Principal

Params = dict[str, Any]
Response = dict[str, Any]

_READS = ("Describe", "Get", "List", "Search")
_STATUS = {
    "UnauthorizedOperation": 403,
    "DryRunOperation": 412,
    "InternalError": 500,
    "InternalFailure": 500,
    "ServerInternal": 500,
    "RequestLimitExceeded": 503,
    "ServiceUnavailable": 503,
    "Unavailable": 503,
}


class Refused(Exception):
    """EC2 says no, with a code and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = _STATUS.get(code, 400)


class ConnectionLost(Exception):
    """The caller never hears the answer."""


class TimedOut(ConnectionLost):
    """The caller waits for the answer until it has no more patience (facts.md, section 2: it hung)."""


class Killed(BaseException):
    """The caller itself dies at this call: not an `Exception`, as nothing may catch it on the way."""


@dataclass(frozen=True)
class Request:
    """One request, its parameters typed and by the names that boto3 uses."""

    action: str
    params: Params
    principal: Principal
    access_key: str = "AKIASANDBOX"
    user_agent: str = "sandbox"

    @property
    def mutating(self) -> bool:
        """Whether it can change anything, so that the trail tells of it."""
        return not self.action.startswith(_READS)

    @property
    def filters(self) -> list[dict[str, Any]]:
        """The `Filters`, empty when none were sent."""
        found: list[dict[str, Any]] = self.params.get("Filters", [])
        return found

    @property
    def tags(self) -> list[dict[str, str]]:
        """The `Tags`, empty when none were sent."""
        found: list[dict[str, str]] = self.params.get("Tags", [])
        return found

    def ids(self, name: str) -> list[str]:
        """The list parameter `name`, empty when it was not sent."""
        found: list[str] = self.params.get(name, [])
        return found


@dataclass(frozen=True)
class Call:
    """A request and what became of it."""

    request: Request
    time: float
    request_id: str
    event_id: str
    response: Response | None = None
    error_code: str | None = None
    error_message: str | None = None
    seen: bool = field(default=True)
    """Whether EC2 got the request at all: a request that was lost on its way leaves no trace in the trail."""

    @property
    def action(self) -> str:
        """The operation's name."""
        return self.request.action

    @property
    def params(self) -> Params:
        """The parameters as sent."""
        return self.request.params

    @property
    def principal(self) -> Principal:
        """Who made it."""
        return self.request.principal

    @property
    def mutating(self) -> bool:
        """Whether it could change anything."""
        return self.request.mutating
