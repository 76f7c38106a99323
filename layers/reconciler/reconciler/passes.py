"""The pass: observe, plan, apply, of one VPC. What it found and did is told by `report`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, HTTPClientError

from . import intent, refusals
from .actions import Outcome, Plan, Result
from .apply import apply
from .model import Finding, Mode, Profile, Reason, Status
from .plan import plan
from .queue import PassRequest
from .refusals import Refusal, Verdict

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

    from .observe import Observer
    from .settings import Settings

# A VPC that has not converged by then is stuck: Terraform's provider gives an endpoint ten minutes (facts,
# section 4). Rounds count too, since a long debounce makes few of them.
_STUCK_AFTER_SECONDS = 20 * 60
_STUCK_AFTER_ROUNDS = 3


class Ending(StrEnum):
    """How a pass ended."""

    CONVERGED = "converged"  # nothing to do
    AGAIN = "again"  # something was done, or AWS is at work: look again
    BLOCKED = "blocked"  # what is left needs a person
    STUCK = "stuck"  # looked again too often
    AUDITED = "audited"  # told, not done
    NOT_OPTED_IN = "not opted in"
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
    """What one pass found and did. `unread` is why EC2 could not be read, where it could not."""

    request: PassRequest
    ending: Ending
    treated: tuple[Treated, ...] = ()
    unread: Refusal | None = None


def run(
    request: PassRequest,
    observer: Observer,
    ec2: EC2Client,
    profiles: Mapping[str, Profile],
    settings: Settings,
    now: Callable[[], float],
) -> Pass:
    """Make one pass over a VPC. `now` is seconds since 1970. Never waits for AWS; may be run again at any
    time, also after it died half-way."""
    try:
        observation = observer.one(request.vpc_id)
    except (ClientError, HTTPClientError) as error:
        return _unread(request, refusals.classify(error), now())
    if observation is None:
        return Pass(request, Ending.GONE)

    asked = intent.read(observation.vpc, profiles, settings.default_mode, settings.ownership)
    if not asked.opted_in:
        return Pass(request, Ending.NOT_OPTED_IN)
    wanted = plan(observation, asked.profile, settings.ownership) if asked.profile else Plan()
    outcomes = apply(wanted.steps, ec2, asked.mode, now)

    treated = tuple(treat(finding, outcomes) for finding in (*asked.findings, *wanted.findings))
    return Pass(request, _ending(request, asked.mode, treated, now()), treated)


def treat(finding: Finding, outcomes: list[Outcome]) -> Treated:
    """What became of a finding, by the outcomes of the steps that were there for it."""
    if finding.status is Status.NOTED:
        return Treated(finding, Treatment.NOTED, finding.reason)
    if finding.status is Status.CONVERGING:
        return Treated(finding, Treatment.WAITING)
    if finding.status is Status.BLOCKED:
        return Treated(finding, Treatment.BLOCKED, finding.reason)
    own = [outcome for outcome in outcomes if finding in outcome.step.remedies]
    for results, treatment in (
        ({Result.BLOCKED}, Treatment.BLOCKED),
        ({Result.WAITING, Result.SKIPPED}, Treatment.WAITING),
        ({Result.TOLD}, Treatment.TOLD),
    ):
        for outcome in own:
            if outcome.result in results:
                return Treated(finding, treatment, outcome.reason, outcome.detail)
    return Treated(finding, Treatment.REMEDIATED)


def next_round(done: Pass) -> PassRequest:
    """The request with which the VPC comes round."""
    drift = (key(treated.finding) for treated in done.treated if is_drift(treated.finding))
    counted = dict.fromkeys((*done.request.counted, *drift))
    return PassRequest(done.request.vpc_id, done.request.first_seen, done.request.rounds + 1, tuple(counted))


def is_drift(finding: Finding) -> bool:
    """Whether a finding is drift: not what is only told, nor what AWS is at work on."""
    return finding.status in (Status.REMEDIABLE, Status.BLOCKED)


def key(finding: Finding) -> str:
    """What makes a finding the same one in the next round."""
    return f"{finding.kind} {finding.resource}"


def _unread(request: PassRequest, refusal: Refusal, now: float) -> Pass:
    if refusal.verdict is Verdict.BLOCKED:
        return Pass(request, Ending.BLOCKED, unread=refusal)
    return Pass(request, _again(request, now), unread=refusal)


def _ending(request: PassRequest, mode: Mode, treated: tuple[Treated, ...], now: float) -> Ending:
    if mode is Mode.AUDIT:
        return Ending.AUDITED
    treatments = {each.treatment for each in treated}
    if treatments & {Treatment.REMEDIATED, Treatment.WAITING}:
        return _again(request, now)
    return Ending.BLOCKED if Treatment.BLOCKED in treatments else Ending.CONVERGED


def _again(request: PassRequest, now: float) -> Ending:
    age = now - request.first_seen / 1000
    stuck = age > _STUCK_AFTER_SECONDS and request.rounds >= _STUCK_AFTER_ROUNDS
    return Ending.STUCK if stuck else Ending.AGAIN
