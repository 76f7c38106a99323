"""The Region's budget of endpoint calls, shared by all runs, in the ledger: one item for each call.

A slot is granted when it is due and never ahead. Where the ledger cannot say, every call is due: EC2 itself
throttles then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .domain.pace import EndpointCall, Pace, Precedence
from .table import Item, Table

_REGION = "region"
# Someone else took a slot at the same time: ask again.
_ATTEMPTS = 5


@dataclass(frozen=True)
class WriteBudget:
    """Grants slots. `now` gives seconds since 1970."""

    table: Table
    pace: Pace
    now: Callable[[], float]

    def is_due(self, call: EndpointCall, precedence: Precedence) -> bool:
        """Whether a slot may be due: one read, and nothing is taken."""
        found = self.table.get(_key(call))
        arrival = _arrival(found) if found else None
        return arrival is None or not self.pace.wait(arrival, self._milliseconds(), precedence)

    def take(self, call: EndpointCall, precedence: Precedence) -> bool:
        """Take a slot, if one is due."""
        for _ in range(_ATTEMPTS):
            now = self._milliseconds()
            taken = self._move_on(call, now, precedence)
            if taken is None or taken is True:
                return True
            arrival = _arrival(taken or {})
            if arrival is not None and self.pace.wait(arrival, now, precedence):
                return False
            if taken and arrival is None:
                self.table.say(f"the budget of {call} is begun anew: {taken} is no bucket")
            if self._begin(call, now) is not False:
                return True
        return False

    def charge(self, call: EndpointCall) -> None:
        """Take a slot after one that was granted, due or not: the next ones are due the later. Of a bucket
        that has no more to give nothing is taken: it would count as broken."""
        most = self.pace.latest(self._milliseconds()) - self.pace.interval
        values = {":interval": _number(self.pace.interval), ":most": _number(most)}
        self.table.update_if(_key(call), "SET arrival = arrival + :interval", "arrival < :most", values)

    def empty(self, call: EndpointCall) -> None:
        """Take all slots: EC2 has throttled the call, so that others have used them."""
        at = self._milliseconds() + self.pace.burst * self.pace.interval
        self.table.update(_key(call), "SET arrival = :at", {":at": _number(at)})

    def _move_on(self, call: EndpointCall, now: int, precedence: Precedence) -> bool | Item | None:
        """True where a slot was taken, else the item as it is; None where the ledger cannot say."""
        return self.table.update_if(
            _key(call),
            "SET arrival = arrival + :interval",
            "arrival BETWEEN :now AND :latest",
            {
                ":interval": _number(self.pace.interval),
                ":now": _number(now),
                ":latest": _number(now + self.pace.tolerance(precedence)),
            },
        )

    def _begin(self, call: EndpointCall, now: int) -> bool | None:
        """Take a slot of a bucket that is full, or that says what cannot be; False where somebody else just
        did."""
        taken = self.table.update_if(
            _key(call),
            "SET arrival = :next",
            # A comparison with what is no number does not hold.
            "NOT attribute_type(arrival, :number) OR arrival < :now OR arrival > :latest",
            {
                ":number": {"S": "N"},
                ":next": _number(now + self.pace.interval),
                ":now": _number(now),
                ":latest": _number(self.pace.latest(now)),
            },
        )
        return taken if taken is None else taken is True

    def _milliseconds(self) -> int:
        return int(self.now() * 1000)


def _key(call: EndpointCall) -> tuple[str, str]:
    return _REGION, f"bucket#{call}"


def _arrival(found: Item) -> int | None:
    """None where it is no number. DynamoDB keeps fractions and large numbers, which somebody may write."""
    number = found.get("arrival", {}).get("N")
    return None if number is None else int(Decimal(number))


def _number(value: int) -> Any:
    return {"N": str(value)}
