from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.actions import (
    NEW_GROUP,
    Action,
    AuthorizeIngress,
    CreateEndpoint,
    CreateSecurityGroup,
    CreateTags,
    DeleteEndpoint,
    DeleteSecurityGroup,
    EnableVpcAttribute,
    ModifyEndpoint,
    RevokeEgress,
    RevokeIngress,
)
from reconciler.domain.execution import Execution, Outcome
from reconciler.domain.findings import Reason, Status
from reconciler.domain.model import Rule, SourceKind, VpcAttribute
from reconciler.domain.plan import Plan, Step, together

RULE = Rule("tcp", 443, 443, SourceKind.CIDR, "10.0.0.0/24")
NEW = CreateSecurityGroup("vpc-1", "endpoints", "for endpoints", {})
CREATE = CreateEndpoint("vpc-1", "logs", (("subnet-a",),), NEW_GROUP, {})
DELETE = DeleteEndpoint("vpce-1")
OPEN = AuthorizeIngress("sg-1", (RULE,))
CLOSE = RevokeIngress("sg-1", (RULE,))
CLAIM = CreateTags("vpce-1", {"owner": "us"}, needed=True)
DNS = EnableVpcAttribute("vpc-1", VpcAttribute.DNS_SUPPORT)


def after(action: Action, status: Status = Status.BLOCKED, **more: Any) -> Execution:
    """An execution in which one step came to this."""
    execution = Execution()
    execution.record(Outcome(Step(action, ()), status, Reason.UNAUTHORIZED, "no", **more))
    return execution


def prevented(execution: Execution, action: Action, needs_tags_on: str = "") -> bool:
    step = Step(action, (), needs_tags_on)
    outcome = execution.prevents(step)
    if outcome is not None:
        assert outcome.step is step
        assert outcome.detail == "no"
    return outcome is not None


@pytest.mark.parametrize(
    ("failed", "action"),
    [
        (NEW, CREATE),
        (NEW, AuthorizeIngress(NEW_GROUP, (RULE,))),
        (NEW, RevokeEgress(NEW_GROUP, (RULE,))),
        (NEW, ModifyEndpoint("vpce-1", add_groups=(NEW_GROUP,))),
        (NEW, ModifyEndpoint("vpce-1", enable_private_dns=True)),
        (NEW, ModifyEndpoint("vpce-1", remove_group_ids=("sg-2",))),
        (OPEN, CLOSE),
        (OPEN, DELETE),
        (OPEN, CREATE),
        (OPEN, ModifyEndpoint("vpce-1", enable_private_dns=True)),
        (OPEN, ModifyEndpoint("vpce-1", remove_group_ids=("sg-2",))),
        (CLAIM, DELETE),
        (CLAIM, ModifyEndpoint("vpce-1", policy="{}")),
    ],
)
def test_a_step_is_not_taken_without_what_it_needs(failed: Action, action: Action) -> None:
    assert prevented(after(failed), action)
    assert not prevented(after(failed, Status.REMEDIATED), action)
    assert not prevented(Execution(), action)


@pytest.mark.parametrize(
    ("failed", "action"),
    [
        (NEW, DELETE),
        (NEW, OPEN),
        (OPEN, RevokeIngress("sg-1", (RULE,), makes_room=True)),
        (OPEN, RevokeEgress("sg-1", (RULE,))),
        (OPEN, ModifyEndpoint("vpce-1", add_zones=(("subnet-a",),))),
        (CLAIM, DeleteEndpoint("vpce-2")),
        (CreateTags("vpce-1", {"Name": "ours"}), DELETE),
        (DELETE, DeleteSecurityGroup("sg-1")),
        (DNS, CREATE),
    ],
)
def test_a_step_that_needs_nothing_of_what_failed_is_taken(failed: Action, action: Action) -> None:
    assert not prevented(after(failed), action)


def test_a_full_group_keeps_nothing_from_being_closed() -> None:
    full = Execution()
    full.record(Outcome(Step(OPEN, ()), Status.BLOCKED, Reason.RULE_QUOTA, "no"))
    assert not prevented(full, CLOSE)


def test_every_step_of_a_plan_may_need_the_tags_of_a_thing() -> None:
    unmarked = after(CreateTags("vpc-1", {"released-until": "soon"}, needed=True))
    assert prevented(unmarked, DELETE, needs_tags_on="vpc-1")
    assert prevented(after(CLAIM), DELETE, needs_tags_on="vpc-1")
    assert not prevented(unmarked, DELETE)


def test_a_step_on_what_just_got_its_marks_back_is_left_for_the_next_run() -> None:
    outcome = Execution().prevents(Step(DELETE, (), marks_first=True))
    assert outcome is not None
    assert (outcome.status, outcome.failed) == (Status.WAITING, False)
    # Where the marks could not be put back, that is why.
    assert prevented(after(CLAIM), DELETE)
    claimed = after(CLAIM).prevents(Step(DELETE, (), marks_first=True))
    assert claimed is not None
    assert claimed.detail == "no"


def test_after_a_throttled_endpoint_call_ec2_is_spared_the_others() -> None:
    throttled = after(DELETE, Status.WAITING, failed=True, throttled=True)
    assert prevented(throttled, CREATE)
    assert prevented(throttled, ModifyEndpoint("vpce-2", policy="{}"))
    assert not prevented(throttled, OPEN)
    assert not prevented(after(DNS, Status.WAITING, failed=True, throttled=True), DELETE)


def test_private_dns_that_lacks_an_attribute_shares_the_reason_why_that_is_off() -> None:
    refused = Outcome(Step(CREATE, ()), Status.WAITING, None, "needs attributes", dns_off=True)
    assert Execution().record(refused) == refused
    behind = after(DNS).record(refused)
    assert (behind.step, behind.status, behind.reason) == (refused.step, Status.BLOCKED, Reason.UNAUTHORIZED)


# ---- the order of a plan, and its calls


def test_what_opens_comes_before_what_closes_and_tags_come_first() -> None:
    room = RevokeIngress("sg-1", (RULE,), makes_room=True)
    actions: list[Action] = [DeleteSecurityGroup("sg-2"), CLOSE, DELETE, CREATE, OPEN, room, NEW, DNS, CLAIM]
    plan = Plan.of((), (Step(action, ()) for action in actions))
    assert [step.action for step in plan.steps] == [
        CLAIM,
        DNS,
        NEW,
        room,
        OPEN,
        CREATE,
        DELETE,
        CLOSE,
        actions[0],
    ]


def test_endpoints_are_deleted_in_one_call_as_many_as_ec2_takes() -> None:
    deletions = [Step(DeleteEndpoint(f"vpce-{n}"), ()) for n in range(60)]
    modification = Step(ModifyEndpoint("vpce-99", enable_private_dns=True), ())
    plan = Plan.of((), [*deletions, modification])
    assert [len(steps) for steps in plan.calls] == [1, 25, 25, 10]
    assert [step for steps in plan.calls for step in steps] == [modification, *deletions]


def test_modifications_of_one_endpoint_are_one_call_in_the_place_of_the_first() -> None:
    dns = ModifyEndpoint("vpce-1", enable_private_dns=True)
    other = ModifyEndpoint("vpce-2", policy="{}")
    group = ModifyEndpoint("vpce-1", add_groups=("sg-1",), remove_subnet_ids=("subnet-a",))
    plan = Plan.of((), (Step(action, ()) for action in (dns, other, group)))
    assert [[step.action for step in call] for call in plan.calls] == [[dns, group], [other]]
    assert len(plan) == 2
    assert together(plan.calls[0]).action == ModifyEndpoint(
        "vpce-1", add_groups=("sg-1",), remove_subnet_ids=("subnet-a",), enable_private_dns=True
    )


def test_what_ec2_was_not_asked_for_was_not_in_vain() -> None:
    asked = Outcome(Step(ModifyEndpoint("vpce-1"), ()), Status.BLOCKED, asked=True)
    assert asked.is_in_vain
    assert not Outcome(asked.step, Status.BLOCKED).is_in_vain
    assert not Outcome(asked.step, Status.REMEDIATED, asked=True).is_in_vain
    assert not Outcome(Step(NEW, ()), Status.BLOCKED, asked=True).is_in_vain
    outcome = after(NEW, asked=True).prevents(Step(CREATE, ()))
    assert outcome
    assert not outcome.is_in_vain
