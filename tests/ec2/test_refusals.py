"""A case for each row of EC2's refusals: what a run makes of it, and that it clears when its cause goes."""

from __future__ import annotations

import pytest

from reconciler.conclusion import Ending, Run
from reconciler.domain.findings import Kind, Reason, Status
from reconciler.domain.profiles import parse
from reconciler.messages import RunRequest
from sandbox.ec2 import ConnectionLost
from sandbox.ec2.rules.throttling import calls_empty_a_bucket
from sandbox.ec2.ruleset import Rules
from sandbox.truth import APP_MESH, LOGS
from tests.account import DEBOUNCE, INSTALLATION, Account


def blocked(done: Run) -> set[Reason | None]:
    return {each.reason for each in done.findings if each.status is Status.BLOCKED}


def details(done: Run) -> str:
    return " ".join(f"{each.detail} {each.finding.found} {each.finding.wanted}" for each in done.findings)


def hand_made(account: Account, vpc_id: str, service: str, *, private_dns: bool, zones: int = 1) -> str:
    """Someone else's endpoint, in the first subnets of the VPC."""
    found = account.customer.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"]
    answer = account.customer.create_vpc_endpoint(
        VpcId=vpc_id,
        VpcEndpointType="Interface",
        ServiceName=service,
        SubnetIds=[each["SubnetId"] for each in found[:zones]],
        PrivateDnsEnabled=private_dns,
    )
    account.clock.advance(90)
    return answer["VpcEndpoint"]["VpcEndpointId"]


def turn_dns_on(account: Account, vpc_id: str) -> None:
    account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})


# ---- blocked, with a reason, and clear when the cause goes


def test_a_private_dns_conflict_is_named_blocks_one_endpoint_and_clears(account: Account) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.aws.private_zone(vpc_id, "logs.eu-west-1.amazonaws.com")
    made = account.converge(vpc_id)
    assert made[-1].ending is Ending.BLOCKED
    assert blocked(made[-1]) == {Reason.PRIVATE_DNS_CONFLICT}
    assert "logs.eu-west-1.amazonaws.com" in details(made[-1])
    assert len(account.truth.endpoints(vpc_id, APP_MESH)) == 1

    account.ec2.aws.drop_private_zone(vpc_id, "logs.eu-west-1.amazonaws.com")
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    assert account.truth.faults(vpc_id) == []


def test_another_endpoint_that_holds_the_private_names_is_reported_by_its_id(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    ours = account.truth.endpoints(vpc_id, LOGS)[0]["VpcEndpointId"]
    account.customer.modify_vpc_endpoint(VpcEndpointId=ours, PrivateDnsEnabled=False)
    account.clock.advance(60)
    theirs = hand_made(account, vpc_id, LOGS, private_dns=True)
    made = account.converge(vpc_id)
    assert blocked(made[-1]) == {Reason.PRIVATE_DNS_CONFLICT}
    assert theirs in details(made[-1])

    account.customer.delete_vpc_endpoints(VpcEndpointIds=[theirs])
    account.clock.advance(120)
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED


def test_private_names_are_waited_for_while_aws_deletes_their_holder(
    account: Account,
) -> None:
    vpc_id = account.converged_vpc("ab")
    ours = account.truth.endpoints(vpc_id, LOGS)[0]["VpcEndpointId"]
    account.customer.modify_vpc_endpoint(VpcEndpointId=ours, PrivateDnsEnabled=False)
    account.clock.advance(60)
    theirs = hand_made(account, vpc_id, LOGS, private_dns=True)
    assert account.converge(vpc_id)[-1].ending is Ending.BLOCKED

    account.customer.delete_vpc_endpoints(VpcEndpointIds=[theirs])
    assert account.one_run(vpc_id).ending is Ending.REQUEUED
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    assert account.truth.faults(vpc_id) == []


@pytest.mark.parametrize(
    ("code", "action", "reason"),
    [
        ("VpcEndpointLimitExceeded", "CreateVpcEndpoint", Reason.ENDPOINT_QUOTA),
        ("SecurityGroupLimitExceeded", "CreateSecurityGroup", Reason.GROUP_QUOTA),
        ("RulesPerSecurityGroupLimitExceeded", "AuthorizeSecurityGroupIngress", Reason.RULE_QUOTA),
        ("UnauthorizedOperation", "CreateVpcEndpoint", Reason.UNAUTHORIZED),
        ("UnauthorizedOperation", "ModifyVpcAttribute", Reason.UNAUTHORIZED),
        ("AuthFailure", "CreateSecurityGroup", Reason.UNAUTHORIZED),
        ("OptInRequired", "CreateVpcEndpoint", Reason.UNAUTHORIZED),
        ("TagPolicyViolation", "CreateSecurityGroup", Reason.TAG_POLICY),
        ("InvalidServiceName", "CreateVpcEndpoint", Reason.SERVICE_UNAVAILABLE),
    ],
)
def test_a_refusal_that_lasts_is_blocked_not_retried_in_a_loop_and_clears(
    account: Account, code: str, action: str, reason: Reason
) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.faults.before(action, code, "no", times=1000)
    made = account.converge(vpc_id)
    assert made[-1].ending is Ending.BLOCKED
    assert blocked(made[-1]) == {reason}
    assert len(made) <= 5

    account.ec2.faults.clear()
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    assert account.truth.faults(vpc_id) == []


def test_the_quota_of_gateway_endpoints_is_named_as_such(account: Account) -> None:
    account.profiles = parse("[[p.endpoint]]\nservice = 's3'\ntype = 'gateway'")
    account.ec2.aws.quotas.gateway_endpoints = 0
    vpc_id = account.vpc("ab", profile="p")
    assert blocked(account.converge(vpc_id)[-1]) == {Reason.GATEWAY_ENDPOINT_QUOTA}


def test_an_unauthorized_call_names_the_action(account: Account) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.faults.before("CreateVpcEndpoint", "UnauthorizedOperation", "encoded: x8f", times=1000)
    assert "ec2:CreateVpcEndpoint" in details(account.converge(vpc_id)[-1])


def test_quotas_of_the_account_are_seen_and_clear_when_raised(account: Account) -> None:
    account.ec2.aws.quotas.interface_endpoints_per_vpc = 1
    vpc_id = account.vpc("ab")
    made = account.converge(vpc_id)
    assert blocked(made[-1]) == {Reason.ENDPOINT_QUOTA}
    assert len(account.truth.endpoints(vpc_id)) == 1
    account.ec2.aws.quotas.interface_endpoints_per_vpc = 50
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED


def test_a_shared_vpc_is_left_alone_and_reported(account: Account) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.aws.share(vpc_id)
    with account.calls() as calls:
        done = account.one_run(vpc_id)
    assert account.writes(calls) == []
    assert blocked(done) == {Reason.SHARED_VPC}


def test_no_private_subnet_blocks_until_there_is_one(account: Account) -> None:
    vpc_id = account.vpc("", public="a")
    made = account.converge(vpc_id)
    assert blocked(made[-1]) == {Reason.NO_PRIVATE_SUBNET}
    assert "CreateVpcEndpoint" not in [call.request.action for call in account.ec2.calls]
    account.subnet(vpc_id, "a", "10.1.9.0/24")
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED


def test_no_zone_in_common_blocks_until_the_service_comes(account: Account) -> None:
    account.ec2.aws.service(APP_MESH, zones=("b",))
    vpc_id = account.vpc("a")
    assert blocked(account.converge(vpc_id)[-1]) == {Reason.ZONE_NOT_OFFERED}
    account.ec2.aws.service(APP_MESH, zones=("a", "b"))
    account.observer = account.new_observer()
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED


def test_an_unknown_code_is_reported_with_its_words_and_asked_again_a_few_times(account: Account) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.faults.before("CreateVpcEndpoint", "SomethingNew", "never heard of", times=1000)
    made = account.converge(vpc_id, at_most=20)
    assert made[-1].ending is Ending.BLOCKED
    assert 4 <= len(made) <= 10
    assert blocked(made[-1]) == {Reason.UNKNOWN}
    assert "SomethingNew: never heard of" in details(made[-1])


def test_what_hangs_on_a_refused_step_is_blocked_with_it(account: Account) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.faults.deny("CreateSecurityGroup")
    done = account.converge(vpc_id)[-1]
    assert {each.finding.kind for each in done.findings if each.reason is Reason.UNAUTHORIZED} == {
        Kind.GROUP_MISSING,
        Kind.ENDPOINT_MISSING,
    }


# ---- for now: retried, with a growing pause


@pytest.mark.parametrize(
    "effect", ["RequestLimitExceeded", "InternalError", "Unavailable", "InternalServiceError", ConnectionLost]
)
def test_what_ec2_cannot_do_for_now_is_requeued(account: Account, effect: str | type[ConnectionLost]) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.faults.before("CreateVpcEndpoint", effect, times=2)
    made = account.converge(vpc_id)
    assert made[-1].ending is Ending.CONVERGED
    assert Status.BLOCKED not in {each.status for done in made for each in done.findings}


def test_a_run_that_fails_again_and_again_pauses_longer_each_time(account: Account) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.faults.before("DescribeSubnets", "RequestLimitExceeded", times=1000)
    pauses = []
    request = None
    for _ in range(6):
        done = account.one_run(vpc_id, request)
        request = account.next_request(done)
        pauses.append(max(0, request.not_before / 1000 - account.clock.now()))
    assert pauses[0] == 0
    assert pauses[1:] == [60, 120, 240, 300, 300]
    assert DEBOUNCE == 30


def test_ec2s_own_buckets_are_waited_out() -> None:
    account = Account(rules=Rules.default() | {calls_empty_a_bucket})
    vpc_ids = [account.vpc("ab", number=number) for number in range(1, 7)]
    for vpc_id in vpc_ids:
        account.converge(vpc_id, at_most=60)
    assert [account.truth.faults(vpc_id) for vpc_id in vpc_ids] == [[]] * 6


# ---- a subnet that fails is not an endpoint that fails


def test_a_full_subnet_gives_way_to_another_of_its_zone(account: Account) -> None:
    vpc_id = account.vpc("aab")
    first, second, _ = sorted(
        (each["SubnetId"], each["AvailabilityZone"]) for each in account.truth.private_subnets(vpc_id)
    )
    in_a = sorted(
        each["SubnetId"]
        for each in account.truth.private_subnets(vpc_id)
        if each["AvailabilityZone"].endswith("a")
    )
    account.ec2.faults.before(
        "CreateVpcEndpoint",
        "InsufficientFreeAddressesInSubnet",
        f"Insufficient free addresses in {in_a[0]}",
        times=1000,
        when=lambda params: in_a[0] in params.get("SubnetIds", []),
    )
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    assert in_a[1] in account.truth.endpoints(vpc_id, APP_MESH)[0]["SubnetIds"]
    assert first != second


def test_a_zone_whose_subnets_are_all_full_is_left_uncovered_with_a_finding(account: Account) -> None:
    vpc_id = account.vpc("ab")
    full = account.truth.private_subnets(vpc_id)[0]["SubnetId"]
    account.ec2.aws.free_addresses(full, 0)
    done = account.converge(vpc_id)[-1]
    assert blocked(done) == {Reason.NO_FREE_ADDRESSES}
    (endpoint,) = account.truth.endpoints(vpc_id, APP_MESH)
    assert full not in endpoint["SubnetIds"]
    account.ec2.aws.free_addresses(full, 20)
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    assert account.truth.faults(vpc_id) == []


def test_a_zone_that_is_refused_though_it_was_offered_is_left_out_and_reported(account: Account) -> None:
    vpc_id = account.vpc("ab")
    account.observer.one(vpc_id, account.profiles)  # what the Region offers is known from now on
    account.ec2.aws.service(LOGS, zones=("a",))
    done = account.one_run(vpc_id)
    account.clock.advance(90)
    assert Reason.ZONE_NOT_OFFERED in blocked(done)
    assert len(account.truth.endpoints(vpc_id, LOGS)[0]["SubnetIds"]) == 1
    assert len(account.truth.endpoints(vpc_id, APP_MESH)[0]["SubnetIds"]) == 2


def test_when_every_subnet_is_refused_no_empty_set_is_sent(account: Account) -> None:
    vpc_id = account.vpc("a")
    subnet = account.truth.private_subnets(vpc_id)[0]["SubnetId"]
    account.ec2.faults.before(
        "CreateVpcEndpoint", "InsufficientFreeAddressesInSubnet", f"no room in {subnet}", times=1000
    )
    done = account.converge(vpc_id)[-1]
    assert blocked(done) == {Reason.NO_FREE_ADDRESSES}
    sent = [c.params.get("SubnetIds") for c in account.ec2.calls if c.request.action == "CreateVpcEndpoint"]
    assert sent
    assert all(sent)


def test_the_last_subnet_stays_where_its_successor_is_refused(account: Account) -> None:
    vpc_id = account.converged_vpc("a")
    (old,) = account.truth.private_subnets(vpc_id)
    table = account.public_table(vpc_id, account.attach_gateway(vpc_id))
    account.customer.associate_route_table(RouteTableId=table, SubnetId=old["SubnetId"])
    new = account.subnet(vpc_id, "b", "10.1.90.0/24")
    account.ec2.faults.before(
        "ModifyVpcEndpoint",
        "InsufficientFreeAddressesInSubnet",
        f"Insufficient free addresses in {new}",
        times=1000,
        when=lambda params: new in params.get("AddSubnetIds", []),
    )
    done = account.converge(vpc_id)[-1]
    assert blocked(done) == {Reason.NO_FREE_ADDRESSES}
    assert account.truth.endpoints(vpc_id, APP_MESH)[0]["SubnetIds"] == [old["SubnetId"]]

    account.ec2.faults.clear()
    account.converge(vpc_id)
    assert account.truth.endpoints(vpc_id, APP_MESH)[0]["SubnetIds"] == [new]


def test_refused_modifications_do_not_keep_the_others_from_being_made(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    endpoint = account.truth.endpoints(vpc_id, LOGS)[0]
    account.customer.modify_vpc_endpoint(
        VpcEndpointId=endpoint["VpcEndpointId"],
        PrivateDnsEnabled=False,
        RemoveSubnetIds=[endpoint["SubnetIds"][0]],
    )
    account.clock.advance(60)
    account.ec2.aws.private_zone(vpc_id, "logs.eu-west-1.amazonaws.com")
    done = account.converge(vpc_id)[-1]
    assert blocked(done) == {Reason.PRIVATE_DNS_CONFLICT}
    assert len(account.truth.endpoints(vpc_id, LOGS)[0]["SubnetIds"]) == 2


# ---- states


@pytest.mark.parametrize("state", ["failed", "rejected", "expired", "Failed"])
def test_an_owned_endpoint_that_can_no_longer_serve_is_replaced(account: Account, state: str) -> None:
    vpc_id = account.converged_vpc("ab")
    dead = account.truth.endpoints(vpc_id, LOGS)[0]["VpcEndpointId"]
    account.ec2.aws.force_state(dead, state, ("InternalError", "something broke"))
    made = account.converge(vpc_id, at_most=30)
    assert made[-1].ending is Ending.CONVERGED
    assert "something broke" in details(made[0])
    assert [each["VpcEndpointId"] for each in account.truth.endpoints(vpc_id, LOGS)] != [dead]
    assert account.truth.faults(vpc_id) == []


@pytest.mark.parametrize("state", ["pending", "partial", "pendingAcceptance", "Pending"])
def test_an_endpoint_that_aws_is_at_work_on_is_waited_for_and_not_modified(
    account: Account, state: str
) -> None:
    vpc_id = account.converged_vpc("ab")
    endpoint = account.truth.endpoints(vpc_id, LOGS)[0]["VpcEndpointId"]
    account.customer.modify_vpc_endpoint(VpcEndpointId=endpoint, PrivateDnsEnabled=False)
    account.ec2.aws.force_state(endpoint, state)
    with account.calls() as calls:
        done = account.one_run(vpc_id)
    assert done.ending is Ending.REQUEUED
    assert account.writes(calls) == []


def test_a_foreign_endpoint_that_failed_is_left_and_ours_made_beside_it(account: Account) -> None:
    vpc_id = account.vpc("ab")
    turn_dns_on(account, vpc_id)
    theirs = hand_made(account, vpc_id, LOGS, private_dns=False)
    account.ec2.aws.force_state(theirs, "failed")
    account.converge(vpc_id)
    states = {each["VpcEndpointId"]: each["State"] for each in account.truth.endpoints(vpc_id, LOGS)}
    assert len(states) == 2
    assert states[theirs] == "failed"


def test_two_owned_endpoints_for_one_service_come_down_to_one(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    second = hand_made(account, vpc_id, LOGS, private_dns=False)
    account.customer.create_tags(
        Resources=[second],
        Tags=[{"Key": k, "Value": v} for k, v in INSTALLATION.endpoint_tags(vpc_id, LOGS).items()],
    )
    account.claim(vpc_id, second)
    account.converge(vpc_id)
    account.clock.advance(300)
    (kept,) = account.truth.endpoints(vpc_id, LOGS)
    assert kept["VpcEndpointId"] != second
    assert account.truth.faults(vpc_id) == []


def test_a_second_owned_group_behind_which_someone_elses_endpoint_stands_is_blocked(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    name = f"{INSTALLATION.group_name}-2"
    second = account.customer.create_security_group(GroupName=name, Description="2", VpcId=vpc_id)["GroupId"]
    first = account.truth.owned_group(vpc_id)
    assert first is not None
    theirs = hand_made(account, vpc_id, LOGS, private_dns=False)
    account.clock.advance(60)
    kept, double = sorted((first["GroupId"], second))
    account.customer.modify_vpc_endpoint(VpcEndpointId=theirs, AddSecurityGroupIds=[double])
    account.clock.advance(60)
    account.tag(second, owner=INSTALLATION.id, vpc=vpc_id)
    account.claim(vpc_id, second)
    made = account.converge(vpc_id)
    assert made[-1].ending is Ending.BLOCKED
    assert blocked(made[-1]) == {Reason.IN_USE}
    assert theirs in details(made[-1])
    assert len(made) <= 5

    account.customer.modify_vpc_endpoint(VpcEndpointId=theirs, RemoveSecurityGroupIds=[double])
    account.clock.advance(60)
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    left = account.truth.owned_group(vpc_id)
    assert left is not None
    assert left["GroupId"] == kept


def test_two_modifications_by_someone_else_and_us_do_not_collide_for_good(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    endpoint = account.truth.endpoints(vpc_id, LOGS)[0]["VpcEndpointId"]
    account.ec2.aws.timings.modify = 3 * DEBOUNCE
    account.customer.modify_vpc_endpoint(VpcEndpointId=endpoint, PrivateDnsEnabled=False)
    first = account.one_run(vpc_id)
    assert "OperationInProgress" in details(first)
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED


def test_a_vpc_deleted_between_the_look_and_the_write_ends_the_run(account: Account) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.faults.before("CreateSecurityGroup", "InvalidVpcID.NotFound", f"{vpc_id} does not exist")
    assert account.one_run(vpc_id).ending is Ending.REQUEUED


def test_a_group_that_is_not_shown_yet_is_not_made_twice(account: Account) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.aws.show_late("security-group", 3 * DEBOUNCE)
    account.converge(vpc_id)
    assert (
        len([g for g in account.truth.groups(vpc_id) if g["GroupName"].startswith(INSTALLATION.group_name)])
        == 1
    )


def test_an_endpoint_that_is_not_shown_yet_is_not_made_twice(account: Account) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.aws.show_late("vpc-endpoint", 3 * DEBOUNCE)
    account.converge(vpc_id)
    assert len(account.truth.endpoints(vpc_id)) == 2


@pytest.mark.parametrize("private_dns", ["true", "false"])
def test_an_endpoint_that_is_shown_late_across_the_full_hour_is_not_made_twice(
    account: Account, private_dns: str
) -> None:
    account.profiles = parse(f"[[p.endpoint]]\nservice = 'logs'\nprivate-dns = {private_dns}")
    vpc_id = account.vpc("ab", profile="p")
    account.clock.advance(3600 - account.clock.now() % 3600 - DEBOUNCE / 2)
    account.ec2.aws.show_late("vpc-endpoint", 3 * DEBOUNCE)
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    assert len(account.truth.endpoints(vpc_id)) == 1


def test_an_endpoint_deleted_and_made_anew_is_not_the_dead_one(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    for hours_later in (0, 1, 0, 2, 30, 0, 5):
        account.clock.advance(hours_later * 3600)
        (endpoint,) = account.truth.endpoints(vpc_id, LOGS)
        account.customer.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
        account.clock.advance(200)
        assert account.converge(vpc_id, at_most=30)[-1].ending is Ending.CONVERGED
        (anew,) = account.truth.endpoints(vpc_id, LOGS)
        assert anew["VpcEndpointId"] != endpoint["VpcEndpointId"]


# ---- what hangs together, and what does not


def test_one_endpoints_faults_do_not_keep_the_other_from_being_made(account: Account) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.faults.before(
        "CreateVpcEndpoint", "InternalError", times=1000, when=lambda p: p.get("ServiceName") == APP_MESH
    )
    account.one_run(vpc_id)
    account.clock.advance(90)
    assert len(account.truth.endpoints(vpc_id, LOGS)) == 1


def test_nobody_is_led_to_a_door_that_could_not_be_opened(account: Account) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.faults.deny("AuthorizeSecurityGroupIngress")
    done = account.converge(vpc_id)[-1]
    assert blocked(done) == {Reason.UNAUTHORIZED}
    assert account.truth.endpoints(vpc_id) == []
    account.ec2.faults.clear()
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    assert account.truth.faults(vpc_id) == []


def test_a_vpc_whose_event_came_late_is_given_its_time(account: Account) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.aws.timings.create = 5 * DEBOUNCE
    late = RunRequest(vpc_id, first_seen=int((account.clock.now() - 24 * 3600) * 1000))
    done = account.one_run(vpc_id, late)
    while done.ending is Ending.REQUEUED:
        account.clock.advance(DEBOUNCE)
        done = account.one_run(vpc_id, account.next_request(done))
    assert done.ending is Ending.CONVERGED


def test_an_unknown_code_after_a_time_of_throttling_is_still_asked_again(account: Account) -> None:
    vpc_id = account.vpc("ab")
    request = RunRequest(vpc_id, first_seen=int(account.clock.now() * 1000), failures=9)
    account.ec2.faults.before("CreateVpcEndpoint", "SomethingNew", "never heard of", times=2)
    assert account.one_run(vpc_id, request).ending is Ending.REQUEUED
