"""A plan: the steps that put a VPC right, in the order to take them, and all that was found.

Whoever executes a plan knows nothing of why its steps are there. What one step needs of another, and what it
may close, is said by the step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .actions import (
    NEW_GROUP,
    Action,
    AuthorizeIngress,
    CreateEndpoint,
    CreateGatewayEndpoint,
    CreateSecurityGroup,
    CreateTags,
    DeleteEndpoint,
    DeleteSecurityGroup,
    EnableVpcAttribute,
    ModifyEndpoint,
    RevokeEgress,
    RevokeIngress,
    describe,
    joined,
)
from .findings import Finding, Status

# What opens comes before what closes, a security group before what stands behind it, DNS attributes before
# the private DNS that needs them. Tags come early: IAM lets the role change only what bears them.
_ORDER: tuple[type, ...] = (
    CreateTags,
    EnableVpcAttribute,
    CreateSecurityGroup,
    AuthorizeIngress,
    CreateEndpoint,
    CreateGatewayEndpoint,
    ModifyEndpoint,
    DeleteEndpoint,
    RevokeIngress,
    RevokeEgress,
    DeleteSecurityGroup,
)


@dataclass(frozen=True)
class Step:
    """An action, and the findings that it remediates.

    `needs_tags_on` is the id of a thing that an earlier step of the plan tags: the step is taken only where
    that one was.
    """

    action: Action
    remediates: tuple[Finding, ...]
    needs_tags_on: str = ""

    @property
    def needs_new_group(self) -> bool:
        """Whether it needs the security group that an earlier step of the plan creates."""
        match self.action:
            case CreateEndpoint(group=group) | AuthorizeIngress(group=group):
                return group is NEW_GROUP
            case RevokeIngress(group=group) | RevokeEgress(group=group):
                return group is NEW_GROUP
            case ModifyEndpoint(add_groups=groups):
                return NEW_GROUP in groups
        return False

    @property
    def changed_id(self) -> str:
        """The id of the thing that it changes, where that is there already."""
        match self.action:
            case ModifyEndpoint(endpoint_id=resource) | DeleteEndpoint(endpoint_id=resource):
                return resource
            case AuthorizeIngress(group=str(resource)) | RevokeIngress(group=str(resource)):
                return resource
            case RevokeEgress(group=str(resource)) | DeleteSecurityGroup(group_id=resource):
                return resource
        return ""

    @property
    def may_close(self) -> bool:
        """Whether it may close a way that clients use, until what was to be let in is.

        Private DNS does: it leads them from the service's public door to one that is still shut.
        """
        match self.action:
            case RevokeIngress(makes_room=makes_room):
                return not makes_room
            case CreateEndpoint(private_dns=private_dns):
                return private_dns
            case ModifyEndpoint(remove_group_ids=groups, enable_private_dns=private_dns):
                return bool(groups) or private_dns
        return isinstance(self.action, DeleteEndpoint)

    @property
    def is_endpoint_call(self) -> bool:
        """Whether it is one of the calls of which EC2 lets an account make very few (facts, section 10)."""
        return isinstance(
            self.action, CreateEndpoint | CreateGatewayEndpoint | ModifyEndpoint | DeleteEndpoint
        )

    def __str__(self) -> str:
        return describe(self.action)

    def _rank(self) -> float:
        if isinstance(self.action, RevokeIngress) and self.action.makes_room:
            return _ORDER.index(AuthorizeIngress) - 0.5
        return _ORDER.index(type(self.action))


@dataclass(frozen=True)
class Plan:
    """All findings on one VPC, and the steps that remediate some of them, in the order to take them.

    Two plans of the same VPC are equal where they find and do the same. The plan of a VPC that is as it
    should be has no steps. `str` gives it as a person reads it.
    """

    findings: tuple[Finding, ...] = ()
    steps: tuple[Step, ...] = ()

    @classmethod
    def of(cls, findings: Iterable[Finding], steps: Iterable[Step]) -> Plan:
        """Put the steps in order, and each finding once."""
        return cls(tuple(dict.fromkeys(findings)), tuple(sorted(steps, key=Step._rank)))

    @property
    def calls(self) -> tuple[tuple[Step, ...], ...]:
        """The steps by call to EC2. Those that modify the same endpoint are one call, in the place of the
        first: EC2 takes one modification of an endpoint at a time."""
        calls: dict[object, list[Step]] = {}
        for step in self.steps:
            modified = step.action.endpoint_id if isinstance(step.action, ModifyEndpoint) else None
            calls.setdefault(modified or id(step), []).append(step)
        return tuple(tuple(steps) for steps in calls.values())

    def __bool__(self) -> bool:
        return bool(self.steps)

    def __len__(self) -> int:
        return len(self.calls)

    def __str__(self) -> str:
        """`+` is created, `~` changed, `-` deleted; `!` is blocked, `…` waited for, `i` information."""
        lines = []
        for step in self.steps:
            why = "; ".join(f"{finding.kind}: {finding.found}" for finding in step.remediates)
            lines.append(f"{step}  ({why})" if why else str(step))
        signs = {Status.BLOCKED: "!", Status.WAITING: "…", Status.INFORMATIONAL: "i"}
        for finding in self.findings:
            if sign := signs.get(finding.status):
                lines.append(f"{sign} {finding.resource}: {finding.kind}: {finding.found}; {finding.wanted}")
        return "\n".join(lines) or "nothing to do"


def together(steps: Sequence[Step]) -> Step:
    """The steps of one call as one."""
    changes = [step.action for step in steps if isinstance(step.action, ModifyEndpoint)]
    return Step(joined(changes), (), steps[0].needs_tags_on)
