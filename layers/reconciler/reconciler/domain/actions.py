"""What puts a VPC right, as values: actions, the steps of a plan, and what became of them.

Whoever carries them out (`apply`) knows nothing of why they are there; whoever plans them knows nothing of
how EC2 is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Literal

from .findings import Finding, Reason
from .model import AddressType, Rule, Tags


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
    """Make the owned group. EC2 gives it an egress rule of its own, which a later action takes off.

    `owner_key` is the one of `tags` that says whose a group is.
    """

    vpc_id: str
    name: str
    description: str
    tags: Tags = field(hash=False)
    owner_key: str


@dataclass(frozen=True)
class AuthorizeIngress:
    """Let in."""

    group: GroupRef
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class RevokeIngress:
    """Let in no more. One that makes room for rules to come goes before them: the group is full."""

    group: GroupRef
    rules: tuple[Rule, ...]
    makes_room: bool = False


@dataclass(frozen=True)
class RevokeEgress:
    """Let out no more."""

    group: GroupRef
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class CreateTags:
    """Put our tags on an owned thing, or say on a VPC until when it is released. `claims` says that the thing
    is to be known for ours by them: IAM lets the role narrow and delete no other."""

    resource_id: str
    tags: Tags = field(hash=False)
    claims: bool = field(default=False, compare=False)


# The subnets that an endpoint may stand in within one zone, the best first.
Candidates = tuple[str, ...]


@dataclass(frozen=True)
class CreateEndpoint:
    """Make an owned interface endpoint, in one subnet of each zone. `departed` are the ids of those for the
    service that serve no more: none of them is the new one.
    """

    vpc_id: str
    service_name: str
    zones: tuple[Candidates, ...]
    group: GroupRef
    tags: Tags = field(hash=False)
    private_dns: bool = True
    policy: str = ""
    address_type: AddressType = AddressType.IPV4
    departed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class CreateGatewayEndpoint:
    """Make an owned gateway endpoint."""

    vpc_id: str
    service_name: str
    route_table_ids: tuple[str, ...]
    tags: Tags = field(hash=False)
    policy: str = ""


@dataclass(frozen=True)
class ModifyEndpoint:
    """One change on an endpoint. Those of one endpoint are sent as one call: EC2 takes one at a time.

    `removal_needs_addition` says that the endpoint has no other subnets than those to remove: they go only in
    a call that adds one.
    """

    endpoint_id: str
    add_zones: tuple[Candidates, ...] = ()
    remove_subnet_ids: tuple[str, ...] = ()
    removal_needs_addition: bool = False
    add_groups: tuple[GroupRef, ...] = ()
    remove_group_ids: tuple[str, ...] = ()
    add_route_table_ids: tuple[str, ...] = ()
    remove_route_table_ids: tuple[str, ...] = ()
    enable_private_dns: bool = False
    disable_private_dns: bool = False
    policy: str = ""
    address_type: AddressType | None = None


@dataclass(frozen=True)
class DeleteEndpoint:
    """Delete an owned endpoint."""

    endpoint_id: str


@dataclass(frozen=True)
class DeleteSecurityGroup:
    """Delete the owned group, when nothing stands behind it any more."""

    group_id: str


Action = (
    EnableVpcAttribute
    | CreateSecurityGroup
    | AuthorizeIngress
    | CreateTags
    | CreateEndpoint
    | CreateGatewayEndpoint
    | ModifyEndpoint
    | DeleteEndpoint
    | DeleteSecurityGroup
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
    WAITING = "waiting"  # AWS is at work on it: come round
    RETRY = "retry"  # EC2 could not, for now: come round, after a growing pause
    BLOCKED = "blocked"  # refused, and asking again will not help
    TOLD = "told"  # audit mode: nothing is written


@dataclass(frozen=True)
class Outcome:
    """What became of one step, with EC2's own words where it refused.

    `findings` are what came to light only when EC2 was asked.
    """

    step: Step
    result: Result
    reason: Reason | None = None
    detail: str = ""
    findings: tuple[Finding, ...] = ()
