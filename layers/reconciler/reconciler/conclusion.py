"""What became of a run's findings, and how the run ends: from the outcomes of its steps, without AWS."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from .domain import counts
from .domain.changes import News
from .domain.contest import Contest
from .domain.counts import NOTHING_COUNTED, Concluded, Done, Tally
from .domain.execution import Outcome
from .domain.findings import Finding, Reason, Status
from .domain.intent import Intent
from .domain.making_way import NOBODY_ASKS
from .domain.memory import InVain, Made
from .domain.model import Mode
from .domain.pace import EndpointCall, Precedence
from .domain.plan import Plan
from .domain.profile import NOTHING
from .ec2.errors import Refusal, Verdict
from .messages import RunRequest

# A VPC that has not converged by then, counted from its first run, is stuck: Terraform's provider gives an
# endpoint ten minutes (facts, section 4). Attempts count too, since a long debounce makes few; and where EC2
# does not take the calls, as in a roll-out on many VPCs, a VPC is given longer.
_STUCK_AFTER_SECONDS = 20 * 60
_STUCK_AFTER_FAILING_SECONDS = 2 * 3600
_STUCK_AFTER_ATTEMPTS = 3
# An error that is not known is asked again so often.
_UNKNOWN_RETRIES = 5


class Ending(StrEnum):
    """How a run ended: the worst of what became of its findings."""

    CONVERGED = "converged"  # nothing to do
    REQUEUED = "requeued"  # something was done, or AWS is at work: look again
    BLOCKED = "blocked"  # what is left needs a person
    CONTESTED = "contested"  # what is left is undone by someone again and again
    STUCK = "stuck"  # requeued too often
    REPORTED = "reported"  # audit mode: nothing is written
    LEFT_ALONE = "left alone"  # the VPC does not ask for anything, and nothing owned is left in it
    GONE = "gone"


@dataclass(frozen=True)
class Run:
    """What one run found and did.

    `tally` is what the drift metrics count of it. `unread` is why EC2 could not be read, where it could not.
    `failed` says that EC2 could not do something for now, so that the VPC is looked at again after a growing
    pause. `refused` are the ids whose refused deletion has yet to be acted on. `unproven` is what was made
    that the ledger did not take, `contests` are the fights where it does not keep them, `asked` is what EC2
    was asked for in vain where it does not keep that. `unforeseen` counts the drift that no event foretold.
    `news` is what is announced as finding events. `paced` is an endpoint call for which the budget had no
    room, or which EC2 has throttled; `awaits_turn` says that the VPC waits for the turn of one as long as
    that takes; `precedence` says who goes before whom. `in_vain` says that EC2 was asked for an endpoint call
    that it could not do for now. `was_unknown` says that what waits for its turn met an error that is not
    known when EC2 was last asked. With `is_early` nothing was looked at, since its turn has not come.
    """

    request: RunRequest
    ending: Ending
    findings: tuple[Concluded, ...] = ()
    tally: Tally = NOTHING_COUNTED
    unread: Refusal | None = None
    failed: bool = False
    refused: tuple[str, ...] = ()
    unproven: tuple[Made, ...] = ()
    contests: tuple[Contest, ...] = ()
    asked: tuple[InVain, ...] = ()
    unforeseen: int = 0
    news: tuple[News, ...] = ()
    paced: EndpointCall | None = None
    awaits_turn: bool = False
    precedence: Precedence = Precedence.NEW
    in_vain: bool = False
    was_unknown: bool = False
    is_early: bool = False

    @classmethod
    def crashed(cls, request: RunRequest) -> Run:
        """A run that died of a fault of this program: nothing is known of what it found and did."""
        return replace(cls.unlooked(request), failed=True)

    @classmethod
    def unlooked(cls, request: RunRequest, ending: Ending = Ending.REQUEUED) -> Run:
        """A run that learnt nothing: what came with the message goes with the next one."""
        return cls(
            request,
            ending,
            tally=Tally((), request.counted),
            refused=request.refused,
            unproven=request.made,
            contests=request.contests,
            asked=request.asked,
        )

    @property
    def is_requeued(self) -> bool:
        """Whether the VPC is looked at again without an event."""
        return self.ending is Ending.REQUEUED


def conclude(request: RunRequest, wanted: Intent, plan: Plan, outcomes: Sequence[Outcome], now: float) -> Run:
    """What became of the findings, how the run ends, and what it counts. `now` is seconds since 1970.

    Where the VPC was to be left to who wants to delete it, and could not be marked so, nothing else was
    tried.
    """
    marked = not wanted.way.vpc or outcomes[0].status in (Status.REMEDIATED, Status.REPORTED)
    planned = plan.findings if marked else (*plan.steps[0].remediates, *wanted.findings)
    found = dict.fromkeys((*planned, *(f for outcome in outcomes for f in outcome.findings)))
    concluded = tuple(conclude_finding(finding, outcomes, request.unknowns) for finding in found)
    ending = _ending(request, wanted, concluded, outcomes, now)
    stuck = (counts.blocked_run(Reason.STUCK),) if ending is Ending.STUCK else ()
    waiting = any(outcome.status is Status.WAITING for outcome in outcomes)
    pending = wanted.way != NOBODY_ASKS and waiting
    return Run(
        request,
        ending,
        _stuck(concluded) if stuck else concluded,
        tally=counts.tally(concluded, request.counted, stuck),
        failed=any(outcome.failed for outcome in outcomes),
        paced=next((outcome.paced for outcome in outcomes if outcome.paced), None),
        awaits_turn=any(_awaits_turn(outcome) for outcome in outcomes),
        refused=request.refused if pending or not marked else (),
        was_unknown=any(_was_unknown(outcome) for outcome in outcomes),
        in_vain=any(each.is_in_vain and each.status is Status.WAITING for each in outcomes),
    )


def _stuck(concluded: Iterable[Concluded]) -> tuple[Concluded, ...]:
    """What a run that was requeued too often still waits for is blocked."""
    return tuple(
        replace(each, status=Status.BLOCKED, reason=Reason.STUCK) if each.status is Status.WAITING else each
        for each in concluded
    )


def conclude_finding(finding: Finding, outcomes: Sequence[Outcome], unknowns: int) -> Concluded:
    """What became of a finding, and what was done about it, by the outcomes of the steps that were to
    remediate it.

    `unknowns` is how many runs before this one met an error that is not known: in the end it counts as
    blocked. What leaves is marked by a step, and is leaving once that is done.
    """
    own = [outcome for outcome in outcomes if finding in outcome.step.remediates]
    return replace(_concluded(finding, own, unknowns), done=_done(own))


def _done(outcomes: Iterable[Outcome]) -> tuple[Done, ...]:
    taken = [(str(outcome.step), outcome.request_ids) for outcome in outcomes if outcome.is_change]
    return tuple(Done(call, each) for call, request_ids in taken for each in request_ids or ("",))


def _concluded(finding: Finding, own: Sequence[Outcome], unknowns: int) -> Concluded:
    if finding.status is not Status.REMEDIABLE and not own:
        reason = finding.reason if finding.status is not Status.WAITING else None
        return Concluded(finding, finding.status, reason)
    for outcome in own:
        unknown = outcome.reason is Reason.UNKNOWN and unknowns >= _UNKNOWN_RETRIES
        if outcome.status is Status.BLOCKED or unknown:
            return Concluded(finding, Status.BLOCKED, outcome.reason, outcome.detail)
    for outcome in own:
        if outcome.status is Status.WAITING:
            return Concluded(finding, Status.WAITING, outcome.reason, outcome.detail)
    if any(outcome.status is Status.REPORTED for outcome in own):
        return Concluded(finding, Status.REPORTED)
    return Concluded(finding, Status.LEAVING if finding.status is Status.LEAVING else Status.REMEDIATED)


def not_due(request: RunRequest) -> Run:
    """The run of a VPC whose turn to make an endpoint call has not come: nothing was looked at."""
    return replace(
        Run.unlooked(request),
        paced=request.paced,
        awaits_turn=request.awaits_turn,
        precedence=request.precedence,
        is_early=True,
    )


def of_unread(request: RunRequest, refusal: Refusal, now: float) -> Run:
    """The run that could not read EC2. Nothing is known of the findings, so that all that was counted stays
    counted. `now` is seconds since 1970."""
    unknown = refusal.verdict is Verdict.UNKNOWN and request.unknowns >= _UNKNOWN_RETRIES
    if refusal.verdict is not Verdict.BLOCKED and not unknown:
        ending = _again(request, now, failing=True)
        stuck = (counts.blocked_run(Reason.STUCK),) if ending is Ending.STUCK else ()
        tally = Tally(stuck, request.counted)
        return replace(Run.unlooked(request, ending), tally=tally, unread=refusal, failed=True)
    blocked = counts.blocked_run(refusal.reason or Reason.UNKNOWN)
    return Run(request, Ending.BLOCKED, tally=Tally((blocked,), request.counted), unread=refusal)


def _ending(
    request: RunRequest,
    wanted: Intent,
    concluded: Sequence[Concluded],
    outcomes: Sequence[Outcome],
    now: float,
) -> Ending:
    """Look again whenever something was done, also where something else is blocked. Who waits for its turn to
    ask for something is never stuck; to ask again, it has as long as others."""
    if wanted.mode is Mode.AUDIT:
        return Ending.REPORTED
    statuses = {each.status for each in concluded}
    done = any(outcome.status is Status.REMEDIATED for outcome in outcomes)
    if any(_awaits_turn(each) and not each.throttled for each in outcomes):
        return Ending.REQUEUED
    if done or Status.WAITING in statuses:
        return _again(request, now, failing=any(outcome.failed for outcome in outcomes))
    if Status.BLOCKED in statuses:
        return Ending.BLOCKED
    if Status.CONTESTED in statuses:
        return Ending.CONTESTED
    return Ending.LEFT_ALONE if wanted.profile in (None, NOTHING) else Ending.CONVERGED


def _awaits_turn(outcome: Outcome) -> bool:
    """Whether EC2 has yet to look at the step. One that it throttles, it has not looked at."""
    return outcome.paced is not None and outcome.step.awaits_turn


def _was_unknown(outcome: Outcome) -> bool:
    before = outcome.step.in_vain
    return outcome.paced is not None and before is not None and before.reason is Reason.UNKNOWN


def _again(request: RunRequest, now: float, *, failing: bool) -> Ending:
    age = now - request.began / 1000 if request.began else 0.0
    given = _STUCK_AFTER_FAILING_SECONDS if failing else _STUCK_AFTER_SECONDS
    # A run that EC2 throttles is no attempt, but it fails.
    tries = max(request.attempts, request.failures) if failing else request.attempts
    return Ending.STUCK if age > given and tries >= _STUCK_AFTER_ATTEMPTS else Ending.REQUEUED
