"""From what an event touched to the opted-in VPCs, in an account with others beside them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from reconciler.domain.trail import ResourceType, Touched
from reconciler.ec2.locate import EVERYWHERE, Located, Locator
from tests.account import INSTALLATION, Account

NONE = Located(frozenset())


def touched(
    name: str, ids: Iterable[str] = (), kind: ResourceType = ResourceType.VPC, **more: Any
) -> Touched:
    found = {kind: frozenset(ids)} if ids else {}
    return Touched("event-1", name, datetime.now(UTC), "111122223333", "eu-west-1", found, **more)


def locator(account: Account) -> Locator:
    return Locator(account.reconciler, INSTALLATION, account.clock.now)


def only(*vpc_ids: str) -> Located:
    return Located(frozenset(vpc_ids))


def test_a_vpc_is_looked_at_where_it_has_opted_in(account: Account) -> None:
    ours, other = account.vpc(number=1), account.vpc(number=2, profile=None)
    assert locator(account).locate(touched("ModifyVpcAttribute", [ours, other])) == only(ours)


def test_what_the_event_itself_says_of_the_opt_in_is_not_asked_again(account: Account) -> None:
    vpc_id = account.vpc(profile=None)
    with account.calls() as calls:
        event = touched("ModifyVpcAttribute", [vpc_id], names_our_tags=True)
        assert locator(account).locate(event) == only(vpc_id)
    assert calls == []


def test_a_refused_deletion_is_looked_at_where_the_vpc_has_opted_in_or_something_is_owned(
    account: Account,
) -> None:
    opted_in, left, other = (
        account.vpc(),
        account.converged_vpc(number=2),
        account.vpc(profile=None, number=3),
    )
    account.customer.delete_tags(Resources=[left], Tags=[{"Key": INSTALLATION.profile_key}])
    event = touched("DeleteVpc", [opted_in, left, other], deletion_refused=True)
    assert locator(account).locate(event) == only(opted_in, left)


def test_the_refused_deletion_of_anyones_group_or_subnet_leads_to_its_vpc(account: Account) -> None:
    vpc_id = account.vpc()
    theirs = account.customer.create_security_group(GroupName="app", Description="app", VpcId=vpc_id)
    subnet = account.truth.private_subnets(vpc_id)[0]["SubnetId"]
    for name, resource, kind in (
        ("DeleteSecurityGroup", theirs["GroupId"], ResourceType.GROUP),
        ("DeleteSubnet", subnet, ResourceType.SUBNET),
    ):
        event = touched(name, [resource], kind, deletion_refused=True)
        assert locator(account).locate(event) == only(vpc_id)


def test_the_opt_in_is_remembered_for_a_minute(account: Account) -> None:
    vpc_id, finds = account.vpc(), locator(account)
    asked = []
    for seconds in (0, 59, 2):
        account.clock.advance(seconds)
        with account.calls() as calls:
            assert finds.locate(touched("ModifyVpcAttribute", [vpc_id])) == only(vpc_id)
        asked.append(len(calls))
    assert asked == [1, 0, 1]


def test_a_subnet_and_a_route_table_lead_to_their_vpc(account: Account) -> None:
    vpc_id = account.vpc("a")
    subnet = account.truth.private_subnets(vpc_id)[0]["SubnetId"]
    table = account.customer.create_route_table(VpcId=vpc_id)["RouteTable"]["RouteTableId"]
    found = locator(account)
    assert found.locate(touched("DeleteRoute", [table], ResourceType.ROUTE_TABLE)) == only(vpc_id)
    assert found.locate(touched("AssociateSubnetCidrBlock", [subnet], ResourceType.SUBNET)) == only(vpc_id)


def test_a_resource_that_is_gone_may_have_been_of_any_vpc(account: Account) -> None:
    account.vpc()
    gone = touched("DeleteSubnet", ["subnet-0000000000000000f"], ResourceType.SUBNET)
    assert locator(account).locate(gone) == EVERYWHERE
    assert locator(account).locate(touched("DisassociateRouteTable")) == EVERYWHERE


def test_someone_elses_security_group_leads_nowhere(account: Account) -> None:
    vpc_id = account.converged_vpc()
    theirs = account.customer.create_security_group(GroupName="web", Description="web", VpcId=vpc_id)[
        "GroupId"
    ]
    ours = account.truth.owned_group(vpc_id)
    assert ours is not None
    rules, finds = "AuthorizeSecurityGroupIngress", locator(account)
    assert finds.locate(touched(rules, [theirs], ResourceType.GROUP)) == NONE
    assert finds.locate(touched(rules, [ours["GroupId"]], ResourceType.GROUP)) == only(vpc_id)


def test_a_deleted_security_group_was_of_a_vpc_that_has_none_now(account: Account) -> None:
    account.converged_vpc(number=1)
    without = account.vpc(number=2)
    deleted = touched("DeleteSecurityGroup", ["sg-0000000000000000f"], ResourceType.GROUP)
    assert locator(account).locate(deleted) == only(without)


def test_a_refused_look_up_loses_nothing(account: Account) -> None:
    vpc_id = account.vpc()
    account.ec2.faults.deny("DescribeVpcs")
    account.ec2.faults.deny("DescribeSubnets")
    assert locator(account).locate(touched("ModifyVpcAttribute", [vpc_id])) == only(vpc_id)
    lost = touched("CreateSubnet", ["subnet-0000000000000000f"], ResourceType.SUBNET)
    assert locator(account).locate(lost) == EVERYWHERE
