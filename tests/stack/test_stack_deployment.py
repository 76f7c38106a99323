"""What lies in the account after `sam build && sam deploy`."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from sandbox.sandbox import Sandbox
from tests.stack.conftest import DEBOUNCE_SECONDS

_NAMES = {"IntakeFunction": "intake", "ReconcileFunction": "reconcile", "SweepFunction": "sweep"}
each_function = pytest.mark.parametrize("function", list(_NAMES))


def configuration(sandbox: Sandbox, function: str) -> dict[str, Any]:
    """A function as it was deployed."""
    name = sandbox.stack.physical_ids("AWS::Lambda::Function")[function]
    found: dict[str, Any] = sandbox.client("lambda").get_function_configuration(FunctionName=name)
    return found


def queue_attributes(sandbox: Sandbox, queue: str) -> dict[str, str]:
    """A queue as it was deployed."""
    found: dict[str, str] = sandbox.client("sqs").get_queue_attributes(
        QueueUrl=sandbox.queues.urls[queue], AttributeNames=["All"]
    )["Attributes"]
    return found


def test_sam_finds_nothing_wrong_with_the_template(validation: subprocess.Popen[str]) -> None:
    said, _ = validation.communicate()
    assert validation.returncode == 0, said
    assert "is a valid SAM Template" in said


def test_build_and_deploy_go_through_with_no_question_asked(sandbox: Sandbox, said_by_sam: list[str]) -> None:
    assert sandbox.stack.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    assert "$ sam build" in said_by_sam
    assert "$ sam deploy" in said_by_sam
    assert [line for line in said_by_sam if "[y/N]" in line or "[Y/n]" in line] == []


@each_function
def test_a_function_runs_on_python_3_13_and_arm(sandbox: Sandbox, function: str) -> None:
    found = configuration(sandbox, function)
    assert (found["Runtime"], found["Architectures"]) == ("python3.13", ["arm64"])


def test_each_function_has_a_role_of_its_own(sandbox: Sandbox) -> None:
    roles = {configuration(sandbox, function)["Role"] for function in _NAMES}
    assert len(roles) == len(_NAMES)


@each_function
def test_a_function_writes_to_a_log_group_of_its_own_that_forgets(sandbox: Sandbox, function: str) -> None:
    group = configuration(sandbox, function)["LoggingConfig"]["LogGroup"]
    assert group == f"/aws/lambda/{sandbox.stack.name}-{_NAMES[function]}"
    (found,) = sandbox.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert found["retentionInDays"] == 30


@pytest.mark.parametrize(
    ("queue", "letters", "times"),
    [
        ("EventQueue", "IntakeDeadLetters", 10),
        ("PassQueue", "PassDeadLetters", 5),
        ("SweepQueue", "SweepRequestDeadLetters", 5),
    ],
)
def test_a_queue_that_is_worked_gives_up_on_a_message_in_the_end(
    sandbox: Sandbox, queue: str, letters: str, times: int
) -> None:
    policy = json.loads(queue_attributes(sandbox, queue)["RedrivePolicy"])
    assert policy["deadLetterTargetArn"] == queue_attributes(sandbox, letters)["QueueArn"]
    assert int(policy["maxReceiveCount"]) <= times


@pytest.mark.parametrize(
    ("target", "letters"), [("EventQueue", "IntakeDeadLetters"), ("SweepFunction", "SweepDeadLetters")]
)
def test_an_event_that_cannot_be_delivered_is_kept(sandbox: Sandbox, target: str, letters: str) -> None:
    events = sandbox.client("events")
    is_queue = target in sandbox.queues.urls
    arn = (
        queue_attributes(sandbox, target)["QueueArn"]
        if is_queue
        else configuration(sandbox, target)["FunctionArn"]
    )
    rules = events.list_rule_names_by_target(TargetArn=arn)["RuleNames"]
    targets = [each for rule in rules for each in events.list_targets_by_rule(Rule=rule)["Targets"]]
    assert targets
    kept_in = {each["DeadLetterConfig"]["Arn"] for each in targets}
    assert kept_in == {queue_attributes(sandbox, letters)["QueueArn"]}


def test_the_schedule_starts_the_sweep(sandbox: Sandbox) -> None:
    (name,) = sandbox.stack.physical_ids("AWS::Scheduler::Schedule").values()
    found = sandbox.client("scheduler").get_schedule(Name=name)
    assert found["ScheduleExpression"] == "rate(1 hour)"
    assert found["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}
    assert found["Target"]["Arn"] == configuration(sandbox, "SweepFunction")["FunctionArn"]


def test_the_debounce_is_the_queues_delay(sandbox: Sandbox) -> None:
    for queue in ("PassQueue", "SweepQueue"):
        assert queue_attributes(sandbox, queue)["DelaySeconds"] == str(DEBOUNCE_SECONDS)
    for function in _NAMES:
        variables = configuration(sandbox, function)["Environment"]["Variables"]
        assert variables["DEBOUNCE_SECONDS"] == str(DEBOUNCE_SECONDS)


def test_the_rules_of_this_stack_are_all_that_are_heard(sandbox: Sandbox) -> None:
    deployed = set(sandbox.stack.physical_ids("AWS::Events::Rule").values())
    names = {rule.name for rule in sandbox.delivery.rules}
    assert {name.rpartition("/")[2] for name in names} == {name.rpartition("|")[2] for name in deployed}
    assert all(len(rule.pattern) < 2048 for rule in sandbox.delivery.rules)
