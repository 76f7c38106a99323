"""Whatever EC2 refuses, a chain of runs with few slots ends, and each step was asked for by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mypy_boto3_ec2 import EC2Client

from reconciler.domain import in_vain
from reconciler.domain.actions import (
    Action,
    CreateEndpoint,
    CreateGatewayEndpoint,
    DeleteEndpoint,
    ModifyEndpoint,
)
from reconciler.domain.execution import Outcome
from reconciler.domain.findings import Reason, Status, zone_uncovered
from reconciler.domain.memory import InVain, Memory
from reconciler.domain.model import AddressType, Mode
from reconciler.domain.pace import EndpointCall
from reconciler.domain.plan import Plan, Step
from reconciler.ec2.execute import execute
from tests.unit.fakes import refusal

PARTS = ("RemoveSubnetIds", "RemoveSecurityGroupIds", "AddRouteTableIds", "RemoveRouteTableIds")
CREATES: list[CreateEndpoint | CreateGatewayEndpoint] = [
    CreateGatewayEndpoint("vpc-1", "s3", ("rtb-1",), {"Name": "s3"}),
    *(
        CreateEndpoint("vpc-1", name, (("subnet-a",),), "sg-1", {"Name": name})
        for name in ("a", "b", "c", "d")
    ),
]
DELETES = [DeleteEndpoint(f"vpce-{number}") for number in range(5)]
MODIFIES = [
    ModifyEndpoint("vpce-9", remove_subnet_ids=("subnet-1",)),
    ModifyEndpoint("vpce-9", remove_group_ids=("sg-2",)),
    ModifyEndpoint("vpce-9", add_route_table_ids=("rtb-2",)),
    ModifyEndpoint("vpce-9", remove_route_table_ids=("rtb-3",)),
]
ACTIONS: list[Action] = [*CREATES, *DELETES, *MODIFIES]
STEPS = [Step(action, ()) for action in ACTIONS]
NAMES = ("s3", "a", "b", "c", "d", *(each.endpoint_id for each in DELETES), *PARTS)


class Denying:
    """An EC2 that denies each call that has one of these in it, and keeps what it was asked for."""

    def __init__(self, denied: set[str]) -> None:
        self.denied = denied
        self.asked: list[tuple[str, ...]] = []

    def _ask(self, *names: str) -> None:
        self.asked.append(names)
        if self.denied & {*names}:
            raise refusal("UnauthorizedOperation")

    def create_vpc_endpoint(self, *, ServiceName: str, **_: Any) -> Any:  # noqa: N803
        self._ask(ServiceName)
        return {"VpcEndpoint": {"VpcEndpointId": f"vpce-{ServiceName}", "State": "pending"}}

    def modify_vpc_endpoint(self, *, VpcEndpointId: str, **parts: Any) -> Any:  # noqa: N803
        assert VpcEndpointId
        self._ask(*parts)
        return {}

    def delete_vpc_endpoints(self, *, VpcEndpointIds: list[str]) -> Any:  # noqa: N803
        self._ask(*VpcEndpointIds)
        return {"Unsuccessful": []}


class Burst:
    """So many slots of each call."""

    def __init__(self, burst: int) -> None:
        self.left = dict.fromkeys(EndpointCall, burst)

    def take(self, call: EndpointCall) -> bool:
        self.left[call] -= 1
        return self.left[call] >= 0

    def charge(self, call: EndpointCall) -> None:
        pass

    def empty(self, call: EndpointCall) -> None:
        pass

    def begin(self) -> None:
        pass


def one_run(steps: list[Step], memory: Memory, ec2: Denying, burst: int, now: float) -> list[Outcome]:
    plan = in_vain.noted(Plan.of((), steps), memory)
    return execute(plan, cast("EC2Client", ec2), Mode.ENFORCE, lambda: now, slots=Burst(burst))


@given(st.sets(st.sampled_from(NAMES)), st.integers(1, 5))
def test_whatever_is_refused_a_chain_of_runs_ends_and_each_step_was_asked_for_by_itself(
    denied: set[str], burst: int
) -> None:
    ec2, memory, left = Denying(denied), Memory("vpc-1"), list(STEPS)
    for now in range(1, 20):
        outcomes = one_run(left, memory, ec2, burst, now)
        assert {each.step for each in outcomes} == {*left}
        memory = replace(memory, in_vain=in_vain.after(outcomes, (), now))
        left = [each.step for each in outcomes if each.status is not Status.REMEDIATED]
        if all(each.status is Status.BLOCKED for each in outcomes):
            break
    else:
        assert not left, "the chain does not end"
    assert len(left) == len(denied)
    assert {names[0] for names in ec2.asked if len(names) == 1} >= denied


def known(status: Status = Status.BLOCKED, time: int = 7, **more: Any) -> InVain:
    return InVain("", time, status, Reason.UNAUTHORIZED, "no", **more)


def a_step(name: str, before: InVain | None = None) -> Step:
    return Step(CreateEndpoint("vpc-1", name, (("subnet-a",),), "sg-1", {"Name": name}), (), in_vain=before)


def test_what_was_never_asked_for_comes_first_then_what_was_so_the_longest_ago() -> None:
    gateway = Step(CREATES[0], ())
    steps = [a_step("b", known(time=9)), a_step("a", known(time=8)), a_step("c"), gateway]
    assert Plan.of((), steps).steps == (steps[2], gateway, steps[1], steps[0])


def test_what_was_refused_is_left_out_of_the_call_for_the_rest() -> None:
    ec2 = Denying(set())
    steps = [
        replace(Step(each, ()), in_vain=known() if not n else None) for n, each in enumerate(DELETES[:3])
    ]
    execute(Plan.of((), steps), cast("EC2Client", ec2), Mode.ENFORCE, lambda: 0.0, slots=Burst(2))
    assert ec2.asked == [("vpce-1", "vpce-2"), ("vpce-0",)]


def test_what_ec2_could_not_do_waits_for_its_turn_and_fails_still() -> None:
    waiting = Outcome(
        a_step("a", known(Status.WAITING, failed=True)), Status.WAITING, paced=EndpointCall.CREATE
    )
    assert in_vain.settled(waiting) == replace(waiting, failed=True)
    new = replace(waiting, step=a_step("a"))
    assert in_vain.settled(new) == new


def test_what_ec2_throttled_it_has_not_looked_at() -> None:
    throttled = Outcome(a_step("a"), Status.WAITING, throttled=True, asked=True, paced=EndpointCall.CREATE)
    assert in_vain.after([throttled], (), 9) == ()
    refused = replace(throttled, step=a_step("a", known()))
    assert in_vain.settled(refused).status is Status.BLOCKED


def test_where_ec2_takes_what_it_had_refused_the_rest_is_as_if_never_asked_for() -> None:
    rest = Outcome(a_step("b", known()), Status.BLOCKED, is_remembered=True)
    assert in_vain.after([rest], (), 9) == (known(),)
    cured = Outcome(a_step("a", known()), Status.REMEDIATED, asked=True)
    assert in_vain.after([cured, rest], (), 9) == ()


def test_one_of_what_was_refused_is_owed_a_turn_the_one_that_was_asked_for_longest_ago() -> None:
    steps = [a_step("a", known(time=9)), a_step("b", known(time=7)), a_step("c")]
    plan = in_vain.owed(Plan.of((), steps), since=10)
    assert [each.is_owed_a_turn for each in plan.steps] == [False, True, False]
    assert plan.steps == Plan.of((), steps).steps


def test_once_ec2_has_refused_one_the_same_chain_of_runs_is_owed_no_other_turn() -> None:
    plan = Plan.of((), [a_step("a", known(time=10)), a_step("b", known(time=7))])
    assert not any(each.is_owed_a_turn for each in in_vain.owed(plan, since=10.9).steps)


def test_what_is_owed_a_turn_waits_for_it_and_what_ec2_said_of_it_is_kept() -> None:
    step = replace(a_step("a", known()), is_owed_a_turn=True)
    waiting = Outcome(step, Status.WAITING, paced=EndpointCall.CREATE)
    assert in_vain.settled(waiting) == waiting
    assert in_vain.after([waiting], (), 9) == (known(),)


@pytest.mark.parametrize(
    ("corrected", "is_known"),
    [
        ({}, True),
        ({"zones": (("subnet-b",), ("subnet-c",))}, True),
        ({"group": "sg-2"}, True),
        ({"policy": "{}"}, False),
        ({"private_dns": False}, False),
        ({"address_type": AddressType.DUALSTACK}, False),
        ({"service_name": "b"}, False),
    ],
)
def test_a_corrected_profile_is_a_new_change_and_other_subnets_are_none(
    corrected: dict[str, Any], is_known: bool
) -> None:
    step = a_step("a")
    asked = Outcome(step, Status.BLOCKED, Reason.UNAUTHORIZED, asked=True)
    memory = Memory("vpc-1", in_vain=in_vain.after([asked], (), 9))
    again = replace(step, action=replace(cast("CreateEndpoint", step.action), **corrected))
    [step] = in_vain.noted(Plan.of((), [again]), memory).steps
    assert step.is_refused is is_known


def test_a_gateway_endpoint_is_another_change_with_another_policy_and_the_same_with_other_tables() -> None:
    gateway = CreateGatewayEndpoint("vpc-1", "s3", ("rtb-1",), {"Name": "s3"})
    asked = Outcome(Step(gateway, ()), Status.BLOCKED, Reason.UNAUTHORIZED, asked=True)
    memory = Memory("vpc-1", in_vain=in_vain.after([asked], (), 9))
    others = [replace(gateway, policy="{}"), replace(gateway, route_table_ids=("rtb-2",))]
    steps = [Step(each, ()) for each in others]
    assert [each.is_refused for each in in_vain.noted(Plan.of((), steps), memory).steps] == [False, True]


@pytest.mark.parametrize("status", [Status.BLOCKED, Status.WAITING])
@pytest.mark.parametrize("is_owed", [False, True])
def test_what_came_to_light_at_a_refusal_stands_until_ec2_is_asked_again(
    status: Status, is_owed: bool
) -> None:
    found = (zone_uncovered("a", "no subnet has a free address", status, Reason.NO_FREE_ADDRESSES),)
    asked = Outcome(a_step("a"), status, Reason.NO_FREE_ADDRESSES, findings=found, asked=True)
    [before] = in_vain.after([asked], (), 9)
    step = replace(a_step("a", before), is_owed_a_turn=is_owed)
    paced = in_vain.settled(Outcome(step, Status.WAITING, paced=EndpointCall.CREATE))
    assert paced.findings == found
    assert in_vain.after([paced], (), 19) == (before,)
