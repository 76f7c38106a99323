"""Whose DNS attributes a sweep reads, over many sweeps of a Region in which VPCs come and go."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.domain.rolling import SHARDS, Shard, shard_of, trusted, updated

HOUR = 3600


@dataclass
class Region:
    """VPCs, which of them have both attributes on, what is remembered, and when each was read last."""

    on: dict[str, bool]
    shards: dict[int, Shard] = field(default_factory=dict)
    sweeps: int = 0
    read_in: dict[str, int] = field(default_factory=dict)

    def sweep(self, missed: frozenset[str] = frozenset()) -> frozenset[str]:
        """One whole sweep, which does not come to `missed`. Gives the VPCs whose attributes it read."""
        self.sweeps += 1
        return self._look(frozenset(self.on), missed, whole=True)

    def sweep_rest(self, rest: frozenset[str]) -> frozenset[str]:
        """The sweep of the VPCs that another did not come to."""
        return self._look(rest & self.on.keys(), frozenset(), whole=False)

    def _look(self, there: frozenset[str], missed: frozenset[str], *, whole: bool) -> frozenset[str]:
        known = trusted(there, self.shards, whole=whole)
        read = {each: self.on[each] for each in there - known - missed}
        self.shards |= updated(there, self.shards, read, self.sweeps * HOUR, whole=whole)
        self.read_in |= dict.fromkeys(read, self.sweeps)
        return frozenset(read)


def names(count: int) -> list[str]:
    return [f"vpc-{number:08x}" for number in range(count)]


VPCS = st.sampled_from(names(60))
# What comes, what goes, and what a sweep does not come to.
# Each example is a day or two.
LONG = settings(max_examples=30)
CHANGES = st.tuples(st.sets(VPCS, max_size=5), st.sets(VPCS, max_size=5), st.sets(VPCS, max_size=30))


def test_the_first_sweep_reads_every_vpc_and_the_next_ones_a_share() -> None:
    region = Region(dict.fromkeys(names(2400), True))
    assert len(region.sweep()) == 2400
    shares = [len(region.sweep()) for _ in range(SHARDS)]
    assert sum(shares) == 2400
    assert max(shares) < 1.5 * 2400 / SHARDS


@LONG
@given(st.sets(VPCS), st.lists(CHANGES, min_size=30, max_size=60))
def test_every_vpc_is_read_within_24_sweeps_though_vpcs_come_and_go(
    first: set[str], changes: list[tuple[set[str], set[str], set[str]]]
) -> None:
    region = Region(dict.fromkeys(first, True))
    for come, go, _ in changes:
        region.on = {each: True for each in region.on if each not in go} | dict.fromkeys(come, True)
        region.sweep()
        assert all(region.sweeps - region.read_in[each] < SHARDS for each in region.on)


@LONG
@given(st.sets(VPCS), st.lists(CHANGES, min_size=30, max_size=60))
def test_every_vpc_is_read_within_24_sweeps_though_each_leaves_a_rest_that_is_swept_after_it(
    first: set[str], changes: list[tuple[set[str], set[str], set[str]]]
) -> None:
    region = Region(dict.fromkeys(first, True))
    for come, go, missed in changes:
        region.on = {each: True for each in region.on if each not in go} | dict.fromkeys(come, True)
        region.sweep(frozenset(missed))
        region.sweep_rest(frozenset(missed))
        assert all(region.sweeps - region.read_in[each] < SHARDS for each in region.on)


@given(st.sets(VPCS), st.lists(CHANGES, min_size=1, max_size=30))
def test_what_is_trusted_was_read_and_seen_on(
    first: set[str], changes: list[tuple[set[str], set[str], set[str]]]
) -> None:
    """VPCs that are off, and VPCs that are new, also under an id that was there before, are read at once."""
    region, seen_on = Region(dict.fromkeys(first, True)), set[str]()
    for number, (come, go, missed) in enumerate(changes):
        region.on = {each: on for each, on in region.on.items() if each not in go}
        region.on |= dict.fromkeys(come, number % 2 == 0)
        seen_on &= region.on.keys()
        known = trusted(region.on.keys(), region.shards)
        assert known <= seen_on
        read = region.sweep(frozenset(missed))
        assert read == region.on.keys() - known - missed
        seen_on = {each for each in seen_on - read if each not in missed or each in known}
        seen_on |= {each for each in read if region.on[each]}


def test_a_vpc_that_is_off_is_read_by_every_sweep_until_it_is_on() -> None:
    region = Region(dict.fromkeys(names(100), True))
    region.on["vpc-00000007"] = False
    for _ in range(5):
        assert "vpc-00000007" in region.sweep()
    region.on["vpc-00000007"] = True
    assert "vpc-00000007" in region.sweep()
    assert len([1 for _ in range(SHARDS) if "vpc-00000007" in region.sweep()]) == 1


def test_a_rest_reads_no_shard_of_its_own() -> None:
    region = Region(dict.fromkeys(names(100), True))
    region.sweep()
    assert region.sweep_rest(frozenset(names(50))) == frozenset()


def test_what_a_sweep_of_the_due_shard_did_not_come_to_is_read_by_its_rest() -> None:
    region = Region(dict.fromkeys(names(100), True))
    region.sweep()
    due = {each for each in region.on if shard_of(each) == 0}
    missed = frozenset(sorted(due)[:2])
    assert region.sweep(missed) == due - missed
    assert region.sweep_rest(missed | {"vpc-00000001"}) == missed


def test_a_sweep_in_which_nothing_changes_writes_the_shard_that_was_due_alone() -> None:
    there = frozenset(names(100))
    shards = dict(updated(there, {}, dict.fromkeys(there, True), 1))
    due = dict.fromkeys(there - trusted(there, shards), True)
    assert list(updated(there, shards, due, 2)) == [0]


def test_a_trusted_vpc_that_was_read_all_the_same_and_seen_off_is_trusted_no_more() -> None:
    region = Region(dict.fromkeys(names(100), True))
    region.sweep()
    known = trusted(region.on.keys(), region.shards)
    doubted = min(known)
    region.shards |= updated(frozenset(region.on), region.shards, {doubted: False}, 2 * HOUR)
    assert doubted not in trusted(region.on.keys(), region.shards)


def test_a_region_without_vpcs_has_no_shard_that_is_due() -> None:
    assert trusted(frozenset(), {}) == frozenset()
    assert updated(frozenset(), {0: Shard(1, frozenset({"vpc-1"}))}, {}, 9) == {0: Shard(1)}


def test_a_vpc_keeps_its_shard() -> None:
    """Also in the next version: another one would have all VPCs read at once."""
    assert [shard_of(each) for each in ("vpc-1", "vpc-0a1b2c3d4e5f60718")] == [18, 4]
