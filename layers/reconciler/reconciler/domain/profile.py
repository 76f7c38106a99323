"""What a VPC should have: profiles, as frozen values without behaviour. `profiles` reads them.

What there is stands in `model`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .model import AddressType, EndpointType


class When(StrEnum):
    """The condition under which a profile wants an endpoint."""

    ALWAYS = "always"
    NO_INTERNET_GATEWAY = "no-internet-gateway"
    NO_EGRESS = "no-egress"  # some private subnet has no active default route


class Clients(StrEnum):
    """Who may reach the interface endpoints."""

    PRIVATE_SUBNETS = "private-subnets"
    VPC = "vpc"


class Existing(StrEnum):
    """What is done with an endpoint that someone else made for a wanted service."""

    ADOPT = "adopt"  # add what it lacks, take nothing
    ADOPT_WITHOUT_PRIVATE_DNS = "adopt-without-private-dns"  # the same, and its private DNS stays as it is
    OBSERVE = "observe"  # report what it lacks, change nothing


class Groups(StrEnum):
    """Which security groups an owned interface endpoint stands behind."""

    AT_LEAST = "at-least"  # ours; others that people attach stay
    EXACT = "exact"  # ours alone


class Surplus(StrEnum):
    """What is done with an owned endpoint whose condition no longer holds."""

    KEEP = "keep"
    REMOVE = "remove"


@dataclass(frozen=True)
class EndpointSpec:
    """One endpoint that a profile asks for.

    `service` is the last part of the service name; `policy` canonical JSON, empty for full access. Where
    `optional`, a Region that does not offer the service is no drift.
    """

    service: str
    when: When = When.ALWAYS
    type: EndpointType = EndpointType.INTERFACE
    private_dns: bool = True
    policy: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Profile:
    """A named list of endpoints that a VPC should have, and how they are to stand.

    `zones` are the ids of the zones to stand in, empty for all. `extra_clients` are CIDR blocks and prefix
    lists beside the clients in the VPC; `ports` are TCP. `keeps_adopted` says that the profile does not speak
    of `existing`: what an earlier version adopted stays so.
    """

    name: str
    endpoints: tuple[EndpointSpec, ...]
    clients: Clients = Clients.VPC
    existing: Existing = Existing.OBSERVE
    surplus: Surplus = Surplus.KEEP
    groups: Groups = Groups.AT_LEAST
    extra_clients: tuple[str, ...] = ()
    ports: tuple[int, ...] = (443,)
    keeps_adopted: bool = False
    address_type: AddressType = AddressType.IPV4
    zones: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Edition:
    """A profiles document as it was at a time: the name of its parameter, and when it was written, in
    milliseconds since 1970. Both are empty where there are the built-in profiles alone."""

    parameter: str = ""
    written: int = 0


NONE_FOLLOWED = Edition()


# What a VPC should have that does not ask for anything, or no longer.
NOTHING = Profile("", ())
