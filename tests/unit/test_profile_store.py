"""Where profiles come from, against an SSM that can fail and a parameter that people break."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from mypy_boto3_ssm import SSMClient

from reconciler.domain.profiles import builtin
from reconciler.profile_store import ProfileStore, ProfilesUnavailable

GOOD = "[[web.endpoint]]\nservice = 'logs'"
BETTER = "[[web.endpoint]]\nservice = 'sqs'"
BAD = "[[web.endpoint]]\nservice = 7"


class FakeSsm:
    """A parameter with versions, the last one current; `down` refuses every call."""

    def __init__(self, *versions: str) -> None:
        self.versions = list(versions)
        self.down = False
        self.reads = 0

    def get_parameter(self, *, Name: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self.reads += 1
        if self.down:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slower"}}, "GetParameter")
        _, _, version = Name.partition(":")
        number = int(version) if version else len(self.versions)
        return {"Parameter": {"Value": self.versions[number - 1], "Version": number}}


class Clock:
    now = 1_800_000_000.0


def store(
    ssm: FakeSsm, parameter: str = "/profiles", reject: Callable[[str], None] = lambda _: None
) -> tuple[ProfileStore, Clock]:
    clock = Clock()
    return ProfileStore(parameter, lambda: cast("SSMClient", ssm), reject, lambda: clock.now), clock


def test_without_a_parameter_there_are_the_built_in_ones_and_no_read() -> None:
    ssm = FakeSsm()
    profiles, _ = store(ssm, "")
    assert profiles.current() == builtin()
    assert ssm.reads == 0


def test_the_parameters_profiles_stand_beside_the_built_in_ones() -> None:
    profiles, _ = store(FakeSsm(GOOD))
    assert set(profiles.current()) == {*builtin(), "web"}


def test_the_parameter_is_read_again_after_a_few_minutes_and_not_before() -> None:
    ssm = FakeSsm(GOOD)
    profiles, clock = store(ssm)
    profiles.current()
    ssm.versions.append(BETTER)
    assert profiles.current()["web"].endpoints[0].service == "logs"
    assert ssm.reads == 1
    clock.now += 301
    assert profiles.current()["web"].endpoints[0].service == "sqs"


def test_a_document_that_cannot_be_used_leaves_the_last_good_one_in_use() -> None:
    ssm = FakeSsm(GOOD)
    profiles, clock = store(ssm)
    before = profiles.current()
    ssm.versions.append(BAD)
    clock.now += 301
    assert profiles.current() == before


def test_a_process_that_never_read_a_good_one_finds_the_last_good_version() -> None:
    profiles, _ = store(FakeSsm(GOOD, BETTER, BAD, BAD))
    assert profiles.current()["web"].endpoints[0].service == "sqs"


def test_where_no_version_can_be_used_no_vpc_is_judged_by_the_built_in_ones_either() -> None:
    profiles, _ = store(FakeSsm(BAD))
    assert profiles.current() == {}


def test_a_parameter_that_cannot_be_read_leaves_what_was_read() -> None:
    ssm = FakeSsm(GOOD)
    profiles, clock = store(ssm)
    before = profiles.current()
    ssm.down = True
    clock.now += 301
    assert profiles.current() == before


def test_a_parameter_that_was_never_read_stops_the_pass_until_it_can_be() -> None:
    ssm = FakeSsm(GOOD)
    ssm.down = True
    profiles, _ = store(ssm)
    with pytest.raises(ProfilesUnavailable):
        profiles.current()
    ssm.down = False
    assert "web" in profiles.current()


def test_what_is_wrong_is_rejected_with_its_line() -> None:
    rejected: list[str] = []
    profiles, _ = store(FakeSsm(GOOD, BAD), reject=rejected.append)
    profiles.current()
    [why] = rejected
    assert why.startswith("parameter /profiles: version 2: line ")
