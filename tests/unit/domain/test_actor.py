"""Who made a call, from the shapes of `userIdentity` that CloudTrail's user guide shows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.actor import actor

ACCOUNT = "111122223333"
TERRAFORM = "APN/1.0 HashiCorp/1.0 Terraform/1.9.0 terraform-provider-aws/6.0.0 aws-sdk-go-v2/1.30.0"


def a_role(role: str, session: str, **context: str) -> dict[str, Any]:
    """The identity of somebody who took a role."""
    return {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}",
        "accountId": ACCOUNT,
        "sessionContext": {"sessionIssuer": {"type": "Role", "userName": role}, **context},
    }


def of(identity: dict[str, Any], **detail: Any) -> str:
    return actor({"userIdentity": identity, **detail}, ACCOUNT)


SSO = a_role("AWSReservedSSO_AdministratorAccess_0123456789abcdef", "rob@example.com")
PIPELINE = a_role("deploy", "GitHubActions")


def test_a_person_through_identity_center_is_named_with_the_permission_set() -> None:
    assert of(SSO) == "rob@example.com (AdministratorAccess)"
    assert of(SSO, userAgent=TERRAFORM) == "rob@example.com (AdministratorAccess) via terraform"


def test_a_role_is_named_with_its_session_where_somebody_chose_that() -> None:
    assert of(PIPELINE) == "GitHubActions (deploy)"


@pytest.mark.parametrize(
    "session",
    [
        "i-0123456789abcdef0",
        "AWSCloudFormation",
        "botocore-session-1795420800",
        "aws-sdk-js-session",
        "1795420800123456789",
        "0123456789abcdef0123456789abcdef",
    ],
)
def test_a_session_name_that_a_machine_made_up_says_nothing(session: str) -> None:
    assert of(a_role("deploy", session)) == "deploy"


def test_the_source_identity_outweighs_the_session() -> None:
    assert of(a_role("deploy", "session", sourceIdentity="rob")) == "rob (deploy)"


def test_a_user_of_iam_is_named() -> None:
    identity = {"type": "IAMUser", "userName": "ada", "accountId": ACCOUNT}
    assert of(identity, userAgent="aws-cli/2.17.0") == "ada"


@pytest.mark.parametrize(
    ("identity", "said"),
    [
        ({"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT}, "Root"),
        (
            {"type": "AWSService", "invokedBy": "ecs.amazonaws.com"},
            "ecs.amazonaws.com via ecs",
        ),
        ({}, "someone unknown"),
    ],
)
def test_who_has_no_name_is_described(identity: dict[str, Any], said: str) -> None:
    assert of(identity) == said


# ---- by what means


@pytest.mark.parametrize(
    ("detail", "via"),
    [
        ({"userAgent": TERRAFORM}, " via terraform"),
        ({"userAgent": "cloudformation.amazonaws.com"}, " via cloudformation"),
        ({"userAgent": "console.ec2.amazonaws.com"}, " via console"),
        ({"userAgent": "AWS Internal"}, " via console"),
        ({"userAgent": "Mozilla/5.0", "sessionCredentialFromConsole": "true"}, " via console"),
        ({"userAgent": "aws-cli/2.17.0"}, ""),
        ({}, ""),
    ],
)
def test_the_means_are_said_where_the_caller_says_them(detail: dict[str, str], via: str) -> None:
    assert of(PIPELINE, **detail) == f"GitHubActions (deploy){via}"


def test_a_service_that_calls_for_someone_is_the_means() -> None:
    assert of({**PIPELINE, "invokedBy": "cloudformation.amazonaws.com"}).endswith(" via cloudformation")
    assert of({**PIPELINE, "invokedBy": "autoscaling.amazonaws.com"}).endswith(" via autoscaling")


def test_another_account_is_named() -> None:
    assert of({**PIPELINE, "accountId": "999988887777"}) == "GitHubActions (deploy) of account 999988887777"


# ---- texts that people choose


def test_no_line_breaks_come_in_from_names() -> None:
    assert of(a_role("deploy", "rob\n2026-11-23 ERROR fake\x1b[0m")) == "rob2026-11-23 ERROR fake[0m (deploy)"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(), parts, max_size=3),
    max_leaves=8,
)
KEYS = (
    "userIdentity",
    "userAgent",
    "sessionContext",
    "sessionIssuer",
    "userName",
    "arn",
    "type",
    "invokedBy",
)


@given(st.recursive(JSON, lambda parts: st.dictionaries(st.sampled_from(KEYS), parts), max_leaves=12))
def test_whatever_the_record_holds_is_one_short_printable_line(detail: Any) -> None:
    said = actor(detail if isinstance(detail, dict) else {"userIdentity": detail}, ACCOUNT)
    assert 0 < len(said) <= 200
    assert said.isprintable()
