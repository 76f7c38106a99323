"""The function that takes events, on the sandbox's EC2 and queues that keep what they are sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock, patch

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.intake import app as intake
from reconciler.domain.memory import Cause
from reconciler.queue import NotQueued
from tests.account import DEBOUNCE, INSTALLATION
from tests.unit.fakes import refusal
from tests.unit.installed import Installation

CONTEXT = Mock(spec=LambdaContext, aws_request_id="request-1", get_remaining_time_in_millis=lambda: 60_000)
ADA = {"type": "IAMUser", "userName": "ada"}
GONE = "subnet-0123456789abcdef0"
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


def an_event(here: Installation, name: str, request: Any, event_id: str = "event-1", **detail: Any) -> Any:
    """An event of now, as the rules deliver it."""
    time = datetime.fromtimestamp(int(here.account.clock.now()), UTC).isoformat()
    return {
        "id": event_id,
        "detail-type": "AWS API Call via CloudTrail",
        "account": "111122223333",
        "detail": {
            "eventName": name,
            "eventTime": time,
            "awsRegion": "eu-west-1",
            "recipientAccountId": "111122223333",
            "requestParameters": request,
            **detail,
        },
    }


def a_batch(*bodies: Any) -> dict[str, Any]:
    """An event of the event queue's."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": "x",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:events",
                "awsRegion": "eu-west-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def take(here: Installation, *events: Any) -> list[str]:
    """Take events in one batch. Gives the messages that failed."""
    answer: Any = intake.handle(a_batch(*events), CONTEXT, here.runtime)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def calls_of(here: Installation, *events: Any) -> list[str]:
    """What a batch costs, in calls to EC2."""
    with here.account.calls() as calls:
        assert take(here, *events) == []
    return [call.request.action for call in calls]


def tagging(vpc_ids: Iterable[str], key: str = INSTALLATION.profile_key) -> dict[str, Any]:
    return {
        "resourcesSet": {"items": [{"resourceId": each} for each in vpc_ids]},
        "tagSet": {"items": [{"key": key, "value": "appmesh"}]},
    }


# ---- what an event asks for


def test_a_run_is_asked_for_of_the_opted_in_vpc_of_an_event(here: Installation) -> None:
    vpc_id, now = here.account.vpc(), here.account.clock.now()
    assert take(here, an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id})) == []
    assert here.asked() == [("passes", vpc_id)]
    [message] = here.sqs.sent
    assert json.loads(message["MessageBody"]) == {
        "vpc_id": vpc_id,
        "first_seen": int(now) * 1000,
        "attempts": 0,
        "began": 0,
        "failures": 0,
        "unknowns": 0,
        "not_before": 0,
        "refused": [],
        "swept": False,
        "counted": [],
        "made": [],
        "contests": [],
        "correlation_id": "event-1",
        "paced": None,
        "turns": 0,
        "precedence": "new",
    }


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


# ---- two processes


def test_what_is_foreign_to_a_process_is_so_until_another_one_hears_of_its_opt_in(
    here: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Installation(capsys, account=here.account)
    vpc_id = here.account.vpc("ab", profile=None)
    subnet = here.account.truth.private_subnets(vpc_id)[0]["SubnetId"]
    change = an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id})
    here.account.clock.advance(10)
    take(other, change)
    here.account.clock.advance(10)
    assert calls_of(other, an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id})) == [], "it is foreign"
    here.account.tag(vpc_id, profile="appmesh")
    take(here, an_event(here, "CreateTags", tagging([vpc_id])))
    here.account.clock.advance(10)
    here.account.customer.delete_subnet(SubnetId=subnet)
    take(other, an_event(here, "DeleteSubnet", {"subnetId": subnet}))
    assert other.asked() == [("sweeps", "region")]
    take(other, an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id}))
    assert other.asked()[1:] == [("passes", vpc_id)]


def test_an_opt_in_is_told_before_its_run_is_asked_for_and_again_where_the_ledger_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Else a process that judges an event in between would leave it to a run that may be over."""
    here = Installation(capsys, refusing=("vpc-0123456789abcdef0",))
    opt_in = an_event(here, "CreateTags", tagging(["vpc-0123456789abcdef0"]))
    ledger = here.account.ledger
    with pytest.raises(NotQueued):
        take(here, opt_in)
    told = ledger.last_opt_in()
    assert told
    refusing = patch.object(here.account.dynamo, "batch_write_item", side_effect=refusal("Throttling"))
    with refusing, pytest.raises(NotQueued):
        take(here, opt_in)
    assert ledger.last_opt_in() == told
    take(here, an_event(here, "RunInstances", {}))
    assert ledger.last_opt_in() not in (told, "", None)


def test_a_ledger_is_read_once_a_batch_and_only_where_something_is_not_known(here: Installation) -> None:
    vpc_id, other = here.account.vpc(), here.account.vpc(profile=None, number=2)
    ours = an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id})
    theirs = an_event(here, "ModifyVpcAttribute", {"vpcId": other})
    here.account.clock.advance(10)
    take(here, ours, theirs)
    for events, reads in (([ours], 0), ([ours, theirs, theirs], 0)):
        here.account.dynamo.calls.clear()
        assert calls_of(here, *events) == []
        assert here.account.dynamo.calls.count("batch_get_item") == reads
    here.account.clock.advance(10)
    here.account.dynamo.calls.clear()
    assert calls_of(here, an_event(here, "ModifyVpcAttribute", {"vpcId": other}), theirs) == []
    assert here.account.dynamo.calls == ["batch_get_item"]


def test_without_the_ledger_nothing_is_foreign_but_by_an_index_that_was_read_after_the_event(
    here: Installation,
) -> None:
    other = here.account.vpc(profile=None)
    here.account.dynamo.error = refusal("AccessDeniedException")
    for _ in range(3):
        here.account.clock.advance(10)
        event = an_event(here, "ModifyVpcAttribute", {"vpcId": other})
        here.account.clock.advance(10)
        assert len(calls_of(here, event, event)) <= 7
        assert calls_of(here, event) == []
    assert here.asked() == []
    here.account.tag(other, profile="appmesh")
    here.account.clock.advance(10)
    take(here, an_event(here, "ModifyVpcAttribute", {"vpcId": other}))
    assert here.asked() == [("passes", other)]


# ---- what is gone


def test_a_deleted_thing_is_resolved_from_the_index_as_it_was(here: Installation) -> None:
    vpc_id = here.account.vpc("ab")
    subnet = here.account.truth.private_subnets(vpc_id)[0]["SubnetId"]
    take(here, an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id}))
    here.account.customer.delete_subnet(SubnetId=subnet)
    deleted = an_event(here, "DeleteSubnet", {"subnetId": subnet})
    # Meanwhile other people's work has the index read anew, again and again.
    for number in range(5):
        here.account.clock.advance(60)
        take(here, an_event(here, "CreateRoute", {"routeTableId": f"rtb-{number:017x}"}))
    take(here, deleted)
    assert here.asked() == [("passes", vpc_id)] * 2


def test_what_was_made_here_and_is_gone_before_any_index_had_it_is_known_by_the_ledger(
    here: Installation,
) -> None:
    vpc_id = here.account.vpc()
    take(here, an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id}))
    here.account.converge(vpc_id)
    made = here.account.truth.endpoints(vpc_id)[0]["VpcEndpointId"]
    here.account.clock.advance(60)
    take(here, an_event(here, "DeleteVpcEndpoints", {"vpcEndpointId": made}))
    assert here.asked() == [("passes", vpc_id)] * 2


def test_what_another_process_heard_of_and_is_gone_is_known_by_the_ledger(
    here: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Installation(capsys, account=here.account)
    vpc_id, assoc = here.account.vpc(), "rtbassoc-0123456789abcdef0"
    for each in (here, other):
        take(each, an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id}))
    of_vpc: Any = [{"Name": "vpc-id", "Values": [vpc_id]}]
    table = here.account.customer.describe_route_tables(Filters=of_vpc)["RouteTables"][0]["RouteTableId"]
    here.account.clock.advance(60)
    associated: dict[str, Any] = {"responseElements": {"associationId": assoc}}
    before = len(here.asked())
    take(other, an_event(here, "AssociateRouteTable", {"routeTableId": table}, **associated))
    here.account.clock.advance(60)
    take(here, an_event(here, "DisassociateRouteTable", {"associationId": assoc}))
    assert here.asked()[before:] == [("passes", vpc_id)]


def test_what_nobody_knows_and_is_gone_asks_for_a_sweep_after_a_cold_start_only(here: Installation) -> None:
    here.account.vpc()
    then = int(here.account.clock.now()) * 1000
    take(here, an_event(here, "DeleteSubnet", {"subnetId": GONE}))
    assert here.asked() == [("sweeps", "region")]
    assert json.loads(here.sqs.sent[0]["MessageBody"]) == {"first_seen": then}
    here.account.clock.advance(60)
    take(here, an_event(here, "DeleteSubnet", {"subnetId": "subnet-0fedcba9876543210"}))
    assert here.asked() == [("sweeps", "region")]


def test_a_deleted_group_that_the_ledger_does_not_know_asks_for_nothing_and_without_the_ledger_for_a_sweep(
    here: Installation,
) -> None:
    deleted = an_event(here, "DeleteSecurityGroup", {"groupId": "sg-0123456789abcdef0"})
    assert calls_of(here, deleted) == []
    assert here.asked() == []
    here.account.dynamo.error = refusal("AccessDeniedException")
    take(here, deleted)
    assert here.asked() == [("sweeps", "region")]


def test_a_deleted_group_that_was_made_or_taken_over_here_asks_for_a_run_after_a_cold_start(
    capsys: pytest.CaptureFixture[str],
) -> None:
    account = Installation(capsys).account
    made = account.converged_vpc(number=1)
    account.dynamo.items.clear()
    account.ledger = account.new_ledger()
    account.sweep()
    later = account.converged_vpc(number=2)
    here = Installation(capsys, account=account)
    for vpc_id in (made, later):
        group = account.truth.owned_group(vpc_id)
        assert group
        take(here, an_event(here, "DeleteSecurityGroup", {"groupId": group["GroupId"]}))
    assert here.asked() == [("passes", made), ("passes", later)]


def test_what_the_ledger_never_learnt_of_is_foreign_by_an_index_of_the_last_minutes_alone(
    here: Installation,
) -> None:
    here.account.vpc()
    take(here, an_event(here, "CreateRoute", {"routeTableId": "rtb-0123456789abcdef0"}))
    for seconds, asked in ((600, 0), (2400, 1), (600, 1)):
        here.account.clock.advance(seconds)
        take(here, an_event(here, "DeleteVpcEndpoints", {"vpcEndpointId": "vpce-0123456789abcdef0"}))
        assert here.asked() == [("sweeps", "region")] * asked


def test_what_another_process_heard_of_is_told_to_the_ledger_though_it_refused_at_first(
    here: Installation,
) -> None:
    vpc_id, subnet = here.account.vpc(), "subnet-0123456789abcdef0"
    new = an_event(here, "CreateSubnet", {"vpcId": vpc_id, "subnetId": subnet}, userIdentity=ADA)
    with patch.object(here.account.dynamo, "batch_write_item", side_effect=refusal("ThrottlingException")):
        take(here, new)
    assert here.account.ledger.vpcs_of([subnet]) == {}
    take(here, an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id}, userIdentity=ADA))
    assert here.account.ledger.vpcs_of([subnet]) == {subnet: vpc_id}
    here.account.dynamo.items.clear()
    take(here, an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id}, userIdentity=ADA))
    assert here.account.ledger.vpcs_of([subnet]) == {}, "it is told once"


def test_sweeps_that_events_ask_for_within_a_window_are_one_to_sqs(here: Installation) -> None:
    here.account.dynamo.error = refusal("AccessDeniedException")
    for _ in range(3):
        take(here, an_event(here, "DeleteSubnet", {"subnetId": GONE}))
        here.account.clock.advance(DEBOUNCE / 3)
    assert len({each["MessageDeduplicationId"] for each in here.sqs.sent}) == 1
    assert here.asked() == [("sweeps", "region")] * 3
    take(here, an_event(here, "DeleteSubnet", {"subnetId": GONE}))
    assert len({each["MessageDeduplicationId"] for each in here.sqs.sent}) == 2


def test_a_deleted_vpc_that_nobody_knew_asks_for_nothing(here: Installation) -> None:
    assert calls_of(here, an_event(here, "DeleteVpc", {"vpcId": "vpc-0123456789abcdef0"})) == []
    assert here.asked() == []


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
