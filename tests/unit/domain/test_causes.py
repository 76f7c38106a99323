from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.causes import cause_of
from reconciler.domain.findings import Finding, Kind, Status
from reconciler.domain.memory import Cause, Made, Memory, OpenFinding
from tests.builders import LOGS, VPC_ID

NOON = 1_795_435_200
DAY = 24 * 3600
OFF = Finding(Kind.PRIVATE_DNS_OFF, "vpce-1", "off", "on")
MISSING = Finding(Kind.ENDPOINT_MISSING, LOGS, "no endpoint for the service", "one")


def a_call(name: str, *resources: str, time: int = NOON, refused: bool = False) -> Cause:
    return Cause(f"{name}-{time}-{resources}", name, "rob", time, resources, refused)


def cause(finding: Finding, *calls: Cause, now: int = NOON + 60, made: Made | None = None) -> Cause | None:
    known = {made.id: made} if made else {}
    return cause_of(finding, Memory(VPC_ID, made=known, causes=calls), now)


def test_a_call_that_can_have_done_it_is_the_cause() -> None:
    call = a_call("ModifyVpcEndpoint", "vpce-1")
    assert cause(OFF, call) == call
    assert str(call) == "ModifyVpcEndpoint by rob"


def test_a_call_that_cannot_have_done_it_is_not() -> None:
    assert cause(OFF, a_call("DeleteSecurityGroup", "vpce-1")) is None
    assert cause(OFF) is None


def test_the_latest_of_several_is_the_cause() -> None:
    early, late = a_call("ModifyVpcEndpoint", "vpce-1"), a_call("ModifyVpcEndpoint", "vpce-1", time=NOON + 1)
    assert cause(OFF, early, late) == cause(OFF, late, early) == late


def test_a_call_of_more_than_a_day_ago_is_none() -> None:
    call = a_call("ModifyVpcEndpoint", "vpce-1")
    assert cause(OFF, call, now=NOON + DAY - 1) == call
    assert cause(OFF, call, now=NOON + DAY) is None


def test_a_call_on_another_endpoint_is_not_the_cause() -> None:
    assert cause(OFF, a_call("ModifyVpcEndpoint", "vpce-2")) is None


def test_a_call_that_names_the_thing_comes_before_a_later_one_that_names_none_of_its_type() -> None:
    group = Finding(Kind.GROUP_RULE_MISSING, "sg-1", "none", "443")
    named = a_call("RevokeSecurityGroupIngress", "sg-1")
    later = a_call("CreateSubnet", "subnet-1", time=NOON + 1)
    assert cause(group, named, later) == named
    assert cause(group, later) == later


def test_a_finding_on_the_vpc_comes_from_any_fitting_call_of_the_vpc() -> None:
    off = Finding(Kind.DNS_SUPPORT_OFF, VPC_ID, "off", "on")
    call = a_call("ModifyVpcAttribute", VPC_ID)
    assert cause(off, call) == call
    cut_off = Finding(Kind.PUBLIC_SUBNETS_CUT_OFF, VPC_ID, "", "")
    route = a_call("CreateRoute", "rtb-1")
    assert cause(cut_off, route) == route


def test_who_deleted_an_endpoint_is_found_by_the_id_that_the_ledger_knows_it_had() -> None:
    deleted = a_call("DeleteVpcEndpoints", "vpce-1")
    other = a_call("DeleteVpcEndpoints", "vpce-2", time=NOON + 1)
    made = Made("vpce-1", "our-stack/logs")
    assert cause(MISSING, deleted, other, made=made) == deleted
    assert cause(MISSING, deleted, other) == other


# ---- refused calls


def test_what_is_made_anew_is_waited_for_because_of_who_deleted_the_one_before() -> None:
    opt_in = a_call("CreateTags", VPC_ID, time=NOON - 60)
    deleted = a_call("DeleteVpcEndpoints", "vpce-1")
    pending = Finding(Kind.ENDPOINT_NOT_READY, "vpce-2", "pending", "available", Status.WAITING)
    made = {each: Made(each, "our-stack/logs") for each in ("vpce-1", "vpce-2")}
    memory = Memory(VPC_ID, made=made, causes=(deleted, opt_in))
    assert cause_of(pending, memory, NOON + 60) == deleted
    other = replace(memory, made={**made, "vpce-1": Made("vpce-1", "our-stack/ecs")})
    assert cause_of(pending, other, NOON + 60) == opt_in


def test_a_refused_deletion_has_changed_nothing() -> None:
    missing = Finding(Kind.GROUP_MISSING, VPC_ID, "", "")
    assert cause(missing, a_call("DeleteSecurityGroup", "sg-1", refused=True)) is None
    done = a_call("DeleteSecurityGroup", "sg-1")
    assert cause(missing, done) == done


@pytest.mark.parametrize("kind", [Kind.RELEASED, Kind.DELETION_REFUSED])
def test_a_refused_deletion_is_why_something_makes_way_or_not(kind: Kind) -> None:
    refused = a_call("DeleteSubnet", "subnet-1", refused=True)
    assert cause(Finding(kind, "subnet-1", "", ""), refused) == refused


def test_what_is_known_already_counts_more_than_a_later_call_that_names_nothing_of_the_kind() -> None:
    group = Finding(Kind.GROUP_RULE_MISSING, "sg-1", "none", "443")
    known = a_call("RevokeSecurityGroupIngress", "sg-1")
    subnet = a_call("CreateSubnet", "subnet-1", time=NOON + 1)
    named = a_call("RevokeSecurityGroupIngress", "sg-1", time=NOON + 2)
    assert cause_of(group, Memory(VPC_ID, causes=(subnet,)), NOON + 60, known) == known
    assert cause_of(group, Memory(VPC_ID, causes=(subnet, named)), NOON + 60, known) == named


def test_what_nobody_brings_about_by_a_call_has_no_cause() -> None:
    gone = Finding(Kind.SERVICE_UNAVAILABLE, LOGS, "", "")
    assert cause(gone, a_call("DeleteVpcEndpoints", "vpce-1"), a_call("CreateTags", VPC_ID)) is None


def test_what_a_vpc_lacks_when_it_opts_in_is_brought_about_by_that_for_some_minutes() -> None:
    off = Finding(Kind.DNS_HOSTNAMES_OFF, VPC_ID, "", "")
    opted_in = a_call("CreateTags", VPC_ID)
    assert cause(off, opted_in) == opted_in
    assert cause(off, a_call("CreateTags", VPC_ID, time=NOON - 3600)) is None
    assert cause(off, a_call("CreateTags", "vpc-2")) is None


def test_what_differs_once_the_vpc_has_converged_was_not_brought_about_by_the_opt_in() -> None:
    off = Finding(Kind.DNS_HOSTNAMES_OFF, VPC_ID, "", "")
    opted_in = a_call("CreateTags", VPC_ID)
    known = Memory(VPC_ID, causes=(opted_in,), version=2)
    assert cause_of(off, known, NOON + 60) is None
    waiting = OpenFinding(Kind.ENDPOINT_NOT_READY, "vpce-1", NOON, Status.WAITING)
    assert cause_of(off, replace(known, findings=(waiting,)), NOON + 60) == opted_in
