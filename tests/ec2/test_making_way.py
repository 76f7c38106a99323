"""A refused deletion: what is owned steps aside where nothing else stands in the way, and only there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reconciler.conclusion import Ending, Run
from reconciler.domain.findings import Kind, Reason, Status
from reconciler.messages import RunRequest
from sandbox.truth import APP_MESH
from tests.account import INSTALLATION, Account
from tests.unit.fakes import refusal

HOUR = 3600


def subnets_of(account: Account, vpc_id: str) -> list[str]:
    return sorted(each["SubnetId"] for each in account.truth.private_subnets(vpc_id))


def endpoints(account: Account, vpc_id: str) -> dict[str, list[str]]:
    """The subnets of each endpoint, by its id."""
    return {each["VpcEndpointId"]: sorted(each["SubnetIds"]) for each in account.truth.endpoints(vpc_id)}


def refused(account: Account, vpc_id: str, resource: str) -> RunRequest:
    """The run that someone's refused deletion asks for."""
    delete: dict[str, Callable[[], Any]] = {
        "vpc": lambda: account.customer.delete_vpc(VpcId=resource),
        "subnet": lambda: account.customer.delete_subnet(SubnetId=resource),
        "sg": lambda: account.customer.delete_security_group(GroupId=resource),
    }
    with pytest.raises(ClientError, match="DependencyViolation"):
        delete[resource.partition("-")[0]]()
    return RunRequest(vpc_id, int(account.clock.now() * 1000), refused=(resource,))


def make_way(account: Account, vpc_id: str, *resources: str) -> Run:
    """Each refused deletion has a run; those run until nothing is requeued, and AWS is through."""
    requests = [refused(account, vpc_id, each) for each in resources]
    done = [account.converge(vpc_id, request=each)[-1] for each in requests][-1]
    account.clock.advance(300)
    return done


def an_instance_in(account: Account, subnet: str) -> str:
    """A network interface of someone else's."""
    made = account.customer.create_network_interface(SubnetId=subnet, Description="web server")
    return made["NetworkInterface"]["NetworkInterfaceId"]


def found(done: Run, kind: Kind) -> str:
    return " | ".join(each.finding.found for each in done.findings if each.finding.kind is kind)


# ---- a subnet


def test_an_endpoint_steps_aside_to_the_zones_that_are_left(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    first, second = subnets_of(account, vpc_id)
    before = set(endpoints(account, vpc_id))
    done = make_way(account, vpc_id, first)
    assert endpoints(account, vpc_id) == {each: [second] for each in before}
    assert done.ending is Ending.CONVERGED
    account.customer.delete_subnet(SubnetId=first)


def test_an_endpoint_is_given_another_subnet_before_its_last_one_is_taken_off(account: Account) -> None:
    vpc_id = account.converged_vpc("a")
    (only,) = subnets_of(account, vpc_id)
    before = set(endpoints(account, vpc_id))
    other = account.subnet(vpc_id, "b", "10.1.40.0/24")
    with account.calls() as calls:
        make_way(account, vpc_id, only)
    assert endpoints(account, vpc_id) == {each: [other] for each in before}
    modified = [call.request.params for call in calls if call.request.action == "ModifyVpcEndpoint"]
    for params in modified:
        if only in params.get("RemoveSubnetIds", []):
            assert params.get("AddSubnetIds") or any(
                other in each.get("AddSubnetIds", []) for each in modified
            )


def test_a_subnet_that_was_left_is_stood_in_again_after_the_hour(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    first, second = subnets_of(account, vpc_id)
    make_way(account, vpc_id, first)
    until = datetime.fromisoformat(account.ec2.tags_of(first)[INSTALLATION.released_key])
    assert 0 < (until - datetime.fromtimestamp(account.clock.now(), UTC)).total_seconds() <= HOUR
    account.converge(vpc_id)
    assert set(map(tuple, endpoints(account, vpc_id).values())) == {(second,)}
    account.clock.advance(HOUR)
    account.converge(vpc_id)
    assert set(map(tuple, endpoints(account, vpc_id).values())) == {(first, second)}
    assert account.truth.faults(vpc_id) == []


def test_where_someone_elses_interface_stands_in_the_subnet_nothing_changes_and_it_is_named(
    account: Account,
) -> None:
    vpc_id = account.converged_vpc("ab")
    first, _ = subnets_of(account, vpc_id)
    theirs = an_instance_in(account, first)
    before = endpoints(account, vpc_id)
    with account.calls() as calls:
        done = make_way(account, vpc_id, first)
    assert account.writes(calls) == []
    assert endpoints(account, vpc_id) == before
    assert theirs in found(done, Kind.DELETION_REFUSED)


def test_an_endpoint_in_its_last_subnet_stays_while_others_need_it_and_a_finding_says_why(
    account: Account,
) -> None:
    vpc_id = account.converged_vpc("a", "a")
    (only,) = subnets_of(account, vpc_id)
    public = next(
        each["SubnetId"]
        for each in account.ec2.truth("DescribeSubnets", Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])[
            "Subnets"
        ]
        if each["SubnetId"] != only
    )
    theirs = an_instance_in(account, public)
    before = endpoints(account, vpc_id)
    done = make_way(account, vpc_id, only)
    assert endpoints(account, vpc_id) == before
    assert done.ending is Ending.BLOCKED
    (why,) = [each for each in done.findings if each.status is Status.BLOCKED]
    assert why.reason is Reason.IN_USE
    assert theirs in why.finding.found


def test_an_endpoint_in_its_last_subnet_goes_where_nobody_else_is_left(account: Account) -> None:
    vpc_id = account.converged_vpc("a", "b")
    (only,) = subnets_of(account, vpc_id)
    make_way(account, vpc_id, only)
    assert endpoints(account, vpc_id) == {}
    assert account.truth.owned_group(vpc_id) is not None
    account.customer.delete_subnet(SubnetId=only)


@pytest.mark.parametrize("ledger", ["there", "gone"])
def test_several_subnets_that_are_refused_at_once_are_all_served(account: Account, ledger: str) -> None:
    vpc_id = account.converged_vpc("abc")
    if ledger == "gone":
        account.dynamo.error = refusal("AccessDeniedException")
    subnets = subnets_of(account, vpc_id)
    make_way(account, vpc_id, *subnets)
    for each in subnets:
        account.customer.delete_subnet(SubnetId=each)


# ---- a security group


def test_someone_elses_group_is_taken_off_and_ours_stays(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    (mesh,) = account.truth.endpoints(vpc_id, APP_MESH)
    theirs = account.customer.create_security_group(GroupName="app", Description="app", VpcId=vpc_id)[
        "GroupId"
    ]
    account.customer.modify_vpc_endpoint(VpcEndpointId=mesh["VpcEndpointId"], AddSecurityGroupIds=[theirs])
    account.clock.advance(60)
    make_way(account, vpc_id, theirs)
    (mesh,) = account.truth.endpoints(vpc_id, APP_MESH)
    ours = account.truth.owned_group(vpc_id)
    assert ours is not None
    assert [each["GroupId"] for each in mesh["Groups"]] == [ours["GroupId"]]
    account.customer.delete_security_group(GroupId=theirs)


def test_the_refused_deletion_of_our_own_group_changes_nothing_and_says_so(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    ours = account.truth.owned_group(vpc_id)
    assert ours is not None
    with account.calls() as calls:
        done = make_way(account, vpc_id, ours["GroupId"])
    assert account.writes(calls) == []
    assert "owned security group" in found(done, Kind.DELETION_REFUSED)


# ---- the VPC


def test_a_mistaken_deletion_of_a_vpc_that_is_in_use_changes_nothing_and_names_what_stands_there(
    account: Account,
) -> None:
    vpc_id = account.converged_vpc("ab")
    before = endpoints(account, vpc_id)
    with account.calls() as calls:
        done = make_way(account, vpc_id, vpc_id)
    assert account.writes(calls) == []
    assert endpoints(account, vpc_id) == before
    assert subnets_of(account, vpc_id)[0] in found(done, Kind.DELETION_REFUSED)


def emptied(account: Account) -> str:
    """A VPC whose subnets have been deleted, and in which the owned group is left."""
    vpc_id = account.converged_vpc("ab")
    subnets = subnets_of(account, vpc_id)
    make_way(account, vpc_id, *subnets)
    for each in subnets:
        account.customer.delete_subnet(SubnetId=each)
    account.converge(vpc_id)
    return vpc_id


def test_a_vpc_in_which_only_what_is_owned_is_left_can_be_deleted(account: Account) -> None:
    vpc_id = emptied(account)
    assert make_way(account, vpc_id, vpc_id).ending is Ending.LEFT_ALONE
    account.customer.delete_vpc(VpcId=vpc_id)
    assert account.one_run(vpc_id).ending is Ending.GONE


def test_a_vpc_that_made_way_and_still_stands_after_the_hour_is_healed_again(account: Account) -> None:
    vpc_id = emptied(account)
    make_way(account, vpc_id, vpc_id)
    assert account.truth.owned_group(vpc_id) is None
    account.subnet(vpc_id, "a", "10.1.50.0/24")
    assert account.converge(vpc_id)[-1].ending is Ending.LEFT_ALONE
    account.clock.advance(HOUR)
    assert vpc_id in account.sweep().drifted
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    assert account.truth.faults(vpc_id) == []


def test_a_second_refusal_gives_another_hour(account: Account) -> None:
    vpc_id = emptied(account)
    request = refused(account, vpc_id, vpc_id)
    account.one_run(vpc_id, request)
    first = account.ec2.tags_of(vpc_id)[INSTALLATION.released_key]
    account.clock.advance(1)
    account.customer.create_security_group(GroupName="x", Description="x", VpcId=vpc_id)
    account.one_run(vpc_id, request)
    assert account.ec2.tags_of(vpc_id)[INSTALLATION.released_key] >= first


def test_a_vpc_with_a_typo_in_its_profile_can_be_deleted_too(account: Account) -> None:
    vpc_id = emptied(account)
    account.tag(vpc_id, profile="apmesh")
    make_way(account, vpc_id, vpc_id)
    account.customer.delete_vpc(VpcId=vpc_id)


def test_a_vpc_with_nothing_owned_in_it_is_not_marked(account: Account) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.faults.deny("CreateSecurityGroup")
    account.ec2.faults.deny("CreateVpcEndpoint")
    make_way(account, vpc_id, vpc_id)
    assert INSTALLATION.released_key not in account.ec2.tags_of(vpc_id)


# ---- what goes wrong


@pytest.mark.parametrize("action", ["DescribeSubnets", "DescribeNetworkInterfaces", "CreateTags"])
def test_making_way_that_fails_at_first_is_not_forgotten(account: Account, action: str) -> None:
    vpc_id = account.converged_vpc("ab")
    first, second = subnets_of(account, vpc_id)
    request = refused(account, vpc_id, first)
    account.ec2.faults.before(action, "RequestLimitExceeded")
    done = account.one_run(vpc_id, request)
    assert done.ending is Ending.REQUEUED
    account.clock.advance(60)
    account.converge(vpc_id, request=account.next_request(done))
    assert set(map(tuple, endpoints(account, vpc_id).values())) == {(second,)}


def test_making_way_that_is_refused_for_good_is_reported_and_nothing_is_taken_down(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    first, _ = subnets_of(account, vpc_id)
    request = refused(account, vpc_id, first)
    account.ec2.faults.deny("CreateTags")
    done = account.one_run(vpc_id, request)
    assert Kind.RELEASED in {each.finding.kind for each in done.findings if each.status is Status.BLOCKED}
    assert account.truth.faults(vpc_id) == []


def test_where_ec2_does_not_let_go_of_the_last_subnet_the_endpoint_goes(account: Account) -> None:
    """Whether EC2 takes the last one off is not known (facts, section 14): it is not asked to."""
    vpc_id = account.converged_vpc("a")
    (only,) = subnets_of(account, vpc_id)
    with account.calls() as calls:
        make_way(account, vpc_id, only)
    assert "ModifyVpcEndpoint" not in account.writes(calls)
    assert "DeleteVpcEndpoints" in account.writes(calls)
    account.customer.delete_subnet(SubnetId=only)


def test_in_audit_mode_making_way_is_only_reported(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    first, _ = subnets_of(account, vpc_id)
    account.tag(vpc_id, mode="audit")
    with account.calls() as calls:
        done = make_way(account, vpc_id, first)
    assert account.writes(calls) == []
    assert Kind.RELEASED in {each.finding.kind for each in done.findings}


def test_an_endpoint_whose_last_subnet_cannot_be_marked_does_not_go(account: Account) -> None:
    vpc_id = account.converged_vpc("a")
    (only,) = subnets_of(account, vpc_id)
    request = refused(account, vpc_id, only)
    account.ec2.faults.deny("CreateTags")
    with account.calls() as calls:
        account.one_run(vpc_id, request)
    assert "DeleteVpcEndpoints" not in account.writes(calls)


def test_in_a_vpc_with_a_typo_in_its_profile_a_lost_mark_is_put_back_so_that_it_can_make_way(
    account: Account,
) -> None:
    vpc_id = account.converged_vpc("ab")
    first, second = subnets_of(account, vpc_id)
    account.tag(vpc_id, profile="apmesh")
    (mesh,) = account.truth.endpoints(vpc_id, APP_MESH)
    account.customer.delete_tags(Resources=[mesh["VpcEndpointId"]], Tags=[{"Key": INSTALLATION.owner_key}])
    make_way(account, vpc_id, first)
    assert set(map(tuple, endpoints(account, vpc_id).values())) == {(second,)}


def test_someone_elses_group_that_a_server_stands_behind_too_stays_and_the_server_is_named(
    account: Account,
) -> None:
    vpc_id = account.converged_vpc("ab")
    first, _ = subnets_of(account, vpc_id)
    (mesh,) = account.truth.endpoints(vpc_id, APP_MESH)
    made = account.customer.create_security_group(GroupName="app", Description="app", VpcId=vpc_id)
    theirs = made["GroupId"]
    account.customer.modify_vpc_endpoint(VpcEndpointId=mesh["VpcEndpointId"], AddSecurityGroupIds=[theirs])
    server = account.customer.create_network_interface(SubnetId=first, Groups=[theirs])["NetworkInterface"]
    account.clock.advance(60)
    with account.calls() as calls:
        done = make_way(account, vpc_id, theirs)
    assert account.writes(calls) == []
    assert server["NetworkInterfaceId"] in found(done, Kind.DELETION_REFUSED)
