"""The ledger: what is known of each VPC beside what EC2 shows, in one DynamoDB table.

It is memory, never truth: where it cannot be read or written, every method gives an answer on which a run
goes on, and `table` says so in the log; what needs memory degrades (docs/decisions, 0006).

Items: `vpc#ID` with `state` (a JSON document of `Memory`), `cause#TIME#EVENT` and `claim#RESOURCE`; `made#ID`
with `vpc`, of what was made here or is new; `region` with `teardowns`, `swept`, `opted-in` (a
JSON document of `OptIn`) and `takeover#INSTALLATION`.
Sort keys fall so that one page, newest first, has the state, the claims and the latest causes of a VPC.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from uuid import uuid4

from .domain import memory_json
from .domain.memory import Cause, Memory
from .domain.teardown_limit import admitted
from .domain.times import as_text
from .table import Item, Table, document_of, item, version_of

# The latest causes that are read with a VPC, how many ids are kept of each, and how long.
_CAUSES = 100
_RESOURCES = 50
_CAUSE_SECONDS = 30 * 24 * 3600
# What is known of a VPC that is gone is kept so long.
_GONE_SECONDS = 30 * 24 * 3600
# No process of intake lives so long that it would have to know more.
_LEARNT_SECONDS = 24 * 3600
# Of so many VPCs is told that they opted in lately: DynamoDB takes no item of more than 400 KB.
_NAMED = 1000
# Someone else wrote meanwhile: what both know is written again.
_ATTEMPTS = 5
_REGION = "region"
# Events have the Region swept no more often than this.
_BETWEEN_SWEEPS_SECONDS = 300
# What an item raises that is not one of ours.
_UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)


@dataclass(frozen=True)
class OptIn:
    """The last opt-in that a process told of. `told` is a different text each time, empty where none ever
    did. `named` are the VPCs that mattered by an event's word, each with until when that counts, in seconds
    since 1970: EC2 may not show their tags yet."""

    told: str = ""
    named: Mapping[str, float] = field(default_factory=dict)


class Ledger:
    """Reads and writes what is known, of one installation."""

    def __init__(self, table: Table, installation_id: str) -> None:
        self._table = table
        self._takeover = f"takeover#{installation_id}"
        self._say = table.say
        self._complete = False
        self._swept = 0.0

    # ---- one VPC

    def read(self, vpc_id: str) -> Memory | None:
        """What is known of a VPC; None where the ledger cannot be read."""
        found = self._table.newest_of(_of(vpc_id), _CAUSES)
        if found is None:
            return None
        memory = Memory(vpc_id, complete=self.is_complete())
        causes, claimed = [], set()
        try:
            for each in found:
                sort_key = each["sk"]["S"]
                if sort_key == "state":
                    memory = _read(each, memory)
                elif sort_key.startswith("claim#"):
                    claimed.add(sort_key.partition("#")[2])
                elif sort_key.startswith("cause#"):
                    causes.append(memory_json.loads_cause(document_of(each)))
        except _UNREADABLE as error:
            self._say(f"what it has of {vpc_id} cannot be read: {error!r}")
            return None
        if memory.complete and not memory.version:
            memory = replace(memory, complete=self._is_still_complete())
        return replace(memory, causes=tuple(causes), claimed=frozenset(claimed))

    def save(self, memory: Memory) -> Memory | None:
        """Write what is known of a VPC; None where that was refused. Gives it as written."""
        for _ in range(_ATTEMPTS):
            state = item((_of(memory.vpc_id), "state"), memory_json.dumps(memory))
            written = self._table.put_next(state, memory.version)
            if written is None:
                return None
            if written:
                return replace(memory, version=memory.version + 1)
            there = self.read(memory.vpc_id)
            if there is None:
                return None
            memory = memory.merged(there)
        self._table.refused("others write the same VPC at the same time")
        return None

    def add_causes(self, causes: Iterable[tuple[str, Cause]]) -> bool:
        """Keep who did what to VPCs; False where that was refused. The same one twice is one."""
        return self._table.put_many({_key(each): _cause(*each) for each in causes}.values())

    def add_made(self, vpc_id: str, resource_ids: Iterable[str]) -> bool:
        """Keep of which VPC something is that was made here; False where that was refused."""
        return self._table.put_many(_place(each, vpc_id) for each in dict.fromkeys(resource_ids))

    def add_learnt(self, vpc_of: Mapping[str, str], now: float) -> bool:
        """Keep for a day of which VPC each of these is; False where that was refused. `now` is in seconds
        since 1970."""
        until = int(now) + _LEARNT_SECONDS
        return self._table.put_many(_place(each, vpc_id, until) for each, vpc_id in vpc_of.items())

    def vpcs_of(self, resource_ids: Iterable[str]) -> Mapping[str, str] | None:
        """The VPC of each of these of which it was kept; None where the ledger cannot be read."""
        found = self._table.get_many((f"made#{each}", "vpc") for each in resource_ids)
        if found is None:
            return None
        return {each["pk"]["S"].partition("#")[2]: document_of(each) for each in found}

    def forget(self, memory: Memory, now: float) -> bool:
        """Keep what is known of a VPC that is gone for a month more; False where that was refused, or where
        nothing is known of it."""
        if not memory.version:
            return False
        return self._table.expire((_of(memory.vpc_id), "state"), int(now) + _GONE_SECONDS)

    # ---- many

    def read_many(self, vpc_ids: Iterable[str]) -> Mapping[str, Memory] | None:
        """What is known of many VPCs, but for their causes and claims; None where it cannot be read."""
        ordered, found = sorted(set(vpc_ids)), {}
        complete = self.is_complete()
        states = self._table.get_many((_of(each), "state") for each in ordered)
        if states is None:
            return None
        for state in states:
            vpc_id = state["pk"]["S"].partition("#")[2]
            try:
                found[vpc_id] = _read(state, Memory(vpc_id, complete=complete))
            except _UNREADABLE as error:
                self._say(f"what it has of {vpc_id} cannot be read: {error!r}")
                return None
        if complete and len(found) < len(ordered):
            complete = self._is_still_complete()
        return {each: found.get(each, Memory(each, complete=complete)) for each in ordered}

    # ---- the Region

    def tell_opt_in(self, named: Mapping[str, float], now: float) -> bool:
        """Let other processes know that an event spoke of a tag of ours, and which VPCs matter by an event's
        word, until when; False where that was refused. Times are in seconds since 1970."""
        latest = sorted(named.items(), key=lambda each: each[1])[-_NAMED:]
        document = {"told": f"{int(now * 1000)}-{uuid4().hex}", "named": dict(latest)}
        return self._table.put_many([item((_REGION, "opted-in"), json.dumps(document))])

    def last_opt_in(self) -> OptIn | None:
        """What `tell_opt_in` wrote last; None where the ledger cannot be read."""
        found = self._table.get_many([(_REGION, "opted-in")])
        try:
            return None if found is None else next(map(_opt_in, found), OptIn())
        except _UNREADABLE as error:
            self._say(f"which opt-in was the last one cannot be read: {error!r}")
            return None

    def is_complete(self) -> bool:
        """Whether what was made before the ledger has been taken over. Once it has, that stays so as long as
        the table does."""
        return self._is_taken_over() is True

    def awaits_takeover(self) -> bool:
        """Whether it is certain that this has not been done: a ledger that refuses says nothing of it."""
        return self._is_taken_over() is False

    def _is_still_complete(self) -> bool:
        """`is_complete`, asked anew: a VPC of which nothing is known is new, or the table was lost."""
        self._complete = False
        return self.is_complete()

    def _is_taken_over(self) -> bool | None:
        if not self._complete:
            found = self._table.get((_REGION, self._takeover))
            if found is None:
                return None
            self._complete = bool(found)
        return self._complete

    def set_complete(self, now: float) -> None:
        """Keep that all that was made before has been taken over."""
        taken_over = item((_REGION, self._takeover), json.dumps({"at": int(now)}))
        self._complete = self._table.put_next(taken_over, 0) is True

    def admits_sweep(self, now: float) -> bool:
        """Whether events may have the Region swept now, for which none may have been within five minutes; of
        this process alone, where the ledger cannot say. `now` is in seconds since 1970."""
        found = self._table.get((_REGION, "swept"))
        try:
            swept = float(document_of(found)) if found else 0.0
        except _UNREADABLE as error:
            self._say(f"when the Region was swept cannot be read: {error!r}")
            swept = 0.0
        if 0 <= now - max(swept, self._swept) < _BETWEEN_SWEEPS_SECONDS:
            return False
        self._swept = now
        self._table.put(item((_REGION, "swept"), str(int(now))))
        return True

    def admits_teardown(self, vpc_id: str, now: float, limit: int) -> bool:
        """Whether one more VPC of the Region may lose something within the hour; False where the ledger
        cannot say. `now` is in seconds since 1970."""
        for _ in range(_ATTEMPTS):
            found = self._table.get((_REGION, "teardowns"))
            if found is None:
                return False
            try:
                losing = admitted(json.loads(document_of(found)) if found else {}, vpc_id, now, limit)
            except _UNREADABLE as error:
                self._say(f"what it has of the Region's teardowns cannot be read: {error!r}")
                return False
            if losing is None:
                return False
            teardowns = item((_REGION, "teardowns"), json.dumps(dict(losing)))
            written = self._table.put_next(teardowns, version_of(found) if found else 0)
            if written is not False:
                return written is True
        return False


def _opt_in(found: Item) -> OptIn:
    document = json.loads(document_of(found))
    named = {str(vpc_id): float(until) for vpc_id, until in document["named"].items()}
    return OptIn(str(document["told"]), named)


def _read(found: Item, memory: Memory) -> Memory:
    """What an item says of a VPC, beside what is known already."""
    known = memory_json.loads(document_of(found), memory)
    return replace(known, version=version_of(found), expires="expires" in found)


def _cause(vpc_id: str, cause: Cause) -> Item:
    # One call may tag a thousand things; those of other VPCs matter least.
    if len(cause.resources) > _RESOURCES:
        named = sorted(cause.resources, key=lambda each: each != vpc_id)[:_RESOURCES]
        cause = replace(cause, resources=tuple(named))
    return item(_key((vpc_id, cause)), memory_json.dumps_cause(cause), cause.time + _CAUSE_SECONDS)


def _place(resource_id: str, vpc_id: str, expires: int | None = None) -> Item:
    return item((f"made#{resource_id}", "vpc"), vpc_id, expires)


def _key(caused: tuple[str, Cause]) -> tuple[str, str]:
    vpc_id, cause = caused
    return _of(vpc_id), f"cause#{as_text(cause.time)}#{cause.event_id}"


def _of(vpc_id: str) -> str:
    return f"vpc#{vpc_id}"
