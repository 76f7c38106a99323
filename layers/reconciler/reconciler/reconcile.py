"""The pass: observe, plan, apply, of one VPC. What it found and did is told by `report`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from .domain import intent
from .domain.actions import Outcome, Plan, Result
from .domain.findings import Finding, Reason, Status
from .domain.intent import Intent, Stance
from .domain.model import Mode, Observation, Profile
from .domain.plan import plan, release
from .ec2 import errors
from .ec2.errors import Refusal, Verdict
from .ec2.execute import apply
from .queue import PassRequest

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

    from .ec2.observe import Observer
    from .settings import Settings

# A VPC that has not converged by then, counted from its first pass, is stuck: Terraform's provider gives
# an endpoint ten minutes (facts, section 4). Rounds count too, since a long debounce makes few; and where
# EC2 does not take the calls, as in a roll-out on many VPCs, a VPC is given longer.
_STUCK_AFTER_SECONDS = 20 * 60
_STUCK_AFTER_FAILING_SECONDS = 2 * 3600
_STUCK_AFTER_ROUNDS = 3
# An error that is not known is asked again so often.
_UNKNOWN_RETRIES = 5


class Ending(StrEnum):
    """How a pass ended."""

    CONVERGED = "converged"  # nothing to do
    AGAIN = "again"  # something was done, or AWS is at work: look again
    BLOCKED = "blocked"  # what is left needs a person
    STUCK = "stuck"  # looked again too often
    AUDITED = "audited"  # told, not done
    LEFT_ALONE = "left alone"  # it does not ask for anything, and nothing owned is left in it
    GONE = "gone"


class Treatment(StrEnum):
    """What became of a finding."""

    REMEDIATED = "remediated"
    WAITING = "waiting"
    BLOCKED = "blocked"
    NOTED = "noted"
    TOLD = "told"


@dataclass(frozen=True)
class Treated:
    """A finding, what became of it, and where it is blocked or waits, why."""

    finding: Finding
    treatment: Treatment
    reason: Reason | None = None
    detail: str = ""


@dataclass(frozen=True)
class Pass:
    """What one pass found and did.

    `unread` is why EC2 could not be read, where it could not; `failed` says that EC2 could not do something
    for now, so that the VPC comes round after a growing pause; `release_settled`, that the release that was
    asked for was seen to, or needs nothing.
    """

    request: PassRequest
    ending: Ending
    treated: tuple[Treated, ...] = ()
    unread: Refusal | None = None
    failed: bool = False
    release_settled: bool = False


def run(
    request: PassRequest,
    observer: Observer,
    ec2: EC2Client,
    profiles: Mapping[str, Profile],
    settings: Settings,
    now: Callable[[], float],
) -> Pass:
    """Make one pass over a VPC. `now` is seconds since 1970.

    Never waits for AWS; may be run again at any time, also after it died half-way.
    """
    try:
        observation = observer.one(request.vpc_id, profiles)
    except errors.ERRORS as error:
        return _unread(request, errors.classify(error), now())
    if observation is None:
        return Pass(request, Ending.GONE)

    asked = read_intent(observation, profiles, settings, now())
    outcomes: list[Outcome] = []
    releasing = (
        release(observation, settings.installation, now()) if request.release and asked.may_release else []
    )
    if releasing:
        outcomes = apply(releasing, ec2, asked.mode, now)
        if any(outcome.result is Result.DONE for outcome in outcomes):
            asked = replace(asked, stance=Stance.TAKE_DOWN, profile=None)
    settled = not releasing or any(outcome.result in (Result.DONE, Result.TOLD) for outcome in outcomes)
    wanted = plan_of(observation, asked, settings)
    outcomes += apply(wanted.steps, ec2, asked.mode, now)

    noticed = [finding for step in releasing for finding in step.remedies]
    noticed += [*asked.findings, *wanted.findings, *(f for outcome in outcomes for f in outcome.findings)]
    treated = tuple(treat(finding, outcomes, request.unknowns) for finding in dict.fromkeys(noticed))
    failed = any(outcome.result is Result.RETRY for outcome in outcomes)
    ending = _ending(request, asked, treated, outcomes, now())
    return Pass(request, ending, treated, failed=failed, release_settled=settled)


def read_intent(
    observation: Observation, profiles: Mapping[str, Profile], settings: Settings, now: float
) -> Intent:
    """What the VPC asks of this installation. `now` is seconds since 1970."""
    vpc, installation = observation.vpc, settings.installation
    return intent.read(vpc, profiles, settings.default_mode, installation, settings.account, now)


def plan_of(observation: Observation, asked: Intent, settings: Settings) -> Plan:
    """The plan for what the VPC asks."""
    if asked.stance is Stance.LEAVE:
        return Plan()
    return plan(observation, asked.profile, settings.installation)


def treat(finding: Finding, outcomes: list[Outcome], unknowns: int = 0) -> Treated:
    """What became of a finding, by the outcomes of the steps that were there for it.

    `unknowns` is how many passes before this one met an error that is not known: it counts as blocked in the
    end.
    """
    if finding.status is Status.NOTED:
        return Treated(finding, Treatment.NOTED, finding.reason)
    if finding.status is Status.CONVERGING:
        return Treated(finding, Treatment.WAITING)
    if finding.status is Status.BLOCKED:
        return Treated(finding, Treatment.BLOCKED, finding.reason)
    own = [outcome for outcome in outcomes if finding in outcome.step.remedies]
    for outcome in own:
        unknown = outcome.reason is Reason.UNKNOWN and unknowns >= _UNKNOWN_RETRIES
        if outcome.result is Result.BLOCKED or unknown:
            return Treated(finding, Treatment.BLOCKED, outcome.reason, outcome.detail)
    for outcome in own:
        if outcome.result in (Result.WAITING, Result.RETRY):
            return Treated(finding, Treatment.WAITING, outcome.reason, outcome.detail)
    if any(outcome.result is Result.TOLD for outcome in own):
        return Treated(finding, Treatment.TOLD)
    return Treated(finding, Treatment.REMEDIATED)


def is_drift(finding: Finding) -> bool:
    """Whether a finding is drift: not what is only told, nor what AWS is at work on."""
    return finding.status in (Status.REMEDIABLE, Status.BLOCKED)


def _unread(request: PassRequest, refusal: Refusal, now: float) -> Pass:
    unknown = refusal.verdict is Verdict.UNKNOWN and request.unknowns >= _UNKNOWN_RETRIES
    if refusal.verdict is Verdict.BLOCKED or unknown:
        return Pass(request, Ending.BLOCKED, unread=refusal)
    return Pass(request, _again(request, now, failing=True), unread=refusal, failed=True)


def _ending(
    request: PassRequest, asked: Intent, treated: tuple[Treated, ...], outcomes: list[Outcome], now: float
) -> Ending:
    """Look again whenever something was done, also where something else is blocked."""
    if asked.mode is Mode.AUDIT:
        return Ending.AUDITED
    treatments = {each.treatment for each in treated}
    done = any(outcome.result in (Result.DONE, Result.ALREADY_DONE) for outcome in outcomes)
    if done or Treatment.WAITING in treatments:
        return _again(request, now, failing=any(outcome.result is Result.RETRY for outcome in outcomes))
    if Treatment.BLOCKED in treatments:
        return Ending.BLOCKED
    return Ending.CONVERGED if asked.stance is Stance.RECONCILE else Ending.LEFT_ALONE


def _again(request: PassRequest, now: float, *, failing: bool) -> Ending:
    age = now - request.began / 1000 if request.began else 0.0
    given = _STUCK_AFTER_FAILING_SECONDS if failing else _STUCK_AFTER_SECONDS
    return Ending.STUCK if age > given and request.rounds >= _STUCK_AFTER_ROUNDS else Ending.AGAIN
