"""The Region's installation: which stack it is, and what its parameters and outputs say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from reconciler.domain.installation import Installation
from reconciler.domain.model import Mode

from .account import Account
from .problems import Problem, is_refused, is_unreachable, sentence

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

# What a stack is called that is made with the project's own settings, and so what it writes on what it owns.
DEFAULT_NAME = "vpc-endpoint-remediator"
_DEFAULT_PREFIX = "vpce-remediator"
_DEFAULT_DEBOUNCE = 30
# By these parameters a stack is known. Every version of the template has had them.
_KNOWN_BY = frozenset({"TagPrefix", "DefaultMode", "DebounceSeconds", "SweepSchedule"})
_GONE = frozenset({"DELETE_COMPLETE"})


@dataclass(frozen=True)
class Deployment:
    """An installation as it is deployed, or as a new one would be: then `stack` is empty.

    `parameters` and `outputs` are the stack's own, by name. `unread` says that the stacks could not be
    listed, so that there may be one.
    """

    installation: Installation
    stack: str = ""
    stack_id: str = ""
    status: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    unread: bool = False

    @property
    def is_deployed(self) -> bool:
        """Whether there is a stack."""
        return bool(self.stack)

    @property
    def ledger_table(self) -> str:
        """The ledger's table, empty for none."""
        return self.outputs.get("LedgerTable", "")

    @property
    def profiles_parameter(self) -> str:
        """The SSM parameter with profiles, empty for none."""
        return self.parameters.get("ProfilesParameter", "")

    @property
    def debounce(self) -> int:
        """The queue's delay, in seconds."""
        return int(self.parameters.get("DebounceSeconds", _DEFAULT_DEBOUNCE))

    @property
    def vpc_queue_url(self) -> str:
        """Where reconcile runs are asked for."""
        return self.outputs.get("PassQueueUrl", "")

    @property
    def dead_letter_queue_urls(self) -> tuple[str, ...]:
        """Where what failed for good is kept."""
        return tuple(self.outputs.get("DeadLetterQueueUrls", "").split())


def find(account: Account, name: str | None, warn: Callable[[str], None]) -> Deployment:
    """The stack `name`, or the Region's one installation; as a new one would be, where there is none.

    Raises:
        Problem: when there is no such stack, or there are several installations.
    """
    if name:
        return _of(_named(account, name), account)
    try:
        stacks = list(_installations(account))
    except (ClientError, HTTPClientError, NoConnection) as error:
        if not is_refused(error) and not is_unreachable(error):
            raise
        warn(
            f"{sentence(error)} So it is not known whether the remediator is deployed here, and this is as a "
            f"new installation named {DEFAULT_NAME!r} would see it."
        )
        return none(account, unread=True)
    if len(stacks) > 1:
        names = ", ".join(sorted(stack["StackName"] for stack in stacks))
        raise Problem(
            f"There are {len(stacks)} installations in {account.region}: {names}. Choose one with --stack."
        )
    return _of(stacks[0], account) if stacks else none(account)


def none(account: Account, *, unread: bool = False) -> Deployment:
    """As a new installation would be, with the template's own defaults."""
    return Deployment(Installation(DEFAULT_NAME, _DEFAULT_PREFIX, account.region, account.id), unread=unread)


def resources(account: Account, deployment: Deployment) -> Mapping[str, str]:
    """The physical ids of the stack's resources, by their logical ids in the template."""
    pages = account.cloudformation.get_paginator("list_stack_resources")
    return {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for page in pages.paginate(StackName=deployment.stack_id)
        for each in page["StackResourceSummaries"]
        if each.get("PhysicalResourceId")
    }


def _installations(account: Account) -> Iterator[StackTypeDef]:
    for page in account.cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            if stack["StackStatus"] not in _GONE and set(_parameters(stack)) >= _KNOWN_BY:
                yield stack


def _named(account: Account, name: str) -> StackTypeDef:
    try:
        stacks = account.cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ValidationError":
            raise Problem(f"There is no stack {name!r} in {account.region}.") from error
        raise
    if not stacks or not set(_parameters(stacks[0])) >= _KNOWN_BY:
        raise Problem(f"The stack {name!r} is no installation of the remediator.")
    return stacks[0]


def _parameters(stack: StackTypeDef) -> Mapping[str, str]:
    return {
        each["ParameterKey"]: each.get("ParameterValue", "")
        for each in stack.get("Parameters", [])
        if "ParameterKey" in each
    }


def _of(stack: StackTypeDef, account: Account) -> Deployment:
    """What a version of the template has no parameter for is as `Installation` has it."""
    given, defaults = _parameters(stack), Installation("", "", "", "")
    name = stack["StackName"]
    return Deployment(
        Installation(
            given.get("InstallationId") or name,
            given["TagPrefix"],
            account.region,
            account.id,
            Mode(given["DefaultMode"]),
            grace_seconds=60 * int(given.get("GracePeriodMinutes", defaults.grace_seconds // 60)),
            teardown_limit=int(given.get("TeardownLimit", defaults.teardown_limit)),
            paused=given.get("Paused") == "true",
        ),
        name,
        stack.get("StackId", name),
        stack["StackStatus"],
        given,
        {
            each["OutputKey"]: each.get("OutputValue", "")
            for each in stack.get("Outputs", [])
            if "OutputKey" in each
        },
    )
