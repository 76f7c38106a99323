"""When a remediation that someone keeps undoing stops: a contested finding.

The same change, made for the same finding three times within an hour, is two more than a break takes; six
times within a day are a pipeline that runs now and then. A team that adds subnet after subnet makes the
same finding each time, and another change of ours: that is no fight. Where the changes are ever new ones,
twelve within an hour, or 36 within a day, are the end: one in five minutes is no load on EC2's budget of
endpoint calls (facts, section 10). From then on it is tried again after a pause that doubles, from a
quarter of an hour up to a day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from .findings import Kind

_HOUR, _DAY = 3600, 24 * 3600
# So many remediations within so many seconds are a fight: by the same change, and by any.
SAME_CHANGE = ((3, _HOUR), (6, _DAY))
ANY_CHANGE = ((12, _HOUR), (36, _DAY))
FIRST_PAUSE_SECONDS = 15 * 60
LONGEST_PAUSE_SECONDS = _DAY


# A person who deletes something asks for this in so many words, each time.
_NEVER_FOUGHT_ABOUT = frozenset({Kind.RELEASED})


@dataclass(frozen=True)
class Remediated:
    """A change that was made for a finding: the finding's kind and resource, and a digest of the change."""

    kind: str
    resource: str
    change: str

    @classmethod
    def by(cls, kind: str, resource: str, change: str) -> Remediated:
        """From what was done, in words."""
        return cls(kind, resource, hashlib.sha256(change.encode()).hexdigest()[:12])


@dataclass(frozen=True)
class Contest:
    """The remediations of one finding by the same change, or, where `change` is empty, by any.

    `times` are those of the last day, `level` is how often it has been given up since, `until` is when it is
    left alone to. Times are seconds since 1970.
    """

    kind: str
    resource: str
    change: str = ""
    times: tuple[int, ...] = ()
    level: int = 0
    until: int = 0

    @property
    def pause(self) -> int:
        """How long it is left alone at this level, in seconds."""
        if not self.level:
            return 0
        return int(min(FIRST_PAUSE_SECONDS * 2 ** (self.level - 1), LONGEST_PAUSE_SECONDS))

    def is_about(self, change: Remediated) -> bool:
        """Whether a change is one of those that are fought about."""
        same = (self.kind, self.resource) == (change.kind, change.resource)
        return same and self.change in ("", change.change)

    def is_paused(self, now: float) -> bool:
        """Whether it is not to be remediated now."""
        return now < self.until

    def remediated(self, now: float) -> Contest:
        """After one more remediation."""
        limits = SAME_CHANGE if self.change else ANY_CHANGE
        times = (*self.times, int(now))[-max(most for most, _ in limits) :]
        fought = any(len([time for time in times if now - time < within]) >= most for most, within in limits)
        if not self.level and not fought:
            return replace(self, times=times)
        higher = replace(self, times=times, level=self.level + 1)
        return replace(higher, until=int(now) + higher.pause)

    def is_over(self, now: float) -> bool:
        """Whether the remediations have held: as long as the last pause after it, and a day at least."""
        last = max(self.times, default=0)
        return now >= max(self.until + self.pause, last + _DAY)


def joined(some: Iterable[Contest], others: Iterable[Contest]) -> tuple[Contest, ...]:
    """The contests of two who saw different parts of the fights: of each the one that went further."""
    by_key: dict[tuple[str, str, str], Contest] = {}
    for each in (*some, *others):
        key = (each.kind, each.resource, each.change)
        by_key[key] = max(each, by_key.get(key, each), key=lambda one: (one.level, one.until, one.times))
    return tuple(by_key.values())


def after(contests: Iterable[Contest], remediated: Iterable[Remediated], now: float) -> tuple[Contest, ...]:
    """The contests after a run that made these changes."""
    by_key = {(each.kind, each.resource, each.change): each for each in contests if not each.is_over(now)}
    for each in dict.fromkeys(each for each in remediated if each.kind not in _NEVER_FOUGHT_ABOUT):
        for key in dict.fromkeys([(each.kind, each.resource, each.change), (each.kind, each.resource, "")]):
            by_key[key] = by_key.get(key, Contest(*key)).remediated(now)
    return tuple(by_key.values())
