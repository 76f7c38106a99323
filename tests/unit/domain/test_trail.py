from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain import trail
from reconciler.domain.trail import Ignored, MalformedEvent, ResourceType, Touched

PREFIX = "vpce-remediator"
VPC, SUBNET, GROUP, ENDPOINT, TABLE = (
    f"{kind}-0{digit * 16}"
    for kind, digit in (("vpc", "a"), ("subnet", "b"), ("sg", "c"), ("vpce", "d"), ("rtb", "e"))
)


def an_api_call(name: str, request: Any, response: Any = None, **detail: Any) -> dict[str, Any]:
    """An event as EventBridge delivers it."""
    return {
        "version": "0",
        "id": "5d1c1d8a-1d36-4c0f-8d55-1f2f7c1d9b0e",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.ec2",
        "account": "111122223333",
        "time": "2026-11-23T08:00:01Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": {
            "eventName": name,
            "eventTime": "2026-11-23T08:00:00Z",
            "awsRegion": "eu-west-1",
            "recipientAccountId": "111122223333",
            "requestParameters": request,
            "responseElements": response,
            **detail,
        },
    }


def a_tag_change(*arns: str) -> dict[str, Any]:
    return {
        "id": "5d1c1d8a-1d36-4c0f-8d55-1f2f7c1d9b0f",
        "detail-type": "Tag Change on Resource",
        "source": "aws.tag",
        "account": "111122223333",
        "time": "2026-11-23T08:00:00Z",
        "region": "eu-west-1",
        "resources": list(arns),
        "detail": {
            "changed-tag-keys": ["Name"],
            "service": "ec2",
            "resource-type": "vpc-endpoint",
            "version": 4.0,
            "tags": {f"{PREFIX}:owner": "our-stack"},
        },
    }


def read(event: Mapping[str, Any]) -> Touched:
    touched = trail.read(event, PREFIX)
    assert isinstance(touched, Touched)
    return touched


def ids_of(name: str, request: Any, response: Any = None) -> dict[str, set[str]]:
    return {kind.value: set(ids) for kind, ids in read(an_api_call(name, request, response)).ids.items()}


# ---- who, when, where


def test_it_says_which_call_when_in_whose_account_and_region() -> None:
    touched = read(an_api_call("DeleteVpc", {"vpcId": VPC}))
    assert touched.event_name == "DeleteVpc"
    assert touched.event_id == "5d1c1d8a-1d36-4c0f-8d55-1f2f7c1d9b0e"
    assert touched.time == datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)
    assert (touched.account, touched.region) == ("111122223333", "eu-west-1")


def test_the_account_is_the_envelopes_where_the_record_has_none() -> None:
    """Old records lack it."""
    event = an_api_call("DeleteVpc", {"vpcId": VPC}, recipientAccountId=None)
    assert read(event).account == "111122223333"


def test_a_record_that_came_from_another_account_is_that_accounts() -> None:
    assert read(an_api_call("DeleteVpc", {"vpcId": VPC}, recipientAccountId="999999999999")).account == (
        "999999999999"
    )


# ---- the two dialects, and their shapes


@pytest.mark.parametrize(
    ("name", "request_parameters", "response_elements", "ids"),
    [
        ("ModifyVpcAttribute", {"vpcId": VPC, "enableDnsSupport": {"value": True}}, {"_return": True}, [VPC]),
        (
            "CreateVpc",
            {"cidrBlock": "10.0.0.0/16", "instanceTenancy": "default"},
            {"vpc": {"vpcId": VPC, "tagSet": {}, "ipv6CidrBlockAssociationSet": {}}},
            [VPC],
        ),
        ("DeleteSubnet", {"subnetId": SUBNET}, {"_return": True}, [SUBNET]),
        (
            "CreateRoute",
            {"routeTableId": TABLE, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"},
            {"_return": True},
            [TABLE],
        ),
        ("AssociateRouteTable", {"routeTableId": TABLE, "subnetId": SUBNET}, None, [TABLE, SUBNET]),
        ("DisassociateRouteTable", {"associationId": "rtbassoc-0a"}, {"_return": True}, ["rtbassoc-0a"]),
        ("CreateSecurityGroup", {"groupName": "web", "vpcId": VPC}, {"groupId": GROUP}, [VPC, GROUP]),
        ("DeleteSecurityGroup", {"groupName": "web"}, {"_return": True}, []),
        (
            "RevokeSecurityGroupIngress",
            {"groupId": GROUP, "ipPermissions": {"items": [{"groups": {}, "ipRanges": {}}]}},
            None,
            [GROUP],
        ),
        (
            "RevokeSecurityGroupIngress",
            {"groupId": GROUP, "ipPermissions": {}, "ipProtocol": "tcp", "cidrIp": "0.0.0.0/0"},
            None,
            [GROUP],
        ),
        (
            "ModifySecurityGroupRules",
            {
                "ModifySecurityGroupRulesRequest": {
                    "GroupId": GROUP,
                    "SecurityGroupRule": {"tag": 1, "SecurityGroupRuleId": "sgr-0a"},
                }
            },
            {"ModifySecurityGroupRulesResponse": {"return": True}},
            [GROUP],
        ),
        (
            "DisassociateVpcCidrBlock",
            {"DisassociateVpcCidrBlockRequest": {"AssociationId": "vpc-cidr-assoc-0a"}},
            {"DisassociateVpcCidrBlockResponse": {"vpcId": VPC, "cidrBlockAssociation": ""}},
            [VPC],
        ),
    ],
)
def test_the_ids_are_found_wherever_the_call_has_them(
    name: str, request_parameters: Any, response_elements: Any, ids: list[str]
) -> None:
    found = ids_of(name, request_parameters, response_elements)
    assert set().union(*found.values()) == set(ids)
    assert all(id.startswith(f"{kind}-") for kind, each in found.items() for id in each)


def old_list(key: str, ids: list[str]) -> Any:
    return {"items": [{key: id} for id in ids]} if ids else {}


def new_list(ids: list[str]) -> Any:
    elements = [{"tag": number, "content": id} for number, id in enumerate(ids, 1)]
    return elements[0] if len(elements) == 1 else elements or ""


def item_list(ids: list[str]) -> Any:
    return {"item": ids[0] if len(ids) == 1 else ids} if ids else ""


IDS = st.lists(
    st.builds("{}-{}".format, st.sampled_from(ResourceType), st.from_regex("[0-9a-f]{8,17}", fullmatch=True)),
    max_size=5,
)


@given(IDS)
def test_no_one_and_many_are_reported_alike_in_every_shape_of_either_dialect(ids: list[str]) -> None:
    reported = {id: ResourceType(id.rpartition("-")[0]) for id in ids}
    for request, response in (
        ({"resourcesSet": old_list("resourceId", ids), "tagSet": {}}, {"_return": True}),
        ({"CreateVpcEndpointRequest": {"SubnetId": new_list(ids)}}, None),
        ({"CreateVpcEndpointRequest": ""}, {"CreateVpcEndpointResponse": {"subnetIdSet": item_list(ids)}}),
        ({"CreateVpcEndpointRequest": {"ownerId": 111122223333, "Value": True}}, old_list("groupId", ids)),
    ):
        found = read(an_api_call("CreateVpcEndpoint", request, response)).ids
        assert {id: kind for kind, each in found.items() for id in each} == reported


@pytest.mark.parametrize(
    "key", ["groupName", "groupDescription", "Description", "tagSet", "TagSpecification"]
)
def test_peoples_own_words_are_no_ids(key: str) -> None:
    assert ids_of("CreateSecurityGroup", {key: VPC, "more": {key: [{"key": "x", "value": VPC}]}}) == {}


@pytest.mark.parametrize(
    "other",
    [
        "igw-0a",
        "rtbassoc-0a",
        "sgr-0a",
        "vpc-cidr-assoc-0a",
        "subnet-cidr-assoc-0a",
        "vpce-svc-0a",
        "*.vpce-0a-1b.logs.eu-west-1.vpce.amazonaws.com",
        "arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-0a",
        "for vpc-0a",
        "VPC-0A",
        "vpc-",
    ],
)
def test_what_only_looks_like_an_id_is_none(other: str) -> None:
    assert ids_of("CreateVpcEndpoint", {"text": other}) == {}


# ---- what it says of the opt-in


def test_an_event_that_names_our_tags_says_so() -> None:
    request = {
        "resourcesSet": {"items": [{"resourceId": VPC}]},
        "tagSet": {"items": [{"key": f"{PREFIX}:mode"}]},
    }
    assert read(an_api_call("CreateTags", request)).names_our_tags


@pytest.mark.parametrize(
    "key", ["Name", "vpce-remediator", "vpce-remediator2:mode", "my-vpce-remediator:mode"]
)
def test_an_event_that_names_only_others_tags_does_not(key: str) -> None:
    request = {"resourcesSet": {"items": [{"resourceId": VPC}]}, "tagSet": {"items": [{"key": key}]}}
    assert not read(an_api_call("CreateTags", request)).names_our_tags


# ---- tag changes


def test_a_tag_change_is_of_the_resources_that_its_arns_name() -> None:
    arns = [f"arn:aws:ec2:eu-west-1:111122223333:vpc-endpoint/{ENDPOINT}", f"arn:x:security-group/{GROUP}"]
    touched = read(a_tag_change(*arns))
    assert touched.ids == {ResourceType.ENDPOINT: {ENDPOINT}, ResourceType.GROUP: {GROUP}}
    assert touched.event_name == "Tag Change on Resource"
    assert touched.names_our_tags
    assert (touched.account, touched.region) == ("111122223333", "eu-west-1")
    assert touched.time == datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)


# ---- ignored, malformed


def test_a_call_that_is_not_watched_is_ignored_by_name() -> None:
    ignored = trail.read(an_api_call("RunInstances", None), PREFIX)
    assert isinstance(ignored, Ignored)
    assert "RunInstances" in ignored.because


def test_a_call_that_failed_is_ignored_with_its_error() -> None:
    event = an_api_call("DeleteVpc", {"vpcId": VPC}, errorCode="Client.UnauthorizedOperation")
    ignored = trail.read(event, PREFIX)
    assert isinstance(ignored, Ignored)
    assert "Client.UnauthorizedOperation" in ignored.because
    event = an_api_call("DeleteRouteTable", {"routeTableId": TABLE}, errorCode="Client.DependencyViolation")
    assert isinstance(trail.read(event, PREFIX), Ignored)


@pytest.mark.parametrize("code", ["Client.DependencyViolation", "DependencyViolation"])
@pytest.mark.parametrize(
    ("call", "request_", "kind", "id"),
    [
        ("DeleteSubnet", {"subnetId": SUBNET}, ResourceType.SUBNET, SUBNET),
        ("DeleteSecurityGroup", {"groupId": GROUP}, ResourceType.GROUP, GROUP),
        ("DeleteVpc", {"vpcId": VPC}, ResourceType.VPC, VPC),
    ],
)
def test_a_deletion_that_was_refused_for_what_stands_in_the_way_is_read(
    call: str, request_: dict[str, str], kind: ResourceType, id: str, code: str
) -> None:
    touched = read(an_api_call(call, request_, errorCode=code))
    assert touched.deletion_refused
    assert touched.ids == {kind: {id}}
    assert not read(an_api_call(call, request_)).deletion_refused


def test_a_call_without_parameters_is_read_by_its_answer() -> None:
    assert ids_of("CreateDefaultVpc", None, {"vpc": {"vpcId": VPC}}) == {"vpc": {VPC}}


@pytest.mark.parametrize("part", ["detail", "detail-type", "id"])
@pytest.mark.parametrize("wrong", [None, 7])
def test_an_envelope_without_a_part_is_malformed_and_the_part_named(part: str, wrong: Any) -> None:
    with pytest.raises(MalformedEvent, match=part):
        trail.read({**an_api_call("DeleteVpc", {"vpcId": VPC}), part: wrong}, PREFIX)


@pytest.mark.parametrize("part", ["eventName", "eventTime", "awsRegion"])
@pytest.mark.parametrize("wrong", [None, 7, []])
def test_a_record_without_a_part_is_malformed_and_the_part_named(part: str, wrong: Any) -> None:
    with pytest.raises(MalformedEvent, match=part):
        trail.read(an_api_call("DeleteVpc", {"vpcId": VPC}) | {"detail": _record(**{part: wrong})}, PREFIX)


@pytest.mark.parametrize("wrong", [None, 7, [], "vpc-0a"])
def test_a_record_of_neither_request_nor_answer_is_malformed(wrong: Any) -> None:
    with pytest.raises(MalformedEvent, match="requestParameters"):
        trail.read(an_api_call("DeleteVpc", wrong, None), PREFIX)


def _record(**parts: Any) -> Any:
    return {**an_api_call("DeleteVpc", {"vpcId": VPC})["detail"], **parts}


@pytest.mark.parametrize("part", ["id", "resources", "time", "account", "region"])
def test_a_tag_change_without_a_part_is_malformed_and_the_part_named(part: str) -> None:
    with pytest.raises(MalformedEvent, match=part):
        trail.read({**a_tag_change(), part: None}, PREFIX)


@pytest.mark.parametrize("time", ["yesterday", "", "2026-13-01T00:00:00Z"])
def test_a_time_that_is_none_is_malformed(time: str) -> None:
    with pytest.raises(MalformedEvent, match="no ISO 8601 time"):
        trail.read(an_api_call("DeleteVpc", {"vpcId": VPC}, eventTime=time), PREFIX)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
SOMEHOW_AN_EVENT = st.fixed_dictionaries(
    {},
    optional={
        "id": st.just("event-1") | JSON,
        "detail-type": st.sampled_from(["Tag Change on Resource", "AWS API Call via CloudTrail"]) | JSON,
        "detail": st.fixed_dictionaries(
            {},
            optional={
                "eventName": st.sampled_from(["CreateTags", "DeleteVpc"]) | JSON,
                "eventTime": st.just("2026-11-23T08:00:00Z") | JSON,
                "awsRegion": st.just("eu-west-1") | JSON,
                "requestParameters": st.dictionaries(st.text(), JSON, max_size=3) | JSON,
                "responseElements": JSON,
                "errorCode": st.none() | st.just("Client.DependencyViolation") | JSON,
                "recipientAccountId": JSON,
                "changed-tag-keys": st.just([]) | JSON,
            },
        )
        | JSON,
        "resources": st.lists(JSON, max_size=3) | JSON,
        "time": st.just("2026-11-23T08:00:00Z") | JSON,
        "account": st.just("111122223333") | JSON,
        "region": st.just("eu-west-1") | JSON,
    },
)


@given(SOMEHOW_AN_EVENT | st.dictionaries(st.text(), JSON, max_size=3))
def test_whatever_object_comes_is_read_ignored_or_called_malformed(event: dict[str, Any]) -> None:
    try:
        found = trail.read(event, PREFIX)
    except MalformedEvent:
        return
    assert isinstance(found, (Touched, Ignored))


def test_a_deep_nest_is_no_danger() -> None:
    nest: Any = VPC
    for _ in range(100_000):
        nest = [nest]
    assert ids_of("DeleteVpc", {"nest": nest, "vpcId": nest}) == {"vpc": {VPC}}


def test_a_group_that_a_rule_only_refers_to_is_not_touched_nor_is_its_vpc() -> None:
    """A rule may let in a group of a peered VPC."""
    peer = {"items": [{"groupId": "sg-peer1", "vpcId": "vpc-peer1", "userId": "111122223333"}]}
    request = {"groupId": "sg-ours1", "ipPermissions": {"items": [{"ipProtocol": "-1", "groups": peer}]}}
    rule = {"groupId": "sg-ours1", "referencedGroupInfo": {"groupId": "sg-peer1", "vpcId": "vpc-peer1"}}
    response = {"securityGroupRuleSet": {"items": [rule]}}
    event = an_api_call("AuthorizeSecurityGroupIngress", request, response)
    touched = trail.read(event, PREFIX)
    assert isinstance(touched, Touched)
    assert touched.ids == {ResourceType.GROUP: frozenset({"sg-ours1"})}


@pytest.mark.parametrize("event_id", ["", "an id", "0" * 65, "0/1", "é"])
def test_an_id_of_an_event_that_sqs_would_not_take_is_malformed(event_id: str) -> None:
    with pytest.raises(MalformedEvent, match="not a UUID"):
        trail.read(an_api_call("DeleteVpc", {"vpcId": VPC}) | {"id": event_id}, PREFIX)


def test_only_the_key_of_a_tag_speaks_of_the_opt_in() -> None:
    ours = f"{PREFIX}:profile"
    assert read(
        an_api_call("CreateTags", {"tagSet": {"items": [{"key": ours, "value": "x"}]}})
    ).names_our_tags
    new = {"CreateVpcEndpointRequest": {"TagSpecification": {"Tag": {"tag": 1, "Key": ours, "Value": "x"}}}}
    assert read(an_api_call("CreateVpcEndpoint", new)).names_our_tags
    for words in (
        {"tagSet": {"items": [{"key": "Name", "value": ours}]}},
        {"ipPermissions": {"items": [{"ipRanges": {"items": [{"description": ours}]}}]}},
        {"groupName": ours, "key": ours},
    ):
        assert not read(an_api_call("CreateTags", words)).names_our_tags


@pytest.mark.parametrize("event", [None, [], "CreateVpc", 7])
def test_an_event_that_is_no_object_is_malformed(event: object) -> None:
    with pytest.raises(MalformedEvent, match="not an object"):
        trail.read(event, PREFIX)  # type: ignore[arg-type]
