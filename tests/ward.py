"""An installation whose `vpce doctor` finds nothing wrong, for a test to make something of it ill."""

from __future__ import annotations

from typing import Any

from tests.account import Account
from tests.command_line import CommandLine
from tests.unit.cli import healthy
from tests.unit.cli.healthy import RESOURCES, Table


class Ward:
    """An installation with one VPC in sync; `clients` are those of the AWS services."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.vpc_id = account.converged_vpc("ab")
        self.clients = healthy.clients(account.clock.now())
        self.table = Table(account.dynamo)
        self.vpce = CommandLine(account, ec2=account.reconciler, dynamodb=self.table, **self.clients)
        self.vpce.cloudformation.resources = dict(RESOURCES)

    def set(self, service: str, **answers: Any) -> None:
        (self.table if service == "dynamodb" else self.clients[service]).answers.update(answers)

    def lines(self) -> list[dict[str, Any]]:
        checks: list[dict[str, Any]] = self.vpce("doctor", "--json").document["checks"]
        return checks

    def ill(self) -> list[tuple[str, str, str]]:
        """Subject, verdict and all words of what is not ok."""
        return [
            (each["subject"], each["verdict"], f"{each['seen']} {each['cure'] or ''}")
            for each in self.lines()
            if each["verdict"] != "ok"
        ]
