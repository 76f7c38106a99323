"""`vpce plan`, `apply` and `uninstall` beside the deployed stack, over the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.ec2 import Call
from sandbox.sandbox import Sandbox
from tests.stack.shell import vpce
from tests.stack.team import Team, group_of, open_to_the_world
from tests.stack.watch import Since, eventually, heals, no_events

# An installation of its own, of what `uninstall` has to stop and delete: none of its functions is ever run.
_SMALL = "small"
_ROLE = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["lambda.amazonaws.com", "scheduler.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
    ]
}
_KEYS = {"pk": "HASH", "sk": "RANGE"}
_PARAMETERS = {
    "TagPrefix": _SMALL,
    "DefaultMode": "enforce",
    "InstallationId": "",
    "DebounceSeconds": "0",
    "SweepSchedule": "rate(1 day)",
}
_TEMPLATE: dict[str, Any] = {
    "Parameters": {name: {"Type": "String"} for name in _PARAMETERS},
    "Resources": {
        "Ledger": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in _KEYS],
                "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in _KEYS.items()],
            },
        },
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": _ROLE}},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Timeout": 3,
                "Role": {"Fn::GetAtt": "Role.Arn"},
                "Code": {"ZipFile": "def handler(event, context): pass"},
            },
        },
        "Mapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": {"Fn::GetAtt": "Queue.Arn"},
                "FunctionName": {"Ref": "Function"},
            },
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {"EventPattern": {"source": ["nothing"]}, "State": "ENABLED"},
        },
        "Schedule": {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "ScheduleExpression": {"Ref": "SweepSchedule"},
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {"Arn": {"Fn::GetAtt": "Function.Arn"}, "RoleArn": {"Fn::GetAtt": "Role.Arn"}},
            },
        },
    },
    "Outputs": {"LedgerTable": {"Value": {"Ref": "Ledger"}}},
}


@pytest.fixture
def small(sandbox: Sandbox) -> Iterator[str]:
    """The name of a second installation's stack, deployed."""
    cloudformation = sandbox.client("cloudformation")
    cloudformation.create_stack(
        StackName=_SMALL,
        TemplateBody=json.dumps(_TEMPLATE),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in _PARAMETERS.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    eventually(lambda: _status(sandbox) == "CREATE_COMPLETE", "the second stack is not there")
    yield _SMALL
    if _status(sandbox) is not None:
        cloudformation.delete_stack(StackName=_SMALL)


def _status(sandbox: Sandbox) -> str | None:
    stacks = sandbox.client("cloudformation").list_stacks()["StackSummaries"]
    there = (each for each in stacks if each["StackName"] == _SMALL)
    return next((each["StackStatus"] for each in there if each["StackStatus"] != "DELETE_COMPLETE"), None)


def _writes(since: Since, *resources: str) -> list[Call]:
    """What the reconcile function changed of these."""
    calls = since.calls("ReconcileFunction")
    return [each for each in calls if each.mutating and any(one in str(each.params) for one in resources)]


def test_a_plan_of_converged_vpcs_has_nothing_to_do(sandbox: Sandbox, team: Team) -> None:
    ids = [team.fine_vpc().id, team.fine_vpc().id]
    said = vpce(sandbox, "plan", *ids)
    assert said.status == 0, said.err
    assert "Nothing to do: all 2 VPCs are as they should be." in said.out


def test_after_a_break_the_plan_is_what_the_next_run_does(sandbox: Sandbox, team: Team) -> None:
    vpc = team.fine_vpc()
    group = group_of(sandbox, vpc.id)
    with no_events(sandbox):
        sandbox.customer.modify_vpc_attribute(VpcId=vpc.id, EnableDnsHostnames={"Value": False})
        open_to_the_world(sandbox.customer, group)
    said = vpce(sandbox, "plan", vpc.id, "--json")
    assert said.status == 2, said.err
    [planned] = said.document["vpcs"]
    since = Since(sandbox)
    team.opts_in(vpc)
    heals(sandbox, vpc.id)
    eventually(sandbox.idle, "work is left in the queues")
    made = [each.action for each in _writes(since, vpc.id, group)]
    assert [each["call"] for each in planned["calls"]] == made
    assert made == ["ModifyVpcAttribute", "RevokeSecurityGroupIngress"]
    assert vpce(sandbox, "plan", vpc.id).status == 0


def test_apply_heals_a_vpc_of_which_no_event_told_and_leaves_the_functions_nothing_to_do(
    sandbox: Sandbox, team: Team
) -> None:
    vpc = team.fine_vpc()
    endpoint = sandbox.truth.endpoints(vpc.id)[0]["VpcEndpointId"]
    since = Since(sandbox)
    with no_events(sandbox):
        sandbox.customer.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
        said = vpce(sandbox, "apply", vpc.id, "--yes")
    assert said.status == 0, said.err
    assert f"{vpc.id}  + create endpoint" in said.out
    assert sandbox.truth.faults(vpc.id) == []
    sandbox.invoke("SweepFunction", {})
    eventually(sandbox.idle, "work is left in the queues")
    assert _writes(since, vpc.id) == []


def test_a_second_installation_is_applied_and_uninstalled_with_nothing_left(
    sandbox: Sandbox, team: Team, small: str
) -> None:
    several = vpce(sandbox, "plan")
    assert several.status == 1
    assert f"There are 2 installations in eu-west-1: {small}, {sandbox.stack.name}." in several.err

    vpc = team.vpc()
    sandbox.customer.create_tags(Resources=[vpc.id], Tags=[{"Key": "small:profile", "Value": "ssm"}])
    applied = vpce(sandbox, "apply", "--stack", small, "--yes", "--json")
    assert applied.status == 0, applied.err
    made = [each["ServiceName"].rpartition(".")[2] for each in sandbox.truth.endpoints(vpc.id)]
    assert "ssm" in made

    sandbox.customer.create_tags(Resources=[vpc.id], Tags=[{"Key": "small:mode", "Value": "audit"}])
    said = vpce(sandbox, "uninstall", "--stack", small, "--yes", "--json")
    assert said.status == 0, (said.out, said.err)
    assert said.document["stack_deleted"]
    assert said.document["still_tagged"] == [vpc.id]
    assert sandbox.truth.endpoints(vpc.id) == []
    assert not [each for each in sandbox.truth.groups(vpc.id) if each["GroupName"].endswith(small)]
    assert _status(sandbox) is None
