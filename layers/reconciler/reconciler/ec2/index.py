"""EC2 to an index of the VPCs that matter, in bulk: three calls, and four for each 200 VPCs, and a call more
for each further page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from ..domain.index import Index
from ..domain.installation import Installation
from .filters import chunks, matching

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import SecurityGroupTypeDef


class IndexReader:
    """Reads an index. `now` gives seconds since 1970."""

    def __init__(self, ec2: EC2Client, installation: Installation, now: Callable[[], float]) -> None:
        self._ec2 = ec2
        self._installation = installation
        self._now = now

    def read(self, also: Iterable[str] = ()) -> Index:
        """Read one. `also` are VPCs that matter though EC2 may not show yet why: an event says so.

        Raises:
            One of `errors.ERRORS`: when EC2 refuses a read.
        """
        read_at = self._now()
        matter = {*also, *bearing_our_tags(self._ec2, self._installation)}
        matter |= set(with_owned(self._ec2, self._installation))
        vpc_of = {each: each for each in matter}
        ours = set()
        for some in chunks(matter):
            vpc_of |= dict(self._subnets(some))
            vpc_of |= dict(self._route_tables(some))
            vpc_of |= dict(self._endpoints(some))
            for group in self._groups(some):
                vpc_of[group["GroupId"]] = group["VpcId"]
                if self._is_ours(group):
                    ours.add(group["GroupId"])
        return Index(read_at, vpc_of, frozenset(ours))

    def _is_ours(self, group: SecurityGroupTypeDef) -> bool:
        owner = {tag["Key"]: tag["Value"] for tag in group.get("Tags", [])}.get(self._installation.owner_key)
        named = group.get("GroupName", "").startswith(self._installation.group_name)
        return named or owner == self._installation.id

    def _subnets(self, vpc_ids: list[str]) -> Iterator[tuple[str, str]]:
        pages = self._ec2.get_paginator("describe_subnets")
        for page in pages.paginate(Filters=[matching("vpc-id", vpc_ids)]):
            yield from ((each["SubnetId"], each["VpcId"]) for each in page["Subnets"])

    def _route_tables(self, vpc_ids: list[str]) -> Iterator[tuple[str, str]]:
        """The route tables, and their associations: an event may name an association alone."""
        pages = self._ec2.get_paginator("describe_route_tables")
        for page in pages.paginate(Filters=[matching("vpc-id", vpc_ids)]):
            for table in page["RouteTables"]:
                yield table["RouteTableId"], table["VpcId"]
                for each in table.get("Associations", []):
                    yield each["RouteTableAssociationId"], table["VpcId"]

    def _endpoints(self, vpc_ids: list[str]) -> Iterator[tuple[str, str]]:
        pages = self._ec2.get_paginator("describe_vpc_endpoints")
        for page in pages.paginate(Filters=[matching("vpc-id", vpc_ids)]):
            yield from ((each["VpcEndpointId"], each["VpcId"]) for each in page["VpcEndpoints"])

    def _groups(self, vpc_ids: list[str]) -> Iterator[SecurityGroupTypeDef]:
        pages = self._ec2.get_paginator("describe_security_groups")
        for page in pages.paginate(Filters=[matching("vpc-id", vpc_ids)]):
            yield from page["SecurityGroups"]


def bearing_our_tags(ec2: EC2Client, installation: Installation) -> Iterator[str]:
    """The ids of the Region's VPCs with a tag under our prefix: the opted-in ones, and those on which
    someone misspelt a key."""
    ours = [matching("tag-key", [f"{installation.tag_prefix}:*"])]
    for page in ec2.get_paginator("describe_vpcs").paginate(Filters=ours):
        yield from (vpc["VpcId"] for vpc in page["Vpcs"])


def with_owned(ec2: EC2Client, installation: Installation) -> Iterator[str]:
    """The ids of the Region's VPCs in which something bears our owner tag, some more than once."""
    owned = [matching(f"tag:{installation.owner_key}", [installation.id])]
    for groups in ec2.get_paginator("describe_security_groups").paginate(Filters=owned):
        yield from (group["VpcId"] for group in groups["SecurityGroups"])
    for endpoints in ec2.get_paginator("describe_vpc_endpoints").paginate(Filters=owned):
        yield from (endpoint["VpcId"] for endpoint in endpoints["VpcEndpoints"])
