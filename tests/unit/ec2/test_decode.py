from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.model import (
    AddressType,
    EndpointState,
    GatewayEndpoint,
    Route,
    RouteTable,
    Rule,
    Service,
    SourceKind,
    Subnet,
    Vpc,
)
from reconciler.domain.policies import FULL_ACCESS
from reconciler.ec2 import decode


def rules_of(*permissions: Any) -> set[Rule]:
    group = decode.security_group({"GroupId": "sg-1", "IpPermissions": list(permissions)})
    return set(group.ingress)


# ---- subnets and route tables


def test_a_subnet_is_known_by_its_zones_id_and_name() -> None:
    assert decode.subnet(
        {
            "SubnetId": "subnet-1",
            "AvailabilityZone": "eu-west-1a",
            "AvailabilityZoneId": "euw1-az3",
            "CidrBlock": "10.0.0.0/24",
            "AvailableIpAddressCount": 251,
        }
    ) == Subnet("subnet-1", "euw1-az3", "eu-west-1a", "10.0.0.0/24", 251)


def test_a_zones_name_stands_in_for_an_id_that_is_not_given() -> None:
    assert decode.subnet({"SubnetId": "subnet-1", "AvailabilityZone": "eu-west-1a"}).zone_id == "eu-west-1a"


def test_a_subnet_of_ipv6_alone_has_no_block_and_no_free_addresses() -> None:
    subnet = decode.subnet({"SubnetId": "subnet-1", "AvailabilityZoneId": "euw1-az3"})
    assert (subnet.cidr, subnet.free_addresses) == ("", 0)


def test_a_route_table_names_its_own_subnets_and_leaves_out_gateways() -> None:
    table = decode.route_table(
        {
            "RouteTableId": "rtb-1",
            "Associations": [
                {"Main": True, "RouteTableId": "rtb-1"},
                {"Main": False, "SubnetId": "subnet-1"},
                {"Main": False, "GatewayId": "igw-1"},
            ],
            "Routes": [
                {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"},
                {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1", "State": "blackhole"},
                {"DestinationPrefixListId": "pl-1", "NatGatewayId": "nat-1", "State": "active"},
            ],
        }
    )
    assert table == RouteTable(
        "rtb-1",
        main=True,
        subnet_ids=frozenset({"subnet-1"}),
        routes=(
            Route("10.0.0.0/16", "local", active=True),
            Route("::/0", "igw-1", active=False),
            Route("pl-1", "", active=True),
        ),
    )


def test_a_route_table_without_associations_is_not_the_main_one() -> None:
    assert decode.route_table({"RouteTableId": "rtb-1"}) == RouteTable("rtb-1", False, frozenset(), ())


def test_a_subnet_reports_its_ipv6_blocks_its_tags_and_whether_it_is_on_an_outpost() -> None:
    subnet = decode.subnet(
        {
            "SubnetId": "subnet-1",
            "Ipv6CidrBlockAssociationSet": [
                {"Ipv6CidrBlock": "2001:db8:0:1::/64", "Ipv6CidrBlockState": {"State": "disassociated"}},
                {"Ipv6CidrBlock": "2001:db8::/64", "Ipv6CidrBlockState": {"State": "associated"}},
            ],
            "Tags": [{"Key": "Name", "Value": "x"}],
            "OutpostArn": "arn:aws:outposts:eu-west-1:111122223333:outpost/op-1",
        }
    )
    assert subnet.ipv6_cidrs == ("2001:db8::/64",)
    assert subnet.tags == {"Name": "x"}
    assert subnet.on_outpost


# ---- VPCs


def test_a_vpc_is_what_several_calls_tell_of_it() -> None:
    vpc = decode.vpc(
        {
            "VpcId": "vpc-1",
            "OwnerId": "111122223333",
            "Tags": [{"Key": "Name", "Value": "mesh"}],
            "CidrBlockAssociationSet": [
                {"CidrBlock": "10.1.0.0/16", "CidrBlockState": {"State": "associated"}},
                {"CidrBlock": "10.2.0.0/16", "CidrBlockState": {"State": "disassociating"}},
                {"CidrBlock": "10.0.0.0/16", "CidrBlockState": {"State": "associated"}},
            ],
        },
        dns_support=True,
        dns_hostnames=False,
        name_servers=["10.0.0.53"],
    )
    assert vpc == Vpc(
        "vpc-1",
        "111122223333",
        {"Name": "mesh"},
        dns_support=True,
        dns_hostnames=False,
        cidrs=("10.0.0.0/16", "10.1.0.0/16"),
        ipv6_cidrs=(),
        name_servers=("10.0.0.53",),
    )


def test_a_dhcp_option_set_names_its_name_servers() -> None:
    options: Any = {
        "DhcpConfigurations": [
            {"Key": "domain-name", "Values": [{"Value": "example.com"}]},
            {
                "Key": "domain-name-servers",
                "Values": [{"Value": "10.0.0.53"}, {"Value": "AmazonProvidedDNS"}],
            },
        ]
    }
    assert decode.name_servers(options) == ("10.0.0.53", "AmazonProvidedDNS")
    assert decode.name_servers({}) == ()


# ---- endpoints and services


def an_endpoint(**more: Any) -> Any:
    return {"VpcEndpointId": "vpce-1", "ServiceName": "com.amazonaws.eu-west-1.logs", **more}


@pytest.mark.parametrize("spelt", ["Available", "available", "AVAILABLE"])
def test_a_state_is_the_same_in_whatever_case(spelt: str) -> None:
    assert decode.endpoint(an_endpoint(State=spelt)).state is EndpointState.AVAILABLE


@pytest.mark.parametrize("spelt", ["pendingAcceptance", "PendingAcceptance"])
def test_a_state_of_two_words_is_known_too(spelt: str) -> None:
    assert decode.endpoint(an_endpoint(State=spelt)).state is EndpointState.PENDING_ACCEPTANCE


@pytest.mark.parametrize("state", ["", "Hibernating"])
def test_a_state_that_is_not_known_is_called_so(state: str) -> None:
    assert decode.endpoint(an_endpoint(State=state)).state is EndpointState.UNKNOWN


def test_an_endpoint_is_its_subnets_groups_private_dns_and_tags() -> None:
    endpoint = decode.endpoint(
        an_endpoint(
            SubnetIds=["subnet-2", "subnet-1"],
            Groups=[{"GroupId": "sg-1", "GroupName": "x"}],
            PrivateDnsEnabled=True,
            Tags=[{"Key": "Name", "Value": "logs"}, {"Key": "empty"}],
        )
    )
    assert endpoint.subnet_ids == {"subnet-1", "subnet-2"}
    assert endpoint.group_ids == {"sg-1"}
    assert endpoint.private_dns
    assert endpoint.tags == {"Name": "logs", "empty": ""}


def test_what_an_endpoint_does_not_say_it_does_not_have() -> None:
    endpoint = decode.endpoint(an_endpoint(State="available"))
    assert (endpoint.subnet_ids, endpoint.group_ids, endpoint.private_dns) == (
        frozenset(),
        frozenset(),
        False,
    )


def test_an_endpoints_policy_is_in_one_form_and_one_that_cannot_be_read_as_it_is() -> None:
    assert decode.endpoint(an_endpoint()).policy == ""
    full = '{"Statement": [{"Action": "*", "Effect": "Allow", "Principal": "*", "Resource": "*"}]}'
    assert decode.endpoint(an_endpoint(PolicyDocument=full)).policy == FULL_ACCESS
    assert decode.endpoint(an_endpoint(PolicyDocument="what?")).policy == "what?"


def test_an_endpoint_reports_its_address_family_and_why_it_failed() -> None:
    plain = decode.endpoint(an_endpoint())
    assert (plain.address_type, plain.error) == (AddressType.IPV4, "")
    reported = decode.endpoint(
        an_endpoint(IpAddressType="dualstack", LastError={"Code": "Oops", "Message": "no luck"})
    )
    assert (reported.address_type, reported.error) == (AddressType.DUALSTACK, "Oops no luck")


def test_a_gateway_endpoint_stands_in_route_tables() -> None:
    gateway = decode.gateway_endpoint(an_endpoint(State="Available", RouteTableIds=["rtb-1"]))
    assert gateway == GatewayEndpoint(
        "vpce-1", "com.amazonaws.eu-west-1.logs", EndpointState.AVAILABLE, frozenset({"rtb-1"}), {}
    )


def test_a_service_says_whether_it_takes_a_policy_and_which_families_and_names_it_has() -> None:
    service = decode.service(
        {
            "ServiceName": "s",
            "VpcEndpointPolicySupported": True,
            "PrivateDnsName": "b.aws",
            "PrivateDnsNames": [{"PrivateDnsName": "b.aws"}, {"PrivateDnsName": "a.aws"}],
            "SupportedIpAddressTypes": ["ipv4", "ipv6"],
        }
    )
    assert service == Service(
        "s",
        frozenset(),
        takes_policy=True,
        private_dns_names=("a.aws", "b.aws"),
        address_types=frozenset({AddressType.IPV4, AddressType.IPV6}),
    )
    assert decode.service({"ServiceName": "s"}).address_types == {AddressType.IPV4}


def test_a_services_zones_are_ids_where_ec2_gives_ids() -> None:
    given_both = decode.service(
        {"ServiceName": "s", "AvailabilityZones": ["eu-west-1a"], "AvailabilityZoneIds": ["euw1-az3"]}
    )
    assert given_both == Service("s", frozenset({"euw1-az3"}))
    assert decode.service({"ServiceName": "s", "AvailabilityZones": ["eu-west-1a"]}) == Service(
        "s", frozenset({"eu-west-1a"})
    )


# ---- security groups


def test_a_permission_of_many_sources_is_many_rules() -> None:
    found = rules_of(
        {
            "IpProtocol": "tcp",
            "FromPort": 443,
            "ToPort": 444,
            "IpRanges": [{"CidrIp": "10.0.0.0/24", "Description": "a"}, {"CidrIp": "10.0.1.0/24"}],
            "Ipv6Ranges": [{"CidrIpv6": "2001:DB8:0::/56"}],
            "PrefixListIds": [{"PrefixListId": "pl-1"}],
            "UserIdGroupPairs": [{"GroupId": "sg-2", "UserId": "111122223333"}],
        }
    )
    assert found == {
        Rule("tcp", 443, 444, SourceKind.CIDR, "10.0.0.0/24"),
        Rule("tcp", 443, 444, SourceKind.CIDR, "10.0.1.0/24"),
        Rule("tcp", 443, 444, SourceKind.CIDR_V6, "2001:db8::/56"),
        Rule("tcp", 443, 444, SourceKind.PREFIX_LIST, "pl-1"),
        Rule("tcp", 443, 444, SourceKind.GROUP, "sg-2", "111122223333"),
    }


@pytest.mark.parametrize(("number", "name"), [("6", "tcp"), ("17", "udp"), ("TCP", "tcp"), ("50", "50")])
def test_a_protocol_is_the_same_by_number_and_by_name(number: str, name: str) -> None:
    [rule] = rules_of(
        {"IpProtocol": number, "FromPort": 1, "ToPort": 2, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    )
    assert rule.protocol == name


@pytest.mark.parametrize("ports", [{}, {"FromPort": 0, "ToPort": 65535}, {"FromPort": -1, "ToPort": -1}])
def test_a_rule_for_every_protocol_has_no_ports(ports: Any) -> None:
    [rule] = rules_of({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], **ports})
    assert (rule.from_port, rule.to_port) == (-1, -1)


def test_ways_in_and_ways_out_are_kept_apart() -> None:
    group = decode.security_group(
        {
            "GroupId": "sg-1",
            "GroupName": "web",
            "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
        }
    )
    assert (group.id, group.name, group.tags) == ("sg-1", "web", {})
    assert group.ingress == frozenset()
    assert group.egress == {Rule("-1", -1, -1, SourceKind.CIDR, "0.0.0.0/0")}


SOURCES = st.one_of(
    st.tuples(st.just(SourceKind.CIDR), st.sampled_from(["10.0.0.0/24", "0.0.0.0/0"]), st.just("")),
    st.tuples(st.just(SourceKind.CIDR_V6), st.sampled_from(["2001:db8::/56", "::/0"]), st.just("")),
    st.tuples(st.just(SourceKind.PREFIX_LIST), st.just("pl-1"), st.just("")),
    st.tuples(st.just(SourceKind.GROUP), st.just("sg-2"), st.sampled_from(["", "111122223333"])),
)
PORTS = st.one_of(
    st.tuples(st.just("-1"), st.just(-1), st.just(-1)),
    st.tuples(st.sampled_from(["tcp", "udp"]), st.integers(0, 65535), st.integers(0, 65535)),
    st.tuples(st.sampled_from(["icmp", "icmpv6", "50"]), st.just(-1), st.just(-1)),
)
RULES = st.builds(lambda ports, source: Rule(*ports, *source), PORTS, SOURCES)


@given(st.sets(RULES))
def test_rules_sent_to_ec2_come_back_as_the_same_rules(rules: set[Rule]) -> None:
    sent: list[Any] = decode.permissions(rules)
    assert rules_of(*sent) == rules
