"""Whom the rules of security groups let in."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network

from .model import Rule, SecurityGroup, SourceKind


def reaches(rule: Rule, port: int) -> bool:
    """Whether a rule is for a TCP port."""
    return rule.protocol == "-1" or (rule.protocol == "tcp" and rule.from_port <= port <= rule.to_port)


def naming(groups: Iterable[SecurityGroup], group_id: str) -> list[str]:
    """The ids of the other groups with a rule that names this one, in order."""
    return sorted(
        each.id
        for each in groups
        if each.id != group_id and any(rule.source == group_id for rule in each.ingress | each.egress)
    )


def lets_in(groups: Iterable[SecurityGroup], client: Rule) -> bool:
    """Whether one rule of the groups lets in all that `client`, a rule for one port, does."""
    return any(_covers(rule, client) for group in groups for rule in group.ingress)


def _covers(rule: Rule, client: Rule) -> bool:
    if not reaches(rule, client.from_port) or rule.source_kind is not client.source_kind:
        return False
    if rule.source_kind not in (SourceKind.CIDR, SourceKind.CIDR_V6):
        return rule.source == client.source
    ours, theirs = ip_network(client.source), ip_network(rule.source)
    if isinstance(ours, IPv4Network) and isinstance(theirs, IPv4Network):
        return ours.subnet_of(theirs)
    return isinstance(ours, IPv6Network) and isinstance(theirs, IPv6Network) and ours.subnet_of(theirs)
