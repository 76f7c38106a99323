"""What the observer sees of an account, in how many calls."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from reconciler.domain.model import AddressType
from sandbox.truth import APP_MESH, LOGS
from tests.account import INSTALLATION, Account


def test_one_vpc_is_seen_with_all_that_stands_in_it(account: Account) -> None:
    vpc_id = account.converged_vpc("ab", "c")
    seen = account.observer.one(vpc_id, account.profiles)
    assert seen is not None
    assert (seen.vpc.id, seen.vpc.dns_support, seen.vpc.dns_hostnames) == (vpc_id, True, True)
    assert len(seen.subnets) == 3
    assert len(seen.internet_gateway_ids) == 1
    assert {endpoint.service_name for endpoint in seen.endpoints} == {APP_MESH}
    assert [endpoint.address_type for endpoint in seen.endpoints] == [AddressType.IPV4]
    assert {group.name for group in seen.groups} == {"default", INSTALLATION.group_name}
    assert {subnet for acl in seen.network_acls for subnet in acl.subnet_ids} == {s.id for s in seen.subnets}
    assert seen.interfaces is None
    assert {APP_MESH, LOGS} <= set(seen.services)


def test_a_vpc_that_is_gone_is_none_among_one_and_left_out_among_many(account: Account) -> None:
    vpc_id = account.vpc()
    assert account.observer.one("vpc-0000000000000000f", account.profiles) is None
    found = account.observer.many([vpc_id, "vpc-0000000000000000f"], account.profiles)
    assert [seen.vpc.id for seen in found] == [vpc_id]


def test_many_vpcs_cost_two_calls_each_for_their_attributes_and_no_other(account: Account) -> None:
    vpc_ids = [account.vpc(number=number) for number in range(1, 5)]
    account.observer.many(vpc_ids, account.profiles)
    with account.calls() as calls:
        found = account.observer.many(vpc_ids, account.profiles)
    assert sorted(seen.vpc.id for seen in found) == sorted(vpc_ids)
    actions = [call.action for call in calls]
    assert actions.count("DescribeVpcAttribute") == 2 * len(vpc_ids)
    assert len(actions) == 2 * len(vpc_ids) + 7


def test_what_the_region_offers_is_asked_once_in_a_quarter_of_an_hour(account: Account) -> None:
    vpc_id = account.vpc()
    asked = []
    for seconds in (0, 14 * 60, 61):
        account.clock.advance(seconds)
        with account.calls() as calls:
            account.observer.one(vpc_id, account.profiles)
        asked.append([call.action for call in calls].count("DescribeVpcEndpointServices"))
    assert asked == [1, 0, 1]


def test_a_refused_read_is_raised(account: Account) -> None:
    vpc_id = account.vpc()
    account.ec2.faults.deny("DescribeRouteTables")
    with pytest.raises(ClientError, match="DescribeRouteTables"):
        account.observer.one(vpc_id, account.profiles)


def test_vpcs_whose_attributes_are_taken_to_be_on_cost_no_calls_for_them(account: Account) -> None:
    vpc_ids = [account.vpc(number=number) for number in (1, 2, 3)]
    for each in vpc_ids:
        account.customer.modify_vpc_attribute(VpcId=each, EnableDnsHostnames={"Value": False})
    with account.calls() as calls:
        found = account.observer.many(vpc_ids, account.profiles, {vpc_ids[1], "vpc-0000000000000000f"})
    read = {call.params["VpcId"] for call in calls if call.action == "DescribeVpcAttribute"}
    assert read == {vpc_ids[0], vpc_ids[2]}
    seen = {each.vpc.id: (each.vpc.dns_support, each.vpc.dns_hostnames) for each in found}
    assert seen == {vpc_ids[0]: (True, False), vpc_ids[1]: (True, True), vpc_ids[2]: (True, False)}
