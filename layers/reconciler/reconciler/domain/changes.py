"""What is new about the findings of a run, for the finding events: each change once.

What was announced of a finding stands with it in the ledger. Where the ledger cannot tell, only what was done
is announced: that is new each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .counts import Concluded
from .findings import Status
from .memory import Change, Memory, OpenFinding

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


def announced(each: Concluded, memory: Memory) -> Change | None:
    """The last event of a finding, once the news of its run are sent; None where it had none."""
    if each.status is Status.INFORMATIONAL:
        return None
    before, new = _announced_before(each, _by_key(memory)), _change(each)
    # What waits stays what it was announced as.
    return before if before and new in (None, Change.DETECTED) else new


def news(concluded: Iterable[Concluded], memory: Memory | None) -> tuple[News, ...]:
    """What is to be announced of a run's findings. `memory` is what was known before the run; None where the
    ledger could not be read, or did not take what the run learnt."""
    concluded = tuple(concluded)
    if memory is None or memory.quiet or not memory.complete:
        done = (each for each in concluded if each.status is Status.REMEDIATED)
        return tuple(Detected(Change.REMEDIATED, each) for each in done)
    known = _by_key(memory)
    new = (Detected(change, each) for each in concluded for change in _changes(each, known))
    return (*new, *_cleared(concluded, memory))


def of_gone(memory: Memory) -> tuple[News, ...]:
    """What is to be announced of a VPC that is gone, the first time that a run finds that it is."""
    return () if memory.expires or memory.quiet else tuple(_cleared((), memory))


def _by_key(memory: Memory) -> Mapping[tuple[str, str], OpenFinding]:
    return {each.key: each for each in memory.findings}


def _change(each: Concluded) -> Change | None:
    if each.status in (Status.WAITING, Status.REPORTED):
        return Change.DETECTED if each.finding.status in _DRIFT else None
    return _CHANGES.get(each.status)


def _announced_before(each: Concluded, known: Mapping[tuple[str, str], OpenFinding]) -> Change | None:
    """What was remediated and is found again is a new drift."""
    before = known.get((each.finding.kind, each.finding.resource))
    return None if before is None or before.announced is Change.REMEDIATED else before.announced


def _changes(each: Concluded, known: Mapping[tuple[str, str], OpenFinding]) -> Iterator[Change]:
    new, before = _change(each), _announced_before(each, known)
    if new is None:
        return
    if before is None and new not in _NO_DRIFT:
        yield Change.DETECTED
    if new is not Change.DETECTED and (new is not before or _has_other_reason(each, known)):
        yield new


def _has_other_reason(each: Concluded, known: Mapping[tuple[str, str], OpenFinding]) -> bool:
    before = known[each.finding.kind, each.finding.resource]
    return each.status is Status.BLOCKED and each.reason is not before.reason


def _cleared(concluded: Iterable[Concluded], memory: Memory) -> Iterator[Cleared]:
    still = {
        (each.finding.kind, each.finding.resource)
        for each in concluded
        if each.status is not Status.INFORMATIONAL
    }
    for before in memory.findings:
        if before.announced not in (None, Change.REMEDIATED) and before.key not in still:
            yield Cleared(before)
