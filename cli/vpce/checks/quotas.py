"""EC2's quotas that a profile meets, and what is left of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from reconciler.domain.actions import CreateEndpoint, CreateGatewayEndpoint

from .check import Check, ok, warning, wrong

if TYPE_CHECKING:
    from .patient import Patient

# Where so much is used, a person should think of raising it.
_MUCH = 0.8


@dataclass(frozen=True)
class Quota:
    """A quota of the service `vpc`: its code, and what it is about."""

    code: str
    name: str


INTERFACE = Quota("L-29B6F2EB", "interface endpoints per VPC")
GATEWAY = Quota("L-1B52E74A", "gateway endpoints per Region")
GROUPS = Quota("L-2AFB9258", "security groups per network interface")
RULES = Quota("L-0EA8095F", "rules per security group")


@dataclass(frozen=True)
class Use:
    """How much of a quota is used where it is used most, and how much a plan wants beside."""

    quota: Quota
    where: str
    used: int
    wanted: int = 0


def look(patient: Patient) -> Iterator[Check]:
    """A line for each quota, of the VPC that has least left."""
    for use in uses(patient):
        yield judge(use, limit(patient, use.quota))


def judge(use: Use, most: int) -> Check:
    """What a quota of `most` means for who uses so much."""
    where = f" in {use.where}" if use.where else ""
    left = max(0, most - use.used)
    seen = f"{use.quota.name}: {use.used} of {most} used{where}, {left} left"
    raise_it = f"raise quota {use.quota.code} in Service Quotas"
    if use.used + use.wanted > most:
        return wrong("quotas", f"{seen}; {use.wanted} more are wanted", raise_it)
    if use.used + use.wanted > _MUCH * most:
        return warning("quotas", seen, raise_it)
    return ok("quotas", seen)


def uses(patient: Patient) -> Iterator[Use]:
    """The most that any VPC of the fleet uses, and the Region."""
    interfaces: Counter[str] = Counter()
    gateways = 0
    for page in patient.account.ec2.get_paginator("describe_vpc_endpoints").paginate():
        for each in page["VpcEndpoints"]:
            if str(each.get("State", "")).lower() in ("deleted", "deleting", "failed", "rejected", "expired"):
                continue
            kind = each.get("VpcEndpointType")
            gateways += kind == "Gateway"
            if kind in ("Interface", "GatewayLoadBalancer"):
                interfaces[each["VpcId"]] += 1
    seen = patient.fleet
    planned = {
        each.vpc_id: sum(isinstance(step.action, CreateEndpoint) for step in each.plan.steps) for each in seen
    }
    # The whole Region's, where nothing is kept yet.
    fullest = max(planned, key=lambda one: interfaces[one] + planned[one], default="")
    yield Use(INTERFACE, fullest, interfaces[fullest], planned.get(fullest, 0))
    wanted = sum(isinstance(step.action, CreateGatewayEndpoint) for each in seen for step in each.plan.steps)
    yield Use(GATEWAY, "", gateways, wanted)
    endpoints = [one for each in seen for one in each.observation.endpoints]
    grouped = max(endpoints, key=lambda one: len(one.group_ids), default=None)
    yield Use(GROUPS, grouped.id if grouped else "", len(grouped.group_ids) if grouped else 0)
    owned = dict(pair for each in seen for pair in each.plan.owned)
    groups = [one for each in seen for one in each.observation.groups if one.id in owned]
    ruled = max(groups, key=lambda one: len(one.ingress), default=None)
    yield Use(RULES, ruled.id if ruled else "", len(ruled.ingress) if ruled else 0)


def limit(patient: Patient, quota: Quota) -> int:
    """The quota as it is in this account, or as AWS gives it to everyone."""
    client = patient.account.quotas
    try:
        found = client.get_service_quota(ServiceCode="vpc", QuotaCode=quota.code)["Quota"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "NoSuchResourceException":
            raise
        found = client.get_aws_default_service_quota(ServiceCode="vpc", QuotaCode=quota.code)["Quota"]
    return int(found["Value"])
