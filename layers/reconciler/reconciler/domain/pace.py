"""How fast endpoints are made, changed and deleted: EC2 lets an account make few of these calls, and others
need some of them too (facts, section 10).

The generic cell rate algorithm. A bucket is one number, the theoretical arrival time: a call is due once that
is no further ahead than the burst allows, and moves it on by one interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EndpointCall(StrEnum):
    """The calls that have a bucket, each one of its own."""

    CREATE = "CreateVpcEndpoint"
    MODIFY = "ModifyVpcEndpoint"
    DELETE = "DeleteVpcEndpoints"


class Precedence(StrEnum):
    """Who is served first where few slots are left. These words are in the queue's messages."""

    URGENT = "urgent"  # the VPC had converged, gets back what it had, and workloads rely on it
    BEGUN = "begun"  # it has one of its endpoints, and waits for the next
    NEW = "new"


# How many slots of a burst are kept for those before: a heal does not wait behind a roll-out, and a VPC that
# has begun is completed before others begin.
_KEPT_FROM = {Precedence.URGENT: 0, Precedence.BEGUN: 1, Precedence.NEW: 2}


@dataclass(frozen=True)
class Pace:
    """`rate` is in calls a second, `burst` how many may be made at once. Times are milliseconds."""

    rate: float = 0.3
    burst: int = 4

    @property
    def interval(self) -> int:
        """What one call adds to the arrival time."""
        return max(1, round(1000 / self.rate))

    def tolerance(self, precedence: Precedence) -> int:
        """How far ahead the arrival time may be. Of a small burst, nothing may be left to keep."""
        return max(0, self.burst - 1 - _KEPT_FROM[precedence]) * self.interval

    def latest(self, now: int) -> int:
        """The arrival time of a bucket from which all was taken, and a call more for clocks that differ. One
        beyond it is of another pace or of a broken clock, and does not count."""
        return now + (self.burst + 1) * self.interval

    def wait(self, arrival: int, now: int, precedence: Precedence) -> int:
        """How long until a call is due, 0 where it is."""
        return max(0, arrival - now - self.tolerance(precedence)) if arrival <= self.latest(now) else 0


DEFAULT_PACE = Pace()
