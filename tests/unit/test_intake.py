"""The function that takes events, on the sandbox's EC2 and queues that keep what they are sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest

from functions.intake import app as intake
from reconciler.domain.memory import Cause
from reconciler.messages import RunRequest
from reconciler.queue import NotQueued
from tests.unit.fakes import refusal
from tests.unit.installed import Installation
from tests.unit.taking_events import ADA, CONTEXT, an_event, calls_of, tagging, take

READS = {
    "DescribeVpcs",
    "DescribeSubnets",
    "DescribeRouteTables",
    "DescribeVpcEndpoints",
    "DescribeSecurityGroups",
}


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Installation:
    return Installation(capsys)


# ---- what an event asks for


def test_a_run_is_asked_for_of_the_opted_in_vpc_of_an_event(here: Installation) -> None:
    vpc_id, now = here.account.vpc(), here.account.clock.now()
    assert take(here, an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id})) == []
    assert here.asked() == [("passes", vpc_id)]
    [message] = here.sqs.sent
    asked_for = RunRequest.from_json(message["MessageBody"])
    assert asked_for == RunRequest(vpc_id, int(now) * 1000, correlation_id="event-1")


def test_a_vpc_that_has_not_opted_in_is_dropped(here: Installation) -> None:
    vpc_id = here.account.vpc(profile=None)
    before = dict(here.account.dynamo.items)
    take(here, an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id}, userIdentity=ADA))
    assert (here.asked(), here.rejected()) == ([], [])
    assert here.account.dynamo.items == before


def test_a_refused_deletion_is_carried_to_the_run(here: Installation) -> None:
    vpc_id = here.account.vpc()
    subnet = here.account.truth.private_subnets(vpc_id)[0]["SubnetId"]
    why = {"errorCode": "Client.DependencyViolation"}
    take(
        here,
        an_event(here, "DeleteVpc", {"vpcId": vpc_id}, **why),
        an_event(here, "DeleteSubnet", {"subnetId": subnet}, "event-2", **why),
    )
    [message] = here.sqs.sent
    assert json.loads(message["MessageBody"])["refused"] == [vpc_id, subnet]


def test_who_did_what_is_kept_in_the_ledger_once(here: Installation) -> None:
    vpc_id, now = here.account.vpc(), int(here.account.clock.now())
    event = an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id}, userIdentity=ADA, eventID="call-1")
    take(here, event, event)
    take(here, event)
    memory = here.account.ledger.read(vpc_id)
    assert memory is not None
    assert memory.causes == (Cause("call-1", "ModifyVpcAttribute", "ada", now, (vpc_id,)),)


def test_runs_are_asked_for_before_all_but_an_opt_in_is_told_and_a_ledger_that_refuses_once_for_many_vpcs(
    here: Installation,
) -> None:
    """A ledger that hangs takes seconds a call; the event must not be lost for it."""
    vpcs = sorted(here.account.vpc(number=number) for number in (1, 2, 3))
    asked_before: list[int] = []

    def refuse(**_items: Any) -> None:
        asked_before.append(len(here.asked()))
        raise refusal("ThrottlingException")

    with patch.object(here.account.dynamo, "batch_write_item", refuse):
        assert take(here, an_event(here, "CreateTags", tagging(vpcs), userIdentity=ADA)) == []
    assert here.asked() == [("passes", each) for each in vpcs]
    assert asked_before == [0, 3]


# ---- batches


def test_a_batch_asks_once_for_each_vpc_from_the_first_of_its_events(here: Installation) -> None:
    one, two = here.account.vpc(number=1), here.account.vpc(number=2)
    here.account.clock.advance(100)
    late = an_event(here, "ModifyVpcAttribute", {"vpcId": one}, "event-2")
    here.account.clock.advance(-60)
    early = an_event(here, "CreateSubnet", {"vpcId": one, "subnetId": "subnet-0a"}, "event-1")
    other = an_event(here, "ModifyVpcAttribute", {"vpcId": two}, "event-3")
    here.account.clock.advance(100)
    take(here, late, other, early, late)
    assert sorted(here.asked()) == sorted([("passes", one), ("passes", two)])
    sent = [json.loads(each["MessageBody"]) for each in here.sqs.sent]
    bodies = {each["vpc_id"]: each for each in sent}
    assert bodies[one]["correlation_id"] == "event-1"
    assert datetime.fromtimestamp(bodies[one]["first_seen"] / 1000, UTC) == datetime.fromisoformat(
        early["detail"]["eventTime"]
    )


def test_a_batch_of_anything_costs_at_most_twenty_calls(here: Installation) -> None:
    account = here.account
    ours = [account.converged_vpc(number=number) for number in range(1, 4)]
    theirs = [account.vpc(profile=None, number=number) for number in range(4, 8)]
    subnets = account.customer.describe_subnets()["Subnets"]
    tables = account.customer.describe_route_tables()["RouteTables"]
    account.clock.advance(60)
    events = [
        *(an_event(here, "ModifyVpcAttribute", {"vpcId": each}) for each in (*ours, *theirs)),
        *(an_event(here, "AssociateSubnetCidrBlock", {"subnetId": each["SubnetId"]}) for each in subnets),
        *(an_event(here, "CreateRoute", {"routeTableId": each["RouteTableId"]}) for each in tables),
        *(an_event(here, "DeleteSubnet", {"subnetId": f"subnet-{n:017x}"}) for n in range(50)),
        *(an_event(here, "AuthorizeSecurityGroupIngress", {"groupId": f"sg-{n:017x}"}) for n in range(300)),
        an_event(here, "CreateTags", tagging([theirs[0]])),
    ]
    calls = calls_of(here, *events)
    assert len(calls) <= 20
    assert set(calls) <= READS
    assert {vpc_id for queue, vpc_id in here.asked() if queue == "passes"} == {*ours, theirs[0]}


def test_an_event_of_a_vpc_that_the_index_knows_costs_no_call(here: Installation) -> None:
    vpc_id = here.account.vpc()
    assert calls_of(here, an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id})) != []
    here.account.clock.advance(100)
    subnet = here.account.truth.private_subnets(vpc_id)[0]["SubnetId"]
    for name, named in (
        ("ModifyVpcAttribute", {"vpcId": vpc_id}),
        ("CreateSubnet", {"vpcId": vpc_id, "subnetId": "subnet-0a"}),
        ("AssociateSubnetCidrBlock", {"subnetId": subnet}),
        ("AssociateSubnetCidrBlock", {"subnetId": "subnet-0a"}),
    ):
        assert calls_of(here, an_event(here, name, named)) == []
    assert here.asked() == [("passes", vpc_id)] * 5


def test_a_storm_on_other_peoples_vpcs_costs_one_read_and_no_run(here: Installation) -> None:
    here.account.vpc()
    other = here.account.vpc(profile=None, number=2)
    subnet = here.account.truth.private_subnets(other)[0]["SubnetId"]
    events = [
        an_event(here, "ModifyVpcAttribute", {"vpcId": other}),
        an_event(here, "AssociateSubnetCidrBlock", {"subnetId": subnet}),
    ]
    here.account.clock.advance(10)
    assert calls_of(here, *events * 100) != []
    for _ in range(5):
        here.account.clock.advance(10)
        assert calls_of(here, *events * 100) == []
    assert here.asked() == []


def test_what_is_foreign_is_so_until_it_opts_in_and_from_then_on_is_not(here: Installation) -> None:
    vpc_id = here.account.vpc(profile=None)
    change = an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id})
    here.account.clock.advance(10)
    take(here, change)
    assert here.asked() == []
    here.account.tag(vpc_id, profile="appmesh")
    # The tag's event comes among others that are of the VPC: these must not make it foreign again.
    take(here, change, an_event(here, "CreateTags", tagging([vpc_id])), change)
    assert here.asked() == [("passes", vpc_id)]
    here.account.clock.advance(10)
    take(here, an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id}))
    assert here.asked() == [("passes", vpc_id)] * 2


def test_a_vpc_whose_opt_in_ec2_does_not_show_yet_is_in_the_index_by_its_events_word(
    here: Installation,
) -> None:
    vpc_id = here.account.vpc(profile=None)
    subnet = here.account.truth.private_subnets(vpc_id)[0]["SubnetId"]
    take(here, an_event(here, "CreateTags", tagging([vpc_id])))
    here.account.clock.advance(30)
    take(here, an_event(here, "AssociateSubnetCidrBlock", {"subnetId": subnet}))
    assert here.asked() == [("passes", vpc_id)] * 2


def test_a_vpc_that_opts_in_is_indexed_at_once_so_that_what_it_loses_next_is_known(
    here: Installation,
) -> None:
    here.account.vpc(number=1)
    vpc_id = here.account.vpc("ab", profile=None, number=2)
    subnet = here.account.truth.private_subnets(vpc_id)[0]["SubnetId"]
    here.account.clock.advance(10)
    take(here, an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id}))
    here.account.tag(vpc_id, profile="appmesh")
    take(here, an_event(here, "CreateTags", tagging([vpc_id])))
    here.account.clock.advance(60)
    here.account.customer.delete_subnet(SubnetId=subnet)
    assert calls_of(here, an_event(here, "DeleteSubnet", {"subnetId": subnet})) == []
    assert here.asked() == [("passes", vpc_id)] * 2


def test_an_opt_in_whose_event_was_lost_is_not_foreign_for_longer_than_an_hour(here: Installation) -> None:
    vpc_id = here.account.vpc(profile=None)
    here.account.clock.advance(10)
    for _ in range(2):
        take(here, an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id}))
        here.account.clock.advance(10)
    here.account.tag(vpc_id, profile="appmesh")
    here.account.clock.advance(3600)
    take(here, an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id}))
    assert here.asked() == [("passes", vpc_id)]


def test_changes_of_other_peoples_groups_ask_for_nothing_and_of_ours_for_a_run(here: Installation) -> None:
    vpc_id = here.account.converged_vpc()
    ours = here.account.truth.owned_group(vpc_id)
    assert ours
    made = here.account.customer.create_security_group(VpcId=vpc_id, GroupName="web", Description="x")
    take(here, an_event(here, "AuthorizeSecurityGroupIngress", {"groupId": made["GroupId"]}))
    assert here.asked() == []
    take(here, an_event(here, "RevokeSecurityGroupIngress", {"groupId": ours["GroupId"]}))
    assert here.asked() == [("passes", vpc_id)]


# ---- refusals


def test_a_refused_read_fails_the_events_that_needed_it_and_no_others(here: Installation) -> None:
    known, other = here.account.vpc(number=1), here.account.vpc(number=2)
    take(here, an_event(here, "ModifyVpcAttribute", {"vpcId": known}))
    new = here.account.vpc(number=3)
    here.account.clock.advance(60)
    here.account.ec2.faults.deny("DescribeVpcs")
    events = (
        an_event(here, "ModifyVpcAttribute", {"vpcId": known}, "event-2"),
        an_event(here, "CreateRoute", {"routeTableId": "rtb-0123456789abcdef0"}, "event-3"),
        an_event(here, "CreateTags", tagging([other]), "event-4"),
        an_event(here, "ModifyVpcAttribute", {"vpcId": new}, "event-5"),
    )
    assert take(here, *events) == ["message-1", "message-3"]
    assert sorted(here.asked()[1:]) == sorted([("passes", known), ("passes", other)])
    assert "2 events are tried again: ec2:DescribeVpcs: UnauthorizedOperation" in here.said()
    here.account.ec2.faults.clear()
    assert take(here, events[1], events[3]) == []
    assert here.asked()[3:] == [("passes", new)]


def test_a_queue_that_refuses_fails_the_batch_and_the_next_try_asks_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    here = Installation(capsys)
    vpc_id = here.account.vpc()
    broken = Installation(capsys, refusing=(vpc_id,), account=here.account)
    event = an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id})
    for _ in range(2):
        with pytest.raises(NotQueued, match=vpc_id):
            take(broken, event)
    assert [group for _, group in broken.asked()] == [vpc_id] * 2


def test_a_bare_event_is_a_batch_of_one_and_fails_by_itself(here: Installation) -> None:
    """As `sam local invoke` sends it, and as the version before was invoked."""
    vpc_id = here.account.vpc()
    event = an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id})
    here.account.ec2.faults.deny("DescribeVpcs")
    with pytest.raises(intake.NotSettled, match="UnauthorizedOperation"):
        intake.handle(event, CONTEXT, here.runtime)
    assert here.asked() == []
    here.account.ec2.faults.clear()
    assert intake.handle(event, CONTEXT, here.runtime) == {"batchItemFailures": []}
    assert here.asked() == [("passes", vpc_id)]


# ---- what cannot be used


@pytest.mark.parametrize("name", ["DescribeVpcs", "RunInstances"])
def test_why_an_event_is_ignored_is_said_and_no_rejection_counted(here: Installation, name: str) -> None:
    take(here, an_event(here, name, {}))
    assert here.said().startswith(f"ignored: {name}")
    assert (here.asked(), here.rejected()) == ([], [])


def malformed(here: Installation) -> list[Any]:
    good = an_event(here, "DeleteVpc", {"vpcId": "vpc-0a"})
    return [
        {},
        {"id": "event-1", "detail": {}},
        {"id": "event-1", "detail-type": "Scheduled Event", "detail": {}},
        an_event(here, "DeleteVpc", None),
        {**good, "id": 7},
        an_event(here, "DeleteVpc", {"vpcId": "vpc-0a"}, eventTime=None),
        an_event(here, "DeleteVpc", {"vpcId": "vpc-0a"}, awsRegion=7),
        {**good, "detail": "vpc-1"},
        "hello",
        "[]",
        "7",
        "[" * 5000,
    ]


def test_malformed_events_are_named_in_a_line_and_a_metric_and_dropped_without_the_others(
    here: Installation,
) -> None:
    vpc_id = here.account.vpc()
    bad = malformed(here)
    assert take(here, *bad, an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id})) == []
    assert here.rejected() == ["malformed-event"] * len(bad)
    lines = here.said().splitlines()
    for event, line in zip(bad, lines, strict=False):
        body = event if isinstance(event, str) else json.dumps(event)
        assert line.startswith("malformed-event: ")
        assert f"in event {body[:200]}" in line
    assert here.asked() == [("passes", vpc_id)]


@pytest.mark.parametrize(
    "payload",
    [
        {},
        [],
        None,
        "hello",
        7,
        {"Records": []},
        {"Records": "x"},
        {"Records": [7]},
        {"Records": [{"body": "{}"}]},
        {"Records": [{"messageId": "m", "body": 7}]},
        {"Records": [{"eventSource": "aws:s3", "s3": {}}]},
    ],
)
def test_any_other_payload_is_reported_as_malformed_and_does_not_fail(
    here: Installation, payload: Any
) -> None:
    assert intake.handle(payload, CONTEXT, here.runtime) == {"batchItemFailures": []}
    assert here.rejected() == ["malformed-event"]
    assert here.asked() == []


@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        ({"recipientAccountId": "999999999999"}, "foreign-account"),
        ({"awsRegion": "us-east-1"}, "foreign-region"),
    ],
)
def test_a_record_of_elsewhere_is_dropped_by_name(
    here: Installation, detail: Mapping[str, str], reason: str
) -> None:
    vpc_id = here.account.vpc()
    take(here, an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id}, **detail))
    assert (here.asked(), here.rejected()) == ([], [reason])
