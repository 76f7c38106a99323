"""When a remediation that someone keeps undoing stops: a contested finding.

Three remediations of the same finding within an hour are two more than a break takes, and as many as fit into
an hour without becoming a load on EC2's budget of endpoint calls (facts-operating, section 2). From then on
it is tried again after a pause that doubles, from a quarter of an hour up to a day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

WITHIN_SECONDS = 3600
REMEDIATIONS = 3
FIRST_PAUSE_SECONDS = 15 * 60
LONGEST_PAUSE_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Contest:
    """The remediations of one finding, by kind and resource: when those of the last hour were made, how often
    it has been given up since (`level`), and until when it is left alone. Times are seconds since 1970."""

    kind: str
    resource: str
    times: tuple[int, ...] = ()
    level: int = 0
    until: int = 0

    @property
    def pause(self) -> int:
        """How long it is left alone at this level, in seconds."""
        if not self.level:
            return 0
        return int(min(FIRST_PAUSE_SECONDS * 2 ** (self.level - 1), LONGEST_PAUSE_SECONDS))

    def is_paused(self, now: float) -> bool:
        """Whether it is not to be remediated now."""
        return now < self.until

    def remediated(self, now: float) -> Contest:
        """After one more remediation."""
        recent = tuple(time for time in self.times if now - time < WITHIN_SECONDS)
        times = (*recent, int(now))
        if not self.level and len(times) < REMEDIATIONS:
            return replace(self, times=times)
        higher = replace(self, times=times[-REMEDIATIONS:], level=self.level + 1)
        return replace(higher, until=int(now) + higher.pause)

    def is_over(self, now: float) -> bool:
        """Whether the remediations have held: as long as the last pause after it, and an hour at least."""
        last = max(self.times, default=0)
        return now >= max(self.until + self.pause, last + WITHIN_SECONDS)


def after(
    contests: Iterable[Contest], remediated: Iterable[tuple[str, str]], now: float
) -> tuple[Contest, ...]:
    """The contests after a run that remediated findings, given by kind and resource."""
    by_key = {(each.kind, each.resource): each for each in contests if not each.is_over(now)}
    for key in dict.fromkeys(remediated):
        by_key[key] = by_key.get(key, Contest(*key)).remediated(now)
    return tuple(by_key.values())
