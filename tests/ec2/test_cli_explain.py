"""`vpce explain` on EC2's rules: all that is known of a VPC."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from reconciler.domain.memory import Cause
from tests.account import Account
from tests.command_line import CommandLine
from tests.unit.fakes import refusal
from vpce.words import at

LOG_GROUP = "/aws/lambda/vpc-endpoint-remediator-reconcile"


class FakeLogs:
    """A log group with these lines, each written an hour apart, the last one just now."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.lines: list[dict[str, Any] | str] = []
        self.error: Exception | None = None
        self.asked: dict[str, Any] = {}

    def get_paginator(self, name: str) -> FakeLogs:
        assert name == "filter_log_events"
        return self

    def paginate(self, **request: Any) -> Iterator[Any]:
        self.asked = request
        assert request["logGroupName"] == LOG_GROUP
        if self.error:
            raise self.error
        times = [self.now - 3600 * back for back in range(len(self.lines))][::-1]
        events = [
            {"timestamp": int(time * 1000), "message": json.dumps(line) if isinstance(line, dict) else line}
            for time, line in zip(times, self.lines, strict=True)
            if time * 1000 >= request["startTime"]
        ]
        yield {"events": events}


@pytest.fixture
def logs(account: Account) -> FakeLogs:
    return FakeLogs(account.clock.now())


@pytest.fixture
def vpce(account: Account, logs: FakeLogs) -> CommandLine:
    line = CommandLine(account, ec2=account.reconciler, logs=logs)
    line.cloudformation.resources = {"ReconcileLogs": LOG_GROUP}
    return line


def explained(vpce: CommandLine, vpc_id: str) -> Any:
    [vpc] = vpce("explain", vpc_id, "--json").document["vpcs"]
    return vpc


def someone(
    account: Account, event_name: str, *resources: str, refused: bool = False, who: str = "bob"
) -> Cause:
    time = int(account.clock.now())
    return Cause(f"{event_name}-{time}", event_name, who, time, resources, refused)


def test_a_vpc_in_sync_is_told_with_what_it_asks_for_and_whose_things_are(
    account: Account, vpce: CommandLine
) -> None:
    vpc_id = account.converged_vpc("ab")
    answer = vpce("explain", vpc_id)
    assert answer.status == 0
    assert f"{vpc_id}: in sync" in answer.out
    assert "vpce-remediator:profile = appmesh" in answer.out
    vpc = explained(vpce, vpc_id)
    assert [(each["service"], each["required"]) for each in vpc["endpoints_wanted"]] == [
        ("appmesh-envoy-management", True),
        ("logs", True),
    ]
    assert {each["whose"] for each in vpc["things"]} == {"owned"}
    assert {each["id"] for each in vpc["things"]} == set(account.owned(vpc_id))
    assert {each["id"] for each in vpc["made"]} == set(account.owned(vpc_id))
    assert (vpc["plan"], vpc["findings"]) == ([], [])


def test_drift_is_told_with_the_call_that_brought_it_about_and_what_will_be_done(
    account: Account, vpce: CommandLine
) -> None:
    vpc_id = account.converged_vpc("ab")
    account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})
    cause = someone(account, "ModifyVpcAttribute", vpc_id, who="ann via terraform")
    account.ledger.add_causes([(vpc_id, cause)])
    answer = vpce("explain", vpc_id)
    assert answer.status == 2
    # No run has seen it yet, and the cause is told all the same.
    assert "by      ann via terraform, ModifyVpcAttribute" in answer.out
    assert f"~ turn on enableDnsHostnames of {vpc_id}" in answer.out
    assert explained(vpce, vpc_id)["plan"][0]["call"] == "ModifyVpcAttribute"


def test_what_a_run_was_refused_is_told_as_blocked_since_then(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.vpc("ab")
    account.ec2.faults.deny("CreateSecurityGroup")
    account.converge(vpc_id)
    account.clock.advance(3 * 3600)
    answer = vpce("explain", vpc_id)
    assert "blocked (unauthorized)  group-missing" in answer.out
    assert "3 h" in answer.out
    assert "to do   look for a service control policy" in answer.out
    words = {each["detail"] for each in explained(vpce, vpc_id)["findings"] if each["status"] == "blocked"}
    assert words
    assert all(f"AWS     {each}" in answer.out for each in words)


def test_others_endpoints_are_told_from_ours(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.converged_vpc("ab")
    account.customer.create_vpc_endpoint(
        VpcId=vpc_id, ServiceName="com.amazonaws.eu-west-1.sqs", VpcEndpointType="Interface"
    )
    whose = {each["for"].rpartition(".")[2]: each["whose"] for each in explained(vpce, vpc_id)["things"]}
    assert whose["sqs"] == "someone else's"
    assert whose["logs"] == "owned"


def test_what_was_added_to_is_told_as_adopted(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.vpc("a")
    account.customer.create_vpc_endpoint(
        VpcId=vpc_id, ServiceName="com.amazonaws.eu-west-1.logs", VpcEndpointType="Interface"
    )
    account.converge(vpc_id)
    whose = {each["for"].rpartition(".")[2]: each["whose"] for each in explained(vpce, vpc_id)["things"]}
    assert whose["logs"] == "adopted"


def test_what_leaves_is_told_with_its_time(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.converged_vpc("ab")
    account.opt_out(vpc_id)
    account.converge(vpc_id)
    vpc = explained(vpce, vpc_id)
    assert {each["id"] for each in vpc["leaving"]} == set(account.owned(vpc_id))
    assert all(each["at"] and each["since"] for each in vpc["leaving"])
    answer = vpce("explain", vpc_id)
    assert "What is leaving" in answer.out
    assert "It has not opted in" in answer.out


def test_a_fight_is_told_with_the_opponent_and_until_when_it_is_left_alone(
    account: Account, vpce: CommandLine
) -> None:
    vpc_id = account.converged_vpc("ab")
    for _ in range(4):
        account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})
        cause = someone(account, "ModifyVpcAttribute", vpc_id, who="peering (network)")
        account.ledger.add_causes([(vpc_id, cause)])
        account.converge(vpc_id)
        account.clock.advance(30)
    contests = explained(vpce, vpc_id)["contests"]
    assert {each["opponent"] for each in contests} == {"peering (network)"}
    assert all(each["is_paused"] for each in contests)
    answer = vpce("explain", vpc_id)
    assert "dns-hostnames-off on" in answer.out
    assert "against peering (network): remediated 3 times, given up 1 time, left alone until" in answer.out


def test_a_fight_that_is_over_for_now_is_told_as_one_that_holds(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.converged_vpc("ab")
    for _ in range(4):
        account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})
        account.ledger.add_causes([(vpc_id, someone(account, "ModifyVpcAttribute", vpc_id, who="peering"))])
        account.converge(vpc_id)
        account.clock.advance(30)
    account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    account.converge(vpc_id)
    answer = vpce("explain", vpc_id)
    assert (answer.status, f"{vpc_id}: in sync" in answer.out) == (0, True)
    assert "What was fought about" in answer.out
    assert "against peering: remediated 3 times, and it holds now" in answer.out
    assert "left alone until" not in answer.out
    assert "given up" not in answer.out


def test_one_event_is_told_once(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.converged_vpc("ab")
    cause = someone(account, "ModifyVpcAttribute", vpc_id)
    account.ledger.add_causes([(vpc_id, cause)])
    account.ledger.add_causes([(vpc_id, replace(cause, time=cause.time + 1))])
    assert [each["event_id"] for each in explained(vpce, vpc_id)["causes"]].count(cause.event_id) == 1


def test_a_refused_deletion_is_told_with_what_makes_way(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.converged_vpc("ab")
    cause = someone(account, "DeleteVpc", vpc_id, refused=True, who="terraform")
    account.ledger.add_causes([(vpc_id, cause)])
    vpc = explained(vpce, vpc_id)
    assert vpc["making_way"]["asked_by"]["actor"] == "terraform"
    assert "What makes way for a deletion" in vpce("explain", vpc_id).out


def test_the_log_is_told_in_words_without_metrics_and_without_other_vpcs(
    account: Account, vpce: CommandLine, logs: FakeLogs
) -> None:
    vpc_id = account.converged_vpc("ab")
    done = [{"call": "CreateVpcEndpoint", "request_id": "req-1"}]
    logs.lines = [
        {"level": "INFO", "message": "too old", "vpc_id": vpc_id},
        {
            "level": "INFO",
            "message": f"{vpc_id}: endpoint-missing on x: remediated",
            "vpc_id": vpc_id,
            "done": done,
        },
        {"_aws": {}, "vpc_id": vpc_id, "DriftDetected": [1.0]},
        "START RequestId: 1",
        {"level": "INFO", "message": f"names {vpc_id} too", "vpc_id": "vpc-2"},
    ]
    answer = vpce("explain", vpc_id, "--since", "210m")
    assert "endpoint-missing on x: remediated" in answer.out
    assert "CreateVpcEndpoint, EC2 request req-1" in answer.out
    assert "too old" not in answer.out
    assert "too" not in answer.out.partition("What the remediator did")[2]
    assert logs.asked["filterPattern"] == f'"{vpc_id}"'


WAITS = {"level": "INFO", "ending": "requeued", "waits_for": "CreateVpcEndpoint"}


def test_a_vpc_that_waits_for_its_turn_is_told_with_the_time_of_its_last_run(
    account: Account, vpce: CommandLine, logs: FakeLogs
) -> None:
    vpc_id = account.vpc("ab")
    logs.lines = [{**WAITS, "message": f"{vpc_id}: its turn has not come", "vpc_id": vpc_id}]
    now = explained(vpce, vpc_id)["waits_for"]
    assert now == {"call": "CreateVpcEndpoint", "time": at(account.clock.now())}
    assert f"It waits for its turn to call CreateVpcEndpoint: at {now['time']}" in vpce("explain", vpc_id).out


def test_what_a_vpc_waited_for_before_its_last_run_is_not_told(
    account: Account, vpce: CommandLine, logs: FakeLogs
) -> None:
    vpc_id = account.vpc("ab")
    ran = {"level": "INFO", "ending": "requeued", "waits_for": None, "message": "ran", "vpc_id": vpc_id}
    logs.lines = [{**WAITS, "message": "waits", "vpc_id": vpc_id}, ran]
    assert explained(vpce, vpc_id)["waits_for"] is None


def test_a_vpc_in_which_the_call_is_not_to_be_made_any_more_does_not_wait_for_it(
    account: Account, vpce: CommandLine, logs: FakeLogs
) -> None:
    vpc_id = account.converged_vpc("ab")
    logs.lines = [{**WAITS, "message": "waits", "vpc_id": vpc_id}]
    assert explained(vpce, vpc_id)["waits_for"] is None
    assert "waits for its turn" not in vpce("explain", vpc_id).out


def test_a_crash_is_told_with_its_exception(account: Account, vpce: CommandLine, logs: FakeLogs) -> None:
    vpc_id = account.converged_vpc("ab")
    logs.lines = [
        {
            "level": "ERROR",
            "message": f"run of {vpc_id}: crashed",
            "vpc_id": vpc_id,
            "exception": "Traceback (most recent call last):\n  File x\nKeyError: 'PrefixListId'",
            "exception_name": "KeyError",
        }
    ]
    assert "      KeyError: 'PrefixListId'\n" in vpce("explain", vpc_id).out
    [line] = explained(vpce, vpc_id)["log"]
    assert line["error"] == "KeyError: 'PrefixListId'"


def test_a_log_that_may_not_be_read_is_one_warning(
    account: Account, vpce: CommandLine, logs: FakeLogs
) -> None:
    vpc_id = account.converged_vpc("ab")
    logs.error = refusal("AccessDeniedException")
    answer = vpce("explain", vpc_id)
    assert answer.status == 0
    assert answer.err.count("What the remediator did is not shown") == 1
    assert explained(vpce, vpc_id)["log"] is None


def test_without_the_ledger_all_else_is_told(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.converged_vpc("ab")
    account.dynamo.error = refusal("AccessDeniedException")
    answer = vpce("explain", vpc_id)
    assert "Since when and by whom is not known: the ledger cannot be read." in answer.out
    assert explained(vpce, vpc_id)["ledger"] is False


def test_several_vpcs_are_told_one_after_the_other(account: Account, vpce: CommandLine) -> None:
    vpcs = [account.converged_vpc("a"), account.converged_vpc("b", number=2)]
    assert [each["vpc_id"] for each in vpce("explain", *vpcs, "--json").document["vpcs"]] == vpcs


def test_an_unknown_id_is_an_error_that_says_where_it_is_not(vpce: CommandLine) -> None:
    answer = vpce("explain", "vpc-0123456789abcdef0")
    assert answer.status == 1
    assert answer.err.startswith("Error: There is no VPC vpc-0123456789abcdef0 in eu-west-1 of account")


def test_of_a_vpc_that_is_gone_the_ledger_says_what_happened_last(
    account: Account, vpce: CommandLine
) -> None:
    vpc_id = "vpc-0123456789abcdef0"
    account.ledger.add_causes([(vpc_id, someone(account, "DeleteVpc", vpc_id, who="deploy-17"))])
    assert "the last that happened to it was DeleteVpc by deploy-17" in vpce("explain", vpc_id).err


@pytest.mark.parametrize("arguments", [("vpc-1",), ("vpc-0123456789abcdef0", "--since", "soon"), ()])
def test_what_cannot_be_meant_is_an_error(vpce: CommandLine, arguments: tuple[str, ...]) -> None:
    assert vpce("explain", *arguments).status == 1


def test_explain_writes_nothing(account: Account, vpce: CommandLine) -> None:
    vpc_id = account.converged_vpc("ab")
    account.opt_out(vpc_id)
    kept = dict(account.dynamo.items)
    with account.calls() as calls:
        vpce("explain", vpc_id)
    assert calls
    assert account.writes(calls) == []
    assert account.dynamo.items == kept
