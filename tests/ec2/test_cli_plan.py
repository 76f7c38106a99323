"""`vpce plan` on EC2's rules: what it prints, for whom, and that it writes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.account import Account
from tests.command_line import CommandLine, a_stack


@pytest.fixture
def vpce(account: Account) -> CommandLine:
    return CommandLine(account, ec2=account.reconciler)


def test_a_converged_fleet_has_nothing_to_do(account: Account, vpce: CommandLine) -> None:
    account.converged_vpc("ab")
    account.converged_vpc("a", number=2)
    answer = vpce("plan")
    assert answer.status == 0
    assert "Nothing to do: all 2 VPCs are as they should be." in answer.out
    assert "vpc-" not in answer.out


def test_a_break_is_shown_with_its_reason_and_the_exit_status_is_2(
    account: Account, vpce: CommandLine
) -> None:
    vpc_id = account.converged_vpc("ab")
    account.converged_vpc("a", number=2)
    account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})
    answer = vpce("plan")
    assert answer.status == 2
    assert f"~ turn on enableDnsHostnames of {vpc_id}" in answer.out
    assert "dns-hostnames-off" in answer.out
    assert "1 of 2 VPCs differ: 0 to create, 1 to change, 0 to delete." in answer.out


def test_a_plan_writes_nothing(account: Account, vpce: CommandLine) -> None:
    account.limit(grace_seconds=0)
    vpc_id = account.converged_vpc("ab")
    account.opt_out(vpc_id)
    vpce.cloudformation.stacks = [a_stack(GracePeriodMinutes="0")]
    kept = dict(account.dynamo.items)
    with account.calls() as calls:
        answer = vpce("plan")
    assert "- delete endpoint" in answer.out
    assert account.writes(calls) == []
    assert account.dynamo.items == kept


def test_a_plan_holds_to_the_teardown_limit_over_all_vpcs(account: Account, vpce: CommandLine) -> None:
    account.limit(grace_seconds=0)
    vpc_ids = [account.converged_vpc("a", number=number) for number in (1, 2, 3)]
    for each in vpc_ids:
        account.opt_out(each)
    vpce.cloudformation.stacks = [a_stack(GracePeriodMinutes="0", TeardownLimit="2")]
    vpcs = vpce("plan", "--json").document["vpcs"]
    losing = [each["vpc_id"] for each in vpcs if each["calls"]]
    held = [each for each in vpcs if "teardown-limit" in {f["reason"] for f in each["findings"]}]
    assert (len(losing), len(held)) == (2, 1)


def test_a_vpc_that_has_not_opted_in_is_planned_as_if_it_had(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.vpc("ab", profile=None)
    answer = vpce("plan", vpc_id)
    assert answer.status == 2
    assert "as if it were tagged appmesh" in answer.out
    assert "+ create endpoint com.amazonaws.eu-west-1.appmesh-envoy-management" in answer.out
    assert "as if it were tagged appmesh; --profile names another" in answer.err


def test_a_profile_that_is_named_goes_before_the_tag(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.converged_vpc("ab")
    document = vpce("plan", vpc_id, "--profile", "ssm", "--json").document
    assert document["vpcs"][0]["as_if"] == "ssm"
    assert any("eu-west-1.ssm" in call["text"] for call in document["vpcs"][0]["calls"])


def test_what_is_left_of_a_vpc_that_opted_out_is_planned_as_it_is(
    account: Account, vpce: CommandLine
) -> None:
    vpc_id = account.converged_vpc("ab")
    account.opt_out(vpc_id)
    document = vpce("plan", vpc_id, "--json").document
    assert document["vpcs"][0]["as_if"] is None
    assert {call["call"] for call in document["vpcs"][0]["calls"]} == {"CreateTags"}
    assert vpce("plan").status == 2


def test_an_unknown_profile_is_named_with_those_that_there_are(account: Account, vpce: CommandLine) -> None:
    answer = vpce("plan", account.vpc("a", profile=None), "--profile", "apmesh")
    assert answer.status == 1
    assert answer.err.startswith("Error: There is no profile 'apmesh': there are appmesh, ecs")


def test_a_profile_without_a_vpc_is_refused(vpce: CommandLine) -> None:
    assert vpce("plan", "--profile", "ecs").status == 1


def test_a_file_stands_in_for_the_profiles_document(
    account: Account, vpce: CommandLine, tmp_path: Path
) -> None:
    path = tmp_path / "profiles.toml"
    path.write_text('[own]\n[[own.endpoint]]\nservice = "sqs"\n')
    vpc_id = account.vpc("a", profile="own")
    assert "unknown-profile" in vpce("plan", vpc_id).out
    answer = vpce("plan", vpc_id, "--profiles-file", str(path))
    assert "+ create endpoint com.amazonaws.eu-west-1.sqs" in answer.out


def test_what_is_blocked_is_shown_with_its_cure(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.vpc("a", profile="apmesh")
    answer = vpce("plan", vpc_id)
    assert answer.status == 2
    assert f"! {vpc_id}: unknown-profile, blocked" in answer.out
    assert "cure: set the profile tag to one of the profiles" in answer.out


def test_an_audited_vpc_is_planned_and_said_not_to_be_done(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.vpc("a")
    account.tag(vpc_id, mode="audit")
    answer = vpce("plan", vpc_id)
    assert answer.status == 2
    assert "audit: reported, not done" in answer.out
    assert "+ create security group" in answer.out


def test_a_paused_installation_is_said_to_do_nothing(account: Account, vpce: CommandLine) -> None:
    account.vpc("a")
    vpce.cloudformation.stacks = [a_stack(Paused="true")]
    answer = vpce("plan")
    assert "is paused: nothing of this is done" in answer.err


def test_an_unknown_vpc_is_said_to_be_in_no_such_account(vpce: CommandLine) -> None:
    answer = vpce("plan", "vpc-0123456789abcdef0")
    assert (answer.status, answer.out) == (1, "")
    assert "There is no VPC vpc-0123456789abcdef0 in eu-west-1 of account 111122223333." in answer.err


@pytest.mark.parametrize("wrong", ["vpc-1", "sg-0123456789abcdef0", "vpc-0123456789ABCDEF0", "prod"])
def test_what_is_no_vpc_id_is_refused(vpce: CommandLine, wrong: str) -> None:
    answer = vpce("plan", wrong)
    assert answer.status == 1
    assert f"{wrong!r} is no VPC id" in answer.err


def test_without_a_stack_a_plan_is_that_of_a_new_installation(account: Account, vpce: CommandLine) -> None:
    vpce.cloudformation.stacks = []
    account.dynamo.error = AssertionError("there is no ledger to ask")
    account.vpc("a")
    answer = vpce("plan")
    assert answer.status == 2
    assert "No installation is deployed in eu-west-1" in answer.err


def test_nothing_tagged_is_nothing_to_do(account: Account, vpce: CommandLine) -> None:
    account.vpc("a", profile=None)
    answer = vpce("plan")
    assert answer.status == 0
    assert "no VPC has opted in" in answer.out


def test_another_installations_limits_and_prefix_are_those_of_its_stack(
    account: Account, vpce: CommandLine
) -> None:
    vpc_id = account.vpc("a", profile=None)
    account.customer.create_tags(Resources=[vpc_id], Tags=[{"Key": "net:profile", "Value": "appmesh"}])
    vpce.cloudformation.stacks = [a_stack("other", TagPrefix="net", InstallationId="ours")]
    answer = vpce("plan")
    assert "+ create security group endpoints-ours in" in answer.out
