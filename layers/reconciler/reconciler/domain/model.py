"""What the program talks about: frozen values without behaviour, and without AWS. What a profile asks for
is in `profile`.

Everything that travels between modules is one of these, so that a plan can be compared, printed and
tested on literals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Tags = Mapping[str, str]


class Mode(StrEnum):
    """What a reconcile run may do with what it finds."""

    ENFORCE = "enforce"
    AUDIT = "audit"


class VpcAttribute(StrEnum):
    """The DNS attributes of a VPC, by EC2's own words."""

    DNS_SUPPORT = "enableDnsSupport"
    DNS_HOSTNAMES = "enableDnsHostnames"


class EndpointType(StrEnum):
    """The types of endpoint that a profile can ask for."""

    INTERFACE = "Interface"
    GATEWAY = "Gateway"


class AddressType(StrEnum):
    """The address families of an interface endpoint."""

    IPV4 = "ipv4"
    DUALSTACK = "dualstack"
    IPV6 = "ipv6"


class EndpointState(StrEnum):
    """States of a VPC endpoint, lower-cased: EC2 itself varies the case (facts, section 4)."""

    PENDING_ACCEPTANCE = "pendingacceptance"
    PENDING = "pending"
    AVAILABLE = "available"
    DELETING = "deleting"
    DELETED = "deleted"
    REJECTED = "rejected"
    FAILED = "failed"
    EXPIRED = "expired"
    PARTIAL = "partial"
    UNKNOWN = "unknown"


# The endpoint is there to be kept, at once or soon; and: it will never serve again.
SERVING = frozenset(
    {
        EndpointState.PENDING_ACCEPTANCE,
        EndpointState.PENDING,
        EndpointState.AVAILABLE,
        EndpointState.PARTIAL,
        EndpointState.UNKNOWN,
    }
)
DEAD = frozenset({EndpointState.REJECTED, EndpointState.FAILED, EndpointState.EXPIRED})


@dataclass(frozen=True)
class Vpc:
    """A VPC, with the two DNS attributes that private DNS needs.

    `name_servers` are those of its DHCP options, empty where it has none. `primary_cidr` is the IPv4 block
    that it was made with: Amazon's resolver has the third address of it.
    """

    id: str
    owner_id: str
    tags: Tags
    dns_support: bool
    dns_hostnames: bool
    cidrs: tuple[str, ...] = ()
    ipv6_cidrs: tuple[str, ...] = ()
    name_servers: tuple[str, ...] = ()
    primary_cidr: str = ""


@dataclass(frozen=True)
class Subnet:
    """A subnet. `zone_id` is the same zone in every account; `zone_name` is not (peers, 3).

    `cidr` is its IPv4 block, empty where it has IPv6 alone.
    """

    id: str
    zone_id: str
    zone_name: str
    cidr: str
    free_addresses: int
    ipv6_cidrs: tuple[str, ...] = ()
    tags: Tags = field(default_factory=dict, hash=False)
    on_outpost: bool = False


@dataclass(frozen=True)
class Route:
    """A route; `gateway_id` is empty where the target is not a gateway."""

    destination: str
    gateway_id: str
    active: bool


@dataclass(frozen=True)
class RouteTable:
    """A route table, with the subnets that are associated with it by name."""

    id: str
    main: bool
    subnet_ids: frozenset[str]
    routes: tuple[Route, ...]


class SourceKind(StrEnum):
    """What a security group rule lets in from, or out to."""

    CIDR = "cidr"
    CIDR_V6 = "cidr-v6"
    GROUP = "group"
    PREFIX_LIST = "prefix-list"


@dataclass(frozen=True, order=True)
class Rule:
    """One security group rule, in canonical form. Ports are -1 where the protocol has none.

    `account_id` is the owner of a referenced group, empty for other sources.
    """

    protocol: str
    from_port: int
    to_port: int
    source_kind: SourceKind
    source: str
    account_id: str = ""


@dataclass(frozen=True)
class SecurityGroup:
    """A security group and all its rules."""

    id: str
    name: str
    tags: Tags
    ingress: frozenset[Rule]
    egress: frozenset[Rule]


@dataclass(frozen=True)
class Endpoint:
    """An interface endpoint. `policy` is canonical JSON, empty where there is none."""

    id: str
    service_name: str
    state: EndpointState
    subnet_ids: frozenset[str]
    group_ids: frozenset[str]
    private_dns: bool
    tags: Tags
    policy: str = ""
    address_type: AddressType = AddressType.IPV4
    error: str = ""


@dataclass(frozen=True)
class GatewayEndpoint:
    """A gateway endpoint: it stands in route tables, and has neither subnets nor security groups."""

    id: str
    service_name: str
    state: EndpointState
    route_table_ids: frozenset[str]
    tags: Tags
    policy: str = ""


AnyEndpoint = Endpoint | GatewayEndpoint


@dataclass(frozen=True, order=True)
class AclEntry:
    """One rule of a network ACL. The lowest `number` that matches decides. Ports are -1 where the protocol
    has none; protocol `-1` is any."""

    number: int
    egress: bool
    allow: bool
    protocol: str
    from_port: int
    to_port: int
    cidr: str


@dataclass(frozen=True)
class NetworkAcl:
    """A network ACL, with the subnets that it stands before."""

    id: str
    subnet_ids: frozenset[str]
    entries: tuple[AclEntry, ...]


@dataclass(frozen=True)
class NetworkInterface:
    """What stands in a subnet. `endpoint_id` is the endpoint that it belongs to, empty for any other
    interface; `description` is for a person."""

    id: str
    subnet_id: str
    group_ids: frozenset[str]
    endpoint_id: str = ""
    description: str = ""


@dataclass(frozen=True)
class Service:
    """What a Region offers under a service name: the zones, by id where EC2 gives ids, else by name."""

    name: str
    zones: frozenset[str]
    takes_policy: bool = False
    private_dns_names: tuple[str, ...] = ()
    address_types: frozenset[AddressType] = frozenset({AddressType.IPV4})


@dataclass(frozen=True)
class Observation:
    """One VPC as EC2 shows it, and the services that its Region offers, by name and type of endpoint.

    `groups` are all of the VPC; `endpoints` are of every state, deleted ones too. `interfaces` are None where
    nobody looked: they are looked at only where someone was refused a deletion.
    """

    vpc: Vpc
    subnets: tuple[Subnet, ...]
    route_tables: tuple[RouteTable, ...]
    internet_gateway_ids: tuple[str, ...]
    endpoints: tuple[Endpoint, ...]
    groups: tuple[SecurityGroup, ...]
    services: Mapping[str, Service]
    gateway_endpoints: tuple[GatewayEndpoint, ...] = ()
    gateway_services: Mapping[str, Service] = field(default_factory=dict)
    network_acls: tuple[NetworkAcl, ...] = ()
    interfaces: tuple[NetworkInterface, ...] | None = None

    @property
    def all_endpoints(self) -> tuple[AnyEndpoint, ...]:
        """The endpoints of both types."""
        return (*self.endpoints, *self.gateway_endpoints)
