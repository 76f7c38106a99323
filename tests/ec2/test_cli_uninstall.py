"""`vpce uninstall` on EC2's rules: all goes, first what works by itself stops, and last the stack."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from sandbox.truth import APP_MESH
from tests.account import INSTALLATION, STACK, Account
from tests.command_line import CommandLine, a_stack

_PARTS = {
    "ChangeRule": ("rule-1", "AWS::Events::Rule"),
    "Schedule": ("schedule-1", "AWS::Scheduler::Schedule"),
    "ReconcileFunction": ("reconcile", "AWS::Lambda::Function"),
    "ReconcileFunctionPasses": ("mapping-1", "AWS::Lambda::EventSourceMapping"),
}


@dataclass
class FakeControl:
    """EventBridge, its Scheduler and Lambda at once: whether each part works. A mapping is busy for a
    while, as Lambda's are."""

    on: dict[str, bool] = field(default_factory=dict)
    busy: int = 1
    exceptions: Any = None

    def disable_rule(self, Name: str) -> None:  # noqa: N803 - boto3's name
        self.on[Name] = False

    def enable_rule(self, Name: str) -> None:  # noqa: N803 - boto3's name
        self.on[Name] = True

    def get_schedule(self, Name: str) -> Any:  # noqa: N803 - boto3's name
        return {
            "Name": Name,
            "GroupName": "default",
            "Arn": "arn",
            "State": "ENABLED",
            "ScheduleExpression": "rate(1 hour)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": "sweep", "RoleArn": "role"},
        }

    def update_schedule(self, **request: Any) -> None:
        assert request["ScheduleExpression"] == "rate(1 hour)"
        assert request["Target"]["Arn"] == "sweep"
        assert "Arn" not in request
        self.on[request["Name"]] = request["State"] == "ENABLED"

    def update_event_source_mapping(self, UUID: str, Enabled: bool) -> None:  # noqa: N803 - boto3's names
        if self.busy:
            self.busy -= 1
            raise ClientError({"Error": {"Code": "ResourceInUseException", "Message": "busy"}}, "Update")
        self.on[UUID] = Enabled

    def get_event_source_mapping(self, UUID: str) -> Any:  # noqa: N803 - boto3's name
        return {"State": "Enabled" if self.on[UUID] else "Disabled"}

    def get_function_configuration(self, FunctionName: str) -> Any:  # noqa: N803 - boto3's name
        assert FunctionName == "reconcile"
        return {"Timeout": 100}

    def put_events(self, Entries: Any) -> Any:  # noqa: N803 - boto3's name
        return {"Entries": [{"EventId": "1"} for _ in Entries]}


@pytest.fixture
def control() -> FakeControl:
    return FakeControl(dict.fromkeys((part for part, _ in _PARTS.values() if part != "reconcile"), True))


@pytest.fixture
def vpce(account: Account, control: FakeControl) -> CommandLine:
    made = CommandLine(account, ec2=account.reconciler, events=control, scheduler=control, functions=control)
    made.cloudformation.resources = {name: part for name, (part, _) in _PARTS.items()}
    made.cloudformation.types = {name: kind for name, (_, kind) in _PARTS.items()}
    return made


def test_everything_goes_and_the_stack_last(
    account: Account, vpce: CommandLine, control: FakeControl
) -> None:
    vpc_ids = [account.converged_vpc("ab"), account.converged_vpc("a", number=2)]
    with account.calls() as calls:
        answer = vpce("uninstall", "--yes")
    assert answer.status == 0
    assert [account.owned(each) for each in vpc_ids] == [[], []]
    assert set(control.on.values()) == {False}
    assert vpce.cloudformation.deleted == [STACK]
    assert "Nothing that vpc-endpoint-remediator made is left" in answer.out
    assert "aws ec2 delete-tags --resources" in answer.out
    assert not [call for call in calls if call.action == "CreateVpcEndpoint"]


def test_before_it_is_asked_it_shows_what_goes_and_stops_nothing(
    account: Account, vpce: CommandLine, control: FakeControl
) -> None:
    vpc_id = account.converged_vpc("a")
    answer = vpce("uninstall")
    assert answer.status == 1
    assert "- delete endpoint" in answer.out
    assert f"{vpc_id}  all goes" in answer.out
    assert set(control.on.values()) == {True}
    assert account.truth.faults(vpc_id) == []


@pytest.mark.parametrize("parameters", [{"Paused": "true"}, {"DefaultMode": "audit"}])
def test_it_takes_down_while_paused_and_in_audit_mode(
    account: Account, vpce: CommandLine, parameters: dict[str, str]
) -> None:
    vpc_id = account.converged_vpc("a")
    vpce.cloudformation.stacks = [a_stack(**parameters)]
    assert vpce("uninstall", "--yes").status == 0
    assert account.owned(vpc_id) == []


def test_a_vpc_in_audit_mode_or_with_a_slip_of_the_pen_is_taken_down(
    account: Account, vpce: CommandLine
) -> None:
    vpc_ids = [account.converged_vpc("a"), account.converged_vpc("a", number=2)]
    account.tag(vpc_ids[0], mode="audit")
    account.tag(vpc_ids[1], Mode="enforced")
    assert vpce("uninstall", "--yes").status == 0
    assert [account.owned(each) for each in vpc_ids] == [[], []]


def test_what_opted_out_goes_without_waiting_for_the_grace_period(
    account: Account, vpce: CommandLine
) -> None:
    vpc_id = account.converged_vpc("a")
    account.opt_out(vpc_id)
    account.one_run(vpc_id)
    assert vpce("uninstall", "--yes").status == 0
    assert account.owned(vpc_id) == []


def test_more_vpcs_than_the_teardown_limit_go(account: Account, vpce: CommandLine) -> None:
    vpc_ids = [account.converged_vpc("a", number=number) for number in (1, 2, 3)]
    vpce.cloudformation.stacks = [a_stack(TeardownLimit="1")]
    assert vpce("uninstall", "--yes").status == 0
    assert [account.owned(each) for each in vpc_ids] == [[], [], []]


def test_what_was_adopted_is_given_back(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.vpc("ab")
    theirs = account.customer.create_security_group(GroupName="t", Description="t", VpcId=vpc_id)["GroupId"]
    subnet = account.truth.private_subnets(vpc_id)[0]["SubnetId"]
    endpoint = account.customer.create_vpc_endpoint(
        VpcId=vpc_id,
        VpcEndpointType="Interface",
        ServiceName=APP_MESH,
        SubnetIds=[subnet],
        SecurityGroupIds=[theirs],
    )["VpcEndpoint"]["VpcEndpointId"]
    account.converge(vpc_id)
    assert vpce("uninstall", "--yes").status == 0
    (kept,) = account.truth.endpoints(vpc_id)
    assert (kept["VpcEndpointId"], kept["SubnetIds"]) == (endpoint, [subnet])
    assert [group["GroupId"] for group in kept["Groups"]] == [theirs]


def test_what_was_made_before_there_was_a_ledger_goes(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.converged_vpc("a")
    account.dynamo.items.clear()
    assert vpce("uninstall", "--yes").status == 0
    assert account.owned(vpc_id) == []


def test_what_a_function_makes_that_was_still_at_work_goes_too(
    account: Account, vpce: CommandLine, control: FakeControl
) -> None:
    vpc_id = account.vpc("a")
    made: list[str] = []

    def at_work(seconds: float) -> None:
        account.clock.advance(seconds)
        if not made and not any(control.on.values()):
            account.one_run(vpc_id)
            made.extend(account.owned(vpc_id))

    vpce.wait = at_work
    assert vpce("uninstall", "--yes").status == 0
    assert made
    assert account.owned(vpc_id) == []
    assert sum(vpce.waited) >= 100


def test_what_is_left_keeps_the_stack_and_is_named_with_its_cure(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.converged_vpc("a")
    group = str(account.truth.owned_group(vpc_id)["GroupId"])  # type: ignore[index]
    subnet = account.truth.private_subnets(vpc_id)[0]["SubnetId"]
    # Someone else's endpoint stands behind our group.
    theirs = account.customer.create_vpc_endpoint(
        VpcId=vpc_id,
        VpcEndpointType="Interface",
        ServiceName="com.amazonaws.eu-west-1.sqs",
        SubnetIds=[subnet],
        SecurityGroupIds=[group],
    )["VpcEndpoint"]["VpcEndpointId"]
    account.clock.advance(120)
    answer = vpce("uninstall", "--yes")
    assert answer.status == 2
    assert vpce.cloudformation.deleted == []
    assert "in-use" in answer.out
    assert theirs in answer.out
    assert f"Still there, with the owner tag of {STACK}: {group}" in answer.out
    account.customer.delete_vpc_endpoints(VpcEndpointIds=[theirs])
    account.clock.advance(300)
    assert vpce("uninstall", "--yes").status == 0
    assert vpce.cloudformation.deleted == [STACK]


def test_what_bears_our_owner_tag_and_is_not_proven_to_be_ours_is_left_and_named(
    account: Account, vpce: CommandLine
) -> None:
    vpc_id = account.vpc("a")
    theirs = account.customer.create_security_group(GroupName="t", Description="t", VpcId=vpc_id)["GroupId"]
    account.tag(theirs, owner=STACK)
    answer = vpce("uninstall", "--yes")
    assert answer.status == 2
    assert f"{theirs}: unproven" in answer.out
    assert vpce.cloudformation.deleted == []


def test_keep_stack_only_takes_down_and_it_can_be_started_again(
    account: Account, vpce: CommandLine, control: FakeControl
) -> None:
    account.converged_vpc("a")
    answer = vpce("uninstall", "--yes", "--keep-stack", "--json")
    assert answer.status == 0
    assert answer.document["stack_deleted"] is False
    assert answer.document["left"] == []
    assert set(control.on.values()) == {False}
    assert vpce.cloudformation.deleted == []
    assert vpce("uninstall", "--start-again").status == 0
    assert set(control.on.values()) == {True}


def test_a_stack_that_cannot_be_deleted_is_an_error_with_cloudformations_words(
    account: Account, vpce: CommandLine
) -> None:
    account.converged_vpc("a")

    def fail(StackName: str) -> None:  # noqa: N803 - boto3's name
        assert STACK in StackName
        vpce.cloudformation.stacks[0] |= {"StackStatus": "DELETE_FAILED", "StackStatusReason": "a lock"}

    vpce.cloudformation.delete_stack = Mock(side_effect=fail)  # type: ignore[method-assign]
    answer = vpce("uninstall", "--yes")
    assert answer.status == 1
    assert "could not delete vpc-endpoint-remediator: a lock" in answer.err


@pytest.mark.parametrize("part", ["delete_stack", "disable_rule"])
def test_whatever_ends_it_the_person_is_told_that_the_stack_is_stopped(
    account: Account, vpce: CommandLine, control: FakeControl, part: str
) -> None:
    account.converged_vpc("a")
    refused = Mock(side_effect=ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, part))
    setattr(vpce.cloudformation if part == "delete_stack" else control, part, refused)
    answer = vpce("uninstall", "--yes")
    assert answer.status == 1
    assert "--start-again" in answer.err
    assert "The credentials do not allow" in answer.err


def test_tags_of_people_stay(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.converged_vpc("a")
    before = account.ec2.tags_of(vpc_id)
    document = vpce("uninstall", "--yes", "--json").document
    assert account.ec2.tags_of(vpc_id) == before
    assert INSTALLATION.profile_key in before
    assert document["still_tagged"] == [vpc_id]


def test_without_a_stack_there_is_nothing_to_uninstall(vpce: CommandLine) -> None:
    vpce.cloudformation.stacks = []
    answer = vpce("uninstall", "--yes")
    assert answer.status == 1
    assert "is not deployed in eu-west-1" in answer.err
