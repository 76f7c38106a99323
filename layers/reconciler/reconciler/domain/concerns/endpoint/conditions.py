"""What a profile asks for in a VPC, as far as its conditions hold. Pure."""

from __future__ import annotations

from ...model import EndpointSpec, EndpointType, Observation, Profile, When
from ...topology import has_egress, private_subnets


def wants_interfaces(profile: Profile) -> bool:
    """Whether a profile asks for anything that stands behind a security group."""
    return any(spec.type is EndpointType.INTERFACE for spec in profile.endpoints)


def is_required(spec: EndpointSpec, observation: Observation) -> bool:
    """Whether the VPC must have the endpoint.

    `no-internet-gateway` is the App Mesh user guide's test for Logs; `no-egress` asks more exactly whether
    some private subnet has no active default route (facts, section 12).
    """
    if spec.when is When.NO_INTERNET_GATEWAY:
        return not observation.internet_gateway_ids
    if spec.when is When.NO_EGRESS:
        tables = observation.route_tables
        return not all(has_egress(subnet, tables) for subnet in private_subnets(observation))
    return True
