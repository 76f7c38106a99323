from __future__ import annotations

from reconciler.actions import EnableVpcAttribute, VpcAttribute
from reconciler.concerns import dns
from reconciler.model import Kind, Status
from tests.builders import APPMESH, OWNERSHIP, VPC_ID, VpcBuilder, a_vpc

SUPPORT = EnableVpcAttribute(VPC_ID, VpcAttribute.DNS_SUPPORT)
HOSTNAMES = EnableVpcAttribute(VPC_ID, VpcAttribute.DNS_HOSTNAMES)


def assess(vpc: VpcBuilder) -> tuple[list[Kind], list[object]]:
    found = dns.assess(vpc.observed(), APPMESH, OWNERSHIP)
    assert all(finding.status is Status.REMEDIABLE for finding in found.findings)
    assert all(finding.resource == VPC_ID for finding in found.findings)
    return [finding.kind for finding in found.findings], [step.action for step in found.steps]


def test_nothing_is_found_where_both_attributes_are_on() -> None:
    assert assess(a_vpc()) == ([], [])


def test_dns_support_that_is_off_is_turned_on() -> None:
    assert assess(a_vpc().with_dns(support=False)) == ([Kind.DNS_SUPPORT_OFF], [SUPPORT])


def test_dns_host_names_that_are_off_are_turned_on() -> None:
    assert assess(a_vpc().with_dns(hostnames=False)) == ([Kind.DNS_HOSTNAMES_OFF], [HOSTNAMES])


def test_both_are_turned_on_one_a_call_support_first() -> None:
    kinds, actions = assess(a_vpc().with_dns(support=False, hostnames=False))
    assert kinds == [Kind.DNS_SUPPORT_OFF, Kind.DNS_HOSTNAMES_OFF]
    assert actions == [SUPPORT, HOSTNAMES]
