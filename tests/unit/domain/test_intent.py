from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain import intent
from reconciler.domain.findings import Kind, Reason, Status
from reconciler.domain.intent import Intent
from reconciler.domain.model import NOTHING, Mode, Vpc
from reconciler.domain.profiles import builtin
from tests.builders import APPMESH, INSTALLATION, VpcBuilder, a_converged_vpc, a_vpc

NOW = 1_795_420_800.0  # 2026-11-23T08:00:00Z


def intent_of(default: Mode = Mode.ENFORCE, /, **tags: str) -> Intent:
    return read(a_vpc().tagged(**tags).observed().vpc, default)


def read(vpc: Vpc, default: Mode = Mode.ENFORCE) -> Intent:
    seen = replace(a_vpc().observed(), vpc=vpc)
    return intent.read(seen, builtin(), replace(INSTALLATION, default_mode=default), NOW)


@pytest.mark.parametrize("tags", [{}, {"mode": "enforce"}, {"owner": "our-stack"}])
def test_a_vpc_without_the_profile_tag_asks_for_nothing_to_be_left_of_ours(tags: dict[str, str]) -> None:
    assert intent_of(Mode.ENFORCE, **tags) == Intent(Mode.ENFORCE, NOTHING)


def test_a_vpc_that_opted_out_keeps_its_mode() -> None:
    assert intent_of(Mode.ENFORCE, mode="audit") == Intent(Mode.AUDIT, NOTHING)


def test_the_profile_tag_opts_in_to_the_profile_that_it_names() -> None:
    assert intent_of(profile="appmesh") == Intent(Mode.ENFORCE, APPMESH)


@pytest.mark.parametrize("mode", Mode)
def test_the_installations_mode_holds_where_the_vpc_says_none(mode: Mode) -> None:
    assert intent_of(mode, profile="appmesh").mode is mode


@pytest.mark.parametrize("default", Mode)
@pytest.mark.parametrize("mode", Mode)
def test_the_vpcs_mode_overrides_the_installations(default: Mode, mode: Mode) -> None:
    asked = intent_of(default, profile="appmesh", mode=mode)
    assert asked.mode is mode
    assert asked.findings == ()


@pytest.mark.parametrize("name", ["appmesh2", "AppMesh", ""])
def test_an_unknown_profile_is_a_blocked_finding_on_the_vpc(name: str) -> None:
    asked = intent_of(profile=name)
    assert asked.profile is None
    [finding] = asked.findings
    assert (finding.kind, finding.status, finding.reason) == (
        Kind.UNKNOWN_PROFILE,
        Status.BLOCKED,
        Reason.UNKNOWN_PROFILE,
    )
    assert repr(name) in finding.found
    assert "appmesh" in finding.wanted


@pytest.mark.parametrize("word", ["enforced", "ENFORCE", "", " enforce"])
def test_an_unknown_mode_is_a_blocked_finding_and_read_as_audit(word: str) -> None:
    asked = intent_of(Mode.ENFORCE, profile="appmesh", mode=word)
    assert asked.mode is Mode.AUDIT
    assert asked.profile == APPMESH
    [finding] = asked.findings
    assert (finding.kind, finding.status, finding.reason) == (
        Kind.UNKNOWN_MODE,
        Status.BLOCKED,
        Reason.UNKNOWN_MODE,
    )
    assert repr(word) in finding.found
    assert "enforce, audit" in finding.wanted


def test_an_unknown_profile_and_an_unknown_mode_are_both_reported() -> None:
    kinds = {finding.kind for finding in intent_of(profile="x", mode="y").findings}
    assert kinds == {Kind.UNKNOWN_PROFILE, Kind.UNKNOWN_MODE}


# ---- a VPC of another account's


def test_a_shared_vpc_is_left_to_its_owner_and_reported_where_it_asks() -> None:
    asked = read(replace(a_vpc().observed().vpc, owner_id="999988887777"))
    assert asked.profile is None
    [finding] = asked.findings
    assert (finding.kind, finding.status, finding.reason) == (
        Kind.SHARED_VPC,
        Status.BLOCKED,
        Reason.SHARED_VPC,
    )
    assert "999988887777" in finding.found


def test_a_shared_vpc_that_asks_for_nothing_is_not_worth_a_word() -> None:
    vpc = replace(a_vpc().tagged().observed().vpc, owner_id="999988887777")
    assert read(vpc) == Intent(Mode.ENFORCE, None)


# ---- a VPC that someone wants to delete


def released(until: str) -> Vpc:
    return a_vpc().tagged(**{"profile": "appmesh", "released-until": until}).observed().vpc


@pytest.mark.parametrize(
    "until", ["2026-11-23T08:00:01+00:00", "2026-11-23T08:00:01Z", "2026-11-23T08:00:01"]
)
def test_a_vpc_is_taken_down_until_its_release_ends(until: str) -> None:
    asked = read(released(until))
    assert asked.profile is NOTHING
    [finding] = asked.findings
    assert (finding.kind, finding.status) == (Kind.RELEASED, Status.INFORMATIONAL)
    assert until in finding.found


@pytest.mark.parametrize("until", ["2026-11-23T08:00:00+00:00", "2026-11-23T08:59:59+01:00", "soon", ""])
def test_a_release_that_has_ended_or_is_no_time_is_none(until: str) -> None:
    assert read(released(until)) == Intent(Mode.ENFORCE, APPMESH)


def refused(vpc: VpcBuilder) -> Intent:
    return intent.read(vpc.observed(), builtin(), INSTALLATION, NOW, deletion_refused=True)


def test_a_vpc_with_something_owned_in_it_makes_way_for_an_hour_when_its_deletion_is_refused() -> None:
    asked = refused(a_converged_vpc("a"))
    assert (asked.profile, asked.make_way_until) == (NOTHING, "2026-11-23T09:00:00+00:00")


def test_a_vpc_with_nothing_owned_in_it_is_not_kept_by_us() -> None:
    asked = refused(a_vpc().with_private_subnets("a").with_foreign_group())
    assert (asked.profile, asked.make_way_until) == (APPMESH, "")
