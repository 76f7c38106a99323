"""A VPC endpoint and its life: moto's has no states, and no private DNS to switch on and off."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_FULL_ACCESS: dict[str, Any] = {
    "Statement": [{"Action": "*", "Effect": "Allow", "Principal": "*", "Resource": "*"}],
}
FOREVER = float("inf")


def full_access(kind: str) -> str:
    """The policy that EC2 attaches when none is given."""
    version = {"Version": "2008-10-17"} if kind == "Gateway" else {}
    return json.dumps(version | _FULL_ACCESS)


def reformatted(policy: str) -> str:
    """A policy as EC2 gives it back: the same JSON, laid out and ordered its own way."""
    return json.dumps(json.loads(policy), sort_keys=True, indent=2, separators=(", ", ": "))


@dataclass(eq=False)
class Endpoint:
    """One endpoint, and the moments at which its state changes by itself."""

    id: str
    vpc_id: str
    service_name: str
    type: str
    owner_id: str
    created: float
    available_from: float
    subnets: dict[str, str] = field(default_factory=dict)
    """The subnets it stands in, each with the id of its network interface there."""
    groups: list[str] = field(default_factory=list)
    route_tables: list[str] = field(default_factory=list)
    prefix_list: str | None = None
    private_dns: bool = False
    private_dns_names: tuple[str, ...] = ()
    policy: str | None = None
    address_type: str = "ipv4"
    forced_state: str | None = None
    """A state that AWS put it into: failed, rejected, expired, partial, pendingAcceptance."""
    last_error: tuple[str, str] | None = None
    modifying_until: float = 0.0
    pending_until: float = 0.0
    leaving: list[str] = field(default_factory=list)
    """Interfaces in subnets just taken away: they go when the modification ends."""
    deleting_from: float = FOREVER
    deleted_from: float = FOREVER
    gone_from: float = FOREVER

    def state(self, now: float) -> str:
        """The state at a moment, in the letters of the API's filters."""
        if now >= self.deleted_from:
            return "deleted"
        if now >= self.deleting_from:
            return "deleting"
        if self.forced_state:
            return self.forced_state
        return "available" if now >= max(self.available_from, self.pending_until) else "pending"

    def alive(self, now: float) -> bool:
        """Whether it still holds its name, its addresses and its groups."""
        return now < self.deleted_from

    def counts(self, now: float) -> bool:
        """Whether it takes up quota: from its creation to the call that deletes it."""
        return now < self.deleting_from

    @property
    def interfaces(self) -> list[str]:
        """The ids of its network interfaces."""
        return list(self.subnets.values())

    @property
    def creation_time(self) -> datetime:
        """When it was made."""
        return datetime.fromtimestamp(self.created, UTC)

    def dns_entries(self, region: str, zones: list[str]) -> list[dict[str, str]]:
        """Its names: its own, one a zone, and the service's where private DNS is on."""
        mark = hashlib.sha256(self.id.encode()).hexdigest()[:8]
        service = self.service_name.rpartition(f".{region}.")[2]
        heads = [f"{self.id}-{mark}", *(f"{self.id}-{mark}-{zone}" for zone in zones)]
        names = [f"{head}.{service}.{region}.vpce.amazonaws.com" for head in heads]
        entries = [{"DnsName": name, "HostedZoneId": "Z38GZ743OKFT7T"} for name in names]
        if self.private_dns:
            entries += [
                {"DnsName": name, "HostedZoneId": f"ZP{mark.upper()}"} for name in self.private_dns_names
            ]
        return entries
