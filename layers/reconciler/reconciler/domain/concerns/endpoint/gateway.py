"""The gateway endpoints that the profile names: in the route tables of the private subnets."""

from __future__ import annotations

from functools import partial

from ...actions import CreateGatewayEndpoint, ModifyEndpoint
from ...findings import Finding, Kind, Reason
from ...model import EndpointState, EndpointType, GatewayEndpoint
from ...plan import Removal, Step
from ...profile import EndpointSpec, Surplus
from ...situation import Situation
from ...topology import route_table_of
from .. import Assessment
from . import adoption, common
from .common import Existing


def assess(situation: Situation) -> Assessment:
    """Assess every gateway endpoint of the profile on its own."""
    return Assessment.joined(
        _assess_one(situation, spec)
        for spec in situation.profile.endpoints
        if spec.type is EndpointType.GATEWAY
    )


def _assess_one(situation: Situation, spec: EndpointSpec) -> Assessment:
    """A route table takes one gateway endpoint of a service, so those of others count as cover."""
    needed = _tables(situation)
    found = Existing.of(
        situation.observation.gateway_endpoints, situation, spec, partial(_preference, needed)
    )
    cleared = common.delete(found.failed, Kind.ENDPOINT_FAILED, "one that serves", Removal.AT_ONCE)
    required = situation.is_required(spec)
    if not required and situation.profile.surplus is Surplus.REMOVE:
        surplus = common.delete(found.owned, Kind.SURPLUS, "none", Removal.LATE)
        return Assessment.joined([cleared, surplus])

    missing = needed.difference(*(e.route_table_ids for e in (*found.owned, *found.foreign)))
    if found.owned:
        surplus = Assessment() if required else common.surplus(found.owned[0])
        kept = _keep_right(found.owned, needed, missing, situation, spec)
        return Assessment.joined([cleared, kept, surplus])
    if not required or found.failed:
        return cleared
    if other := found.adoptable:
        return adoption.assess(situation, other, lambda _private_dns: _change(other, add=missing))
    return Assessment.joined([cleared, _create(situation, spec, needed)])


def _preference(needed: frozenset[str], endpoint: GatewayEndpoint) -> tuple[int, str]:
    """The best first: the one that most of the needed route tables lead through; then by id."""
    tables = endpoint.route_table_ids & needed if needed else endpoint.route_table_ids
    return (-len(tables), endpoint.id)


def _keep_right(
    owned: tuple[GatewayEndpoint, ...],
    needed: frozenset[str],
    missing: frozenset[str],
    situation: Situation,
    spec: EndpointSpec,
) -> Assessment:
    """Keep each one that a needed route table leads through, since no table can change its endpoint without
    being without one meanwhile. The one with most of them gets what is missing. The others go.
    """
    # Where there is no private subnet, none is taken from any table.
    needed = needed or frozenset().union(*(endpoint.route_table_ids for endpoint in owned))
    best, *others = owned
    kept = [best, *(endpoint for endpoint in others if endpoint.route_table_ids & needed)]
    parts = []
    for endpoint in kept:
        add = missing if endpoint is best else frozenset[str]()
        parts.append(_change(endpoint, add=add, remove=endpoint.route_table_ids - needed))
        parts.append(common.policy(endpoint, situation.service(spec), spec))
    doubles = [endpoint for endpoint in others if endpoint not in kept]
    alone = f"{best.id} alone"
    parts.append(common.delete(doubles, Kind.ENDPOINT_DOUBLE, alone, Removal.UNLESS_IN_DOUBT))
    return Assessment.joined(parts)


def _tables(situation: Situation) -> frozenset[str]:
    """The route tables of the private subnets."""
    route_tables = situation.observation.route_tables
    tables = (route_table_of(subnet, route_tables) for subnet in situation.private_subnets)
    return frozenset(table.id for table in tables if table is not None)


def _create(situation: Situation, spec: EndpointSpec, tables: frozenset[str]) -> Assessment:
    name, service = situation.service_name(spec), situation.service(spec)
    if service is None:
        return common.not_offered(name, spec)
    if made := common.just_made(situation, name):
        return made
    if not situation.observation.subnets:
        return Assessment((common.nobody_to_serve(name),))
    if not tables:
        return Assessment((common.missing(name, Reason.NO_PRIVATE_SUBNET),))
    create = CreateGatewayEndpoint(
        situation.vpc_id,
        name,
        tuple(sorted(tables)),
        situation.installation.endpoint_tags(situation.vpc_id, name),
        policy=spec.policy if service.takes_policy else "",
    )
    return Assessment.of([Step(create, (common.missing(name),))])


def _change(
    endpoint: GatewayEndpoint, *, add: frozenset[str], remove: frozenset[str] = frozenset()
) -> Assessment:
    if not add and not remove:
        return Assessment()
    if endpoint.state is not EndpointState.AVAILABLE:
        return common.wait(endpoint, "available")
    steps = []
    if add:
        tables = tuple(sorted(add))
        finding = Finding(
            Kind.ENDPOINT_ROUTE_TABLE_MISSING, endpoint.id, f"not in {', '.join(tables)}", "in them"
        )
        steps.append(Step(ModifyEndpoint(endpoint.id, add_route_table_ids=tables), (finding,)))
    if remove:
        tables = tuple(sorted(remove))
        finding = Finding(
            Kind.ENDPOINT_ROUTE_TABLE_EXTRA,
            endpoint.id,
            f"in {', '.join(tables)}",
            "in the route tables of private subnets alone",
        )
        steps.append(Step(ModifyEndpoint(endpoint.id, remove_route_table_ids=tables), (finding,)))
    return Assessment.of(steps)
