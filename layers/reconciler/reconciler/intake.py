"""Intake: a batch of events to the VPCs to look at, against the index of the VPCs that matter.

What the index knows costs no call. For the rest of a batch it is read anew, once. Where EC2 refuses that, the
events that needed it are tried again; the work never becomes wider.

Several processes take batches, each with an index of its own. The one that takes an opt-in tells the others
by the ledger, before it asks for the run. One that did not see that yet judged its events before that run
begins, which covers them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .domain.index import Index, Indexes, Settled, is_group, named_by
from .ec2 import errors
from .messages import RunRequest

if TYPE_CHECKING:
    from .domain.memory import Cause
    from .domain.trail import Touched
    from .ledger import Ledger, OptIn

Located = tuple["Touched", frozenset[str]]
# EC2 may not show a tag yet when its event comes.
_NAMED_SECONDS = 600.0
# A VPC may have come to matter by an event that was lost: after this, nothing is foreign for certain. The
# sweep finds such a VPC within the hour.
_FOREIGN_SECONDS = 3600.0


@dataclass(frozen=True)
class Taken:
    """What a batch of events asks for: `requests` of runs, one a VPC; `origins`, what tells each from one of
    other events, by VPC; `causes`, each with its VPC; `learnt`, the VPC of each new resource, for who does
    not hear of it; and `sweep_since`, in milliseconds since 1970, where a thing is gone whose VPC nobody
    knows. `opts_in` says that some VPC may have come to matter. `unsettled` are the events of which nothing
    can be said now, and `refusal` says why.
    """

    requests: tuple[RunRequest, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)
    causes: tuple[tuple[str, Cause], ...] = ()
    learnt: Mapping[str, str] = field(default_factory=dict)
    sweep_since: int | None = None
    opts_in: bool = False
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
    # The opt-in that was the last one when absence from an index began to count; None where it cannot count.
    _opt_in: OptIn | None = None
    # What the ledger has not taken yet.
    _untold: dict[str, str] = field(default_factory=dict)
    _opt_in_untold: bool = False

    def take(self, events: Sequence[Touched]) -> Taken:
        """Say what a batch of events asks for. Sends and writes nothing; the same one may be taken again."""
        self._forget()
        self._remember_named(events)
        self._learn(events)
        opts_in = any(each.names_our_tags for each in events)
        asks = opts_in or not self._indexes.has(self._named)
        if asks or any(map(self._indexes.relies_on_absence, events)):
            self._heed_opt_ins()
        has_named = self._indexes.has(self._named)
        found = [self._indexes.settle(each) for each in events]
        refusal = ""
        if not has_named or any(map(self._needs_reading, events, found)):
            try:
                self._indexes = self._indexes.read(self.read(self._named))
                self._learn(events)
            except errors.ERRORS as error:
                refusal = str(errors.classify(error))
            found = [self._indexes.settle(each, just_read=not refusal) for each in events]
        pairs = list(zip(events, found, strict=True))
        settled = [pair for pair in pairs if not (refusal and self._needs_reading(*pair))]
        unsettled = [each for each, known in pairs if refusal and self._needs_reading(each, known)]
        located, lost = self._with_gone(settled)
        self._indexes = self._indexes.having_settled(settled)
        return Taken(
            *_requests(located),
            tuple((vpc_id, each.cause) for each, those in located for vpc_id in sorted(those) if each.actor),
            dict(self._untold),
            min(map(_milliseconds, lost), default=None),
            opts_in,
            tuple(unsettled),
            refusal,
        )

    def tell_others(self, taken: Taken) -> None:
        """Tell other processes of an opt-in, with all VPCs that opted in lately; before the runs of `taken`
        are asked for. Where the ledger refuses, the next batch tells of it."""
        self._opt_in_untold |= taken.opts_in
        if self._opt_in_untold and self.ledger.tell_opt_in(self._named, self.now()):
            self._opt_in_untold = False

    def keep(self, taken: Taken) -> None:
        """Keep in the ledger who did what, and of which VPC new things are. What the ledger refuses of the
        latter is kept after a later batch."""
        if self.ledger.add_causes(taken.causes) and self.ledger.add_learnt(taken.learnt, self.now()):
            self._untold = {each: of for each, of in self._untold.items() if each not in taken.learnt}

    def _learn(self, events: Iterable[Touched]) -> None:
        """Learn from events what is new, and keep it to be told: once an index has it, no event says it."""
        known_before = self._indexes.learnt
        self._indexes = self._indexes.having_learnt(events)
        learnt = self._indexes.learnt
        self._untold |= {each: learnt[each] for each in learnt.keys() - known_before.keys()}

    def _heed_opt_ins(self) -> None:
        """Let nothing count as foreign by an index that is older than another process's opt-in, and read the
        VPCs that this one named too."""
        opt_in = self.ledger.last_opt_in()
        if opt_in is None or opt_in != self._opt_in:
            self._indexes = self._indexes.forgetting_absence()
            now = self.now()
            named = opt_in.named if opt_in else {}
            told = {each: min(until, now + _NAMED_SECONDS) for each, until in named.items() if until > now}
            self._named = told | self._named
        self._opt_in = opt_in

    def _forget(self) -> None:
        newest = self._indexes.newest
        if newest is not None and self.now() - newest.read_at > _FOREIGN_SECONDS:
            self._indexes = replace(self._indexes, foreign=frozenset())

    def _remember_named(self, events: Iterable[Touched]) -> None:
        now = self.now()
        named = {vpc_id for each in events for vpc_id in named_by(each)}
        kept = {vpc_id: until for vpc_id, until in self._named.items() if until > now}
        self._named = kept | dict.fromkeys(named, now + _NAMED_SECONDS)

    def _needs_reading(self, touched: Touched, found: Settled) -> bool:
        """Whether an index would say more of an event. One that is read after a deletion says nothing of it,
        but one is needed for what comes after; of groups, the ledger knows enough."""
        gone = any(not is_group(each) for each in found.gone)
        return bool(found.unread) or (gone and not self._indexes.knew_before(touched))

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
            if any(not self._needs_no_sweep(each, touched, made) for each in found.gone):
                lost.append(touched)
        return located, lost

    def _needs_no_sweep(self, gone: str, touched: Touched, made: Mapping[str, str] | None) -> bool:
        """Whether a deleted thing concerned nobody, or its VPC is known by what was `made`."""
        if made is None:
            return False
        # A group matters only where it is ours: the ledger knows each that was made or taken over.
        return gone in made or is_group(gone) or self._indexes.knew_before(touched)


def _requests(located: Iterable[Located]) -> tuple[tuple[RunRequest, ...], Mapping[str, str]]:
    """One request for each VPC, of the first of its events, and what stands for all of these."""
    of: dict[str, list[Touched]] = {}
    for touched, those in located:
        for vpc_id in those:
            of.setdefault(vpc_id, []).append(touched)
    requests, origins = [], {}
    for vpc_id, events in sorted(of.items()):
        first = min(events, key=lambda each: each.time)
        refused = dict.fromkeys(resource for each in events for resource in each.refused)
        requests.append(
            RunRequest(vpc_id, _milliseconds(first), refused=tuple(refused), correlation_id=first.event_id)
        )
        ids = " ".join(sorted({each.event_id for each in events}))
        origins[vpc_id] = hashlib.sha256(ids.encode()).hexdigest()[:32]
    return tuple(requests), origins


def _milliseconds(touched: Touched) -> int:
    return int(touched.time.timestamp() * 1000)
