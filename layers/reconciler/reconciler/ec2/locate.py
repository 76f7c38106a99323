"""From what an event touched to the opted-in VPCs to look at.

From the event alone where it can; else by one look-up; else, where the resource is already gone, everywhere:
then the sweep, which observes in bulk, finds the VPCs that differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..domain.installation import Installation
from ..domain.trail import ResourceType, Touched
from . import errors
from .filters import chunks, matching

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import FilterTypeDef

# Events whose resources may belong to several VPCs at once.
_TAGGING = frozenset({"CreateTags", "DeleteTags", "Tag Change on Resource"})
_KNOWN_SECONDS = 60


@dataclass(frozen=True)
class Located:
    """The VPCs to look at; `everywhere` where that is not known."""

    vpc_ids: frozenset[str]
    everywhere: bool = False


EVERYWHERE = Located(frozenset(), everywhere=True)


class Locator:
    """Finds the VPCs of events. It remembers for a minute which VPCs have opted in, so that a burst of events
    is not a burst of look-ups; a VPC that has opted out meanwhile costs a run, which does nothing.
    """

    def __init__(self, ec2: EC2Client, installation: Installation, clock: Callable[[], float]) -> None:
        self._ec2 = ec2
        self._installation = installation
        self._clock = clock
        self._opted_in: dict[str, float] = {}

    def locate(self, touched: Touched) -> Located:
        """Find the opted-in VPCs that `touched` is about.

        Where EC2 refuses the look-up, nothing is lost: the VPCs are taken to have opted in, for a run reads
        the tag itself, and where they are not known, they are everywhere.
        """
        vpc_ids = touched.ids.get(ResourceType.VPC, frozenset())
        try:
            if not vpc_ids or touched.event_name in _TAGGING:
                found = self._look_up(touched)
                if found is None:
                    return EVERYWHERE
                vpc_ids |= found
            if touched.deletion_refused:
                # A deletion is tried again and again: what holds it up in other people's VPCs is not ours.
                owning = with_owned(self._ec2, self._installation, vpc_ids) if vpc_ids else ()
                return Located(self._those_opted_in(vpc_ids) | frozenset(owning))
            # EC2 may not show yet what the event says, or no longer: a tag that was removed.
            certain = touched.names_our_tags or touched.event_name == "DeleteTags"
            return Located(vpc_ids if certain else self._those_opted_in(vpc_ids))
        except errors.ERRORS:
            return Located(vpc_ids) if vpc_ids else EVERYWHERE

    def _those_opted_in(self, vpc_ids: frozenset[str]) -> frozenset[str]:
        now = self._clock()
        known = {vpc_id for vpc_id in vpc_ids if self._opted_in.get(vpc_id, float("-inf")) > now}
        if unknown := vpc_ids - known:
            found = set(opted_in(self._ec2, self._installation, unknown))
            self._opted_in.update(dict.fromkeys(found, now + _KNOWN_SECONDS))
            known |= found
        return frozenset(known)

    def _look_up(self, touched: Touched) -> frozenset[str] | None:
        """The VPCs of the resources that the event names, or None where not all are known."""
        resources = {kind: ids for kind, ids in touched.ids.items() if kind is not ResourceType.VPC}
        if touched.event_name in _TAGGING:
            return frozenset(vpc for kind, ids in resources.items() for vpc in self._vpcs_of(kind, ids))
        # The resources of any other event are of one kind, or of one VPC: the first kind will do.
        for kind in ResourceType:
            if kind in resources:
                refused = touched.deletion_refused
                found = list(self._vpcs_of(kind, resources[kind], any_group=refused))
                if kind is ResourceType.GROUP and not refused:
                    deleted = touched.event_name == "DeleteSecurityGroup"
                    return self._without_group() if deleted else frozenset(found)
                return frozenset(found) if len(found) >= len(resources[kind]) else None
        return None

    def _without_group(self) -> frozenset[str]:
        """The opted-in VPCs that have no group of ours: one that was deleted was of one of these."""
        names = [matching("group-name", [f"{self._installation.group_name}*"])]
        pages = self._ec2.get_paginator("describe_security_groups").paginate(Filters=names)
        with_group = {group["VpcId"] for page in pages for group in page["SecurityGroups"]}
        return frozenset(set(opted_in(self._ec2, self._installation)) - with_group)

    def _vpcs_of(self, kind: ResourceType, ids: Iterable[str], *, any_group: bool = False) -> Iterator[str]:
        """The VPC of each resource that there is."""
        for some in chunks(ids):
            if kind is ResourceType.ROUTE_TABLE:
                filters = [matching("route-table-id", some)]
                for tables in self._ec2.get_paginator("describe_route_tables").paginate(Filters=filters):
                    yield from (table["VpcId"] for table in tables["RouteTables"])
            elif kind is ResourceType.SUBNET:
                filters = [matching("subnet-id", some)]
                for subnets in self._ec2.get_paginator("describe_subnets").paginate(Filters=filters):
                    yield from (subnet["VpcId"] for subnet in subnets["Subnets"])
            elif kind is ResourceType.ENDPOINT:
                filters = [matching("vpc-endpoint-id", some)]
                for endpoints in self._ec2.get_paginator("describe_vpc_endpoints").paginate(Filters=filters):
                    yield from (endpoint["VpcId"] for endpoint in endpoints["VpcEndpoints"])
            elif kind is ResourceType.GROUP:
                # Only groups of ours matter: a busy account's other groups cost this look and no run. But any
                # group may stand on an endpoint of ours, and hold up its own deletion.
                ours = matching("group-name", [f"{self._installation.group_name}*"])
                filters = [matching("group-id", some)] if any_group else [matching("group-id", some), ours]
                for groups in self._ec2.get_paginator("describe_security_groups").paginate(Filters=filters):
                    yield from (group["VpcId"] for group in groups["SecurityGroups"])


def opted_in(ec2: EC2Client, installation: Installation, among: Iterable[str] | None = None) -> Iterator[str]:
    """The ids of the VPCs that bear the opt-in tag; of the whole Region unless `among` names some."""
    tagged = matching("tag-key", [installation.profile_key])
    for some in [None] if among is None else chunks(among):
        filters = [tagged] if some is None else [tagged, matching("vpc-id", some)]
        for page in ec2.get_paginator("describe_vpcs").paginate(Filters=filters):
            yield from (vpc["VpcId"] for vpc in page["Vpcs"])


def bearing_our_tags(ec2: EC2Client, installation: Installation) -> Iterator[str]:
    """The ids of the Region's VPCs with a tag under our prefix: the opted-in ones, and those on which
    someone misspelt a key."""
    ours = [matching("tag-key", [f"{installation.tag_prefix}:*"])]
    for page in ec2.get_paginator("describe_vpcs").paginate(Filters=ours):
        yield from (vpc["VpcId"] for vpc in page["Vpcs"])


def with_owned(
    ec2: EC2Client, installation: Installation, among: Iterable[str] | None = None
) -> Iterator[str]:
    """The ids of the VPCs in which something bears our owner tag, some more than once; of the whole Region
    unless `among` names some."""
    for some in [None] if among is None else chunks(among):
        filters = [] if some is None else [matching("vpc-id", some)]
        yield from _with_owned(ec2, installation, filters)


def _with_owned(
    ec2: EC2Client, installation: Installation, filters: Sequence[FilterTypeDef]
) -> Iterator[str]:
    owned = [*filters, matching(f"tag:{installation.owner_key}", [installation.id])]
    for groups in ec2.get_paginator("describe_security_groups").paginate(Filters=owned):
        yield from (group["VpcId"] for group in groups["SecurityGroups"])
    for endpoints in ec2.get_paginator("describe_vpc_endpoints").paginate(Filters=owned):
        yield from (endpoint["VpcId"] for endpoint in endpoints["VpcEndpoints"])
