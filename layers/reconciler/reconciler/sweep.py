"""The sweep: every VPC of the Region that has opted in, or in which something owned is left, observed in
bulk.

It is what heals at install time, what catches lost events, and what counts. The first one of an installation
takes over, for the ledger, what was made before there was one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .domain import intent, remembering
from .domain.findings import Status
from .domain.memory import Made, Memory
from .domain.model import EndpointType, Observation
from .domain.plan import Plan
from .domain.planning import make_plan
from .domain.profile import NONE_FOLLOWED, NOTHING
from .domain.profiles import builtin
from .domain.situation import Situation
from .ec2.locate import bearing_our_tags, with_owned

if TYPE_CHECKING:
    from .domain.profile import Profile
    from .reconcile import Means


@dataclass(frozen=True)
class Sweep:
    """The VPCs by their state: the opted-in ones, and as `leftovers` others in which something owned is left
    that a run may do something about.

    `drifted` are those that a run may do something about. `news` are those of which the ledger does not know
    yet what a person should. `taken_over` are what the ledger took over, by VPC. `not_offered` are services
    that the Region does not offer and the installation's own profiles name, each with its profile, in words.
    """

    in_sync: tuple[str, ...] = ()
    drifted: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    contested: tuple[str, ...] = ()
    leaving: tuple[str, ...] = ()
    impaired: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()
    news: tuple[str, ...] = ()
    taken_over: tuple[tuple[str, tuple[str, ...]], ...] = ()
    not_offered: tuple[str, ...] = ()

    @property
    def to_reconcile(self) -> tuple[str, ...]:
        """Those that differ; the blocked ones too: what blocked them may be gone, and a run says why."""
        return tuple(sorted({*self.drifted, *self.blocked, *self.contested, *self.leftovers, *self.news}))


# The state of a VPC is the first of these that one of its findings has.
_STATES = (
    ("drifted", {Status.REMEDIABLE, Status.WAITING}),
    ("blocked", {Status.BLOCKED}),
    ("contested", {Status.CONTESTED}),
    ("leaving", {Status.LEAVING}),
    ("impaired", {Status.IMPAIRED}),
)


def sweep(means: Means, say: Callable[[str], None] = lambda _: None) -> Sweep:
    """Look at every VPC that has opted in or has something owned in it. Writes nothing to EC2. `say` logs
    what the ledger takes over.

    Raises:
        One of `errors.ERRORS`: when EC2 refuses a read.
        ProfilesUnavailable: when no profiles are known.
    """
    now, installation, catalogue = means.now(), means.installation, means.catalogue(NONE_FOLLOWED)
    tagged = set(bearing_our_tags(means.ec2, installation))
    seen = means.observer.many(tagged | set(with_owned(means.ec2, installation)), catalogue.profiles)
    vpc_ids = [each.vpc.id for each in seen]
    memories = means.ledger.read_many(vpc_ids)
    taken_over = _take_over(means, seen, memories, now, say)
    if taken_over is not None:
        memories = means.ledger.read_many(vpc_ids)
    states: dict[str, list[str]] = {name: [] for name in ("in_sync", *(name for name, _ in _STATES))}
    leftovers, news = [], []
    for observation in seen:
        vpc_id = observation.vpc.id
        memory = memories[vpc_id] if memories is not None else None
        wanted = intent.read(observation, catalogue.profiles, installation, now, memory)
        plan = make_plan(observation, wanted, installation, memory, now, catalogue.doubt)
        state = _state(plan)
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
        taken_over=taken_over or (),
        not_offered=_not_offered(means, catalogue.profiles),
    )


def _not_offered(means: Means, profiles: Mapping[str, Profile]) -> tuple[str, ...]:
    """Built-in profiles are left out: nobody wrote them, and a VPC that uses one has a finding."""
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


def _state(plan: Plan) -> str:
    statuses = {finding.status for finding in plan.findings}
    # A mark that is yet to be put is something to do.
    if plan.steps:
        return "drifted"
    return next((name for name, those in _STATES if statuses & those), "in_sync")


def _take_over(
    means: Means,
    seen: Iterable[Observation],
    memories: Mapping[str, Memory] | None,
    now: float,
    say: Callable[[str], None],
) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    """Make known to an empty ledger what bears all three marks, once per installation. Until that is done,
    nothing is deleted that serves. None where it is done already."""
    if memories is None or not means.ledger.awaits_takeover():
        return None
    taken: list[tuple[str, tuple[str, ...]]] = []
    for observation in seen:
        memory = memories[observation.vpc.id]
        situation = Situation(observation, NOTHING, means.installation, memory, now)
        new = [
            Made(each, purpose) for each, purpose in situation.fully_marked.items() if each not in memory.made
        ]
        if new and means.ledger.save(memory.with_made(new)) is None:
            say(f"sweep: the ledger did not take over what is in {observation.vpc.id}: the next sweep will")
            return tuple(taken)
        if new:
            ids = tuple(sorted(each.id for each in new))
            say(f"sweep: the ledger takes over {len(ids)} in {observation.vpc.id}: {', '.join(ids)}")
            taken.append((observation.vpc.id, ids))
    means.ledger.set_complete(now)
    say(f"sweep: the ledger took over {sum(len(ids) for _, ids in taken)} things in {len(taken)} VPCs")
    return tuple(taken)
