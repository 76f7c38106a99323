"""What a run leaves in memory: intentions before its calls, and what became of them after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from . import contest, in_vain
from .actions import CreateEndpoint, CreateGatewayEndpoint, CreateSecurityGroup, ModifyEndpoint
from .causes import cause_of
from .changes import announced, are_to_clear
from .contest import Remediated
from .counts import Concluded
from .execution import Outcome
from .findings import Finding, Status
from .memory import Adoption, Made, Memory, OpenFinding
from .plan import Plan, Step

# What a run only writes down. What it does something about is seen by its steps.
_ONLY_SAID = frozenset({Status.IMPAIRED, Status.LEAVING})


def has_news(memory: Memory, plan: Plan) -> bool:
    """Whether the ledger lacks what a run would write down of a VPC in which there is nothing to do.

    That is a finding for a person, one that is there no more, when an adopted endpoint is given back, or that
    the VPC is still there.
    """

    def said(findings: Iterable[Finding | OpenFinding]) -> set[tuple[str, str]]:
        return {each.key for each in findings if each.status in _ONLY_SAID}

    given_back = {each: known.leaving_at for each, known in memory.adoptions.items() if known.leaving_at}
    return (
        memory.expires
        or given_back != dict(plan.give_back_at)
        or said(memory.findings) != said(plan.findings)
        or are_to_clear(memory, plan.findings)
    )


def purpose_of(step: Step) -> str:
    """What a step makes something for; empty where it makes nothing."""
    if isinstance(step.action, CreateEndpoint | CreateGatewayEndpoint | CreateSecurityGroup):
        return step.action.tags["Name"]
    return ""


def remediated(outcomes: Iterable[Outcome]) -> tuple[Remediated, ...]:
    """The changes that were made, each for the findings that it remediated."""
    changes = (
        Remediated.by(finding.kind, finding.resource, outcome.step.change)
        for outcome in outcomes
        if outcome.is_change
        for finding in outcome.step.remediates
    )
    return tuple(dict.fromkeys(changes))


def is_heal(memory: Memory, plan: Plan) -> bool:
    """Whether a plan puts back what a VPC had: it had converged, and nothing is made that was never there, as
    after a change of profile. What EC2 refused before is no heal: it would come before all others each
    time."""
    had = {each.purpose for each in memory.made.values()} | {""}
    wanted = {purpose_of(step) for step in plan.steps}
    return memory.converged and wanted <= had and not any(step.is_refused for step in plan.steps)


def made_by(outcomes: Iterable[Outcome], now: float) -> tuple[Made, ...]:
    """What the steps made."""
    return tuple(
        Made(outcome.made_id, purpose_of(outcome.step), int(now)) for outcome in outcomes if outcome.made_id
    )


def explained(concluded: Iterable[Concluded], memory: Memory, now: float) -> tuple[Concluded, ...]:
    """The findings of a run, with since when each stands and what brought it about. What was remediated and
    is found again is a new drift."""
    open_before = {each.key: each for each in memory.findings if each.status is not Status.REMEDIATED}

    def explain(each: Concluded) -> Concluded:
        before = open_before.get(each.finding.key)
        cause = cause_of(each.finding, memory, now, known=before.cause if before else None)
        return replace(each, since=before.since if before else int(now), cause=cause)

    return tuple(explain(each) for each in concluded)


def before(memory: Memory, plan: Plan, now: float) -> Memory:
    """With what a plan is about to make and to add, so that a lost answer leaves a proof."""
    purposes = [purpose for step in plan.steps if (purpose := purpose_of(step))]
    return memory.opened(purposes, now).adopting(plan.adopts)


def made_nothing(read: Memory, memory: Memory, outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    """The purposes for which no answer can be lost: EC2 was not asked, or refused.

    `read` is the memory from before the run, `memory` the one with what the run was about to make. What is an
    open intention in both may have been made by an earlier run, whose answer was lost: EC2 may not show it
    yet, and a refusal now says nothing of it. So it stays one, for a day from that run on.
    """
    open_before = {each.purpose for each in memory.making if each in read.making}
    nothing = {purpose_of(each.step) for each in outcomes if each.paced or each.status is Status.BLOCKED}
    return tuple(sorted(nothing - open_before - {""}))


def after(
    memory: Memory,
    plan: Plan,
    outcomes: Sequence[Outcome],
    concluded: Iterable[Concluded],
    now: float,
) -> Memory:
    """What is known once the plan was executed."""
    answered = [purpose_of(outcome.step) for outcome in outcomes if outcome.made_id]
    concluded = tuple(concluded)
    memory = memory.with_made(made_by(outcomes, now)).closed(answered)
    if memory.complete:
        # What an open intention proves is proven by its id from now on; a claim can be taken back.
        proven = (Made(each, why, int(now)) for each, why in plan.owned if each not in memory.claimed)
        memory = memory.with_made(proven)
    memory = _with_adoptions(memory.having_seen(each for each, _ in plan.owned), plan, outcomes)
    last = announced(concluded, memory, now)
    return replace(
        memory,
        leaving=_leaving(memory, plan, outcomes, now),
        expires=False,
        quiet=False,
        converged=_converged(memory, plan, concluded),
        in_vain=in_vain.after(outcomes, concluded, now),
        contests=contest.after(memory.contests, remediated(outcomes), now),
        findings=tuple(
            OpenFinding(
                each.finding.kind,
                each.finding.resource,
                each.since,
                each.status,
                each.reason,
                # One call may name a thousand ids.
                replace(each.cause, resources=()) if each.cause else None,
                last.get(each.finding.key),
                in_vain.brief(each.detail) if each.status is Status.BLOCKED else "",
            )
            for each in concluded
        ),
    )


def _converged(memory: Memory, plan: Plan, concluded: Iterable[Concluded]) -> bool:
    """Whether the VPC has been as it should be, with something of ours in it, since it last should have
    anything."""
    at_work = (Status.REMEDIATED, Status.WAITING, Status.BLOCKED)
    if not plan.looked_at or plan or any(each.status in at_work for each in concluded):
        return memory.converged
    return bool(plan.owned or memory.adoptions)


def _leaving(memory: Memory, plan: Plan, outcomes: Iterable[Outcome], now: float) -> Mapping[str, int]:
    """Since when each thing is leaving. In audit mode, where nothing is marked, no grace period begins."""
    if not plan.looked_at or any(outcome.status is Status.REPORTED for outcome in outcomes):
        return memory.leaving
    return {each: memory.leaving.get(each, int(now)) for each in plan.leaving}


def _with_adoptions(memory: Memory, plan: Plan, outcomes: Iterable[Outcome]) -> Memory:
    for outcome in outcomes:
        change = outcome.step.action
        if not isinstance(change, ModifyEndpoint):
            continue
        if outcome.step.removal is not None and outcome.status is Status.REMEDIATED:
            memory = memory.without_adoption(change.endpoint_id)
        asked = [candidates[0] for candidates in change.add_zones]
        if outcome.status is Status.BLOCKED:
            memory = memory.not_added(change.endpoint_id, asked, private_dns=change.enable_private_dns)
        elif asked and outcome.subnet_ids and change.endpoint_id in memory.adoptions:
            # EC2 may have refused the first choice of a zone, and taken the next.
            memory = memory.not_added(change.endpoint_id, asked, private_dns=False)
            memory = memory.adopting([Adoption(change.endpoint_id, outcome.subnet_ids)])
    if not plan.looked_at:
        return memory
    leaving = dict(plan.give_back_at)
    new = [Adoption(each, leaving_at=leaving[each]) for each in leaving if each not in memory.adoptions]
    known = {
        each: replace(adoption, leaving_at=leaving.get(each, 0))
        for each, adoption in memory.adoptions.items()
    }
    return replace(memory, adoptions=known).adopting(new)
