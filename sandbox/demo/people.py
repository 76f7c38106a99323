"""Who breaks things in the demo: people and pipelines, each with the words that the remediator should name
them by.

The words are written by hand from what CloudTrail says of such a caller, so that they judge the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox import access
from sandbox.ec2 import AssumedRole, IamUser, Principal
from sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from mypy_boto3_ec2.client import EC2Client

_ROLES = f"arn:aws:iam::{access.ACCOUNT}:role"
_SIGN_ON = f"{_ROLES}/aws-reserved/sso.amazonaws.com/AWSReservedSSO"
_CLI = "aws-cli/2.31.0 md/awscrt#0.27.6"
_CONSOLE = "console.ec2.amazonaws.com"
_TERRAFORM = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.13.3 (+https://www.terraform.io) terraform-provider-aws/6.14.0"
)


@dataclass(frozen=True)
class Person:
    """Someone, or something, that calls EC2. `named` is how the remediator should name them."""

    named: str
    principal: Principal
    agent: str = _CLI

    def ec2(self, sandbox: Sandbox) -> EC2Client:
        """EC2 for this person, by the tool that they use."""

        def as_from_the_tool(request: AWSPreparedRequest, **_: object) -> None:
            request.headers["User-Agent"] = self.agent

        client = sandbox.ec2_as(self.principal)
        client.meta.events.register("before-send.ec2", as_from_the_tool, unique_id="agent")
        return client


ANN = Person(
    "ann@example.com (Ops) via console",
    AssumedRole(f"{_SIGN_ON}_Ops_0123456789abcdef", "ann@example.com"),
    _CONSOLE,
)
BOB = Person("bob", IamUser("bob"))
CLEANUP = Person("cleanup-job", IamUser("cleanup-job"))
DEPLOY = Person("deploy-17 (ci) via terraform", AssumedRole(f"{_ROLES}/ci", "deploy-17"), _TERRAFORM)
NETWORK = Person(
    "peering (network) via terraform", AssumedRole(f"{_ROLES}/teams/network", "peering"), _TERRAFORM
)
