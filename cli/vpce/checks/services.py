"""Whether the Region offers what the profiles in use ask for, and in which zones.

The App Mesh user guide has this as a step for a person: `aws ec2 describe-vpc-endpoint-services`, to see in
which zones the service is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.domain.model import EndpointType, Subnet
from reconciler.domain.profile import EndpointSpec
from reconciler.domain.topology import private_subnets

from .check import Check, ok, warning, wrong

if TYPE_CHECKING:
    from ..survey import Seen
    from .patient import Patient

_SUBJECT = "services"


def look(patient: Patient) -> Iterator[Check]:
    """A line for each service that a profile in use asks for."""
    users: dict[tuple[EndpointType, str], list[tuple[Seen, EndpointSpec]]] = defaultdict(list)
    for each in patient.fleet:
        for spec in each.wanted.profile.endpoints if each.wanted.profile else ():
            users[spec.type, spec.service].append((each, spec))
    if not users:
        yield ok(_SUBJECT, "no VPC asks for an endpoint")
    for (kind, service), asking in sorted(users.items()):
        yield _judge(kind, service, asking, patient.installation.service_name(service))


def _judge(kind: EndpointType, service: str, asking: list[tuple[Seen, EndpointSpec]], name: str) -> Check:
    observation = asking[0][0].observation
    offered = observation.services if kind is EndpointType.INTERFACE else observation.gateway_services
    profiles = ", ".join(sorted({each.wanted.profile.name for each, _ in asking if each.wanted.profile}))
    if name not in offered:
        seen = f"{service} ({kind.lower()}) is not offered in this Region; profile {profiles} asks for it"
        if all(spec.optional for _, spec in asking):
            return ok(_SUBJECT, f"{seen}, as optional")
        cure = "take the service out of the profile, or say optional = true for it"
        if service == "appmesh-envoy-management":
            seen, cure = (
                f"{seen}. AWS ended App Mesh on 2026-09-30",
                "move to another profile, such as service-connect",
            )
        return wrong(_SUBJECT, seen, cure)
    if kind is EndpointType.GATEWAY:
        return ok(_SUBJECT, f"{service} (gateway) is offered")
    zones = offered[name].zones
    subnets = [subnet for each, _ in asking for subnet in private_subnets(each.observation)]
    uncovered = [each for each in subnets if not zones & {each.zone_id, each.zone_name}]
    line = f"{service} is offered in {', '.join(sorted(_name(each, subnets) for each in zones))}"
    if not uncovered:
        return ok(_SUBJECT, line)
    where = ", ".join(sorted({f"{each.zone_name} ({each.zone_id})" for each in uncovered}))
    ids = ", ".join(sorted(each.id for each in uncovered))
    return warning(
        _SUBJECT,
        f"{line}; not in {where}, where there are private subnets ({ids})",
        "clients there reach it through another zone; or move them to a zone that has it",
    )


def _name(zone: str, subnets: list[Subnet]) -> str:
    """A zone by its name and id, where a subnet tells both."""
    known = next((each for each in subnets if zone in (each.zone_id, each.zone_name)), None)
    return f"{known.zone_name} ({known.zone_id})" if known else zone
