"""Which subnets of a VPC are private, and what they look like from a security group. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from .model import Observation, RouteTable, Subnet


def route_table_of(subnet: Subnet, tables: Iterable[RouteTable]) -> RouteTable | None:
    """The table that routes for `subnet`: its own, else the VPC's main one (facts, section 12)."""
    main = None
    for table in tables:
        if subnet.id in table.subnet_ids:
            return table
        if table.main:
            main = table
    return main


def is_private(subnet: Subnet, tables: Iterable[RouteTable]) -> bool:
    """Whether no active route of the subnet's table leads to an internet gateway.

    NAT, transit, virtual private and egress-only gateways do not make a subnet public, nor does a
    black hole, nor `MapPublicIpOnLaunch` (facts, section 12).
    """
    table = route_table_of(subnet, tables)
    return table is None or not any(
        route.active and route.gateway_id.startswith("igw-") for route in table.routes
    )


def has_egress(subnet: Subnet, tables: Iterable[RouteTable]) -> bool:
    """Whether an active default route leads out of the subnet, by whatever gateway."""
    table = route_table_of(subnet, tables)
    return table is not None and any(
        route.active and route.destination in ("0.0.0.0/0", "::/0") for route in table.routes
    )


def public_subnets(observation: Observation) -> tuple[Subnet, ...]:
    """The public subnets of the VPC, by id."""
    private = set(private_subnets(observation))
    return tuple(sorted(set(observation.subnets) - private, key=lambda subnet: subnet.id))


def private_subnets(observation: Observation) -> tuple[Subnet, ...]:
    """The private subnets of the VPC, by id."""
    private = (s for s in observation.subnets if is_private(s, observation.route_tables))
    return tuple(sorted(private, key=lambda subnet: subnet.id))


def merged(blocks: Iterable[str]) -> tuple[str, ...]:
    """CIDR blocks of either family, adjacent ones merged: the fewest that cover exactly these."""
    networks = [ip_network(block) for block in blocks]
    v4 = collapse_addresses(network for network in networks if isinstance(network, IPv4Network))
    v6 = collapse_addresses(network for network in networks if isinstance(network, IPv6Network))
    return (*map(str, v4), *map(str, v6))
