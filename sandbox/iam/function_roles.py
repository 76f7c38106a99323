"""Whose an EC2 call is: the deployed functions sign theirs with keys of their roles' sessions.

Told to EC2, so that the trail writes `sessionIssuer` into the events of the stack's own calls as AWS does,
and the rules can leave them out.
"""

from __future__ import annotations

import hashlib

from sandbox.control_plane.deploy import Stack
from sandbox.control_plane.ministack import ControlPlane
from sandbox.ec2.principals import AssumedRole, Principals


def register_functions(principals: Principals, plane: ControlPlane, stack: Stack) -> dict[str, AssumedRole]:
    """Let EC2 know the stack's functions by the keys that ministack gives them; answers whose they are."""
    functions = plane.client("lambda")
    roles = {}
    for logical_id, name in stack.physical_ids("AWS::Lambda::Function").items():
        found = functions.get_function_configuration(FunctionName=name)
        roles[logical_id] = AssumedRole(role_arn=found["Role"], session=found["FunctionName"])
        principals.register(session_key(found["FunctionArn"], found["Role"]), roles[logical_id])
    return roles


def session_key(function_arn: str, role_arn: str) -> str:
    """The access key that ministack derives for a function (its `execution_credentials`)."""
    digest = hashlib.sha256(f"{function_arn}:{role_arn}".encode()).hexdigest()
    return f"ASIA{digest[:16].upper()}"
