"""What of a plan may be done now: do no harm.

The concerns say what should be. This says what is left for later, or alone:

- A finding that someone keeps undoing is left alone for a while (`contest`).
- What nobody asks for any more is first marked with the time at which it goes, and deleted after that time.
- On doubt nothing is deleted but what serves nobody.
- What is owned is narrowed or deleted only while it bears the marks that prove it (`ownership`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .actions import (
    AuthorizeIngress,
    CreateEndpoint,
    CreateSecurityGroup,
    CreateTags,
    DeleteTags,
    EnableVpcAttribute,
    ModifyEndpoint,
)
from .concerns import Assessment
from .contest import Contest, Remediated
from .findings import Finding, Kind, Reason, Status
from .model import SERVING
from .plan import Plan, Removal, Step
from .situation import Situation
from .times import as_tag, time_in


def restrain(assessed: Assessment, situation: Situation, doubt: str, *, at_once: bool) -> Plan:
    """The plan of what is done now. `doubt` says why nothing may be deleted, empty where there is none.
    `at_once` says that a person asked in so many words for what goes.
    """
    return _Restraint(situation, doubt, at_once).plan(assessed)


def held_back(plan: Plan, reason: Reason) -> Plan:
    """The plan without what goes late: all of it or none, so that no VPC is taken down in part."""
    late = [step for step in plan.steps if step.removal is Removal.LATE]
    held = {finding for step in late for finding in step.remediates}
    # A group that goes after its endpoints waits for what does not happen now.
    held |= {each for each in plan.findings if each.kind is Kind.NOT_WANTED and each.status is Status.WAITING}
    return replace(
        plan,
        findings=tuple(
            replace(each, status=Status.BLOCKED, reason=reason) if each in held else each
            for each in plan.findings
        ),
        steps=tuple(step for step in plan.steps if step not in late),
    )


@dataclass
class _Restraint:
    situation: Situation
    doubt: str
    at_once: bool

    def __post_init__(self) -> None:
        self._findings: dict[Finding, Finding] = {}
        self._added: list[Finding] = []
        self._give_back_at: dict[str, int] = {}
        self._leaving_ids: set[str] = set()

    def plan(self, assessed: Assessment) -> Plan:
        steps = self._uncontested(assessed.steps)
        kept = [done for step in steps for done in self._removal(step)]
        kept += self._wanted_again(assessed.steps)
        # Marks too: someone may strip them, or the wish come and go.
        kept = self._uncontested(kept)
        kept = [self._with_marks_first(step) for step in kept]
        findings = [self._final(each) for each in (*assessed.findings, *self._added)]
        plan = Plan.of(findings, kept, self._give_back_at.items())
        return replace(plan, leaving=tuple(sorted(self._leaving_ids)))

    def _final(self, finding: Finding) -> Finding:
        """What became of a finding: it may first be leaving, and then fought about."""
        while finding in self._findings:
            finding = self._findings[finding]
        return finding

    # ---- fights

    def _uncontested(self, steps: Iterable[Step]) -> list[Step]:
        contests = [each for each in self.situation.contests if each.is_paused(self.situation.now)]
        if not contests:
            return list(steps)
        kept: list[Step] = []
        dropped: list[tuple[Step, str]] = []
        for step in steps:
            until = max((each.until for each in contests if _is_fought_about(step, each)), default=0)
            if until:
                dropped.append((step, f"left until {as_tag(until)}"))
            else:
                kept.append(step)
        for step in [each for each in kept if _needs_any(each, [other for other, _ in dropped])]:
            kept.remove(step)
            dropped.append((step, "left with what it needs"))
        for step, why in dropped:
            for finding in step.remediates:
                wanted = f"{finding.wanted}; {why}"
                self._findings[finding] = replace(finding, wanted=wanted, status=Status.CONTESTED)
        return kept

    # ---- what goes

    def _removal(self, step: Step) -> list[Step]:
        """What is done now about something that goes."""
        if step.removal is Removal.UNLESS_IN_DOUBT and (doubt := self.doubt or self._not_taken_over()):
            self._stays(step, doubt, Status.INFORMATIONAL)
            return []
        if step.removal is not Removal.LATE:
            return [step]
        held = self._not_taken_over() if self.at_once else self.doubt or self._memory_lacks()
        if held:
            self._stays(step, held, Status.LEAVING)
            return []
        if not self.at_once:
            self._leaving_ids.add(step.changed_id)
            at = self._leaves_at(step)
            if at is None or at > self.situation.now:
                return self._leaving(step, at)
        if step.held_by is not None:
            for finding in step.remediates:
                self._findings[finding] = step.held_by
            return []
        return [replace(step, removal=Removal.AT_ONCE) if self.at_once else step]

    def _memory_lacks(self) -> str:
        return "the ledger cannot be read" if self.situation.memory is None else self._not_taken_over()

    def _not_taken_over(self) -> str:
        memory = self.situation.memory
        if memory is None or memory.complete:
            return ""
        return "the first sweep has not yet taken over what was made before"

    def _leaves_at(self, step: Step) -> float | None:
        """When it goes; None where that has not been said yet.

        Anyone who may tag can write an earlier time. So the grace period also counts from when the ledger
        knows that the thing is leaving, and a time from before that is written anew.
        """
        memory, grace = self.situation.memory, self.situation.installation.grace_seconds
        if not grace:
            return 0.0
        if adopted := self._adopted(step):
            known = memory.adoptions.get(adopted) if memory else None
            return float(known.leaving_at) if known and known.leaving_at else None
        tags = self.situation.tags_by_id.get(step.changed_id, {})
        at = time_in(tags.get(self.situation.installation.leaving_key, ""))
        since = memory.leaving.get(step.changed_id) if memory else None
        if not at or (since is None and at < self.situation.now + grace):
            return None
        return max(at, since + grace) if since is not None else at

    def _adopted(self, step: Step) -> str:
        """The id of the adopted endpoint that a step gives back, if it does."""
        return step.changed_id if isinstance(step.action, ModifyEndpoint) else ""

    def _leaving(self, step: Step, at: float | None) -> list[Step]:
        """It is marked with the time at which it goes: on the thing itself, or for what others made, in the
        ledger."""
        installation = self.situation.installation
        time = at if at is not None else self.situation.now + installation.grace_seconds
        (finding, *_) = step.remediates
        leaving = Finding(
            Kind.LEAVING,
            finding.resource,
            found=f"{finding.found}; nobody asks for it any more",
            wanted=f"{'given back' if self._adopted(step) else 'deleted'} after {as_tag(time)}",
            status=Status.LEAVING,
        )
        for each in step.remediates:
            self._findings[each] = leaving
        if adopted := self._adopted(step):
            self._give_back_at[adopted] = int(time)
            return []
        if at is not None:
            return []
        return [Step(CreateTags(step.changed_id, {installation.leaving_key: as_tag(time)}), (leaving,))]

    def _stays(self, step: Step, why: str, status: Status) -> None:
        memory = self.situation.memory
        if memory and step.changed_id in memory.leaving:
            self._leaving_ids.add(step.changed_id)
        if (adopted := self._adopted(step)) and (at := self._leaves_at(step)):
            self._give_back_at[adopted] = int(at)
        for finding in step.remediates:
            kind = Kind.LEAVING if status is Status.LEAVING else finding.kind
            self._findings[finding] = replace(
                finding, kind=kind, wanted=f"{finding.wanted}; kept, since {why}", status=status
            )

    def _wanted_again(self, steps: Iterable[Step]) -> list[Step]:
        """The mark goes from what stays."""
        key = self.situation.installation.leaving_key
        going = {step.changed_id for step in steps if step.removal is not None}
        back = []
        for resource_id in sorted(self.situation.owned_ids - going - self._gone()):
            if at := self.situation.tags_by_id[resource_id].get(key):
                finding = Finding(
                    Kind.LEAVING,
                    resource_id,
                    found=f"{key} = {at}",
                    wanted="no such tag: it is asked for again",
                )
                self._added.append(finding)
                back.append(Step(DeleteTags(resource_id, (key,)), (finding,)))
        return back

    def _gone(self) -> set[str]:
        endpoints = self.situation.observation.all_endpoints
        return {each.id for each in endpoints if each.state not in SERVING}

    # ---- marks

    def _with_marks_first(self, step: Step) -> Step:
        owned = step.changed_id in self.situation.owned_ids
        if step.narrows and owned and step.changed_id not in self.situation.narrowable:
            return replace(step, marks_first=True)
        return step


def _is_fought_about(step: Step, contest: Contest) -> bool:
    changes = (Remediated.by(each.kind, each.resource, step.change) for each in step.remediates)
    return any(contest.is_about(each) for each in changes)


def _needs_any(step: Step, dropped: Iterable[Step]) -> bool:
    """Whether a step cannot be taken without one of those that are not."""
    for other in dropped:
        if isinstance(other.action, CreateSecurityGroup) and step.needs_new_group:
            return True
        # What lets clients in is missing: nothing is closed, and nobody is led to a door that is shut.
        if isinstance(other.action, AuthorizeIngress) and step.may_close:
            return True
        turns_on = step.action.private_dns if isinstance(step.action, CreateEndpoint) else False
        if isinstance(step.action, ModifyEndpoint):
            turns_on = step.action.enable_private_dns
        if isinstance(other.action, EnableVpcAttribute) and turns_on:
            return True
        if (
            isinstance(other.action, CreateTags)
            and step.narrows
            and step.changed_id == other.action.resource_id
        ):
            return True
    return False
