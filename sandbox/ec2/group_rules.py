"""Security group rules, one key each: `IpPermissions` bundle several, and spell the same one in many ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from sandbox.ec2.calls import Params, Refused

_PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}
_FLAT = ("CidrIp", "SourceSecurityGroupName")


@dataclass(frozen=True)
class Key:
    """What makes a rule the same as another: all but its description."""

    protocol: str
    from_port: int | None
    to_port: int | None
    kind: str
    """Which of `cidr`, `cidr6`, `group`, `list` the peer is."""
    peer: str

    def __str__(self) -> str:
        """As EC2 says it in its refusals."""
        protocol = "ALL" if self.protocol == "-1" else self.protocol.upper()
        ports = "" if self.from_port is None else f", from port: {self.from_port}, to port: {self.to_port}"
        return f"peer: {self.peer}, {protocol}{ports}, ALLOW"


def permissions(params: Params) -> list[dict[str, Any]]:
    """A call's `IpPermissions`; the flat form is turned into one."""
    if "IpPermissions" in params or not any(name in params for name in _FLAT):
        found: list[dict[str, Any]] = params.get("IpPermissions", [])
        return found
    one: dict[str, Any] = {
        name: params[name] for name in ("IpProtocol", "FromPort", "ToPort") if name in params
    }
    if "CidrIp" in params:
        one["IpRanges"] = [{"CidrIp": params["CidrIp"]}]
    return [one]


def keys_of(permission: dict[str, Any]) -> Iterator[Key]:
    """The rules that one permission bundles."""
    for key, _ in peers_of(permission):
        yield key


def peers_of(permission: dict[str, Any]) -> Iterator[tuple[Key, dict[str, Any]]]:
    """The rules that one permission bundles, each with its own part of it."""
    raw = str(permission.get("IpProtocol", "-1")).lower()
    protocol = _PROTOCOLS.get(raw, raw)
    open_to_all = protocol == "-1"
    start = None if open_to_all else permission.get("FromPort", -1)
    end = None if open_to_all else permission.get("ToPort", -1)
    if protocol in ("tcp", "udp") and -1 in (start, end):
        message = "Invalid value for portRange. Must specify both from and to ports with TCP/UDP."
        raise Refused("InvalidParameterValue", message)
    for name, field, kind in _PEERS:
        for each in permission.get(name, []):
            value = canonical(each[field]) if kind.startswith("cidr") else each.get(field, "")
            yield Key(protocol, start, end, kind, value), each


_PEERS = (
    ("IpRanges", "CidrIp", "cidr"),
    ("Ipv6Ranges", "CidrIpv6", "cidr6"),
    ("UserIdGroupPairs", "GroupId", "group"),
    ("PrefixListIds", "PrefixListId", "list"),
)


def canonical(cidr: str) -> str:
    """A CIDR block as EC2 keeps it: the bits of the host cleared."""
    try:
        return str(ip_network(cidr, strict=False))
    except ValueError as e:
        raise Refused("InvalidParameterValue", f"CIDR block {cidr} is malformed") from e


def key_of(rule: Any) -> Key:
    """The key of one of moto's rules."""
    if rule.cidr_ipv4:
        kind, peer = "cidr", canonical(rule.cidr_ipv4)
    elif rule.cidr_ipv6:
        kind, peer = "cidr6", canonical(rule.cidr_ipv6)
    elif rule.source_group:
        kind, peer = "group", rule.source_group.get("GroupId", "")
    else:
        kind, peer = "list", rule.prefix_list_id or ""
    return Key(rule.ip_protocol, rule.from_port, rule.to_port, kind, peer)
