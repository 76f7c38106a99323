"""Whose DNS attributes a sweep reads: EC2 gives one attribute of one VPC a call, so that a rolling share has
to do.

The VPCs are dealt out to 24 shards. A sweep reads the shard that was read longest ago, so that each VPC is
read within 24 sweeps. It also reads VPCs that are not known yet, and those that were seen with an attribute
off. A change in between is an event.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace

SHARDS = 24


@dataclass(frozen=True)
class Shard:
    """When a shard was read last, in seconds since 1970, and its VPCs that were seen with both attributes
    on."""

    read_at: int = 0
    on: frozenset[str] = frozenset()


Shards = Mapping[int, Shard]


def shard_of(vpc_id: str) -> int:
    """The shard of a VPC; the same one in every process."""
    return zlib.crc32(vpc_id.encode()) % SHARDS


def trusted(vpc_ids: Iterable[str], shards: Shards) -> frozenset[str]:
    """The VPCs that are taken to have both attributes on, without a call."""
    due = _due(vpc_ids, shards)
    on = (each for each in vpc_ids if each in shards.get(shard_of(each), Shard()).on)
    return frozenset(each for each in on if shard_of(each) != due)


def updated(
    vpc_ids: Iterable[str], shards: Shards, read: Mapping[str, bool], now: float, *, whole: bool = True
) -> Shards:
    """The shards that have changed, once a sweep has read VPCs: each with whether both attributes are on.

    `whole` says that the sweep came to an end: then the shard that was due is read, and VPCs that are gone
    are forgotten.
    """
    there, due = frozenset(vpc_ids), _due(vpc_ids, shards)
    changed = {}
    for number in range(SHARDS):
        before = shards.get(number, Shard())
        of_shard = {each: on for each, on in read.items() if shard_of(each) == number}
        kept = before.on & there if whole else before.on
        on = _without(kept, of_shard) | {each for each, is_on in of_shard.items() if is_on}
        is_read = whole and of_shard and (number == due or not before.read_at)
        after = replace(before, on=frozenset(on), read_at=int(now) if is_read else before.read_at)
        if after != before:
            changed[number] = after
    return changed


def _due(vpc_ids: Iterable[str], shards: Shards) -> int | None:
    """The shard that was read longest ago, of those that have VPCs."""
    numbers = {shard_of(each) for each in vpc_ids}
    return min(numbers, key=lambda each: (shards.get(each, Shard()).read_at, each), default=None)


def _without(those: Set[str], others: Iterable[str]) -> frozenset[str]:
    return frozenset(those).difference(others)
