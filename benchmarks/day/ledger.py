"""The ledger of a simulated account, as far as intake asks it. It only counts, and never refuses."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from benchmarks.day.model import Books
from reconciler.ledger import OptIn


class DayLedger:
    """The units that are read and written go into `books`; `made` has the VPC of what was made here."""

    def __init__(self, books: Books, made: Mapping[str, str]) -> None:
        self._books, self._made = books, made
        self._opt_in = OptIn()

    def vpcs_of(self, resource_ids: Iterable[str]) -> Mapping[str, str]:
        """Of which VPC these are that were made here."""
        asked = list(resource_ids)
        self._books.ledger_reads += len(asked)
        return {each: self._made[each] for each in asked if each in self._made}

    def last_opt_in(self) -> OptIn:
        """What was told last."""
        self._books.ledger_reads += 1
        return self._opt_in

    def tell_opt_in(self, named: Mapping[str, float], now: float) -> bool:
        """A VPC may have come to matter. Times are in seconds since 1970."""
        self._books.ledger_writes += 1
        self._opt_in = OptIn(str(now), dict(named))
        return True

    def add_causes(self, causes: Collection[object]) -> bool:
        """Who did what."""
        self._books.ledger_writes += len(causes)
        return True

    def add_learnt(self, learnt: Mapping[str, str], _now: float) -> bool:
        """Of which VPC new things are."""
        self._books.ledger_writes += len(learnt)
        return True
