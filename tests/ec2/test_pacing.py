"""Runs that take endpoint calls from a budget, on EC2's rules: who waits, for what, and at what cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.conclusion import Ending, Run
from reconciler.domain.findings import Status
from reconciler.domain.memory import InVain
from reconciler.domain.pace import EndpointCall, Pace, Precedence
from reconciler.messages import RunRequest
from reconciler.write_budget import WriteBudget
from tests.account import DEBOUNCE, INSTALLATION, Account
from tests.unit.fakes import refusal

PACE = Pace(rate=0.3, burst=4)


@pytest.fixture
def paced(account: Account) -> Account:
    """An account whose runs share a budget. What was made before it is free."""
    account.budget = WriteBudget(account.new_table(), PACE, account.clock.now)
    return account


def empty(account: Account, call: EndpointCall, who: Precedence = Precedence.BEGUN) -> None:
    """As others' runs leave it."""
    assert account.budget
    while account.budget.take(call, who):
        pass


def a_request(account: Account, vpc_id: str) -> RunRequest:
    return RunRequest(vpc_id, first_seen=int(account.clock.now() * 1000))


def rounds(account: Account, run: Run) -> Iterator[Run]:
    """The run, and those that follow it a debounce apart."""
    while True:
        yield run
        if run.ending is not Ending.REQUEUED:
            return
        account.clock.advance(DEBOUNCE)
        run = account.one_run(run.request.vpc_id, account.next_request(run))


def test_a_run_that_has_to_wait_for_its_turn_is_requeued_and_spends_no_attempt(paced: Account) -> None:
    vpc_id = paced.vpc()
    empty(paced, EndpointCall.CREATE)
    done = paced.one_run(vpc_id)
    assert (done.ending, done.paced, done.failed) == (Ending.REQUEUED, EndpointCall.CREATE, False)
    assert any("no room" in each.detail for each in done.findings if each.status is Status.WAITING)
    assert paced.truth.owned_group(vpc_id), "what needs no slot is done"
    assert paced.truth.endpoints(vpc_id) == []
    again = paced.next_request(done)
    assert (again.attempts, again.turns, again.paced) == (1, 1, EndpointCall.CREATE)
    assert paced.next_request(paced.one_run(vpc_id, again)).attempts == 1


def test_until_its_turn_a_run_costs_one_read_of_the_ledger_and_no_call(paced: Account) -> None:
    vpc_id = paced.vpc()
    empty(paced, EndpointCall.CREATE)
    again = paced.next_request(paced.one_run(vpc_id))
    paced.dynamo.calls.clear()
    with paced.calls() as calls:
        waited = paced.one_run(vpc_id, again)
    assert (waited.ending, waited.paced) == (Ending.REQUEUED, EndpointCall.CREATE)
    assert calls == []
    assert paced.dynamo.calls == ["get_item"]


def test_nothing_is_lost_that_a_message_carries_while_its_vpc_waits(paced: Account) -> None:
    vpc_id = paced.vpc()
    empty(paced, EndpointCall.CREATE)
    first = paced.one_run(vpc_id)
    asked = (InVain("a digest", 7, Status.BLOCKED),)
    again = replace(paced.next_request(first), asked=asked)
    waited = paced.next_request(paced.one_run(vpc_id, again))
    assert waited.asked == asked
    assert waited.counted == again.counted != ()
    assert (waited.first_seen, waited.correlation_id) == (again.first_seen, again.correlation_id)
    assert waited.precedence == again.precedence


@pytest.mark.parametrize("throttled", [False, True])
def test_a_vpc_that_waits_leaves_no_intention_open_that_proves_what_a_stranger_makes(
    paced: Account, throttled: bool
) -> None:
    vpc_id = paced.vpc()
    if throttled:
        paced.ec2.faults.before("CreateVpcEndpoint", "RequestLimitExceeded", times=9)
    else:
        empty(paced, EndpointCall.CREATE)
    assert paced.one_run(vpc_id).paced
    memory = paced.ledger.read(vpc_id)
    assert memory
    assert memory.making == ()


def test_once_its_turn_has_come_it_converges(paced: Account) -> None:
    vpc_id = paced.vpc()
    empty(paced, EndpointCall.CREATE)
    *_, last = rounds(paced, paced.one_run(vpc_id))
    assert last.ending is Ending.CONVERGED
    assert paced.truth.faults(vpc_id) == []


def test_a_vpc_that_waits_for_long_is_never_stuck_for_that(paced: Account) -> None:
    vpc_id = paced.vpc()
    empty(paced, EndpointCall.CREATE)
    run = paced.one_run(vpc_id)
    for _ in range(200):
        empty(paced, EndpointCall.CREATE)
        paced.clock.advance(DEBOUNCE)
        empty(paced, EndpointCall.CREATE)
        run = paced.one_run(vpc_id, paced.next_request(run))
        assert run.ending is Ending.REQUEUED
    *_, last = rounds(paced, run)
    assert last.ending is Ending.CONVERGED


def test_a_vpc_that_had_converged_does_not_wait_behind_a_roll_out(paced: Account) -> None:
    budget, paced.budget = paced.budget, None
    old = paced.converged_vpc(number=1)
    paced.budget = budget
    new = paced.vpc(number=2)
    [lost, *_] = paced.truth.endpoints(old)
    paced.customer.delete_vpc_endpoints(VpcEndpointIds=[lost["VpcEndpointId"]])
    paced.clock.advance(600)
    empty(paced, EndpointCall.CREATE)
    assert paced.one_run(new).paced is EndpointCall.CREATE
    healed = paced.one_run(old)
    assert (healed.paced, healed.precedence) == (None, Precedence.URGENT)
    assert paced.converge(old)[-1].ending is Ending.CONVERGED


def test_an_urgent_vpc_that_waits_says_so_to_its_next_run(paced: Account) -> None:
    budget, paced.budget = paced.budget, None
    vpc_id = paced.converged_vpc()
    paced.budget = budget
    [lost, *_] = paced.truth.endpoints(vpc_id)
    paced.customer.delete_vpc_endpoints(VpcEndpointIds=[lost["VpcEndpointId"]])
    paced.clock.advance(600)
    empty(paced, EndpointCall.CREATE, Precedence.URGENT)
    again = paced.next_request(paced.one_run(vpc_id))
    assert (again.paced, again.precedence) == (EndpointCall.CREATE, Precedence.URGENT)
    paced.clock.advance(4)
    assert paced.one_run(vpc_id, again).paced is None


def test_a_vpc_that_has_begun_goes_before_those_that_have_not(paced: Account) -> None:
    first, second = paced.vpc(number=1), paced.vpc(number=2)
    empty(paced, EndpointCall.CREATE)
    paced.clock.advance(3.4)
    assert paced.one_run(second).precedence is Precedence.NEW
    paced.clock.advance(3.4)
    begun = paced.one_run(first)
    assert (begun.paced, begun.precedence) == (None, Precedence.BEGUN), "it made both of its endpoints"
    assert len(paced.truth.endpoints(first)) == 2


def test_a_vpc_that_lacks_one_of_its_endpoints_still_goes_before_new_ones(paced: Account) -> None:
    first, second = paced.vpc(number=1), paced.vpc(number=2)
    paced.ec2.faults.before("CreateVpcEndpoint", "InternalError", when=lambda given: "logs" in str(given))
    paced.one_run(first)
    assert len(paced.truth.endpoints(first)) == 1
    paced.ec2.faults.clear()
    empty(paced, EndpointCall.CREATE)
    paced.clock.advance(3.4)
    assert paced.one_run(second).paced is EndpointCall.CREATE
    assert paced.one_run(first).paced is None
    assert len(paced.truth.endpoints(first)) == 2


def test_a_throttle_of_others_making_is_waited_out_like_a_turn(paced: Account) -> None:
    vpc_id = paced.vpc()
    paced.ec2.faults.before("CreateVpcEndpoint", "RequestLimitExceeded")
    done = paced.one_run(vpc_id)
    assert (done.ending, done.paced) == (Ending.REQUEUED, EndpointCall.CREATE)
    again = paced.next_request(done)
    assert (again.attempts, again.not_before) == (1, 0)
    with paced.calls() as calls:
        assert paced.one_run(vpc_id, again).is_early, "others have emptied the bucket"
    assert calls == []
    *_, last = rounds(paced, done)
    assert last.ending is Ending.CONVERGED


def test_throttles_that_do_not_end_are_asked_about_less_and_less_and_are_stuck_after_two_hours(
    paced: Account,
) -> None:
    vpc_id = paced.vpc()
    paced.ec2.faults.before("CreateVpcEndpoint", "RequestLimitExceeded", times=1000)
    began = paced.clock.now()
    with paced.calls() as calls:
        run = paced.converge(vpc_id, at_most=60)[-1]
    assert run.ending is Ending.STUCK
    assert 2 * 3600 < paced.clock.now() - began < 2 * 3600 + 400
    assert sum(call.request.action == "CreateVpcEndpoint" for call in calls) < 2 * 3600 / 250


def test_a_vpc_that_was_throttled_for_long_is_not_stuck_once_ec2_takes_its_calls(paced: Account) -> None:
    vpc_id = paced.vpc()
    paced.ec2.faults.before("CreateVpcEndpoint", "RequestLimitExceeded", times=10)
    began = paced.clock.now()
    runs = paced.converge(vpc_id, at_most=60)
    assert runs[-1].ending is Ending.CONVERGED
    assert paced.clock.now() - began > 2000


def test_a_vpc_that_was_only_reported_on_or_left_alone_has_not_converged(paced: Account) -> None:
    vpc_id = paced.vpc()
    paced.tag(vpc_id, mode="audit")
    assert paced.one_run(vpc_id).ending is Ending.REPORTED
    other = paced.vpc(profile=None, number=2)
    assert paced.one_run(other).ending is Ending.LEFT_ALONE
    for each in (vpc_id, other):
        memory = paced.ledger.read(each)
        assert memory is not None
        assert not memory.converged


def test_a_vpc_that_had_everything_taken_down_rolls_out_like_a_new_one(paced: Account) -> None:
    vpc_id = paced.converged_vpc()
    paced.tag(vpc_id, profile="none")
    paced.clock.advance(60)
    paced.converge(vpc_id)
    paced.clock.advance(600)
    paced.one_run(vpc_id)
    memory = paced.ledger.read(vpc_id)
    assert memory is not None
    assert not memory.converged


def test_an_event_of_a_vpc_that_waits_has_it_looked_at_all_the_same(paced: Account) -> None:
    """Other drift is not held up by the endpoint that has to wait."""
    vpc_id = paced.vpc()
    empty(paced, EndpointCall.CREATE)
    paced.one_run(vpc_id)
    paced.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsSupport={"Value": False})
    paced.one_run(vpc_id, a_request(paced, vpc_id))
    assert paced.customer.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsSupport")[
        "EnableDnsSupport"
    ]["Value"]


def test_where_the_ledger_refuses_all_is_as_without_a_budget(paced: Account) -> None:
    vpc_id = paced.vpc()
    empty(paced, EndpointCall.CREATE)
    paced.dynamo.error = refusal("AccessDeniedException")
    runs = paced.converge(vpc_id)
    assert runs[-1].ending is Ending.CONVERGED
    assert not any(run.paced for run in runs)


def test_a_take_down_deletes_the_endpoints_in_one_call(paced: Account) -> None:
    vpc_id = paced.converged_vpc()
    paced.customer.create_tags(Resources=[vpc_id], Tags=[{"Key": INSTALLATION.profile_key, "Value": "none"}])
    with paced.calls() as calls:
        paced.converge(vpc_id)
    deleted = [call.params["VpcEndpointIds"] for call in calls if call.request.action == "DeleteVpcEndpoints"]
    assert [len(each) for each in deleted] == [2]
    assert paced.truth.endpoints(vpc_id) == []


def test_a_roll_out_makes_as_many_calls_as_the_budget_has_and_none_is_throttled(paced: Account) -> None:
    vpcs = [paced.vpc("a", number=number) for number in range(1, 7)]
    began = paced.clock.now()
    requests = [a_request(paced, each) for each in vpcs]
    with paced.calls() as calls:
        for _ in range(60):
            after = []
            for request in requests:
                run = paced.one_run(request.vpc_id, request)
                paced.clock.advance(1)
                if run.ending is Ending.REQUEUED:
                    after.append(paced.next_request(run))
            requests = after
            if not requests:
                break
            paced.clock.advance(DEBOUNCE - len(requests))
    creates = [call for call in calls if call.request.action == "CreateVpcEndpoint"]
    assert len(creates) == 12
    assert [call.error_code for call in creates if call.error_code] == []
    assert [paced.truth.faults(each) for each in vpcs] == [[]] * 6
    assert requests == []
    assert paced.clock.now() - began < 1200
