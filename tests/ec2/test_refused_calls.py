"""Endpoint calls that EC2 refuses, while runs share a budget of them: each is asked for once, what can be
made is made, and nobody waits behind them for long."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler import reconcile
from reconciler.conclusion import Ending
from reconciler.domain.findings import Reason
from reconciler.domain.pace import EndpointCall, Precedence
from reconciler.domain.remembering import purpose_of
from reconciler.messages import RunRequest
from tests.account import Account
from tests.refused import ALL, CREATE, DELETE, FIRST_THREE, asked, deny, made, of_ecs, pace, side_by_side
from tests.unit.fakes import refusal


@pytest.mark.parametrize("burst", [1, 4])
def test_a_vpc_of_which_everything_is_denied_is_blocked_and_each_service_was_asked_for_once(
    account: Account, burst: int
) -> None:
    pace(account, burst)
    vpc_id = account.vpc(profile="ecs")
    deny(account)
    with account.calls() as calls:
        runs = account.converge(vpc_id, at_most=8)
    assert runs[-1].ending is Ending.BLOCKED
    assert {each.reason for each in runs[-1].findings} == {Reason.UNAUTHORIZED}
    assert all("UnauthorizedOperation" in each.detail for each in runs[-1].findings)
    assert asked(calls).keys() == set(ALL)
    assert asked(calls).total() <= 8


def test_what_is_denied_does_not_keep_the_others_from_being_made(account: Account) -> None:
    pace(account)
    vpc_id = account.vpc(profile="ecs")
    deny(account, FIRST_THREE)
    runs = account.converge(vpc_id, at_most=8)
    assert runs[-1].ending is Ending.BLOCKED
    assert made(account, vpc_id) == {*ALL} - {*FIRST_THREE}


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ("InternalError", Ending.STUCK),
        ("IncorrectState", Ending.STUCK),
        ("NeverHeardOf", Ending.BLOCKED),
    ],
)
def test_what_ec2_cannot_do_for_now_keeps_no_other_from_being_made_and_ends_all_the_same(
    account: Account, code: str, ending: Ending
) -> None:
    pace(account, burst=1)
    vpc_id = account.vpc(profile="ecs")
    two = FIRST_THREE[:2]
    account.ec2.faults.before(
        CREATE, code, times=10**6, when=lambda given: bool(given["ServiceName"].endswith(two))
    )
    runs = account.converge(vpc_id, at_most=60)
    assert runs[-1].ending is ending
    assert made(account, vpc_id) == {*ALL} - {*two}


def test_what_was_refused_does_not_wait_for_a_turn_to_be_refused_again(account: Account) -> None:
    pace(account)
    vpc_id = account.vpc(profile="ecs")
    deny(account)
    account.converge(vpc_id)
    before = account.ledger.read(vpc_id)
    assert account.budget
    assert before
    while account.budget.take(EndpointCall.CREATE, Precedence.URGENT):
        pass
    with account.calls() as calls:
        run = account.one_run(vpc_id)
    assert (run.ending, run.paced, asked(calls).total()) == (Ending.BLOCKED, None, 0)
    assert run.news == (), "it is told once"
    after = account.ledger.read(vpc_id)
    assert after
    assert (after.making, {*after.in_vain}) == ((), {*before.in_vain})


def test_an_intention_stays_open_where_ec2_was_not_asked_again(account: Account) -> None:
    """A run that died after its call may have made it."""
    pace(account)
    vpc_id = account.vpc(profile="ecs")
    deny(account)
    account.converge(vpc_id)
    memory = account.ledger.read(vpc_id)
    assert memory
    seen = reconcile.look(RunRequest(vpc_id, 0), account.means, memory)
    assert seen
    *_, purpose = (purpose_of(step) for step in seen.plan.steps)
    account.ledger.save(memory.opened([purpose], account.clock.now()))
    assert account.budget
    while account.budget.take(EndpointCall.CREATE, Precedence.URGENT):
        pass
    account.one_run(vpc_id)
    after = account.ledger.read(vpc_id)
    assert after
    assert [each.purpose for each in after.making] == [purpose]


def test_once_a_denial_is_lifted_all_is_made_though_each_run_has_few_slots(account: Account) -> None:
    pace(account)
    vpc_id = account.vpc(profile="ecs")
    deny(account)
    account.converge(vpc_id)
    account.ec2.faults.clear()
    account.clock.advance(3600)
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED


def test_each_of_what_was_refused_is_asked_for_in_turn(account: Account) -> None:
    """A run asks for two of them; the one whose denial is lifted may be any."""
    pace(account, burst=2)
    vpc_id = account.vpc(profile="ecs")
    deny(account)
    account.converge(vpc_id)
    account.ec2.faults.clear()
    deny(account, set(ALL) - {"ssm"})
    for _ in range(6):
        account.clock.advance(3600)
        account.converge(vpc_id, at_most=8)
    assert made(account, vpc_id) == {"ssm"}


def test_vpcs_of_which_everything_is_denied_keep_no_other_from_its_endpoints(account: Account) -> None:
    denied = [of_ecs(account, number) for number in (1, 2, 3, 4)]
    for each in denied:
        ids = [endpoint["VpcEndpointId"] for endpoint in account.truth.endpoints(each)]
        account.customer.delete_vpc_endpoints(VpcEndpointIds=ids)
    account.clock.advance(600)
    pace(account)
    new = account.vpc(number=40)
    deny(account, vpcs=denied)
    with account.calls() as calls:
        runs = {each: account.one_run(each) for each in (*denied, new)}
        for _ in range(12):
            account.clock.advance(30)
            for vpc_id, run in runs.items():
                if run.ending is Ending.REQUEUED:
                    runs[vpc_id] = account.one_run(vpc_id, account.next_request(run))
                account.clock.advance(1)
    assert {runs[each].ending for each in denied} == {Ending.BLOCKED}
    assert runs[new].ending is Ending.CONVERGED
    creates = [each for each in calls if each.action == CREATE]
    assert len(creates) <= 36, "26 that are needed, and a few again; 0.3 a second would be 120"


@pytest.mark.parametrize("burst", [1, 4])
def test_an_endpoint_that_may_not_be_deleted_keeps_no_other_from_it(burst: int) -> None:
    account = Account(grace_seconds=0)
    vpc_id = of_ecs(account)
    pace(account, burst)
    [kept, *_] = sorted(each["VpcEndpointId"] for each in account.truth.endpoints(vpc_id))
    account.ec2.faults.before(
        DELETE, "UnauthorizedOperation", "no", times=10**6, when=lambda given: kept in str(given)
    )
    account.tag(vpc_id, profile="none")
    run = account.one_run(vpc_id)
    for _ in ALL:
        account.clock.advance(30)
        run = account.one_run(vpc_id, account.next_request(run))
    assert [each["VpcEndpointId"] for each in account.truth.endpoints(vpc_id)] == [kept]


def test_who_was_refused_its_first_endpoint_has_not_begun(account: Account) -> None:
    pace(account)
    vpc_id = account.vpc(profile="ecs")
    deny(account)
    run = account.one_run(vpc_id)
    assert (run.precedence, account.next_request(run).precedence) == (Precedence.NEW, Precedence.NEW)


def test_only_what_a_vpc_had_is_urgent(account: Account) -> None:
    vpc_id = account.converged_vpc()
    pace(account)
    account.tag(vpc_id, profile="ecs")
    assert account.one_run(vpc_id).precedence is Precedence.BEGUN, "a new profile is a roll-out"


def test_what_ec2_refused_is_not_urgent_again(account: Account) -> None:
    vpc_id = of_ecs(account)
    pace(account)
    deny(account, FIRST_THREE)
    for lost in account.truth.endpoints(vpc_id):
        account.customer.delete_vpc_endpoints(VpcEndpointIds=[lost["VpcEndpointId"]])
    account.clock.advance(600)
    first = account.one_run(vpc_id)
    assert first.precedence is Precedence.URGENT
    account.clock.advance(30)
    again = account.one_run(vpc_id, replace(account.next_request(first), paced=None))
    assert again.precedence is Precedence.BEGUN


def test_after_a_denial_was_lifted_for_some_of_many_blocked_vpcs_each_of_them_is_asked_for(
    account: Account,
) -> None:
    """A sweep sends all of them at once, and there are slots for few."""
    vpcs = [account.vpc("a", number=number) for number in range(1, 9)]
    deny(account, ("",))
    for each in vpcs:
        account.converge(each)
    pace(account)
    account.ec2.faults.clear()
    *denied, lifted = vpcs
    deny(account, ("",), denied)
    account.clock.advance(3600)
    with account.calls() as calls:
        runs = side_by_side(account, vpcs)
    assert runs[lifted].ending is Ending.CONVERGED
    assert {runs[each].ending for each in denied} == {Ending.BLOCKED}
    assert sum(each.action == CREATE for each in calls) <= 2 * len(vpcs)


@pytest.mark.parametrize(
    ("code", "ending"), [("IncorrectState", Ending.STUCK), ("NeverHeardOf", Ending.BLOCKED)]
)
def test_vpcs_that_share_the_slots_for_what_ec2_cannot_do_for_now_end_all_the_same(
    account: Account, code: str, ending: Ending
) -> None:
    pace(account, rate=0.03)
    vpcs = [account.vpc("a", number=number) for number in range(1, 5)]
    account.ec2.faults.before(CREATE, code, times=10**6)
    runs = side_by_side(account, vpcs, at_most=150)
    assert {each.ending for each in runs.values()} == {ending}


@pytest.mark.parametrize("failing", ["read", "write"])
def test_the_runs_of_a_vpc_end_also_where_only_its_own_memory_fails(
    account: Account, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """As where a later version wrote it, or where DynamoDB takes no item of that size."""
    pace(account)
    vpc_id = account.vpc(profile="ecs")
    deny(account)
    if failing == "read":
        document = {"findings": [{"kind": "k", "resource": "r", "since": 1, "status": "of-a-later-version"}]}
        state = {"doc": {"S": json.dumps(document)}, "version": {"N": "3"}}
        key = {"pk": {"S": f"vpc#{vpc_id}"}, "sk": {"S": "state"}}
        account.dynamo.put_item(TableName="ledger", Item={**key, **state})
    else:
        put = account.dynamo.put_item

        def put_no_state(**given: Any) -> Any:
            if given["Item"]["sk"]["S"] == "state":
                raise refusal("ValidationException")
            return put(**given)

        monkeypatch.setattr(account.dynamo, "put_item", put_no_state)
    with account.calls() as calls:
        runs = account.converge(vpc_id, at_most=8)
    assert runs[-1].ending is Ending.BLOCKED
    assert asked(calls).keys() == set(ALL)


def test_zones_that_have_no_room_are_told_of_once_while_ec2_is_not_asked_again(account: Account) -> None:
    pace(account)
    vpc_id = account.vpc("a")
    for subnet in account.truth.private_subnets(vpc_id):
        full = subnet["SubnetId"]
        words = f"no free address in {full}"
        account.ec2.faults.before(CREATE, "InsufficientFreeAddressesInSubnet", words, times=10**6)
    before = account.converge(vpc_id)[-1]
    assert "zone-uncovered" in {each.finding.kind for each in before.findings}
    assert account.budget
    while account.budget.take(EndpointCall.CREATE, Precedence.URGENT):
        pass
    run = account.one_run(vpc_id)
    assert (run.ending, run.news) == (Ending.BLOCKED, ())
    assert {each.finding.key for each in run.findings} == {each.finding.key for each in before.findings}
