from __future__ import annotations

from typing import Any

from sandbox.ec2.rules import attributes, dependencies, networks, sharing, tags
from tests.sandbox.network import MESH, Network, expect_refusal, shows


def vpc(net: Network) -> Any:
    return net.api.describe_vpcs(VpcIds=[net.vpc])["Vpcs"][0]


@shows(attributes.one_attribute_a_call)
def test_each_attribute_of_a_vpc_takes_its_own_call(net: Network) -> None:
    text = "Fields for multiple attribute types specified: enableDnsHostnames, enableDnsSupport"
    with expect_refusal("InvalidParameterCombination", text):
        net.api.modify_vpc_attribute(
            VpcId=net.vpc, EnableDnsSupport={"Value": True}, EnableDnsHostnames={"Value": True}
        )


@shows(attributes.hostnames_need_support)
def test_hostnames_are_turned_on_after_support(net: Network) -> None:
    net.api.modify_vpc_attribute(VpcId=net.vpc, EnableDnsHostnames={"Value": False})
    net.api.modify_vpc_attribute(VpcId=net.vpc, EnableDnsSupport={"Value": False})
    with expect_refusal("InvalidParameterValue"):
        net.api.modify_vpc_attribute(VpcId=net.vpc, EnableDnsHostnames={"Value": True})
    net.api.modify_vpc_attribute(VpcId=net.vpc, EnableDnsSupport={"Value": True})
    net.api.modify_vpc_attribute(VpcId=net.vpc, EnableDnsHostnames={"Value": True})
    answer = net.api.describe_vpc_attribute(VpcId=net.vpc, Attribute="enableDnsHostnames")
    assert answer["EnableDnsHostnames"]["Value"] is True


@shows(dependencies.a_subnet_with_interfaces_stays)
def test_a_subnet_stays_until_the_endpoints_interface_has_left(net: Network) -> None:
    endpoint = net.ready_endpoint(net.a, net.b)
    with expect_refusal("DependencyViolation", net.a):
        net.api.delete_subnet(SubnetId=net.a)
    net.api.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveSubnetIds=[net.a])
    with expect_refusal("DependencyViolation", net.a):
        net.api.delete_subnet(SubnetId=net.a)
    net.clock.advance(20)
    net.api.delete_subnet(SubnetId=net.a)


@shows(dependencies.a_vpc_with_anything_in_it_stays)
def test_a_vpc_stays_while_a_group_is_in_it(net: Network) -> None:
    for subnet in net.subnets.values():
        net.api.delete_subnet(SubnetId=subnet)
    with expect_refusal("DependencyViolation", net.vpc):
        net.api.delete_vpc(VpcId=net.vpc)
    net.api.delete_security_group(GroupId=net.group)
    net.api.delete_vpc(VpcId=net.vpc)


@shows(dependencies.a_vpc_with_anything_in_it_stays)
def test_a_vpc_stays_while_an_endpoint_or_a_gateway_is_in_it(net: Network) -> None:
    empty = net.vpc = net.api.create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]
    endpoint = net.new_endpoint()
    with expect_refusal("DependencyViolation", empty):
        net.api.delete_vpc(VpcId=empty)
    net.api.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    net.clock.advance(45)
    gateway = net.attached_gateway()
    with expect_refusal("DependencyViolation", empty):
        net.api.delete_vpc(VpcId=empty)
    net.api.detach_internet_gateway(InternetGatewayId=gateway, VpcId=empty)
    net.api.delete_vpc(VpcId=empty)


@shows(networks.only_a_default_vpc_has_default_subnets)
def test_a_subnet_made_by_zone_id_is_in_that_zone_and_no_default_one(net: Network) -> None:
    made = net.api.create_subnet(VpcId=net.vpc, CidrBlock="10.0.77.0/24", AvailabilityZoneId="euw1-az2")
    assert made["Subnet"]["AvailabilityZone"] == "eu-west-1c"
    assert made["Subnet"]["AvailabilityZoneId"] == "euw1-az2"
    assert made["Subnet"]["DefaultForAz"] is False


@shows(networks.a_vpc_starts_pending)
def test_a_new_vpc_is_pending_in_the_answer_and_available_when_read(net: Network) -> None:
    made = net.api.create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]
    assert made["State"] == "pending"
    assert net.api.describe_vpcs(VpcIds=[made["VpcId"]])["Vpcs"][0]["State"] == "available"


@shows(networks.a_subnet_takes_its_route_association_along)
def test_a_deleted_subnet_no_longer_holds_its_route_table(net: Network) -> None:
    table = net.new_table()
    net.api.associate_route_table(RouteTableId=table, SubnetId=net.c)
    with expect_refusal("DependencyViolation", table):
        net.api.delete_route_table(RouteTableId=table)
    net.api.delete_subnet(SubnetId=net.c)
    net.api.delete_route_table(RouteTableId=table)


@shows(networks.a_vpc_has_the_regions_dhcp_options)
def test_a_new_vpc_has_amazon_provided_dns(net: Network) -> None:
    (options,) = net.api.describe_dhcp_options(DhcpOptionsIds=[vpc(net)["DhcpOptionsId"]])["DhcpOptions"]
    servers = {
        each["Key"]: [value["Value"] for value in each["Values"]] for each in options["DhcpConfigurations"]
    }
    assert servers["domain-name-servers"] == ["AmazonProvidedDNS"]


@shows(networks.dhcp_options_in_use_stay)
def test_dhcp_options_that_any_vpc_has_cannot_be_deleted(net: Network) -> None:
    servers: Any = [{"Key": "domain-name-servers", "Values": ["10.0.0.2"]}]
    options = net.api.create_dhcp_options(DhcpConfigurations=servers)["DhcpOptions"]["DhcpOptionsId"]
    for each in (net.vpc, net.new_vpc()):
        net.api.associate_dhcp_options(DhcpOptionsId=options, VpcId=each)
    net.api.associate_dhcp_options(DhcpOptionsId="default", VpcId=each)
    with expect_refusal("DependencyViolation", options):
        net.api.delete_dhcp_options(DhcpOptionsId=options)
    net.api.associate_dhcp_options(DhcpOptionsId="default", VpcId=net.vpc)
    net.api.delete_dhcp_options(DhcpOptionsId=options)


@shows(networks.dhcp_options_outlive_the_vpc)
def test_a_deleted_vpc_leaves_its_dhcp_options_to_the_others(net: Network) -> None:
    options = vpc(net)["DhcpOptionsId"]
    net.api.delete_vpc(VpcId=net.new_vpc())
    assert net.api.describe_dhcp_options(DhcpOptionsIds=[options])["DhcpOptions"]


@shows(tags.delete_tags_without_tags_takes_all)
def test_deleting_tags_without_naming_any_takes_them_all(net: Network) -> None:
    net.api.create_tags(Resources=[net.vpc], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    net.api.delete_tags(Resources=[net.vpc])
    assert vpc(net).get("Tags", []) == []


@shows(tags.only_what_exists_is_tagged)
def test_an_endpoint_that_is_gone_cannot_be_tagged(net: Network) -> None:
    with expect_refusal("InvalidVpcEndpointId.NotFound"):
        net.api.create_tags(Resources=["vpce-0123456789abcdef0"], Tags=[{"Key": "a", "Value": "1"}])


@shows(tags.tags_go_with_their_resource)
def test_the_tags_of_a_deleted_group_are_gone_too(net: Network) -> None:
    net.api.create_tags(Resources=[net.group], Tags=[{"Key": "a", "Value": "1"}])
    net.api.delete_security_group(GroupId=net.group)
    assert net.api.describe_tags()["Tags"] == []


@shows(tags.aws_tags_are_not_touched)
def test_tags_of_awss_own_cannot_be_made(net: Network) -> None:
    with expect_refusal("InvalidParameterValue", "aws:"):
        net.api.create_tags(Resources=[net.vpc], Tags=[{"Key": "aws:mine", "Value": "1"}])


@shows(sharing.a_participant_changes_nothing_in_a_shared_vpc)
def test_nothing_is_made_in_a_vpc_that_another_account_shares(net: Network) -> None:
    net.ec2.aws.share(net.vpc, "999988887777")
    with expect_refusal("UnauthorizedOperation"):
        net.new_endpoint(net.a)
    with expect_refusal("UnauthorizedOperation"):
        net.new_group("other")


@shows(sharing.a_participant_changes_nothing_in_a_shared_vpc)
def test_groups_and_endpoints_of_a_shared_vpc_are_their_owners(net: Network) -> None:
    endpoint = net.ready_endpoint(net.a)
    net.ec2.aws.share(net.vpc)
    with expect_refusal("UnauthorizedOperation"):
        net.let_in(net.group, "10.0.0.0/24")
    with expect_refusal("UnauthorizedOperation"):
        net.api.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[net.b])
    with expect_refusal("UnauthorizedOperation"):
        net.api.delete_vpc_endpoints(VpcEndpointIds=[endpoint])


@shows(sharing.shared_things_show_their_owner)
def test_a_shared_vpc_and_its_subnets_show_their_owner(net: Network) -> None:
    net.ec2.aws.share(net.vpc, "999988887777")
    subnets = net.api.describe_subnets(SubnetIds=[net.a])["Subnets"]
    assert vpc(net)["OwnerId"] == subnets[0]["OwnerId"] == "999988887777"


@shows(sharing.owners_endpoints_and_groups_are_not_shown)
def test_a_participant_does_not_see_the_owners_endpoints(net: Network) -> None:
    net.new_endpoint(net.a)
    net.ec2.aws.share(net.vpc, "999988887777")
    assert net.api.describe_vpc_endpoints()["VpcEndpoints"] == []


def test_a_tag_goes_by_its_value_only_when_that_is_equal() -> None:
    net = Network()
    net.api.create_tags(Resources=[net.vpc], Tags=[{"Key": "a", "Value": "1"}])
    net.api.delete_tags(Resources=[net.vpc], Tags=[{"Key": "a", "Value": "2"}])
    assert vpc(net)["Tags"] == [{"Key": "a", "Value": "1"}]
    net.api.delete_tags(Resources=[net.vpc], Tags=[{"Key": "a"}])
    assert "Tags" not in vpc(net) or vpc(net)["Tags"] == []


@shows(networks.a_cidr_block_with_subnets_stays)
def test_a_secondary_cidr_block_stays_while_a_subnet_lies_in_it(net: Network) -> None:
    made = net.api.associate_vpc_cidr_block(VpcId=net.vpc, CidrBlock="10.7.0.0/16")["CidrBlockAssociation"]
    blocks = [each["CidrBlock"] for each in vpc(net)["CidrBlockAssociationSet"]]
    assert blocks == ["10.0.0.0/16", "10.7.0.0/16"]
    net.api.create_subnet(VpcId=net.vpc, CidrBlock="10.7.1.0/24", AvailabilityZone="eu-west-1a")
    with expect_refusal("DependencyViolation"):
        net.api.disassociate_vpc_cidr_block(AssociationId=made["AssociationId"])


def test_a_dualstack_endpoint_stands_in_a_dualstack_subnet() -> None:
    net = Network()
    net.vpc = net.new_vpc("10.4.0.0/16", AmazonProvidedIpv6CidrBlock=True)
    block = vpc(net)["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    made = net.api.create_subnet(
        VpcId=net.vpc, CidrBlock="10.4.1.0/24", Ipv6CidrBlock=block, AvailabilityZone="eu-west-1a"
    )["Subnet"]
    (association,) = made["Ipv6CidrBlockAssociationSet"]
    assert association["Ipv6CidrBlockState"] == {"State": "associated"}
    endpoint = net.ready_endpoint(made["SubnetId"], IpAddressType="dualstack")
    assert net.endpoint(endpoint)["IpAddressType"] == "dualstack"
    (group,) = net.api.describe_security_groups(GroupIds=[net.new_group("six")])["SecurityGroups"]
    assert group["IpPermissionsEgress"][0]["Ipv6Ranges"] == [{"CidrIpv6": "::/0"}]


def test_an_endpoint_whose_service_left_the_region_can_still_be_changed_and_deleted() -> None:
    net = Network()
    endpoint = net.ready_endpoint(net.a, service=MESH)
    net.ec2.aws.withdraw("appmesh-envoy-management")
    net.api.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[net.b])
    assert net.api.delete_vpc_endpoints(VpcEndpointIds=[endpoint])["Unsuccessful"] == []
