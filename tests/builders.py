"""Builders of observations, so that a test reads as a sentence: `a_vpc().with_private_subnets("a", "b")`.

Zones are letters: zone `a` is `eu-west-1a` by name and `euw1-aza` by id. What a builder is not reported is as
it should be: DNS on, groups and endpoints ours, right and serving.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from reconciler.domain.concerns.dns import AMAZON_PROVIDED
from reconciler.domain.concerns.security_group import DEFAULT_EGRESS
from reconciler.domain.contest import Contest
from reconciler.domain.installation import Installation
from reconciler.domain.memory import Made, Memory
from reconciler.domain.model import (
    AclEntry,
    Endpoint,
    EndpointState,
    NetworkAcl,
    NetworkInterface,
    Observation,
    Route,
    RouteTable,
    Rule,
    SecurityGroup,
    Service,
    SourceKind,
    Subnet,
    Tags,
    Vpc,
)
from reconciler.domain.profile import Profile
from reconciler.domain.profiles import builtin
from reconciler.domain.situation import Situation
from reconciler.domain.topology import merged

INSTALLATION = Installation(
    id="our-stack", tag_prefix="vpce-remediator", region="eu-west-1", account="111122223333"
)
APPMESH = builtin()["appmesh"]
ENVOY = INSTALLATION.service_name("appmesh-envoy-management")
LOGS = INSTALLATION.service_name("logs")

ACCOUNT = INSTALLATION.account
VPC_ID = "vpc-1"
GROUP_ID = "sg-ours"
GATEWAY_ID = "igw-1"

MAIN_TABLE, PUBLIC_TABLE = "rtb-main", "rtb-public"
LOCAL = Route("10.0.0.0/16", "local", active=True)
TO_THE_INTERNET = Route("0.0.0.0/0", GATEWAY_ID, active=True)


def situation(
    seen: Observation,
    profile: Profile = APPMESH,
    memory: Memory | None = None,
    now: float = 0.0,
    contests: tuple[Contest, ...] = (),
) -> Situation:
    """What a concern starts from. Without a memory, the ledger is not there."""
    return Situation(seen, profile, INSTALLATION, memory, now, contests=contests)


def knowing(seen: Observation) -> Memory:
    """A ledger that knows all that is there as made by us, whatever marks it bears."""
    ids = [each.id for each in (*seen.groups, *seen.all_endpoints)]
    return Memory(VPC_ID, made={id: Made(id, purpose="", seen=True) for id in ids})


def zone_id(letter: str) -> str:
    return f"euw1-az{letter}"


def zone_name(letter: str) -> str:
    return f"eu-west-1{letter}"


def a_service(name: str, zones: str) -> Service:
    return Service(name, frozenset(zone_id(zone) for zone in zones))


def https_from(*cidrs: str) -> frozenset[Rule]:
    """What the owned group should let in."""
    return frozenset(Rule("tcp", 443, 443, SourceKind.CIDR, cidr) for cidr in cidrs)


@dataclass(frozen=True)
class VpcBuilder:
    """A VPC in the making; every method gives another one."""

    tags: Tags = field(default_factory=lambda: {INSTALLATION.profile_key: "appmesh"})
    dns_support: bool = True
    dns_hostnames: bool = True
    name_servers: tuple[str, ...] = (AMAZON_PROVIDED,)
    private: tuple[Subnet, ...] = ()
    public: tuple[Subnet, ...] = ()
    gateways: tuple[str, ...] = ()
    groups: tuple[SecurityGroup, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    services: tuple[Service, ...] = (a_service(ENVOY, "abc"), a_service(LOGS, "abc"))
    network_acls: tuple[NetworkAcl, ...] = ()
    others: tuple[NetworkInterface, ...] | None = None

    # ---- the network

    def tagged(self, **tags: str) -> VpcBuilder:
        """Bearing these tags of ours and no others, by their last word."""
        return replace(self, tags={f"{INSTALLATION.tag_prefix}:{key}": value for key, value in tags.items()})

    def with_dns(self, *, support: bool = True, hostnames: bool = True) -> VpcBuilder:
        return replace(self, dns_support=support, dns_hostnames=hostnames)

    def with_name_servers(self, *addresses: str) -> VpcBuilder:
        return replace(self, name_servers=addresses)

    def with_private_subnets(self, *zones: str, free: int = 250) -> VpcBuilder:
        """One more private subnet in each zone: `private-a`, the next one there `private-a2`."""
        return replace(self, private=_more(self.private, "private", zones, free, first_block=0))

    def with_public_subnets(self, *zones: str, free: int = 250) -> VpcBuilder:
        """One more public subnet in each zone: `public-a`. They route to the internet gateway."""
        return replace(self, public=_more(self.public, "public", zones, free, first_block=128))

    def with_internet_gateway(self) -> VpcBuilder:
        return replace(self, gateways=(GATEWAY_ID,))

    def with_network_acl(self, id: str, subnets: Iterable[str], *entries: AclEntry) -> VpcBuilder:
        """A network ACL before these subnets. Only its own entries let anything through."""
        return replace(
            self, network_acls=(*self.network_acls, NetworkAcl(id, frozenset(subnets), tuple(entries)))
        )

    def with_subnet_tags(self, subnet_id: str, tags: Tags) -> VpcBuilder:
        return replace(
            self,
            private=tuple(replace(s, tags=tags) if s.id == subnet_id else s for s in self.private),
            public=tuple(replace(s, tags=tags) if s.id == subnet_id else s for s in self.public),
        )

    # ---- what stands in it

    def looked_into(self, *others: NetworkInterface) -> VpcBuilder:
        """Somebody looked at the network interfaces: those of the endpoints, and these."""
        return replace(self, others=(*(self.others or ()), *others))

    def with_machine(self, subnet_id: str, *, groups: Iterable[str] = ("sg-theirs",)) -> VpcBuilder:
        """Someone else's network interface `eni-SUBNET`, and somebody looked."""
        return self.looked_into(
            NetworkInterface(f"eni-{subnet_id}", subnet_id, frozenset(groups), description="a machine")
        )

    def with_group(
        self,
        id: str = GROUP_ID,
        *,
        name: str = INSTALLATION.group_name,
        tags: Tags | None = None,
        ingress: Iterable[Rule] | None = None,
        egress: Iterable[Rule] = (),
    ) -> VpcBuilder:
        """One more security group: ours and right, but for what is given."""
        if ingress is None:
            ingress = https_from(*merged(subnet.cidr for subnet in self.private))
        group = SecurityGroup(
            id,
            name,
            tags=INSTALLATION.group_tags(VPC_ID) if tags is None else tags,
            ingress=frozenset(ingress),
            egress=frozenset(egress),
        )
        return replace(self, groups=(*self.groups, group))

    def with_foreign_group(self, id: str = "sg-theirs", name: str = INSTALLATION.group_name) -> VpcBuilder:
        """Someone else's group, as EC2 makes one."""
        return self.with_group(id, name=name, tags={}, ingress=(), egress=(DEFAULT_EGRESS,))

    def with_endpoint(
        self,
        service_name: str = ENVOY,
        *,
        id: str | None = None,
        state: EndpointState = EndpointState.AVAILABLE,
        subnets: Iterable[str] | None = None,
        groups: Iterable[str] = (GROUP_ID,),
        private_dns: bool = True,
        tags: Tags | None = None,
        policy: str = "",
    ) -> VpcBuilder:
        """One more endpoint: ours and right, but for what is given."""
        by_zone = {subnet.zone_id: subnet.id for subnet in reversed(self.private)}
        endpoint = Endpoint(
            id=f"vpce-{service_name.rpartition('.')[2]}" if id is None else id,
            service_name=service_name,
            state=state,
            subnet_ids=frozenset(by_zone.values() if subnets is None else subnets),
            group_ids=frozenset(groups),
            private_dns=private_dns,
            tags=INSTALLATION.endpoint_tags(VPC_ID, service_name) if tags is None else tags,
            policy=policy,
        )
        return replace(self, endpoints=(*self.endpoints, endpoint))

    def with_service(self, name: str, zones: str, *, takes_policy: bool = False) -> VpcBuilder:
        """The Region offers the service in these zones and no others."""
        service = replace(a_service(name, zones), takes_policy=takes_policy)
        return replace(self, services=(*(s for s in self.services if s.name != name), service))

    def without_service(self, name: str) -> VpcBuilder:
        return replace(self, services=tuple(s for s in self.services if s.name != name))

    # ---- the end of the sentence

    @property
    def route_tables(self) -> tuple[RouteTable, ...]:
        """The main table, and where there are public subnets, theirs."""
        main = RouteTable(MAIN_TABLE, main=True, subnet_ids=frozenset(), routes=(LOCAL,))
        public_ids = frozenset(subnet.id for subnet in self.public)
        public = RouteTable(PUBLIC_TABLE, main=False, subnet_ids=public_ids, routes=(LOCAL, TO_THE_INTERNET))
        return (main, public) if public_ids else (main,)

    def observed(self) -> Observation:
        services: Mapping[str, Service] = {service.name: service for service in self.services}
        return Observation(
            vpc=Vpc(
                VPC_ID,
                ACCOUNT,
                self.tags,
                self.dns_support,
                self.dns_hostnames,
                cidrs=("10.0.0.0/16",),
                name_servers=self.name_servers,
                primary_cidr="10.0.0.0/16",
            ),
            subnets=(*self.private, *self.public),
            route_tables=self.route_tables,
            internet_gateway_ids=self.gateways,
            endpoints=self.endpoints,
            groups=self.groups,
            services=services,
            network_acls=self.network_acls,
            interfaces=None if self.others is None else (*self._of_endpoints(), *self.others),
        )

    def _of_endpoints(self) -> Iterable[NetworkInterface]:
        for endpoint in self.endpoints:
            for subnet_id in sorted(endpoint.subnet_ids):
                id = f"eni-{endpoint.id}-{subnet_id}"
                yield NetworkInterface(id, subnet_id, endpoint.group_ids, endpoint_id=endpoint.id)


def a_vpc() -> VpcBuilder:
    """An opted-in VPC with nothing in it; the Region offers both services in zones a, b and c."""
    return VpcBuilder()


def a_converged_vpc(*zones: str) -> VpcBuilder:
    """A VPC with private subnets and no way out, in which all is as it should be."""
    return a_vpc().with_private_subnets(*zones).with_group().with_endpoint(ENVOY).with_endpoint(LOGS)


def _more(
    subnets: tuple[Subnet, ...], word: str, zones: Iterable[str], free: int, first_block: int
) -> tuple[Subnet, ...]:
    for zone in zones:
        number = 1 + sum(subnet.zone_id == zone_id(zone) for subnet in subnets)
        subnets += (
            Subnet(
                id=f"{word}-{zone}{number if number > 1 else ''}",
                zone_id=zone_id(zone),
                zone_name=zone_name(zone),
                cidr=f"10.0.{first_block + len(subnets)}.0/24",
                free_addresses=free,
            ),
        )
    return subnets
