from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.ec2 import AssumedRole, AwsService, Call, IamUser, Principal, Root
from sandbox.trail.cloudtrail import TagChanges, cloudtrail_event
from tests.sandbox.network import LOGS, Network

ROLE = "arn:aws:iam::111122223333:role/remediator-Reconcile"


def reported(call: Call) -> Any:
    return cloudtrail_event(call, "111122223333", "eu-west-1")


def detail(net: Network) -> Any:
    return reported(net.ec2.calls[-1])["detail"]


def test_a_call_is_wrapped_as_eventbridge_delivers_it() -> None:
    net = Network()
    event = reported(net.ec2.calls[-1])
    assert {key: event[key] for key in ("version", "detail-type", "source", "account", "region")} == {
        "version": "0",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.ec2",
        "account": "111122223333",
        "region": "eu-west-1",
    }
    assert event["time"] == event["detail"]["eventTime"] == "2027-01-15T08:00:00Z"
    assert event["detail"]["eventName"] == "CreateSecurityGroup"
    assert event["detail"]["readOnly"] is False


@pytest.mark.parametrize(
    ("principal", "kind", "issuer"),
    [
        (IamUser("ann"), "IAMUser", None),
        (AssumedRole(ROLE, "run-1"), "AssumedRole", ROLE),
        (Root(), "Root", None),
    ],
)
def test_who_called_is_reported(principal: Principal, kind: str, issuer: str | None) -> None:
    net = Network()
    net.ec2.client(principal).create_tags(Resources=[net.vpc], Tags=[{"Key": "a", "Value": "b"}])
    identity = detail(net)["userIdentity"]
    assert identity["type"] == kind
    assert identity.get("sessionContext", {}).get("sessionIssuer", {}).get("arn") == issuer


def test_a_service_is_reported_by_its_name() -> None:
    net = Network()
    service = AwsService("vpce.amazonaws.com")
    net.ec2.client(service).create_tags(Resources=[net.vpc], Tags=[{"Key": "a", "Value": "b"}])
    assert detail(net)["userIdentity"] == {"type": "AWSService", "invokedBy": "vpce.amazonaws.com"}
    assert detail(net)["sourceIPAddress"] == "vpce.amazonaws.com"


def test_a_refused_call_is_reported_with_its_code_and_no_answer() -> None:
    net = Network()
    with pytest.raises(ClientError):
        net.api.delete_vpc(VpcId=net.vpc)
    assert detail(net)["errorCode"] == "Client.DependencyViolation"
    assert detail(net)["requestParameters"] == {"vpcId": net.vpc}
    assert detail(net)["responseElements"] is None


def test_one_element_is_an_object_and_several_are_an_array() -> None:
    net = Network()
    endpoint = net.ready_endpoint(net.a)
    net.api.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[net.b])
    assert detail(net)["requestParameters"] == {
        "ModifyVpcEndpointRequest": {"VpcEndpointId": endpoint, "AddSubnetId": {"tag": 1, "content": net.b}}
    }
    assert detail(net)["responseElements"]["ModifyVpcEndpointResponse"]["return"] is True
    other = net.new_endpoint(net.a, net.b, service="com.amazonaws.eu-west-1.ssm")
    assert detail(net)["requestParameters"]["CreateVpcEndpointRequest"]["SubnetId"] == [
        {"tag": 1, "content": net.a},
        {"tag": 2, "content": net.b},
    ]
    net.api.delete_vpc_endpoints(VpcEndpointIds=[endpoint, other])
    assert detail(net)["requestParameters"]["DeleteVpcEndpointsRequest"]["VpcEndpointId"] == [
        {"tag": 1, "content": endpoint},
        {"tag": 2, "content": other},
    ]
    assert detail(net)["responseElements"]["DeleteVpcEndpointsResponse"]["unsuccessful"] == ""


def test_numbers_and_truth_values_are_read_out_of_text_in_the_new_dialect() -> None:
    net = Network()
    tags = [{"Key": "managed", "Value": "true"}]
    net.new_endpoint(net.a, TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": tags}])
    request = detail(net)["requestParameters"]["CreateVpcEndpointRequest"]
    answer = detail(net)["responseElements"]["CreateVpcEndpointResponse"]["vpcEndpoint"]
    assert request["TagSpecification"] == {
        "ResourceType": "vpc-endpoint",
        "tag": 1,
        "Tag": {"Key": "managed", "Value": True, "tag": 1},
    }
    assert request["ServiceName"] == LOGS
    assert answer["ownerId"] == 111122223333
    assert answer["tagSet"] == {"item": {"key": "managed", "value": True}}
    assert answer["routeTableIdSet"] == ""
    assert answer["subnetIdSet"] == {"item": net.a}


def test_rule_changes_by_id_are_reported_in_the_new_dialect() -> None:
    net = Network()
    rule = net.let_in(net.group, "10.0.0.0/24")["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    changed: Any = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv4": "0.0.0.0/0"}
    net.api.modify_security_group_rules(
        GroupId=net.group, SecurityGroupRules=[{"SecurityGroupRuleId": rule, "SecurityGroupRule": changed}]
    )
    request = detail(net)["requestParameters"]["ModifySecurityGroupRulesRequest"]
    assert request["GroupId"] == net.group
    assert request["SecurityGroupRule"]["SecurityGroupRuleId"] == rule


def test_cidr_blocks_come_and_go_in_the_new_dialect() -> None:
    net = Network()
    made = net.api.associate_vpc_cidr_block(VpcId=net.vpc, CidrBlock="10.7.0.0/16")["CidrBlockAssociation"]
    assert detail(net)["requestParameters"]["AssociateVpcCidrBlockRequest"]["VpcId"] == net.vpc
    net.api.disassociate_vpc_cidr_block(AssociationId=made["AssociationId"])
    assert detail(net)["responseElements"]["DisassociateVpcCidrBlockResponse"]["vpcId"] == net.vpc


def test_dhcp_options_are_reported_in_the_old_dialect() -> None:
    net = Network()
    servers = [{"Key": "domain-name-servers", "Values": ["10.0.0.2"]}]
    made = net.api.create_dhcp_options(DhcpConfigurations=servers)["DhcpOptions"]["DhcpOptionsId"]  # type: ignore[arg-type]
    assert detail(net)["requestParameters"]["dhcpConfigurationSet"] == {
        "items": [{"key": "domain-name-servers", "valueSet": {"items": [{"value": "10.0.0.2"}]}}]
    }
    net.api.associate_dhcp_options(DhcpOptionsId=made, VpcId=net.vpc)
    assert detail(net)["requestParameters"] == {"dhcpOptionsId": made, "vpcId": net.vpc}


def test_each_tagged_resource_has_a_tag_change_event() -> None:
    net = Network()
    changes = TagChanges("111122223333", "eu-west-1", net.ec2.tags_of)
    events: list[Any] = []
    net.ec2.on_call(lambda call: events.extend(changes.events(call)))
    net.api.create_tags(Resources=[net.vpc, net.a], Tags=[{"Key": "x", "Value": "1"}])
    assert [event["resources"] for event in events] == [
        [f"arn:aws:ec2:eu-west-1:111122223333:vpc/{net.vpc}"],
        [f"arn:aws:ec2:eu-west-1:111122223333:subnet/{net.a}"],
    ]
    assert events[0]["detail"] == {
        "changed-tag-keys": ["x"],
        "service": "ec2",
        "resource-type": "vpc",
        "version": 1.0,
        "tags": {"x": "1"},
    }
    net.api.delete_tags(Resources=[net.vpc])
    assert events[-1]["detail"]["changed-tag-keys"] == ["x"]
    assert events[-1]["detail"]["tags"] == {}
    assert events[-1]["detail"]["version"] == 2.0
    made = net.new_vpc(TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "y", "Value": "2"}]}])
    assert events[-1]["resources"][0].endswith(made)
