from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.model import Route, RouteTable, Subnet
from reconciler.domain.topology import (
    has_egress,
    is_private,
    merged,
    private_subnets,
    public_subnets,
    route_table_of,
)
from tests.builders import LOCAL, TO_THE_INTERNET, a_vpc, zone_id, zone_name

SUBNET = Subnet("subnet-1", zone_id("a"), zone_name("a"), "10.0.0.0/24", 250)


def a_table(id: str = "rtb-1", *routes: Route, main: bool = False, of: Iterable[str] = ()) -> RouteTable:
    return RouteTable(id, main=main, subnet_ids=frozenset(of), routes=(LOCAL, *routes))


def test_a_subnets_own_table_routes_for_it_whatever_the_main_one_says() -> None:
    own, main = a_table("rtb-own", of=["subnet-1"]), a_table("rtb-main", main=True)
    assert route_table_of(SUBNET, [main, own]) == own
    assert route_table_of(SUBNET, [own, main]) == own


def test_a_subnet_without_a_table_of_its_own_uses_the_main_one() -> None:
    other, main = a_table("rtb-other", of=["subnet-2"]), a_table("rtb-main", main=True)
    assert route_table_of(SUBNET, [other, main]) == main


def test_a_subnet_is_public_by_its_main_table_too() -> None:
    assert not is_private(SUBNET, [a_table("rtb-main", TO_THE_INTERNET, main=True)])


def test_a_subnet_of_no_table_at_all_is_private() -> None:
    assert is_private(SUBNET, [])


@pytest.mark.parametrize("destination", ["0.0.0.0/0", "::/0", "203.0.113.0/24", "pl-1"])
def test_any_active_route_to_an_internet_gateway_makes_a_subnet_public(destination: str) -> None:
    table = a_table("rtb-1", Route(destination, "igw-1", active=True), of=["subnet-1"])
    assert not is_private(SUBNET, [table])


@pytest.mark.parametrize("gateway", ["local", "eigw-1", "vgw-1", "vpce-1", ""])
def test_no_other_target_makes_a_subnet_public(gateway: str) -> None:
    table = a_table("rtb-1", Route("0.0.0.0/0", gateway, active=True), of=["subnet-1"])
    assert is_private(SUBNET, [table])


def test_a_black_hole_does_not_make_a_subnet_public() -> None:
    table = a_table("rtb-1", Route("0.0.0.0/0", "igw-1", active=False), of=["subnet-1"])
    assert is_private(SUBNET, [table])


def test_private_subnets_come_in_order_of_their_ids() -> None:
    observation = a_vpc().with_private_subnets("c", "a", "b", "a").with_public_subnets("a").observed()
    found = [subnet.id for subnet in private_subnets(observation)]
    assert found == ["private-a", "private-a2", "private-b", "private-c"]


def test_public_subnets_are_those_that_are_not_private() -> None:
    observation = a_vpc().with_private_subnets("a").with_public_subnets("b", "a").observed()
    assert [subnet.id for subnet in public_subnets(observation)] == ["public-a", "public-b"]


@pytest.mark.parametrize(
    ("route", "way_out"),
    [
        (TO_THE_INTERNET, True),
        (Route("0.0.0.0/0", "", active=True), True),
        (Route("::/0", "eigw-1", active=True), True),
        (Route("0.0.0.0/0", "igw-1", active=False), False),
        (Route("10.1.0.0/16", "", active=True), False),
    ],
)
def test_an_active_default_route_is_a_way_out_by_whatever_gateway(route: Route, way_out: bool) -> None:
    assert has_egress(SUBNET, [a_table("rtb-1", route, main=True)]) is way_out


def test_a_subnet_of_no_table_has_no_way_out() -> None:
    assert not has_egress(SUBNET, [])


# ---- merged blocks

BLOCKS = st.lists(
    st.tuples(st.integers(24, 28), st.integers(0, 255)).map(
        lambda drawn: IPv4Network(f"10.0.{drawn[1] // 16}.{drawn[1] % 16 * 16}/{drawn[0]}", strict=False)
    ),
    max_size=20,
)


def addresses(blocks: Iterable[IPv4Network]) -> set[int]:
    return {int(b.network_address) + n for b in blocks for n in range(b.num_addresses)}


@given(BLOCKS)
def test_merged_blocks_hold_exactly_the_subnets_addresses(blocks: list[IPv4Network]) -> None:
    found = [IPv4Network(cidr) for cidr in merged(map(str, blocks))]
    assert addresses(found) == addresses(blocks)
    assert sum(block.num_addresses for block in found) == len(addresses(blocks))


@given(BLOCKS)
def test_no_two_merged_blocks_could_be_merged_further(blocks: list[IPv4Network]) -> None:
    found = [IPv4Network(cidr) for cidr in merged(map(str, blocks))]
    halves = [block.supernet() for block in found]
    assert len(set(halves)) == len(halves)


@given(BLOCKS)
def test_the_order_of_the_subnets_does_not_matter_to_the_blocks(blocks: list[IPv4Network]) -> None:
    assert merged(map(str, blocks)) == merged(map(str, reversed(blocks)))


def test_adjacent_blocks_are_let_in_as_one() -> None:
    assert merged(["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"]) == ("10.0.0.0/23", "10.0.2.0/24")


def test_blocks_of_the_two_families_are_merged_apart() -> None:
    given_both = ["2001:db8:0:1::/64", "10.0.1.0/24", "2001:db8::/64", "10.0.0.0/24"]
    assert merged(given_both) == ("10.0.0.0/23", "2001:db8::/63")
