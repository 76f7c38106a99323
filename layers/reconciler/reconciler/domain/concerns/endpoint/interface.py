"""The interface endpoints: one for each service that the profile names.

Which one is kept, made or deleted is decided here; what differs on one that is kept, in `drift`.
"""

from __future__ import annotations

from ...actions import CreateEndpoint
from ...findings import Finding, Kind, Status
from ...model import SERVING, Endpoint, EndpointState, EndpointType
from ...plan import Removal, Step
from ...profile import EndpointSpec, Surplus
from ...profile import Existing as AtExisting
from ...situation import Situation
from .. import Assessment
from . import adoption, common, drift
from .common import Existing
from .placement import place


def assess(situation: Situation) -> Assessment:
    """Assess every endpoint of the profile on its own: what blocks one does not touch the others."""
    return Assessment.joined(_assess_one(situation, spec) for spec in _specs(situation))


def adopted(situation: Situation) -> frozenset[str]:
    """The ids of someone else's endpoints that the profile adopts."""
    found = (
        _existing(situation, spec).adoptable for spec in _specs(situation) if situation.is_required(spec)
    )
    return frozenset(
        endpoint.id
        for endpoint in found
        if endpoint is not None and adoption.treatment(situation, endpoint).existing is not AtExisting.OBSERVE
    )


def _specs(situation: Situation) -> list[EndpointSpec]:
    return [spec for spec in situation.profile.endpoints if spec.type is EndpointType.INTERFACE]


def _existing(situation: Situation, spec: EndpointSpec) -> Existing[Endpoint]:
    return Existing.of(situation.observation.endpoints, situation, spec, _preference)


def _preference(endpoint: Endpoint) -> tuple[bool, int, bool, str]:
    """The best first: one that the private names lead to, that covers most, that is available; then by id.

    Any modification makes an endpoint pending for a while. It serves meanwhile, so what it holds weighs more.
    """
    available = endpoint.state is EndpointState.AVAILABLE
    return (not endpoint.private_dns, -len(endpoint.subnet_ids), not available, endpoint.id)


def _assess_one(situation: Situation, spec: EndpointSpec) -> Assessment:
    found = _existing(situation, spec)
    cleared = common.delete(found.failed, Kind.ENDPOINT_FAILED, "one that serves", Removal.AT_ONCE)
    required = situation.is_required(spec)
    profile = situation.profile

    if not required and profile.surplus is Surplus.REMOVE:
        wanted = "none: the profile removes what is not required"
        surplus = common.delete(found.owned, Kind.SURPLUS, wanted, Removal.LATE)
        return Assessment.joined([cleared, surplus])
    if found.owned:
        surplus = Assessment() if required else common.surplus(found.owned[0])
        return Assessment.joined([_keep_the_best(found.owned, situation, spec), cleared, surplus])
    if not required or found.failed:
        return cleared
    if other := found.adoptable:

        def lacks(private_dns: bool) -> Assessment:
            return drift.assess(situation, other, spec, owned=False, private_dns=private_dns)

        return adoption.assess(situation, other, lacks)
    for endpoint in found.all:
        if endpoint.state is EndpointState.DELETING:
            return common.wait(endpoint, "gone, so that it can be made anew")
    spent = frozenset(endpoint.id for endpoint in found.all if endpoint.state not in SERVING)
    return _create(situation, spec, spent)


def _keep_the_best(owned: tuple[Endpoint, ...], situation: Situation, spec: EndpointSpec) -> Assessment:
    """Keep one; the others go once it serves."""
    best, *others = owned
    kept = drift.assess(situation, best, spec, owned=True)
    if best.state is not EndpointState.AVAILABLE:
        return kept
    doubles = common.delete(others, Kind.ENDPOINT_DOUBLE, f"{best.id} alone", Removal.UNLESS_IN_DOUBT)
    return Assessment.joined([kept, doubles])


def _create(situation: Situation, spec: EndpointSpec, spent: frozenset[str]) -> Assessment:
    name, service = situation.service_name(spec), situation.service(spec)
    if service is None:
        return common.not_offered(name, spec)
    if made := common.just_made(situation, name):
        return made
    if not situation.observation.subnets:
        return Assessment((common.nobody_to_serve(name),))
    placement = place(situation, service)
    if placement.blocked_by is not None and situation.released_subnets:
        return Assessment((_no_subnet_left(situation, name), *placement.findings))
    if placement.blocked_by is not None:
        return Assessment((common.missing(name, placement.blocked_by), *placement.findings))
    create = CreateEndpoint(
        situation.vpc_id,
        name,
        tuple(placement.zones.values()),
        situation.group_ref,
        situation.installation.endpoint_tags(situation.vpc_id, name),
        private_dns=spec.private_dns,
        policy=spec.policy if service.takes_policy else "",
        address_type=placement.address_type,
        spent=spent,
    )
    return Assessment.of([Step(create, (common.missing(name),))], placement.findings)


def _no_subnet_left(situation: Situation, name: str) -> Finding:
    return Finding(
        Kind.RELEASED,
        name,
        found=f"no endpoint: {', '.join(sorted(situation.released_subnets))} are left to who deletes them",
        wanted="gone by then, else the endpoint is made again",
        status=Status.INFORMATIONAL,
    )
