from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.domain.policies import FULL_ACCESS, InvalidPolicy, canonical

STATEMENT: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": ["s3:Get*", "s3:List*"],
    "Resource": "*",
}


def form(*statements: Any, **more: Any) -> str:
    return canonical(json.dumps({"Statement": list(statements), **more}, indent=3))


@pytest.mark.parametrize(
    "same",
    [
        {**STATEMENT, "Action": ["s3:List*", "s3:Get*"]},
        {**STATEMENT, "Principal": {"AWS": "*"}},
        {**STATEMENT, "Principal": {"AWS": ["*"]}},
        {**STATEMENT, "Resource": ["*"]},
        dict(reversed(STATEMENT.items())),
    ],
)
def test_what_means_the_same_has_one_form(same: Any) -> None:
    assert form(same) == form(STATEMENT)


@pytest.mark.parametrize(
    "other",
    [
        {**STATEMENT, "Effect": "Deny"},
        {**STATEMENT, "Action": ["s3:Get*"]},
        {**STATEMENT, "Principal": {"AWS": "111122223333"}},
        {**STATEMENT, "Resource": ["*", "arn:aws:s3:::x"]},
    ],
)
def test_what_means_something_else_has_another_form(other: Any) -> None:
    assert form(other) != form(STATEMENT)


def test_the_version_that_is_assumed_is_the_one_that_may_be_left_out() -> None:
    assert form(STATEMENT, Version="2008-10-17") == form(STATEMENT)
    assert form(STATEMENT, Version="2012-10-17") != form(STATEMENT)


def test_a_form_is_its_own_form() -> None:
    assert canonical(form(STATEMENT, Version="2012-10-17")) == form(STATEMENT, Version="2012-10-17")


def test_full_access_is_what_ec2_gives_where_none_is_sent() -> None:
    as_recorded = """{
      "Statement": [
        {
          "Action": "*",
          "Effect": "Allow",
          "Principal": "*",
          "Resource": "*"
        }
      ]
    }"""
    assert canonical(as_recorded) == FULL_ACCESS


@pytest.mark.parametrize(
    "document",
    [
        "",
        "open",
        "[]",
        "{}",
        '{"Statement": []}',
        '{"Statement": [1]}',
        '"Statement"',
        '{"Statement": {"Sid": NaN}}',
    ],
)
def test_a_text_that_is_no_policy_is_refused(document: str) -> None:
    with pytest.raises(InvalidPolicy):
        canonical(document)


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_an_account_and_its_root_are_one_principal_whose_form_is_right_in_every_partition(
    partition: str,
) -> None:
    by_id = '{"Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "*"}}'
    by_arn = by_id.replace("111122223333", f"arn:{partition}:iam::111122223333:root")
    assert canonical(by_id) == canonical(by_arn)
    assert "arn:" not in canonical(by_arn)


def test_a_role_is_not_its_account() -> None:
    role = '{"Statement": {"Principal": {"AWS": "arn:aws:iam::111122223333:role/root"}}}'
    assert "role/root" in canonical(role)


def test_a_conditions_values_are_texts_however_they_are_written() -> None:
    written = '{"Statement": {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": %s}}}}'
    assert canonical(written % "false") == canonical(written % '"false"')
