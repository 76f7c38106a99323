"""How many calls are made to EC2, and how many of them it throttles: each try counts, as EC2 counts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import Verdict, classify_code

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


class CallMeter:
    """Counts the calls of the clients that it is attached to."""

    def __init__(self) -> None:
        self._calls = 0
        self._throttles = 0

    def attach(self, ec2: EC2Client) -> None:
        """Count the calls of a client from now on."""
        ec2.meta.events.register("response-received.ec2", self._note)

    def take(self) -> tuple[int, int]:
        """The calls and the throttles since this was last asked."""
        taken = self._calls, self._throttles
        self._calls = self._throttles = 0
        return taken

    def _note(self, parsed_response: Any, **_: Any) -> None:
        """Note an answer, as botocore's event gives it; `parsed_response` is None where none came."""
        self._calls += 1
        error = (parsed_response or {}).get("Error", {})
        if error and classify_code(error.get("Code", ""), "").verdict is Verdict.THROTTLED:
            self._throttles += 1
