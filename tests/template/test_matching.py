"""The matcher against what the documents say of EventBridge's patterns."""

from __future__ import annotations

from typing import Any

import pytest

from tests.template.matching import matches

EVENT = {
    "source": "aws.ec2",
    "detail": {
        "state": "running",
        "count": 1,
        "owner": {},
        "tags": {"items": [{"key": "a:1"}, {"key": "b:2", "value": "x"}]},
        "none": {"items": []},
    },
}


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ({"state": ["running"]}, True),
        ({"state": ["stopped", "running"]}, True),
        ({"state": ["stopped"]}, False),
        ({"count": ["1"]}, False),
        ({"count": [1]}, True),
        ({"state": [{"exists": True}]}, True),
        ({"state": [{"exists": False}]}, False),
        ({"error": [{"exists": False}]}, True),
        ({"error": ["x"]}, False),
        ({"owner": {"arn": [{"exists": False}]}}, True),
        ({"nobody": {"owner": {"arn": [{"exists": False}]}}}, True),
        ({"owner": {"arn": [{"anything-but": ["x"]}]}}, False),
        ({"state": [{"anything-but": ["stopped"]}]}, True),
        ({"state": [{"anything-but": ["running"]}]}, False),
        ({"state": [{"anything-but": {"prefix": "run"}}]}, False),
        ({"state": [{"anything-but": {"prefix": "stop"}}]}, True),
        ({"state": [{"prefix": "run"}]}, True),
        ({"count": [{"prefix": "1"}]}, False),
        ({"tags": {"items": {"key": [{"prefix": "b:"}]}}}, True),
        ({"tags": {"items": {"key": [{"prefix": "c:"}]}}}, False),
        ({"tags": {"items": {"value": [{"exists": False}]}}}, False),
        ({"none": {"items": {"key": [{"exists": False}]}}}, True),
        ({"$or": [{"state": ["stopped"]}, {"count": [1]}]}, True),
        ({"$or": [{"state": ["stopped"]}, {"count": [2]}]}, False),
        ({"state": ["stopped"], "$or": [{"count": [1]}]}, False),
    ],
)
def test_a_pattern_matches_as_eventbridge_would_have_it(detail: Any, expected: bool) -> None:
    assert matches({"source": ["aws.ec2"], "detail": detail}, EVENT) is expected
    assert not matches({"source": ["aws.s3"], "detail": detail}, EVENT)


def test_an_operator_that_it_does_not_know_is_an_error_and_no_guess() -> None:
    with pytest.raises(NotImplementedError, match="wildcard"):
        matches({"source": [{"wildcard": "aws.*"}]}, EVENT)
