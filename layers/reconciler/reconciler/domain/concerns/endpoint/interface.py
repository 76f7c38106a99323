"""The interface endpoints: one for each service that the profile asks for.

Which one is to be kept, made or taken down is decided here; what differs on one that is kept, in `upkeep`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...actions import CreateEndpoint, Step
from ...concerns import Assessment
from ...findings import Kind, Status
from ...installation import Installation
from ...model import (
    DEAD,
    SERVING,
    Endpoint,
    EndpointSpec,
    EndpointState,
    EndpointType,
    Existing,
    Observation,
    Profile,
    Surplus,
)
from . import common, drift
from .conditions import is_required
from .placement import place


def assess(observation: Observation, profile: Profile, installation: Installation) -> Assessment:
    """Assess every endpoint of the profile on its own: what blocks one does not touch the others."""
    return Assessment.joined(
        _assess_one(observation, spec, profile, installation)
        for spec in profile.endpoints
        if spec.type is EndpointType.INTERFACE
    )


def adopted(observation: Observation, profile: Profile, installation: Installation) -> frozenset[str]:
    """The ids of someone else's endpoints that the profile adopts."""
    if profile.existing is Existing.OBSERVE:
        return frozenset()
    found = (
        _sorted_out(observation, spec, installation).adoptable
        for spec in profile.endpoints
        if spec.type is EndpointType.INTERFACE and is_required(spec, observation)
    )
    return frozenset(endpoint.id for endpoint in found if endpoint is not None)


@dataclass(frozen=True)
class _Existing:
    """A service's endpoints in the VPC, each list the best first: `all` are of every state."""

    all: tuple[Endpoint, ...]
    owned: tuple[Endpoint, ...]
    foreign: tuple[Endpoint, ...]
    failed: tuple[Endpoint, ...]

    @property
    def adoptable(self) -> Endpoint | None:
        """The one of someone else's that serves in the place of ours, where we have none."""
        return self.foreign[0] if self.foreign and not self.owned and not self.failed else None


def _sorted_out(observation: Observation, spec: EndpointSpec, installation: Installation) -> _Existing:
    name = installation.service_name(spec.service)
    # Always the same one first.
    existing = sorted((e for e in observation.endpoints if e.service_name == name), key=_preference)
    ours = [e for e in existing if installation.owns_endpoint(e, observation.vpc.id)]
    owned = tuple(endpoint for endpoint in ours if endpoint.state in SERVING)
    return _Existing(
        all=tuple(existing),
        owned=owned,
        foreign=tuple(e for e in existing if e.state in SERVING and e not in owned),
        failed=tuple(endpoint for endpoint in ours if endpoint.state in DEAD),
    )


def _assess_one(
    observation: Observation, spec: EndpointSpec, profile: Profile, installation: Installation
) -> Assessment:
    found = _sorted_out(observation, spec, installation)
    cleared = common.take_down(found.failed, Kind.ENDPOINT_FAILED, "one that serves")
    required = is_required(spec, observation)

    if not required and profile.surplus is Surplus.REMOVE:
        wanted = "none: the profile removes what is not required"
        return Assessment.joined([cleared, common.take_down(found.owned, Kind.SURPLUS, wanted)])
    if found.owned:
        kept = _keep_the_best(found.owned, observation, spec, profile, installation)
        told = Assessment() if required else common.surplus(found.owned[0])
        return Assessment.joined([kept, cleared, told])
    if not required or found.failed:
        return cleared
    if found.adoptable:
        lacks = drift.assess(observation, found.adoptable, spec, profile, installation, owned=False)
        return common.observed(lacks) if profile.existing is Existing.OBSERVE else lacks
    for endpoint in found.all:
        if endpoint.state is EndpointState.DELETING:
            return common.wait(endpoint, "gone, so that it can be made anew")
    departed = frozenset(endpoint.id for endpoint in found.all if endpoint.state not in SERVING)
    return _create(observation, spec, profile, installation, departed)


def _preference(endpoint: Endpoint) -> tuple[bool, int, bool, str]:
    """The best first: one that the private names lead to, that covers most, that is available; then by id.

    Any modification makes an endpoint pending for a while. It serves meanwhile, so what it holds weighs more.
    """
    available = endpoint.state is EndpointState.AVAILABLE
    return (not endpoint.private_dns, -len(endpoint.subnet_ids), not available, endpoint.id)


def _keep_the_best(
    owned: tuple[Endpoint, ...],
    observation: Observation,
    spec: EndpointSpec,
    profile: Profile,
    installation: Installation,
) -> Assessment:
    """Keep one; the others go once it serves."""
    best, *others = owned
    kept = drift.assess(observation, best, spec, profile, installation, owned=True)
    if best.state is not EndpointState.AVAILABLE:
        return kept
    return Assessment.joined([kept, common.take_down(others, Kind.ENDPOINT_DOUBLE, f"{best.id} alone")])


def _create(
    observation: Observation,
    spec: EndpointSpec,
    profile: Profile,
    installation: Installation,
    departed: frozenset[str],
) -> Assessment:
    name = installation.service_name(spec.service)
    service = observation.services.get(name)
    if service is None:
        return common.unavailable(name, Status.BLOCKED)
    placement = place(observation, service, profile, installation)
    if placement.hindrance is not None:
        return Assessment((common.missing(name, placement.hindrance), *placement.findings))
    vpc_id = observation.vpc.id
    create = CreateEndpoint(
        vpc_id,
        name,
        tuple(placement.zones.values()),
        installation.group_ref(observation),
        installation.endpoint_tags(vpc_id, name),
        private_dns=spec.private_dns,
        policy=spec.policy if service.takes_policy else "",
        address_type=placement.address_type,
        departed=departed,
    )
    return Assessment.of([Step(create, (common.missing(name),))], placement.findings)
