"""How the execution of a plan goes on after something went wrong: which steps are still taken.

Every step is attempted whatever became of the others, except where it needs something that did not come
about, or might close a way before another is open. Apart from the executor so that these rules are tested
without AWS.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .actions import AuthorizeIngress, CreateSecurityGroup, CreateTags, EnableVpcAttribute, ModifyEndpoint
from .findings import Finding, Reason, Status
from .pace import EndpointCall
from .plan import Step


@dataclass(frozen=True)
class Outcome:
    """What became of one step, with EC2's own words where it refused.

    `status` is `remediated`, `waiting`, `blocked` or `reported`. `failed` says of a waiting step that EC2
    could not do it for now, `throttled` that EC2 takes no more calls of its kind for now, `dns_off` that
    private DNS lacks an attribute of the VPC. `findings` came to light only when EC2 was asked. `made_id` is
    the id of what the step made, `subnet_ids` are those that EC2 took of its candidates. `request_ids` are
    EC2's, one for each call that it answered. `paced` is the endpoint call for which the budget has no room
    yet, or which EC2 has throttled: others have used up what the budget took to be there. `asked` says that
    EC2 was asked for the step, `is_remembered` that it was not, since it had refused it before.
    """

    step: Step
    status: Status
    reason: Reason | None = None
    detail: str = ""
    findings: tuple[Finding, ...] = ()
    failed: bool = False
    throttled: bool = False
    dns_off: bool = False
    made_id: str = ""
    subnet_ids: tuple[str, ...] = ()
    request_ids: tuple[str, ...] = ()
    paced: EndpointCall | None = None
    asked: bool = False
    is_remembered: bool = False

    @property
    def is_in_vain(self) -> bool:
        """Whether EC2 was asked for an endpoint call, and has not done it. One that it throttles, it has not
        looked at."""
        done = self.status is Status.REMEDIATED
        return self.asked and self.step.endpoint_call is not None and not done and not self.throttled

    @property
    def is_change(self) -> bool:
        """Whether it changed something. Where EC2 says that it was so already, nothing was changed."""
        return self.status is Status.REMEDIATED and not self.detail


class Execution:
    """What became of the steps so far, as far as later ones depend on it."""

    def __init__(self) -> None:
        self._group_not_made: Outcome | None = None
        self._not_tagged: dict[str, Outcome] = {}
        self._not_let_in: Outcome | None = None
        self._dns_refused: Outcome | None = None
        self._throttled: Outcome | None = None

    def prevents(self, step: Step) -> Outcome | None:
        """The outcome of an earlier step that keeps this one from being taken, as this one's own."""
        marked = Outcome(step, Status.WAITING, detail="after its marks, which were just put back")
        cause = (
            (self._throttled if step.endpoint_call else None)
            or (self._not_let_in if step.may_close else None)
            or self._not_tagged.get(step.needs_tags_on)
            or self._not_tagged.get(step.changed_id)
            or (self._group_not_made if _needs_group(step) else None)
            or (marked if step.marks_first else None)
        )
        return replace(cause, step=step, asked=False) if cause else None

    def lacks_mark(self, step: Step) -> bool:
        """Whether it needs tags on a thing that an earlier step could not put there."""
        return step.needs_tags_on in self._not_tagged

    def record(self, outcome: Outcome) -> Outcome:
        """Remember what became of a step, and give its outcome.

        Private DNS needs the DNS attributes. Where EC2 refuses it because one is off, and that one could not
        be turned on, the outcome is that of the attribute.
        """
        if outcome.dns_off and self._dns_refused:
            outcome = replace(self._dns_refused, step=outcome.step, asked=outcome.asked)
        action, done = outcome.step.action, outcome.status is Status.REMEDIATED
        if outcome.throttled and outcome.step.endpoint_call:
            self._throttled = outcome
        if done:
            return outcome
        if isinstance(action, CreateSecurityGroup):
            self._group_not_made = outcome
        if isinstance(action, CreateTags) and action.needed:
            self._not_tagged[action.resource_id] = outcome
        # Where the group is full, what is too much has to go all the same.
        if isinstance(action, AuthorizeIngress) and outcome.reason is not Reason.RULE_QUOTA:
            self._not_let_in = outcome
        if isinstance(action, EnableVpcAttribute):
            self._dns_refused = outcome
        return outcome


def _needs_group(step: Step) -> bool:
    """Whether it waits for a group that is to be made. A change does too that leads clients to an endpoint
    into which that group was to let them."""
    return step.needs_new_group or (step.may_close and isinstance(step.action, ModifyEndpoint))
