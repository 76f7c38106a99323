from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.slips import Slip, slips
from tests.builders import INSTALLATION

PROFILE, MODE = INSTALLATION.profile_key, INSTALLATION.mode_key


def found(**tags: str) -> list[Slip]:
    return list(slips({f"vpce-remediator:{key}": value for key, value in tags.items()}, INSTALLATION))


def test_our_own_tags_are_no_slips_whatever_they_say() -> None:
    tags = {PROFILE: "no such", MODE: "", INSTALLATION.released_key: "soon"}
    assert list(slips(tags, INSTALLATION)) == []


def test_tags_of_others_are_none_of_our_business() -> None:
    others = {"Name": "blue", "profile": "x", "vpce-remediator": "x", "vpce-remediator2:profile": "x"}
    assert list(slips(others, INSTALLATION)) == []


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("vpce-remediator:Mode", MODE),
        ("vpce-remediator:MODE", MODE),
        ("vpce-remediator:mod", MODE),
        ("vpce-remediator:Profile", PROFILE),
        ("vpce-remediator:porfile", PROFILE),
        ("vpce-remediator:profiles", PROFILE),
        ("VPCE-Remediator:profile", PROFILE),
        ("vpce-remediator:released-untill", INSTALLATION.released_key),
        ("vpce-remediator:owner", ""),
        ("vpce-remediator:", ""),
    ],
)
def test_a_slip_is_given_with_the_nearest_right_word(key: str, meant: str) -> None:
    assert list(slips({key: "appmesh"}, INSTALLATION)) == [Slip(key, "appmesh", meant)]


def test_several_slips_come_in_the_order_of_their_keys() -> None:
    assert [slip.meant for slip in found(profil="a", Mode="b", profile="c")] == [MODE, PROFILE]


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=3), max_size=4))
def test_whatever_stands_under_our_prefix_is_ours_or_a_slip(tags: dict[str, str]) -> None:
    ours = {"profile", "mode", "released-until"}
    assert {slip.key for slip in found(**tags)} == {
        f"vpce-remediator:{key}" for key in tags if key not in ours
    }
