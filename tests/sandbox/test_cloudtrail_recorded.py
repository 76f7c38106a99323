"""The sandbox's trail against events that AWS itself wrote, where those lie beside the repository."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.trail.cloudtrail import cloudtrail_event
from tests.sandbox.network import S3, Network, tcp

RECORDINGS = Path(__file__).parents[3] / "shared" / "cloudtrail"
NOT_OURS = {"requestID", "requestId", "clientToken"}
"""Spelt in two ways in the recordings; and a token that today's SDKs fill in by themselves."""
MOTO_LACKS = {
    "CreateNatGateway--invictus": {
        ".CreateNatGatewayResponse.natGateway.natGatewayAddressSet.item.status:str",
        ".CreateNatGatewayResponse.natGateway.natGatewayAddressSet.item.isPrimary:bool",
    },
}
TAG = [{"Key": "StratusRedTeam", "Value": "true"}]
TAGS = [*TAG, {"Key": "Name", "Value": "x"}]


def tagged(kind: str, tags: Any = None) -> Any:
    return [{"ResourceType": kind, "Tags": tags or TAGS}]


def associate(net: Network) -> str:
    return net.api.associate_route_table(RouteTableId=net.new_table(), SubnetId=net.a)["AssociationId"]


def nat(net: Network, **more: Any) -> str:
    address = net.api.allocate_address(Domain="vpc")["AllocationId"]
    made = net.api.create_nat_gateway(AllocationId=address, SubnetId=net.a, **more)
    return made["NatGateway"]["NatGatewayId"]


def default_route(net: Network, **target: Any) -> str:
    made = net.new_table()
    net.api.create_route(RouteTableId=made, DestinationCidrBlock="0.0.0.0/0", **target)
    return made


def unroute(net: Network) -> None:
    made = default_route(net, GatewayId=net.attached_gateway())
    net.api.delete_route(RouteTableId=made, DestinationCidrBlock="0.0.0.0/0")


def detach(net: Network) -> None:
    net.api.detach_internet_gateway(InternetGatewayId=net.attached_gateway(), VpcId=net.vpc)


def empty_vpc(net: Network) -> None:
    net.api.delete_vpc(VpcId=net.api.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])


def open_to(net: Network, **permission: Any) -> None:
    net.api.authorize_security_group_ingress(GroupId=net.group, IpPermissions=[tcp(port=22) | permission])


def flat(net: Network) -> dict[str, Any]:
    return {"GroupId": net.group, "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}


def close_flat(net: Network) -> None:
    net.api.authorize_security_group_ingress(**flat(net))
    net.api.revoke_security_group_ingress(**flat(net))


def everything(*v6: str) -> Any:
    ranges: Any = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": each} for each in v6]}
    return {"IpProtocol": "-1", **ranges}


def open_egress(net: Network, permission: Any) -> None:
    net.api.revoke_security_group_egress(GroupId=net.group, IpPermissions=[everything()])
    net.api.authorize_security_group_egress(GroupId=net.group, IpPermissions=[permission])


def refused_revoke(net: Network) -> None:
    permission: Any = {"IpProtocol": "-1", "FromPort": 0, "ToPort": 0, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    net.api.revoke_security_group_egress(GroupId=net.group, IpPermissions=[permission])


def s3_endpoint(net: Network) -> None:
    net.api.create_vpc_endpoint(
        VpcId=net.vpc,
        ServiceName=S3,
        VpcEndpointType="Interface",
        SubnetIds=[net.a, net.b],
        SecurityGroupIds=[net.group],
        PolicyDocument='{"Statement": []}',
    )


def say(text: str) -> Any:
    return [{"CidrIp": "10.0.0.0/8", "Description": text}]


SAME_CALLS: dict[str, Callable[[Network], object]] = {
    "AssociateRouteTable--invictus": associate,
    "AttachInternetGateway--invictus": Network.attached_gateway,
    "AttachInternetGateway--panther": Network.attached_gateway,
    "AuthorizeSecurityGroupEgress--invictus": lambda net: open_egress(net, everything("::/0")),
    "AuthorizeSecurityGroupEgress--panther": lambda net: open_egress(
        net, {"IpProtocol": "-1", "IpRanges": say("all")}
    ),
    "AuthorizeSecurityGroupIngress--elastic": lambda net: net.let_in(net.group, "203.0.113.0/24", port=22),
    "AuthorizeSecurityGroupIngress--invictus": lambda net: open_to(net, IpRanges=say("TLS")),
    "AuthorizeSecurityGroupIngress--invictus-2": lambda net: net.api.authorize_security_group_ingress(
        **flat(net)
    ),
    "AuthorizeSecurityGroupIngress--panther-2": lambda net: net.let_in(net.group, "0.0.0.0/0"),
    "AuthorizeSecurityGroupIngress--panther-4": lambda net: open_to(net, IpRanges=say("SSH")),
    "AuthorizeSecurityGroupIngress--stratus": lambda net: net.api.authorize_security_group_ingress(
        **flat(net)
    ),
    "CreateInternetGateway--invictus": lambda net: net.api.create_internet_gateway(
        TagSpecifications=tagged("internet-gateway")
    ),
    "CreateNatGateway--invictus": lambda net: nat(
        net, ConnectivityType="public", ClientToken="x", TagSpecifications=tagged("natgateway")
    ),
    "CreateRoute--invictus": lambda net: default_route(net, GatewayId=net.attached_gateway()),
    "CreateRoute--invictus-2": lambda net: default_route(net, NatGatewayId=nat(net)),
    "CreateRoute--panther": lambda net: default_route(net, GatewayId=net.attached_gateway()),
    "CreateRouteTable--invictus": lambda net: net.api.create_route_table(
        VpcId=net.vpc, TagSpecifications=tagged("route-table")
    ),
    "CreateSecurityGroup--invictus": lambda net: net.api.create_security_group(
        GroupName="x", Description="x", VpcId=net.vpc, TagSpecifications=tagged("security-group")
    ),
    "CreateSecurityGroup--panther": lambda net: net.new_group("prod"),
    "CreateSecurityGroup-ENVELOPE--repost": lambda net: net.new_group("prod"),
    "CreateSubnet--invictus": lambda net: net.api.create_subnet(
        VpcId=net.vpc,
        CidrBlock="10.0.128.0/24",
        AvailabilityZone="eu-west-1a",
        TagSpecifications=tagged("subnet"),
    ),
    "CreateTags--invictus": lambda net: net.api.create_tags(Resources=[net.a], Tags=TAG),  # type: ignore[arg-type]
    "CreateVpc--invictus": lambda net: net.api.create_vpc(
        CidrBlock="10.1.0.0/16", TagSpecifications=tagged("vpc")
    ),
    "CreateVpc--invictus-2": lambda net: net.api.create_vpc(
        CidrBlock="10.1.0.0/16", TagSpecifications=tagged("vpc", TAG)
    ),
    "CreateVpc--panther": lambda net: net.api.create_vpc(CidrBlock="10.1.0.0/16"),
    "CreateVpcEndpoint--spotlight": s3_endpoint,
    "DeleteInternetGateway--invictus": lambda net: net.api.delete_internet_gateway(
        InternetGatewayId=net.new_gateway()
    ),
    "DeleteNatGateway--invictus": lambda net: net.api.delete_nat_gateway(NatGatewayId=nat(net)),
    "DeleteRoute--invictus": unroute,
    "DeleteRouteTable--invictus": lambda net: net.api.delete_route_table(RouteTableId=net.new_table()),
    "DeleteSecurityGroup--invictus": lambda net: net.api.delete_security_group(GroupId=net.group),
    "DeleteSubnet--invictus": lambda net: net.api.delete_subnet(SubnetId=net.c),
    "DeleteTags--spotlight": lambda net: net.api.delete_tags(Resources=[net.a], Tags=[{"Key": "x"}]),
    "DeleteVpc--invictus": empty_vpc,
    "DescribeVpcEndpoints--invictus": lambda net: net.api.describe_vpc_endpoints(
        Filters=[{"Name": "vpc-id", "Values": [net.vpc]}]
    ),
    "DescribeVpcEndpoints--invictus-2": lambda net: net.api.describe_vpc_endpoints(MaxResults=1000),
    "DetachInternetGateway--invictus": detach,
    "DisassociateRouteTable--invictus": lambda net: net.api.disassociate_route_table(
        AssociationId=associate(net)
    ),
    "ModifyVpcAttribute--spotlight": lambda net: net.api.modify_vpc_attribute(
        VpcId=net.vpc, EnableDnsSupport={"Value": True}
    ),
    "RevokeSecurityGroupEgress--invictus-2": lambda net: net.api.revoke_security_group_egress(
        GroupId=net.group, IpPermissions=[everything() | {"FromPort": 0, "ToPort": 0}]
    ),
    "RevokeSecurityGroupEgress-ERR--invictus": refused_revoke,
    "RevokeSecurityGroupIngress--invictus": close_flat,
}


def shape(value: Any, path: str = "") -> Iterator[str]:
    """Every path that leads to something, and what kind of thing stands there."""
    kind = (
        "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
    )
    yield f"{path}:{kind}"
    if isinstance(value, dict):
        for key, each in value.items():
            if key not in NOT_OURS:
                yield from shape(each, f"{path}.{key}")
    elif isinstance(value, list):
        for each in value:
            yield from shape(each, f"{path}[]")


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not part of the repository")
@pytest.mark.parametrize("name", SAME_CALLS)
def test_the_same_call_is_reported_as_aws_reported_it(name: str) -> None:
    net = Network()
    recorded = json.loads((RECORDINGS / f"{name}.json").read_text())
    recorded = recorded.get("detail", recorded)
    try:
        SAME_CALLS[name](net)
    except ClientError:
        assert recorded["errorCode"]
    reported = cloudtrail_event(net.ec2.calls[-1], "111122223333", "eu-west-1")["detail"]
    assert reported["eventName"] == recorded["eventName"]
    assert reported.get("errorCode") == recorded.get("errorCode")
    assert set(shape(reported["requestParameters"])) == set(shape(recorded["requestParameters"]))
    missing = set(shape(recorded["responseElements"])) - set(shape(reported["responseElements"]))
    assert missing <= MOTO_LACKS.get(name, set())


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not part of the repository")
def test_every_recorded_kind_of_call_is_compared() -> None:
    recorded = {path.name.split("--")[0].removesuffix("-ENVELOPE") for path in RECORDINGS.glob("*.json")}
    compared = {name.split("--")[0].removesuffix("-ENVELOPE") for name in SAME_CALLS}
    left_out = {"TagChangeOnResource", "DeleteTransitGatewayVpcAttachment", "CreateNetworkAclEntry"}
    assert {each for each in recorded - compared - left_out if not each.endswith("-ERR")} == set()
