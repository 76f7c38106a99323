"""Intake: a batch of events to the VPCs to look at, against the index of the VPCs that matter.

What the index knows costs no call. For the rest of a batch it is read anew, once. Where EC2 refuses that, the
events that needed it are tried again; the work never becomes wider.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .domain.index import Index, Indexes, Settled, named_by
from .ec2 import errors
from .messages import RunRequest

if TYPE_CHECKING:
    from .domain.memory import Cause
    from .domain.trail import Touched
    from .ledger import Ledger

Located = tuple["Touched", frozenset[str]]
# EC2 may not show a tag yet when its event comes.
_NAMED_SECONDS = 600.0
# A VPC may have come to matter by an event that was lost: after this, nothing is foreign for certain. The
# sweep finds such a VPC within the hour.
_FOREIGN_SECONDS = 3600.0


@dataclass(frozen=True)
class Taken:
    """What a batch of events asks for: `requests` of runs, one a VPC; `causes`, each with its VPC; `learnt`,
    the VPC of each new resource, for who does not hear of it; and `sweep_since`, in milliseconds since 1970,
    where a thing is gone whose VPC nobody knows. `unsettled` are the events of which nothing can be said now,
    and `refusal` says why.
    """

    requests: tuple[RunRequest, ...] = ()
    causes: tuple[tuple[str, Cause], ...] = ()
    learnt: Mapping[str, str] = field(default_factory=dict)
    sweep_since: int | None = None
    unsettled: tuple[Touched, ...] = ()
    refusal: str = ""


@dataclass
class Intake:
    """Takes batches. Keeps between them what it knows of the Region. `read` reads an index of the VPCs that
    matter, and of the ones that it is given beside them; `now` gives seconds since 1970."""

    read: Callable[[Iterable[str]], Index]
    ledger: Ledger
    now: Callable[[], float]
    _indexes: Indexes = field(default_factory=Indexes)
    _named: dict[str, float] = field(default_factory=dict)

    def take(self, events: Sequence[Touched]) -> Taken:
        """Say what a batch of events asks for. Sends and writes nothing; the same one may be taken again."""
        self._forget()
        self._remember_named(events)
        known_before = self._indexes.learnt
        self._indexes = self._indexes.having_learnt(events)
        found = [self._indexes.settle(each) for each in events]
        refusal = ""
        if any(map(self._needs_reading, found)) or not self._indexes.has(self._named):
            try:
                self._indexes = self._indexes.read(self.read(self._named)).having_learnt(events)
            except errors.ERRORS as error:
                refusal = str(errors.classify(error))
            found = [self._indexes.settle(each, just_read=not refusal) for each in events]
        pairs = list(zip(events, found, strict=True))
        settled = [(each, known) for each, known in pairs if not self._needs_reading(known)]
        located, lost = self._with_gone(settled)
        self._indexes = self._indexes.having_settled(settled)
        return Taken(
            _requests(located),
            tuple((vpc_id, each.cause) for each, those in located for vpc_id in sorted(those) if each.actor),
            {each: vpc_id for each, vpc_id in self._indexes.learnt.items() if each not in known_before},
            min(map(_milliseconds, lost), default=None),
            tuple(each for each, known in pairs if self._needs_reading(known)),
            refusal,
        )

    def _forget(self) -> None:
        newest = self._indexes.newest
        if newest is not None and self.now() - newest.read_at > _FOREIGN_SECONDS:
            self._indexes = replace(self._indexes, foreign=frozenset())

    def _remember_named(self, events: Iterable[Touched]) -> None:
        now = self.now()
        named = {vpc_id for each in events for vpc_id in named_by(each)}
        kept = {vpc_id: until for vpc_id, until in self._named.items() if until > now}
        self._named = kept | dict.fromkeys(named, now + _NAMED_SECONDS)

    def _needs_reading(self, found: Settled) -> bool:
        """Whether an index would say more of an event. One that is read after a deletion says nothing of it,
        but a first one is needed for what comes after."""
        return bool(found.unread) or (bool(found.gone) and self._indexes.newest is None)

    def _with_gone(self, settled: Iterable[tuple[Touched, Settled]]) -> tuple[list[Located], list[Touched]]:
        """The VPCs of each event, also of deleted things of which the ledger knows the VPC; and the events of
        those of which nobody does."""
        settled = tuple(settled)
        gone = {each for _, found in settled for each in found.gone}
        made = self.ledger.vpcs_of(sorted(gone)) if gone else {}
        located, lost = [], []
        for touched, found in settled:
            those = {made[each] for each in found.gone if each in made} if made else set()
            located.append((touched, found.vpc_ids | those))
            certain = made is not None and self._indexes.knew_before(touched)
            if found.gone.difference(made or ()) and not certain:
                lost.append(touched)
        return located, lost


def _requests(located: Iterable[Located]) -> tuple[RunRequest, ...]:
    """One request for each VPC, of the first of its events."""
    of: dict[str, list[Touched]] = {}
    for touched, those in located:
        for vpc_id in those:
            of.setdefault(vpc_id, []).append(touched)
    requests = []
    for vpc_id, events in sorted(of.items()):
        first = min(events, key=lambda each: each.time)
        refused = dict.fromkeys(resource for each in events for resource in each.refused)
        requests.append(
            RunRequest(vpc_id, _milliseconds(first), refused=tuple(refused), correlation_id=first.event_id)
        )
    return tuple(requests)


def _milliseconds(touched: Touched) -> int:
    return int(touched.time.timestamp() * 1000)
