"""The VPCs of an installation as they stand: what is open in each, since when, whose doing it is, and what a
person does. The states are the sweep's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from reconciler import reconcile, sweep
from reconciler.domain.causes import cause_of
from reconciler.domain.cures import cure
from reconciler.domain.findings import Finding, Kind, Reason, Status
from reconciler.domain.intent import Intent
from reconciler.domain.memory import Cause, Memory
from reconciler.domain.model import Mode, Observation
from reconciler.domain.plan import Plan
from reconciler.domain.profile import NONE_FOLLOWED, NOTHING
from reconciler.domain.profiles import NONE
from reconciler.messages import RunRequest
from reconciler.reconcile import Look, Means

from .means import AsIf, to_plan
from .preview import Fleet
from .screen import Progress
from .world import World

# So many are looked at before the next word on how far it is.
_AT_ONCE = 25
IN_SYNC = "in sync"
AUDIT = "audit"
_PAUSED = "the installation is paused: deploy with Paused=false to have it remediated"
# The worst first: of these a person is told first.
_WORST = (
    Status.BLOCKED,
    Status.CONTESTED,
    Status.REMEDIABLE,
    Status.REPORTED,
    Status.WAITING,
    Status.LEAVING,
    Status.IMPAIRED,
    Status.INFORMATIONAL,
)


@dataclass(frozen=True)
class Standing:
    """A finding as it stands. `since` is in seconds since 1970, 0 where that is not known. `detail` has AWS's
    words of what the last run was refused."""

    kind: Kind
    resource: str
    found: str
    wanted: str
    status: Status
    reason: Reason | None
    since: int
    cause: Cause | None
    cure: str
    detail: str = ""

    @property
    def is_open(self) -> bool:
        """Whether anything is to come of it."""
        return self.status is not Status.INFORMATIONAL


@dataclass(frozen=True)
class Seen:
    """A VPC as it stands. `memory` is what the ledger knows of it, None where it cannot be read."""

    observation: Observation
    memory: Memory | None
    wanted: Intent
    plan: Plan
    state: str
    findings: tuple[Standing, ...]
    opted_in: bool

    @property
    def vpc_id(self) -> str:
        return self.observation.vpc.id

    @property
    def name(self) -> str:
        """The VPC's `Name` tag."""
        return self.observation.vpc.tags.get("Name", "")

    @property
    def profile(self) -> str:
        """The profile that it follows; `none` where all that is owned goes, empty where nothing is done."""
        if self.wanted.profile is None:
            return ""
        return NONE if self.wanted.profile == NOTHING else self.wanted.profile.name

    @property
    def open(self) -> tuple[Standing, ...]:
        """The open findings, the worst first, of these the oldest."""
        return tuple(each for each in self.findings if each.is_open)

    @property
    def since(self) -> int:
        """Since when the oldest open finding stands, 0 where that is not known."""
        return min((each.since for each in self.open if each.since), default=0)


def survey(world: World) -> list[Seen]:
    """All VPCs that concern the installation, by id; those that are fine and not opted in are left out."""
    with world.screen.busy(f"Looking at the VPCs in {world.account.region} …") as progress:
        return look(world, progress)


def look(world: World, progress: Progress) -> list[Seen]:
    """As `survey`, for who says already that this takes a while."""
    observer = AsIf(world)
    means = to_plan(world, observer)
    vpc_ids = Fleet.of(world).all
    known = means.catalogue(NONE_FOLLOWED).profiles
    memories = means.ledger.read_many(vpc_ids)
    found: list[Seen] = []
    for start in range(0, len(vpc_ids), _AT_ONCE):
        some = vpc_ids[start : start + _AT_ONCE]
        progress.at(f"Looking at VPCs {start + 1} to {start + len(some)} of {len(vpc_ids)} …")
        observer.look_ahead(some, known)
        found += _seen(some, means, lambda vpc_id: memories[vpc_id] if memories is not None else None)
    return [each for each in found if each.opted_in or each.state != IN_SYNC]


def one(means: Means, vpc_id: str) -> Seen | None:
    """One VPC, with its causes; None where it is gone."""
    return next(iter(_seen([vpc_id], means, means.ledger.read)), None)


def _seen(vpc_ids: Sequence[str], means: Means, memory_of: Callable[[str], Memory | None]) -> Iterator[Seen]:
    for vpc_id in vpc_ids:
        memory = memory_of(vpc_id)
        request = RunRequest(vpc_id, first_seen=int(means.now() * 1000))
        seen = reconcile.look(request, means, memory)
        if seen is not None:
            yield _of(seen, memory, means)


def _of(seen: Look, memory: Memory | None, means: Means) -> Seen:
    state = sweep.state_of(seen.plan, memory).replace("_", " ")
    if seen.wanted.mode is Mode.AUDIT and state == "drifted":
        state = AUDIT
    opted_in = means.installation.profile_key in seen.observation.vpc.tags
    paused, mode = means.installation.paused, seen.wanted.mode
    findings = tuple(standing(seen.plan.findings, memory, mode, means.now(), paused=paused))
    return Seen(seen.observation, memory, seen.wanted, seen.plan, state, findings, opted_in)


def standing(
    findings: Iterable[Finding], memory: Memory | None, mode: Mode, now: float, *, paused: bool = False
) -> list[Standing]:
    """The findings as they stand, the worst first, of these the oldest. What a run can only learn by asking
    EC2, the last one did learn. What no run has seen yet is explained as a run would."""
    known = sweep.known_open(memory)

    def as_it_stands(finding: Finding) -> Standing:
        before = known.get(finding.key)
        status, reason = sweep.status_of(finding, known), finding.reason
        if before and status is not finding.status:
            reason = before.reason
        cause = before.cause if before else None
        if cause is None and memory is not None:
            cause = cause_of(finding, memory, now)
        if status is Status.REMEDIABLE and mode is Mode.AUDIT:
            status = Status.REPORTED
        return Standing(
            finding.kind,
            finding.resource,
            finding.found,
            finding.wanted,
            status,
            reason,
            before.since if before else 0,
            cause,
            _PAUSED if paused and status is Status.REPORTED else cure(finding.kind, status, reason),
            before.detail if before and status is Status.BLOCKED else "",
        )

    rank = {status: number for number, status in enumerate(_WORST)}
    return sorted(
        map(as_it_stands, findings),
        key=lambda each: (rank.get(each.status, len(rank)), each.since or float("inf"), each.kind),
    )
