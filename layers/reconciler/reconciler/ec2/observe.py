"""EC2 to observations, for one VPC or for many in bulk: the same calls, side by side.

A look at one VPC takes nine calls; what the Region offers changes rarely, and a DHCP option set never, so
these come from caches. A look at many takes as many pages as there are, and two calls for each VPC whose DNS
attributes are not known, since EC2 gives one attribute of one VPC a call.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ..domain.installation import Installation
from ..domain.model import (
    Endpoint,
    EndpointType,
    GatewayEndpoint,
    NetworkAcl,
    NetworkInterface,
    Observation,
    RouteTable,
    SecurityGroup,
    Service,
    Subnet,
    VpcAttribute,
)
from ..domain.profile import Profile
from . import decode, errors
from .filters import chunks, matching

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import VpcTypeDef

Profiles = Mapping[str, Profile]

_THREADS = 8
_SERVICES_KEPT_SECONDS = 15 * 60


@dataclass
class Offers:
    """The services that were asked for, until when the answer is good, and the answer: what the Region offers
    for interface endpoints and for gateway endpoints, by the service's full name."""

    asked: frozenset[str]
    until: float
    interface: dict[str, Service] = field(default_factory=dict)
    gateway: dict[str, Service] = field(default_factory=dict)


class Observer:
    """Looks at VPCs through one EC2 client. Reads that do not depend on each other run side by side.

    Every method raises one of `refusals.ERRORS` where EC2 refuses a read.
    """

    def __init__(
        self,
        ec2: EC2Client,
        installation: Installation,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ec2 = ec2
        self._installation = installation
        self._clock = clock
        self._offers = Offers(frozenset(), float("-inf"))
        self._name_servers: dict[str, tuple[str, ...]] = {}
        self._pool = ThreadPoolExecutor(_THREADS)

    def one(self, vpc_id: str, profiles: Profiles, *, with_interfaces: bool = False) -> Observation | None:
        """Look at one VPC, and at the services that `profiles` ask for; None where it is gone. Its network
        interfaces are looked at only where they are asked for."""
        interfaces = self._pool.submit(self._interfaces, vpc_id) if with_interfaces else None
        observation = next(iter(self.many([vpc_id], profiles)), None)
        if observation is None or interfaces is None:
            return observation
        return replace(observation, interfaces=tuple(interfaces.result()))

    def many(
        self,
        vpc_ids: Iterable[str],
        profiles: Profiles,
        dns_on: Set[str] = frozenset(),
        is_over: Callable[[], bool] = lambda: False,
    ) -> list[Observation]:
        """Look at VPCs in bulk, in order of their ids; those that are gone are left out. `dns_on` are VPCs
        whose DNS attributes are taken to be on. Once time `is_over`, no more attributes are read, and VPCs
        that lack some are left out, too."""
        looks = (self._look(some, profiles, dns_on, is_over) for some in chunks(vpc_ids))
        return [observation for look in looks for observation in look]

    def _look(
        self, vpc_ids: Sequence[str], profiles: Profiles, dns_on: Set[str], is_over: Callable[[], bool]
    ) -> Iterator[Observation]:
        run = self._pool.submit
        vpcs = run(self._vpcs, vpc_ids)
        subnets = run(self._subnets, vpc_ids)
        tables = run(self._route_tables, vpc_ids)
        gateways = run(self._internet_gateways, vpc_ids)
        endpoints = run(self._endpoints, vpc_ids)
        groups = run(self._groups, vpc_ids)
        acls = run(self._network_acls, vpc_ids)
        offers = run(self.offers, profiles)
        asked = [each for each in vpc_ids if each not in dns_on]
        # VPC by VPC: when time runs out, few have one alone.
        read = partial(self._attribute_in_time, is_over)
        attributes = {each: [run(read, attribute, each) for attribute in VpcAttribute] for each in asked}
        both_on = dict.fromkeys(VpcAttribute, True)
        dns = {
            each: dict(zip(VpcAttribute, (future.result() for future in futures), strict=True))
            for each, futures in attributes.items()
        }
        interfaces, gateway_endpoints = endpoints.result()
        for vpc_id, (given, name_servers) in sorted(vpcs.result().items()):
            is_on = dns.get(vpc_id, both_on)
            support, hostnames = is_on[VpcAttribute.DNS_SUPPORT], is_on[VpcAttribute.DNS_HOSTNAMES]
            if support is None or hostnames is None:
                continue
            yield Observation(
                vpc=decode.vpc(
                    given,
                    dns_support=support,
                    dns_hostnames=hostnames,
                    name_servers=name_servers,
                ),
                subnets=tuple(subnets.result()[vpc_id]),
                route_tables=tuple(tables.result()[vpc_id]),
                internet_gateway_ids=tuple(gateways.result()[vpc_id]),
                endpoints=tuple(interfaces[vpc_id]),
                groups=tuple(groups.result()[vpc_id]),
                services=offers.result().interface,
                gateway_endpoints=tuple(gateway_endpoints[vpc_id]),
                gateway_services=offers.result().gateway,
                network_acls=tuple(acls.result()[vpc_id]),
            )

    def _vpcs(self, vpc_ids: Sequence[str]) -> dict[str, tuple[VpcTypeDef, tuple[str, ...]]]:
        """The VPCs as EC2 gives them, and their name servers."""
        pages = self._ec2.get_paginator("describe_vpcs").paginate(Filters=[matching("vpc-id", vpc_ids)])
        vpcs = [vpc for page in pages for vpc in page["Vpcs"]]
        self._learn_name_servers({vpc.get("DhcpOptionsId", "default") for vpc in vpcs} - {"default"})
        return {vpc["VpcId"]: (vpc, self._name_servers.get(vpc.get("DhcpOptionsId", ""), ())) for vpc in vpcs}

    def _learn_name_servers(self, options_ids: Set[str]) -> None:
        """Read the DHCP option sets that are not known yet; they never change."""
        unknown = options_ids - set(self._name_servers)
        if unknown:
            pages = self._ec2.get_paginator("describe_dhcp_options")
            for some in chunks(unknown):
                for page in pages.paginate(Filters=[matching("dhcp-options-id", some)]):
                    for options in page["DhcpOptions"]:
                        self._name_servers[options["DhcpOptionsId"]] = decode.name_servers(options)

    def _attribute_in_time(
        self, is_over: Callable[[], bool], attribute: VpcAttribute, vpc_id: str
    ) -> bool | None:
        """An attribute; None where it was not asked for any more."""
        return None if is_over() else self._attribute(attribute, vpc_id)

    def _attribute(self, attribute: VpcAttribute, vpc_id: str) -> bool:
        """Whether the attribute is on; a VPC that is gone has it off and is left out for being gone."""
        try:
            if attribute is VpcAttribute.DNS_SUPPORT:
                answer = self._ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsSupport")
                return answer["EnableDnsSupport"].get("Value", False)
            answer = self._ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsHostnames")
            return answer["EnableDnsHostnames"].get("Value", False)
        except ClientError as error:
            if errors.classify(error).verdict is errors.Verdict.GONE:
                return False
            raise

    def _subnets(self, vpc_ids: Sequence[str]) -> defaultdict[str, list[Subnet]]:
        found = defaultdict(list)
        for page in self._ec2.get_paginator("describe_subnets").paginate(
            Filters=[matching("vpc-id", vpc_ids)]
        ):
            for subnet in page["Subnets"]:
                found[subnet["VpcId"]].append(decode.subnet(subnet))
        return found

    def _route_tables(self, vpc_ids: Sequence[str]) -> defaultdict[str, list[RouteTable]]:
        found = defaultdict(list)
        pages = self._ec2.get_paginator("describe_route_tables")
        for page in pages.paginate(Filters=[matching("vpc-id", vpc_ids)]):
            for table in page["RouteTables"]:
                found[table["VpcId"]].append(decode.route_table(table))
        return found

    def _internet_gateways(self, vpc_ids: Sequence[str]) -> defaultdict[str, list[str]]:
        found = defaultdict(list)
        pages = self._ec2.get_paginator("describe_internet_gateways")
        for page in pages.paginate(Filters=[matching("attachment.vpc-id", vpc_ids)]):
            for gateway in page["InternetGateways"]:
                for attachment in gateway.get("Attachments", []):
                    found[attachment.get("VpcId", "")].append(gateway["InternetGatewayId"])
        return found

    def _endpoints(
        self, vpc_ids: Sequence[str]
    ) -> tuple[defaultdict[str, list[Endpoint]], defaultdict[str, list[GatewayEndpoint]]]:
        interfaces, gateways = defaultdict(list), defaultdict(list)
        pages = self._ec2.get_paginator("describe_vpc_endpoints")
        for page in pages.paginate(Filters=[matching("vpc-id", vpc_ids)]):
            for given in page["VpcEndpoints"]:
                kind = given.get("VpcEndpointType")
                if kind == EndpointType.INTERFACE.value:
                    interfaces[given["VpcId"]].append(decode.endpoint(given))
                elif kind == EndpointType.GATEWAY.value:
                    gateways[given["VpcId"]].append(decode.gateway_endpoint(given))
        return interfaces, gateways

    def _groups(self, vpc_ids: Sequence[str]) -> defaultdict[str, list[SecurityGroup]]:
        found = defaultdict(list)
        pages = self._ec2.get_paginator("describe_security_groups")
        for page in pages.paginate(Filters=[matching("vpc-id", vpc_ids)]):
            for group in page["SecurityGroups"]:
                found[group["VpcId"]].append(decode.security_group(group))
        return found

    def _network_acls(self, vpc_ids: Sequence[str]) -> defaultdict[str, list[NetworkAcl]]:
        found = defaultdict(list)
        pages = self._ec2.get_paginator("describe_network_acls")
        for page in pages.paginate(Filters=[matching("vpc-id", vpc_ids)]):
            for acl in page["NetworkAcls"]:
                found[acl.get("VpcId", "")].append(decode.network_acl(acl))
        return found

    def _interfaces(self, vpc_id: str) -> list[NetworkInterface]:
        pages = self._ec2.get_paginator("describe_network_interfaces")
        return [
            decode.network_interface(each)
            for page in pages.paginate(Filters=[matching("vpc-id", [vpc_id])])
            for each in page["NetworkInterfaces"]
        ]

    def offers(self, profiles: Profiles) -> Offers:
        """What the Region offers, of the services that `profiles` ask for; from a cache for a while.

        Asked for with a filter: named outright, one that is absent refuses the whole call.
        """
        names = frozenset(
            self._installation.service_name(endpoint.service)
            for profile in profiles.values()
            for endpoint in profile.endpoints
        )
        if names and (names - self._offers.asked or self._clock() >= self._offers.until):
            offers = Offers(names, self._clock() + _SERVICES_KEPT_SECONDS)
            pages = self._ec2.get_paginator("describe_vpc_endpoint_services")
            for some in chunks(names):
                for page in pages.paginate(Filters=[matching("service-name", some)]):
                    for service in page["ServiceDetails"]:
                        types = {each.get("ServiceType") for each in service.get("ServiceType", [])}
                        if EndpointType.INTERFACE in types:
                            offers.interface[service["ServiceName"]] = decode.service(service)
                        if EndpointType.GATEWAY in types:
                            offers.gateway[service["ServiceName"]] = decode.service(service)
            self._offers = offers
        return self._offers
