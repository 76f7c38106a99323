from __future__ import annotations

from typing import Any

from sandbox.ec2.rules import authorising, dependencies, groups, quotas
from tests.sandbox.network import MESH, Network, expect_refusal, shows, tcp


@shows(groups.group_names_ignore_case)
def test_a_group_name_is_taken_in_any_letter_case(net: Network) -> None:
    with expect_refusal(
        "InvalidGroup.Duplicate", f"The security group 'OURS' already exists for VPC '{net.vpc}'"
    ):
        net.new_group("OURS")
    net.new_group("ours", net.new_vpc())


@shows(groups.group_names_are_no_ids)
def test_a_group_name_does_not_look_like_an_id(net: Network) -> None:
    with expect_refusal("InvalidParameterValue", "sg-"):
        net.new_group("sg-mine")


@shows(groups.a_group_is_of_a_vpc_that_exists)
def test_a_group_cannot_be_made_in_a_vpc_that_is_gone(net: Network) -> None:
    with expect_refusal("InvalidVpcID.NotFound"):
        net.new_group("other", "vpc-0123456789abcdef0")


@shows(groups.created_group_answers_its_tags)
def test_a_tagged_group_is_answered_with_its_tags(net: Network) -> None:
    tags: Any = [{"ResourceType": "security-group", "Tags": [{"Key": "a", "Value": "b"}]}]
    made = net.api.create_security_group(
        GroupName="tagged", Description="x", VpcId=net.vpc, TagSpecifications=tags
    )
    assert made["Tags"] == [{"Key": "a", "Value": "b"}]


@shows(groups.default_groups_let_their_own_in)
def test_the_default_group_lets_its_own_members_in(net: Network) -> None:
    by_name = [{"Name": "group-name", "Values": ["defau*"]}, {"Name": "vpc-id", "Values": [net.vpc]}]
    (default,) = net.api.describe_security_groups(Filters=by_name)["SecurityGroups"]  # type: ignore[arg-type]
    assert default["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == default["GroupId"]


@shows(authorising.a_rule_is_authorised_once)
def test_one_duplicate_refuses_the_whole_batch(net: Network) -> None:
    net.let_in(net.group, "10.0.0.0/16")
    text = 'the specified rule "peer: 10.0.0.0/16, TCP, from port: 443, to port: 443, ALLOW" already exists'
    with expect_refusal("InvalidPermission.Duplicate", text):
        net.let_in(net.group, "10.1.0.0/16", "10.0.0.0/16")
    assert net.ingress(net.group) == ["10.0.0.0/16"]


@shows(authorising.only_a_known_rule_is_revoked)
def test_one_unknown_rule_keeps_the_whole_batch_from_being_revoked(net: Network) -> None:
    net.let_in(net.group, "10.0.0.0/16")
    with expect_refusal(
        "InvalidPermission.NotFound", "The specified rule does not exist in this security group."
    ):
        net.api.revoke_security_group_ingress(
            GroupId=net.group, IpPermissions=[tcp("10.0.0.0/16", "10.1.0.0/16")]
        )
    assert net.ingress(net.group) == ["10.0.0.0/16"]


@shows(authorising.unknown_rules_are_forgiven_in_the_default_vpc)
def test_a_default_vpc_answers_which_rules_it_did_not_know(net: Network) -> None:
    (default,) = net.api.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    group = net.new_group("there", default["VpcId"])
    net.let_in(group, "10.0.0.0/16")
    answer = net.api.revoke_security_group_ingress(
        GroupId=group, IpPermissions=[tcp("10.0.0.0/16", "10.1.0.0/16")]
    )
    assert answer["UnknownIpPermissions"] == [tcp("10.1.0.0/16")]
    assert [each["CidrIpv4"] for each in answer["RevokedSecurityGroupRules"]] == ["10.0.0.0/16"]
    assert net.ingress(group) == []


@shows(dependencies.the_default_group_stays)
def test_the_default_group_cannot_be_deleted(net: Network) -> None:
    net.api.delete_security_group(GroupId=net.group)
    (default,) = net.api.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [net.vpc]}])[
        "SecurityGroups"
    ]
    with expect_refusal("CannotDelete"):
        net.api.delete_security_group(GroupId=default["GroupId"])


@shows(dependencies.a_group_in_use_stays)
def test_a_group_is_in_use_until_its_endpoint_is_gone(net: Network) -> None:
    endpoint = net.ready_endpoint(net.a, SecurityGroupIds=[net.group])
    with expect_refusal("DependencyViolation", f"resource {net.group} has a dependent object"):
        net.api.delete_security_group(GroupId=net.group)
    net.api.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    with expect_refusal("DependencyViolation"):
        net.api.delete_security_group(GroupId=net.group)
    net.clock.advance(45)
    net.api.delete_security_group(GroupId=net.group)


@shows(dependencies.a_group_that_others_refer_to_stays)
def test_a_group_that_another_names_cannot_be_deleted(net: Network) -> None:
    other = net.new_group("other")
    pair: Any = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": net.group}]}
    net.api.authorize_security_group_ingress(GroupId=other, IpPermissions=[pair])
    with expect_refusal("DependencyViolation", net.group):
        net.api.delete_security_group(GroupId=net.group)


@shows(quotas.so_many_groups_a_vpc)
def test_a_vpc_has_so_many_groups(net: Network) -> None:
    net.ec2.aws.quotas.groups_per_vpc = 3
    net.new_group("third")
    with expect_refusal("SecurityGroupLimitExceeded"):
        net.new_group("fourth")


@shows(quotas.so_many_rules_a_group)
def test_a_group_has_so_many_rules(net: Network) -> None:
    net.let_in(net.group, *[f"10.0.{number}.0/24" for number in range(59)])
    with expect_refusal("RulesPerSecurityGroupLimitExceeded"):
        net.let_in(net.group, "10.1.0.0/24", "10.2.0.0/24")
    net.let_in(net.group, "10.1.0.0/24")
    assert len(net.ingress(net.group)) == 60


@shows(quotas.so_many_rules_a_group)
def test_each_address_family_counts_its_rules_and_a_group_counts_in_both(net: Network) -> None:
    net.let_in(net.group, *[f"10.0.{number}.0/24" for number in range(59)])
    v6: Any = {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": f"2001:db8:{n}::/64"} for n in range(59)]}
    net.api.authorize_security_group_ingress(GroupId=net.group, IpPermissions=[v6])
    both: Any = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": net.group}]}
    net.api.authorize_security_group_ingress(GroupId=net.group, IpPermissions=[both])
    with expect_refusal("RulesPerSecurityGroupLimitExceeded"):
        net.let_in(net.group, "10.1.0.0/24")


@shows(quotas.so_many_groups_an_interface)
def test_an_endpoint_has_at_most_five_groups(net: Network) -> None:
    made = [net.new_group(f"group {number}") for number in range(6)]
    endpoint = net.ready_endpoint(net.a, SecurityGroupIds=made[:5])
    with expect_refusal("SecurityGroupsPerInterfaceLimitExceeded"):
        net.api.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSecurityGroupIds=[made[5]])


@shows(quotas.so_many_endpoints_a_vpc)
def test_a_vpc_has_so_many_interface_endpoints(net: Network) -> None:
    net.ec2.aws.quotas.interface_endpoints_per_vpc = 1
    endpoint = net.new_endpoint(net.a)
    with expect_refusal("VpcEndpointLimitExceeded", net.vpc):
        net.new_endpoint(net.a, service=MESH)
    net.api.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    net.new_endpoint(net.a, service=MESH)


@shows(quotas.so_many_endpoints_a_vpc)
def test_a_region_has_so_many_gateway_endpoints(net: Network) -> None:
    net.ec2.aws.quotas.gateway_endpoints = 0
    with expect_refusal("VpcEndpointLimitExceeded"):
        net.api.create_vpc_endpoint(VpcId=net.vpc, ServiceName="com.amazonaws.eu-west-1.s3")


def test_cidr_blocks_are_kept_with_their_host_bits_cleared() -> None:
    net = Network()
    net.let_in(net.group, "10.0.0.77/16")
    assert net.ingress(net.group) == ["10.0.0.0/16"]
    with expect_refusal("InvalidPermission.Duplicate"):
        net.let_in(net.group, "10.0.99.0/16")


def test_an_authorisation_answers_with_every_rule_that_it_made() -> None:
    net = Network()
    answer = net.api.authorize_security_group_ingress(
        GroupId=net.group, IpPermissions=[tcp("10.0.0.0/24"), tcp("10.0.1.0/24", "10.0.2.0/24", port=80)]
    )
    reported = [
        (each["CidrIpv4"], each["FromPort"], each["IsEgress"]) for each in answer["SecurityGroupRules"]
    ]
    assert reported == [("10.0.0.0/24", 443, False), ("10.0.1.0/24", 80, False), ("10.0.2.0/24", 80, False)]


def test_a_rule_is_described_revoked_and_changed_by_its_id() -> None:
    net = Network()
    rule = net.let_in(net.group, "10.0.0.0/24")["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    changed: Any = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv6": "::/0", "Description": "x"}
    net.api.modify_security_group_rules(
        GroupId=net.group, SecurityGroupRules=[{"SecurityGroupRuleId": rule, "SecurityGroupRule": changed}]
    )
    by_group = [{"Name": "group-id", "Values": [net.group]}]
    described = net.api.describe_security_group_rules(Filters=by_group)["SecurityGroupRules"]  # type: ignore[arg-type]
    (ours,) = [each for each in described if not each["IsEgress"]]
    assert (ours["SecurityGroupRuleId"], ours["CidrIpv6"], ours["FromPort"]) == (rule, "::/0", 22)
    net.api.revoke_security_group_ingress(GroupId=net.group, SecurityGroupRuleIds=[rule])
    assert net.ingress(net.group) == []


def test_a_new_group_lets_everything_out() -> None:
    net = Network()
    (group,) = net.api.describe_security_groups(GroupIds=[net.group])["SecurityGroups"]
    (egress,) = group["IpPermissionsEgress"]
    assert (egress["IpProtocol"], egress["IpRanges"]) == ("-1", [{"CidrIp": "0.0.0.0/0"}])
    assert group["IpPermissions"] == []
