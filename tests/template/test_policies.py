"""What the template's roles may do: evaluated as IAM would, mark by mark, where conditions decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, combinations
from typing import Any

import pytest

from reconciler.event_bus import SOURCE
from sandbox.ec2 import AssumedRole
from sandbox.iam.ec2_decision import Ec2Permissions
from tests.template.deployed import VALUES, documents_of, resolve, resources

INSTALLATION, ACCOUNT, REGION = VALUES["AWS::StackName"], VALUES["AWS::AccountId"], VALUES["AWS::Region"]
ROLE = AssumedRole(VALUES["ReconcileRole.Arn"])
VPC, ENDPOINT, GROUP = "vpc-00000000000000001", "vpce-00000000000000001", "sg-00000000000000001"
PROFILE = "vpce-remediator:profile"
OWNER, VPC_MARK, NAME = "vpce-remediator:owner", "vpce-remediator:vpc", "Name"
MARKS = {OWNER: INSTALLATION, VPC_MARK: VPC, NAME: f"{INSTALLATION}/logs"}
LEAVING, RELEASED = "vpce-remediator:leaving-at", "vpce-remediator:released-until"
TAKING_AWAY: Mapping[str, Mapping[str, Any]] = {
    "DeleteVpcEndpoints": {"VpcEndpointIds": [ENDPOINT]},
    "DeleteSecurityGroup": {"GroupId": GROUP},
    "RevokeSecurityGroupIngress": {"GroupId": GROUP},
    "RevokeSecurityGroupEgress": {"GroupId": GROUP},
}


def subsets(marks: Mapping[str, str] = MARKS) -> list[dict[str, str]]:
    """Every choice of the marks, none and all among them."""
    sizes = range(len(marks) + 1)
    return [dict(some) for some in chain.from_iterable(combinations(marks.items(), n) for n in sizes)]


def named(marks: Mapping[str, str]) -> str:
    return " + ".join(marks) or "no mark"


def may(action: str, params: Mapping[str, Any], tags: Mapping[str, str]) -> bool:
    """Whether reconcile's role may make the call, where everything that the call names bears these tags."""
    decide = Ec2Permissions(
        {ROLE.role_arn: [each for name, each in statements() if name == "ReconcileRole"]},
        ACCOUNT,
        REGION,
        lambda _: tags,
    )
    return decide(ROLE, action, params) is None


def tagging(keys: Mapping[str, str], resource: str = ENDPOINT) -> dict[str, Any]:
    return {"Resources": [resource], "Tags": [{"Key": key, "Value": value} for key, value in keys.items()]}


def statements(values: Mapping[str, str] = VALUES) -> Iterator[tuple[str, Any]]:
    """Every statement of every policy, by the logical id of what it stands in."""
    roles = resources("AWS::IAM::Role")
    documents = [(name, document) for name in roles for document in documents_of(name, values)]
    documents += [
        (name, resolve(policy["PolicyDocument"], values))
        for name, policy in resources("AWS::IAM::ManagedPolicy").items()
    ]
    for name, document in documents:
        for statement in document["Statement"]:
            yield name, statement


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def actions(values: Mapping[str, str] = VALUES) -> set[tuple[str, str]]:
    """Every action that is allowed, with what allows it."""
    return {(name, action) for name, each in statements(values) for action in listed(each["Action"])}


def is_write(action: str) -> bool:
    return action.startswith(("ec2:", "route53:")) and not action.startswith("ec2:Describe")


# ---- in general


def test_nothing_is_written_on_any_resource_whatever_but_the_association_of_hosted_zones_and_traces() -> None:
    anything = {
        action
        for _, statement in statements()
        if "*" in listed(statement["Resource"])
        for action in listed(statement["Action"])
        if not action.startswith("ec2:Describe")
    }
    tracing = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
    assert anything == {"route53:AssociateVPCWithHostedZone"} | tracing


def test_no_action_is_a_wildcard() -> None:
    assert not any("*" in action for _, action in actions())


def test_only_reconcile_may_write_to_ec2() -> None:
    assert {name for name, action in actions() if is_write(action)} == {"ReconcileRole"}


def test_nothing_is_denied_or_excepted_so_that_what_is_allowed_is_all_that_there_is_to_read() -> None:
    for _, statement in statements():
        assert statement["Effect"] == "Allow"
        assert {"NotAction", "NotResource", "NotPrincipal"}.isdisjoint(statement)


def test_while_paused_no_role_may_write_anything_to_ec2() -> None:
    paused = {**VALUES, "Paused": "true"}
    assert not [each for each in actions(paused) if is_write(each[1])]
    assert [each for each in actions() if is_write(each[1])]


@pytest.mark.parametrize("paused", ["false", "true"])
def test_reconcile_alone_may_put_events_of_its_own_on_the_default_bus(paused: str) -> None:
    found = [
        (name, statement)
        for name, statement in statements({**VALUES, "Paused": paused})
        if "events:PutEvents" in listed(statement["Action"])
    ]
    [(name, statement)] = found
    assert name == "ReconcileRole"
    assert statement["Resource"] == f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    assert statement["Condition"] == {"StringEquals": {"events:source": SOURCE}}


def test_a_policy_that_lists_tag_keys_holds_only_where_there_are_some() -> None:
    """`ForAllValues` is true where the key is absent (facts, section 15)."""
    for _, statement in statements():
        condition = statement.get("Condition", {})
        if "ForAllValues:StringEquals" in condition:
            assert condition["Null"]["aws:TagKeys"] == "false"


def test_the_program_may_make_every_call_that_it_makes() -> None:
    made = """
        AuthorizeSecurityGroupIngress CreateSecurityGroup CreateTags CreateVpcEndpoint DeleteSecurityGroup
        DeleteTags DeleteVpcEndpoints DescribeDhcpOptions DescribeNetworkAcls DescribeNetworkInterfaces
        ModifyVpcAttribute ModifyVpcEndpoint RevokeSecurityGroupEgress RevokeSecurityGroupIngress
        """
    allowed = {action for _, action in actions()}
    assert allowed >= {f"ec2:{each}" for each in made.split()} | {"route53:AssociateVPCWithHostedZone"}


# ---- marks


@pytest.mark.parametrize("action", TAKING_AWAY)
@pytest.mark.parametrize("marks", subsets(), ids=named)
def test_only_what_bears_the_owner_mark_and_the_vpc_mark_may_be_narrowed_or_deleted(
    marks: Mapping[str, str], action: str
) -> None:
    assert may(action, TAKING_AWAY[action], marks) is (OWNER in marks and VPC_MARK in marks)


@pytest.mark.parametrize("action", TAKING_AWAY)
def test_what_bears_the_marks_of_another_installation_may_not_be_narrowed_or_deleted(action: str) -> None:
    assert not may(action, TAKING_AWAY[action], {**MARKS, OWNER: "another"})


def test_one_of_several_that_lacks_a_mark_keeps_all_from_being_deleted() -> None:
    other = "vpce-00000000000000002"
    role = [each for name, each in statements() if name == "ReconcileRole"]
    decide = Ec2Permissions(
        {ROLE.role_arn: role}, ACCOUNT, REGION, lambda each: {} if each == other else MARKS
    )
    assert decide(ROLE, "DeleteVpcEndpoints", {"VpcEndpointIds": [ENDPOINT]}) is None
    assert decide(ROLE, "DeleteVpcEndpoints", {"VpcEndpointIds": [ENDPOINT, other]}) is not None


@pytest.mark.parametrize("resource", [ENDPOINT, GROUP])
@pytest.mark.parametrize("marks", subsets(), ids=named)
def test_no_mark_alone_can_be_turned_into_ownership_and_two_can(
    marks: Mapping[str, str], resource: str
) -> None:
    """By whatever calls the role may make, one after the other."""
    borne = dict(marks)
    for _ in MARKS:
        for put in subsets():
            if put and may("CreateTags", tagging(put, resource), borne):
                borne |= put
    assert borne == (MARKS if len(marks) > 1 else marks)


@pytest.mark.parametrize("marks", subsets(), ids=named)
def test_what_names_another_installation_is_never_made_ours(marks: Mapping[str, str]) -> None:
    borne = {**marks, OWNER: "another"}
    assert not any(may("CreateTags", tagging(put), borne) for put in subsets() if put)


@pytest.mark.parametrize("key", [*MARKS, LEAVING, PROFILE, "team"])
def test_the_role_takes_no_tag_off_but_the_one_that_says_when_something_goes(key: str) -> None:
    params = {"Resources": [ENDPOINT], "Tags": [{"Key": key}]}
    assert may("DeleteTags", params, {**MARKS, LEAVING: "2026"}) is (key == LEAVING)


def test_the_role_never_takes_off_all_tags() -> None:
    assert not may("DeleteTags", {"Resources": [ENDPOINT], "Tags": []}, {**MARKS, LEAVING: "2026"})


@pytest.mark.parametrize("marks", subsets(), ids=named)
def test_only_what_bears_the_owner_mark_is_marked_as_leaving(marks: Mapping[str, str]) -> None:
    assert may("CreateTags", tagging({LEAVING: "2026"}), marks) is (OWNER in marks)


@pytest.mark.parametrize("marks", subsets(), ids=named)
def test_only_what_bears_the_owner_mark_may_be_opened(marks: Mapping[str, str]) -> None:
    assert may("AuthorizeSecurityGroupIngress", {"GroupId": GROUP}, marks) is (OWNER in marks)


@pytest.mark.parametrize("marks", subsets(), ids=named)
def test_nothing_is_made_without_the_owner_mark(marks: Mapping[str, str]) -> None:
    tags = [{"Key": key, "Value": value} for key, value in marks.items()]
    specification = [{"ResourceType": "security-group", "Tags": tags}] if tags else []
    params = {"GroupName": "g", "VpcId": VPC, "TagSpecifications": specification}
    assert may("CreateSecurityGroup", params, {PROFILE: "appmesh"}) is (OWNER in marks)


# ---- VPCs and subnets


@pytest.mark.parametrize("tags", [{}, {"team": "x"}, {PROFILE: "appmesh"}], ids=named)
def test_only_opted_in_vpcs_are_modified_and_built_in(tags: Mapping[str, str]) -> None:
    tag = [{"ResourceType": "security-group", "Tags": [{"Key": OWNER, "Value": INSTALLATION}]}]
    group = {"GroupName": "g", "VpcId": VPC, "TagSpecifications": tag}
    assert may("ModifyVpcAttribute", {"VpcId": VPC}, tags) is (PROFILE in tags)
    assert may("CreateSecurityGroup", group, tags) is (PROFILE in tags)


@pytest.mark.parametrize("resource", [VPC, "subnet-00000000000000001"])
@pytest.mark.parametrize("key", [RELEASED, PROFILE, "vpce-remediator:mode", "Name", OWNER])
def test_a_vpc_or_a_subnet_is_tagged_with_its_release_and_nothing_else(key: str, resource: str) -> None:
    assert may("CreateTags", tagging({key: "x"}, resource), {PROFILE: "appmesh"}) is (key == RELEASED)
    both = tagging({key: "x", RELEASED: "2026"}, resource)
    assert may("CreateTags", both, {PROFILE: "appmesh"}) is (key == RELEASED)


def test_no_mark_is_put_on_anything_of_another_kind() -> None:
    for resource in (VPC, "subnet-00000000000000001", "rtb-00000000000000001", "eni-00000000000000001"):
        assert not any(may("CreateTags", tagging(put, resource), MARKS) for put in subsets() if put)
