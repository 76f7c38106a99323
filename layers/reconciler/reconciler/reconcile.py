"""A reconcile run of one VPC: remember → observe → intent → plan → execute → conclude → remember.

What it found and did is published by `report`; when the VPC is looked at again is said by `requeue`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from .domain import contest, counts, intent, remembering
from .domain.contest import Contest
from .domain.counts import NOTHING_COUNTED, Concluded, Tally
from .domain.execution import Outcome
from .domain.findings import Finding, Reason, Status
from .domain.intent import Intent
from .domain.making_way import NOBODY_ASKS
from .domain.memory import Made, Memory
from .domain.model import Mode, Observation
from .domain.plan import Plan
from .domain.planning import make_plan
from .domain.profile import NONE_FOLLOWED, NOTHING
from .domain.restraint import held_back
from .ec2 import errors
from .ec2.errors import Refusal, Verdict
from .ec2.execute import execute
from .queue import RunRequest

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

    from .domain.installation import Installation
    from .domain.profile import Edition
    from .domain.profiles import Catalogue
    from .ec2.observe import Observer
    from .ledger import Ledger

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
class Means:
    """What a run works with. `catalogue` gives the profiles, of an edition that is not older than this one;
    `now` gives seconds since 1970."""

    observer: Observer
    ec2: EC2Client
    ledger: Ledger
    installation: Installation
    catalogue: Callable[[Edition], Catalogue]
    now: Callable[[], float]


@dataclass(frozen=True)
class Look:
    """A VPC as it is, what it should have, and the plan that leads there. `edition` is the one of the
    profiles document that was followed."""

    observation: Observation
    wanted: Intent
    plan: Plan
    edition: Edition


@dataclass(frozen=True)
class Run:
    """What one run found and did.

    `tally` is what the drift metrics count of it. `unread` is why EC2 could not be read, where it could not.
    `failed` says that EC2 could not do something for now, so that the VPC is looked at again after a growing
    pause. `refused` are the ids whose refused deletion has yet to be acted on. `unproven` is what was made
    that the ledger did not take, `contests` are the fights where it does not keep them. `unforeseen` counts
    the drift that no event foretold.
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
    unforeseen: int = 0

    @classmethod
    def crashed(cls, request: RunRequest) -> Run:
        """A run that died of a fault of this program: nothing is known of what it found and did."""
        return cls(
            request,
            Ending.REQUEUED,
            tally=Tally((), request.counted),
            failed=True,
            refused=request.refused,
            unproven=request.made,
            contests=request.contests,
        )

    @property
    def is_requeued(self) -> bool:
        """Whether the VPC is looked at again without an event."""
        return self.ending is Ending.REQUEUED


def run(request: RunRequest, means: Means, deadline: float = math.inf) -> Run:
    """Reconcile one VPC. After `deadline`, in seconds since 1970, no write is started.

    Never waits for AWS; may be run again at any time, also after it died half-way.

    Raises:
        ProfilesUnavailable: when no profiles are known.
    """
    now, ledger = means.now, means.ledger
    memory = _remembered(request, means)
    try:
        seen = look(request, means, memory)
    except errors.ERRORS as error:
        return _unread(request, errors.classify(error), now())
    if seen is None:
        if memory:
            ledger.forget(memory, now())
        return Run(request, Ending.GONE)

    wanted, plan = seen.wanted, seen.plan
    enforced = wanted.mode is Mode.ENFORCE
    if enforced and plan.takes_down and not _may_take_down(request.vpc_id, means):
        plan = held_back(plan, Reason.TEARDOWN_LIMIT)
    read = before = memory
    if memory and enforced:
        memory = replace(remembering.before(memory, plan, now()), followed=seen.edition)
        if memory != before and plan:
            memory = before = ledger.save(memory) or memory
    outcomes = execute(plan, means.ec2, wanted.mode, now, deadline)
    done = conclude(request, wanted, plan, outcomes, now())
    done = _remember(done, before, memory, plan, outcomes, means)
    return replace(done, unforeseen=_unforeseen(done, read))


def look(request: RunRequest, means: Means, memory: Memory | None) -> Look | None:
    """Observe a VPC and plan what would put it right; None where the VPC is gone. Writes nothing.

    `memory` is what the ledger knows of the VPC, None where it cannot be read.

    Raises:
        One of `errors.ERRORS`: when EC2 refuses a read.
        ProfilesUnavailable: when no profiles are known.
    """
    now, installation = means.now(), means.installation
    catalogue = means.catalogue(memory.followed if memory else NONE_FOLLOWED)
    refused = (*request.refused, *(memory.refused_lately(now) if memory else ()))
    observation = means.observer.one(request.vpc_id, catalogue.profiles, with_interfaces=bool(refused))
    if observation is None:
        return None
    now = means.now()
    wanted = intent.read(observation, catalogue.profiles, installation, now, memory, refused)
    plan = make_plan(observation, wanted, installation, memory, now, catalogue.doubt, request.contests)
    return Look(observation, wanted, plan, catalogue.edition)


def _remembered(request: RunRequest, means: Means) -> Memory | None:
    """What is known of the VPC. What the ledger did not take last time came with the message."""
    memory = means.ledger.read(request.vpc_id)
    if memory is None:
        return None
    contests = contest.joined(memory.contests, request.contests)
    return replace(memory.with_made(request.made), contests=contests)


def _may_take_down(vpc_id: str, means: Means) -> bool:
    return means.ledger.admits_teardown(vpc_id, means.now(), means.installation.teardown_limit)


def _remember(
    done: Run,
    before: Memory | None,
    memory: Memory | None,
    plan: Plan,
    outcomes: Sequence[Outcome],
    means: Means,
) -> Run:
    """Leave in the ledger what the run learnt. What the ledger does not take goes with the message."""
    now = means.now()
    made = (*done.request.made, *remembering.made_by(outcomes, now))
    if memory is None:
        fought = contest.after(done.request.contests, remembering.remediated(outcomes), now)
        return replace(done, unproven=made, contests=fought)
    done = replace(done, findings=remembering.explained(done.findings, memory, now))
    after = remembering.after(memory, plan, outcomes, done.findings, now)
    if after != before and means.ledger.save(after) is None:
        return replace(done, unproven=made, contests=after.contests)
    return done


def _unforeseen(done: Run, read: Memory | None) -> int:
    """How much of what a sweep found no event foretold. `read` is what was known before the run: of a VPC of
    which nothing was, no event need have told."""
    if not done.request.swept or read is None or not read.version:
        return 0
    known = {each.key for each in read.findings}
    return sum(
        each.finding.status is Status.REMEDIABLE
        and each.cause is None
        and (each.finding.kind, each.finding.resource) not in known
        for each in done.findings
    )


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
        concluded,
        tally=counts.tally(concluded, request.counted, stuck),
        failed=any(outcome.failed for outcome in outcomes),
        refused=request.refused if pending or not marked else (),
    )


def conclude_finding(finding: Finding, outcomes: Sequence[Outcome], unknowns: int) -> Concluded:
    """What became of a finding, by the outcomes of the steps that were to remediate it.

    `unknowns` is how many runs before this one met an error that is not known: in the end it counts as
    blocked. What leaves is marked by a step, and is leaving once that is done.
    """
    own = [outcome for outcome in outcomes if finding in outcome.step.remediates]
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


def _unread(request: RunRequest, refusal: Refusal, now: float) -> Run:
    """Nothing is known of the findings, so that all that was counted stays counted."""
    unknown = refusal.verdict is Verdict.UNKNOWN and request.unknowns >= _UNKNOWN_RETRIES
    if refusal.verdict is not Verdict.BLOCKED and not unknown:
        ending = _again(request, now, failing=True)
        stuck = (counts.blocked_run(Reason.STUCK),) if ending is Ending.STUCK else ()
        return Run(
            request,
            ending,
            tally=Tally(stuck, request.counted),
            unread=refusal,
            failed=True,
            refused=request.refused,
            unproven=request.made,
            contests=request.contests,
        )
    blocked = counts.blocked_run(refusal.reason or Reason.UNKNOWN)
    return Run(request, Ending.BLOCKED, tally=Tally((blocked,), request.counted), unread=refusal)


def _ending(
    request: RunRequest,
    wanted: Intent,
    concluded: Sequence[Concluded],
    outcomes: Sequence[Outcome],
    now: float,
) -> Ending:
    """Look again whenever something was done, also where something else is blocked."""
    if wanted.mode is Mode.AUDIT:
        return Ending.REPORTED
    statuses = {each.status for each in concluded}
    done = any(outcome.status is Status.REMEDIATED for outcome in outcomes)
    if done or Status.WAITING in statuses:
        return _again(request, now, failing=any(outcome.failed for outcome in outcomes))
    if Status.BLOCKED in statuses:
        return Ending.BLOCKED
    if Status.CONTESTED in statuses:
        return Ending.CONTESTED
    return Ending.LEFT_ALONE if wanted.profile in (None, NOTHING) else Ending.CONVERGED


def _again(request: RunRequest, now: float, *, failing: bool) -> Ending:
    age = now - request.began / 1000 if request.began else 0.0
    given = _STUCK_AFTER_FAILING_SECONDS if failing else _STUCK_AFTER_SECONDS
    return Ending.STUCK if age > given and request.attempts >= _STUCK_AFTER_ATTEMPTS else Ending.REQUEUED
