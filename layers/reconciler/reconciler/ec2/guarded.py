"""An EC2 client that holds calls back: those that might not be answered before the run has to end, and
endpoint calls for which the account's budget has no room.

Apart from the executor, which knows how to ask; this knows when not to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from ..domain.pace import EndpointCall
from . import errors
from .errors import Verdict

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


class OutOfTime(RuntimeError):
    """A call that might not be answered before the run has to end."""


class NotDue(RuntimeError):
    """A call for which the budget has no room yet."""

    def __init__(self, call: EndpointCall) -> None:
        super().__init__(call)
        self.call = call


class Slots(Protocol):
    """The budget of endpoint calls, for one run."""

    def take(self, call: EndpointCall) -> bool:
        """Take a slot, if one is due."""

    def charge(self, call: EndpointCall) -> None:
        """Take a slot, due or not."""

    def empty(self, call: EndpointCall) -> None:
        """EC2 has throttled the call."""

    def begin(self) -> None:
        """An endpoint was made."""


class Unlimited:
    """A budget that always has room."""

    def take(self, _call: EndpointCall) -> bool:
        """Always."""
        return True

    def charge(self, _call: EndpointCall) -> None:
        """Nothing is kept of it."""

    def empty(self, _call: EndpointCall) -> None:
        """Nothing is kept of it."""

    def begin(self) -> None:
        """Nothing is kept of it."""


_ENDPOINT_CALLS = {
    "create_vpc_endpoint": EndpointCall.CREATE,
    "modify_vpc_endpoint": EndpointCall.MODIFY,
    "delete_vpc_endpoints": EndpointCall.DELETE,
}


def try_endpoint_calls_once(ec2: EC2Client) -> None:
    """Keep a client from trying endpoint calls again by itself: each try costs EC2's bucket a call, and has
    no slot. The next run tries again."""
    for call in EndpointCall:
        ec2.meta.events.register_first(f"needs-retry.ec2.{call}", _give_up)


def _give_up(response: Any, operation: Any, caught_exception: Exception | None, **_: Any) -> None:
    """End a call that failed before botocore asks whether to try it again, as its own handlers end one.

    Raises:
        ClientError: where EC2 refused the call; what botocore caught, where no answer came.
    """
    if caught_exception is not None:
        raise caught_exception
    answer, parsed = response
    if answer.status_code >= 300:
        raise ClientError(parsed, operation.name)


class GuardedClient:
    """A client that starts no call after a deadline, in seconds since 1970, and none for which the budget has
    no room; and that keeps EC2's request ids."""

    def __init__(self, ec2: EC2Client, now: Callable[[], float], deadline: float, slots: Slots) -> None:
        self._ec2 = ec2
        self._slots = slots
        self._not_due: set[EndpointCall] = set()
        self._granted: EndpointCall | None = None
        self._now = now
        self._deadline = deadline
        self._request_ids: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self._check_time()
        call, paced = getattr(self._ec2, name), _ENDPOINT_CALLS.get(name)

        def noted(**request: Any) -> Any:
            if paced:
                self._take(paced)
                # The ledger may have taken its time.
                self._check_time()
            try:
                answer = call(**request)
            except ClientError as error:
                if paced and errors.classify(error).verdict is Verdict.THROTTLED:
                    self._slots.empty(paced)
                raise
            if isinstance(answer, dict) and (found := answer.get("ResponseMetadata", {}).get("RequestId")):
                self._request_ids.append(found)
            return answer

        return noted

    def _check_time(self) -> None:
        if self._now() > self._deadline:
            raise OutOfTime

    def begin_step(self) -> None:
        """Begin a step: its first endpoint call needs a slot that is due. Those that follow it, for another
        subnet or under another client token, are charged, or each run would begin in vain."""
        self._granted = None

    def has_made_one(self) -> None:
        """An endpoint was made."""
        self._slots.begin()

    def _take(self, call: EndpointCall) -> None:
        if call is self._granted:
            self._slots.charge(call)
        elif call in self._not_due or not self._slots.take(call):
            self._not_due.add(call)
            raise NotDue(call)
        self._granted = call

    def take_request_ids(self) -> tuple[str, ...]:
        """Those of the calls that EC2 took since this was last asked."""
        taken = tuple(self._request_ids)
        self._request_ids.clear()
        return taken
