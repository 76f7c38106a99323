"""What the ledger knows of one VPC, as values, and how it changes. Where and how it is kept is `ledger`'s.

Losing it costs history, never correctness. Times are seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from .contest import Contest
from .findings import Finding, Reason, Status
from .profile import NONE_FOLLOWED, Edition

# An answer that was lost for longer than this is an endpoint that was never made.
_MAKING_SECONDS = 24 * 3600
# EC2 shows late what was made (facts, section 5); after this it is gone.
_SHOWN_WITHIN_SECONDS = 300
_MADE_KEPT = 100
_DELETION_TRIED_SECONDS = 20 * 60


@dataclass(frozen=True)
class Cause:
    """A call that changed something of the VPC: CloudTrail's event id, what was called, by whom, when, and
    the ids that it named. `refused` says that EC2 refused it, for what stands in the way of a deletion."""

    event_id: str
    event_name: str
    actor: str
    time: int
    resources: tuple[str, ...] = ()
    refused: bool = False

    def __str__(self) -> str:
        return f"{self.event_name} by {self.actor}"


class Change(StrEnum):
    """What a finding event says of a finding. These words are in the events: subscribers depend on them."""

    DETECTED = "detected"
    REMEDIATED = "remediated"
    BLOCKED = "blocked"
    CONTESTED = "contested"
    IMPAIRED = "impaired"
    LEAVING = "leaving"
    CLEARED = "cleared"


@dataclass(frozen=True)
class Announced:
    """The last event that was sent of a finding, when, and of what is blocked, with which reason."""

    change: Change
    time: int
    reason: Reason | None = None


@dataclass(frozen=True)
class OpenFinding:
    """A finding of the last run, since when it stands, and what brought it about. `announced` is None where
    no event was sent of it. `detail` has AWS's words, where it is blocked."""

    kind: str
    resource: str
    since: int
    status: Status
    reason: Reason | None = None
    cause: Cause | None = None
    announced: Announced | None = None
    detail: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What tells one finding from another."""
        return self.kind, self.resource


@dataclass(frozen=True)
class Made:
    """Something that this installation made, for a purpose (its `Name`), and when (0: not known). `seen` says
    that EC2 has shown it since."""

    id: str
    purpose: str
    time: int = 0
    seen: bool = False


@dataclass(frozen=True)
class Making:
    """An intention that was written ahead of its call. It stays open until the answer is known."""

    purpose: str
    since: int


@dataclass(frozen=True)
class InVain:
    """An endpoint call that EC2 was asked for in vain: a digest of the change, when it was asked for last,
    and what became of it. `status` is `blocked`, with AWS's words in `detail`, or `waiting`; then `failed`
    says that EC2 could not do it for now. `findings` came to light then."""

    change: str
    time: int
    status: Status
    reason: Reason | None = None
    detail: str = ""
    failed: bool = False
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Adoption:
    """What was added to someone else's endpoint: it is taken off again when it is given back, from
    `leaving_at` on (0: it stays). The tags of what others made are not ours to change."""

    endpoint_id: str
    subnet_ids: tuple[str, ...] = ()
    private_dns: bool = False
    leaving_at: int = 0


@dataclass(frozen=True)
class Memory:
    """All that is known of one VPC.

    `made` by id; `leaving` says by id since when nobody asks for a thing; `claimed` are ids that a person
    said to be ours. `causes` come newest first. `followed` is the newest profiles document that a run
    followed. `complete` says that what was made before the ledger has been taken over: until then
    marks alone prove ownership, and nothing is deleted that serves. `version` counts how often this was
    written. `expires` says that EC2 did not show the VPC, so that what is known of it goes before long.
    `converged` says that the VPC has been as it should be. `quiet` says that the ledger was lost: what the
    next run finds was announced before. `in_vain` is what EC2 was last asked for in vain.
    """

    vpc_id: str
    made: Mapping[str, Made] = field(default_factory=dict)
    leaving: Mapping[str, int] = field(default_factory=dict)
    making: tuple[Making, ...] = ()
    claimed: frozenset[str] = frozenset()
    adoptions: Mapping[str, Adoption] = field(default_factory=dict)
    findings: tuple[OpenFinding, ...] = ()
    contests: tuple[Contest, ...] = ()
    causes: tuple[Cause, ...] = ()
    followed: Edition = NONE_FOLLOWED
    complete: bool = True
    version: int = 0
    expires: bool = False
    quiet: bool = False
    converged: bool = False
    in_vain: tuple[InVain, ...] = ()

    def knows(self, resource_id: str, purpose: str) -> bool:
        """Whether this installation made the thing: by its id, or by an intention for its purpose."""
        if not self.complete or resource_id in self.made or resource_id in self.claimed:
            return True
        return any(each.purpose == purpose for each in self.making)

    @property
    def is_settling(self) -> bool:
        """Whether the VPC is new here, or has not converged since."""
        at_work = (Status.REMEDIATED, Status.WAITING, Status.BLOCKED)
        return self.version <= 1 or any(each.status in at_work for each in self.findings)

    def just_made(self, purpose: str, now: float) -> Made | None:
        """What was made for the purpose so lately that EC2 has not shown it yet."""
        for each in self.made.values():
            if each.purpose == purpose and not each.seen and now - each.time < _SHOWN_WITHIN_SECONDS:
                return each
        return None

    def having_seen(self, shown: Iterable[str]) -> Memory:
        """With what EC2 has shown."""
        new = {key: replace(self.made[key], seen=True) for key in set(shown) & set(self.made)}
        return replace(self, made={**self.made, **new})

    def refused_lately(self, now: float) -> frozenset[str]:
        """The ids of what someone was refused the deletion of, as long as tools go on trying
        (facts, section 14)."""
        return frozenset(
            resource
            for cause in self.causes
            if cause.refused and now - cause.time < _DELETION_TRIED_SECONDS
            for resource in cause.resources
        )

    def opened(self, purposes: Iterable[str], now: float) -> Memory:
        """With an intention for each of these."""
        kept = tuple(each for each in self.making if now - each.since < _MAKING_SECONDS)
        there = {each.purpose for each in kept}
        new = tuple(Making(purpose, int(now)) for purpose in dict.fromkeys(purposes) if purpose not in there)
        return replace(self, making=(*kept, *new))

    def closed(self, purposes: Iterable[str]) -> Memory:
        """Without the intentions for these."""
        gone = set(purposes)
        return replace(self, making=tuple(each for each in self.making if each.purpose not in gone))

    def with_made(self, made: Iterable[Made]) -> Memory:
        """With these as made; what is known already stays as it is. The oldest are forgotten, past a hundred:
        EC2 may not show something for a while that is there, and would then show it without a proof."""
        new = {each.id: each for each in made if each.id not in self.made}
        if not new:
            return self
        newest = sorted({**self.made, **new}.values(), key=lambda each: (each.time, each.id))[-_MADE_KEPT:]
        return replace(self, made={each.id: each for each in newest})

    def without_adoption(self, endpoint_id: str) -> Memory:
        """With an endpoint given back."""
        return replace(
            self, adoptions={key: each for key, each in self.adoptions.items() if key != endpoint_id}
        )

    def not_added(self, endpoint_id: str, subnet_ids: Iterable[str], *, private_dns: bool) -> Memory:
        """With what EC2 refused to add to someone else's endpoint: it was not there, so it is not ours."""
        known = self.adoptions.get(endpoint_id)
        if known is None:
            return self
        left = tuple(each for each in known.subnet_ids if each not in frozenset(subnet_ids))
        known = replace(known, subnet_ids=left, private_dns=known.private_dns and not private_dns)
        return replace(self, adoptions={**self.adoptions, endpoint_id: known})

    def adopting(self, added: Iterable[Adoption]) -> Memory:
        """With what was added to endpoints of others, beside what was added before."""
        adoptions = dict(self.adoptions)
        for each in added:
            before = adoptions.get(each.endpoint_id, each)
            adoptions[each.endpoint_id] = Adoption(
                each.endpoint_id,
                tuple(sorted({*before.subnet_ids, *each.subnet_ids})),
                before.private_dns or each.private_dns,
                each.leaving_at,
            )
        return replace(self, adoptions=adoptions)

    def merged(self, other: Memory) -> Memory:
        """What another writer wrote meanwhile, with the creations and additions of this one: no proof of a
        creation gets lost."""
        return replace(
            self,
            made={**other.made, **self.made},
            making=tuple(dict.fromkeys((*other.making, *self.making))),
            adoptions={**other.adoptions, **self.adoptions},
            followed=max(self.followed, other.followed, key=lambda each: each.written),
            version=other.version,
        )
