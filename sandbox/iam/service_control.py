"""A service control policy over the account: what it denies, it denies to every principal of the account, to
the root user too, whatever their own policies allow. It binds no service that acts by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sandbox.ec2 import AssumedRole, IamUser, Principal, Root
from sandbox.iam.ec2_decision import Ec2Permissions
from sandbox.iam.statements import Need, PolicyError, Statement, speaks_of


@dataclass(frozen=True)
class ServiceControl:
    """The statements of the policy, before what the principals' own policies say: an `Ec2.authorise`."""

    statements: Sequence[Statement]
    own: Ec2Permissions

    def __call__(self, principal: Principal, action: str, params: Mapping[str, Any]) -> str | None:
        """Why the principal may not make this call, or None."""
        if arn := self.arn_of(principal):
            for need in self.own.needs(action, params):
                if sids := self.denied_by(arn, need):
                    return (
                        f"{arn} is not authorized to perform {need.action} on {need.resource} "
                        f"with an explicit deny in a service control policy ({', '.join(sids)})"
                    )
        return self.own(principal, action, params)

    def denied_by(self, principal_arn: str, need: Need) -> list[str]:
        """The Sids of the statements that deny this to the principal."""
        known = replace(need, context={**need.context, "aws:principalarn": principal_arn})
        for statement in self.statements:
            if statement["Effect"] != "Deny":
                raise PolicyError("the sandbox knows service control policies that deny, and no others")
        return [statement["Sid"] for statement in self.statements if speaks_of(statement, known)]

    def arn_of(self, principal: Principal) -> str:
        """What `aws:PrincipalArn` is for a principal: of a session, its role; empty for a service."""
        match principal:
            case AssumedRole(role_arn=arn):
                return arn
            case IamUser(name=name):
                return f"arn:aws:iam::{self.own.account}:user/{name}"
            case Root():
                return f"arn:aws:iam::{self.own.account}:root"
        return ""
