"""What EC2 was asked for in vain, and how it is asked for again.

EC2 takes few endpoint calls, and a call that it refuses counts like any other. What was never asked for comes
first, then what was asked for longest ago. What EC2 refused does not wait for a turn to be refused again: it
stays blocked until a run has room for it. But each event or sweep waits for one such turn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from .actions import CreateEndpoint, CreateGatewayEndpoint
from .counts import Concluded
from .execution import Outcome
from .findings import Reason, Status
from .memory import InVain, Memory
from .plan import Plan, Step

_LONGEST_DETAIL = 300


def joined(known: Iterable[InVain], more: Iterable[InVain]) -> tuple[InVain, ...]:
    """Of each change what came of it last."""
    asked = sorted((*known, *more), key=lambda each: each.time)
    return tuple({each.change: each for each in asked}.values())


def noted(plan: Plan, memory: Memory) -> Plan:
    """The plan, whose steps say what came of them when EC2 was last asked, in the order that follows."""
    known = {each.change: each for each in memory.in_vain}
    if not known:
        return plan
    steps = (
        replace(step, in_vain=known.get(_digest(step))) if step.endpoint_call else step for step in plan.steps
    )
    return plan.with_steps(steps)


def owed(plan: Plan, since: float) -> Plan:
    """The plan in which one step waits for its turn though EC2 refused it: the one that was asked for longest
    ago. None does where EC2 has refused one since `since`, in seconds since 1970: a chain of runs that began
    then has had its turn. Without this, VPCs that are blocked would find no slot due, sweep after sweep."""
    refused = [(step.in_vain.time, step) for step in plan.steps if step.in_vain and step.is_refused]
    if not refused or max(time for time, _ in refused) >= int(since):
        return plan
    _, first = min(refused, key=lambda each: each[0])
    steps = (replace(step, is_owed_a_turn=True) if step is first else step for step in plan.steps)
    return plan.with_steps(steps)


def settled(outcome: Outcome) -> Outcome:
    """What became of a step for which there was no room, by what came of it before: what EC2 refused is
    blocked still, what EC2 could not do fails still."""
    before = outcome.step.in_vain
    if before is None or outcome.paced is None:
        return outcome
    if outcome.step.awaits_turn:
        return replace(outcome, findings=before.findings)
    if before.status is Status.BLOCKED:
        return Outcome(
            outcome.step, Status.BLOCKED, before.reason, before.detail, before.findings, is_remembered=True
        )
    return replace(outcome, failed=outcome.failed or before.failed, findings=before.findings)


def after(outcomes: Sequence[Outcome], concluded: Iterable[Concluded], now: float) -> tuple[InVain, ...]:
    """What EC2 was asked for in vain, after a run. Where it took something that it had refused before, the
    rest of these calls may be let through as well: they are as if never asked for."""
    blocked = {each.finding for each in concluded if each.status is Status.BLOCKED}
    cured = {
        outcome.step.endpoint_call
        for outcome in outcomes
        if outcome.step.is_refused and outcome.status is Status.REMEDIATED
    }
    known = []
    for outcome in outcomes:
        step = outcome.step
        if outcome.is_in_vain:
            # One that is not known is blocked in the end.
            given_up = outcome.reason is Reason.UNKNOWN and blocked.issuperset(step.remediates)
            status = Status.BLOCKED if given_up else outcome.status
            failed = outcome.failed and not given_up
            words = brief(outcome.detail) if status is Status.BLOCKED else ""
            new = InVain(_digest(step), int(now), status, outcome.reason, words, failed, outcome.findings)
            known.append(new)
        elif step.in_vain and outcome.status is not Status.REMEDIATED and step.endpoint_call not in cured:
            known.append(step.in_vain)
    return tuple(known)


def brief(detail: str) -> str:
    """AWS's words without the encoded message, which is another one each time, and without their tail."""
    return detail.partition("Encoded authorization failure message")[0].strip()[:_LONGEST_DETAIL]


def _digest(step: Step) -> str:
    """Of what is asked for. Of an endpoint to be made that is what its profile says of it: a corrected
    profile is a new change. Other subnets are none: one may just have run full."""
    match step.action:
        case CreateEndpoint() as new:
            words = f"{new.service_name}, {new.private_dns}, {new.address_type}, {new.policy}"
        case CreateGatewayEndpoint() as new:
            words = f"gateway {new.service_name}, {new.policy}"
        case _:
            words = step.change
    return hashlib.sha256(words.encode()).hexdigest()[:12]
