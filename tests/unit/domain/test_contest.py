from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.contest import ANY_CHANGE, Contest, Remediated, after
from reconciler.domain.findings import Kind

KEY = (Kind.PRIVATE_DNS_OFF, "vpce-1")
SAME = Remediated.by(*KEY, "~ turn private DNS on")
NOON = 1_795_435_200
MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
CHANGES = ANY_CHANGE[0][0]


def fought(*times: int) -> Contest:
    """A finding that was remediated by the same change at these times."""
    contest = Contest(*KEY, SAME.change)
    for time in times:
        contest = contest.remediated(time)
    return contest


def paused(contests: tuple[Contest, ...], change: Remediated, now: float) -> bool:
    return any(each.is_about(change) and each.is_paused(now) for each in contests)


def test_two_remediations_within_an_hour_are_no_contest() -> None:
    twice = fought(NOON, NOON + MINUTE)
    assert (twice.level, twice.until) == (0, 0)
    assert not twice.is_paused(NOON + MINUTE)


def test_the_third_within_an_hour_is_the_last_for_a_quarter_of_an_hour() -> None:
    stopped = fought(NOON, NOON + MINUTE, NOON + HOUR - 1)
    assert stopped.is_paused(NOON + HOUR)
    assert stopped.until == NOON + HOUR - 1 + 15 * MINUTE
    assert not stopped.is_paused(stopped.until)


def test_remediations_that_are_an_hour_apart_do_not_count_together() -> None:
    assert fought(NOON, NOON + MINUTE, NOON + HOUR).level == 0


def test_six_within_a_day_are_a_contest_however_far_apart() -> None:
    every_four_hours = [NOON + number * 4 * HOUR for number in range(6)]
    assert fought(*every_four_hours[:5]).level == 0
    assert fought(*every_four_hours).level == 1
    assert fought(*every_four_hours[:5], NOON + DAY).level == 0


def test_one_more_after_the_pause_doubles_it_up_to_a_day() -> None:
    contest = fought(NOON, NOON, NOON)
    pauses = []
    for _ in range(9):
        contest = contest.remediated(contest.until)
        pauses.append(contest.pause // MINUTE)
    assert pauses == [30, 60, 120, 240, 480, 960, 1440, 1440, 1440]


def test_a_contest_that_went_on_for_long_can_still_be_counted() -> None:
    assert Contest(*KEY, level=10**6).pause == DAY


def test_it_is_over_when_the_remediation_has_held_for_as_long_as_the_pause_and_a_day() -> None:
    once = fought(NOON)
    assert not once.is_over(NOON + DAY - 1)
    assert once.is_over(NOON + DAY)
    long = Contest(*KEY, times=(NOON,), level=7, until=NOON + 16 * HOUR)
    assert not long.is_over(NOON + 32 * HOUR - 1)
    assert long.is_over(NOON + 32 * HOUR)


# ---- which changes count together


def test_a_run_counts_each_change_once_and_forgets_what_is_over() -> None:
    contests = after([], [SAME, SAME], NOON)
    assert contests == (Contest(*KEY, SAME.change, (NOON,)), Contest(*KEY, "", (NOON,)))
    assert after(contests, [], NOON + 1) == contests
    assert after(contests, [], NOON + DAY) == ()


def test_other_changes_for_the_same_finding_are_no_fight_until_they_are_very_many() -> None:
    contests: tuple[Contest, ...] = ()
    for number in range(CHANGES):
        change = Remediated.by(*KEY, f"+ add subnet {number}")
        assert not paused(contests, change, NOON + number)
        contests = after(contests, [change], NOON + number)
    assert paused(contests, Remediated.by(*KEY, "+ add another"), NOON + CHANGES)


def test_a_fight_about_one_finding_leaves_the_others() -> None:
    contests: tuple[Contest, ...] = ()
    for minute in range(3):
        contests = after(contests, [SAME], NOON + minute)
    assert paused(contests, SAME, NOON + MINUTE)
    for other in (
        Remediated.by(Kind.PRIVATE_DNS_OFF, "vpce-2", "~ turn private DNS on"),
        Remediated.by(Kind.ENDPOINT_GROUP_MISSING, "vpce-1", "~ turn private DNS on"),
        Remediated.by(*KEY, "~ turn private DNS on, with more"),
    ):
        assert not paused(contests, other, NOON + MINUTE)


def test_making_way_is_never_fought_about() -> None:
    """Who deletes something asks for it each time."""
    assert after([], [Remediated.by(Kind.RELEASED, "vpce-1", "- delete endpoint vpce-1")], NOON) == ()


@given(st.lists(st.tuples(st.integers(1, HOUR), st.integers(0, 3)), max_size=200))
def test_however_someone_undoes_it_the_remediations_are_few(undone: list[tuple[int, int]]) -> None:
    """For one finding as many as make a fight of any changes, for one change as many as make one of it, and
    after a pause of a quarter of an hour one more."""
    contests: tuple[Contest, ...] = ()
    now, made = 0, []
    for wait, number in undone:
        now += wait
        change = Remediated.by(*KEY, f"~ change {number}")
        if not paused(contests, change, now):
            made.append((now, change))
            contests = after(contests, [change], now)
    for start, change in made:
        within = [other for time, other in made if start <= time < start + HOUR]
        assert len(within) <= CHANGES + 2
        assert within.count(change) <= 4
