"""The index of the VPCs that matter, read from EC2, in an account with others beside them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from reconciler.domain.index import Index
from reconciler.ec2 import errors
from reconciler.ec2.index import IndexReader
from tests.account import INSTALLATION, Account


def read(account: Account, also: Iterable[str] = ()) -> Index:
    return IndexReader(account.reconciler, INSTALLATION, account.clock.now).read(also)


def of(account: Account, vpc_id: str) -> set[str]:
    """All that a VPC has whose id an event may name, by EC2's own word."""
    ec2, among = account.customer, [{"Name": "vpc-id", "Values": [vpc_id]}]
    filters: Any = among
    tables = ec2.describe_route_tables(Filters=filters)["RouteTables"]
    return {
        vpc_id,
        *(each["SubnetId"] for each in ec2.describe_subnets(Filters=filters)["Subnets"]),
        *(each["RouteTableId"] for each in tables),
        *(each["RouteTableAssociationId"] for table in tables for each in table["Associations"]),
        *(each["VpcEndpointId"] for each in ec2.describe_vpc_endpoints(Filters=filters)["VpcEndpoints"]),
        *(each["GroupId"] for each in ec2.describe_security_groups(Filters=filters)["SecurityGroups"]),
    }


def test_it_has_all_that_the_vpcs_have_that_matter_and_nothing_of_others(account: Account) -> None:
    opted_in, left, misspelt, other = (
        account.vpc("ab", "a"),
        account.converged_vpc(number=2),
        account.vpc(profile=None, number=3),
        account.vpc(profile=None, number=4),
    )
    account.customer.delete_tags(Resources=[left], Tags=[{"Key": INSTALLATION.profile_key}])
    account.tag(misspelt, profil="appmesh")
    index = read(account)
    expected = {each: vpc_id for vpc_id in (opted_in, left, misspelt) for each in of(account, vpc_id)}
    assert index.vpc_of == expected
    assert other not in index.vpc_of
    assert any(each.startswith("rtbassoc-") for each in index.vpc_of)


def test_a_vpc_that_ec2_shows_without_its_tag_is_in_it_where_an_event_says_that_it_matters(
    account: Account,
) -> None:
    vpc_id = account.vpc(profile=None)
    assert set(read(account, [vpc_id]).vpc_of) == of(account, vpc_id)
    assert read(account, ["vpc-0123456789abcdef0"]).vpc_of == {
        "vpc-0123456789abcdef0": "vpc-0123456789abcdef0"
    }


def test_groups_are_ours_by_their_name_or_by_the_owner_tag(account: Account) -> None:
    vpc_id = account.converged_vpc()
    ours = account.truth.owned_group(vpc_id)
    assert ours
    make = account.customer.create_security_group
    numbered = make(GroupName=f"{INSTALLATION.group_name}-2", Description="x", VpcId=vpc_id)["GroupId"]
    tagged = make(GroupName="tagged", Description="x", VpcId=vpc_id)["GroupId"]
    account.customer.create_tags(
        Resources=[tagged], Tags=[{"Key": INSTALLATION.owner_key, "Value": INSTALLATION.id}]
    )
    theirs = make(GroupName="web", Description="x", VpcId=vpc_id)["GroupId"]
    foreign = make(GroupName="theirs", Description="x", VpcId=vpc_id)["GroupId"]
    account.customer.create_tags(
        Resources=[foreign], Tags=[{"Key": INSTALLATION.owner_key, "Value": "another"}]
    )
    index = read(account)
    assert index.ours == {ours["GroupId"], numbered, tagged}
    assert {theirs, foreign} <= set(index.vpc_of)


def test_it_was_read_when_the_reading_began(account: Account) -> None:
    """What came to be while it was read may be in it or not."""
    account.vpc()
    began = len(account.ec2.calls)
    reader = IndexReader(account.reconciler, INSTALLATION, lambda: float(len(account.ec2.calls)))
    assert reader.read().read_at == began < len(account.ec2.calls)


def test_it_costs_seven_calls_up_to_two_hundred_vpcs(account: Account) -> None:
    for number in range(1, 6):
        account.vpc("a", number=number)
    with account.calls() as calls:
        read(account)
    assert [call.request.action for call in calls].count("DescribeVpcs") == 1
    assert len(calls) == 7


@pytest.mark.parametrize("action", ["DescribeVpcs", "DescribeRouteTables", "DescribeSecurityGroups"])
def test_a_refused_read_is_no_index(account: Account, action: str) -> None:
    account.vpc()
    account.ec2.faults.deny(action)
    with pytest.raises(errors.ERRORS):
        read(account)
