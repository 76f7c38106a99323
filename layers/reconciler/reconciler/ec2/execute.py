"""A plan to EC2, each step with its outcome. Knows how to ask, and nothing of why.

Which steps are still taken after something went wrong is `domain.execution`'s to say. Nothing here waits for
AWS.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

from ..domain import in_vain
from ..domain.actions import (
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
    GroupRef,
    ModifyEndpoint,
    NewGroup,
    RevokeEgress,
    RevokeIngress,
)
from ..domain.execution import Execution, Outcome
from ..domain.findings import Status
from ..domain.model import Mode, Rule, VpcAttribute
from ..domain.plan import Plan, Step, together
from . import decode, endpoint_calls, errors
from .endpoint_calls import Answer
from .errors import Refusal, Verdict
from .guarded import GuardedClient, NotDue, OutOfTime, Slots, Unlimited

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

# What becomes of a step that EC2 refuses. What has changed meanwhile (`GONE`) is looked at again.
_STATUS = {
    Verdict.THROTTLED: Status.WAITING,
    Verdict.RETRY: Status.WAITING,
    Verdict.UNKNOWN: Status.WAITING,
    Verdict.WAIT: Status.WAITING,
    Verdict.DNS_OFF: Status.WAITING,
    Verdict.GONE: Status.WAITING,
    Verdict.NAME_TAKEN: Status.WAITING,
    Verdict.ALREADY_DONE: Status.REMEDIATED,
    Verdict.BLOCKED: Status.BLOCKED,
}
_NO_ROOM = "the account's budget of endpoint calls has no room yet"
_FAILED = frozenset({Verdict.THROTTLED, Verdict.RETRY, Verdict.UNKNOWN})


def execute(
    plan: Plan,
    ec2: EC2Client,
    mode: Mode,
    now: Callable[[], float],
    deadline: float = math.inf,
    slots: Slots | None = None,
) -> list[Outcome]:
    """Take the steps of a plan in order; in audit mode take none. `now` gives seconds since 1970. No call is
    started after `deadline`, and no endpoint call for which `slots` has no room."""
    if mode is Mode.AUDIT:
        return [Outcome(step, Status.REPORTED) for step in plan.steps]
    executor = _Executor(GuardedClient(ec2, now, deadline, slots or Unlimited()), now)
    return [in_vain.settled(outcome) for steps in plan.calls for outcome in executor.call(steps)]


class _Executor:
    def __init__(self, guarded: GuardedClient, now: Callable[[], float]) -> None:
        self._guarded = guarded
        self._ec2 = cast("EC2Client", guarded)
        self._now = now
        self._execution = Execution()
        self._new_group_id = ""

    def call(self, steps: Sequence[Step]) -> list[Outcome]:
        """Take the steps of one call. What EC2 refused before is asked for by itself, after the others."""
        if len(steps) == 1:
            return [self._attempt(steps[0])]
        if isinstance(steps[0].action, DeleteEndpoint):
            return self._delete(steps)
        return self._modify(steps)

    def _modify(self, steps: Sequence[Step]) -> list[Outcome]:
        """Modify an endpoint in one call. Where EC2 refuses that, ask for each change by itself until it
        takes one. The rest waits for the next run, since EC2 takes one modification of an endpoint at a
        time. A step that needs a mark which could not be made is left out: the next run would undo it."""
        unmarked = [step for step in steps if self._execution.lacks_mark(step)]
        marked = [step for step in steps if step not in unmarked]
        new = [step for step in marked if not step.is_refused]
        outcomes: list[Outcome] = []
        charged, is_busy = None, False
        if len(new) > 1:
            joint = self._attempt(together(new))
            if joint.status is not Status.BLOCKED and not joint.failed:
                first, *others = new
                outcomes = [
                    replace(joint, step=first),
                    *(replace(joint, step=s, findings=()) for s in others),
                ]
                is_busy = joint.asked
            elif joint.asked:
                charged = new[0]
        for step in [*new, *(step for step in marked if step.is_refused)][len(outcomes) :]:
            if is_busy:
                outcomes.append(Outcome(step, Status.WAITING, detail="after the endpoint's other change"))
                continue
            outcomes.append(self._attempt(step, charged=step is charged))
            is_busy = outcomes[-1].status is Status.REMEDIATED
        return [*outcomes, *map(self._attempt, unmarked)]

    def _delete(self, steps: Sequence[Step]) -> list[Outcome]:
        """Delete endpoints in one call. One id that EC2 does not know, or that the role may not delete, fails
        the whole call: then each by itself (facts, section 3)."""
        new = [step for step in steps if not step.is_refused and self._execution.prevents(step) is None]
        outcomes = {each.step: each for each in self._delete_together(new)} if len(new) > 1 else {}
        return [outcomes.get(step) or self._attempt(step) for step in steps]

    def _delete_together(self, steps: Sequence[Step]) -> list[Outcome]:
        """The outcomes of all; of the first, where EC2 refuses them together."""
        self._guarded.begin_step()
        try:
            refusals = endpoint_calls.delete_many(self._ec2, [step.changed_id for step in steps])
            outcomes = [_outcome(step, Answer(refusals.get(step.changed_id))) for step in steps]
        except errors.ERRORS as error:
            refusal = errors.classify(error)
            if refusal.verdict in (Verdict.GONE, Verdict.BLOCKED):
                return [self._attempt(steps[0], charged=True)]
            outcomes = [_outcome(step, Answer(refusal)) for step in steps]
        except (OutOfTime, NotDue) as error:
            outcomes = [_held_back(step, error) for step in steps]
        request_ids = self._guarded.take_request_ids()
        return [self._execution.record(replace(each, request_ids=request_ids)) for each in outcomes]

    def _attempt(self, step: Step, *, charged: bool = False) -> Outcome:
        """Take a step. With `charged` it needs no slot that is due, since a call that was refused had one for
        it too: so each run learns of one step at least what EC2 says of it."""
        if prevented := self._execution.prevents(step):
            return prevented
        if not charged:
            self._guarded.begin_step()
        try:
            answer = self._carry_out(step.action)
        except errors.ERRORS as error:
            answer = Answer(errors.classify(error))
        except (OutOfTime, NotDue) as error:
            return self._execution.record(_held_back(step, error))
        if answer.made_id and step.endpoint_call:
            self._guarded.has_made_one()
        outcome = replace(_outcome(step, answer), request_ids=self._guarded.take_request_ids())
        return self._execution.record(outcome)

    def _carry_out(self, action: Action) -> Answer:
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
            case DeleteTags(resource_id, keys):
                self._ec2.delete_tags(Resources=[resource_id], Tags=[{"Key": key} for key in keys])
            case CreateSecurityGroup():
                self._create_group(action)
                return Answer(made_id=self._new_group_id)
            case DeleteSecurityGroup(group_id):
                self._ec2.delete_security_group(GroupId=group_id)
            case AuthorizeIngress(group, rules):
                _change_rules(self._ec2.authorize_security_group_ingress, self._id_of(group), rules)
            case RevokeIngress(group, rules):
                _change_rules(self._ec2.revoke_security_group_ingress, self._id_of(group), rules)
            case RevokeEgress(group, rules):
                _change_rules(self._ec2.revoke_security_group_egress, self._id_of(group), rules)
        return Answer()

    def _id_of(self, group: GroupRef) -> str:
        return self._new_group_id if isinstance(group, NewGroup) else group

    def _enable(self, action: EnableVpcAttribute) -> None:
        if action.attribute is VpcAttribute.DNS_SUPPORT:
            self._ec2.modify_vpc_attribute(VpcId=action.vpc_id, EnableDnsSupport={"Value": True})
        else:
            self._ec2.modify_vpc_attribute(VpcId=action.vpc_id, EnableDnsHostnames={"Value": True})

    def _create_group(self, action: CreateSecurityGroup) -> None:
        """Create it. The call has no client token, but a name is taken once in a VPC, in whatever case.

        Where someone else's group has the name, ours gets a number. Where a group has it that was not seen,
        ours was made by a run that died, and EC2 is late in showing it: wait.
        """
        answer = self._ec2.create_security_group(
            VpcId=action.vpc_id,
            GroupName=action.free_name,
            Description=action.description,
            TagSpecifications=[
                {"ResourceType": "security-group", "Tags": endpoint_calls.tag_list(action.tags)}
            ],
        )
        self._new_group_id = answer["GroupId"]


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


def _held_back(step: Step, error: OutOfTime | NotDue) -> Outcome:
    if isinstance(error, NotDue):
        return Outcome(step, Status.WAITING, detail=_NO_ROOM, paced=error.call)
    return Outcome(step, Status.WAITING, detail="no time left in this run")


def _outcome(step: Step, answer: Answer) -> Outcome:
    refusal = answer.refusal
    if refusal is None:
        return Outcome(
            step,
            Status.REMEDIATED,
            findings=answer.findings,
            made_id=answer.made_id,
            subnet_ids=answer.subnet_ids,
            asked=True,
        )
    throttled = refusal.verdict is Verdict.THROTTLED
    return Outcome(
        step,
        _status(refusal),
        refusal.reason,
        str(refusal),
        answer.findings,
        failed=refusal.verdict in _FAILED,
        throttled=throttled,
        dns_off=refusal.verdict is Verdict.DNS_OFF,
        paced=step.endpoint_call if throttled else None,
        asked=True,
    )


def _status(refusal: Refusal) -> Status:
    if refusal.verdict is Verdict.OTHER_SUBNET:
        # There was no other; one that is gone without a reason will not be chosen again.
        return Status.BLOCKED if refusal.reason else Status.WAITING
    return _STATUS[refusal.verdict]
