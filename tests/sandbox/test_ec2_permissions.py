"""The sandbox's IAM for EC2: what a call needs, and whether a policy gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.ec2 import AssumedRole, Ec2, IamUser
from sandbox.iam.ec2_decision import Ec2Permissions
from sandbox.iam.statements import PolicyError

_ROLE = AssumedRole("arn:aws:iam::111122223333:role/program", "session")
_OWN, _THEIRS = "sg-00000000000000001", "sg-00000000000000002"
_VPC, _SUBNET = "vpc-00000000000000001", "subnet-00000000000000001"
_TAGS: Mapping[str, Mapping[str, str]] = {_OWN: {"owner": "us", "Name": "us/group"}, _THEIRS: {}}
_REVOKE = "RevokeSecurityGroupIngress"


def allow(*actions: str, resource: str | list[str] = "*", **condition: Any) -> dict[str, Any]:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, "Condition": condition}


def permissions(*statements: Mapping[str, Any]) -> Ec2Permissions:
    """What decides for the role, with these statements in its policies."""
    return Ec2Permissions(
        {_ROLE.role_arn: statements}, "111122223333", "eu-west-1", lambda each: _TAGS.get(each, {})
    )


def refusal(action: str, params: Mapping[str, Any], *statements: Mapping[str, Any]) -> str | None:
    """What the role is reported."""
    return permissions(*statements)(_ROLE, action, params)


def test_what_no_statement_allows_is_refused_in_a_sentence() -> None:
    assert refusal(_REVOKE, {"GroupId": _OWN}) == (
        "arn:aws:iam::111122223333:role/program is not authorized to perform ec2:RevokeSecurityGroupIngress"
        f" on arn:aws:ec2:eu-west-1:111122223333:security-group/{_OWN}"
    )


def test_users_and_roles_of_others_are_not_restricted() -> None:
    decide = permissions()
    assert decide(IamUser("dana"), _REVOKE, {"GroupId": _OWN}) is None
    assert (
        decide(AssumedRole("arn:aws:iam::111122223333:role/other", "s"), _REVOKE, {"GroupId": _OWN}) is None
    )


def test_a_read_needs_its_action_alone() -> None:
    assert refusal("DescribeVpcs", {"VpcIds": [_VPC]}, allow("ec2:Describe*")) is None
    assert refusal("DescribeVpcs", {"VpcIds": [_VPC]}, allow("ec2:DescribeSubnets")) is not None


def test_actions_are_compared_without_regard_to_case() -> None:
    assert refusal("DescribeVpcs", {}, allow("EC2:describevpcs")) is None


def test_a_resource_must_be_of_the_statements() -> None:
    groups = allow("ec2:*", resource="arn:aws:ec2:*:*:security-group/*")
    assert refusal(_REVOKE, {"GroupId": _OWN}, groups) is None
    assert refusal("DeleteVpc", {"VpcId": _VPC}, groups) is not None


def test_a_tag_of_the_resource_decides() -> None:
    owned = allow("ec2:*", StringEquals={"aws:ResourceTag/owner": "us"})
    assert refusal(_REVOKE, {"GroupId": _OWN}, owned) is None
    assert refusal(_REVOKE, {"GroupId": _THEIRS}, owned) is not None


def test_every_resource_of_a_call_must_be_allowed() -> None:
    owned = allow("ec2:DeleteVpcEndpoints", StringEquals={"aws:ResourceTag/owner": "us"})
    ids = ["vpce-00000000000000001", "vpce-00000000000000002"]
    decide = Ec2Permissions(
        {_ROLE.role_arn: [owned]}, "1", "eu-west-1", lambda each: {"owner": "us"} if each == ids[0] else {}
    )
    assert decide(_ROLE, "DeleteVpcEndpoints", {"VpcEndpointIds": ids[:1]}) is None
    assert decide(_ROLE, "DeleteVpcEndpoints", {"VpcEndpointIds": ids}) is not None


def test_a_denial_stands_above_what_is_allowed() -> None:
    denial = {"Effect": "Deny", "Action": "ec2:Revoke*", "Resource": "*"}
    assert refusal(_REVOKE, {"GroupId": _OWN}, allow("ec2:*"), denial) is not None
    assert refusal("DeleteVpc", {"VpcId": _VPC}, allow("ec2:*"), denial) is None


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"StringEquals": {"aws:ResourceTag/owner": ["them", "us"]}}, True),
        ({"StringEquals": {"AWS:resourcetag/OWNER": "us"}}, True),
        ({"StringEquals": {"aws:ResourceTag/owner": "US"}}, False),
        ({"StringEquals": {"aws:ResourceTag/team": "us"}}, False),
        ({"StringLike": {"aws:ResourceTag/Name": "us/*"}}, True),
        ({"StringLike": {"aws:ResourceTag/Name": "them/*"}}, False),
        ({"StringLike": {"aws:ResourceTag/team": "*"}}, False),
        ({"StringNotEquals": {"aws:ResourceTag/owner": "us"}}, False),
        ({"StringNotEquals": {"aws:ResourceTag/team": "us"}}, True),
        ({"Null": {"aws:ResourceTag/owner": "true"}}, False),
        ({"Null": {"aws:ResourceTag/owner": "false"}}, True),
        ({"Null": {"aws:ResourceTag/team": "true"}}, True),
        ({"Null": {"aws:ResourceTag/owner": "false"}, "StringEquals": {"aws:ResourceTag/owner": "x"}}, False),
    ],
)
def test_conditions_are_read_as_iam_reads_them(condition: dict[str, Any], holds: bool) -> None:
    assert (refusal(_REVOKE, {"GroupId": _OWN}, allow("ec2:*", **condition)) is None) is holds


def test_only_the_tag_keys_that_are_named_may_be_brought() -> None:
    keys = allow("ec2:CreateTags")
    keys["Condition"] = {"ForAllValues:StringEquals": {"aws:TagKeys": ["Name", "owner"]}}
    one, two = {"Key": "Name", "Value": "x"}, {"Key": "profile", "Value": "y"}
    assert refusal("CreateTags", {"Resources": [_OWN], "Tags": [one]}, keys) is None
    assert refusal("CreateTags", {"Resources": [_OWN], "Tags": [one, two]}, keys) is not None


@pytest.mark.parametrize(
    ("operator", "wanted", "holds"),
    [
        ("ForAnyValue:StringLike", ["p:*"], True),
        ("ForAnyValue:StringLike", ["P:*"], False),
        ("ForAnyValue:StringEquals", ["Name"], True),
        ("ForAnyValue:StringEquals", ["name", "p:*"], False),
        ("ForAllValues:StringEquals", ["Name"], False),
    ],
)
def test_one_of_several_tag_keys_is_enough_where_any_value_counts(
    operator: str, wanted: list[str], holds: bool
) -> None:
    tags = [{"Key": key, "Value": "x"} for key in ("Name", "p:owner")]
    statement = allow("ec2:CreateTags")
    statement["Condition"] = {operator: {"aws:TagKeys": wanted}}
    assert (refusal("CreateTags", {"Resources": [_OWN], "Tags": tags}, statement) is None) is holds


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["Name"]}}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["Name"]}}, False),
        ({"ForAnyValue:StringLike": {"aws:TagKeys": ["*"]}}, False),
        ({"Null": {"aws:TagKeys": "true"}}, True),
        ({"Null": {"aws:TagKeys": "false"}}, False),
    ],
)
def test_a_call_that_names_no_tags_has_no_tag_keys(condition: dict[str, Any], holds: bool) -> None:
    params = {"Resources": [_OWN], "Tags": []}
    assert (refusal("DeleteTags", params, allow("ec2:DeleteTags", **condition)) is None) is holds


def test_a_policy_element_that_is_not_known_is_reported_and_not_passed_over() -> None:
    with pytest.raises(PolicyError, match="NotAction"):
        refusal(_REVOKE, {"GroupId": _OWN}, {**allow("ec2:*"), "NotAction": "ec2:*"})


def test_an_operator_that_is_not_known_is_reported_and_not_passed_over() -> None:
    with pytest.raises(PolicyError, match="DateGreaterThan"):
        refusal(_REVOKE, {"GroupId": _OWN}, allow("ec2:*", DateGreaterThan={"aws:CurrentTime": "2026"}))


def _creation(tagged: bool) -> dict[str, Any]:
    tags = [{"ResourceType": "security-group", "Tags": [{"Key": "owner", "Value": "us"}]}]
    return {"GroupName": "g", "VpcId": _VPC, **({"TagSpecifications": tags} if tagged else {})}


def test_to_make_a_tagged_thing_is_to_make_it_in_its_vpc_and_to_tag_it() -> None:
    needs = permissions().needs("CreateSecurityGroup", _creation(tagged=True))
    prefix = "arn:aws:ec2:eu-west-1:111122223333"
    assert [(need.action, need.resource) for need in needs] == [
        ("ec2:CreateSecurityGroup", f"{prefix}:security-group/*"),
        ("ec2:CreateTags", f"{prefix}:security-group/*"),
        ("ec2:CreateSecurityGroup", f"{prefix}:vpc/{_VPC}"),
    ]


def test_what_is_made_can_be_held_to_its_tags_and_the_tags_to_the_making() -> None:
    made = allow(
        "ec2:CreateSecurityGroup",
        resource="arn:aws:ec2:*:*:security-group/*",
        StringEquals={"aws:RequestTag/owner": "us"},
    )
    in_any_vpc = allow("ec2:CreateSecurityGroup", resource="arn:aws:ec2:*:*:vpc/*")
    tag = allow("ec2:CreateTags", StringEquals={"ec2:CreateAction": "CreateSecurityGroup"})
    assert refusal("CreateSecurityGroup", _creation(tagged=True), made, in_any_vpc, tag) is None
    assert refusal("CreateSecurityGroup", _creation(tagged=False), made, in_any_vpc, tag) is not None
    assert refusal("CreateSecurityGroup", _creation(tagged=True), made, in_any_vpc) is not None
    assert refusal("CreateTags", {"Resources": [_OWN], "Tags": []}, tag) is not None


def test_private_dns_needs_a_permission_of_route_53() -> None:
    params = {"VpcEndpointId": "vpce-00000000000000001", "PrivateDnsEnabled": True}
    assert "route53:AssociateVPCWithHostedZone" in str(refusal("ModifyVpcEndpoint", params, allow("ec2:*")))
    assert refusal("ModifyVpcEndpoint", params, allow("ec2:*", "route53:*")) is None
    off = {**params, "PrivateDnsEnabled": False}
    assert refusal("ModifyVpcEndpoint", off, allow("ec2:*")) is None


def test_ec2_refuses_by_it() -> None:
    ec2 = Ec2()
    vpc = ec2.client().create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.authorise = Ec2Permissions(
        {_ROLE.role_arn: [allow("ec2:Describe*")]}, ec2.account, ec2.region, ec2.tags_of
    )
    client = ec2.client(_ROLE)
    assert client.describe_vpcs(VpcIds=[vpc])["Vpcs"]
    with pytest.raises(client.exceptions.ClientError, match="UnauthorizedOperation"):
        client.delete_vpc(VpcId=vpc)
    ec2.client().delete_vpc(VpcId=vpc)
