"""What the stack's roles may do: read from the deployed policies, and mended where ministack's IAM differs
from AWS's.

AWS authorises SQS's batch calls under the action of the single call; ministack asks for an action of their
own, which on AWS does not exist and which no template should name. And ministack does not know the source of
an event where it decides on PutEvents, so that a condition on it never holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sandbox.control_plane.deploy import Stack
from sandbox.control_plane.ministack import ControlPlane
from sandbox.iam.statements import Statement

_BATCHES = {
    f"sqs:{action}": f"sqs:{action}Batch"
    for action in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")
}


def mend(plane: ControlPlane, stack: Stack) -> None:
    """Let each role of the stack send in batches where it may send one by one, and put the events that it
    may."""
    iam = plane.client("iam")
    for role in stack.physical_ids("AWS::IAM::Role").values():
        more = [
            mended
            for statement in _own_statements(iam, role)
            for mended in (*_batched(statement), *_of_any_source(statement))
        ]
        if more:
            document = json.dumps({"Version": "2012-10-17", "Statement": more})
            iam.put_role_policy(RoleName=role, PolicyName="sandbox-mended", PolicyDocument=document)


def statements_of(plane: ControlPlane, stack: Stack) -> dict[str, list[Statement]]:
    """What the policies of the stack's roles say, their own and those attached, by the roles' ARNs."""
    iam = plane.client("iam")
    found = {}
    for role in stack.physical_ids("AWS::IAM::Role").values():
        arn = iam.get_role(RoleName=role)["Role"]["Arn"]
        found[arn] = [*_own_statements(iam, role), *_attached_statements(iam, role)]
    return found


def _own_statements(iam: Any, role: str) -> Iterator[Statement]:
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield from iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]


def _attached_statements(iam: Any, role: str) -> Iterator[Statement]:
    for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = each["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
        yield from found["Document"]["Statement"]


def _batched(statement: Statement) -> Iterator[Statement]:
    named = statement["Action"]
    actions = [_BATCHES[each] for each in ([named] if isinstance(named, str) else named) if each in _BATCHES]
    if actions:
        yield {**statement, "Action": actions}


def _of_any_source(statement: Statement) -> Iterator[Statement]:
    if statement["Action"] == "events:PutEvents":
        yield {key: value for key, value in statement.items() if key != "Condition"}
