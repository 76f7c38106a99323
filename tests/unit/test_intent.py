from __future__ import annotations

import pytest

from reconciler import intent
from reconciler.intent import Intent
from reconciler.model import Kind, Mode, Reason, Status
from reconciler.profiles import builtin
from tests.builders import APPMESH, OWNERSHIP, a_vpc


def intent_of(default: Mode = Mode.ENFORCE, /, **tags: str) -> Intent:
    return intent.read(a_vpc().tagged(**tags).observed().vpc, builtin(), default, OWNERSHIP)


@pytest.mark.parametrize("tags", [{}, {"mode": "enforce"}, {"owner": "our-stack"}])
def test_a_vpc_without_the_profile_tag_has_not_opted_in(tags: dict[str, str]) -> None:
    asked = intent_of(Mode.ENFORCE, **tags)
    assert not asked.opted_in
    assert asked.profile is None
    assert asked.findings == ()


def test_the_profile_tag_opts_in_to_the_profile_that_it_names() -> None:
    assert intent_of(profile="appmesh") == Intent(opted_in=True, profile=APPMESH, mode=Mode.ENFORCE)


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
    assert asked.opted_in
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


def test_an_unknown_profile_and_an_unknown_mode_are_both_told() -> None:
    kinds = [finding.kind for finding in intent_of(profile="x", mode="y").findings]
    assert kinds == [Kind.UNKNOWN_PROFILE, Kind.UNKNOWN_MODE]
