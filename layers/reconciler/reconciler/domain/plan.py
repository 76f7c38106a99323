"""A plan: the steps that put a VPC right, in the order to take them, and all that was found.

Whoever executes a plan knows nothing of why its steps are there. What one step needs of another, and what it
may close, is said by the step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto

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
    DeleteTags,
    EnableVpcAttribute,
    ModifyEndpoint,
    RevokeEgress,
    RevokeIngress,
    describe,
    joined,
    lasting_words,
)
from .findings import Finding, Status
from .memory import Adoption, InVain
from .pace import EndpointCall

# What opens comes before what closes, a security group before what stands behind it, DNS attributes before
# the private DNS that needs them. Tags come early: IAM lets the role change only what bears them.
_ORDER: tuple[type, ...] = (
    CreateTags,
    DeleteTags,
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
# EC2 takes so many ids in one call.
_DELETED_AT_ONCE = 25


class Removal(Enum):
    """When something may be taken away (`restraint`)."""

    AT_ONCE = auto()  # it serves nobody, or a person asked for it in so many words
    UNLESS_IN_DOUBT = auto()  # it is one too many
    LATE = auto()  # nobody asks for it any more: after the grace period, and few at a time


@dataclass(frozen=True)
class Step:
    """An action, and the findings that it remediates.

    `needs_tags_on` is the id of a thing that an earlier step of the plan tags: the step is taken only where
    that one was. `removal` says when it may be taken, where it takes something away that served; `held_by` is
    a finding on what stands in its way then. `marks_first` says that it is taken only by a later run: the
    thing lacks marks, which this one puts back. `in_vain` is what came of it where EC2 was last asked for it
    in vain. `is_owed_a_turn` says that it waits for its turn all the same, though EC2 refused it.
    """

    action: Action
    remediates: tuple[Finding, ...]
    needs_tags_on: str = ""
    removal: Removal | None = None
    held_by: Finding | None = field(default=None, compare=False)
    marks_first: bool = False
    in_vain: InVain | None = field(default=None, compare=False)
    is_owed_a_turn: bool = field(default=False, compare=False)

    @property
    def awaits_turn(self) -> bool:
        """Whether it waits for its turn as long as that takes: EC2 was never asked for it, or it is owed
        one."""
        return self.in_vain is None or self.is_owed_a_turn

    @property
    def is_refused(self) -> bool:
        """Whether EC2 refused it when it was last asked."""
        return self.in_vain is not None and self.in_vain.status is Status.BLOCKED

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
            case DeleteTags(resource_id=resource):
                return resource
        return ""

    @property
    def change(self) -> str:
        """What it does, in words that are the same each time: without the times that some tags have."""
        if isinstance(self.action, CreateTags):
            return f"tag {self.action.resource_id}: {', '.join(self.action.tags)}"
        return lasting_words(self.action)

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
    def narrows(self) -> bool:
        """Whether it deletes or narrows what it changes, or resets its policy."""
        match self.action:
            case DeleteEndpoint() | DeleteSecurityGroup() | RevokeIngress() | RevokeEgress():
                return True
            case ModifyEndpoint() as change:
                taken = (change.remove_subnet_ids, change.remove_group_ids, change.remove_route_table_ids)
                return any(taken) or change.disable_private_dns or bool(change.policy)
        return False

    @property
    def endpoint_call(self) -> EndpointCall | None:
        """The call that it makes, where it is one of which EC2 lets an account make very few."""
        match self.action:
            case CreateEndpoint() | CreateGatewayEndpoint():
                return EndpointCall.CREATE
            case ModifyEndpoint():
                return EndpointCall.MODIFY
            case DeleteEndpoint():
                return EndpointCall.DELETE
        return None

    def __str__(self) -> str:
        return describe(self.action)

    def _rank(self) -> tuple[float, int, float]:
        asked = self.in_vain.time if self.in_vain else 0
        place: float = _ORDER.index(type(self.action))
        if isinstance(self.action, RevokeIngress) and self.action.makes_room:
            place = _ORDER.index(AuthorizeIngress) - 0.5
        # Endpoints of both sorts are made from one budget.
        is_made = isinstance(self.action, CreateGatewayEndpoint)
        return _ORDER.index(CreateEndpoint) if is_made else place, asked, place


@dataclass(frozen=True)
class Plan:
    """All findings on one VPC, and the steps that remediate some of them, in the order to take them.

    Two plans of the same VPC are equal where they find and do the same. The plan of a VPC that is as it
    should be has no steps. `str` gives it as a person reads it. `give_back_at` says when what was added to an
    adopted endpoint is taken off, by its id, in seconds since 1970; `leaving` are the ids of what nobody asks
    for; `adopts` is what the plan adds to adopted endpoints, and `owned` are the ids of what is ours, each
    with what it is for: the ledger keeps these.
    `looked_at` is false where the VPC is left as it is, and nothing in it was judged.
    """

    findings: tuple[Finding, ...] = ()
    steps: tuple[Step, ...] = ()
    give_back_at: tuple[tuple[str, int], ...] = ()
    leaving: tuple[str, ...] = ()
    adopts: tuple[Adoption, ...] = ()
    owned: tuple[tuple[str, str], ...] = ()
    looked_at: bool = True

    @classmethod
    def of(
        cls,
        findings: Iterable[Finding],
        steps: Iterable[Step],
        give_back_at: Iterable[tuple[str, int]] = (),
    ) -> Plan:
        """Put the steps in order, and each finding once."""
        plan = cls(tuple(dict.fromkeys(findings)), give_back_at=tuple(sorted(give_back_at)))
        return plan.with_steps(steps)

    def with_steps(self, steps: Iterable[Step]) -> Plan:
        """With these steps, put in order. Of those of a kind, what was never asked for in vain comes first,
        then what was so the longest ago."""
        return replace(self, steps=tuple(sorted(steps, key=Step._rank)))

    @property
    def takes_down(self) -> bool:
        """Whether something goes that nobody asks for any more: it counts toward the teardown limit."""
        return any(step.removal is Removal.LATE for step in self.steps)

    @property
    def calls(self) -> tuple[tuple[Step, ...], ...]:
        """The steps by call to EC2. Those that modify the same endpoint are one call, in the place of the
        first: EC2 takes one modification of an endpoint at a time. Endpoints are deleted together: EC2 takes
        few such calls."""
        calls: dict[object, list[Step]] = {}
        deleted = 0
        for step in self.steps:
            key: object = id(step)
            if isinstance(step.action, ModifyEndpoint):
                key = step.action.endpoint_id
            elif isinstance(step.action, DeleteEndpoint):
                key = DeleteEndpoint, deleted // _DELETED_AT_ONCE
                deleted += 1
            calls.setdefault(key, []).append(step)
        return tuple(tuple(steps) for steps in calls.values())

    def __bool__(self) -> bool:
        return bool(self.steps)

    def __len__(self) -> int:
        return len(self.calls)

    def __str__(self) -> str:
        """`+` is created, `~` changed, `-` deleted; `!` is blocked or contested, `?` impaired, `…` waited
        for, `i` information."""
        lines = []
        for step in self.steps:
            why = "; ".join(f"{finding.kind}: {finding.found}" for finding in step.remediates)
            lines.append(f"{step}  ({why})" if why else str(step))
        signs = {
            Status.BLOCKED: "!",
            Status.CONTESTED: "!",
            Status.IMPAIRED: "?",
            Status.WAITING: "…",
            Status.LEAVING: "…",
            Status.INFORMATIONAL: "i",
        }
        for finding in self.findings:
            if sign := signs.get(finding.status):
                lines.append(f"{sign} {finding.resource}: {finding.kind}: {finding.found}; {finding.wanted}")
        return "\n".join(lines) or "nothing to do"


def together(steps: Sequence[Step]) -> Step:
    """The steps of one call as one. What they need tagged is tagged."""
    changes = [step.action for step in steps if isinstance(step.action, ModifyEndpoint)]
    marks_first = any(step.marks_first for step in steps)
    return Step(joined(changes), (), marks_first=marks_first)
