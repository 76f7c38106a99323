"""What is new about the findings of a run, for the finding events: each change once.

What was announced of a finding stands with it in the ledger. Where the ledger cannot tell, only what was done
is announced: that is new each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from .counts import Concluded
from .findings import Finding, Reason, Status
from .memory import Announced, Change, Memory, OpenFinding

Key = tuple[str, str]

_CHANGES = {
    Status.REMEDIATED: Change.REMEDIATED,
    Status.BLOCKED: Change.BLOCKED,
    Status.CONTESTED: Change.CONTESTED,
    Status.IMPAIRED: Change.IMPAIRED,
    Status.LEAVING: Change.LEAVING,
}
# What stands as drift before anything became of it.
_DRIFT = frozenset({Status.REMEDIABLE, Status.BLOCKED, Status.CONTESTED})
# These are announced by themselves, without having been detected as drift.
_NO_DRIFT = frozenset({Change.IMPAIRED, Change.LEAVING})
# Of several findings of one kind on one thing, the one with the first of these stands for all.
_GRAVEST = (
    Change.BLOCKED,
    Change.CONTESTED,
    Change.DETECTED,
    Change.REMEDIATED,
    Change.IMPAIRED,
    Change.LEAVING,
    None,
)
# EC2 shows late what was done (facts, section 5).
_SHOWN_WITHIN_SECONDS = 300


@dataclass(frozen=True)
class Detected:
    """A change of a finding that a run found."""

    change: Change
    concluded: Concluded


@dataclass(frozen=True)
class Cleared:
    """A finding that is there no more, as it was known before."""

    before: OpenFinding


News = Detected | Cleared


def announced(concluded: Iterable[Concluded], memory: Memory, now: float) -> Mapping[Key, Announced]:
    """The last event of each finding of a run, once the news of the run are sent; without those that had
    none. `now` is in seconds since 1970."""
    known, last = _known(memory), {}
    for key, each in _by_key(concluded).items():
        before = known.get(key)
        if new := _changes(each, before, now):
            last[key] = Announced(new[-1], int(now), _reason(each))
        elif before and before.announced and each.status is not Status.INFORMATIONAL:
            # What waits stays what it was announced as.
            last[key] = before.announced
    return last


def news(concluded: Iterable[Concluded], memory: Memory | None, now: float) -> tuple[News, ...]:
    """What is to be announced of a run's findings. `memory` is what was known before the run; None where the
    ledger could not be read, or did not take what the run learnt. `now` is in seconds since 1970."""
    by_key = _by_key(concluded)
    if memory is None or memory.quiet or not memory.complete:
        done = (each for each in by_key.values() if each.status is Status.REMEDIATED and each.done)
        return tuple(Detected(Change.REMEDIATED, each) for each in done)
    known = _known(memory)
    new = (
        Detected(change, each)
        for key, each in by_key.items()
        for change in _changes(each, known.get(key), now)
    )
    still = {key for key, each in by_key.items() if each.status is not Status.INFORMATIONAL}
    return (*new, *_cleared(known, still))


def of_gone(memory: Memory) -> tuple[News, ...]:
    """What is to be announced of a VPC that is gone, the first time that a run finds that it is."""
    return () if memory.quiet else tuple(_cleared(_known(memory), ()))


def _known(memory: Memory) -> Mapping[Key, OpenFinding]:
    """The findings of which something may have been announced. Those of a VPC that was gone are cleared."""
    return {} if memory.expires else {each.key: each for each in memory.findings}


def _by_key(concluded: Iterable[Concluded]) -> Mapping[Key, Concluded]:
    """The findings of a run, one of each kind on each thing, with all that was done about it."""
    by_key: dict[Key, Concluded] = {}
    for each in concluded:
        key = each.finding.key
        there = by_key.get(key, each)
        done = tuple(dict.fromkeys((*there.done, *each.done)))
        by_key[key] = replace(min(there, each, key=_rank), done=done)
    return by_key


def _rank(each: Concluded) -> tuple[int, bool]:
    return _GRAVEST.index(_change(each)), each.status is Status.INFORMATIONAL


def _change(each: Concluded) -> Change | None:
    """What a finding is announced as, if it is."""
    if each.status in (Status.WAITING, Status.REPORTED):
        return Change.DETECTED if each.finding.status in _DRIFT else None
    return _CHANGES.get(each.status)


def _changes(each: Concluded, before: OpenFinding | None, now: float) -> tuple[Change, ...]:
    """The events of a finding of a run. `before` is what was known of it."""
    new, last = _change(each), before.announced if before else None
    if before and last and last.change is Change.REMEDIATED and not _is_shown_late(each, before, last, now):
        last = None
    if new is None:
        return ()
    is_open = last is not None and last.change not in _NO_DRIFT
    detected = () if is_open or new in _NO_DRIFT else (Change.DETECTED,)
    if new is Change.DETECTED or (last and (last.change, last.reason) == (new, _reason(each))):
        return detected
    return (*detected, new)


def _reason(each: Concluded) -> Reason | None:
    return each.reason if each.status is Status.BLOCKED else None


def _is_shown_late(each: Concluded, before: OpenFinding, last: Announced, now: float) -> bool:
    """Whether a finding that was remediated is found again because EC2 does not show yet that it was. What
    was remediated and is brought about again is a new drift."""
    if now - last.time >= _SHOWN_WITHIN_SECONDS:
        return False
    if each.cause is None:
        return True
    if before.cause is None:
        return each.cause.time <= last.time
    return each.cause.event_id == before.cause.event_id


def _cleared(known: Mapping[Key, OpenFinding], still: Iterable[Key]) -> Iterator[Cleared]:
    for key, before in known.items():
        if before.announced and before.announced.change is not Change.REMEDIATED and key not in still:
            yield Cleared(before)


def are_to_clear(memory: Memory, findings: Iterable[Finding]) -> bool:
    """Whether something was announced that is not among these findings any more."""
    still = {each.key for each in findings if each.status is not Status.INFORMATIONAL}
    return any(True for _ in _cleared(_known(memory), still))
