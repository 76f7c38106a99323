"""Every finding says in one sentence what a person does about it."""

from __future__ import annotations

from itertools import product

import pytest

from reconciler.domain.counts import Concluded
from reconciler.domain.cures import NOTHING_TO_DO, cure
from reconciler.domain.findings import Finding, Kind, Reason, Status

EVERY = [cure(*each) for each in product(Kind, Status, (None, *Reason))]


def test_every_finding_has_a_cure_that_fits_on_a_line() -> None:
    for each in EVERY:
        assert each
        assert each == each.strip()
        assert len(each) <= 100, each
        assert not each.endswith("."), each


def test_a_cure_can_stand_in_a_string_of_json_as_it_is() -> None:
    """EventBridge's input transformers do not escape what they put between quotation marks."""
    assert [each for each in EVERY if set(each) & set('"\\\n')] == []


@pytest.mark.parametrize("status", [Status.REMEDIABLE, Status.WAITING])
def test_what_aws_or_the_remediator_is_at_work_on_needs_nobody(status: Status) -> None:
    for kind, reason in product(Kind, (None, *Reason)):
        assert cure(kind, status, reason) == NOTHING_TO_DO


@pytest.mark.parametrize("reason", Reason)
def test_what_is_blocked_has_the_cure_of_its_reason_whatever_its_kind(reason: Reason) -> None:
    (only,) = {cure(kind, Status.BLOCKED, reason) for kind in Kind}
    assert only != NOTHING_TO_DO


def test_what_is_blocked_for_no_reason_that_is_known_has_the_cure_of_its_kind() -> None:
    assert cure(Kind.UNKNOWN_MODE, Status.BLOCKED) == cure(Kind.UNKNOWN_MODE, Status.IMPAIRED)


def test_the_one_who_undoes_a_remediation_is_to_stop() -> None:
    assert cure(Kind.GROUP_RULE_EXTRA, Status.CONTESTED).startswith("have the one who undoes it stop")


def test_of_two_installations_one_is_to_let_go() -> None:
    assert "two installations" in cure(Kind.OTHER_INSTALLATION, Status.CONTESTED)


def test_what_audit_mode_only_reports_is_remediated_in_enforce_mode() -> None:
    for kind in Kind:
        assert "mode = enforce" in cure(kind, Status.REPORTED)


@pytest.mark.parametrize("kind", [Kind.CUSTOM_DNS, Kind.NETWORK_ACL, Kind.PUBLIC_SUBNETS_CUT_OFF])
def test_what_nobody_but_a_person_can_mend_is_not_nothing_to_do(kind: Kind) -> None:
    assert cure(kind, Status.IMPAIRED) != NOTHING_TO_DO


def test_what_is_leaving_says_how_to_keep_it_and_how_to_have_it_go() -> None:
    found = cure(Kind.LEAVING, Status.LEAVING)
    assert "to keep it" in found
    assert "profile = none" in found


def test_a_concluded_finding_has_its_cure() -> None:
    finding = Finding(Kind.ENDPOINT_MISSING, "logs", "none", "one")
    blocked = Concluded(finding, Status.BLOCKED, Reason.ENDPOINT_QUOTA)
    assert "L-29B6F2EB" in blocked.cure
    assert Concluded(finding, Status.REMEDIATED).cure == NOTHING_TO_DO
