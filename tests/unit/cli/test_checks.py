"""What `vpce doctor` makes of what it sees, on values: a trail's selectors, and quotas."""

from __future__ import annotations

from typing import Any

import pytest

from vpce.checks.check import Verdict
from vpce.checks.quotas import INTERFACE, Use, judge
from vpce.checks.trail import Logged, logs_changes
from vpce.logbook import seconds_of
from vpce.words import duration


def basic(**selector: Any) -> dict[str, Any]:
    return {"EventSelectors": [selector]}


def advanced(*selectors: dict[str, dict[str, list[str]]]) -> dict[str, Any]:
    return {
        "AdvancedEventSelectors": [
            {"FieldSelectors": [{"Field": field, **tests} for field, tests in each.items()]}
            for each in selectors
        ]
    }


MANAGEMENT = {"eventCategory": {"Equals": ["Management"]}}


@pytest.mark.parametrize(
    ("selectors", "logged"),
    [
        (basic(ReadWriteType="All", IncludeManagementEvents=True), Logged.ALL),
        (basic(ReadWriteType="WriteOnly", IncludeManagementEvents=True), Logged.ALL),
        (basic(ReadWriteType="ReadOnly", IncludeManagementEvents=True), Logged.NONE),
        (basic(ReadWriteType="All", IncludeManagementEvents=False), Logged.NONE),
        (basic(ExcludeManagementEventSources=["kms.amazonaws.com"]), Logged.ALL),
        ({}, Logged.NONE),
        (advanced(MANAGEMENT), Logged.ALL),
        (advanced({"eventCategory": {"Equals": ["Data"]}}), Logged.NONE),
        (advanced({**MANAGEMENT, "readOnly": {"Equals": ["true"]}}), Logged.NONE),
        (advanced({**MANAGEMENT, "readOnly": {"Equals": ["false"]}}), Logged.ALL),
        (advanced({**MANAGEMENT, "eventSource": {"NotEquals": ["kms.amazonaws.com"]}}), Logged.ALL),
        (advanced({**MANAGEMENT, "eventSource": {"NotEquals": ["ec2.amazonaws.com"]}}), Logged.NONE),
        (advanced({**MANAGEMENT, "eventSource": {"NotStartsWith": ["ec2."]}}), Logged.NONE),
        (advanced({**MANAGEMENT, "eventSource": {"StartsWith": ["iam."]}}), Logged.NONE),
        (advanced({**MANAGEMENT, "eventSource": {"EndsWith": [".amazonaws.com"]}}), Logged.ALL),
        (advanced({**MANAGEMENT, "eventName": {"NotEquals": ["DeleteVpc"]}}), Logged.SOME),
        (advanced({**MANAGEMENT, "userIdentity.arn": {"StartsWith": ["arn:"]}}), Logged.SOME),
        (advanced({"eventCategory": {"Equals": ["Data"]}}, MANAGEMENT), Logged.ALL),
    ],
)
def test_a_trails_selectors_say_which_changes_of_ec2_are_logged(
    selectors: dict[str, Any], logged: Logged
) -> None:
    assert logs_changes(selectors) is logged


@pytest.mark.parametrize(
    ("used", "wanted", "verdict"),
    [
        (10, 2, Verdict.OK),
        (38, 2, Verdict.OK),
        (39, 2, Verdict.WARNING),
        (49, 1, Verdict.WARNING),
        (49, 2, Verdict.WRONG),
    ],
)
def test_a_quota_is_wrong_where_what_is_wanted_does_not_fit(used: int, wanted: int, verdict: Verdict) -> None:
    check = judge(Use(INTERFACE, "vpc-1", used, wanted), 50)
    assert check.verdict is verdict
    assert f"{used} of 50 used in vpc-1, {50 - used} left" in check.seen
    assert ("L-29B6F2EB" in check.cure) is (verdict is not Verdict.OK)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3600, "1 h"), (90061, "1 d 1 h"), (86405, "1 d")],
)
def test_a_length_of_time_is_told_by_its_two_largest_units(seconds: int, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30m", 1800), ("24h", 86400), ("7d", 604800), ("0h", None), ("soon", None), ("5", None)],
)
def test_since_takes_minutes_hours_and_days(text: str, seconds: int | None) -> None:
    assert seconds_of(text) == seconds
