"""A network ACL before the clients or the endpoints: private-a and private-b, the endpoint in private-a."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from reconciler.domain.concerns import Assessment, network_acl
from reconciler.domain.findings import Finding, Kind, Status
from reconciler.domain.model import AclEntry
from reconciler.domain.profile import Clients, Profile
from tests.builders import APPMESH, INSTALLATION, VpcBuilder, a_vpc, situation

A, B = "10.0.0.0/24", "10.0.1.0/24"
ALL_IN = AclEntry(100, False, True, "-1", -1, -1, "0.0.0.0/0")
ALL_OUT = replace(ALL_IN, egress=True)
OPEN = (ALL_IN, ALL_OUT)


def deny(number: int, cidr: str, ports: tuple[int, int], *, egress: bool) -> AclEntry:
    return AclEntry(number, egress, False, "6", *ports, cidr)


def allow(number: int, cidr: str, ports: tuple[int, int], *, egress: bool) -> AclEntry:
    return AclEntry(number, egress, True, "6", *ports, cidr)


def vpc(before_a: Iterable[AclEntry] = OPEN, before_b: Iterable[AclEntry] = OPEN) -> VpcBuilder:
    builder = a_vpc().with_private_subnets("a", "b").with_group().with_endpoint(subnets=["private-a"])
    builder = builder.with_network_acl("acl-a", ["private-a"], *before_a)
    return builder.with_network_acl("acl-b", ["private-b"], *before_b)


def assess(builder: VpcBuilder, profile: Profile = APPMESH) -> Assessment:
    return network_acl.assess(situation(builder.observed(), profile))


def denied_by(builder: VpcBuilder, profile: Profile = APPMESH) -> dict[str, str]:
    """What is found, by network ACL."""
    found = assess(builder, profile)
    assert found.steps == ()
    assert {finding.kind for finding in found.findings} <= {Kind.NETWORK_ACL}
    return {finding.resource: finding.found for finding in found.findings}


def test_acls_that_let_everything_through_are_not_worth_a_word() -> None:
    assert assess(vpc()) == Assessment()


def test_what_is_denied_is_reported_on_the_acl_and_left() -> None:
    [finding] = assess(vpc(before_a=[deny(1, B, (443, 443), egress=False), *OPEN])).findings
    assert finding == Finding(
        Kind.NETWORK_ACL,
        "acl-a",
        found="it denies 443/tcp from private-b in to private-a",
        wanted="rules that allow 443/tcp to the endpoints, and 1024-65535/tcp back",
        status=Status.IMPAIRED,
    )


@pytest.mark.parametrize(
    ("zone", "entry", "what"),
    [
        ("a", deny(1, B, (443, 443), egress=False), "443/tcp from private-b in to private-a"),
        ("a", deny(1, B, (1024, 65535), egress=True), "the answers from private-a out to private-b"),
        ("b", deny(1, A, (443, 443), egress=True), "443/tcp from private-b out to private-a"),
        ("b", deny(1, A, (1024, 65535), egress=False), "the answers from private-a in to private-b"),
    ],
)
def test_each_of_the_four_ways_of_a_connection_is_looked_at(zone: str, entry: AclEntry, what: str) -> None:
    entries = {f"before_{zone}": [entry, *OPEN]}
    assert denied_by(vpc(**entries)) == {f"acl-{zone}": f"it denies {what}"}


def test_what_no_rule_allows_is_denied() -> None:
    assert denied_by(vpc(before_b=[])).keys() == {"acl-b"}
    assert denied_by(vpc(before_b=[ALL_OUT])) == {
        "acl-b": "it denies the answers from private-a in to private-b"
    }


def test_the_rule_with_the_lowest_number_decides_in_whatever_order_they_are_read() -> None:
    closed = deny(200, B, (443, 443), egress=False)
    assert denied_by(vpc(before_a=[closed, *OPEN])) == {}
    assert denied_by(vpc(before_a=[*OPEN, replace(closed, number=99)])).keys() == {"acl-a"}


@pytest.mark.parametrize(
    "entry",
    [
        deny(1, "10.0.1.0/25", (443, 443), egress=False),
        deny(1, "10.0.2.0/24", (443, 443), egress=False),
        deny(1, B, (80, 80), egress=False),
        deny(1, B, (32768, 61000), egress=True),
        replace(deny(1, B, (443, 443), egress=False), protocol="17"),
        replace(deny(1, B, (443, 443), egress=False), cidr="::/0"),
    ],
    ids=["half of a subnet", "another subnet", "another port", "some answers", "another protocol", "IPv6"],
)
def test_only_what_is_denied_for_a_whole_subnet_is_reported(entry: AclEntry) -> None:
    assert denied_by(vpc(before_a=[entry, *OPEN])) == {}


def test_a_rule_that_allows_a_part_lets_something_through_and_is_judged_no_further() -> None:
    part = allow(1, "10.0.1.0/25", (443, 443), egress=False)
    rest = deny(2, B, (443, 443), egress=False)
    assert denied_by(vpc(before_a=[part, rest, *OPEN])) == {}


def test_a_deny_of_everything_denies_each_port() -> None:
    everything = AclEntry(1, False, False, "-1", -1, -1, "10.0.0.0/16")
    assert denied_by(vpc(before_a=[everything, *OPEN])).keys() == {"acl-a"}


def test_within_one_subnet_no_acl_is_asked() -> None:
    alone = a_vpc().with_private_subnets("a").with_group().with_endpoint()
    assert denied_by(alone.with_network_acl("acl-a", ["private-a"])) == {}


def test_a_vpc_without_endpoints_of_the_profile_has_nobody_to_reach() -> None:
    empty = a_vpc().with_private_subnets("a", "b").with_network_acl("acl-a", ["private-a", "private-b"])
    assert denied_by(empty) == {}


def test_endpoints_that_the_profile_does_not_name_are_not_looked_at() -> None:
    named = a_vpc().with_private_subnets("a", "b").with_group()
    other = named.with_endpoint(INSTALLATION.service_name("sqs"), subnets=["private-a"])
    assert denied_by(other.with_network_acl("acl-a", ["private-a"])) == {}


def test_subnets_of_ipv6_alone_are_not_judged() -> None:
    closed = vpc(before_a=[])
    a, b = closed.private
    assert denied_by(replace(closed, private=(a, replace(b, cidr="")))) == {}
    assert denied_by(replace(closed, private=(replace(a, cidr=""), b))) == {}


def test_the_clients_are_those_of_the_profile() -> None:
    public = vpc().with_public_subnets("c").with_network_acl("acl-c", ["public-c"])
    assert denied_by(public) == {}
    assert denied_by(public, replace(APPMESH, clients=Clients.VPC)).keys() == {"acl-c"}


def test_every_port_of_the_profile_is_looked_at() -> None:
    closed = deny(1, B, (8443, 8443), egress=False)
    more = replace(APPMESH, ports=(443, 8443))
    assert denied_by(vpc(before_a=[closed, *OPEN]), more) == {
        "acl-a": "it denies 8443/tcp from private-b in to private-a"
    }


def test_a_subnet_of_which_no_acl_is_known_denies_nothing() -> None:
    unknown = replace(vpc(), network_acls=())
    assert denied_by(unknown) == {}
