"""Which services a Region offers over PrivateLink, and in which zones: what AWS itself changes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from sandbox.ec2.calls import Refused, Request, Response
from sandbox.ec2.filters import wanted


@dataclass(frozen=True)
class Service:
    """One service of one type, as `DescribeVpcEndpointServices` tells of it."""

    name: str
    type: str = "Interface"
    zones: tuple[str, ...] = ("a", "b", "c")
    private_dns: tuple[str, ...] = ()
    policies: bool = True
    address_types: tuple[str, ...] = ("ipv4", "ipv6")
    acceptance_required: bool = False

    @property
    def id(self) -> str:
        """Its `vpce-svc-` id, the same in every run."""
        return "vpce-svc-" + hashlib.sha256(f"{self.name}{self.type}".encode()).hexdigest()[:17]


def _interface(region: str, name: str, host: str | None = None, **how: Any) -> Service:
    return Service(
        f"com.amazonaws.{region}.{name}", private_dns=(f"{host or name}.{region}.amazonaws.com",), **how
    )


def _of_the_region(region: str) -> list[Service]:
    no_policies: dict[str, Any] = {"policies": False, "address_types": ("ipv4",)}
    return [
        _interface(region, "appmesh", **no_policies),
        _interface(region, "appmesh-envoy-management", zones=("a", "b"), **no_policies),
        _interface(region, "ec2"),
        _interface(region, "ec2messages", address_types=("ipv4",)),
        _interface(region, "ecr.api", "api.ecr"),
        _interface(region, "ecr.dkr", "*.dkr.ecr"),
        _interface(region, "ecs"),
        _interface(region, "ecs-agent", "ecs-a"),
        _interface(region, "ecs-telemetry", "ecs-t"),
        _interface(region, "kms"),
        _interface(region, "logs"),
        _interface(region, "monitoring"),
        _interface(region, "s3"),
        _interface(region, "secretsmanager"),
        _interface(region, "servicediscovery"),
        _interface(region, "sqs"),
        _interface(region, "ssm"),
        _interface(region, "ssmmessages"),
        _interface(region, "sts"),
        _interface(region, "xray"),
        Service(f"com.amazonaws.{region}.dynamodb", "Gateway"),
        Service(f"com.amazonaws.{region}.s3", "Gateway"),
    ]


class Catalogue:
    """The services of a Region. Short names (`logs`) and full ones will both do."""

    def __init__(self, region: str, zone_ids: dict[str, str]) -> None:
        self._region = region
        self._zone_ids = zone_ids
        self._services = {(each.name, each.type): each for each in _of_the_region(region)}

    def full_name(self, name: str) -> str:
        """`com.amazonaws.REGION.` and the short name."""
        return name if name.startswith("com.") else f"com.amazonaws.{self._region}.{name}"

    def types_of(self, name: str) -> list[str]:
        """The types that a service has; none when it does not exist."""
        return [kind for full, kind in self._services if full == name]

    def find(self, name: str, kind: str) -> Service | None:
        """The service of that full name and type."""
        return self._services.get((name, kind))

    def change(self, name: str, kind: str = "Interface", **changes: Any) -> None:
        """Let a service differ from now on; one that did not exist comes to be."""
        full = self.full_name(name)
        service = self._services.get((full, kind)) or Service(full, kind)
        self._services[full, kind] = replace(service, **changes)

    def withdraw(self, name: str) -> None:
        """Let a service be gone from the Region, in all its types."""
        for kind in self.types_of(self.full_name(name)):
            del self._services[self.full_name(name), kind]

    def zones_of(self, service: Service) -> list[str]:
        """The names of the zones in which it is offered, by this account's naming."""
        return [self._region + letter for letter in service.zones]

    def describe(self, request: Request) -> Response:
        """`DescribeVpcEndpointServices`, unpaged."""
        names = request.ids("ServiceNames")
        known = {name for name, _ in self._services}
        for name in names:
            if name not in known:
                raise Refused("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
        found = [
            service
            for service in sorted(self._services.values(), key=lambda each: (each.name, each.type))
            if (not names or service.name in names) and self._passes(service, request.filters)
        ]
        return {
            "ServiceNames": sorted({service.name for service in found}),
            "ServiceDetails": [self._detail(service) for service in found],
        }

    def _passes(self, service: Service, filters: list[dict[str, Any]]) -> bool:
        fields = {
            "service-name": lambda: [service.name],
            "service-type": lambda: [service.type],
            "service-region": lambda: [self._region],
            "supported-ip-address-types": lambda: list(service.address_types),
            "owner": lambda: ["amazon"],
        }
        return wanted(filters, fields, {})

    def _detail(self, service: Service) -> dict[str, Any]:
        zones = self.zones_of(service)
        detail: dict[str, Any] = {
            "ServiceName": service.name,
            "ServiceId": service.id,
            "ServiceType": [{"ServiceType": service.type}],
            "ServiceRegion": self._region,
            "AvailabilityZones": zones,
            "AvailabilityZoneIds": [self._zone_ids[zone] for zone in zones if zone in self._zone_ids],
            "Owner": "amazon",
            "BaseEndpointDnsNames": [f"{service.name.rpartition('.')[2]}.{self._region}.vpce.amazonaws.com"],
            "VpcEndpointPolicySupported": service.policies,
            "AcceptanceRequired": service.acceptance_required,
            "ManagesVpcEndpoints": False,
            "Tags": [],
            "SupportedIpAddressTypes": list(service.address_types),
        }
        if service.private_dns:
            detail["PrivateDnsName"] = service.private_dns[0]
            detail["PrivateDnsNames"] = [{"PrivateDnsName": name} for name in service.private_dns]
            detail["PrivateDnsNameVerificationState"] = "verified"
        return detail
