"""The VPC's name resolution: private DNS needs both DNS attributes (facts, section 2), and answers only those
who ask the Amazon-provided resolver."""

from __future__ import annotations

from ipaddress import ip_network

from ..actions import EnableVpcAttribute
from ..findings import Finding, Kind, Status
from ..model import Observation, Vpc, VpcAttribute
from ..plan import Step
from ..situation import Situation
from . import Assessment

# How a DHCP option set names the resolver that AWS provides, and where that resolver is in any VPC
# (facts, section 18).
AMAZON_PROVIDED = "AmazonProvidedDNS"
RESOLVER = "169.254.169.253"
RESOLVER_V6 = "fd00:ec2::253"


def assess(situation: Situation) -> Assessment:
    """Turn on what is off, support first, since host names need it (facts, section 3). Report name
    servers that do not know the private names."""
    wants_private_dns = [endpoint for endpoint in situation.profile.endpoints if endpoint.private_dns]
    if not wants_private_dns:
        return Assessment()
    vpc = situation.observation.vpc
    attributes = (
        (VpcAttribute.DNS_SUPPORT, vpc.dns_support, Kind.DNS_SUPPORT_OFF),
        (VpcAttribute.DNS_HOSTNAMES, vpc.dns_hostnames, Kind.DNS_HOSTNAMES_OFF),
    )
    steps = [
        Step(
            EnableVpcAttribute(vpc.id, attribute),
            (Finding(kind, vpc.id, found=f"{attribute} is off", wanted="on: private DNS needs it"),),
        )
        for attribute, is_on, kind in attributes
        if not is_on
    ]
    services = [situation.service_name(endpoint) for endpoint in wants_private_dns]
    return Assessment.of(steps, _custom_dns(situation.observation, services))


def _custom_dns(observation: Observation, services: list[str]) -> tuple[Finding, ...]:
    vpc = observation.vpc
    others = [server for server in vpc.name_servers if server not in _amazons(vpc)]
    if not others:
        return ()
    offered = (observation.services[name] for name in services if name in observation.services)
    zones = ", ".join(name for service in offered for name in service.private_dns_names)
    mixed = (
        ", beside Amazon's own: clients try them in any order" if len(others) < len(vpc.name_servers) else ""
    )
    return (
        Finding(
            Kind.CUSTOM_DNS,
            vpc.id,
            found=f"its DHCP options name {', '.join(others)} as name servers{mixed}",
            wanted=f"{AMAZON_PROVIDED}, or there a rule that forwards {zones} to {RESOLVER}",
            status=Status.IMPAIRED,
        ),
    )


def _amazons(vpc: Vpc) -> frozenset[str]:
    """Where Amazon's resolver answers: also at the third address of the VPC's first block."""
    there = {AMAZON_PROVIDED, RESOLVER, RESOLVER_V6}
    if vpc.primary_cidr:
        there.add(str(ip_network(vpc.primary_cidr)[2]))
    return frozenset(there)
