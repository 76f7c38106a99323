"""The command line `vpce` on a test's account: no process, no waiting, no AWS but the sandbox's EC2."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.account import STACK
from tests.account import Account as TestAccount
from vpce import app
from vpce.account import Account
from vpce.world import Surroundings

REGION, NUMBER = "eu-west-1", "111122223333"
PARAMETERS: Mapping[str, str] = {
    "TagPrefix": "vpce-remediator",
    "DefaultMode": "enforce",
    "InstallationId": "",
    "Paused": "false",
    "GracePeriodMinutes": "1440",
    "TeardownLimit": "5",
    "DebounceSeconds": "30",
    "SweepSchedule": "rate(1 hour)",
    "EndpointWriteRate": "0.3",
    "EndpointWriteBurst": "4",
    "ProfilesParameter": "",
}


def a_stack(name: str = STACK, status: str = "CREATE_COMPLETE", **parameters: str) -> dict[str, Any]:
    """An installation's stack, as CloudFormation describes it."""
    given = {**PARAMETERS, **parameters}
    outputs = {"LedgerTable": "ledger", "PassQueueUrl": "runs", "DeadLetterQueueUrls": "dead-1 dead-2"}
    return {
        "StackName": name,
        "StackId": f"arn:aws:cloudformation:{REGION}:{NUMBER}:stack/{name}/1",
        "StackStatus": status,
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in given.items()],
        "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()],
    }


@dataclass
class FakeCloudFormation:
    """Knows these stacks, and their resources by logical id. With `error`, it refuses every call."""

    stacks: list[dict[str, Any]]
    resources: Mapping[str, str]
    error: Exception | None = None
    types: Mapping[str, str] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)

    def describe_stacks(self, StackName: str = "") -> Any:  # noqa: N803 - boto3's name
        if self.error:
            raise self.error
        # A stack that is gone is described only by its id.
        found = [
            each
            for each in self.stacks
            if StackName == each["StackId"]
            or (StackName in ("", each["StackName"]) and each["StackStatus"] != "DELETE_COMPLETE")
        ]
        if StackName and not found:
            said = f"Stack with id {StackName} does not exist"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": said}}, "DescribeStacks")
        return {"Stacks": found}

    def refuse(self, code: str) -> None:
        """Refuse every call from now on."""
        self.error = ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeStacks")

    def list_stack_resources(self, StackName: str) -> Any:  # noqa: N803 - boto3's name
        assert StackName
        return {
            "StackResourceSummaries": [
                {"LogicalResourceId": k, "PhysicalResourceId": v, "ResourceType": self.types.get(k, "")}
                for k, v in self.resources.items()
            ]
        }

    def delete_stack(self, StackName: str) -> None:  # noqa: N803 - boto3's name
        (stack,) = self.describe_stacks(StackName)["Stacks"]
        self.deleted.append(stack["StackName"])
        stack["StackStatus"] = "DELETE_COMPLETE"

    def get_paginator(self, name: str) -> _Pages:
        return _Pages(self, name)


@dataclass
class _Pages:
    client: Any
    name: str

    def paginate(self, **request: Any) -> Iterator[Any]:
        yield getattr(self.client, self.name)(**request)


@dataclass
class Answer:
    """What a command wrote, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What it wrote for machines."""
        return json.loads(self.out)


class CommandLine:
    """`vpce`, for a person at a test's account. `clients` are those of other services, by their name in
    `vpce.account.Account`."""

    def __init__(
        self,
        account: TestAccount,
        stacks: Iterable[dict[str, Any]] | None = None,
        ec2: Any = None,
        **clients: Any,
    ) -> None:
        self.account = account
        self.ec2 = ec2 or account.customer
        self.cloudformation = FakeCloudFormation([a_stack()] if stacks is None else list(stacks), {})
        self.clients = clients
        self.waited: list[float] = []
        self.wait: Callable[[float], None] = account.clock.advance

    def __call__(self, *arguments: str) -> Answer:
        out, err = io.StringIO(), io.StringIO()
        surroundings = Surroundings(self._account, self.account.clock.now, self._wait)
        with redirect_stdout(out), redirect_stderr(err):
            status = app.run(arguments, surroundings)
        return Answer(status, out.getvalue(), err.getvalue())

    def _wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.wait(seconds)

    def _account(self, region: str | None, profile: str | None) -> Account:
        made = Account(region or REGION, profile)
        services = {
            "id": NUMBER,
            "region": region or REGION,
            "ec2": self.ec2,
            "dynamodb": self.account.dynamo,
            "cloudformation": self.cloudformation,
            **self.clients,
        }
        # As if each had been asked for already.
        made.__dict__.update(services)
        return made
