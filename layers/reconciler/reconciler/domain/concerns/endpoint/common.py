"""What is the same for endpoints of either type: their coming and going, and their policy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...actions import DeleteEndpoint, ModifyEndpoint, Step
from ...concerns import Assessment
from ...findings import Finding, Kind, Reason, Status
from ...model import AnyEndpoint, Endpoint, EndpointSpec, EndpointState, Service
from ...policies import FULL_ACCESS


def wait(endpoint: AnyEndpoint, wanted: str) -> Assessment:
    """AWS is at work on the endpoint."""
    state = endpoint.state
    finding = Finding(Kind.ENDPOINT_NOT_READY, endpoint.id, state, wanted, status=Status.CONVERGING)
    return Assessment((finding,))


def take_down(endpoints: Iterable[AnyEndpoint], kind: Kind, wanted: str) -> Assessment:
    """Owned endpoints go, each for a finding of this kind."""
    steps = []
    for endpoint in endpoints:
        error = f", {endpoint.error}" if isinstance(endpoint, Endpoint) and endpoint.error else ""
        finding = Finding(
            kind, endpoint.id, found=f"{endpoint.service_name}, {endpoint.state}{error}", wanted=wanted
        )
        steps.append(Step(DeleteEndpoint(endpoint.id), (finding,)))
    return Assessment.of(steps)


def surplus(endpoint: AnyEndpoint) -> Assessment:
    """An owned endpoint that its profile does not want just now is kept."""
    finding = Finding(
        Kind.SURPLUS,
        endpoint.id,
        found="not required: the condition under which the profile wants it does not hold",
        wanted="kept, since it may carry traffic",
        status=Status.NOTED,
    )
    return Assessment((finding,))


def missing(name: str, hindrance: Reason | None = None) -> Finding:
    """There is no endpoint for a service, and where something hinders it, none can be made."""
    return Finding(
        Kind.ENDPOINT_MISSING,
        name,
        found="no endpoint for the service",
        wanted="one for all private subnets, in each zone that the service offers",
        status=Status.REMEDIABLE if hindrance is None else Status.BLOCKED,
        reason=hindrance,
    )


def unavailable(name: str, status: Status) -> Assessment:
    """The Region has no such service (any more)."""
    finding = Finding(
        Kind.SERVICE_UNAVAILABLE,
        name,
        found="the Region does not offer the service",
        wanted="a service to make an endpoint for",
        status=status,
        reason=Reason.SERVICE_UNAVAILABLE,
    )
    return Assessment((finding,))


def policy(endpoint: AnyEndpoint, service: Service | None, spec: EndpointSpec) -> Assessment:
    """The profile's policy, else full access, where the service takes one."""
    wanted = spec.policy or FULL_ACCESS
    if service is None or not service.takes_policy or (endpoint.policy or FULL_ACCESS) == wanted:
        return Assessment()
    if endpoint.state is not EndpointState.AVAILABLE:
        return wait(endpoint, "available")
    finding = Finding(Kind.ENDPOINT_POLICY, endpoint.id, endpoint.policy or "none", wanted)
    return Assessment.of([Step(ModifyEndpoint(endpoint.id, policy=wanted), (finding,))])


def observed(lacks: Assessment) -> Assessment:
    """What would be put right, told only."""
    return Assessment(tuple(replace(finding, status=Status.NOTED) for finding in lacks.findings))
