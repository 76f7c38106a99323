"""What a profile can ask for, on EC2's rules: conditions, clients, policies, address families, gateways."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reconciler.conclusion import Ending
from reconciler.domain.findings import Kind, Status
from reconciler.domain.model import AddressType, Mode
from reconciler.domain.policies import canonical
from reconciler.domain.profile import EndpointSpec, Existing, Profile
from reconciler.domain.profiles import parse
from sandbox.truth import LOGS
from tests.account import INSTALLATION, Account

POLICY = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "logs:*",'
    ' "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": ["111122223333"]}}}]}'
)


def with_profile(account: Account, toml: str, private: str = "ab", public: str = "") -> str:
    """A VPC that is tagged with the profile `p` of a document."""
    account.profiles = {**account.profiles, **parse(toml)}
    return account.vpc(private, public, profile="p")


def kinds(account: Account, vpc_id: str) -> set[Kind]:
    return {each.finding.kind for each in account.one_run(vpc_id).findings}


# ---- policies


def test_a_profiles_policy_is_sent_kept_and_restored(account: Account) -> None:
    vpc_id = with_profile(account, f"[[p.endpoint]]\nservice = 'logs'\npolicy = '{POLICY}'")
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    (endpoint,) = account.truth.endpoints(vpc_id, LOGS)
    assert canonical(endpoint["PolicyDocument"]) == canonical(POLICY)

    open_to_all = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
    account.customer.modify_vpc_endpoint(
        VpcEndpointId=endpoint["VpcEndpointId"], PolicyDocument=json.dumps(open_to_all)
    )
    account.clock.advance(60)
    assert Kind.ENDPOINT_POLICY in kinds(account, vpc_id)
    account.clock.advance(60)
    assert canonical(account.truth.endpoints(vpc_id, LOGS)[0]["PolicyDocument"]) == canonical(POLICY)


def test_full_access_is_restored_where_the_profile_gives_no_policy(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    endpoint = account.truth.endpoints(vpc_id, LOGS)[0]["VpcEndpointId"]
    account.customer.modify_vpc_endpoint(VpcEndpointId=endpoint, PolicyDocument=POLICY)
    account.clock.advance(60)
    account.converge(vpc_id)
    account.clock.advance(60)
    document = json.loads(account.truth.endpoints(vpc_id, LOGS)[0]["PolicyDocument"])
    assert document["Statement"][0]["Action"] == "*"


def test_an_app_mesh_endpoint_never_gets_a_policy(account: Account) -> None:
    vpc_id = with_profile(
        account, f"[[p.endpoint]]\nservice = 'appmesh-envoy-management'\npolicy = '{POLICY}'"
    )
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    sent = [
        c.params for c in account.ec2.calls if c.request.action in ("CreateVpcEndpoint", "ModifyVpcEndpoint")
    ]
    assert sent
    assert not any("PolicyDocument" in params for params in sent)


# ---- DNS


def test_name_servers_of_ones_own_are_reported_with_the_zone_to_forward(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    options = account.customer.create_dhcp_options(
        DhcpConfigurations=[{"Key": "domain-name-servers", "Values": ["10.1.0.53", "10.1.1.53"]}]
    )["DhcpOptions"]["DhcpOptionsId"]
    account.customer.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpc_id)
    done = account.one_run(vpc_id)
    (reported,) = [each.finding for each in done.findings if each.finding.kind is Kind.CUSTOM_DNS]
    assert reported.status is Status.IMPAIRED
    assert "10.1.0.53" in reported.found
    assert "logs.eu-west-1.amazonaws.com" in reported.wanted
    assert "169.254.169.253" in reported.wanted
    assert done.ending is Ending.CONVERGED


def test_without_private_dns_the_dns_attributes_are_not_touched(account: Account) -> None:
    vpc_id = with_profile(account, "[[p.endpoint]]\nservice = 'logs'\nprivate-dns = false")
    account.converge(vpc_id)
    assert "ModifyVpcAttribute" not in [call.request.action for call in account.ec2.calls]
    assert not account.truth.endpoints(vpc_id, LOGS)[0]["PrivateDnsEnabled"]


# ---- clients and rules


def test_public_subnets_are_reported_that_they_are_cut_off(account: Account) -> None:
    vpc_id = account.converged_vpc("ab", public="a")
    done = account.one_run(vpc_id)
    assert Kind.PUBLIC_SUBNETS_CUT_OFF in {each.finding.kind for each in done.findings}
    assert done.ending is Ending.CONVERGED


def test_clients_vpc_lets_in_the_whole_vpc_secondary_blocks_too(account: Account) -> None:
    vpc_id = with_profile(account, "[p]\nclients = 'vpc'\n[[p.endpoint]]\nservice = 'logs'", public="a")
    account.customer.associate_vpc_cidr_block(VpcId=vpc_id, CidrBlock="100.64.0.0/16")
    account.converge(vpc_id)
    group = account.truth.owned_group(vpc_id)
    assert group is not None
    blocks = {block["CidrIp"] for rule in group["IpPermissions"] for block in rule["IpRanges"]}
    assert blocks == {"10.1.0.0/16", "100.64.0.0/16"}
    assert Kind.PUBLIC_SUBNETS_CUT_OFF not in kinds(account, vpc_id)


def test_more_blocks_than_a_group_takes_are_let_in_by_the_vpcs_own(account: Account) -> None:
    vpc_id = account.converged_vpc("a")
    for number in range(2, 130, 2):
        account.subnet(vpc_id, "b", f"10.1.{number}.0/24")
    open_443 = []
    account.ec2.on_call(lambda _: open_443.append(_lets_in(account, vpc_id, "10.1.0.0/24")))
    account.converge(vpc_id)
    group = account.truth.owned_group(vpc_id)
    assert group is not None
    assert [rule["IpRanges"][0]["CidrIp"] for rule in group["IpPermissions"]] == ["10.1.0.0/16"]
    assert Kind.GROUP_RULES_COARSE in kinds(account, vpc_id)
    assert all(open_443)


def test_a_group_filled_up_by_others_makes_room_first(account: Account) -> None:
    vpc_id = account.converged_vpc("a")
    group = account.truth.owned_group(vpc_id)
    assert group is not None
    for port in range(1, 60):
        account.customer.authorize_security_group_ingress(
            GroupId=group["GroupId"], IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp="192.0.2.0/24"
        )
    account.subnet(vpc_id, "b", "10.1.200.0/24")
    with account.calls() as calls:
        assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    assert account.truth.faults(vpc_id) == []
    assert [call.request.action for call in calls if call.error_code] == []


def _lets_in(account: Account, vpc_id: str, block: str) -> bool:
    group = account.truth.owned_group(vpc_id)
    assert group is not None
    blocks = {each["CidrIp"] for rule in group["IpPermissions"] for each in rule["IpRanges"]}
    return bool(blocks & {block, "10.1.0.0/16"})


# ---- conditions


@pytest.mark.parametrize(("public", "routed", "wanted"), [("", False, 1), ("a", False, 1), ("a", True, 0)])
def test_no_egress_asks_whether_some_private_subnet_has_no_default_route(
    account: Account, public: str, routed: bool, wanted: int
) -> None:
    vpc_id = with_profile(
        account, "[[p.endpoint]]\nservice = 'logs'\nwhen = 'no-egress'", private="a", public=public
    )
    if routed:
        subnets = account.customer.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])[
            "Subnets"
        ]
        private = {each["SubnetId"] for each in account.truth.private_subnets(vpc_id)}
        nat = account.customer.create_nat_gateway(
            SubnetId=next(s["SubnetId"] for s in subnets if s["SubnetId"] not in private),
            AllocationId=account.customer.allocate_address(Domain="vpc")["AllocationId"],
        )["NatGateway"]["NatGatewayId"]
        table = account.customer.create_route_table(VpcId=vpc_id)["RouteTable"]["RouteTableId"]
        account.customer.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
        for subnet in private:
            account.customer.associate_route_table(RouteTableId=table, SubnetId=subnet)
    account.converge(vpc_id)
    assert len(account.truth.endpoints(vpc_id, LOGS)) == wanted


# ---- existing endpoints


def test_an_observed_endpoint_of_someone_else_is_reported_and_not_touched(account: Account) -> None:
    account.profiles = {
        **account.profiles,
        "p": Profile("p", (EndpointSpec("logs"),), existing=Existing.OBSERVE),
    }
    vpc_id = account.vpc("ab", profile="p")
    subnet = account.truth.private_subnets(vpc_id)[0]["SubnetId"]
    account.customer.create_vpc_endpoint(
        VpcId=vpc_id, VpcEndpointType="Interface", ServiceName=LOGS, SubnetIds=[subnet]
    )
    account.clock.advance(90)
    before = account.truth.endpoints(vpc_id, LOGS)
    made = account.converge(vpc_id)
    assert made[-1].ending is Ending.CONVERGED
    assert account.truth.endpoints(vpc_id, LOGS) == before
    assert Kind.ENDPOINT_SUBNET_MISSING in {each.finding.kind for each in made[-1].findings}


# ---- address families


def dual_stack(account: Account, toml: str) -> str:
    account.profiles = {**account.profiles, **parse(toml)}
    vpc_id = account.customer.create_vpc(CidrBlock="10.1.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"][
        "VpcId"
    ]
    vpc = account.customer.describe_vpcs(VpcIds=[vpc_id])["Vpcs"][0]
    prefix = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("00::/56", "")
    for number, zone in enumerate("ab"):
        account.customer.create_subnet(
            VpcId=vpc_id,
            CidrBlock=f"10.1.{number}.0/24",
            Ipv6CidrBlock=f"{prefix}0{number}::/64",
            AvailabilityZone=f"eu-west-1{zone}",
        )
    account.tag(vpc_id, profile="p")
    return vpc_id


DUAL = "[p]\nip-address-type = 'dualstack'\n[[p.endpoint]]\nservice = 'logs'"


def test_a_dual_stack_endpoint_lets_in_both_families(account: Account) -> None:
    account.ec2.aws.service(LOGS, address_types=("ipv4", "ipv6"))
    vpc_id = dual_stack(account, DUAL)
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    assert account.truth.endpoints(vpc_id, LOGS)[0]["IpAddressType"] == "dualstack"
    group = account.truth.owned_group(vpc_id)
    assert group is not None
    assert any(rule["Ipv6Ranges"] for rule in group["IpPermissions"])


def test_ipv4_is_used_where_the_service_has_no_other(account: Account) -> None:
    account.ec2.aws.service(LOGS, address_types=("ipv4",))
    vpc_id = dual_stack(account, DUAL)
    made = account.converge(vpc_id)
    assert made[-1].ending is Ending.CONVERGED
    assert account.truth.endpoints(vpc_id, LOGS)[0]["IpAddressType"] == "ipv4"
    assert Kind.ENDPOINT_ADDRESS_TYPE in {each.finding.kind for each in made[-1].findings}


def test_an_endpoint_becomes_dual_stack_when_its_profile_asks(account: Account) -> None:
    account.ec2.aws.service(LOGS, address_types=("ipv4", "ipv6"))
    vpc_id = dual_stack(account, "[[p.endpoint]]\nservice = 'logs'")
    account.converge(vpc_id)
    account.profiles = {
        **account.profiles,
        "p": Profile("p", (EndpointSpec("logs"),), address_type=AddressType.DUALSTACK),
    }
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    assert account.truth.endpoints(vpc_id, LOGS)[0]["IpAddressType"] == "dualstack"


def test_an_endpoint_stays_dual_stack_when_a_subnet_of_ipv4_alone_comes_in_a_new_zone(
    account: Account,
) -> None:
    account.ec2.aws.service(LOGS, address_types=("ipv4", "ipv6"))
    vpc_id = dual_stack(account, DUAL)
    account.converge(vpc_id)
    account.subnet(vpc_id, "c", "10.1.90.0/24")
    done = account.converge(vpc_id)[-1]
    assert done.ending is Ending.CONVERGED
    assert account.truth.endpoints(vpc_id, LOGS)[0]["IpAddressType"] == "dualstack"
    (uncovered,) = (each.finding for each in done.findings if each.finding.kind is Kind.ZONE_UNCOVERED)
    assert uncovered.resource.startswith(f"{LOGS} in ")


# ---- placement


def test_zones_and_placement_tags_choose_the_subnets(account: Account) -> None:
    vpc_id = with_profile(
        account, "[p]\nzones = ['euw1-az1', 'euw1-az2', 'euw1-az3']\n[[p.endpoint]]\nservice = 'logs'", "aab"
    )
    in_a = sorted(
        each["SubnetId"]
        for each in account.truth.private_subnets(vpc_id)
        if each["AvailabilityZone"].endswith("a")
    )
    account.tag(in_a[1], placement="here")
    account.converge(vpc_id)
    assert in_a[1] in account.truth.endpoints(vpc_id, LOGS)[0]["SubnetIds"]


# ---- gateway endpoints


def s3(account: Account, vpc_id: str) -> list[dict[str, object]]:
    found = account.ec2.truth("DescribeVpcEndpoints", Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])
    return [e for e in found["VpcEndpoints"] if e["VpcEndpointType"] == "Gateway" and e["State"] != "deleted"]


def test_the_ecs_profile_stands_up_and_heals(account: Account) -> None:
    vpc_id = account.vpc("ab", profile="ecs")
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    services = {each["ServiceName"].rpartition("eu-west-1.")[2] for each in account.truth.endpoints(vpc_id)}
    assert services == {"ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm"}
    (gateway,) = s3(account, vpc_id)
    assert gateway["RouteTableIds"]

    table = account.customer.create_route_table(VpcId=vpc_id)["RouteTable"]["RouteTableId"]
    subnet = account.truth.private_subnets(vpc_id)[0]["SubnetId"]
    account.customer.associate_route_table(RouteTableId=table, SubnetId=subnet)
    account.converge(vpc_id)
    assert table in str(s3(account, vpc_id)[0]["RouteTableIds"])


def test_a_gateway_endpoint_of_someone_else_is_extended_and_not_doubled(account: Account) -> None:
    account.profiles = {"ecs": replace(account.profiles["ecs"], existing=Existing.ADOPT)}
    vpc_id = account.vpc("ab", profile="ecs")
    theirs = account.customer.create_vpc_endpoint(
        VpcId=vpc_id, ServiceName="com.amazonaws.eu-west-1.s3", VpcEndpointType="Gateway"
    )["VpcEndpoint"]["VpcEndpointId"]
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    (gateway,) = s3(account, vpc_id)
    assert gateway["VpcEndpointId"] == theirs
    assert gateway["RouteTableIds"]


def test_services_are_looked_up_by_as_many_as_one_filter_takes(account: Account) -> None:
    names = "".join(f"[[p.endpoint]]\nservice = 's{n}'\n" for n in range(205))
    account.profiles = parse(names + "[[p.endpoint]]\nservice = 'logs'")
    vpc_id = account.vpc("ab", profile="p")
    with account.calls() as calls:
        account.one_run(vpc_id)
    asked = [
        set(each["Values"])
        for call in calls
        if call.action == "DescribeVpcEndpointServices"
        for each in call.params["Filters"]
    ]
    assert max(map(len, asked)) <= 200
    assert len(set().union(*asked)) == 206
    assert len(account.truth.endpoints(vpc_id, LOGS)) == 1


def test_the_ssm_profile_stands_up(account: Account) -> None:
    vpc_id = account.vpc("ab", profile="ssm")
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    assert len(account.truth.endpoints(vpc_id)) == 2


def test_a_profile_of_everything_goes_without_leaving_anything() -> None:
    account = Account(grace_seconds=0)
    vpc_id = account.vpc("ab", profile="ecs")
    account.converge(vpc_id)
    account.customer.delete_tags(Resources=[vpc_id], Tags=[{"Key": INSTALLATION.profile_key}])
    account.converge(vpc_id)
    account.clock.advance(300)
    assert account.truth.endpoints(vpc_id) == []
    assert s3(account, vpc_id) == []
    assert account.truth.owned_group(vpc_id) is None


def test_enforce_and_audit_find_the_same(account: Account) -> None:
    vpc_id = account.vpc("ab", profile="ecs")
    account.tag(vpc_id, mode=Mode.AUDIT)
    reported = {each.finding for each in account.one_run(vpc_id).findings}
    account.tag(vpc_id, mode=Mode.ENFORCE)
    done = {each.finding for each in account.one_run(vpc_id).findings}
    assert reported == done


def test_private_dns_is_turned_off_where_the_profile_says_so(account: Account) -> None:
    vpc_id = with_profile(account, "[[p.endpoint]]\nservice = 'logs'")
    account.converge(vpc_id)
    account.profiles = {**account.profiles, **parse("[[p.endpoint]]\nservice = 'logs'\nprivate-dns = false")}
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    account.clock.advance(60)
    assert not account.truth.endpoints(vpc_id, LOGS)[0]["PrivateDnsEnabled"]


def test_a_profile_of_gateways_alone_has_no_group_and_leaves_dns_alone(account: Account) -> None:
    gateways = "[[p.endpoint]]\nservice = 's3'\ntype = 'gateway'"
    vpc_id = with_profile(account, gateways, public="a")
    with account.calls() as calls:
        done = account.converge(vpc_id)[-1]
    assert done.ending is Ending.CONVERGED
    assert account.writes(calls) == ["CreateVpcEndpoint"]
    assert done.findings == ()


def test_a_profile_that_comes_down_to_gateways_gives_up_the_group() -> None:
    account = Account(grace_seconds=0)
    vpc_id = account.vpc("ab", profile="ecs")
    account.converge(vpc_id)
    account.profiles = {**account.profiles, **parse("[[p.endpoint]]\nservice = 's3'\ntype = 'gateway'")}
    account.tag(vpc_id, profile="p")
    assert account.converge(vpc_id, at_most=30)[-1].ending is Ending.CONVERGED
    assert account.truth.owned_group(vpc_id) is None
    assert len(s3(account, vpc_id)) == 1


def test_an_ipv6_endpoint_stands_in_subnets_that_have_ipv6_alone(account: Account) -> None:
    account.ec2.aws.service(LOGS, address_types=("ipv4", "ipv6"))
    account.profiles = {
        **account.profiles,
        **parse("[p]\nip-address-type = 'ipv6'\n[[p.endpoint]]\nservice = 'logs'"),
    }
    made = account.customer.create_vpc(CidrBlock="10.1.0.0/16", AmazonProvidedIpv6CidrBlock=True)
    vpc_id = made["Vpc"]["VpcId"]
    vpc = account.customer.describe_vpcs(VpcIds=[vpc_id])["Vpcs"][0]
    prefix = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("00::/56", "")
    account.customer.create_subnet(
        VpcId=vpc_id, Ipv6Native=True, Ipv6CidrBlock=f"{prefix}00::/64", AvailabilityZone="eu-west-1a"
    )
    account.tag(vpc_id, profile="p")
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    assert account.truth.endpoints(vpc_id, LOGS)[0]["IpAddressType"] == "ipv6"
