"""`vpce apply` on EC2's rules: what it asks, what it does, what it leaves alone."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from tests.account import INSTALLATION, Account
from tests.command_line import CommandLine, a_stack
from vpce.screen import Screen


@pytest.fixture
def bus() -> Mock:
    """EventBridge, which takes every event."""
    made = Mock()
    made.put_events.side_effect = lambda Entries: {"Entries": [{"EventId": "1"} for _ in Entries]}  # noqa: N803
    return made


@pytest.fixture
def vpce(account: Account, bus: Mock) -> CommandLine:
    return CommandLine(account, ec2=account.reconciler, events=bus)


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(Screen, "can_ask", True)
    monkeypatch.setattr("builtins.input", lambda: answer)


def test_a_new_vpc_is_brought_to_where_it_should_be(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.vpc("ab")
    answer = vpce("apply", "--yes")
    assert answer.status == 0
    assert account.truth.faults(vpc_id) == []
    assert f"{vpc_id}  + create security group" in answer.out
    assert f"{vpc_id}  converged after" in answer.out
    assert "1 of 1 VPC as they should be." in answer.out


def test_what_is_made_is_known_to_the_ledger(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.vpc("ab")
    vpce("apply", "--yes")
    memory = account.ledger.read(vpc_id)
    assert memory is not None
    assert set(memory.made) == set(account.owned(vpc_id))


def test_what_was_done_is_announced_as_the_functions_announce_it(
    account: Account, vpce: CommandLine, bus: Mock
) -> None:
    account.vpc("ab")
    vpce("apply", "--yes")
    sent = [entry["DetailType"] for call in bus.put_events.call_args_list for entry in call.kwargs["Entries"]]
    assert {"Finding Detected", "Finding Remediated"} <= set(sent)


def test_no_does_nothing(account: Account, vpce: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    account.vpc("ab")
    at_a_terminal(monkeypatch, "no")
    with account.calls() as calls:
        answer = vpce("apply")
    assert answer.status == 2
    assert account.writes(calls) == []
    assert "Nothing was done." in answer.err


def test_yes_does_it(account: Account, vpce: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    vpc_id = account.vpc("a")
    at_a_terminal(monkeypatch, "yes")
    assert vpce("apply").status == 0
    assert account.truth.faults(vpc_id) == []


def test_without_a_terminal_and_without_yes_it_refuses(account: Account, vpce: CommandLine) -> None:
    account.vpc("ab")
    with account.calls() as calls:
        answer = vpce("apply")
    assert answer.status == 1
    assert "say --yes" in answer.err
    assert account.writes(calls) == []


def test_nothing_to_do_asks_nothing(account: Account, vpce: CommandLine) -> None:
    account.converged_vpc("a")
    answer = vpce("apply")
    assert answer.status == 0
    assert "Nothing to do" in answer.out


def test_a_vpc_that_has_not_opted_in_is_refused_with_the_command_that_opts_it_in(
    account: Account, vpce: CommandLine
) -> None:
    vpc_id = account.vpc("a", profile=None)
    with account.calls() as calls:
        answer = vpce("apply", vpc_id, "--yes")
    assert answer.status == 1
    assert f"aws ec2 create-tags --resources {vpc_id}" in answer.err
    assert f"Key={INSTALLATION.profile_key},Value=appmesh" in answer.err
    assert account.writes(calls) == []


def test_while_paused_it_refuses(account: Account, vpce: CommandLine) -> None:
    account.vpc("a")
    vpce.cloudformation.stacks = [a_stack(Paused="true")]
    with account.calls() as calls:
        answer = vpce("apply", "--yes")
    assert answer.status == 1
    assert "Paused=false" in answer.err
    assert account.writes(calls) == []


def test_an_audited_vpc_is_shown_and_left_alone(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.vpc("a")
    account.tag(vpc_id, mode="audit")
    with account.calls() as calls:
        answer = vpce("apply", "--yes")
    assert answer.status == 2
    assert "audit: reported, not done" in answer.out
    assert account.writes(calls) == []


def test_what_is_blocked_ends_the_runs_with_its_cure(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.faults.deny("CreateVpcEndpoint")
    answer = vpce("apply", "--yes", "--json")
    document = answer.document
    assert answer.status == 2
    assert document["applied"]
    assert document["vpcs"][0]["ending"] == "blocked"
    assert any(each["reason"] == "unauthorized" for each in document["vpcs"][0]["open"])
    assert "service control policy" in vpce("apply", vpc_id, "--yes").out


def test_late_deletion_holds(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.converged_vpc("a")
    owned = account.owned(vpc_id)
    account.opt_out(vpc_id)
    vpce("apply", "--yes")
    assert account.owned(vpc_id) == owned
    assert all(INSTALLATION.leaving_key in account.ec2.tags_of(each) for each in owned)


def test_between_runs_it_waits_for_aws(account: Account, vpce: CommandLine) -> None:
    account.vpc("a")
    vpce("apply", "--yes")
    assert sum(vpce.waited) >= 30


def test_credentials_that_expire_on_the_way_end_it_in_words(account: Account, vpce: CommandLine) -> None:
    account.vpc("a")

    def expire(seconds: float) -> None:
        account.clock.advance(seconds)
        account.ec2.faults.before(None, "RequestExpired", times=1000)

    vpce.wait = expire
    answer = vpce("apply", "--yes")
    assert answer.status == 1
    assert "Sign in" in answer.err


def test_ctrl_c_is_said_to_be_safe_and_the_next_apply_finishes(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.vpc("a")

    def stop(_seconds: float) -> None:
        raise KeyboardInterrupt

    waiting, vpce.wait = vpce.wait, stop
    answer = vpce("apply", "--yes")
    assert answer.status == 130
    assert "finished by the functions' next run, or by the next vpce apply" in answer.err
    vpce.wait = waiting
    assert vpce("apply", "--yes").status == 0
    assert account.truth.faults(vpc_id) == []


def test_where_the_stacks_may_not_be_listed_nothing_is_done(account: Account, vpce: CommandLine) -> None:
    account.vpc("a")
    vpce.cloudformation.refuse("AccessDenied")
    with account.calls() as calls:
        answer = vpce("apply", "--yes")
    assert answer.status == 1
    assert "cloudformation:DescribeStacks" in answer.err
    assert account.writes(calls) == []
