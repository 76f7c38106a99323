"""A reconcile run of one VPC: remember → observe → intent → plan → execute → conclude → remember.

What it found and did is published by `report`; when the VPC is looked at again is said by `requeue`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import conclusion
from .conclusion import Ending, Run
from .domain import changes, contest, in_vain, intent, remembering
from .domain.execution import Outcome
from .domain.findings import Reason, Status
from .domain.intent import Intent
from .domain.memory import Memory
from .domain.model import Mode, Observation
from .domain.pace import EndpointCall, Precedence
from .domain.plan import Plan
from .domain.planning import make_plan
from .domain.profile import NONE_FOLLOWED
from .domain.restraint import held_back
from .ec2 import errors
from .ec2.execute import execute
from .messages import RunRequest

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

    from .attribute_memory import AttributeMemory
    from .domain.installation import Installation
    from .domain.profile import Edition
    from .domain.profiles import Catalogue
    from .ec2.observe import Observer
    from .ledger import Ledger
    from .write_budget import WriteBudget

# Tools try a deletion for twenty minutes (facts, section 14); a long debounce and a late event come on top.
_DELETION_AWAITED_SECONDS = 3600


@dataclass(frozen=True)
class Means:
    """What a run works with. `catalogue` gives the profiles, of an edition that is not older than this one;
    `now` gives seconds since 1970. `budget` is that of endpoint calls; None for as many as EC2 takes.
    `attributes` says whose DNS attributes a sweep need not read; None for nobody's."""

    observer: Observer
    ec2: EC2Client
    ledger: Ledger
    installation: Installation
    catalogue: Callable[[Edition], Catalogue]
    now: Callable[[], float]
    budget: WriteBudget | None = None
    attributes: AttributeMemory | None = None


@dataclass
class _Slots:
    """The budget of endpoint calls, for the run of one VPC, which has begun with its first endpoint."""

    budget: WriteBudget
    precedence: Precedence

    def take(self, call: EndpointCall) -> bool:
        return self.budget.take(call, self.precedence)

    def charge(self, call: EndpointCall) -> None:
        self.budget.charge(call)

    def empty(self, call: EndpointCall) -> None:
        self.budget.empty(call)

    def begin(self) -> None:
        if self.precedence is Precedence.NEW:
            self.precedence = Precedence.BEGUN


@dataclass(frozen=True)
class Look:
    """A VPC as it is, what it should have, and the plan that leads there. `edition` is the one of the
    profiles document that was followed."""

    observation: Observation
    wanted: Intent
    plan: Plan
    edition: Edition


def run(request: RunRequest, means: Means, deadline: float = math.inf) -> Run:
    """Reconcile one VPC. After `deadline`, in seconds since 1970, no write is started.

    Never waits for AWS; may be run again at any time, also after it died half-way.

    Raises:
        ProfilesUnavailable: when no profiles are known.
    """
    now, ledger = means.now, means.ledger
    if request.paced and means.budget and not means.budget.is_due(request.paced, request.precedence):
        return conclusion.not_due(request)
    memory = _remembered(request, means)
    try:
        seen = look(request, means, memory)
    except errors.ERRORS as error:
        return conclusion.of_unread(request, errors.classify(error), now())
    if seen is None:
        forgotten = memory is not None and ledger.forget(memory, now())
        return Run(request, Ending.GONE, news=changes.of_gone(memory) if memory and forgotten else ())

    wanted, plan = seen.wanted, in_vain.owed(seen.plan, request.first_seen / 1000)
    enforced = wanted.mode is Mode.ENFORCE
    if enforced and plan.takes_down and not _may_take_down(request.vpc_id, means):
        plan = held_back(plan, Reason.TEARDOWN_LIMIT)
    read = before = memory
    if memory and enforced:
        memory = replace(remembering.before(memory, plan, now()), followed=seen.edition)
        if memory != before and plan:
            memory = before = ledger.save(memory) or memory
    # Without a memory, each run would ask for the same first steps, as far as slots are due, and never end.
    slots = _Slots(means.budget, _precedence(memory, seen)) if means.budget and memory else None
    outcomes = execute(plan, means.ec2, wanted.mode, now, deadline, slots)
    done = conclusion.conclude(request, wanted, plan, outcomes, now())
    done = replace(done, precedence=slots.precedence) if slots else done
    if memory and read:
        memory = memory.closed(remembering.made_nothing(read, memory, outcomes))
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
    refused = (*_still_refused(request, now), *(memory.refused_lately(now) if memory else ()))
    observation = means.observer.one(request.vpc_id, catalogue.profiles, with_interfaces=bool(refused))
    if observation is None:
        return None
    now = means.now()
    wanted = intent.read(observation, catalogue.profiles, installation, now, memory, refused)
    plan = make_plan(observation, wanted, installation, memory, now, catalogue.doubt, request.contests)
    return Look(observation, wanted, plan, catalogue.edition)


def _still_refused(request: RunRequest, now: float) -> tuple[str, ...]:
    """What someone was refused the deletion of. Of a message that waited for long, as where the queue was not
    read, nobody waits for the deletion any more: to make way then would take down what serves."""
    is_late = not request.attempts and now - request.first_seen / 1000 > _DELETION_AWAITED_SECONDS
    return () if is_late else request.refused


def _precedence(memory: Memory | None, seen: Look) -> Precedence:
    if memory and remembering.is_heal(memory, seen.plan):
        return Precedence.URGENT
    ours = {each for each, _ in seen.plan.owned}
    has_begun = any(each.id in ours for each in seen.observation.all_endpoints)
    return Precedence.BEGUN if has_begun else Precedence.NEW


def _remembered(request: RunRequest, means: Means) -> Memory | None:
    """What is known of the VPC. What the ledger did not take last time came with the message."""
    memory = means.ledger.read(request.vpc_id)
    if memory is None:
        return None
    contests = contest.joined(memory.contests, request.contests)
    asked = in_vain.joined(memory.in_vain, request.asked)
    return replace(memory.with_made(request.made), contests=contests, in_vain=asked)


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
    new = remembering.made_by(outcomes, now)
    made = (*done.request.made, *new)
    if memory is None:
        fought = contest.after(done.request.contests, remembering.remediated(outcomes), now)
        news = changes.news(done.findings, None, now)
        return replace(done, unproven=made, contests=fought, asked=done.request.asked, news=news)
    done = replace(done, findings=remembering.explained(done.findings, memory, now))
    after = remembering.after(memory, plan, outcomes, done.findings, now)
    # Before the rest: a run that dies in between finds as new again what intake has to know of.
    told = {each.id for each in made} | memory.claimed | (after.made.keys() - (before or memory).made.keys())
    if told and not means.ledger.add_made(done.request.vpc_id, sorted(told)):
        done = replace(done, unproven=made)
    carried = done.request.made or done.request.contests or done.request.asked
    if (carried or after != before) and means.ledger.save(after) is None:
        # What is announced would be announced again.
        news = changes.news(done.findings, None, now)
        return replace(done, unproven=made, contests=after.contests, asked=after.in_vain, news=news)
    return replace(done, news=changes.news(done.findings, memory, now))


def _unforeseen(done: Run, read: Memory | None) -> int:
    """How much of what a sweep found no event foretold. `read` is what was known before the run: of a VPC of
    which nothing was, no event need have told."""
    if not done.request.swept or read is None or not read.version or read.quiet:
        return 0
    known = {each.key for each in read.findings}
    return sum(
        each.finding.status is Status.REMEDIABLE and each.cause is None and each.finding.key not in known
        for each in done.findings
    )
