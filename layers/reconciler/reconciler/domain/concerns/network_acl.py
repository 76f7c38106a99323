"""Network ACLs between the clients and the endpoints: report only, since they are other people's rules.

A network ACL is stateless. Where traffic crosses a subnet's border, the client's subnet must let it out and
the answer in, and the endpoint's subnet the other way round. Answers go to the port that the client chose,
1024 to 65535 in all (facts, section 17). Within one subnet none is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network

from ..findings import Finding, Kind, Status
from ..model import NetworkAcl, Subnet
from ..profile import Clients
from ..situation import Situation
from . import Assessment

_ANSWERS = (1024, 65535)


def assess(situation: Situation) -> Assessment:
    """Report each network ACL that denies, for a whole subnet, what its clients and endpoints need."""
    acls = {subnet: acl for acl in situation.observation.network_acls for subnet in acl.subnet_ids}
    clients, holders = _clients(situation), _holders(situation)
    denied: dict[str, list[str]] = {}
    for client in clients:
        for holder in holders:
            if client.id == holder.id or not (client.cidr and holder.cidr):
                continue
            for port in situation.profile.ports:
                for acl_id, what in _denials(acls, client, holder, port):
                    denied.setdefault(acl_id, []).append(what)
    ports = ", ".join(map(str, situation.profile.ports))
    findings = (
        Finding(
            Kind.NETWORK_ACL,
            acl_id,
            found=f"it denies {'; '.join(dict.fromkeys(whats))}",
            wanted=f"rules that allow {ports}/tcp to the endpoints, and {_ANSWERS[0]}-{_ANSWERS[1]}/tcp back",
            status=Status.IMPAIRED,
        )
        for acl_id, whats in sorted(denied.items())
    )
    return Assessment(tuple(findings))


def _clients(situation: Situation) -> tuple[Subnet, ...]:
    whole = situation.profile.clients is Clients.VPC
    return situation.observation.subnets if whole else situation.private_subnets


def _holders(situation: Situation) -> list[Subnet]:
    """The subnets in which an interface endpoint of the profile stands."""
    named = (each for each in situation.observation.endpoints if situation.is_named(each))
    ids = {subnet_id for endpoint in named for subnet_id in endpoint.subnet_ids}
    return [subnet for subnet in situation.observation.subnets if subnet.id in ids]


def _denials(
    acls: dict[str, NetworkAcl], client: Subnet, holder: Subnet, port: int
) -> Iterable[tuple[str, str]]:
    """The four ways that a connection takes, of those the ones that an ACL denies: its id, and what."""
    ways = (
        (client, holder, True, (port, port), f"{port}/tcp from {client.id} out to {holder.id}"),
        (holder, client, False, (port, port), f"{port}/tcp from {client.id} in to {holder.id}"),
        (holder, client, True, _ANSWERS, f"the answers from {holder.id} out to {client.id}"),
        (client, holder, False, _ANSWERS, f"the answers from {holder.id} in to {client.id}"),
    )
    for of, other, egress, ports, what in ways:
        acl = acls.get(of.id)
        if acl is not None and _is_denied(acl, other.cidr, ports, egress=egress):
            yield acl.id, what


@lru_cache(maxsize=4096)
def _network(cidr: str) -> IPv4Network:
    """Each block is compared with many."""
    return IPv4Network(cidr)


def _is_denied(acl: NetworkAcl, cidr: str, ports: tuple[int, int], *, egress: bool) -> bool:
    """Whether the whole of `cidr` is denied on all of `ports`. The first rule that matches decides. One that
    allows any part of it lets something through, and is not judged further."""
    block = _network(cidr)
    for entry in sorted(acl.entries):
        of_way = entry.egress is egress and entry.protocol in ("-1", "6", "tcp") and ":" not in entry.cidr
        if not of_way:
            continue
        network = _network(entry.cidr)
        first, last = (0, 65535) if entry.protocol == "-1" else (entry.from_port, entry.to_port)
        if entry.allow and network.overlaps(block) and first <= ports[1] and ports[0] <= last:
            return False
        if not entry.allow and block.subnet_of(network) and first <= ports[0] and ports[1] <= last:
            return True
    return True
