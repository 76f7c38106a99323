"""The VPC's DNS attributes: private DNS needs both (facts, section 2)."""

from __future__ import annotations

from ..actions import EnableVpcAttribute, Step, VpcAttribute
from ..model import Finding, Kind, Observation, Profile
from ..ownership import Ownership
from . import Assessment


def assess(observation: Observation, _profile: Profile, _ownership: Ownership) -> Assessment:
    """Turn on what is off; support first, since host names need it (facts, section 3)."""
    vpc = observation.vpc
    attributes = (
        (VpcAttribute.DNS_SUPPORT, vpc.dns_support, Kind.DNS_SUPPORT_OFF),
        (VpcAttribute.DNS_HOSTNAMES, vpc.dns_hostnames, Kind.DNS_HOSTNAMES_OFF),
    )
    steps = tuple(
        Step(
            EnableVpcAttribute(vpc.id, attribute),
            (Finding(kind, vpc.id, found=f"{attribute} is off", wanted="on: private DNS needs it"),),
        )
        for attribute, is_on, kind in attributes
        if not is_on
    )
    return Assessment(tuple(finding for step in steps for finding in step.remedies), steps)
