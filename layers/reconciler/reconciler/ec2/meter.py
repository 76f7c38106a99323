"""How many calls are made to EC2, and how many of them it throttles: each try counts, as EC2 counts it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..domain.pace import EndpointCall
from .errors import Verdict, classify_code

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

_ENDPOINT_CALLS = {str(each): each for each in EndpointCall}


@dataclass(frozen=True)
class Metered:
    """Calls to EC2: how many there were, how many of them EC2 throttled, and how many made, changed or
    deleted endpoints, by kind."""

    calls: int = 0
    throttles: int = 0
    endpoint_calls: Mapping[EndpointCall, int] = field(default_factory=dict)


class CallMeter:
    """Counts the calls of the clients that it is attached to."""

    def __init__(self) -> None:
        self._calls = 0
        self._throttles = 0
        self._endpoint_calls: Counter[EndpointCall] = Counter()

    def attach(self, ec2: EC2Client) -> None:
        """Count the calls of a client from now on."""
        ec2.meta.events.register("response-received.ec2", self._note)

    def take(self) -> Metered:
        """The calls since this was last asked."""
        taken = Metered(self._calls, self._throttles, self._endpoint_calls)
        self._calls = self._throttles = 0
        self._endpoint_calls = Counter()
        return taken

    def _note(self, event_name: str, parsed_response: Any, **_: Any) -> None:
        """Note an answer, as botocore's event gives it: the event's name ends with that of the call, and
        `parsed_response` is None where no answer came."""
        self._calls += 1
        if call := _ENDPOINT_CALLS.get(event_name.rpartition(".")[2]):
            self._endpoint_calls[call] += 1
        error = (parsed_response or {}).get("Error", {})
        if error and classify_code(error.get("Code", ""), "").verdict is Verdict.THROTTLED:
            self._throttles += 1
