"""What puts a VPC right, as values: actions, the steps of a plan, and what became of them.

Whoever carries them out (`apply`) knows nothing of why they are there; whoever plans them knows nothing of
how EC2 is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Literal

from .model import Finding, Reason, Rule, Tags


class NewGroup(Enum):
    """Stands for the id of the security group that an earlier action of the same plan creates."""

    TOKEN = "the security group of this plan"


NEW_GROUP = NewGroup.TOKEN
GroupRef = str | Literal[NewGroup.TOKEN]


class VpcAttribute(StrEnum):
    """The DNS attributes of a VPC, by EC2's own words."""

    DNS_SUPPORT = "enableDnsSupport"
    DNS_HOSTNAMES = "enableDnsHostnames"


@dataclass(frozen=True)
class EnableVpcAttribute:
    """Turn one attribute on: EC2 takes one a call (facts, section 3)."""

    vpc_id: str
    attribute: VpcAttribute


@dataclass(frozen=True)
class CreateSecurityGroup:
    """Make the owned group. EC2 gives it an egress rule of its own, which a later action takes off."""

    vpc_id: str
    name: str
    description: str
    tags: Tags = field(hash=False)


@dataclass(frozen=True)
class AuthorizeIngress:
    """Let in."""

    group: GroupRef
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class RevokeIngress:
    """Let in no more."""

    group: GroupRef
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class RevokeEgress:
    """Let out no more."""

    group: GroupRef
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class CreateTags:
    """Put our tags back on an owned thing."""

    resource_id: str
    tags: Tags = field(hash=False)


@dataclass(frozen=True)
class CreateEndpoint:
    """Make an owned interface endpoint."""

    vpc_id: str
    service_name: str
    subnet_ids: tuple[str, ...]
    group: GroupRef
    tags: Tags = field(hash=False)


@dataclass(frozen=True)
class ModifyEndpoint:
    """All that is to change on one endpoint, in one call: EC2 takes one modification at a time."""

    endpoint_id: str
    add_subnet_ids: tuple[str, ...] = ()
    remove_subnet_ids: tuple[str, ...] = ()
    add_groups: tuple[GroupRef, ...] = ()
    remove_group_ids: tuple[str, ...] = ()
    enable_private_dns: bool = False


@dataclass(frozen=True)
class DeleteEndpoint:
    """Delete an owned endpoint that can no longer serve."""

    endpoint_id: str


Action = (
    EnableVpcAttribute
    | CreateSecurityGroup
    | AuthorizeIngress
    | CreateTags
    | CreateEndpoint
    | ModifyEndpoint
    | DeleteEndpoint
    | RevokeIngress
    | RevokeEgress
)


@dataclass(frozen=True)
class Step:
    """An action, and the findings that it is there for."""

    action: Action
    remedies: tuple[Finding, ...]


@dataclass(frozen=True)
class Plan:
    """All findings on one VPC, and the steps that put them right, in the order to take them."""

    findings: tuple[Finding, ...] = ()
    steps: tuple[Step, ...] = ()


# ---- what became of it ----


class Result(StrEnum):
    """What became of a step."""

    DONE = "done"
    ALREADY_DONE = "already done"
    WAITING = "waiting"  # EC2 asks to come again
    BLOCKED = "blocked"  # refused, and asking again will not help
    SKIPPED = "skipped"  # an earlier step that it needs did not come through
    TOLD = "told"  # audit mode: nothing is written


@dataclass(frozen=True)
class Outcome:
    """What became of one step, with EC2's own words where it refused."""

    step: Step
    result: Result
    reason: Reason | None = None
    detail: str = ""
