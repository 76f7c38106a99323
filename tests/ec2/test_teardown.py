"""What is owned goes when the VPC no longer asks for it, in the order that EC2 wants, and nothing is left."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from reconciler.domain.findings import Kind, Status
from reconciler.domain.model import EndpointSpec, Profile, Surplus, When
from reconciler.queue import RunRequest
from reconciler.reconcile import Ending
from reconciler.sweep import Sweep, sweep
from sandbox.truth import APP_MESH, LOGS
from tests.account import INSTALLATION, Account


def untag(account: Account, vpc_id: str) -> None:
    account.customer.delete_tags(Resources=[vpc_id], Tags=[{"Key": INSTALLATION.profile_key}])


def left_of_ours(account: Account, vpc_id: str) -> list[str]:
    everything = [g["GroupId"] for g in account.truth.groups(vpc_id)]
    everything += [e["VpcEndpointId"] for e in account.truth.endpoints(vpc_id)]
    return [each for each in everything if INSTALLATION.owner_key in account.ec2.tags_of(each)]


def swept(account: Account) -> Sweep:
    return sweep(
        account.observer,
        account.reconciler,
        account.profiles,
        account.settings.installation,
        account.clock.now(),
    )


def test_an_untagged_vpc_is_left_with_nothing_of_ours(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    untag(account, vpc_id)
    with account.calls() as calls:
        made = account.converge(vpc_id)
    account.clock.advance(300)
    assert made[-1].ending is Ending.LEFT_ALONE
    assert left_of_ours(account, vpc_id) == []
    writes = account.writes(calls)
    assert writes.index("DeleteSecurityGroup") > writes.index("DeleteVpcEndpoints")
    assert [call.request.action for call in calls if call.error_code] == []
    assert account.truth.endpoints(vpc_id) == []


def test_the_vpcs_attributes_stay_when_the_tag_goes(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    untag(account, vpc_id)
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
    untag(account, vpc_id)
    account.converge(vpc_id, at_most=30)
    (kept,) = account.truth.endpoints(vpc_id)
    assert kept["VpcEndpointId"] == endpoint
    assert [group["GroupId"] for group in kept["Groups"]] == [theirs["GroupId"]]
    assert left_of_ours(account, vpc_id) == []


def test_an_audited_vpc_is_not_taken_down_but_reported(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.tag(vpc_id, mode="audit")
    untag(account, vpc_id)
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
    untag(account, vpc_id)
    assert swept(account).leftovers == (vpc_id,)
    account.converge(vpc_id)
    account.clock.advance(300)
    assert swept(account) == Sweep()


# ---- a VPC that someone wants to delete


def refused_deletion(account: Account, vpc_id: str) -> RunRequest:
    with pytest.raises(ClientError, match="DependencyViolation"):
        account.customer.delete_vpc(VpcId=vpc_id)
    return RunRequest(vpc_id, first_seen=int(account.clock.now() * 1000), deletion_refused=True)


def test_a_refused_deletion_releases_the_vpc_for_an_hour(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    start = account.clock.now()
    done = account.one_run(vpc_id, refused_deletion(account, vpc_id))
    until = datetime.fromisoformat(account.ec2.tags_of(vpc_id)[INSTALLATION.released_key])
    assert until == datetime.fromtimestamp(start + 3600, UTC)
    while done.ending is Ending.REQUEUED:
        account.clock.advance(60)
        done = account.one_run(vpc_id)
    assert left_of_ours(account, vpc_id) == []
    assert done.ending is Ending.LEFT_ALONE
    assert Kind.RELEASED in {each.finding.kind for each in done.findings}


def test_a_person_can_go_on_deleting_a_released_vpc_without_being_healed(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.one_run(vpc_id, refused_deletion(account, vpc_id))
    for _ in range(4):
        account.clock.advance(60)
        account.one_run(vpc_id)
    for subnet in account.truth.private_subnets(vpc_id):
        account.customer.delete_subnet(SubnetId=subnet["SubnetId"])
        account.one_run(vpc_id)
    account.customer.delete_vpc(VpcId=vpc_id)
    assert account.one_run(vpc_id).ending is Ending.GONE


def test_a_released_vpc_that_still_stands_after_the_hour_is_healed_again(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.one_run(vpc_id, refused_deletion(account, vpc_id))
    for _ in range(4):
        account.clock.advance(60)
        account.one_run(vpc_id)
    assert vpc_id not in swept(account).to_reconcile
    account.clock.advance(3600)
    assert vpc_id in swept(account).drifted
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    assert account.truth.faults(vpc_id) == []


def test_a_deletion_refused_for_things_that_are_not_ours_changes_nothing(account: Account) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.faults.deny("CreateSecurityGroup")
    account.ec2.faults.deny("CreateVpcEndpoint")
    account.one_run(vpc_id, refused_deletion(account, vpc_id))
    assert INSTALLATION.released_key not in account.ec2.tags_of(vpc_id)


def test_a_deletion_that_ec2_did_not_do_is_read_from_an_answer_that_says_200(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    untag(account, vpc_id)
    account.ec2.faults.before("DeleteVpcEndpoints", "UnauthorizedOperation", "no", times=4)
    done = account.one_run(vpc_id)
    assert Status.BLOCKED in {each.status for each in done.findings}
    account.ec2.faults.clear()
    account.converge(vpc_id)
    account.clock.advance(300)
    assert left_of_ours(account, vpc_id) == []


@pytest.mark.parametrize(
    ("action", "code"),
    [("DescribeSubnets", "RequestLimitExceeded"), ("CreateTags", "RequestLimitExceeded")],
)
def test_a_release_that_fails_at_first_is_not_forgotten(account: Account, action: str, code: str) -> None:
    vpc_id = account.converged_vpc("ab")
    request = refused_deletion(account, vpc_id)
    account.ec2.faults.before(action, code)
    done = account.one_run(vpc_id, request)
    assert done.ending is Ending.REQUEUED
    account.clock.advance(60)
    account.one_run(vpc_id, account.next_request(done))
    assert INSTALLATION.released_key in account.ec2.tags_of(vpc_id)


def test_a_release_that_is_refused_for_good_is_reported(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    request = refused_deletion(account, vpc_id)
    account.ec2.faults.deny("CreateTags")
    done = account.one_run(vpc_id, request)
    assert done.ending is Ending.BLOCKED
    assert [(each.finding.kind, each.status) for each in done.findings] == [(Kind.RELEASED, Status.BLOCKED)]
    assert account.truth.faults(vpc_id) == []


def test_a_vpc_with_a_typo_in_its_profile_can_be_deleted_too(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.tag(vpc_id, profile="apmesh")
    done = account.one_run(vpc_id, refused_deletion(account, vpc_id))
    while done.ending is Ending.REQUEUED:
        account.clock.advance(60)
        done = account.one_run(vpc_id, account.next_request(done))
    assert left_of_ours(account, vpc_id) == []


def test_a_second_refusal_gives_another_hour(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.one_run(vpc_id, refused_deletion(account, vpc_id))
    first = account.ec2.tags_of(vpc_id)[INSTALLATION.released_key]
    account.clock.advance(5)
    account.one_run(vpc_id, refused_deletion(account, vpc_id))
    assert account.ec2.tags_of(vpc_id)[INSTALLATION.released_key] > first


def test_a_group_that_another_groups_rule_names_is_reported_and_not_tried_for_ever(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    ours = account.truth.owned_group(vpc_id)
    assert ours is not None
    theirs = account.customer.create_security_group(GroupName="app", Description="app", VpcId=vpc_id)
    account.customer.authorize_security_group_ingress(
        GroupId=theirs["GroupId"],
        IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": ours["GroupId"]}]}],
    )
    untag(account, vpc_id)
    made = account.converge(vpc_id)
    assert made[-1].ending is Ending.BLOCKED
    assert len(made) < 10
