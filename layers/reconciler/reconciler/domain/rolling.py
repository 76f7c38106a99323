"""Whose DNS attributes a sweep reads: EC2 gives one attribute of one VPC a call, so that a rolling share has
to do.

The VPCs are dealt out to 24 shards. A sweep of the whole Region reads the shard that was read longest ago, so
that each VPC is read within 24 sweeps. It also reads VPCs that are not known yet, and those that were seen
with an attribute off. A change in between is an event.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Set
from dataclasses import dataclass

SHARDS = 24


@dataclass(frozen=True)
class Shard:
    """When a shard was due last, in seconds since 1970, and its VPCs that were seen with both attributes on
    since."""

    read_at: int = 0
    on: frozenset[str] = frozenset()


Shards = Mapping[int, Shard]


def shard_of(vpc_id: str) -> int:
    """The shard of a VPC; the same one in every process."""
    return zlib.crc32(vpc_id.encode()) % SHARDS


def trusted(vpc_ids: Set[str], shards: Shards, *, whole: bool = True) -> frozenset[str]:
    """The VPCs that are taken to have both attributes on, without a call. `whole` says that these are all
    of the Region; only then a shard is due."""
    due = _due(vpc_ids, shards) if whole else None
    return frozenset(
        each for each in vpc_ids if shard_of(each) != due and each in shards.get(shard_of(each), Shard()).on
    )


def updated(
    vpc_ids: Set[str], shards: Shards, read: Mapping[str, bool], now: float, *, whole: bool = True
) -> Shards:
    """The shards that have changed, once a sweep has read VPCs: each with whether both attributes are on.

    Where these are all VPCs of the Region, those that are gone are forgotten. So are those of the shard that
    was due and that were not read, since the sweep did not come to them: whatever looks at them next reads
    them.
    """
    due = _due(vpc_ids, shards) if whole else None
    changed = {}
    for number in range(SHARDS):
        before = shards.get(number, Shard())
        there = {each for each in vpc_ids if shard_of(each) == number}
        on = before.on & there if whole else before.on
        on = frozenset() if number == due else on
        seen = {each: is_on for each, is_on in read.items() if shard_of(each) == number}
        on = (on - seen.keys()) | {each for each, is_on in seen.items() if is_on}
        was_due = there and (number == due or not before.read_at)
        after = Shard(int(now) if was_due else before.read_at, on)
        if after != before:
            changed[number] = after
    return changed


def _due(vpc_ids: Set[str], shards: Shards) -> int | None:
    """The shard that was due longest ago, of those that have VPCs."""
    numbers = {shard_of(each) for each in vpc_ids}
    return min(numbers, key=lambda each: (shards.get(each, Shard()).read_at, each), default=None)
