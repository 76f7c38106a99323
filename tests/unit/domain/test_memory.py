from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.memory import Adoption, Cause, Made, Making, Memory
from reconciler.domain.profile import Edition

NOON = 1_795_435_200
DAY = 24 * 3600
LOGS = "our-stack/logs"
EMPTY = Memory("vpc-1")


# ---- proofs of creation


def test_a_creation_is_known_by_its_id_whatever_it_is_for() -> None:
    memory = EMPTY.with_made([Made("vpce-1", LOGS)])
    assert memory.knows("vpce-1", "our-stack/sqs")
    assert not memory.knows("vpce-2", LOGS)


def test_a_creation_whose_answer_was_lost_is_known_by_its_open_intention() -> None:
    memory = EMPTY.opened([LOGS], NOON)
    assert memory.knows("vpce-of-a-lost-answer", LOGS)
    assert not memory.knows("vpce-1", "our-stack/sqs")
    assert not memory.closed([LOGS]).knows("vpce-of-a-lost-answer", LOGS)


def test_what_a_person_claimed_is_known() -> None:
    assert replace(EMPTY, claimed=frozenset({"vpce-1"})).knows("vpce-1", LOGS)


def test_until_all_was_taken_over_everything_counts_as_known() -> None:
    assert replace(EMPTY, complete=False).knows("vpce-1", LOGS)


def test_an_intention_is_opened_once_and_ends_after_a_day() -> None:
    memory = EMPTY.opened([LOGS, LOGS], NOON).opened([LOGS], NOON + 60)
    assert memory.making == (Making(LOGS, NOON),)
    assert memory.opened([], NOON + DAY - 1).making == (Making(LOGS, NOON),)
    assert memory.opened([], NOON + DAY).making == ()
    assert memory.opened([LOGS], NOON + DAY).making == (Making(LOGS, NOON + DAY),)


def test_what_is_known_already_stays_as_it_is() -> None:
    memory = EMPTY.with_made([Made("vpce-1", LOGS, NOON, seen=True)])
    assert memory.with_made([Made("vpce-1", "else", NOON + 1)]) == memory


def test_past_a_hundred_creations_the_oldest_are_forgotten() -> None:
    memory = EMPTY.with_made(Made(f"vpce-{n}", LOGS, NOON + n) for n in range(100))
    memory = memory.with_made([Made("vpce-new", LOGS, NOON + 100)])
    assert len(memory.made) == 100
    assert "vpce-0" not in memory.made
    assert {"vpce-1", "vpce-new"} <= memory.made.keys()


# ---- what EC2 does not show yet


def test_what_was_made_is_awaited_until_ec2_has_shown_it_or_five_minutes_are_over() -> None:
    made = Made("vpce-1", LOGS, NOON)
    memory = EMPTY.with_made([made])
    assert memory.just_made(LOGS, NOON + 299) == made
    assert memory.just_made(LOGS, NOON + 300) is None
    assert memory.just_made("our-stack/sqs", NOON) is None
    assert memory.having_seen(["vpce-1", "vpce-unknown"]).just_made(LOGS, NOON) is None


# ---- refused deletions


def test_a_refused_deletion_is_remembered_for_as_long_as_tools_go_on_trying() -> None:
    refused = Cause("1", "DeleteSubnet", "rob", NOON, ("subnet-1",), refused=True)
    done = Cause("2", "DeleteSubnet", "rob", NOON, ("subnet-2",))
    memory = replace(EMPTY, causes=(refused, done))
    assert memory.refused_lately(NOON + 20 * 60 - 1) == {"subnet-1"}
    assert memory.refused_lately(NOON + 20 * 60) == frozenset()


# ---- adoptions


def test_what_is_added_to_an_adopted_endpoint_comes_beside_what_was_added_before() -> None:
    memory = EMPTY.adopting([Adoption("vpce-1", ("subnet-b",))])
    memory = memory.adopting([Adoption("vpce-1", ("subnet-a",)), Adoption("vpce-1", private_dns=True)])
    memory = memory.adopting([Adoption("vpce-1", ("subnet-b",))])
    assert memory.adoptions == {"vpce-1": Adoption("vpce-1", ("subnet-a", "subnet-b"), private_dns=True)}
    assert memory.without_adoption("vpce-1").adoptions == {}
    assert memory.without_adoption("vpce-2") == memory


# ---- two writers

IDS = st.sets(st.sampled_from(["vpce-1", "vpce-2", "vpce-3"]))
MEMORIES = st.builds(
    lambda made, purposes, adopted, version: replace(
        EMPTY.with_made(Made(id, LOGS) for id in made)
        .opened(sorted(purposes), NOON)
        .adopting(Adoption(id) for id in adopted),
        version=version,
        followed=Edition("/p", version),
    ),
    IDS,
    st.sets(st.sampled_from([LOGS, "our-stack/sqs"])),
    IDS,
    st.integers(0, 9),
)


@given(MEMORIES, MEMORIES)
def test_of_two_writers_no_proof_of_a_creation_and_no_addition_gets_lost(one: Memory, other: Memory) -> None:
    merged = one.merged(other)
    assert merged.made.keys() == one.made.keys() | other.made.keys()
    assert set(merged.making) == {*one.making, *other.making}
    assert merged.adoptions.keys() == one.adoptions.keys() | other.adoptions.keys()
    assert merged.followed.written == max(one.followed.written, other.followed.written)
    assert merged.version == other.version


@pytest.mark.parametrize("seen", [True, False])
def test_of_two_writers_this_ones_word_counts(seen: bool) -> None:
    mine, theirs = (
        EMPTY.with_made([Made("vpce-1", LOGS, seen=each)]).adopting([Adoption("vpce-1", leaving_at=each)])
        for each in (seen, not seen)
    )
    assert mine.merged(theirs).made == mine.made
    assert mine.merged(theirs).adoptions == mine.adoptions


def test_what_ec2_refused_to_add_is_not_given_back_later() -> None:
    known = Memory("vpc-1").adopting([Adoption("vpce-1", ("subnet-1", "subnet-2"), private_dns=True)])
    assert known.not_added("vpce-1", ["subnet-2"], private_dns=True).adoptions == {
        "vpce-1": Adoption("vpce-1", ("subnet-1",))
    }
    assert known.not_added("vpce-1", [], private_dns=False) == known
    assert known.not_added("vpce-2", ["subnet-1"], private_dns=True) == known
