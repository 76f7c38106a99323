from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.times import as_tag, time_in

EIGHT = 1_795_420_800  # 2026-11-23T08:00:00Z


@pytest.mark.parametrize(
    "tag",
    [
        "2026-11-23T08:00:00+00:00",
        "2026-11-23T08:00:00Z",
        "2026-11-23T08:00:00",
        "2026-11-23T09:00:00+01:00",
        "2026-11-23 08:00",
    ],
)
def test_a_person_may_write_a_time_in_several_ways(tag: str) -> None:
    assert time_in(tag) == EIGHT


@pytest.mark.parametrize("tag", ["", "soon", "1795420800", "2026-13-01T00:00:00Z", "08:00"])
def test_what_is_no_time_says_none(tag: str) -> None:
    assert time_in(tag) == 0


def test_a_time_is_written_for_a_person_to_read() -> None:
    assert as_tag(EIGHT + 0.9) == "2026-11-23T08:00:00+00:00"


@given(st.integers(0, 2**32))
def test_what_is_written_is_read_as_the_same_time(time: int) -> None:
    assert time_in(as_tag(time)) == time


@given(st.text())
def test_whatever_stands_in_a_tag_is_read_or_says_none(tag: str) -> None:
    assert isinstance(time_in(tag), float)
