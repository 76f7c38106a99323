"""Whose events lead to a run, and how many runs a burst of them costs."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import pytest

from sandbox.ec2 import AssumedRole, IamUser, Principal, Root
from sandbox.sandbox import Sandbox
from sandbox.trail.cloudtrail import cloudtrail_event
from tests.stack.conftest import DEBOUNCE_SECONDS
from tests.stack.team import Team, group_of, open_to_the_world
from tests.stack.watch import Since, eventually, heals, no_events

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import AttributeBooleanValueTypeDef

_PIPELINE = AssumedRole("arn:aws:iam::111122223333:role/pipeline", "deploy")
_OFF: AttributeBooleanValueTypeDef = {"Value": False}
_ON: AttributeBooleanValueTypeDef = {"Value": True}


@pytest.mark.parametrize(
    "who",
    [
        pytest.param(IamUser("dana"), id="an IAM user, who has no session issuer"),
        pytest.param(Root(), id="root"),
        pytest.param(
            AssumedRole("arn:aws:iam::111122223333:role/pipeline", "deploy"), id="a pipeline's role"
        ),
    ],
)
def test_a_change_is_heard_of_whoever_makes_it(sandbox: Sandbox, team: Team, who: Principal) -> None:
    vpc = team.fine_vpc().id
    sandbox.ec2_as(who).modify_vpc_attribute(VpcId=vpc, EnableDnsSupport=_OFF)
    assert sandbox.truth.faults(vpc) == ["enableDnsSupport is off"]
    heals(sandbox, vpc)


def test_the_programs_own_calls_match_no_rule(sandbox: Sandbox, team: Team) -> None:
    role = sandbox.roles["ReconcileFunction"]
    team.fine_vpc()
    own = [call for call in sandbox.calls_of("ReconcileFunction") if call.mutating]
    assert {call.action for call in own} >= {"CreateVpcEndpoint", "CreateSecurityGroup", "ModifyVpcAttribute"}
    assert sandbox.delivery.counts.matched_of[role.role_arn] == 0


def test_the_same_calls_by_another_role_do_match(sandbox: Sandbox, team: Team) -> None:
    team.fine_vpc()
    own = {call.action: call for call in sandbox.calls_of("ReconcileFunction") if call.mutating}
    for call in own.values():
        event = cloudtrail_event(call, sandbox.ec2.account, sandbox.ec2.region)
        assert sandbox.delivery.matching(event) == [], call.action
        event["detail"]["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] += "-of-someone-else"
        assert len(sandbox.delivery.matching(event)) == 1, call.action


def test_a_call_that_was_refused_starts_nothing(sandbox: Sandbox, team: Team) -> None:
    vpc = team.fine_vpc().id
    since, matched = Since(sandbox), sandbox.delivery.counts.matched
    with pytest.raises(sandbox.customer.exceptions.ClientError, match=r"InvalidParameterCombination"):
        sandbox.customer.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport=_OFF, EnableDnsHostnames=_OFF)
    eventually(sandbox.idle, "work is left in the queues")
    assert sandbox.delivery.counts.matched == matched
    assert since.runs(vpc) == []


def test_a_burst_of_events_costs_one_run_a_window_and_its_last_change_is_covered(
    sandbox: Sandbox, team: Team
) -> None:
    vpc = team.fine_vpc().id
    since = Since(sandbox)
    for number in range(40):
        value = _OFF if number % 2 else _ON
        sandbox.customer.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames=value)
    heals(sandbox, vpc)
    eventually(sandbox.idle, "work is left in the queues")
    assert 1 <= len(since.lines("IntakeFunction", vpc)) <= 40, "intake asks once a batch"
    windows = math.floor(since.runs(vpc)[-1].timestamp / DEBOUNCE_SECONDS) - math.floor(
        since.time / DEBOUNCE_SECONDS
    )
    of_events = [line for line in since.runs(vpc) if '"attempts":0' in line.message]
    assert 1 <= len(of_events) <= windows
    assert len(since.runs(vpc)) <= 2 * windows


def test_a_change_made_while_a_run_is_waited_for_is_covered_by_it(sandbox: Sandbox, team: Team) -> None:
    vpc = team.fine_vpc().id
    since = Since(sandbox)
    sandbox.customer.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport=_OFF)
    eventually(partial(since.lines, "IntakeFunction", vpc), "the event was not heard")
    with no_events(sandbox):
        open_to_the_world(sandbox.customer, group_of(sandbox, vpc))
        assert since.runs(vpc) == [], "this test was too slow to change anything before the run"
    heals(sandbox, vpc)
    assert len(since.lines("IntakeFunction", vpc)) == 1


def test_a_run_over_a_vpc_that_is_as_it_should_be_writes_nothing_and_costs_nine_calls_at_most(
    sandbox: Sandbox, team: Team
) -> None:
    vpc = team.fine_vpc()
    since = Since(sandbox)
    team.opts_in(vpc)
    eventually(partial(since.runs, vpc.id), "there was no run")
    eventually(sandbox.idle, "work is left in the queues")
    assert since.endings(vpc.id) == ["converged"]
    calls = since.calls("ReconcileFunction")
    assert [call.action for call in calls if call.mutating] == []
    assert len(calls) <= 9, sorted(call.action for call in calls)
