from __future__ import annotations

import json

from sandbox.ec2 import Rules
from sandbox.ec2.rules import endpoints, policies, private_dns, tokens
from tests.sandbox.network import LOGS, MESH, S3, Network, expect_refusal, shows

CONFLICT = "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "


@shows(endpoints.service_must_exist)
def test_a_service_that_the_region_does_not_have_is_refused(net: Network) -> None:
    net.ec2.aws.withdraw("appmesh-envoy-management")
    with expect_refusal("InvalidServiceName", f"The Vpc Endpoint Service '{MESH}' does not exist"):
        net.new_endpoint(net.a, service=MESH)


@shows(endpoints.default_type_is_gateway)
def test_an_endpoint_is_a_gateway_endpoint_unless_the_type_is_named(net: Network) -> None:
    with expect_refusal("InvalidServiceName", "does not support the endpoint type 'Gateway'"):
        net.api.create_vpc_endpoint(VpcId=net.vpc, ServiceName=LOGS)


@shows(endpoints.subnets_and_groups_are_of_the_endpoints_vpc)
def test_a_subnet_of_another_vpc_is_refused(net: Network) -> None:
    other = net.new_subnet("a", 0, net.new_vpc())
    with expect_refusal("InvalidParameter", other):
        net.new_endpoint(other)


def test_a_group_that_is_gone_is_refused() -> None:
    net = Network()
    net.api.delete_security_group(GroupId=net.group)
    with expect_refusal("InvalidGroup.NotFound"):
        net.new_endpoint(net.a, SecurityGroupIds=[net.group])


@shows(endpoints.service_must_be_offered_in_the_zone)
def test_one_subnet_in_a_zone_without_the_service_fails_the_whole_create(net: Network) -> None:
    with expect_refusal("InvalidParameter", f"does not support the availability zone of the subnet: {net.c}"):
        net.new_endpoint(net.a, net.c, service=MESH)
    assert net.api.describe_vpc_endpoints()["VpcEndpoints"] == []


@shows(endpoints.service_must_be_offered_in_the_zone)
def test_a_subnet_in_a_zone_without_the_service_is_not_added_either(net: Network) -> None:
    endpoint = net.ready_endpoint(net.a, service=MESH)
    with expect_refusal("InvalidParameter", net.c):
        net.api.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[net.c])


@shows(endpoints.one_subnet_a_zone)
def test_two_subnets_of_a_zone_are_refused_on_create(net: Network) -> None:
    twin = net.new_subnet("a", 9)
    with expect_refusal(
        "DuplicateSubnetsInSameZone", f"Found another VPC endpoint subnet in the availability zone of {twin}"
    ):
        net.new_endpoint(net.a, twin)


@shows(endpoints.one_subnet_a_zone)
def test_a_subnet_cannot_be_swapped_for_another_of_its_zone_in_one_call(net: Network) -> None:
    twin = net.new_subnet("a", 9)
    endpoint = net.ready_endpoint(net.a)
    with expect_refusal("DuplicateSubnetsInSameZone"):
        net.api.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[twin], RemoveSubnetIds=[net.a])
    net.api.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveSubnetIds=[net.a])
    net.clock.advance(30)
    net.api.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[twin])
    assert net.endpoint(endpoint)["SubnetIds"] == [twin]


@shows(endpoints.each_interface_takes_an_address)
def test_a_full_subnet_is_refused(net: Network) -> None:
    net.ec2.aws.free_addresses(net.a, 1)
    net.new_endpoint(net.a)
    assert net.free(net.a) == 0
    with expect_refusal("InsufficientFreeAddressesInSubnet", net.a):
        net.new_endpoint(net.a, service=MESH)


@shows(endpoints.address_type_as_service_and_subnets_allow)
def test_an_address_family_that_the_service_lacks_is_refused(net: Network) -> None:
    with expect_refusal("InvalidParameter", "does not support the IP address type dualstack"):
        net.new_endpoint(net.a, service=MESH, IpAddressType="dualstack")


@shows(endpoints.address_type_as_service_and_subnets_allow)
def test_a_dualstack_endpoint_needs_dualstack_subnets(net: Network) -> None:
    with expect_refusal("InvalidParameter", f"The subnet {net.a} does not support"):
        net.new_endpoint(net.a, IpAddressType="dualstack")


@shows(endpoints.endpoint_keeps_a_group)
def test_the_last_group_cannot_be_taken_off(net: Network) -> None:
    endpoint = net.ready_endpoint(net.a, SecurityGroupIds=[net.group])
    with expect_refusal("InvalidParameter", "at least one security group"):
        net.api.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveSecurityGroupIds=[net.group])


@shows(endpoints.twenty_five_deletions_a_call)
def test_at_most_25_endpoints_are_deleted_in_a_call(net: Network) -> None:
    with expect_refusal("InvalidParameter", "Maximum number of VPC endpoints to delete was exceeded"):
        net.api.delete_vpc_endpoints(VpcEndpointIds=[f"vpce-{number:017x}" for number in range(26)])


@shows(policies.policy_only_where_the_service_supports_one)
def test_app_mesh_takes_no_policy(net: Network) -> None:
    with expect_refusal("InvalidParameter", "does not support VPC endpoint policies"):
        net.new_endpoint(net.a, service=MESH, PolicyDocument='{"Statement": []}')


@shows(policies.policy_is_json_of_limited_length)
def test_a_policy_has_at_most_20480_characters(net: Network) -> None:
    with expect_refusal("InvalidParameter", "longer than 20480"):
        net.new_endpoint(net.a, PolicyDocument=json.dumps({"Statement": "x" * 20_480}))


@shows(policies.policies_come_back_in_another_form)
def test_a_policy_comes_back_as_other_text_of_the_same_meaning(net: Network) -> None:
    sent = '{"Version":"2012-10-17","Statement":[]}'
    back = net.endpoint(net.new_endpoint(net.a, PolicyDocument=sent))["PolicyDocument"]
    assert back != sent
    assert json.loads(back) == json.loads(sent)


@shows(private_dns.private_dns_needs_both_dns_attributes)
def test_private_dns_is_refused_while_hostnames_are_off(net: Network) -> None:
    net.api.modify_vpc_attribute(VpcId=net.vpc, EnableDnsHostnames={"Value": False})
    with expect_refusal("InvalidParameter", f"VPC attributes set to true for {net.vpc}"):
        net.new_endpoint(net.a, PrivateDnsEnabled=True)


@shows(private_dns.a_private_dns_name_answers_once_in_a_vpc)
def test_a_second_endpoint_for_a_service_cannot_have_private_dns(net: Network) -> None:
    net.new_endpoint(net.a, PrivateDnsEnabled=True)
    with expect_refusal("InvalidParameter", f"{CONFLICT}logs.eu-west-1.amazonaws.com in the VPC {net.vpc}"):
        net.new_endpoint(net.b, PrivateDnsEnabled=True)


@shows(private_dns.a_private_dns_name_answers_once_in_a_vpc)
def test_an_endpoint_that_is_being_deleted_still_holds_its_name(net: Network) -> None:
    first = net.new_endpoint(net.a, PrivateDnsEnabled=True)
    net.api.delete_vpc_endpoints(VpcEndpointIds=[first])
    with expect_refusal("InvalidParameter", CONFLICT):
        net.new_endpoint(net.b, PrivateDnsEnabled=True)
    net.clock.advance(45)
    net.new_endpoint(net.b, PrivateDnsEnabled=True)


@shows(private_dns.a_private_dns_name_answers_once_in_a_vpc)
def test_a_hosted_zone_of_that_name_is_in_the_way_until_it_goes(net: Network) -> None:
    endpoint = net.ready_endpoint(net.a)
    net.ec2.aws.private_zone(net.vpc, "logs.eu-west-1.amazonaws.com")
    with expect_refusal("InvalidParameter", CONFLICT):
        net.api.modify_vpc_endpoint(VpcEndpointId=endpoint, PrivateDnsEnabled=True)
    net.ec2.aws.drop_private_zone(net.vpc, "logs.eu-west-1.amazonaws.com")
    net.api.modify_vpc_endpoint(VpcEndpointId=endpoint, PrivateDnsEnabled=True)
    assert net.endpoint(endpoint)["PrivateDnsEnabled"] is True


@shows(tokens.client_token_repeats_nothing)
def test_a_repeated_token_gives_the_same_endpoint_back(net: Network) -> None:
    first = net.new_endpoint(net.a, ClientToken="once")
    assert net.new_endpoint(net.a, ClientToken="once") == first
    with expect_refusal("IdempotentParameterMismatch"):
        net.new_endpoint(net.b, ClientToken="once")


@shows(tokens.client_token_repeats_nothing)
def test_a_token_gives_a_dead_endpoint_back_too(net: Network) -> None:
    first = net.new_endpoint(net.a, ClientToken="once")
    net.api.delete_vpc_endpoints(VpcEndpointIds=[first])
    net.clock.advance(3600)
    again = net.api.create_vpc_endpoint(
        VpcId=net.vpc, ServiceName=LOGS, VpcEndpointType="Interface", SubnetIds=[net.a], ClientToken="once"
    )["VpcEndpoint"]
    assert (again["VpcEndpointId"], again["State"]) == (first, "deleted")


@shows(tokens.client_token_repeats_nothing)
def test_a_token_has_at_most_64_characters(net: Network) -> None:
    with expect_refusal("InvalidParameterValue"):
        net.new_endpoint(net.a, ClientToken="x" * 65)


@shows(tokens.client_token_is_remembered)
def test_a_refused_call_does_not_use_its_token_up(net: Network) -> None:
    with expect_refusal("InvalidParameter"):
        net.new_endpoint(net.c, service=MESH, ClientToken="once")
    first = net.new_endpoint(net.a, service=MESH, ClientToken="once")
    assert net.new_endpoint(net.a, service=MESH, ClientToken="once") == first


def test_the_default_group_is_attached_when_none_is_named() -> None:
    net = Network()
    default = net.api.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [net.vpc]}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"][0]["GroupId"]
    groups = net.endpoint(net.new_endpoint(net.a))["Groups"]
    assert groups == [{"GroupId": default, "GroupName": "default"}]


def test_an_endpoint_has_one_interface_in_each_subnet() -> None:
    net = Network()
    free = net.free(net.a)
    endpoint = net.ready_endpoint(net.a, net.b, SecurityGroupIds=[net.group])
    enis = net.api.describe_network_interfaces(
        NetworkInterfaceIds=net.endpoint(endpoint)["NetworkInterfaceIds"]
    )["NetworkInterfaces"]
    assert {eni["SubnetId"] for eni in enis} == {net.a, net.b}
    assert [eni["Groups"][0]["GroupId"] for eni in enis] == [net.group] * 2
    assert net.free(net.a) == free - 1


def test_an_endpoint_of_a_service_without_policies_reports_none() -> None:
    net = Network()
    assert "PolicyDocument" not in net.endpoint(net.new_endpoint(net.a, service=MESH))
    full = json.loads(net.endpoint(net.new_endpoint(net.a))["PolicyDocument"])
    assert full["Statement"][0] == {"Action": "*", "Effect": "Allow", "Principal": "*", "Resource": "*"}


def test_reset_policy_brings_full_access_back() -> None:
    net = Network()
    endpoint = net.ready_endpoint(net.a, PolicyDocument='{"Statement":[]}')
    net.api.modify_vpc_endpoint(VpcEndpointId=endpoint, ResetPolicy=True)
    assert json.loads(net.endpoint(endpoint)["PolicyDocument"])["Statement"]


def test_a_gateway_endpoint_puts_a_route_into_its_tables() -> None:
    net = Network()
    table = net.api.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    endpoint = net.api.create_vpc_endpoint(VpcId=net.vpc, ServiceName=S3, RouteTableIds=[table])[
        "VpcEndpoint"
    ]
    routes = net.api.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    (route,) = [each for each in routes if each.get("GatewayId") == endpoint["VpcEndpointId"]]
    assert route["DestinationPrefixListId"].startswith("pl-")
    net.api.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    routes = net.api.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    assert [each["GatewayId"] for each in routes] == ["local"]


def test_a_refused_gateway_endpoint_leaves_nothing_behind() -> None:
    net = Network(Rules.none())
    with expect_refusal("InvalidRouteTableID.NotFound"):
        net.api.create_vpc_endpoint(VpcId=net.vpc, ServiceName=S3, RouteTableIds=["rtb-0123456789abcdef0"])
    assert net.api.describe_vpc_endpoints()["VpcEndpoints"] == []


def test_services_are_found_by_name_and_by_filter() -> None:
    net = Network()
    by_name = net.api.describe_vpc_endpoint_services(ServiceNames=[MESH])
    (detail,) = by_name["ServiceDetails"]
    assert detail["AvailabilityZones"] == ["eu-west-1a", "eu-west-1b"]
    assert detail["AvailabilityZoneIds"] == ["euw1-az3", "euw1-az1"]
    assert detail["VpcEndpointPolicySupported"] is False
    assert detail["PrivateDnsNames"] == [
        {"PrivateDnsName": "appmesh-envoy-management.eu-west-1.amazonaws.com"}
    ]
    by_filter = net.api.describe_vpc_endpoint_services(Filters=[{"Name": "service-name", "Values": [MESH]}])
    assert by_filter["ServiceNames"] == by_name["ServiceNames"] == [MESH]
    with expect_refusal("InvalidServiceName"):
        net.api.describe_vpc_endpoint_services(ServiceNames=["com.amazonaws.eu-west-1.nothing"])


def test_endpoints_are_found_by_filter() -> None:
    net = Network()
    spec = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "team", "Value": "blue"}]}]
    logs, mesh = net.new_endpoint(net.a, TagSpecifications=spec), net.new_endpoint(net.a, service=MESH)

    def found(name: str, *values: str) -> list[str]:
        answer = net.api.describe_vpc_endpoints(Filters=[{"Name": name, "Values": list(values)}])
        return [each["VpcEndpointId"] for each in answer["VpcEndpoints"]]

    assert found("vpc-id", net.vpc) == [logs, mesh]
    assert found("service-name", LOGS) == [logs]
    assert found("service-name", "*appmesh*") == [mesh]
    assert found("vpc-endpoint-state", "pending", "available") == [logs, mesh]
    assert found("vpc-endpoint-state", "deleted") == []
    assert found("tag:team", "blue") == found("tag-key", "team") == [logs]
    with expect_refusal("InvalidParameterValue", "The filter 'colour' is invalid"):
        found("colour", "red")
