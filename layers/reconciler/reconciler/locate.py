"""From what an event touched to the opted-in VPCs to look at.

From the event alone where it can; else by one look-up; else, where the resource is already gone, everywhere:
then the sweep, which observes in bulk, finds the VPCs that differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .ownership import Ownership
from .trail import ResourceType, Touched

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import FilterTypeDef

# Events whose resources may belong to several VPCs at once.
_TAGGING = frozenset({"CreateTags", "DeleteTags", "Tag Change on Resource"})


@dataclass(frozen=True)
class Located:
    """The opted-in VPCs of an event; `everywhere` where it cannot be told which they are."""

    vpc_ids: frozenset[str]
    everywhere: bool = False


def locate(touched: Touched, ec2: EC2Client, ownership: Ownership) -> Located:
    """Find the opted-in VPCs that `touched` is about.

    Raises:
        botocore.exceptions.ClientError: when EC2 refuses a look-up.
    """
    vpc_ids = set(touched.ids.get(ResourceType.VPC, ()))
    if not vpc_ids or touched.event_name in _TAGGING:
        found = _look_up(touched, ec2, ownership)
        if found is None:
            return Located(frozenset(), everywhere=True)
        vpc_ids |= found
    # EC2 may not show yet what the event tells of.
    if vpc_ids and not touched.names_our_tags:
        vpc_ids = set(opted_in(ec2, ownership, vpc_ids))
    return Located(frozenset(vpc_ids))


def opted_in(ec2: EC2Client, ownership: Ownership, among: Iterable[str] | None = None) -> Iterator[str]:
    """The ids of the VPCs that bear the opt-in tag; of the whole Region unless `among` names some."""
    filters = [_filter("tag-key", [ownership.profile_key])]
    if among is not None:
        filters.append(_filter("vpc-id", among))
    for page in ec2.get_paginator("describe_vpcs").paginate(Filters=filters):
        for vpc in page["Vpcs"]:
            yield vpc["VpcId"]


def _look_up(touched: Touched, ec2: EC2Client, ownership: Ownership) -> set[str] | None:
    """The VPCs of the resources that the event names, or None where they cannot be told."""
    named = {kind: ids for kind, ids in touched.ids.items() if kind is not ResourceType.VPC}
    if touched.event_name not in _TAGGING:
        # The resources of any other event are of one VPC: the first kind that there is will do.
        named = {kind: named[kind] for kind in ResourceType if kind in named}
        named = dict(list(named.items())[:1])
    if not named:
        return set() if touched.event_name in _TAGGING else None
    found: set[str] = set()
    for kind, ids in named.items():
        vpc_ids = set(_vpcs_of(kind, ids, ec2, ownership))
        gone = not vpc_ids and (kind is not ResourceType.GROUP or touched.event_name == "DeleteSecurityGroup")
        if gone and touched.event_name not in _TAGGING:
            return None
        found |= vpc_ids
    return found


def _vpcs_of(kind: ResourceType, ids: Iterable[str], ec2: EC2Client, ownership: Ownership) -> Iterator[str]:
    if kind is ResourceType.ROUTE_TABLE:
        for tables in ec2.get_paginator("describe_route_tables").paginate(
            Filters=[_filter("route-table-id", ids)]
        ):
            yield from (table["VpcId"] for table in tables["RouteTables"])
    elif kind is ResourceType.SUBNET:
        for subnets in ec2.get_paginator("describe_subnets").paginate(Filters=[_filter("subnet-id", ids)]):
            yield from (subnet["VpcId"] for subnet in subnets["Subnets"])
    elif kind is ResourceType.ENDPOINT:
        for endpoints in ec2.get_paginator("describe_vpc_endpoints").paginate(
            Filters=[_filter("vpc-endpoint-id", ids)]
        ):
            yield from (endpoint["VpcId"] for endpoint in endpoints["VpcEndpoints"])
    elif kind is ResourceType.GROUP:
        # Only our own groups matter: a busy account's other groups cost this look and no pass.
        for groups in ec2.get_paginator("describe_security_groups").paginate(
            Filters=[_filter("group-id", ids), _filter("group-name", [f"{ownership.group_name}*"])]
        ):
            yield from (group["VpcId"] for group in groups["SecurityGroups"])


def _filter(name: str, values: Iterable[str]) -> FilterTypeDef:
    return {"Name": name, "Values": sorted(values)}
