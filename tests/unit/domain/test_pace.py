"""The rate of endpoint calls, beside a bucket of tokens, which says the same in other words."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.pace import Pace, Precedence

NEW, BEGUN, URGENT = Precedence.NEW, Precedence.BEGUN, Precedence.URGENT
KEPT = {URGENT: 0, BEGUN: 1, NEW: 2}
PACES = st.builds(Pace, rate=st.sampled_from([0.1, 0.25, 0.5, 1.0, 4.0]), burst=st.integers(1, 8))


@dataclass
class Tokens:
    """A bucket that fills with `rate` tokens a second up to `burst`. A call takes one, and leaves one for
    each sort that goes before it, as far as the burst allows. Times are milliseconds."""

    pace: Pace
    left: float
    at: int = 0

    def take(self, now: int, who: Precedence) -> bool:
        self.left = min(float(self.pace.burst), self.left + (now - self.at) / self.pace.interval)
        self.at = now
        kept = min(KEPT[who], self.pace.burst - 1)
        if self.left < 1 + kept:
            return False
        self.left -= 1
        return True


def taken(pace: Pace, arrival: int, now: int, who: Precedence) -> int | None:
    """The arrival time after a call, None where it is not due."""
    if pace.wait(arrival, now, who):
        return None
    return max(arrival, now) + pace.interval


@given(PACES, st.lists(st.tuples(st.integers(0, 40), st.sampled_from(Precedence)), max_size=60))
def test_it_grants_what_a_bucket_of_tokens_does(pace: Pace, asked: list[tuple[int, Precedence]]) -> None:
    tokens, arrival, now = Tokens(pace, pace.burst), 0, 0
    for quarters, who in asked:
        now += quarters * pace.interval // 4
        after = taken(pace, arrival, now, who)
        assert (after is not None) == tokens.take(now, who)
        arrival = arrival if after is None else after


@given(PACES, st.integers(0, 100_000), st.integers(0, 100_000), st.sampled_from(Precedence))
def test_a_call_is_due_once_its_wait_is_over_and_not_before(
    pace: Pace, arrival: int, now: int, who: Precedence
) -> None:
    wait = pace.wait(arrival, now, who)
    assert not pace.wait(arrival, now + wait, who)
    assert not wait or pace.wait(arrival, now + wait - 1, who) == 1


def test_by_default_it_is_what_ec2_lets_an_account_do() -> None:
    """Four at once, then one each 3.3 seconds; the third is kept for who has begun, the fourth for what is
    urgent."""
    made: list[int] = []
    pace, now = Pace(), 1_000_000
    for who in (NEW, NEW, NEW, BEGUN, BEGUN, URGENT, URGENT):
        arrival = made[-1] if made else 0
        after = taken(pace, arrival, now, who)
        made.append(arrival if after is None else after)
    assert made == [now + n * 3333 for n in (1, 2, 2, 3, 3, 4, 4)]


@pytest.mark.parametrize(("who", "before"), [(NEW, BEGUN), (NEW, URGENT), (BEGUN, URGENT)])
def test_a_slot_is_left_for_who_goes_before_however_much_the_others_take(
    who: Precedence, before: Precedence
) -> None:
    pace, arrival, now = Pace(), 0, 1_000_000
    for _ in range(1000):
        now += 100
        arrival = taken(pace, arrival, now, who) or arrival
        assert pace.wait(arrival, now, before) == 0


@pytest.mark.parametrize("who", Precedence)
def test_of_a_burst_of_one_nothing_can_be_kept(who: Precedence) -> None:
    assert Pace(1.0, 1).wait(0, 0, who) == 0


@pytest.mark.parametrize("who", Precedence)
def test_an_arrival_time_that_this_pace_never_leads_to_does_not_count(who: Precedence) -> None:
    pace = Pace(1.0, 4)
    assert pace.wait(5_000, 0, who) > 0
    assert pace.wait(5_001, 0, who) == 0
