"""A storm of events, on a tenth of the scale of `benchmarks/storm.py`."""

from __future__ import annotations

import pytest
from moto.moto_api._internal import mock_random

from tests.storm import Storm, storm


@pytest.fixture(scope="module")
def lived() -> Storm:
    mock_random.seed(0)
    return storm(ours=5, others=40, events=800)


def test_every_event_is_followed_by_a_run_that_began_after_it(lived: Storm) -> None:
    assert len({vpc_id for _, vpc_id in lived.told}) == len(lived.ours)
    assert lived.uncovered() == []


def test_a_vpc_has_at_most_one_run_for_a_window_of_events(lived: Storm) -> None:
    assert lived.asked_runs <= len(lived.ours) * (lived.windows + 1)
    assert lived.asked_runs < len(lived.told) / 3


def test_others_have_no_run(lived: Storm) -> None:
    assert {each.vpc_id for each in lived.at_work.ran} == set(lived.ours)


def test_what_a_batch_costs_does_not_grow_with_what_is_in_it(lived: Storm) -> None:
    assert max(lived.batches) <= 20
    assert sum(lived.batches) < lived.sent / 4


def test_nothing_reaches_the_dead_letters_and_all_is_as_it_should_be_in_the_end(lived: Storm) -> None:
    assert lived.dead == 0
    assert lived.at_work.queue.dead == []
    assert [fault for each in lived.ours for fault in lived.account.truth.faults(each)] == []
