"""What AWS, or another account, does without being called: the levers that tests and the demo pull."""

from __future__ import annotations

from typing import Any

from sandbox.ec2.endpoints import FOREVER
from sandbox.ec2.late import KINDS
from sandbox.ec2.world import Quotas, Timings, World


class Levers:
    """Changes to the world that no call of EC2's makes."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def timings(self) -> Timings:
        """How long AWS takes: change its fields."""
        return self._world.timings

    @property
    def quotas(self) -> Quotas:
        """The account's limits: change its fields."""
        return self._world.quotas

    def service(self, name: str, kind: str = "Interface", **changes: Any) -> None:
        """Let a service differ in any field of `services.Service`, such as `zones=("a",)`."""
        self._world.services.change(name, kind, **changes)

    def withdraw(self, name: str) -> None:
        """Let a service be gone from the Region."""
        self._world.services.withdraw(name)

    def force_state(self, endpoint_id: str, state: str | None, error: tuple[str, str] | None = None) -> None:
        """Put an endpoint into failed, rejected, expired, partial or pendingAcceptance; None: let it go."""
        endpoint = self._world.endpoint(endpoint_id)
        endpoint.forced_state, endpoint.last_error = state, error

    def delete_endpoint(self, endpoint_id: str) -> None:
        """Let an endpoint be gone at once, without a call."""
        endpoint = self._world.endpoint(endpoint_id)
        endpoint.deleting_from = endpoint.deleted_from = endpoint.gone_from = -FOREVER
        self._world.unsettled.add(endpoint_id)
        self._world.settle()

    def free_addresses(self, subnet_id: str, count: int) -> None:
        """Let a subnet have so many free addresses left."""
        subnet = self._world.subnet(subnet_id)
        subnet._available_ip_addresses += count - subnet.available_ip_address_count

    def private_zone(self, vpc_id: str, domain: str) -> None:
        """Associate a private hosted zone with a VPC: private DNS for that name is refused from now on."""
        self._world.hosted_zones.add((vpc_id, domain))

    def drop_private_zone(self, vpc_id: str, domain: str) -> None:
        """Take a private hosted zone away again."""
        self._world.hosted_zones.discard((vpc_id, domain))

    def share(self, vpc_id: str, owner: str = "999988887777") -> None:
        """Let a VPC be another account's, shared with this one through RAM."""
        self._world.owners[self._world.vpc(vpc_id).id] = owner

    def show_late(self, kind: str, seconds: float) -> None:
        """Let what is made or changed be seen only after so long: a kind of `late.KINDS`, or `*` for all."""
        if kind != "*" and kind not in KINDS:
            raise ValueError(f"{kind} is none of {', '.join(KINDS)}")
        for each in KINDS if kind == "*" else (kind,):
            self._world.late.seconds[each] = seconds
