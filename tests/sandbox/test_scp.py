"""The service control policy of docs/scp: the marks are the remediator's, all else is everybody's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.ec2 import AssumedRole, AwsService, IamUser, Principal, Root
from sandbox.iam.statements import Need
from tests.account import INSTALLATION, STACK
from tests.sandbox.scp import (
    ADMIN,
    DEPLOYER,
    OWNED,
    OWNED_GROUP,
    POLICY,
    REMEDIATOR,
    ROLES,
    STACK_SETS,
    STRANGERS,
    STRANGERS_GROUP,
    SUBNET,
    VPC,
    make,
    over,
    put,
    take,
)
from tests.template.deployed import template

Call = tuple[str, dict[str, Any]]

TAGGERS: dict[str, Principal] = {
    "a role that may do all": AssumedRole(f"{ROLES}/admin"),
    "an IAM user": IamUser("dana"),
    "the root user": Root(),
    "who deploys": DEPLOYER,
    "a role of our name under a path": AssumedRole(f"{ROLES}/x/{STACK}-ReconcileRole-1A2B3C4D5E6F"),
    "a role whose name ends like ours": AssumedRole(f"{ROLES}/my-{STACK}-ReconcileRole-1A2B3C4D5E6F"),
    "another role of the stack": AssumedRole(f"{ROLES}/{STACK}-SweepRole-1A2B3C4D5E6F"),
    "a user of our name": IamUser(f"{STACK}-ReconcileRole-1A2B3C4D5E6F"),
}

FORGERIES: dict[str, Call] = {
    "the owner mark on a stranger's endpoint": put(STRANGERS, owner=STACK),
    "the owner mark on a stranger's group": put(STRANGERS_GROUP, owner=STACK),
    "the VPC mark": put(STRANGERS, vpc=VPC),
    "a Name of ours": put(STRANGERS, Name=f"{STACK}/logs"),
    "a Name of ours on a group": put(STRANGERS_GROUP, Name=f"{STACK}/endpoints"),
    "a mark beside another tag": put(STRANGERS, team="x", owner=STACK),
    "a mark on one of several": put([SUBNET, STRANGERS], owner=STACK),
    "a time to go": put(OWNED, leaving_at="2026-01-01T00:00:00Z"),
    "a key that we do not have yet": put(OWNED, anything="x"),
    "another owner": put(OWNED, owner="another"),
    "another VPC": put(OWNED_GROUP, vpc="vpc-1"),
    "another Name": put(OWNED, Name="mine"),
    "the owner mark off": take(OWNED, "owner"),
    "the VPC mark off": take(OWNED_GROUP, "vpc"),
    "the Name off": take(OWNED, "Name"),
    "a mark off beside another tag": take(OWNED, "team", "owner"),
    "every tag off": take(OWNED),
    "every tag off a group": take(OWNED_GROUP),
    "every tag off one of several": take([STRANGERS, OWNED]),
    "an endpoint that is born with the owner mark": make("vpc-endpoint", owner=STACK),
    "an endpoint that is born with a Name of ours": make("vpc-endpoint", Name=f"{STACK}/logs"),
    "a group that is born with the VPC mark": make("security-group", vpc=VPC, team="x"),
    "a release of a VPC": put(VPC, released_until="2099-01-01T00:00:00Z"),
    "a release of a subnet": put(SUBNET, released_until="2099-01-01T00:00:00Z"),
    "a VPC that is born released": make("vpc", profile="appmesh", released_until="2099-01-01T00:00:00Z"),
}

EVERYBODYS: dict[str, Call] = {
    "opting in": put(VPC, profile="appmesh"),
    "opting in at creation": make("vpc", profile="appmesh", mode="enforce", Name="orders"),
    "opting in with a mode": put(VPC, profile="ecs", mode="audit", Name="orders"),
    "asking for it all to go": put(VPC, profile="none"),
    "opting out": take(VPC, "profile"),
    "every tag off a VPC": take(VPC),
    "a release off": take(VPC, "released-until"),
    "a subnet that is preferred": put(SUBNET, placement="here"),
    "a Name on a stranger's endpoint": put(STRANGERS, Name="app/sqs"),
    "a Name off a stranger's group": take(STRANGERS_GROUP, "Name"),
    "every tag off a stranger's endpoint": take(STRANGERS),
    "another tag on what is owned": put(OWNED, team="x"),
    "another tag off what is owned": take(OWNED, "team"),
    "an endpoint of one's own": make("vpc-endpoint", Name="app/logs", team="x"),
    "a group of one's own": make("security-group", Name="app"),
    "an endpoint without tags": ("CreateVpcEndpoint", {"VpcId": VPC}),
    "deleting an endpoint": ("DeleteVpcEndpoints", {"VpcEndpointIds": [OWNED]}),
}


@pytest.mark.parametrize("who", TAGGERS)
@pytest.mark.parametrize("what", FORGERIES)
def test_nobody_else_puts_changes_or_takes_off_a_mark(what: str, who: str) -> None:
    assert "explicit deny" in str(over()(TAGGERS[who], *FORGERIES[what]))


@pytest.mark.parametrize("who", TAGGERS)
@pytest.mark.parametrize("what", EVERYBODYS)
def test_everything_else_stays_everybodys(what: str, who: str) -> None:
    assert over()(TAGGERS[who], *EVERYBODYS[what]) is None


@pytest.mark.parametrize("what", [*FORGERIES, *EVERYBODYS])
@pytest.mark.parametrize("who", [REMEDIATOR, ADMIN], ids=["the remediator", "who claims and repairs"])
def test_the_remediator_and_who_claims_and_repairs_are_not_bound(who: Principal, what: str) -> None:
    assert over()(who, *(FORGERIES | EVERYBODYS)[what]) is None


def test_a_service_that_acts_by_itself_is_not_bound() -> None:
    assert over()(AwsService("vpce.amazonaws.com"), *take(OWNED)) is None


# ---- the roles themselves


@pytest.mark.parametrize("role", [REMEDIATOR, ADMIN, DEPLOYER, STACK_SETS], ids=lambda each: each.role_arn)
@pytest.mark.parametrize(
    "action", "CreateRole UpdateAssumeRolePolicy PutRolePolicy AttachRolePolicy PassRole".split()
)
def test_only_who_deploys_makes_one_of_the_roles_or_hands_it_on(action: str, role: AssumedRole) -> None:
    need = Need(f"iam:{action}", role.role_arn, {})
    for deployer in (DEPLOYER, STACK_SETS):
        assert over().denied_by(deployer.role_arn, need) == []
    for other in (f"{ROLES}/admin", REMEDIATOR.role_arn, ADMIN.role_arn):
        assert over().denied_by(other, need) == ["NobodyElseBecomesOneOfTheseRoles"]


def test_other_roles_are_made_and_handed_on_by_everybody() -> None:
    for name in ("app", "app/x", "my-vpce-remediator-admin"):
        for action in ("iam:CreateRole", "iam:PassRole"):
            assert over().denied_by(f"{ROLES}/admin", Need(action, f"{ROLES}/{name}", {})) == []


@pytest.mark.parametrize("action", ["lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"])
def test_only_who_deploys_changes_the_function_that_has_the_role(action: str) -> None:
    function = (
        f"arn:aws:lambda:eu-west-1:{INSTALLATION.account}:function:{STACK}-ReconcileFunction-aBcDeFgHiJkL"
    )
    need = Need(action, function, {})
    assert over().denied_by(DEPLOYER.role_arn, need) == []
    assert over().denied_by(f"{ROLES}/admin", need) == ["NobodyElseChangesItsFunction"]
    others = Need(action, function.replace(STACK, "app"), {})
    assert over().denied_by(f"{ROLES}/admin", others) == []


# ---- the document


def test_organizations_would_take_the_document() -> None:
    """At most 5,120 characters without white space, and nothing that a service control policy cannot have."""
    document = json.loads(POLICY.read_text(encoding="utf-8"))
    assert len(json.dumps(document, separators=(",", ":"))) <= 5120
    assert document["Version"] == "2012-10-17"
    for statement in document["Statement"]:
        assert statement["Effect"] == "Deny"
        assert set(statement) == {"Sid", "Effect", "Action", "Resource", "Condition"}
        assert statement["Sid"].isalnum()
        assert "ArnNotLike" in statement["Condition"], "it would bind the remediator too"


def test_the_document_is_for_the_defaults_of_the_template() -> None:
    text = POLICY.read_text(encoding="utf-8")
    prefix = template()["Parameters"]["TagPrefix"]["Default"]
    keys = {"owner", "released-until", "*"}
    assert {each for each in keys if f"{prefix}:{each}" in text} == keys
    assert text.count(f":role/{STACK}-ReconcileRole-*") == len(json.loads(text)["Statement"]) - 1


def test_the_docs_say_what_each_statement_is_for() -> None:
    docs = (POLICY.parents[1] / "security.md").read_text(encoding="utf-8")
    for statement in json.loads(POLICY.read_text(encoding="utf-8"))["Statement"]:
        assert f"`{statement['Sid']}`" in docs
