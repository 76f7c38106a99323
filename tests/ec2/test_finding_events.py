"""What a subscriber hears of a VPC: each change of a finding once, whatever runs there are."""

from __future__ import annotations

import json

import pytest

from reconciler.conclusion import Ending
from reconciler.domain.contest import SAME_CHANGE
from reconciler.messages import RunRequest
from sandbox.truth import APP_MESH, LOGS
from tests.account import DEBOUNCE, STACK, Account
from tests.finding_events import Subscriber, delete_endpoint, told, turn_hostnames_off

HOUR, DAY = 3600, 24 * 3600
SAID_TWICE = ["detected", "remediated"]


@pytest.fixture
def subscriber(account: Account) -> Subscriber:
    return Subscriber(account)


# ---- a break


def test_a_break_is_detected_and_remediated_once_with_its_cause_and_the_ids_of_ec2s_requests(
    account: Account, subscriber: Subscriber
) -> None:
    vpc_id = account.converged_vpc()
    turn_hostnames_off(account, vpc_id, "event-1")
    broken = int(account.clock.now())
    account.clock.advance(DEBOUNCE)
    request = RunRequest(vpc_id, broken * 1000, correlation_id="event-1")
    with account.calls() as calls:
        runs = account.converge(vpc_id, request=request)
    assert len(runs) > 1
    detected, remediated = subscriber.hears(*runs)
    assert [detected["change"], remediated["change"]] == SAID_TWICE
    for each in (detected, remediated):
        assert (each["kind"], each["resource"], each["installation"]) == (
            "dns-hostnames-off",
            vpc_id,
            STACK,
        )
        assert (each["cause"]["actor"], each["cause"]["event_id"]) == ("bob", "event-1")
        assert (each["status"], each["correlation_id"]) == ("remediated", "event-1")
    (write,) = [call for call in calls if call.mutating]
    assert [each["request_id"] for each in remediated["done"]] == [write.request_id]
    assert "enableDnsHostnames" in remediated["done"][0]["call"]


def test_runs_sweeps_and_cold_starts_after_it_tell_nothing_more(
    account: Account, subscriber: Subscriber
) -> None:
    vpc_id = account.converged_vpc()
    turn_hostnames_off(account, vpc_id)
    assert told(subscriber.hears_of(vpc_id)) == [
        ("detected", "dns-hostnames-off"),
        ("remediated", "dns-hostnames-off"),
    ]
    for _ in range(3):
        account.ledger, account.observer = account.new_ledger(), account.new_observer()
        assert account.sweep().to_reconcile == ()
        assert subscriber.hears_of(vpc_id) == []
        account.clock.advance(HOUR)


def test_what_takes_several_runs_is_detected_by_the_first_and_remediated_by_the_last(
    account: Account, subscriber: Subscriber
) -> None:
    vpc_id = account.converged_vpc()
    lost = delete_endpoint(account, vpc_id, LOGS)
    account.clock.advance(60)  # until it is gone
    account.ec2.faults.before("CreateVpcEndpoint", "RequestLimitExceeded", times=99)
    first = account.one_run(vpc_id)
    account.ec2.faults.clear()
    assert first.ending is Ending.REQUEUED
    assert told(subscriber.hears(first)) == [("detected", "endpoint-missing")]
    account.clock.advance(DEBOUNCE)
    again = account.next_request(first)
    (remediated,) = subscriber.hears(*account.converge(vpc_id, request=again))
    assert (remediated["change"], remediated["resource"]) == ("remediated", LOGS)
    assert lost not in json.dumps(remediated["done"])


def test_a_new_vpc_tells_of_all_that_it_lacked_and_of_nothing_else(
    account: Account, subscriber: Subscriber
) -> None:
    vpc_id = account.vpc()
    changes: dict[str, list[str]] = {}
    for each in subscriber.hears_of(vpc_id):
        changes.setdefault(each["finding_id"].removeprefix(f"{vpc_id}/"), []).append(each["change"])
    lacked = [f"endpoint-missing/{APP_MESH}", f"endpoint-missing/{LOGS}"]
    lacked += [f"dns-hostnames-off/{vpc_id}", f"group-missing/{vpc_id}"]
    assert changes == dict.fromkeys(lacked, SAID_TWICE)


@pytest.mark.parametrize("kind", ["*", "rule", "tag", "security-group", "vpc-endpoint"])
def test_what_ec2_shows_late_is_told_once(account: Account, subscriber: Subscriber, kind: str) -> None:
    vpc_id = account.converged_vpc()
    group = account.truth.owned_group(vpc_id)
    assert group is not None
    account.customer.authorize_security_group_ingress(
        GroupId=group["GroupId"], IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="10.9.0.0/16"
    )
    delete_endpoint(account, vpc_id, APP_MESH)
    account.ec2.aws.show_late(kind, 100)
    heard = subscriber.hears_of(vpc_id)
    account.clock.advance(HOUR)
    heard += subscriber.hears_of(vpc_id)
    of_rule = [each["change"] for each in heard if each["kind"] == "group-rule-extra"]
    of_endpoint = [each["change"] for each in heard if each["kind"] == "endpoint-missing"]
    assert (of_rule, of_endpoint) == (SAID_TWICE, SAID_TWICE)


def test_a_break_that_comes_again_is_told_again_however_soon(
    account: Account, subscriber: Subscriber
) -> None:
    vpc_id = account.converged_vpc()
    turn_hostnames_off(account, vpc_id, "event-1")
    account.clock.advance(1)
    first = subscriber.hears(account.one_run(vpc_id))
    account.clock.advance(1)
    turn_hostnames_off(account, vpc_id, "event-2", "eve")
    account.clock.advance(1)
    second = subscriber.hears(account.one_run(vpc_id))
    assert [each["change"] for each in (*first, *second)] == SAID_TWICE * 2
    assert [each["cause"]["actor"] for each in (*first, *second)] == ["bob"] * 2 + ["eve"] * 2


# ---- what is not remediated


def test_what_is_blocked_is_told_once_and_again_when_the_reason_changes(
    account: Account, subscriber: Subscriber
) -> None:
    vpc_id = account.converged_vpc()
    delete_endpoint(account, vpc_id, LOGS)
    account.ec2.faults.before("CreateVpcEndpoint", "UnauthorizedOperation", times=99)
    detected, blocked = subscriber.hears_of(vpc_id)
    assert [detected["change"], blocked["change"]] == ["detected", "blocked"]
    assert (blocked["reason"], blocked["done"]) == ("unauthorized", [])
    assert "service control policy" in blocked["cure"]
    account.clock.advance(HOUR)
    assert vpc_id in account.sweep().blocked
    assert subscriber.hears_of(vpc_id) == []
    account.ec2.faults.clear()
    account.ec2.faults.before("CreateVpcEndpoint", "VpcEndpointLimitExceeded", times=99)
    (other,) = subscriber.hears_of(vpc_id)
    assert (other["change"], other["reason"]) == ("blocked", "endpoint-quota")
    account.ec2.faults.clear()
    (remediated,) = subscriber.hears_of(vpc_id)
    assert (remediated["change"], remediated["since"]) == ("remediated", detected["since"])


def test_a_fight_is_told_and_its_end(account: Account, subscriber: Subscriber) -> None:
    vpc_id = account.converged_vpc()
    account.clock.advance(HOUR)  # since the VPC's own hostnames were turned on
    (most, _), *_ = SAME_CHANGE
    heard = []
    for number in range(most + 1):
        turn_hostnames_off(account, vpc_id, f"event-{number}", "eve")
        account.clock.advance(DEBOUNCE)
        heard += subscriber.hears_of(vpc_id)
        account.clock.advance(DEBOUNCE)
    assert [each["change"] for each in heard] == [*SAID_TWICE * most, "detected", "contested"]
    assert heard[-1]["cause"]["actor"] == "eve"
    assert subscriber.hears_of(vpc_id) == []
    account.clock.advance(HOUR)
    assert told(subscriber.hears_of(vpc_id)) == [("remediated", "dns-hostnames-off")]


def test_what_a_person_should_look_at_is_told_and_cleared_by_the_sweeps_run(
    account: Account, subscriber: Subscriber
) -> None:
    vpc_id = account.converged_vpc()
    options = account.customer.create_dhcp_options(
        DhcpConfigurations=[{"Key": "domain-name-servers", "Values": ["10.0.0.53"]}]
    )["DhcpOptions"]["DhcpOptionsId"]
    account.customer.associate_dhcp_options(VpcId=vpc_id, DhcpOptionsId=options)
    (impaired,) = subscriber.hears_of(vpc_id)
    assert (impaired["change"], impaired["kind"]) == ("impaired", "custom-dns")
    assert subscriber.hears_of(vpc_id) == []
    account.customer.associate_dhcp_options(VpcId=vpc_id, DhcpOptionsId="default")
    assert account.sweep().to_reconcile == (vpc_id,)
    assert told(subscriber.hears_of(vpc_id)) == [("cleared", "custom-dns")]
    assert account.sweep().to_reconcile == ()


def test_what_stands_in_the_way_and_goes_without_an_event_is_cleared_by_the_sweeps_run(
    account: Account, subscriber: Subscriber
) -> None:
    vpc_id = account.converged_vpc()
    account.tag(vpc_id, profile="apmesh")
    assert [each["change"] for each in subscriber.hears_of(vpc_id)] == ["detected", "blocked"]
    account.tag(vpc_id, profile="appmesh")
    assert account.sweep().to_reconcile == (vpc_id,)
    assert told(subscriber.hears_of(vpc_id)) == [("cleared", "unknown-profile")]
    assert account.sweep().to_reconcile == ()


def test_what_leaves_is_told_and_so_is_that_it_stays_or_goes(
    account: Account, subscriber: Subscriber
) -> None:
    vpc_id = account.converged_vpc()
    account.opt_out(vpc_id)
    leaving = subscriber.hears_of(vpc_id)
    assert told(leaving) == [("leaving", "leaving")] * 3
    assert {each["resource"] for each in leaving} == set(account.owned(vpc_id))
    assert subscriber.hears_of(vpc_id) == []
    account.tag(vpc_id, profile="appmesh")
    assert sorted(told(subscriber.hears_of(vpc_id))) == [
        *[("detected", "leaving")] * 3,
        *[("remediated", "leaving")] * 3,
    ]
    account.opt_out(vpc_id)
    account.clock.advance(HOUR)
    assert told(subscriber.hears_of(vpc_id)) == [("leaving", "leaving")] * 3
    account.clock.advance(2 * DAY)
    gone = subscriber.hears_of(vpc_id)
    of_things = dict.fromkeys(("cleared", "detected", "remediated"), 0)
    for each in gone:
        of_things[each["change"]] += 1
        assert each["kind"] == ("leaving" if each["change"] == "cleared" else "not-wanted")
    assert of_things == {"cleared": 3, "detected": 3, "remediated": 3}


def test_a_vpc_that_is_gone_clears_what_stood_open_once(account: Account, subscriber: Subscriber) -> None:
    vpc_id = account.vpc(private="", profile="apmesh")
    subscriber.hears_of(vpc_id)
    account.customer.delete_vpc(VpcId=vpc_id)
    done = account.one_run(vpc_id)
    assert done.ending is Ending.GONE
    assert told(subscriber.hears(done)) == [("cleared", "unknown-profile")]
    assert subscriber.hears(account.one_run(vpc_id)) == []


def test_in_audit_mode_drift_is_detected_once_with_how_to_have_it_remediated(
    account: Account, subscriber: Subscriber
) -> None:
    vpc_id = account.converged_vpc()
    account.tag(vpc_id, mode="audit")
    turn_hostnames_off(account, vpc_id)
    (detected,) = subscriber.hears_of(vpc_id)
    assert (detected["change"], detected["status"], detected["done"]) == ("detected", "reported", [])
    assert detected["cure"] == "set mode = enforce to have it remediated"
    assert subscriber.hears_of(vpc_id) == []
    account.tag(vpc_id, mode="enforce")
    assert told(subscriber.hears_of(vpc_id)) == [("remediated", "dns-hostnames-off")]


def test_a_run_that_cannot_read_ec2_clears_nothing(account: Account, subscriber: Subscriber) -> None:
    vpc_id = account.vpc(profile="apmesh")
    subscriber.hears_of(vpc_id)
    account.ec2.faults.before("DescribeVpcs", "InternalError", times=99)
    assert subscriber.hears(account.one_run(vpc_id)) == []


def test_a_finding_that_is_stuck_is_told_once(account: Account, subscriber: Subscriber) -> None:
    vpc_id = account.converged_vpc()
    (endpoint,) = account.truth.endpoints(vpc_id, LOGS)
    account.ec2.aws.force_state(endpoint["VpcEndpointId"], "pending")
    runs = account.converge(vpc_id, at_most=60)
    assert runs[-1].ending is Ending.STUCK
    heard = subscriber.hears(*runs)
    assert told(heard) == [("detected", "endpoint-not-ready"), ("blocked", "endpoint-not-ready")]
    assert heard[-1]["reason"] == "stuck"
    assert subscriber.hears(*account.converge(vpc_id, at_most=60)) == []
