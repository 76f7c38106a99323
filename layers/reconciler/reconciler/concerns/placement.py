"""Where an endpoint stands: one private subnet in each zone that its service offers.

Apart from `endpoints` because moving an endpoint is a question of its own: EC2 takes one subnet a zone, and
refuses to take a second one even where the same call removes the first (facts, section 3).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set
from dataclasses import dataclass

from ..model import Endpoint, Finding, Kind, Observation, Reason, Service, Status, Subnet
from ..topology import private_subnets


@dataclass(frozen=True)
class Placement:
    """The subnets to stand in, the zones that stay uncovered, and why there are no subnets at all."""

    subnet_ids: frozenset[str]
    findings: tuple[Finding, ...]
    hindrance: Reason | None


@dataclass(frozen=True)
class SubnetChange:
    """What one modification does about an endpoint's subnets.

    `remedied` are the findings that it puts right, `notes` those that it does not.
    """

    add: tuple[str, ...]
    remove: tuple[str, ...]
    remedied: tuple[Finding, ...]
    notes: tuple[Finding, ...]


def place(observation: Observation, service: Service, attached: Set[str] = frozenset()) -> Placement:
    """Choose one private subnet a zone: the one already attached, else the first by id that has a free
    address. The same input gives the same choice (peers, 2)."""
    by_zone: dict[str, list[Subnet]] = defaultdict(list)
    for subnet in private_subnets(observation):
        by_zone[subnet.zone_id].append(subnet)
    chosen: set[str] = set()
    uncovered = []
    for zone, subnets in sorted(by_zone.items()):
        usable = [s for s in subnets if s.id in attached] or [s for s in subnets if s.free_addresses > 0]
        if not _offers(service, subnets[0]):
            uncovered.append(_uncovered(service, zone, Reason.ZONE_NOT_OFFERED))
        elif usable:
            chosen.add(usable[0].id)
        else:
            uncovered.append(_uncovered(service, zone, Reason.NO_FREE_ADDRESSES))
    hindrance = None
    if not chosen:
        reasons = {finding.reason for finding in uncovered}
        if not reasons:
            hindrance = Reason.NO_PRIVATE_SUBNET
        elif Reason.NO_FREE_ADDRESSES in reasons:
            hindrance = Reason.NO_FREE_ADDRESSES
        else:
            hindrance = Reason.ZONE_NOT_OFFERED
    return Placement(frozenset(chosen), tuple(uncovered), hindrance)


def change_subnets(
    observation: Observation, service: Service, endpoint: Endpoint, *, narrow: bool
) -> SubnetChange:
    """What to add and remove now, so that passes bring `endpoint` to where it should stand.

    A subnet is replaced by another of its zone over two passes: removed, then added. An endpoint is not
    left without a subnet for that, as long as it has another one: the last one goes when its successor in
    another zone has come. With `narrow` false nothing is removed.
    """
    attached = endpoint.subnet_ids
    placement = place(observation, service, attached)
    if placement.hindrance is not None:
        hindered = Finding(
            Kind.ENDPOINT_SUBNET_MISSING,
            endpoint.id,
            found=f"no subnet to stand in; left in {_names(attached)}",
            wanted="a private subnet in a zone that the service offers",
            status=Status.BLOCKED,
            reason=placement.hindrance,
        )
        return SubnetChange((), (), (), (*placement.findings, hindered))

    zones = {subnet.id: subnet.zone_id for subnet in observation.subnets}
    occupied = {zones.get(subnet_id) for subnet_id in attached}
    missing, extra = placement.subnet_ids - attached, attached - placement.subnet_ids
    add = {subnet_id for subnet_id in missing if zones[subnet_id] not in occupied}
    remove = set(extra) if narrow else set()
    if remove == attached and not add and len(remove) > 1:
        remove.remove(min(remove))
    later = missing - add if narrow else frozenset()

    remedied = []
    if add:
        remedied.append(
            Finding(Kind.ENDPOINT_SUBNET_MISSING, endpoint.id, _names(attached), f"{_names(add)} too")
        )
    if remove:
        remedied.append(
            Finding(
                Kind.ENDPOINT_SUBNET_EXTRA,
                endpoint.id,
                _names(remove),
                "private subnets, one a zone, in the zones that the service offers",
            )
        )
    notes = list(placement.findings)
    if later:
        notes.append(
            Finding(
                Kind.ENDPOINT_SUBNET_MISSING,
                endpoint.id,
                found=f"{_names(later)} not attached: another subnet of its zone is",
                wanted="one after the other",
                status=Status.CONVERGING,
            )
        )
    return SubnetChange(tuple(sorted(add)), tuple(sorted(remove)), tuple(remedied), tuple(notes))


def _offers(service: Service, subnet: Subnet) -> bool:
    return subnet.zone_id in service.zones or subnet.zone_name in service.zones


def _uncovered(service: Service, zone: str, reason: Reason) -> Finding:
    """A zone that the service is not offered in is nobody's to mend; a full one is a person's."""
    offered = reason is not Reason.ZONE_NOT_OFFERED
    return Finding(
        Kind.ZONE_UNCOVERED,
        f"{service.name} in {zone}",
        found="no private subnet has a free address" if offered else "the service does not offer the zone",
        wanted="a subnet of the endpoint in each zone that has private subnets",
        status=Status.BLOCKED if offered else Status.NOTED,
        reason=reason,
    )


def _names(subnet_ids: Set[str]) -> str:
    return ", ".join(sorted(subnet_ids)) or "no subnet"
