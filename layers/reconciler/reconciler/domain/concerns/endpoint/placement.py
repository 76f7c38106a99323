"""Where an endpoint stands: one private subnet in each zone that its service offers.

Apart from the endpoint's other properties because moving is a question of its own: EC2 takes one subnet a
zone, and refuses to take a second one even where the same call removes the first (facts, section 3).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass

from ...actions import Candidates
from ...findings import Finding, Kind, Reason, Status, zone_uncovered
from ...model import AddressType, Endpoint, Observation, Service, Subnet
from ...situation import Situation


@dataclass(frozen=True)
class Placement:
    """The candidates of each zone that is to be covered, findings on the other zones, and what blocks
    them where none can be covered."""

    zones: Mapping[str, Candidates]
    address_type: AddressType
    findings: tuple[Finding, ...]
    blocked_by: Reason | None

    @property
    def subnet_ids(self) -> frozenset[str]:
        """The best candidate of each zone."""
        return frozenset(candidates[0] for candidates in self.zones.values())


@dataclass(frozen=True)
class SubnetChange:
    """What one modification does about an endpoint's subnets.

    `remediated` are the findings that it puts right, `others` those that it does not.
    `removal_needs_addition` says that without what is added no subnet would be left.
    """

    add: tuple[Candidates, ...]
    remove: tuple[str, ...]
    remediated: tuple[Finding, ...]
    others: tuple[Finding, ...]
    removal_needs_addition: bool = False


def place(
    situation: Situation,
    service: Service,
    attached: Set[str] = frozenset(),
    family: AddressType | None = None,
    current: AddressType | None = None,
) -> Placement:
    """Choose one private subnet a zone: the one already attached, else one that bears the placement tag, else
    the first by id; the attached one apart, one that has a free address. The same input gives the same choice
    (peers, 2).

    `family`, by default the profile's, is used where the service has it and no zone is lost by it; else IPv4.
    An endpoint that has it already, by `current`, keeps it, since its clients may use it, and goes without
    the zones that lack it.
    """
    profile, installation = situation.profile, situation.installation
    by_zone: dict[str, list[Subnet]] = defaultdict(list)
    for subnet in situation.subnets_to_stand_in:
        if not subnet.on_outpost and (not profile.zones or subnet.zone_id in profile.zones):
            by_zone[subnet.zone_id].append(subnet)

    def candidates(subnets: list[Subnet], family: AddressType) -> Candidates:
        usable = [s for s in subnets if _has(s, family) and (s.id in attached or _has_room(s))]
        best = sorted(
            usable, key=lambda s: (s.id not in attached, installation.placement_key not in s.tags, s.id)
        )
        return tuple(subnet.id for subnet in best)

    offered = {zone: subnets for zone, subnets in by_zone.items() if _offers(service, subnets[0])}
    family, on_family = _family(situation, service, family or profile.address_type, offered, current)
    fit = {zone: subnets for zone, subnets in offered.items() if any(_has(s, family) for s in subnets)}
    zones = {zone: candidates(subnets, family) for zone, subnets in sorted(fit.items())}
    full = [zone for zone, found in zones.items() if not found]
    findings = [
        *on_family,
        *(_uncovered(service, zone, Reason.ZONE_NOT_OFFERED) for zone in sorted(set(by_zone) - set(offered))),
        *(_uncovered(service, zone, Reason.NO_FREE_ADDRESSES) for zone in full),
    ]
    blocked_by = None
    if len(full) == len(zones):
        nowhere = Reason.ZONE_NOT_OFFERED if by_zone and not offered else Reason.NO_PRIVATE_SUBNET
        blocked_by = Reason.NO_FREE_ADDRESSES if full else nowhere
    covered = {zone: found for zone, found in zones.items() if found}
    return Placement(covered, family, tuple(findings), blocked_by)


def change_subnets(
    observation: Observation, placement: Placement, endpoint: Endpoint, *, narrow: bool
) -> SubnetChange:
    """What to add and remove now, so that runs bring `endpoint` to where it should stand.

    A subnet is replaced by another of its zone over two runs: removed, then added, since EC2 takes one
    subnet a zone. The last subnet goes only in the call that adds its successor in another zone. Where its
    only successor is in the same zone, it stays: the endpoint serves from any subnet, and would serve from
    none meanwhile. With `narrow` false nothing is removed.
    """
    attached = endpoint.subnet_ids
    if placement.blocked_by is not None:
        return SubnetChange((), (), (), (*placement.findings, _nowhere(endpoint, placement.blocked_by)))

    zone_of = {subnet.id: subnet.zone_id for subnet in observation.subnets}
    occupied = {zone_of.get(subnet_id) for subnet_id in attached}
    missing = {zone: found for zone, found in placement.zones.items() if found[0] not in attached}
    add = {zone: found for zone, found in missing.items() if zone not in occupied}
    remove = set(attached - placement.subnet_ids) if narrow else set()
    last = None
    if remove and remove == attached and not add:
        # One in a zone that needs no successor leaves all successors room.
        last = min(remove, key=lambda subnet_id: (zone_of.get(subnet_id) in missing, subnet_id))
        remove.remove(last)

    remediated, others = [], list(placement.findings)
    if add:
        remediated.append(_to_be_added(endpoint, {found[0] for found in add.values()}))
    if remove:
        remediated.append(_to_be_removed(endpoint, remove))
    if last and not remove:
        others.append(_last_subnet(endpoint, last))
    elif later := {missing[zone][0] for zone in missing if zone not in add}:
        others.append(_to_be_added_later(endpoint, later, narrow=narrow))
    return SubnetChange(
        tuple(add[zone] for zone in sorted(add)),
        tuple(sorted(remove)),
        tuple(remediated),
        tuple(others),
        removal_needs_addition=bool(remove) and remove == attached,
    )


def _nowhere(endpoint: Endpoint, reason: Reason) -> Finding:
    return Finding(
        Kind.ENDPOINT_SUBNET_MISSING,
        endpoint.id,
        found=f"no subnet to stand in; left in {_names(endpoint.subnet_ids)}",
        wanted="a private subnet in a zone that the service offers",
        status=Status.BLOCKED,
        reason=reason,
    )


def _to_be_added(endpoint: Endpoint, subnet_ids: Set[str]) -> Finding:
    wanted = f"{_names(subnet_ids)} too"
    return Finding(Kind.ENDPOINT_SUBNET_MISSING, endpoint.id, _names(endpoint.subnet_ids), wanted)


def _to_be_added_later(endpoint: Endpoint, subnet_ids: Set[str], *, narrow: bool) -> Finding:
    return Finding(
        Kind.ENDPOINT_SUBNET_MISSING,
        endpoint.id,
        found=f"{_names(subnet_ids)} not attached: another subnet of its zone is",
        wanted="one after the other" if narrow else "as its owner likes: what others made is only added to",
        status=Status.WAITING if narrow else Status.INFORMATIONAL,
    )


def _to_be_removed(endpoint: Endpoint, subnet_ids: Set[str]) -> Finding:
    wanted = "private subnets, one a zone, in the zones that the service offers"
    return Finding(Kind.ENDPOINT_SUBNET_EXTRA, endpoint.id, _names(subnet_ids), wanted)


def _last_subnet(endpoint: Endpoint, subnet_id: str) -> Finding:
    return Finding(
        Kind.ENDPOINT_SUBNET_EXTRA,
        endpoint.id,
        found=f"{subnet_id}, which is not private, or not the zone's. The endpoint has no other subnet, and "
        "EC2 takes no second one in the zone",
        wanted="left: the endpoint serves from it. A private subnet in another zone would take its place",
        status=Status.INFORMATIONAL,
    )


def _family(
    situation: Situation,
    service: Service,
    wanted: AddressType,
    offered: Mapping[str, list[Subnet]],
    current: AddressType | None,
) -> tuple[AddressType, tuple[Finding, ...]]:
    if wanted is AddressType.IPV4:
        return wanted, ()
    families = {AddressType.IPV4, AddressType.IPV6} if wanted is AddressType.DUALSTACK else {wanted}

    def covers(family: AddressType) -> set[str]:
        return {zone for zone, subnets in offered.items() if any(_has(s, family) for s in subnets)}

    lost = covers(AddressType.IPV4) - covers(wanted)
    if families <= service.address_types and not lost:
        return wanted, ()
    if current is wanted and covers(wanted):
        return wanted, tuple(_without_family(service, zone, wanted) for zone in sorted(lost))
    lacking = "the service" if not families <= service.address_types else "a zone's private subnets"
    finding = Finding(
        Kind.ENDPOINT_ADDRESS_TYPE,
        service.name,
        found=f"{lacking} cannot do {wanted} in {situation.vpc_id}",
        wanted=f"{wanted}; {AddressType.IPV4} is used",
        status=Status.INFORMATIONAL,
    )
    return AddressType.IPV4, (finding,)


def _has(subnet: Subnet, family: AddressType) -> bool:
    """Whether an endpoint of `family` can stand in the subnet (facts, section 2)."""
    if family is AddressType.IPV6:
        return bool(subnet.ipv6_cidrs) and not subnet.cidr
    return bool(subnet.cidr) and (family is AddressType.IPV4 or bool(subnet.ipv6_cidrs))


def _has_room(subnet: Subnet) -> bool:
    """EC2 counts free IPv4 addresses; of IPv6 there is no want."""
    return not subnet.cidr or subnet.free_addresses > 0


def _offers(service: Service, subnet: Subnet) -> bool:
    return subnet.zone_id in service.zones or subnet.zone_name in service.zones


def _uncovered(service: Service, zone: str, reason: Reason) -> Finding:
    """A zone that the service is not offered in is nobody's to correct; a full one is a person's."""
    resource = f"{service.name} in {zone}"
    if reason is Reason.ZONE_NOT_OFFERED:
        return zone_uncovered(resource, "the service does not offer the zone", Status.IMPAIRED, reason)
    return zone_uncovered(resource, "no private subnet has a free address", Status.BLOCKED, reason)


def _without_family(service: Service, zone: str, family: AddressType) -> Finding:
    found = f"no private subnet there can do {family}, which the endpoint's clients may use"
    return zone_uncovered(f"{service.name} in {zone}", found, Status.IMPAIRED)


def _names(subnet_ids: Set[str]) -> str:
    return ", ".join(sorted(subnet_ids)) or "no subnet"
