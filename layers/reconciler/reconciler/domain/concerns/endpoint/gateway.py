"""The gateway endpoints that the profile asks for: in the route tables of the private subnets."""

from __future__ import annotations

from ...actions import CreateGatewayEndpoint, ModifyEndpoint, Step
from ...concerns import Assessment
from ...findings import Finding, Kind, Reason, Status
from ...installation import Installation
from ...model import (
    DEAD,
    SERVING,
    EndpointSpec,
    EndpointState,
    EndpointType,
    Existing,
    GatewayEndpoint,
    Observation,
    Profile,
    Surplus,
)
from ...topology import private_subnets, route_table_of
from . import common
from .conditions import is_required


def assess(observation: Observation, profile: Profile, installation: Installation) -> Assessment:
    """Assess every gateway endpoint of the profile on its own."""
    return Assessment.joined(
        _assess_one(observation, spec, profile, installation)
        for spec in profile.endpoints
        if spec.type is EndpointType.GATEWAY
    )


def _assess_one(
    observation: Observation, spec: EndpointSpec, profile: Profile, installation: Installation
) -> Assessment:
    """A route table takes one gateway endpoint of a service, so those of others count as cover."""
    name = installation.service_name(spec.service)
    existing = sorted(
        (e for e in observation.gateway_endpoints if e.service_name == name), key=lambda e: e.id
    )
    serving = [endpoint for endpoint in existing if endpoint.state in SERVING]
    ours = [e for e in existing if installation.owns_endpoint(e, observation.vpc.id)]
    owned = [endpoint for endpoint in ours if endpoint.state in SERVING]
    failed = [endpoint for endpoint in ours if endpoint.state in DEAD]
    cleared = common.take_down(failed, Kind.ENDPOINT_FAILED, "one that serves")
    required = is_required(spec, observation)
    if not required and profile.surplus is Surplus.REMOVE:
        return Assessment.joined([cleared, common.take_down(owned, Kind.SURPLUS, "none")])

    wanted = _tables(observation)
    missing = wanted.difference(*(endpoint.route_table_ids for endpoint in serving))
    if owned:
        kept = _keep_right(owned, wanted, missing, observation, spec)
        told = Assessment() if required else common.surplus(owned[0])
        return Assessment.joined([cleared, kept, told])
    if not required or failed:
        return cleared
    if serving:
        cover = _change(serving[0], add=missing)
        return common.observed(cover) if profile.existing is Existing.OBSERVE else cover
    return Assessment.joined([cleared, _create(observation, spec, wanted, installation)])


def _keep_right(
    owned: list[GatewayEndpoint],
    wanted: frozenset[str],
    missing: frozenset[str],
    observation: Observation,
    spec: EndpointSpec,
) -> Assessment:
    """Keep each one that a wanted route table leads through, since no table can change its endpoint without
    being without one meanwhile; the one with most of them gets what is missing. The others go.
    """
    needed = wanted or frozenset().union(*(endpoint.route_table_ids for endpoint in owned))
    best, *others = sorted(owned, key=lambda e: (-len(e.route_table_ids & needed), e.id))
    service = observation.gateway_services.get(best.service_name)
    kept = [best, *(endpoint for endpoint in others if endpoint.route_table_ids & needed)]
    parts = []
    for endpoint in kept:
        add = missing if endpoint is best else frozenset[str]()
        parts.append(_change(endpoint, add=add, remove=endpoint.route_table_ids - needed))
        parts.append(common.policy(endpoint, service, spec))
    doubles = [endpoint for endpoint in others if endpoint not in kept]
    parts.append(common.take_down(doubles, Kind.ENDPOINT_DOUBLE, f"{best.id} alone"))
    return Assessment.joined(parts)


def _tables(observation: Observation) -> frozenset[str]:
    tables = (route_table_of(s, observation.route_tables) for s in private_subnets(observation))
    return frozenset(table.id for table in tables if table is not None)


def _create(
    observation: Observation, spec: EndpointSpec, tables: frozenset[str], installation: Installation
) -> Assessment:
    name = installation.service_name(spec.service)
    service = observation.gateway_services.get(name)
    if service is None:
        return common.unavailable(name, Status.BLOCKED)
    if not tables:
        return Assessment((common.missing(name, Reason.NO_PRIVATE_SUBNET),))
    vpc_id = observation.vpc.id
    create = CreateGatewayEndpoint(
        vpc_id,
        name,
        tuple(sorted(tables)),
        installation.endpoint_tags(vpc_id, name),
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
