"""What intake knows of a thing that is gone, and of what another process of it was told."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import pytest

from reconciler.ledger import OptIn
from reconciler.queue import NotQueued
from tests.account import DEBOUNCE
from tests.unit.fakes import refusal
from tests.unit.installed import Installation
from tests.unit.taking_events import ADA, an_event, calls_of, tagging, take

GONE = "subnet-0123456789abcdef0"


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Installation:
    return Installation(capsys)


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


@pytest.mark.parametrize("is_last", [True, False])
def test_a_vpc_that_another_process_heard_of_is_not_foreign_though_ec2_shows_its_tag_late(
    here: Installation, capsys: pytest.CaptureFixture[str], is_last: bool
) -> None:
    """Both read that VPC beside those that EC2 shows as mattering, also where another opt-in is the last."""
    other, third = (Installation(capsys, account=here.account) for _ in range(2))
    vpc_id, known = here.account.vpc("ab", profile=None), here.account.vpc(number=2)
    take(third, an_event(here, "ModifyVpcAttribute", {"vpcId": known}))
    take(here, an_event(here, "CreateTags", tagging([vpc_id])))
    if not is_last:
        take(third, an_event(here, "CreateTags", tagging([known])))
    before = len(other.asked())
    change = an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id})
    here.account.clock.advance(10)
    take(other, change)
    assert other.asked()[before:] == [("passes", vpc_id)]
    here.account.tag(vpc_id, profile="appmesh")
    here.account.clock.advance(300)
    take(other, an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id}))
    assert other.asked()[before:] == [("passes", vpc_id)] * 2


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
    assert told.named
    refusing = patch.object(here.account.dynamo, "batch_write_item", side_effect=refusal("Throttling"))
    with refusing, pytest.raises(NotQueued):
        take(here, opt_in)
    assert ledger.last_opt_in() == told
    take(here, an_event(here, "RunInstances", {}))
    assert ledger.last_opt_in() not in (told, OptIn(), None)


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


def test_what_another_process_heard_of_is_told_though_it_reads_its_index_in_the_same_batch(
    here: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """The index has it then: no event has to tell that process of it."""
    other = Installation(capsys, account=here.account)
    vpc_id, customer = here.account.vpc("ab"), here.account.customer
    for each in (here, other):
        take(each, an_event(here, "ModifyVpcAttribute", {"vpcId": vpc_id}))
    here.account.clock.advance(60)
    table = customer.create_route_table(VpcId=vpc_id)["RouteTable"]["RouteTableId"]
    made = an_event(here, "CreateRouteTable", {"vpcId": vpc_id, "routeTableId": table})
    of_others = an_event(here, "CreateRoute", {"routeTableId": "rtb-0123456789abcdef0"})
    assert "DescribeRouteTables" in calls_of(other, made, of_others)
    before = len(here.asked())
    here.account.clock.advance(60)
    customer.delete_route_table(RouteTableId=table)
    assert calls_of(here, an_event(here, "DeleteRouteTable", {"routeTableId": table})) == []
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
