"""docs/cli.md: each command is there, the keys of its JSON are, and the policy allows what the code asks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from sandbox.places import PROJECT
from tests.account import Account
from tests.command_line import CommandLine
from tests.template.deployed import resources
from vpce.app import cli

_DOCS = (PROJECT / "docs" / "cli.md").read_text(encoding="utf-8")
_POLICY = json.loads(re.search(r"```json\n(.*?)```", _DOCS, re.DOTALL)[1])  # type: ignore[index]
_READ = {action for statement in _POLICY["Statement"] for action in statement["Action"]}
_REST = _DOCS[_DOCS.index("SQS has no call") :]
# The service of each client of `vpce.account.Account`, by the client's name.
_SERVICES = {"functions": "lambda", "lambda_": "lambda", "quotas": "servicequotas", "client": "servicequotas"}
_CALL = re.compile(r"\b(\w+)\s*\.(?:get_paginator\(\s*\"(\w+)\"|((?:[a-z]+_)+[a-z]+)\()")
# boto3's names of operations are the permissions' but for these.
_CASES = {"GetAwsDefaultServiceQuota": "GetAWSDefaultServiceQuota"}
_CLIENTS = """
    cloudformation cloudtrail cloudwatch dynamodb ec2 events functions iam lambda_ logs quotas scheduler sqs
    ssm
    """


def _asked() -> Iterator[str]:
    """The permissions of the calls that the command line makes by itself."""
    for path in (PROJECT / "cli").rglob("*.py"):
        for client, paginated, called in _CALL.findall(path.read_text(encoding="utf-8")):
            if client in {*_CLIENTS.split(), "client"}:
                words = "".join(each.capitalize() for each in (paginated or called).split("_"))
                yield f"{_SERVICES.get(client, client)}:{_CASES.get(words, words)}"


def test_every_command_is_in_the_table() -> None:
    for command in cli.commands:
        assert f"| `vpce {command}" in _DOCS


def test_the_policy_lets_read_what_the_functions_read() -> None:
    observe = resources("AWS::IAM::ManagedPolicy")["ObserveEc2"]["PolicyDocument"]["Statement"][0]["Action"]
    assert set(observe) <= _READ


def test_what_is_asked_is_in_the_policy_or_named_below_it() -> None:
    asked = set(_asked())
    assert len(asked) > 20
    missing = {each for each in asked - _READ if f"`{each}`" not in _REST}
    assert missing == set()


def test_the_policy_has_nothing_that_nobody_asks() -> None:
    package = {"ssm:GetParameter", "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"}
    observe = {each for each in _READ if each.startswith("ec2:")}
    assert _READ - observe - package <= set(_asked())


def _row(command: str) -> str:
    """What is said of a command's keys, with what holds for all."""
    json_part = _DOCS[_DOCS.index("## JSON") : _DOCS.index("## Permissions")]
    return json_part.split("| command | keys |")[0] + next(
        line for line in json_part.splitlines() if line.startswith(f"| `{command}` |")
    )


def _keys(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield key
            yield from _keys(value)
    elif isinstance(document, list):
        for each in document:
            yield from _keys(each)


@pytest.fixture
def vpce() -> CommandLine:
    """A fleet in which there is something to do and something blocked."""
    account = Account()
    account.vpc("a")
    account.vpc("a", profile="apmesh", number=2)
    control = Mock()
    control.put_events.return_value = {"Entries": []}
    made = CommandLine(account, events=control, functions=control, scheduler=control)
    account.ec2.faults.deny("CreateVpcEndpoint")
    return made


@pytest.mark.parametrize("arguments", ["plan", "apply --yes", "uninstall --yes", "status"])
def test_each_key_of_the_json_is_documented(vpce: CommandLine, arguments: str) -> None:
    command = arguments.split()[0]
    document = vpce(*arguments.split(), "--json").document
    described = _row(command) + (_row("plan") + _row("apply") if command in ("apply", "uninstall") else "")
    states = set(document.get("states", ()))
    missing = {each for each in _keys(document) if f"`{each}`" not in described} - states
    assert missing == set()


def test_each_key_of_a_check_of_profiles_is_documented(vpce: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "profiles.toml"
    file.write_text('[own]\n[[own.endpoint]]\nservice = "sqz"\n', encoding="utf-8")
    document = vpce("profiles", "check", str(file), "--json").document
    assert {each for each in _keys(document) if f"`{each}`" not in _row("profiles check")} == set()
