"""Where profiles come from, against an SSM that can fail and a parameter that people break."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.domain.profile import Edition
from reconciler.domain.profiles import Catalogue, builtin
from reconciler.profile_store import ProfileStore, ProfilesUnavailable
from tests.unit.fakes import FakeSsm

GOOD = "[[web.endpoint]]\nservice = 'logs'"
BETTER = "[[web.endpoint]]\nservice = 'sqs'"
BAD = "[[web.endpoint]]\nservice = 7"


class Clock:
    now = 1_800_000_000.0


def store(
    ssm: FakeSsm, parameter: str = "/profiles", reject: Callable[[str], None] = lambda _: None
) -> tuple[ProfileStore, Clock]:
    clock = Clock()
    return ProfileStore(parameter, lambda: ssm.client, reject, lambda: clock.now), clock


def test_without_a_parameter_there_are_the_built_in_ones_and_no_read() -> None:
    ssm = FakeSsm()
    profiles, _ = store(ssm, "")
    assert profiles.current() == Catalogue(builtin())
    assert ssm.reads == 0


def test_the_parameters_profiles_stand_beside_the_built_in_ones() -> None:
    profiles, _ = store(FakeSsm(GOOD))
    assert set(profiles.current().profiles) == {*builtin(), "web"}


def test_the_parameter_is_read_again_after_a_few_minutes_and_not_before() -> None:
    ssm = FakeSsm(GOOD)
    profiles, clock = store(ssm)
    profiles.current()
    ssm.versions.append(BETTER)
    assert profiles.current().profiles["web"].endpoints[0].service == "logs"
    assert ssm.reads == 1
    clock.now += 301
    assert profiles.current().profiles["web"].endpoints[0].service == "sqs"


def test_a_document_that_cannot_be_used_leaves_the_last_good_one_in_use() -> None:
    ssm = FakeSsm(GOOD)
    profiles, clock = store(ssm)
    before = profiles.current()
    ssm.versions.append(BAD)
    clock.now += 301
    after = profiles.current()
    assert after.profiles == before.profiles
    assert (before.doubt, after.doubt) == ("", "version 2 of the profiles document cannot be used")
    ssm.versions.append(BETTER)
    clock.now += 301
    assert profiles.current().doubt == ""


def test_a_process_that_never_read_a_good_one_finds_the_last_good_version() -> None:
    profiles, _ = store(FakeSsm(GOOD, BETTER, BAD, BAD))
    found = profiles.current()
    assert found.profiles["web"].endpoints[0].service == "sqs"
    assert found.doubt == "version 4 of the profiles document cannot be used"


def test_where_no_version_can_be_used_no_vpc_is_judged_by_the_built_in_ones_either() -> None:
    profiles, _ = store(FakeSsm(BAD))
    assert profiles.current().profiles == {}
    assert profiles.current().doubt == "version 1 of the profiles document cannot be used"


def test_a_parameter_that_cannot_be_read_leaves_what_was_read() -> None:
    ssm = FakeSsm(GOOD)
    profiles, clock = store(ssm)
    before = profiles.current()
    ssm.down = True
    clock.now += 301
    after = profiles.current()
    assert (after.profiles, after.edition) == (before.profiles, before.edition)
    assert (before.doubt, after.doubt) == ("", "the profiles document could not be read")
    ssm.down = False
    clock.now += 301
    assert profiles.current() == before


def test_a_parameter_that_was_never_read_stops_the_pass_until_it_can_be() -> None:
    ssm = FakeSsm(GOOD)
    ssm.down = True
    profiles, _ = store(ssm)
    with pytest.raises(ProfilesUnavailable):
        profiles.current()
    ssm.down = False
    assert "web" in profiles.current().profiles


def test_what_is_wrong_is_rejected_with_its_line() -> None:
    rejected: list[str] = []
    profiles, _ = store(FakeSsm(GOOD, BAD), reject=rejected.append)
    profiles.current()
    [why] = rejected
    assert why.startswith("parameter /profiles: version 2: line ")


# ---- another process has followed a newer version


def later(edition: Edition) -> Edition:
    """That of the version that was written a second later."""
    return replace(edition, written=edition.written + 1000)


def test_a_version_that_another_process_followed_is_read_at_once() -> None:
    ssm = FakeSsm(GOOD)
    profiles, _ = store(ssm)
    first = profiles.current().edition
    ssm.versions.append(BETTER)
    second = later(first)
    found = profiles.current(second)
    assert (found.edition, found.profiles["web"].endpoints[0].service) == (second, "sqs")
    assert ssm.reads == 2
    assert (profiles.current(first), profiles.current(second), ssm.reads) == (found, found, 2)


def test_a_parameter_that_was_made_anew_is_newer_though_it_begins_at_version_1() -> None:
    ssm = FakeSsm(GOOD, BETTER)
    profiles, _ = store(ssm)
    followed = profiles.current().edition
    anew = FakeSsm(GOOD)
    anew.first_written += 3600
    assert store(anew)[0].current(followed).doubt == ""


def test_another_parameter_may_be_older_than_the_one_that_was_followed() -> None:
    profiles, _ = store(FakeSsm(GOOD))
    elsewhere = Edition("/another", later(profiles.current().edition).written)
    assert "web" in profiles.current(elsewhere).profiles


@pytest.mark.parametrize("down", [True, False])
def test_no_vpc_is_judged_by_a_version_older_than_another_process_followed(down: bool) -> None:
    """SSM is down, or serves the old version for a while."""
    ssm = FakeSsm(GOOD)
    profiles, _ = store(ssm)
    newer = later(profiles.current().edition)
    ssm.down = down
    with pytest.raises(ProfilesUnavailable):
        profiles.current(newer)
    ssm.down = False
    ssm.versions.append(BETTER)
    assert profiles.current(newer).edition == newer


def test_two_processes_that_read_different_versions_before_a_bad_one_follow_the_same() -> None:
    ssm = FakeSsm(GOOD)
    old, clock = store(ssm)
    old.current()
    ssm.versions += [BETTER, BAD]
    clock.now += 301
    new, _ = store(ssm)
    assert old.current().profiles == new.current().profiles
    assert old.current().profiles["web"].endpoints[0].service == "sqs"


def test_without_a_parameter_no_version_is_asked_for() -> None:
    ssm = FakeSsm()
    profiles, _ = store(ssm, "")
    assert profiles.current(Edition("/p", 7)) == Catalogue(builtin())
    assert ssm.reads == 0
