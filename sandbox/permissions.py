"""What the stack's roles may do, where ministack's IAM differs from AWS's.

AWS authorises SQS's batch calls under the action of the single call; ministack asks for an action of their
own, which on AWS does not exist and which no template should name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.control_plane import ControlPlane
from sandbox.deploy import Stack

Statement = Mapping[str, Any]

_BATCHES = {
    f"sqs:{action}": f"sqs:{action}Batch"
    for action in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")
}


def allow_batches(plane: ControlPlane, stack: Stack) -> None:
    """Let each role of the stack send in batches where it may send one by one."""
    iam = plane.client("iam")
    for role in stack.physical_ids("AWS::IAM::Role").values():
        more = [batched for statement in inline_statements(iam, role) for batched in _batched(statement)]
        if more:
            document = json.dumps({"Version": "2012-10-17", "Statement": more})
            iam.put_role_policy(RoleName=role, PolicyName="sandbox-batches", PolicyDocument=document)


def inline_statements(iam: Any, role: str) -> list[Statement]:
    """The statements of a role's own policies."""
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
    return [statement for document in documents for statement in document["Statement"]]


def _batched(statement: Statement) -> Iterator[Statement]:
    named = statement["Action"]
    actions = [_BATCHES[each] for each in ([named] if isinstance(named, str) else named) if each in _BATCHES]
    if actions:
        yield {**statement, "Action": actions}
