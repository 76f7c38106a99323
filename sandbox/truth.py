"""What EC2 itself says about a tagged VPC: is everything there that the design promises, and nothing else?

It is written from the design's table and shares no code with the reconciler, so that a verdict of the demo
and of the tests is a second opinion and never the program's own word.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sandbox import access

Found = Mapping[str, Any]
"""Something that EC2 describes, by the names that boto3 uses."""


Look = Callable[..., Found]
"""Reads EC2's state, as `Ec2.truth` does: not throttled, nothing late, and it leaves no trace."""

APP_MESH = f"com.amazonaws.{access.REGION}.appmesh-envoy-management"
LOGS = f"com.amazonaws.{access.REGION}.logs"
_GONE = {"deleted"}


@dataclass(frozen=True)
class Truth:
    """Looks at VPCs through EC2's own answers; `owner` is the stack's name, `prefix` that of its tags."""

    look: Look
    owner: str = "vpc-endpoint-remediator"
    prefix: str = "vpce-remediator"

    def faults(self, vpc: str) -> list[str]:
        """What is not as it must be, in words; empty when all is well."""
        return [*self._dns_faults(vpc), *self._group_faults(vpc), *self._endpoint_faults(vpc)]

    def snapshot(self, vpc: str) -> str:
        """All of a VPC that a remediator could change, as text: equal before and after means untouched."""
        names = ("enableDnsSupport", "enableDnsHostnames")
        attributes = [(name, self._attribute(vpc, name)) for name in names]
        groups = sorted(map(repr, self.groups(vpc)))
        endpoints = sorted(repr({**each, "State": ""}) for each in self.endpoints(vpc))
        return repr((attributes, groups, endpoints))

    def endpoints(self, vpc: str, service: str | None = None) -> list[Found]:
        """The VPC's interface endpoints, of one service or all."""
        found = self.look("DescribeVpcEndpoints", Filters=_in(vpc))["VpcEndpoints"]
        return [
            each
            for each in found
            if each["State"].lower() not in _GONE
            and each["VpcEndpointType"] == "Interface"
            and service in (None, each["ServiceName"])
        ]

    def owned_group(self, vpc: str) -> Found | None:
        """The VPC's security group that is owned by its marks, if there is just one."""
        owned = [group for group in self.groups(vpc) if self._owned(group.get("Tags", []), vpc)]
        return owned[0] if len(owned) == 1 else None

    def private_subnets(self, vpc: str) -> list[Found]:
        """Subnets whose route table has no active route to an internet gateway."""
        tables = self.look("DescribeRouteTables", Filters=_in(vpc))["RouteTables"]
        subnets = self.look("DescribeSubnets", Filters=_in(vpc))["Subnets"]
        gateways = self._gateways(vpc)
        return [subnet for subnet in subnets if not _leads_out(_table_of(subnet, tables), gateways)]

    def _dns_faults(self, vpc: str) -> Iterator[str]:
        for name in ("enableDnsSupport", "enableDnsHostnames"):
            if not self._attribute(vpc, name):
                yield f"{name} is off"

    def _group_faults(self, vpc: str) -> Iterator[str]:
        group = self.owned_group(vpc)
        if group is None:
            yield "there is no owned security group, or more than one"
            return
        yield from (f"{group['GroupId']} {fault}" for fault in self._lost_marks(group.get("Tags", []), vpc))
        subnets = self.private_subnets(vpc)
        wanted = set(
            ipaddress.collapse_addresses(ipaddress.IPv4Network(each["CidrBlock"]) for each in subnets)
        )
        allowed = list(chain.from_iterable(_allowed(rule) for rule in group["IpPermissions"]))
        odd = [each for each in allowed if each not in wanted]
        if odd:
            yield f"{group['GroupId']} lets in {', '.join(map(str, odd))}"
        if missing := wanted.difference(allowed):
            yield f"{group['GroupId']} keeps out {', '.join(map(str, missing))}"
        if group["IpPermissionsEgress"]:
            yield f"{group['GroupId']} has egress"

    def _endpoint_faults(self, vpc: str) -> Iterator[str]:
        required = [APP_MESH] if self._gateways(vpc) else [APP_MESH, LOGS]
        for service in (APP_MESH, LOGS):
            endpoints = self.endpoints(vpc, service)
            if not endpoints and service in required:
                yield f"there is no endpoint for {_short(service)}"
            for endpoint in endpoints:
                name = f"{_short(service)}'s {endpoint['VpcEndpointId']}"
                yield from (f"{name} {fault}" for fault in self._faults_of(vpc, endpoint))

    def _faults_of(self, vpc: str, endpoint: Found) -> Iterator[str]:
        tags = endpoint.get("Tags", [])
        owned = self._owned(tags, vpc)
        if endpoint["State"].lower() != "available":
            yield f"is {endpoint['State'].lower()}"
        if not endpoint["PrivateDnsEnabled"]:
            yield "has private DNS off"
        if not owned and self._made_by_us(endpoint):
            yield "has lost its owner tag"
        if owned:
            yield from self._lost_marks(tags, vpc)
        ours = self.owned_group(vpc)
        groups = {each["GroupId"] for each in endpoint["Groups"]}
        if ours and ours["GroupId"] not in groups:
            yield "lacks the owned group"
        yield from self._subnet_faults(vpc, endpoint, owned)

    def _subnet_faults(self, vpc: str, endpoint: Found, owned: bool) -> Iterator[str]:
        zones = {each["SubnetId"]: each["AvailabilityZone"] for each in self.private_subnets(vpc)}
        offered = set(self._zones_offered(endpoint["ServiceName"]))
        attached = set(endpoint["SubnetIds"])
        if owned and (public := attached - set(zones)):
            yield f"is in subnets that are not private: {', '.join(sorted(public))}"
        covered = {zones[subnet] for subnet in attached if subnet in zones}
        if missing := (set(zones.values()) & offered) - covered:
            yield f"is missing from {', '.join(sorted(missing))}"

    def _zones_offered(self, service: str) -> Sequence[str]:
        (found,) = self.look("DescribeVpcEndpointServices", ServiceNames=[service])["ServiceDetails"]
        zones: list[str] = found["AvailabilityZones"]
        return zones

    def _attribute(self, vpc: str, name: str) -> bool:
        answer = self.look("DescribeVpcAttribute", VpcId=vpc, Attribute=name)
        return bool(answer[name[0].upper() + name[1:]]["Value"])

    def groups(self, vpc: str) -> list[Found]:
        """The VPC's security groups."""
        return list(self.look("DescribeSecurityGroups", Filters=_in(vpc))["SecurityGroups"])

    def _gateways(self, vpc: str) -> set[str]:
        """The internet gateways that are attached to the VPC."""
        attached = {"Name": "attachment.vpc-id", "Values": [vpc]}
        found = self.look("DescribeInternetGateways", Filters=[attached])["InternetGateways"]
        return {each["InternetGatewayId"] for each in found}

    def _owned(self, tags: Sequence[Found], vpc: str) -> bool:
        """Whether two of the three marks are there, and the owner tag is not another's."""
        named = any(tag["Key"] == f"{self.prefix}:owner" and tag["Value"] != self.owner for tag in tags)
        return len(self._lost_marks(tags, vpc)) < 2 and not named

    def _lost_marks(self, tags: Sequence[Found], vpc: str) -> list[str]:
        """What is wrong with the three marks."""
        given = {tag["Key"]: tag["Value"] for tag in tags}
        marks = {
            "has lost its owner tag": given.get(f"{self.prefix}:owner") == self.owner,
            "has no tag of its VPC": given.get(f"{self.prefix}:vpc") == vpc,
            "has no Name tag": given.get("Name", "").startswith(f"{self.owner}/"),
        }
        return [fault for fault, there in marks.items() if not there]

    def _made_by_us(self, endpoint: Found) -> bool:
        """An endpoint without the owner tag that has only the owned group is one that lost the tag."""
        ours = self.owned_group(endpoint["VpcId"])
        return ours is not None and [each["GroupId"] for each in endpoint["Groups"]] == [ours["GroupId"]]


def _in(vpc: str) -> list[Found]:
    return [{"Name": "vpc-id", "Values": [vpc]}]


def _short(service: str) -> str:
    return service.rsplit(".", 1)[1]


def _table_of(subnet: Found, tables: Sequence[Found]) -> Found:
    """The subnet's own route table, else the main one."""
    ends = [(end, table) for table in tables for end in table["Associations"]]
    own = [table for end, table in ends if end.get("SubnetId") == subnet["SubnetId"]]
    return own[0] if own else next(table for end, table in ends if end.get("Main"))


def _leads_out(table: Found, gateways: set[str]) -> bool:
    """Whether a route goes to an internet gateway that is there; one to a gateway that is gone is a hole."""
    return any(route.get("GatewayId") in gateways for route in table["Routes"])


def _allowed(rule: Found) -> Iterator[ipaddress.IPv4Network | str]:
    """What a rule lets in: networks where it is for 443/tcp only, else words that equal no network."""
    ports = f"{rule['IpProtocol']} {rule.get('FromPort', 'all')}-{rule.get('ToPort', 'all')}"
    for each in rule.get("IpRanges", []):
        https = ports == "tcp 443-443"
        yield ipaddress.IPv4Network(each["CidrIp"]) if https else f"{each['CidrIp']} on {ports}"
    others = [each["CidrIpv6"] for each in rule.get("Ipv6Ranges", [])]
    others += [each["PrefixListId"] for each in rule.get("PrefixListIds", [])]
    others += [each["GroupId"] for each in rule.get("UserIdGroupPairs", [])]
    yield from (f"{other} on {ports}" for other in others)
