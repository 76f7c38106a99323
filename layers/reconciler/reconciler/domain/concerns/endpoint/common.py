"""What is the same for endpoints of either type: whose they are, their coming and going, and their policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from ...actions import DeleteEndpoint, ModifyEndpoint
from ...findings import Finding, Kind, Reason, Status
from ...model import DEAD, SERVING, AnyEndpoint, Endpoint, EndpointState, GatewayEndpoint, Service
from ...plan import Removal, Step
from ...policies import FULL_ACCESS
from ...profile import EndpointSpec
from ...situation import Situation
from .. import Assessment

AnEndpoint = TypeVar("AnEndpoint", Endpoint, GatewayEndpoint)


@dataclass(frozen=True)
class Existing(Generic[AnEndpoint]):
    """The endpoints that a VPC has for one service: `all` of every state, `owned` and `foreign` those that
    serve, `failed` the owned ones that never will. The best comes first."""

    all: tuple[AnEndpoint, ...]
    owned: tuple[AnEndpoint, ...]
    foreign: tuple[AnEndpoint, ...]
    failed: tuple[AnEndpoint, ...]

    @classmethod
    def of(
        cls,
        endpoints: Iterable[AnEndpoint],
        situation: Situation,
        spec: EndpointSpec,
        preference: Callable[[AnEndpoint], Any],
    ) -> Existing[AnEndpoint]:
        """Sort out the endpoints for the service of `spec`."""
        name = situation.service_name(spec)
        existing = tuple(sorted((e for e in endpoints if e.service_name == name), key=preference))
        ours = [e for e in existing if situation.owns(e)]
        owned = tuple(endpoint for endpoint in ours if endpoint.state in SERVING)
        return cls(
            all=existing,
            owned=owned,
            foreign=tuple(e for e in existing if e.state in SERVING and e not in owned),
            failed=tuple(endpoint for endpoint in ours if endpoint.state in DEAD),
        )

    @property
    def adoptable(self) -> AnEndpoint | None:
        """The one of someone else's that serves in the place of ours, where we have none."""
        return self.foreign[0] if self.foreign and not self.owned and not self.failed else None


def wait(endpoint: AnyEndpoint, wanted: str) -> Assessment:
    """AWS is at work on the endpoint."""
    finding = Finding(Kind.ENDPOINT_NOT_READY, endpoint.id, endpoint.state, wanted, status=Status.WAITING)
    return Assessment((finding,))


def delete(endpoints: Iterable[AnyEndpoint], kind: Kind, wanted: str, removal: Removal) -> Assessment:
    """Owned endpoints go, each for a finding of this kind."""
    steps = []
    for endpoint in endpoints:
        error = f", {endpoint.error}" if isinstance(endpoint, Endpoint) and endpoint.error else ""
        finding = Finding(
            kind, endpoint.id, found=f"{endpoint.service_name}, {endpoint.state}{error}", wanted=wanted
        )
        steps.append(Step(DeleteEndpoint(endpoint.id), (finding,), removal=removal))
    return Assessment.of(steps)


def surplus(endpoint: AnyEndpoint) -> Assessment:
    """An owned endpoint that its profile does not want just now is kept."""
    finding = Finding(
        Kind.SURPLUS,
        endpoint.id,
        found="not required: the condition under which the profile wants it does not hold",
        wanted="kept, since it may carry traffic",
        status=Status.INFORMATIONAL,
    )
    return Assessment((finding,))


def nobody_to_serve(name: str) -> Finding:
    """There is no endpoint for a service, and no subnet in the VPC, whose clients might need one."""
    return Finding(
        Kind.ENDPOINT_MISSING,
        name,
        found="no endpoint for the service, and no subnet in the VPC",
        wanted="one, as soon as there is a private subnet",
        status=Status.INFORMATIONAL,
    )


def missing(name: str, blocked_by: Reason | None = None) -> Finding:
    """There is no endpoint for a service; none can be made where something blocks it."""
    return Finding(
        Kind.ENDPOINT_MISSING,
        name,
        found="no endpoint for the service",
        wanted="one for all private subnets, in each zone that the service offers",
        status=Status.REMEDIABLE if blocked_by is None else Status.BLOCKED,
        reason=blocked_by,
    )


def not_offered(name: str, spec: EndpointSpec) -> Assessment:
    """No endpoint can be made, since the Region has no such service (any more)."""
    return unavailable(name, Status.INFORMATIONAL if spec.optional else Status.BLOCKED)


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
    if spec.policy and service is not None and not service.takes_policy:
        return Assessment((_dropped(endpoint),))
    if service is None or not service.takes_policy or (endpoint.policy or FULL_ACCESS) == wanted:
        return Assessment()
    if endpoint.state is not EndpointState.AVAILABLE:
        return wait(endpoint, "available")
    finding = Finding(Kind.ENDPOINT_POLICY, endpoint.id, endpoint.policy or "none", wanted)
    return Assessment.of([Step(ModifyEndpoint(endpoint.id, policy=wanted), (finding,))])


def _dropped(endpoint: AnyEndpoint) -> Finding:
    return Finding(
        Kind.ENDPOINT_POLICY,
        endpoint.id,
        found=f"{endpoint.service_name} takes no policy: everyone who reaches the endpoint may use it",
        wanted="the profile's policy; take it out of the profile, and restrict access elsewhere",
        status=Status.IMPAIRED,
    )


def just_made(situation: Situation, name: str) -> Assessment | None:
    """What was made for the service so lately that EC2 does not show it yet: making it again could make a
    double."""
    marks = situation.installation.endpoint_tags(situation.vpc_id, name)
    made = situation.memory.just_made(marks["Name"], situation.now) if situation.memory else None
    if made is None:
        return None
    finding = Finding(
        Kind.ENDPOINT_NOT_READY, made.id, "made, and not shown yet", "shown by EC2", status=Status.WAITING
    )
    return Assessment((finding,))


def observed(lacks: Assessment) -> Assessment:
    """What would be remediated, as information only."""
    return Assessment(tuple(replace(finding, status=Status.INFORMATIONAL) for finding in lacks.findings))
