"""`vpce status` on EC2's rules: in which state each VPC is, since when, by whom, and what to do."""

from __future__ import annotations

import pytest

from reconciler.domain.memory import Cause
from tests.account import Account
from tests.command_line import CommandLine, a_stack
from tests.unit.fakes import refusal


@pytest.fixture
def vpce(account: Account) -> CommandLine:
    return CommandLine(account, ec2=account.reconciler)


def states(vpce: CommandLine) -> dict[str, str]:
    return {each["vpc_id"]: each["state"] for each in vpce("status", "--json").document["vpcs"]}


def break_by(account: Account, vpc_id: str, who: str = "bob") -> None:
    account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})
    cause = Cause("event-1", "ModifyVpcAttribute", who, int(account.clock.now()), (vpc_id,))
    account.ledger.add_causes([(vpc_id, cause)])


def test_a_fleet_that_is_in_sync_exits_0(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.converged_vpc("ab")
    answer = vpce("status")
    assert answer.status == 0
    assert vpc_id in answer.out
    assert "1 VPC: 1 in sync." in answer.out


def test_drift_exits_2_and_is_named(account: Account, vpce: CommandLine) -> None:
    broken, fine = account.converged_vpc("ab"), account.converged_vpc("a", number=2)
    break_by(account, broken)
    answer = vpce("status")
    assert answer.status == 2
    assert "dns-hostnames-off" in answer.out
    assert states(vpce) == {broken: "drifted", fine: "in sync"}


def test_what_a_run_was_refused_is_blocked_with_its_age_its_cause_and_its_cure(
    account: Account, vpce: CommandLine
) -> None:
    vpc_id = account.converged_vpc("ab")
    break_by(account, vpc_id, who="ann@example.com (Ops) via console")
    account.ec2.faults.deny("ModifyVpcAttribute")
    account.one_run(vpc_id)
    account.clock.advance(7200)
    answer = vpce("status")
    assert "blocked" in answer.out
    assert "ann@example.com (Ops) via console by ModifyVpcAttribute" in answer.out
    assert "2 h" in answer.out
    [vpc] = vpce("status", "--json").document["vpcs"]
    [finding] = vpc["findings"]
    assert (vpc["state"], finding["status"], finding["reason"]) == ("blocked", "blocked", "unauthorized")
    assert finding["age_seconds"] == vpc["age_seconds"] == 7200
    assert finding["cause"]["event_id"] == "event-1"
    assert "service control policy" in finding["cure"]
    assert finding["detail"]
    assert f"AWS says: {finding['detail'][:40]}" in " ".join(answer.out.split())


def test_a_vpc_in_audit_mode_that_differs_is_in_audit(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.vpc("ab")
    account.tag(vpc_id, mode="audit")
    [vpc] = vpce("status", "--json").document["vpcs"]
    assert vpc["state"] == "audit"
    assert {each["cure"] for each in vpc["findings"]} == {"set mode = enforce to have it remediated"}


def test_a_paused_installation_is_named_as_the_reason(account: Account, vpce: CommandLine) -> None:
    account.vpc("ab")
    vpce.cloudformation.stacks = [a_stack(Paused="true")]
    [vpc] = vpce("status", "--json").document["vpcs"]
    assert vpc["state"] == "audit"
    assert all("Paused=false" in each["cure"] for each in vpc["findings"])
    assert "is paused" in vpce("status").err


def test_what_is_left_in_a_vpc_that_opted_out_is_shown_as_leaving(
    account: Account, vpce: CommandLine
) -> None:
    vpc_id = account.converged_vpc("ab")
    account.opt_out(vpc_id)
    account.converge(vpc_id)
    [vpc] = vpce("status", "--json").document["vpcs"]
    assert (vpc["state"], vpc["opted_in"]) == ("leaving", False)
    assert vpce("status").status == 2


def test_without_the_ledger_ages_and_causes_are_said_to_be_not_known(
    account: Account, vpce: CommandLine
) -> None:
    vpc_id = account.converged_vpc("ab")
    break_by(account, vpc_id)
    account.one_run(vpc_id)
    account.dynamo.error = refusal("AccessDeniedException")
    answer = vpce("status")
    assert "Since when and by whom is not known: the ledger cannot be read." in answer.err
    document = vpce("status", "--json").document
    assert document["ledger"] is False
    assert all(each["since"] is None for vpc in document["vpcs"] for each in vpc["findings"])


def test_status_writes_nothing(account: Account, vpce: CommandLine) -> None:
    break_by(account, account.converged_vpc("ab"))
    kept = dict(account.dynamo.items)
    with account.calls() as calls:
        vpce("status")
    assert calls
    assert account.writes(calls) == []
    assert account.dynamo.items == kept


def test_where_nothing_is_deployed_it_says_so(vpce: CommandLine) -> None:
    vpce.cloudformation.stacks = []
    answer = vpce("status")
    assert answer.status == 1
    assert answer.err.startswith("Error: The remediator is not deployed in eu-west-1")


def test_an_empty_fleet_is_in_sync(vpce: CommandLine) -> None:
    answer = vpce("status")
    assert (answer.status, answer.out.strip()) == (0, "No VPC has opted in.")
