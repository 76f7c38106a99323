"""EC2 to observations, for one VPC or for many in bulk: the same calls, side by side.

A look at one VPC takes eight calls; what the Region offers changes rarely and comes from a cache. A look at
many takes as many pages as there are, and two calls a VPC for the DNS attributes, since EC2 gives one
attribute of one VPC a call.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from . import decode, refusals
from .actions import VpcAttribute
from .model import Endpoint, EndpointState, Observation, RouteTable, SecurityGroup, Service, Subnet, Tags, Vpc
from .ownership import Ownership

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import FilterTypeDef

# EC2 takes at most this many values in one filter.
_FILTER_VALUES = 200
_THREADS = 8
_SERVICES_KEPT_SECONDS = 15 * 60


class Observer:
    """Looks at VPCs through one EC2 client. Reads that do not depend on each other run side by side.

    Every method raises `botocore.exceptions.ClientError` or `HTTPClientError` where EC2 refuses a read.
    """

    def __init__(
        self,
        ec2: EC2Client,
        ownership: Ownership,
        service_names: Iterable[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`service_names` are the services that any profile asks for, by their full names."""
        self._ec2 = ec2
        self._ownership = ownership
        self._service_names = sorted(service_names)
        self._clock = clock
        self._services: Mapping[str, Service] = {}
        self._services_until = float("-inf")
        self._pool = ThreadPoolExecutor(_THREADS)

    def one(self, vpc_id: str) -> Observation | None:
        """Look at one VPC; None where it is gone."""
        return next(iter(self.many([vpc_id])), None)

    def many(self, vpc_ids: Sequence[str]) -> list[Observation]:
        """Look at VPCs in bulk, in order of their ids; those that are gone are left out."""
        ids = sorted(set(vpc_ids))
        chunks = [ids[i : i + _FILTER_VALUES] for i in range(0, len(ids), _FILTER_VALUES)]
        return [observation for chunk in chunks for observation in self._look(chunk)]

    def _look(self, vpc_ids: Sequence[str]) -> Iterator[Observation]:
        run = self._pool.submit
        vpcs = run(self._vpcs, vpc_ids)
        subnets = run(self._subnets, vpc_ids)
        tables = run(self._route_tables, vpc_ids)
        gateways = run(self._internet_gateways, vpc_ids)
        endpoints = run(self._endpoints, vpc_ids)
        groups = run(self._groups, vpc_ids)
        services = run(self._offered)
        attributes = {
            attribute: self._pool.map(partial(self._attribute, attribute), vpc_ids)
            for attribute in VpcAttribute
        }
        support = dict(zip(vpc_ids, attributes[VpcAttribute.DNS_SUPPORT], strict=True))
        hostnames = dict(zip(vpc_ids, attributes[VpcAttribute.DNS_HOSTNAMES], strict=True))
        for vpc_id, (owner_id, vpc_tags) in vpcs.result().items():
            yield Observation(
                vpc=Vpc(vpc_id, owner_id, vpc_tags, support[vpc_id], hostnames[vpc_id]),
                subnets=tuple(subnets.result()[vpc_id]),
                route_tables=tuple(tables.result()[vpc_id]),
                internet_gateway_ids=tuple(gateways.result()[vpc_id]),
                endpoints=tuple(endpoints.result()[vpc_id]),
                groups=tuple(groups.result()[vpc_id]),
                services=services.result(),
            )

    def _vpcs(self, vpc_ids: Sequence[str]) -> dict[str, tuple[str, Tags]]:
        found = {}
        for page in self._ec2.get_paginator("describe_vpcs").paginate(Filters=[_named("vpc-id", vpc_ids)]):
            for vpc in page["Vpcs"]:
                found[vpc["VpcId"]] = (vpc.get("OwnerId", ""), decode.tags(vpc.get("Tags", [])))
        return found

    def _attribute(self, attribute: VpcAttribute, vpc_id: str) -> bool:
        """Whether the attribute is on; a VPC that is gone has it off and is left out for being gone."""
        try:
            if attribute is VpcAttribute.DNS_SUPPORT:
                answer = self._ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsSupport")
                return answer["EnableDnsSupport"].get("Value", False)
            answer = self._ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsHostnames")
            return answer["EnableDnsHostnames"].get("Value", False)
        except ClientError as error:
            if refusals.classify(error).verdict is refusals.Verdict.GONE:
                return False
            raise

    def _subnets(self, vpc_ids: Sequence[str]) -> defaultdict[str, list[Subnet]]:
        found = defaultdict(list)
        for page in self._ec2.get_paginator("describe_subnets").paginate(Filters=[_named("vpc-id", vpc_ids)]):
            for subnet in page["Subnets"]:
                found[subnet["VpcId"]].append(decode.subnet(subnet))
        return found

    def _route_tables(self, vpc_ids: Sequence[str]) -> defaultdict[str, list[RouteTable]]:
        found = defaultdict(list)
        pages = self._ec2.get_paginator("describe_route_tables")
        for page in pages.paginate(Filters=[_named("vpc-id", vpc_ids)]):
            for table in page["RouteTables"]:
                found[table["VpcId"]].append(decode.route_table(table))
        return found

    def _internet_gateways(self, vpc_ids: Sequence[str]) -> defaultdict[str, list[str]]:
        found = defaultdict(list)
        pages = self._ec2.get_paginator("describe_internet_gateways")
        for page in pages.paginate(Filters=[_named("attachment.vpc-id", vpc_ids)]):
            for gateway in page["InternetGateways"]:
                for attachment in gateway.get("Attachments", []):
                    found[attachment.get("VpcId", "")].append(gateway["InternetGatewayId"])
        return found

    def _endpoints(self, vpc_ids: Sequence[str]) -> defaultdict[str, list[Endpoint]]:
        found = defaultdict(list)
        filters = [_named("vpc-id", vpc_ids), _named("vpc-endpoint-type", ["Interface"])]
        for page in self._ec2.get_paginator("describe_vpc_endpoints").paginate(Filters=filters):
            for given in page["VpcEndpoints"]:
                endpoint = decode.endpoint(given)
                if endpoint.state is not EndpointState.DELETED:
                    found[given["VpcId"]].append(endpoint)
        return found

    def _groups(self, vpc_ids: Sequence[str]) -> defaultdict[str, list[SecurityGroup]]:
        """The groups that bear our name, ours or not."""
        found = defaultdict(list)
        filters = [
            _named("vpc-id", vpc_ids),
            _named("group-name", [f"{self._ownership.group_name}*"]),
        ]
        for page in self._ec2.get_paginator("describe_security_groups").paginate(Filters=filters):
            for group in page["SecurityGroups"]:
                found[group["VpcId"]].append(decode.security_group(group))
        return found

    def _offered(self) -> Mapping[str, Service]:
        """The services that the Region offers, of those that any profile asks for.

        Asked for with a filter: named outright, one that is absent refuses the whole call.
        """
        if self._clock() >= self._services_until:
            pages = self._ec2.get_paginator("describe_vpc_endpoint_services")
            filters = [
                _named("service-name", self._service_names),
                _named("service-type", ["Interface"]),
            ]
            self._services = {
                service["ServiceName"]: decode.service(service)
                for page in pages.paginate(Filters=filters)
                for service in page["ServiceDetails"]
            }
            self._services_until = self._clock() + _SERVICES_KEPT_SECONDS
        return self._services


def _named(name: str, values: Iterable[str]) -> FilterTypeDef:
    return {"Name": name, "Values": list(values)}
