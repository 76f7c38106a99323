"""From a tagged VPC that was broken in one way, back to what it must have."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.conclusion import Ending
from reconciler.domain.findings import Kind, Status
from sandbox.truth import APP_MESH, LOGS
from tests.account import INSTALLATION, STACK, Account

EVERYWHERE = "0.0.0.0/0"
Break = Callable[[Account, str], None]


def app_mesh(account: Account, vpc_id: str) -> str:
    return str(account.truth.endpoints(vpc_id, APP_MESH)[0]["VpcEndpointId"])


def group(account: Account, vpc_id: str) -> str:
    owned = account.truth.owned_group(vpc_id)
    assert owned is not None
    return str(owned["GroupId"])


def subnets_of(account: Account, vpc_id: str, service: str = APP_MESH) -> set[str]:
    return set(account.truth.endpoints(vpc_id, service)[0]["SubnetIds"])


def endpoint_deleted(account: Account, vpc_id: str) -> None:
    account.customer.delete_vpc_endpoints(VpcEndpointIds=[app_mesh(account, vpc_id)])


def both_endpoints_deleted(account: Account, vpc_id: str) -> None:
    ids = [each["VpcEndpointId"] for each in account.truth.endpoints(vpc_id)]
    account.customer.delete_vpc_endpoints(VpcEndpointIds=ids)


def subnet_removed(account: Account, vpc_id: str) -> None:
    account.customer.modify_vpc_endpoint(
        VpcEndpointId=app_mesh(account, vpc_id), RemoveSubnetIds=[min(subnets_of(account, vpc_id))]
    )


def subnet_in_a_new_zone(account: Account, vpc_id: str) -> None:
    account.subnet(vpc_id, "c", "10.1.50.0/24")


def wrong_subnet_attached(account: Account, vpc_id: str) -> None:
    """The endpoint stands in a public subnet of the zone instead of the private one."""
    gateway = account.attach_gateway(vpc_id)
    public = account.subnet(vpc_id, "a", "10.1.60.0/24")
    table = account.public_table(vpc_id, gateway)
    account.customer.associate_route_table(RouteTableId=table, SubnetId=public)
    endpoint = app_mesh(account, vpc_id)
    private = {each["SubnetId"] for each in account.truth.private_subnets(vpc_id)}
    zone_a = next(
        each["SubnetId"]
        for each in account.truth.private_subnets(vpc_id)
        if each["AvailabilityZone"].endswith("a") and each["SubnetId"] in private
    )
    account.customer.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveSubnetIds=[zone_a])
    account.clock.advance(60)
    account.customer.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[public])
    account.clock.advance(60)


def subnet_became_public(account: Account, vpc_id: str) -> None:
    table = account.public_table(vpc_id, account.attach_gateway(vpc_id))
    account.customer.associate_route_table(RouteTableId=table, SubnetId=min(subnets_of(account, vpc_id)))


def only_route_table_replaced(account: Account, vpc_id: str) -> None:
    """Every private subnet becomes public but a new one in the same zone."""
    table = account.public_table(vpc_id, account.attach_gateway(vpc_id))
    account.subnet(vpc_id, "a", "10.1.70.0/24")
    for subnet in subnets_of(account, vpc_id):
        account.customer.associate_route_table(RouteTableId=table, SubnetId=subnet)


def group_opened_wider(account: Account, vpc_id: str) -> None:
    for port in (443, 22):
        account.customer.authorize_security_group_ingress(
            GroupId=group(account, vpc_id), IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp=EVERYWHERE
        )


def group_opened_to_everything(account: Account, vpc_id: str) -> None:
    own = group(account, vpc_id)
    account.customer.authorize_security_group_ingress(
        GroupId=own,
        IpPermissions=[
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": own}]},
            {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
            {"IpProtocol": "udp", "FromPort": 53, "ToPort": 60, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
            {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
        ],
    )


def group_closed(account: Account, vpc_id: str) -> None:
    owned = account.truth.owned_group(vpc_id)
    assert owned is not None
    for block in (rule["CidrIp"] for rule in owned["IpPermissions"][0]["IpRanges"]):
        account.customer.revoke_security_group_ingress(
            GroupId=owned["GroupId"], IpProtocol="tcp", FromPort=443, ToPort=443, CidrIp=block
        )


def group_given_egress(account: Account, vpc_id: str) -> None:
    account.customer.authorize_security_group_egress(
        GroupId=group(account, vpc_id),
        IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": EVERYWHERE}]}],
    )


def group_detached(account: Account, vpc_id: str) -> None:
    other = account.customer.create_security_group(GroupName="other", Description="other", VpcId=vpc_id)
    for endpoint in account.truth.endpoints(vpc_id):
        account.customer.modify_vpc_endpoint(
            VpcEndpointId=endpoint["VpcEndpointId"],
            AddSecurityGroupIds=[other["GroupId"]],
            RemoveSecurityGroupIds=[group(account, vpc_id)],
        )
    account.clock.advance(60)


def group_deleted(account: Account, vpc_id: str) -> None:
    own = group(account, vpc_id)
    group_detached(account, vpc_id)
    account.customer.delete_security_group(GroupId=own)


def private_dns_off(account: Account, vpc_id: str) -> None:
    account.customer.modify_vpc_endpoint(VpcEndpointId=app_mesh(account, vpc_id), PrivateDnsEnabled=False)


def dns_support_off(account: Account, vpc_id: str) -> None:
    account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsSupport={"Value": False})


def dns_hostnames_off(account: Account, vpc_id: str) -> None:
    account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})


def owner_tags_removed(account: Account, vpc_id: str) -> None:
    owned = [group(account, vpc_id), *(each["VpcEndpointId"] for each in account.truth.endpoints(vpc_id))]
    account.customer.delete_tags(Resources=owned, Tags=[{"Key": INSTALLATION.owner_key}])


def vpc_tags_removed(account: Account, vpc_id: str) -> None:
    owned = [group(account, vpc_id), app_mesh(account, vpc_id)]
    account.customer.delete_tags(Resources=owned, Tags=[{"Key": INSTALLATION.vpc_key}])


def name_tags_removed(account: Account, vpc_id: str) -> None:
    owned = [group(account, vpc_id), app_mesh(account, vpc_id)]
    account.customer.delete_tags(Resources=owned, Tags=[{"Key": "Name"}])


def secondary_cidr_added(account: Account, vpc_id: str) -> None:
    account.customer.associate_vpc_cidr_block(VpcId=vpc_id, CidrBlock="100.64.0.0/16")
    account.subnet(vpc_id, "b", "100.64.7.0/24")


BREAKS: dict[Break, set[Kind]] = {
    endpoint_deleted: {Kind.ENDPOINT_MISSING},
    both_endpoints_deleted: {Kind.ENDPOINT_MISSING},
    subnet_removed: {Kind.ENDPOINT_SUBNET_MISSING},
    subnet_in_a_new_zone: {Kind.ENDPOINT_SUBNET_MISSING, Kind.GROUP_RULE_MISSING},
    wrong_subnet_attached: {Kind.ENDPOINT_SUBNET_EXTRA, Kind.ENDPOINT_SUBNET_MISSING},
    subnet_became_public: {Kind.ENDPOINT_SUBNET_EXTRA, Kind.GROUP_RULE_EXTRA},
    only_route_table_replaced: {Kind.ENDPOINT_SUBNET_EXTRA, Kind.ENDPOINT_SUBNET_MISSING},
    group_opened_wider: {Kind.GROUP_RULE_EXTRA},
    group_opened_to_everything: {Kind.GROUP_RULE_EXTRA},
    group_closed: {Kind.GROUP_RULE_MISSING},
    group_given_egress: {Kind.GROUP_EGRESS},
    group_detached: {Kind.ENDPOINT_GROUP_MISSING},
    group_deleted: {Kind.GROUP_MISSING, Kind.ENDPOINT_GROUP_MISSING},
    private_dns_off: {Kind.PRIVATE_DNS_OFF},
    dns_support_off: {Kind.DNS_SUPPORT_OFF},
    dns_hostnames_off: {Kind.DNS_HOSTNAMES_OFF},
    owner_tags_removed: {Kind.TAGS_MISSING},
    vpc_tags_removed: {Kind.TAGS_MISSING},
    name_tags_removed: {Kind.TAGS_MISSING},
    secondary_cidr_added: {Kind.GROUP_RULE_MISSING},
}


@pytest.mark.parametrize("break_", BREAKS, ids=lambda break_: break_.__name__)
def test_heals(account: Account, break_: Break) -> None:
    vpc_id = account.converged_vpc("ab")
    break_(account, vpc_id)
    assert account.truth.faults(vpc_id) != [], "the break broke nothing"

    made = account.converge(vpc_id)

    assert account.truth.faults(vpc_id) == []
    assert made[-1].ending is Ending.CONVERGED
    remediated = {
        each.finding.kind for done in made for each in done.findings if each.status is Status.REMEDIATED
    }
    assert BREAKS[break_] <= remediated
    assert len(account.truth.endpoints(vpc_id, APP_MESH)) == 1


def test_a_new_vpc_gets_everything_at_once(account: Account) -> None:
    vpc_id = account.vpc("abc")
    first = account.one_run(vpc_id)
    assert {each.status for each in first.findings} == {Status.REMEDIATED, Status.IMPAIRED}
    account.clock.advance(120)
    assert account.truth.faults(vpc_id) == []
    assert len(account.truth.endpoints(vpc_id, LOGS)[0]["SubnetIds"]) == 3


def test_what_is_made_bears_the_owner_and_name_tags(account: Account) -> None:
    vpc_id = account.converged_vpc()
    for resource in (group(account, vpc_id), app_mesh(account, vpc_id)):
        tags = account.ec2.tags_of(resource)
        assert tags[INSTALLATION.owner_key] == STACK
        assert tags["Name"].startswith(f"{STACK}/")


def test_adjacent_subnets_share_one_rule(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    owned = account.truth.owned_group(vpc_id)
    assert owned is not None
    assert [rule["IpRanges"][0]["CidrIp"] for rule in owned["IpPermissions"]] == ["10.1.0.0/23"]


def test_a_converged_vpc_costs_at_most_nine_reads_and_no_write(account: Account) -> None:
    vpc_id = account.converged_vpc("abc", public="a")
    with account.calls() as calls:
        done = account.one_run(vpc_id)
    assert done.ending is Ending.CONVERGED
    assert len(calls) <= 9
    assert account.writes(calls) == []


def test_an_internet_gateway_makes_the_logs_endpoint_needless_and_it_is_not_made(account: Account) -> None:
    vpc_id = account.converged_vpc("ab", public="a")
    assert account.truth.endpoints(vpc_id, LOGS) == []


def test_a_detached_gateway_makes_the_logs_endpoint_needed(account: Account) -> None:
    vpc_id = account.converged_vpc("ab", public="a")
    gateways = account.customer.describe_internet_gateways()["InternetGateways"]
    for gateway in gateways:
        for attachment in gateway["Attachments"]:
            if attachment["VpcId"] == vpc_id:
                account.customer.detach_internet_gateway(
                    InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc_id
                )
    account.converge(vpc_id)
    assert len(account.truth.endpoints(vpc_id, LOGS)) == 1
    assert account.truth.faults(vpc_id) == []


def test_an_owned_logs_endpoint_that_is_no_longer_needed_is_kept_kept_right_and_reported(
    account: Account,
) -> None:
    vpc_id = account.converged_vpc("ab")
    logs = account.truth.endpoints(vpc_id, LOGS)[0]["VpcEndpointId"]
    account.attach_gateway(vpc_id)
    account.customer.modify_vpc_endpoint(VpcEndpointId=logs, PrivateDnsEnabled=False)

    made = account.converge(vpc_id)

    assert made[-1].ending is Ending.CONVERGED
    assert Kind.SURPLUS in {each.finding.kind for each in made[-1].findings}
    kept = account.truth.endpoints(vpc_id, LOGS)
    assert [(each["VpcEndpointId"], each["PrivateDnsEnabled"]) for each in kept] == [(logs, True)]


def test_443_stays_open_to_a_subnet_while_its_rule_is_replaced_by_a_wider_one(account: Account) -> None:
    vpc_id = account.converged_vpc("a")
    account.subnet(vpc_id, "b", "10.1.1.0/24")
    with account.calls() as calls:
        account.one_run(vpc_id)
    writes = account.writes(calls)
    assert writes.index("AuthorizeSecurityGroupIngress") < writes.index("RevokeSecurityGroupIngress")


def test_an_endpoint_in_its_only_zone_stays_where_it_serves_until_there_is_another_zone(
    account: Account,
) -> None:
    vpc_id = account.converged_vpc("a")
    before = subnets_of(account, vpc_id)
    only_route_table_replaced(account, vpc_id)
    done = account.converge(vpc_id)[-1]
    assert done.ending is Ending.CONVERGED
    noted = {each.finding.kind for each in done.findings if each.status is Status.INFORMATIONAL}
    assert Kind.ENDPOINT_SUBNET_EXTRA in noted
    assert subnets_of(account, vpc_id) == before

    account.subnet(vpc_id, "b", "10.1.71.0/24")
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    assert account.truth.faults(vpc_id) == []


def test_an_endpoint_that_leaves_two_zones_is_never_without_a_subnet(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    table = account.public_table(vpc_id, account.attach_gateway(vpc_id))
    old = subnets_of(account, vpc_id)
    for zone, cidr in (("a", "10.1.80.0/24"), ("b", "10.1.81.0/24")):
        account.subnet(vpc_id, zone, cidr)
    for subnet in old:
        account.customer.associate_route_table(RouteTableId=table, SubnetId=subnet)
    seen = []
    done = account.one_run(vpc_id)
    while done.ending is Ending.REQUEUED:
        account.clock.advance(60)
        seen.append(len(subnets_of(account, vpc_id)))
        done = account.one_run(vpc_id, None)
        assert len(seen) < 20
    assert min(seen) >= 1
    assert account.truth.faults(vpc_id) == []
    assert subnets_of(account, vpc_id).isdisjoint(old)
