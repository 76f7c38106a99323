"""Whether a profile's condition for an endpoint holds in a VPC. Pure."""

from __future__ import annotations

from ..model import EndpointSpec, Observation, When
from ..topology import has_egress, private_subnets


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
