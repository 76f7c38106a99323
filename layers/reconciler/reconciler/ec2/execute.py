"""Actions to EC2, each with its outcome. Knows how to ask, and nothing of why.

Every step is attempted whatever became of the others, except where it needs the security group of the same
plan and that was not made. Nothing here waits for AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ..domain.actions import (
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
    GroupRef,
    ModifyEndpoint,
    NewGroup,
    Outcome,
    Result,
    RevokeEgress,
    RevokeIngress,
    Step,
    VpcAttribute,
)
from ..domain.findings import Reason
from ..domain.model import Mode, Rule
from . import decode, endpoint_calls, errors
from .endpoint_calls import Done
from .errors import Refusal, Verdict
from .filters import named

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

_RESULTS = {
    Verdict.THROTTLED: Result.RETRY,
    Verdict.RETRY: Result.RETRY,
    Verdict.UNKNOWN: Result.RETRY,
    Verdict.WAIT: Result.WAITING,
    Verdict.DNS_OFF: Result.WAITING,
    Verdict.GONE: Result.WAITING,  # what was planned for has changed meanwhile: look again
    Verdict.NAME_TAKEN: Result.WAITING,
    Verdict.ALREADY_DONE: Result.ALREADY_DONE,
    Verdict.BLOCKED: Result.BLOCKED,
}
# Other steps of the same call may well be taken.
_REFUSED = frozenset({Result.BLOCKED, Result.RETRY})
_GROUP_NAMES = 5
# EC2 lets an account make very few of these (facts, section 10): where it could not take one, it is not asked
# for the others of the same pass.
_ENDPOINT_CALLS = (CreateEndpoint, CreateGatewayEndpoint, ModifyEndpoint, DeleteEndpoint)


def apply(steps: Iterable[Step], ec2: EC2Client, mode: Mode, now: Callable[[], float]) -> list[Outcome]:
    """Carry out `steps` in order; in audit mode only say that they would be. `now` is seconds since 1970."""
    if mode is Mode.AUDIT:
        return [Outcome(step, Result.TOLD) for step in steps]
    executor = _Executor(ec2, now)
    return [outcome for call in _calls(steps) for outcome in executor.run(call)]


def _calls(steps: Iterable[Step]) -> list[list[Step]]:
    """The steps by call: those that modify the same endpoint together, in the place of the first."""
    calls: dict[object, list[Step]] = {}
    for step in steps:
        modified = step.action.endpoint_id if isinstance(step.action, ModifyEndpoint) else None
        calls.setdefault(modified or id(step), []).append(step)
    return list(calls.values())


class _Executor:
    def __init__(self, ec2: EC2Client, now: Callable[[], float]) -> None:
        self._ec2 = ec2
        self._now = now
        self._new_group_id = ""
        # What became of the steps that others need: the making of the group, and of the DNS attributes; what
        # could not be claimed; and that someone could not be let in.
        self._group_made: Outcome | None = None
        self._unclaimed: dict[str, Outcome] = {}
        self._not_let_in: Outcome | None = None
        self._dns_refused: Outcome | None = None
        self._throttled: Outcome | None = None

    def run(self, steps: list[Step]) -> list[Outcome]:
        """Carry out the steps of one call. Where EC2 refuses modifications together, ask for each by itself
        until it takes one; the rest comes round, since EC2 takes one modification at a time."""
        if len(steps) == 1:
            return [self._attempt(steps[0])]
        joined = _join([step.action for step in steps if isinstance(step.action, ModifyEndpoint)])
        together = self._attempt(Step(joined, ()))
        if together.result not in _REFUSED:
            first = Outcome(steps[0], together.result, together.reason, together.detail, together.findings)
            return [
                first,
                *(Outcome(s, together.result, together.reason, together.detail) for s in steps[1:]),
            ]
        outcomes: list[Outcome] = []
        for step in steps:
            if any(outcome.result is Result.DONE for outcome in outcomes):
                outcomes.append(Outcome(step, Result.WAITING, detail="after the endpoint's other change"))
            else:
                outcomes.append(self._attempt(step))
        return outcomes

    def _attempt(self, step: Step) -> Outcome:
        """Carry out a step, unless what it needs did not come through: then it shares that one's outcome."""
        if hindrance := self._hindrance(step.action):
            return replace(hindrance, step=step)
        try:
            done = self._carry_out(step.action)
        except errors.ERRORS as error:
            done = Done(errors.classify(error))
        if done.refusal is None:
            outcome = Outcome(step, Result.DONE, findings=done.findings)
        elif done.refusal.verdict is Verdict.DNS_OFF and self._dns_refused:
            outcome = replace(self._dns_refused, step=step)
        else:
            refusal = done.refusal
            outcome = Outcome(step, _result(refusal), refusal.reason, str(refusal), done.findings)
        self._remember(outcome, done.refusal)
        return outcome

    def _hindrance(self, action: Action) -> Outcome | None:
        if self._throttled and isinstance(action, _ENDPOINT_CALLS):
            return self._throttled
        if self._not_let_in and _closes(action):
            return self._not_let_in
        if (unclaimed := self._unclaimed.get(_resource_of(action))) is not None:
            return unclaimed
        needs_group = NEW_GROUP in _groups_of(action)
        return self._group_made if needs_group and not self._new_group_id else None

    def _remember(self, outcome: Outcome, refusal: Refusal | None) -> None:
        action = outcome.step.action
        if isinstance(action, CreateSecurityGroup):
            self._group_made = outcome
        if isinstance(action, CreateTags) and action.claims and outcome.result is not Result.DONE:
            self._unclaimed[action.resource_id] = outcome
        let_in = outcome.result in (Result.DONE, Result.ALREADY_DONE)
        # Where the group is full, what is too much has to go all the same.
        if isinstance(action, AuthorizeIngress) and not let_in and outcome.reason is not Reason.RULE_QUOTA:
            self._not_let_in = outcome
        if isinstance(action, EnableVpcAttribute) and outcome.result is not Result.DONE:
            self._dns_refused = outcome
        if isinstance(action, _ENDPOINT_CALLS) and refusal and refusal.verdict is Verdict.THROTTLED:
            self._throttled = outcome

    def _carry_out(self, action: Action) -> Done:
        match action:
            case CreateEndpoint():
                return endpoint_calls.create(self._ec2, action, self._id_of(action.group), self._now())
            case CreateGatewayEndpoint():
                return endpoint_calls.create_gateway(self._ec2, action, self._now())
            case ModifyEndpoint(add_groups=groups):
                return endpoint_calls.modify(self._ec2, action, [self._id_of(group) for group in groups])
            case DeleteEndpoint(endpoint_id):
                return endpoint_calls.delete(self._ec2, endpoint_id)
            case EnableVpcAttribute():
                self._enable(action)
            case CreateTags(resource_id, tags):
                self._ec2.create_tags(Resources=[resource_id], Tags=endpoint_calls.tag_list(tags))
            case CreateSecurityGroup():
                self._create_group(action)
            case DeleteSecurityGroup(group_id):
                self._ec2.delete_security_group(GroupId=group_id)
            case AuthorizeIngress(group, rules):
                _change_rules(self._ec2.authorize_security_group_ingress, self._id_of(group), rules)
            case RevokeIngress(group, rules):
                _change_rules(self._ec2.revoke_security_group_ingress, self._id_of(group), rules)
            case RevokeEgress(group, rules):
                _change_rules(self._ec2.revoke_security_group_egress, self._id_of(group), rules)
        return Done()

    def _id_of(self, group: GroupRef) -> str:
        return self._new_group_id if isinstance(group, NewGroup) else group

    def _enable(self, action: EnableVpcAttribute) -> None:
        if action.attribute is VpcAttribute.DNS_SUPPORT:
            self._ec2.modify_vpc_attribute(VpcId=action.vpc_id, EnableDnsSupport={"Value": True})
        else:
            self._ec2.modify_vpc_attribute(VpcId=action.vpc_id, EnableDnsHostnames={"Value": True})

    def _create_group(self, action: CreateSecurityGroup) -> None:
        """Create it. The call has no client token, but a name is taken once in a VPC.

        Where ours has it, the group was made by a pass that died, and EC2 is late in showing it: come again.
        Where someone else's has it, ours gets a number.
        """
        tags = endpoint_calls.tag_list(action.tags)
        names = [action.name, *(f"{action.name}-{number}" for number in range(2, _GROUP_NAMES + 1))]
        for name in names:
            try:
                answer = self._ec2.create_security_group(
                    VpcId=action.vpc_id,
                    GroupName=name,
                    Description=action.description,
                    TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
                )
            except ClientError as error:
                taken = errors.classify(error).verdict is Verdict.NAME_TAKEN
                if not taken or not self._is_foreign(action, name) or name == names[-1]:
                    raise
            else:
                self._new_group_id = answer["GroupId"]
                return

    def _is_foreign(self, action: CreateSecurityGroup, name: str) -> bool:
        """Whether a group is seen that has `name`, and another owner's tag or none of ours.

        Case does not tell names apart (facts, section 3), but EC2's filters do, so all groups of the VPC are
        looked through.
        """
        pages = self._ec2.get_paginator("describe_security_groups")
        for page in pages.paginate(Filters=[named("vpc-id", [action.vpc_id])]):
            for group in page["SecurityGroups"]:
                if group.get("GroupName", "").casefold() == name.casefold():
                    tags = decode.tags(group.get("Tags", []))
                    owner = tags.get(action.owner_key, action.tags[action.owner_key])
                    ours = any(tags.get(key) == value for key, value in action.tags.items())
                    return owner != action.tags[action.owner_key] or not ours
        return False


def _change_rules(change: Callable[..., object], group_id: str, rules: Sequence[Rule]) -> None:
    """Authorise or revoke rules in one call; EC2 takes none of them where one is so already, so then each in
    a call of its own."""
    try:
        change(GroupId=group_id, IpPermissions=decode.permissions(rules))
    except ClientError as error:
        if len(rules) == 1 or errors.classify(error).verdict is not Verdict.ALREADY_DONE:
            raise
        for rule in rules:
            try:
                change(GroupId=group_id, IpPermissions=decode.permissions([rule]))
            except ClientError as single:
                if errors.classify(single).verdict is not Verdict.ALREADY_DONE:
                    raise


def _closes(action: Action) -> bool:
    """Whether an action may close a way that clients use, until what was to be let in is.

    Private DNS does: it leads them from the service's public door to one that is still shut.
    """
    match action:
        case RevokeIngress(makes_room=makes_room):
            return not makes_room
        case CreateEndpoint(private_dns=private_dns):
            return private_dns
        case ModifyEndpoint(remove_group_ids=groups, enable_private_dns=private_dns):
            return bool(groups) or private_dns
    return isinstance(action, DeleteEndpoint)


def _resource_of(action: Action) -> str:
    """The id of the thing that an action changes, where it is there already."""
    match action:
        case ModifyEndpoint(endpoint_id=resource) | DeleteEndpoint(endpoint_id=resource):
            return resource
        case AuthorizeIngress(group=str(resource)) | RevokeIngress(group=str(resource)):
            return resource
        case RevokeEgress(group=str(resource)) | DeleteSecurityGroup(group_id=resource):
            return resource
    return ""


def _groups_of(action: Action) -> tuple[GroupRef, ...]:
    match action:
        case CreateEndpoint(group=group) | AuthorizeIngress(group=group):
            return (group,)
        case RevokeIngress(group=group) | RevokeEgress(group=group):
            return (group,)
        case ModifyEndpoint(add_groups=groups):
            return groups
    return ()


def _result(refusal: Refusal) -> Result:
    if refusal.verdict is Verdict.OTHER_SUBNET:
        # There was no other; one that is gone without a reason will not be chosen again.
        return Result.BLOCKED if refusal.reason else Result.WAITING
    return _RESULTS[refusal.verdict]


def _join(changes: list[ModifyEndpoint]) -> ModifyEndpoint:
    """Several changes of one endpoint as one."""
    return ModifyEndpoint(
        changes[0].endpoint_id,
        add_zones=tuple(zone for change in changes for zone in change.add_zones),
        remove_subnet_ids=tuple(s for change in changes for s in change.remove_subnet_ids),
        removal_needs_addition=any(change.removal_needs_addition for change in changes),
        add_groups=tuple(group for change in changes for group in change.add_groups),
        remove_group_ids=tuple(group for change in changes for group in change.remove_group_ids),
        add_route_table_ids=tuple(t for change in changes for t in change.add_route_table_ids),
        remove_route_table_ids=tuple(t for change in changes for t in change.remove_route_table_ids),
        enable_private_dns=any(change.enable_private_dns for change in changes),
        disable_private_dns=any(change.disable_private_dns for change in changes),
        policy=next((change.policy for change in changes if change.policy), ""),
        address_type=next((change.address_type for change in changes if change.address_type), None),
    )
