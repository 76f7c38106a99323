"""The sweep: every VPC of the Region that has opted in, or in which something owned is left, observed in
bulk.

It is what heals at install time, what catches lost events, and what counts. The first one of an installation
takes over, for the ledger, what was made before there was one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .domain import intent, remembering, rolling
from .domain.findings import Finding, Kind, Status
from .domain.memory import Memory, OpenFinding
from .domain.model import EndpointType, Mode, Observation
from .domain.plan import Plan
from .domain.planning import make_plan
from .domain.profile import NONE_FOLLOWED
from .domain.profiles import builtin
from .ec2 import errors
from .ec2.filters import chunks
from .ec2.index import bearing_our_tags, with_owned
from .published import Open
from .takeover import take_over

if TYPE_CHECKING:
    from .domain.profile import Profile
    from .reconcile import Means


@dataclass(frozen=True)
class Oldest:
    """A finding that stands open: for how many seconds, and in which VPC."""

    age: int = 0
    vpc_id: str = ""


@dataclass(frozen=True)
class Sweep:
    """The VPCs by their state: the opted-in ones, and as `leftovers` others in which something owned is left
    that a run may do something about.

    `drifted` are those that a run may do something about, `converging` those on which AWS is at work.
    `oldest` is the finding of each sort that has stood open longest. `news` are those of which the ledger
    does not know yet what a person should. `taken_over` are what the ledger took over, by VPC. `not_offered`
    are services that the Region does not offer and the installation's own profiles name, each with its
    profile, in words. `rest` are VPCs that were not looked at: there was no time left, or EC2 refused it.
    """

    in_sync: tuple[str, ...] = ()
    converging: tuple[str, ...] = ()
    drifted: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    contested: tuple[str, ...] = ()
    leaving: tuple[str, ...] = ()
    impaired: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()
    news: tuple[str, ...] = ()
    oldest: Mapping[Open, Oldest] = field(default_factory=lambda: dict.fromkeys(Open, Oldest()))
    taken_over: tuple[tuple[str, tuple[str, ...]], ...] = ()
    not_offered: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()

    @property
    def counts(self) -> Mapping[str, int]:
        """How many of the opted-in VPCs are in each state."""
        states = ("in_sync", *(name for name, _ in _STATES))
        return {state: len(getattr(self, state)) for state in states}

    @property
    def to_reconcile(self) -> tuple[str, ...]:
        """Those that differ; the blocked ones too: what blocked them may be gone, and a run says why."""
        differing = (*self.drifted, *self.converging, *self.blocked, *self.contested)
        return tuple(sorted({*differing, *self.leftovers, *self.news}))


# The state of a VPC is the first of these that one of its findings has.
_STATES = (
    ("drifted", {Status.REMEDIABLE}),
    ("blocked", {Status.BLOCKED}),
    ("contested", {Status.CONTESTED}),
    ("converging", {Status.WAITING}),
    ("leaving", {Status.LEAVING}),
    ("impaired", {Status.IMPAIRED}),
)


_DNS_OFF = (Kind.DNS_SUPPORT_OFF, Kind.DNS_HOSTNAMES_OFF)
_OPEN = {
    Status.REMEDIABLE: Open.DRIFTED,
    Status.WAITING: Open.DRIFTED,
    Status.BLOCKED: Open.BLOCKED,
    Status.CONTESTED: Open.CONTESTED,
}


def sweep(
    means: Means,
    say: Callable[[str], None] = lambda _: None,
    deadline: float = math.inf,
    only: Iterable[str] = (),
) -> Sweep:
    """Look at every VPC that has opted in or has something owned in it, or at `only` some. Writes nothing to
    EC2. `say` logs what the ledger takes over, and what could not be read. After `deadline`, in seconds since
    1970, no more VPCs are looked at, and no more of their attributes are read.

    Raises:
        One of `errors.ERRORS`: when EC2 does not even say which VPCs there are.
        ProfilesUnavailable: when no profiles are known.
    """
    now, installation, catalogue = means.now(), means.installation, means.catalogue(NONE_FOLLOWED)
    asked = frozenset(only)
    there = asked or {
        *bearing_our_tags(means.ec2, installation),
        *with_owned(means.ec2, installation),
    }
    look = _Look(means, catalogue.profiles, say, there, deadline, whole=not asked)
    look.at_all()
    memories = means.ledger.read_many(each.vpc.id for each in look.seen)
    look.again_where_attributes_are_off(memories or {})
    look.remember_attributes()
    seen, rest = sorted(look.seen, key=lambda each: each.vpc.id), tuple(sorted(look.rest))
    taken_over = take_over(means, seen, memories, now, say, whole=not asked and not rest)
    if taken_over is not None:
        memories = means.ledger.read_many(each.vpc.id for each in seen)
    states: dict[str, list[str]] = {name: [] for name in ("in_sync", *(name for name, _ in _STATES))}
    leftovers, news = [], []
    oldest = dict.fromkeys(Open, Oldest())
    for observation in seen:
        vpc_id = observation.vpc.id
        memory = memories[vpc_id] if memories is not None else None
        wanted = intent.read(observation, catalogue.profiles, installation, now, memory)
        plan = make_plan(observation, wanted, installation, memory, now, catalogue.doubt)
        state = state_of(plan, memory)
        for what, since in _open_since(plan, memory, wanted.mode):
            oldest[what] = max(oldest[what], Oldest(int(now - since), vpc_id), key=lambda each: each.age)
        if installation.profile_key in observation.vpc.tags or state == "leaving":
            states[state].append(vpc_id)
        elif state != "in_sync":
            leftovers.append(vpc_id)
        if memory and not plan and remembering.has_news(memory, plan):
            news.append(vpc_id)
    return Sweep(
        **{name: tuple(vpc_ids) for name, vpc_ids in states.items()},
        leftovers=tuple(leftovers),
        news=tuple(news),
        oldest=oldest,
        taken_over=taken_over or (),
        rest=rest,
        not_offered=not_offered(means, catalogue.profiles),
    )


def not_offered(means: Means, profiles: Mapping[str, Profile]) -> tuple[str, ...]:
    """What the Region does not offer of the services that `profiles` name, each with its profile, in words.
    Built-in profiles are left out: nobody wrote them, and a VPC that uses one has a finding."""
    own = [each for name, each in sorted(profiles.items()) if builtin().get(name) is not each]
    if not own:
        return ()
    offers, service_name = means.observer.offers(profiles), means.installation.service_name
    there = {EndpointType.INTERFACE: offers.interface, EndpointType.GATEWAY: offers.gateway}
    return tuple(
        f"profile {each.name!r}: {spec.type.lower()} endpoint for {spec.service!r}"
        for each in own
        for spec in each.endpoints
        if not spec.optional and service_name(spec.service) not in there[spec.type]
    )


def state_of(plan: Plan, memory: Memory | None) -> str:
    """The state of a VPC, by the name of a field of `Sweep`. Without the ledger `memory` is None."""
    known = known_open(memory)
    statuses = {status_of(finding, known) for finding in plan.findings}
    for step in plan.steps:
        # A mark that is yet to be put is something to do.
        if {status_of(finding, known) for finding in step.remediates} != {Status.BLOCKED}:
            return "drifted"
    return next((name for name, those in _STATES if statuses & those), "in_sync")


def known_open(memory: Memory | None) -> Mapping[tuple[str, str], OpenFinding]:
    """What the ledger knows as open, by kind and resource."""
    findings = memory.findings if memory else ()
    return {each.key: each for each in findings if each.status is not Status.REMEDIATED}


def status_of(finding: Finding, known: Mapping[tuple[str, str], OpenFinding]) -> Status:
    """What a finding is: what a run can only learn by asking EC2, such as a missing permission, or by asking
    again and again, the last one did learn."""
    before = known.get(finding.key)
    at_work = finding.status in (Status.REMEDIABLE, Status.WAITING)
    blocked = at_work and before and before.status is Status.BLOCKED
    return Status.BLOCKED if blocked else finding.status


def _open_since(plan: Plan, memory: Memory | None, mode: Mode) -> Iterator[tuple[Open, int]]:
    """The open findings of a VPC of which the ledger knows since when they stand. Where nothing is to be
    remediated, drift has no age that a person has to know."""
    known = known_open(memory)
    for finding in plan.findings:
        what = _OPEN.get(status_of(finding, known))
        before = known.get(finding.key)
        if what and before and (what is not Open.DRIFTED or mode is Mode.ENFORCE):
            yield what, before.since


@dataclass
class _Look:
    """Looks at VPCs until `deadline`, in seconds since 1970: `seen` is what EC2 shows of them, `rest` those
    that were not looked at. `whole` says that they are all of the Region."""

    means: Means
    profiles: Mapping[str, Profile]
    say: Callable[[str], None]
    vpc_ids: Set[str]
    deadline: float
    whole: bool
    seen: list[Observation] = field(default_factory=list)
    rest: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        shards = self.means.attributes.read() if self.means.attributes else None
        self._shards = shards
        self._dns_on: frozenset[str] = frozenset()
        if shards is not None:
            self._dns_on = rolling.trusted(self.vpc_ids, shards, whole=self.whole)

    def at_all(self) -> None:
        """Look at them."""
        for some in chunks(self.vpc_ids):
            self._look(some)

    def again_where_attributes_are_off(self, memories: Mapping[str, Memory]) -> None:
        """Look again at VPCs that were taken to have both attributes on, where a run found one off since."""
        doubted = {
            vpc_id
            for vpc_id, memory in memories.items()
            if vpc_id in self._dns_on and any(kind in _DNS_OFF for kind, _ in known_open(memory))
        }
        self._dns_on -= doubted
        self.seen = [each for each in self.seen if each.vpc.id not in doubted]
        for some in chunks(doubted):
            self._look(some)

    def _look(self, some: list[str]) -> None:
        if self._is_over():
            self.rest.update(some)
            return
        try:
            found = self.means.observer.many(some, self.profiles, self._dns_on, self._is_over)
        except errors.ERRORS as error:
            self.say(f"sweep: {len(some)} VPCs could not be looked at: {errors.classify(error)}")
            self.rest.update(some)
            return
        self.seen += found
        if self._is_over():
            # Some that are gone may be among them.
            self.rest.update(set(some) - {each.vpc.id for each in found})

    def _is_over(self) -> bool:
        return self.means.now() > self.deadline

    def remember_attributes(self) -> None:
        """Keep which VPCs have both attributes on."""
        if self._shards is None or not self.means.attributes:
            return
        read = {
            each.vpc.id: each.vpc.dns_support and each.vpc.dns_hostnames
            for each in self.seen
            if each.vpc.id not in self._dns_on
        }
        now = self.means.now()
        changed = rolling.updated(self.vpc_ids, self._shards, read, now, whole=self.whole)
        self.means.attributes.write(changed)
