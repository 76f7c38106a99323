"""Faults to inject: a call that fails before or after its work, an answer lost, a caller that dies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.ec2.calls import ConnectionLost, Killed, Params, Refused, Request

Effect = str | type[ConnectionLost] | type[Killed]
"""An error code; `ConnectionLost` or `TimedOut`, which the client sees as such; `Killed`: the caller dies."""
Predicate = Callable[[Params], bool]


@dataclass
class _Fault:
    effect: Effect
    message: str
    times: int
    action: str | None = None
    when: Predicate | None = None
    in_calls: int | None = None

    def strikes(self, request: Request) -> bool:
        if self.times < 1 or (self.action is not None and self.action != request.action):
            return False
        if self.when is not None and not self.when(request.params):
            return False
        if self.in_calls is not None:
            self.in_calls -= 1
            if self.in_calls > 0:
                return False
        self.times -= 1
        return True

    def raise_(self) -> None:
        if isinstance(self.effect, str):
            raise Refused(self.effect, self.message or "An internal error has occurred")
        raise self.effect(self.message)


class Faults:
    """What is to go wrong. Each fault strikes `times` times, and is then used up."""

    def __init__(self) -> None:
        self._before: list[_Fault] = []
        self._after: list[_Fault] = []

    def before(
        self,
        action: str | None,
        effect: Effect = "InternalError",
        message: str = "",
        times: int = 1,
        when: Predicate | None = None,
    ) -> None:
        """Fail calls of that action (None: of any) before their work is done."""
        self._before.append(_Fault(effect, message, times, action, when))

    def after(
        self,
        action: str | None,
        effect: Effect = "InternalError",
        message: str = "",
        times: int = 1,
        when: Predicate | None = None,
    ) -> None:
        """Do the work of calls of that action, and lose the answer."""
        self._after.append(_Fault(effect, message, times, action, when))

    def on_nth_call(self, n: int, effect: Effect = "InternalError", *, done: bool = False) -> None:
        """Strike the n-th call from now, counted from 1, whatever it is; `done`: after its work."""
        faults = self._after if done else self._before
        faults.append(_Fault(effect, "", 1, in_calls=n))

    def deny(self, action: str, times: int = 1_000_000) -> None:
        """Let nobody make that call any more."""
        message = f"You are not authorized to perform this operation: ec2:{action}"
        self.before(action, "UnauthorizedOperation", message, times)

    def clear(self) -> None:
        """Let all go well again."""
        self._before.clear()
        self._after.clear()

    def strike_before(self, request: Request) -> None:
        """Called by EC2 before it does the work."""
        _strike(self._before, request)

    def strike_after(self, request: Request) -> None:
        """Called by EC2 when the work is done."""
        _strike(self._after, request)


def _strike(faults: list[_Fault], request: Request) -> None:
    struck = [fault for fault in faults if fault.strikes(request)]
    if struck:
        struck[0].raise_()
