from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain import intent
from reconciler.domain.findings import Kind, Reason, Status
from reconciler.domain.intent import Intent
from reconciler.domain.model import Mode, Vpc
from reconciler.domain.profile import NOTHING
from reconciler.domain.profiles import builtin
from tests.builders import APPMESH, INSTALLATION, VPC_ID, a_converged_vpc, a_vpc

NOW = 1_795_420_800.0  # 2026-11-23T08:00:00Z


def intent_of(default: Mode = Mode.ENFORCE, /, **tags: str) -> Intent:
    return read(a_vpc().tagged(**tags).observed().vpc, default)


def read(vpc: Vpc, default: Mode = Mode.ENFORCE) -> Intent:
    seen = replace(a_vpc().observed(), vpc=vpc)
    return intent.read(seen, builtin(), replace(INSTALLATION, default_mode=default), NOW)


@pytest.mark.parametrize("tags", [{}, {"mode": "enforce"}])
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
    assert (asked.profile, asked.at_once) == (NOTHING, True)
    [finding] = asked.findings
    assert (finding.kind, finding.status) == (Kind.RELEASED, Status.INFORMATIONAL)
    assert until in finding.found


@pytest.mark.parametrize("until", ["2026-11-23T08:00:00+00:00", "2026-11-23T08:59:59+01:00", "soon", ""])
def test_a_release_that_has_ended_or_is_no_time_is_none(until: str) -> None:
    assert read(released(until)) == Intent(Mode.ENFORCE, APPMESH)


def test_a_person_who_says_none_gets_all_taken_down_now() -> None:
    assert intent_of(profile="none") == Intent(Mode.ENFORCE, NOTHING, at_once=True)


def test_a_lost_opt_in_tag_takes_nothing_down_at_once() -> None:
    assert not intent_of().at_once


def test_a_vpc_in_which_nothing_but_ours_is_left_makes_way_when_its_deletion_is_refused() -> None:
    alone = a_vpc().with_group().looked_into().observed()
    asked = intent.read(alone, builtin(), INSTALLATION, NOW, refused=[VPC_ID])
    assert (asked.profile, asked.at_once, asked.way.vpc) == (NOTHING, True, True)


def test_a_vpc_with_something_of_others_in_it_keeps_its_profile_and_says_what_stands_in_the_way() -> None:
    shared = a_converged_vpc("a").looked_into().observed()
    asked = intent.read(shared, builtin(), INSTALLATION, NOW, refused=[VPC_ID])
    assert (asked.profile, asked.at_once, asked.way.vpc) == (APPMESH, False, False)
    assert [finding.kind for finding in asked.findings] == [Kind.DELETION_REFUSED]


# ---- slips of the pen, and the pause


@pytest.mark.parametrize("key", ["Mode", "MODE", "mod", "moode"])
def test_nothing_is_enforced_where_the_key_of_the_mode_is_misspelt(key: str) -> None:
    asked = intent_of(**{"profile": "appmesh", key: "audit"})
    assert (asked.mode, asked.profile) == (Mode.AUDIT, APPMESH)
    [finding] = asked.findings
    assert (finding.kind, finding.status, finding.reason) == (
        Kind.UNKNOWN_TAG,
        Status.BLOCKED,
        Reason.UNKNOWN_MODE,
    )
    assert finding.wanted == INSTALLATION.mode_key


@pytest.mark.parametrize(("key", "meant"), [("Profile", "profile"), ("profil", "profile"), ("owner", "")])
def test_another_tag_under_our_prefix_is_reported_and_changes_nothing_else(key: str, meant: str) -> None:
    asked = intent_of(**{"profile": "appmesh", key: "ecs"})
    assert (asked.mode, asked.profile) == (Mode.ENFORCE, APPMESH)
    [finding] = asked.findings
    assert (finding.kind, finding.status, finding.reason) == (Kind.UNKNOWN_TAG, Status.IMPAIRED, None)
    nearest = f"vpce-remediator:{meant}" if meant else "profile or vpce-remediator:mode, or no such tag"
    assert finding.wanted.endswith(nearest)


@pytest.mark.parametrize("tags", [{}, {"mode": "enforce"}])
def test_a_paused_installation_writes_nothing_whatever_tags_say(tags: dict[str, str]) -> None:
    seen = a_vpc().tagged(profile="appmesh", **tags).observed()
    asked = intent.read(seen, builtin(), replace(INSTALLATION, paused=True), NOW)
    assert asked == Intent(Mode.AUDIT, APPMESH)
