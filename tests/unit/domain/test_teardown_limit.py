from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.teardown_limit import admitted

HOUR = 3600


def test_a_vpc_within_the_limit_is_admitted_and_remembered() -> None:
    assert admitted({}, "vpc-1", 1000, 2) == {"vpc-1": 1000}
    assert admitted({"vpc-1": 1000}, "vpc-2", 1001.5, 2) == {"vpc-1": 1000, "vpc-2": 1001}


def test_one_vpc_too_many_is_not_admitted() -> None:
    assert admitted({"vpc-1": 1000, "vpc-2": 1000}, "vpc-3", 1000, 2) is None


def test_a_vpc_that_is_losing_already_goes_on_to_its_end_also_past_the_limit() -> None:
    losing = {"vpc-1": 1000, "vpc-2": 1000}
    assert admitted(losing, "vpc-1", 2000, 1) == {"vpc-1": 2000, "vpc-2": 1000}


def test_there_is_room_again_after_an_hour() -> None:
    losing = {"vpc-1": 1000}
    assert admitted(losing, "vpc-2", 1000 + HOUR - 1, 1) is None
    assert admitted(losing, "vpc-2", 1000 + HOUR, 1) == {"vpc-2": 1000 + HOUR}


def test_a_higher_limit_makes_room_at_once() -> None:
    losing = {"vpc-1": 1000}
    assert admitted(losing, "vpc-2", 1000, 1) is None
    assert admitted(losing, "vpc-2", 1000, 2) is not None


def test_a_limit_of_none_admits_none() -> None:
    assert admitted({}, "vpc-1", 1000, 0) is None


@given(
    st.lists(st.tuples(st.integers(0, 2000), st.sampled_from([f"vpc-{n}" for n in range(8)])), max_size=40),
    st.integers(0, 4),
)
def test_no_more_vpcs_begin_to_lose_something_within_an_hour_than_the_limit(
    asked: list[tuple[int, str]], limit: int
) -> None:
    losing: Mapping[str, int] = {}
    began: list[int] = []
    now = 0
    for later, vpc_id in asked:
        now += later
        goes_on = vpc_id in losing and now - losing[vpc_id] < HOUR
        answer = admitted(losing, vpc_id, now, limit)
        if answer is not None:
            losing = answer
            began += [] if goes_on else [now]
        assert sum(now - time < HOUR for time in began) <= limit
