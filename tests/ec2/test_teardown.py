"""What is owned goes when the VPC no longer asks for it, in the order that EC2 wants, and nothing is left.

Here without a grace period; `test_late_deletion` is about when.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.conclusion import Ending
from reconciler.domain.findings import Kind, Status
from reconciler.domain.profile import EndpointSpec, Profile, Surplus, When
from reconciler.sweep import Sweep
from sandbox.truth import APP_MESH, LOGS
from tests.account import Account


@pytest.fixture
def account() -> Account:
    return Account(grace_seconds=0)


def test_an_untagged_vpc_is_left_with_nothing_of_ours(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.opt_out(vpc_id)
    with account.calls() as calls:
        made = account.converge(vpc_id)
    account.clock.advance(300)
    assert made[-1].ending is Ending.LEFT_ALONE
    assert account.owned(vpc_id) == []
    writes = account.writes(calls)
    assert writes.index("DeleteSecurityGroup") > writes.index("DeleteVpcEndpoints")
    assert [call.request.action for call in calls if call.error_code] == []
    assert account.truth.endpoints(vpc_id) == []


def test_the_vpcs_attributes_stay_when_the_tag_goes(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.opt_out(vpc_id)
    account.converge(vpc_id)
    answer = account.customer.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsHostnames")
    assert answer["EnableDnsHostnames"]["Value"]


def test_an_adopted_endpoint_is_given_back_as_it_was_found(account: Account) -> None:
    vpc_id = account.vpc("ab")
    theirs = account.customer.create_security_group(GroupName="theirs", Description="theirs", VpcId=vpc_id)
    subnet = account.truth.private_subnets(vpc_id)[0]["SubnetId"]
    endpoint = account.customer.create_vpc_endpoint(
        VpcId=vpc_id,
        VpcEndpointType="Interface",
        ServiceName=APP_MESH,
        SubnetIds=[subnet],
        SecurityGroupIds=[theirs["GroupId"]],
    )["VpcEndpoint"]["VpcEndpointId"]
    account.converge(vpc_id)
    account.opt_out(vpc_id)
    account.converge(vpc_id, at_most=30)
    (kept,) = account.truth.endpoints(vpc_id)
    assert kept["VpcEndpointId"] == endpoint
    assert [group["GroupId"] for group in kept["Groups"]] == [theirs["GroupId"]]
    assert kept["SubnetIds"] == [subnet]
    assert not kept["PrivateDnsEnabled"]
    assert account.owned(vpc_id) == []


def test_an_audited_vpc_is_not_taken_down_but_reported(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.tag(vpc_id, mode="audit")
    account.opt_out(vpc_id)
    with account.calls() as calls:
        done = account.one_run(vpc_id)
    assert account.writes(calls) == []
    assert Kind.NOT_WANTED in {each.finding.kind for each in done.findings}


def test_a_typo_in_the_profile_takes_nothing_down(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.tag(vpc_id, profile="apmesh")
    account.converge(vpc_id)
    assert account.truth.faults(vpc_id) == []


def test_a_profile_that_wants_less_takes_down_the_rest_and_keeps_the_group(account: Account) -> None:
    account.profiles = {**account.profiles, "logs": Profile("logs", (EndpointSpec("logs"),))}
    vpc_id = account.converged_vpc("ab")
    account.tag(vpc_id, profile="logs")
    account.converge(vpc_id)
    account.clock.advance(300)
    assert [each["ServiceName"] for each in account.truth.endpoints(vpc_id)] == [LOGS]
    assert account.truth.owned_group(vpc_id) is not None


def test_surplus_remove_takes_down_what_is_no_longer_required(account: Account) -> None:
    specs = (EndpointSpec("appmesh-envoy-management"), EndpointSpec("logs", When.NO_INTERNET_GATEWAY))
    lean = Profile("lean", specs, surplus=Surplus.REMOVE)
    account.profiles = {**account.profiles, "lean": lean, "fat": replace(lean, surplus=Surplus.KEEP)}
    vpc_id = account.vpc("ab", profile="fat")
    account.converge(vpc_id)
    account.attach_gateway(vpc_id)
    account.converge(vpc_id)
    assert len(account.truth.endpoints(vpc_id, LOGS)) == 1
    account.tag(vpc_id, profile="lean")
    account.converge(vpc_id)
    account.clock.advance(300)
    assert account.truth.endpoints(vpc_id, LOGS) == []


def test_what_is_owned_in_a_vpc_that_does_not_ask_is_found_by_the_sweep(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.opt_out(vpc_id)
    assert account.sweep().leftovers == (vpc_id,)
    account.converge(vpc_id)
    account.clock.advance(300)
    assert account.sweep() == Sweep()


def test_a_deletion_that_ec2_did_not_do_is_read_from_an_answer_that_says_200(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.opt_out(vpc_id)
    account.ec2.faults.before("DeleteVpcEndpoints", "UnauthorizedOperation", "no", times=4)
    done = account.one_run(vpc_id)
    assert Status.BLOCKED in {each.status for each in done.findings}
    account.ec2.faults.clear()
    account.converge(vpc_id)
    account.clock.advance(300)
    assert account.owned(vpc_id) == []


def test_a_group_that_another_groups_rule_names_is_reported_and_not_tried_for_ever(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    ours = account.truth.owned_group(vpc_id)
    assert ours is not None
    theirs = account.customer.create_security_group(GroupName="app", Description="app", VpcId=vpc_id)
    account.customer.authorize_security_group_ingress(
        GroupId=theirs["GroupId"],
        IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": ours["GroupId"]}]}],
    )
    account.opt_out(vpc_id)
    made = account.converge(vpc_id)
    assert made[-1].ending is Ending.BLOCKED
    assert len(made) < 10
