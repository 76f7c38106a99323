"""What is left alone: untagged VPCs, audited ones, what others made, and what AWS is at work on."""

from __future__ import annotations

from reconciler.conclusion import Ending
from reconciler.domain.findings import Kind, Reason, Status
from reconciler.domain.model import Mode
from sandbox.truth import APP_MESH, LOGS
from tests.account import INSTALLATION, Account


def test_an_untagged_vpc_is_never_written_to(account: Account) -> None:
    vpc_id = account.vpc(profile=None)
    with account.calls() as calls:
        done = account.one_run(vpc_id)
    assert done.ending is Ending.LEFT_ALONE
    assert account.writes(calls) == []


def test_a_vpc_that_is_gone_ends_the_run(account: Account) -> None:
    assert account.one_run("vpc-0123456789abcdef0").ending is Ending.GONE


def test_audit_reports_the_findings_and_writes_nothing(account: Account) -> None:
    vpc_id = account.vpc()
    account.tag(vpc_id, mode="audit")
    with account.calls() as calls:
        done = account.one_run(vpc_id)
    assert done.ending is Ending.REPORTED
    assert account.writes(calls) == []
    reported = {each.finding.kind for each in done.findings if each.status is Status.REPORTED}
    assert reported == {Kind.DNS_HOSTNAMES_OFF, Kind.GROUP_MISSING, Kind.ENDPOINT_MISSING}


def test_the_default_mode_holds_where_the_vpc_does_not_say() -> None:
    account = Account(mode=Mode.AUDIT)
    vpc_id = account.vpc()
    assert account.one_run(vpc_id).ending is Ending.REPORTED
    account.tag(vpc_id, mode="enforce")
    assert account.one_run(vpc_id).ending is Ending.REQUEUED


def test_an_unknown_profile_is_a_finding_and_no_crash(account: Account) -> None:
    vpc_id = account.vpc(profile="apmesh")
    with account.calls() as calls:
        done = account.one_run(vpc_id)
    assert done.ending is Ending.BLOCKED
    assert [each.reason for each in done.findings] == [Reason.UNKNOWN_PROFILE]
    assert account.writes(calls) == []


def test_an_unknown_mode_is_a_finding_and_read_as_audit(account: Account) -> None:
    vpc_id = account.vpc()
    account.tag(vpc_id, mode="enfroce")
    with account.calls() as calls:
        done = account.one_run(vpc_id)
    assert Reason.UNKNOWN_MODE in {each.reason for each in done.findings}
    assert account.writes(calls) == []


def test_an_endpoint_of_someone_else_is_added_to_and_nothing_is_taken_from_it(account: Account) -> None:
    vpc_id = account.vpc("ab")
    theirs = account.customer.create_security_group(GroupName="theirs", Description="theirs", VpcId=vpc_id)
    first = account.customer.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"][0]
    account.customer.create_vpc_endpoint(
        VpcId=vpc_id,
        VpcEndpointType="Interface",
        ServiceName=APP_MESH,
        SubnetIds=[first["SubnetId"]],
        SecurityGroupIds=[theirs["GroupId"]],
        PrivateDnsEnabled=False,
    )
    account.converge(vpc_id)

    (endpoint,) = account.truth.endpoints(vpc_id, APP_MESH)
    assert {each["GroupId"] for each in endpoint["Groups"]} > {theirs["GroupId"]}
    assert first["SubnetId"] in endpoint["SubnetIds"]
    assert len(endpoint["SubnetIds"]) == 2
    assert endpoint["PrivateDnsEnabled"]
    assert INSTALLATION.owner_key not in account.ec2.tags_of(endpoint["VpcEndpointId"])


def test_a_group_with_our_name_and_another_owner_is_left_alone(account: Account) -> None:
    vpc_id = account.vpc("ab")
    theirs = account.customer.create_security_group(
        GroupName=INSTALLATION.group_name.upper(), Description="theirs", VpcId=vpc_id
    )["GroupId"]
    before = account.ec2.truth("DescribeSecurityGroups", GroupIds=[theirs])
    account.converge(vpc_id)
    assert account.ec2.truth("DescribeSecurityGroups", GroupIds=[theirs]) == before
    assert account.truth.faults(vpc_id) == []


def test_nothing_is_modified_while_the_endpoint_is_pending(account: Account) -> None:
    vpc_id = account.vpc("ab")
    account.one_run(vpc_id)
    with account.calls() as calls:
        done = account.one_run(vpc_id)
    assert account.writes(calls) == []
    assert {each.status for each in done.findings} == {Status.WAITING}
    assert done.ending is Ending.REQUEUED


def test_a_vpc_that_does_not_converge_is_stuck_in_the_end(account: Account) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.aws.timings.create = 10 * 24 * 3600
    made = account.converge(vpc_id, at_most=100)
    assert made[-1].ending is Ending.STUCK


def test_a_service_that_the_region_does_not_offer_blocks_its_endpoint_and_no_other(account: Account) -> None:
    account.ec2.aws.withdraw(APP_MESH)
    vpc_id = account.vpc("ab")
    made = account.converge(vpc_id)
    assert made[-1].ending is Ending.BLOCKED
    assert [each.reason for each in made[-1].findings] == [Reason.SERVICE_UNAVAILABLE]
    assert len(account.truth.endpoints(vpc_id, LOGS)) == 1


def test_a_refused_write_blocks_what_it_is_for_and_nothing_else(account: Account) -> None:
    account.ec2.faults.deny("CreateVpcEndpoint")
    vpc_id = account.vpc("ab")
    made = account.converge(vpc_id)
    assert made[-1].ending is Ending.BLOCKED
    blocked = {each.reason for each in made[-1].findings if each.status is Status.BLOCKED}
    assert blocked == {Reason.UNAUTHORIZED}
    assert account.truth.owned_group(vpc_id) is not None


def test_a_throttled_read_is_requeued(account: Account) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.faults.before("DescribeSubnets", "RequestLimitExceeded", times=3)
    done = account.one_run(vpc_id)
    assert done.ending is Ending.REQUEUED
    assert done.unread is not None


def test_a_refused_read_is_reported_and_does_not_be_requeued(account: Account) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.faults.deny("DescribeSubnets")
    done = account.one_run(vpc_id)
    assert done.ending is Ending.BLOCKED
    assert done.unread is not None
    assert done.unread.reason is Reason.UNAUTHORIZED


def test_with_no_profile_at_all_nothing_is_asked_of_services_and_the_vpc_is_left(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.profiles = {}
    account.observer = account.new_observer()
    with account.calls() as calls:
        done = account.one_run(vpc_id)
    assert done.ending is Ending.BLOCKED
    assert "DescribeVpcEndpointServices" not in [call.request.action for call in calls]
    assert account.truth.faults(vpc_id) == []
