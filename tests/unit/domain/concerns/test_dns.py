from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.actions import EnableVpcAttribute
from reconciler.domain.concerns import Assessment, dns
from reconciler.domain.concerns.dns import AMAZON_PROVIDED
from reconciler.domain.findings import Kind, Status
from reconciler.domain.model import VpcAttribute
from reconciler.domain.profile import EndpointSpec, Profile
from tests.builders import ENVOY, VPC_ID, VpcBuilder, a_vpc, situation

SUPPORT = EnableVpcAttribute(VPC_ID, VpcAttribute.DNS_SUPPORT)
HOSTNAMES = EnableVpcAttribute(VPC_ID, VpcAttribute.DNS_HOSTNAMES)


def assess(vpc: VpcBuilder) -> tuple[list[Kind], list[object]]:
    found = dns.assess(situation(vpc.observed()))
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


def test_a_profile_without_private_dns_leaves_the_attributes_as_they_are() -> None:
    public = Profile("public", (EndpointSpec("logs", private_dns=False),))
    vpc = a_vpc().with_dns(support=False, hostnames=False).with_name_servers("10.0.0.53")
    assert dns.assess(situation(vpc.observed(), public)) == Assessment()


def test_other_name_servers_than_amazons_are_reported_with_what_to_forward_and_left() -> None:
    vpc = a_vpc().with_name_servers("10.0.0.53", AMAZON_PROVIDED).observed()
    named = replace(vpc.services[ENVOY], private_dns_names=("appmesh.eu-west-1.amazonaws.com",))
    found = dns.assess(situation(replace(vpc, services={ENVOY: named})))
    [finding] = found.findings
    assert found.steps == ()
    assert (finding.kind, finding.status) == (Kind.CUSTOM_DNS, Status.IMPAIRED)
    assert "10.0.0.53 as name servers, beside Amazon's own" in finding.found
    assert AMAZON_PROVIDED not in finding.found
    assert "appmesh.eu-west-1.amazonaws.com to 169.254.169.253" in finding.wanted


def test_a_vpc_without_dhcp_options_has_no_other_name_servers() -> None:
    assert assess(a_vpc().with_name_servers()) == ([], [])


@pytest.mark.parametrize("amazons", [AMAZON_PROVIDED, "169.254.169.253", "fd00:ec2::253", "10.0.0.2"])
def test_amazons_own_resolver_is_no_custom_dns_however_it_is_written(amazons: str) -> None:
    assert assess(a_vpc().with_name_servers(amazons)) == ([], [])
    assert assess(a_vpc().with_name_servers(amazons, AMAZON_PROVIDED)) == ([], [])


def test_the_third_address_of_a_later_block_is_no_resolver_of_amazons() -> None:
    vpc = a_vpc().with_name_servers("10.1.0.2").observed()
    seen = replace(vpc, vpc=replace(vpc.vpc, cidrs=("10.0.0.0/16", "10.1.0.0/16")))
    assert [finding.kind for finding in dns.assess(situation(seen)).findings] == [Kind.CUSTOM_DNS]
