"""moto's EC2 called as a library: a backend for each instance, no global patching, answers as plain values.

All that reaches into moto's insides stands here, so that a new moto is met in one place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore import xform_name
from moto.core.exceptions import ServiceException
from moto.core.model_instances import reset_model_data
from moto.core.responses import ActionResult
from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.network_acls import NetworkAcl
from moto.ec2.models.route_tables import RouteTable
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPC
from moto.ec2.responses import EC2Response
from moto.ec2.utils import generic_filter

from sandbox.ec2.calls import Params, Refused, Response
from sandbox.ec2.gathering import gather
from sandbox.ec2.wire import operation


class Interfaces(dict[str, NetworkInterface]):
    """Network interfaces by id and by subnet: moto goes through all of them for each subnet it shows."""

    def __init__(self) -> None:
        super().__init__()
        self._by_subnet: dict[str, dict[str, NetworkInterface]] = {}

    def __setitem__(self, eni_id: str, eni: NetworkInterface) -> None:
        super().__setitem__(eni_id, eni)
        self._by_subnet.setdefault(eni.subnet.id, {})[eni_id] = eni

    def pop(self, eni_id: str, default: Any = None) -> Any:
        """Take an interface out, from both."""
        eni = super().pop(eni_id, default)
        if eni is not default:
            self._by_subnet[eni.subnet.id].pop(eni_id)
        return eni

    def of(self, subnet_id: str) -> list[NetworkInterface]:
        """The interfaces in a subnet."""
        return list(self._by_subnet.get(subnet_id, {}).values())


class MendedSubnet(Subnet):
    """A subnet that counts its own interfaces only, and has its IPv6 blocks in a state that is a word."""

    @property
    def available_ip_address_count(self) -> int:
        """How many addresses are free."""
        taken = sum(len(eni.private_ip_addresses) for eni in self.ec2_backend.enis.of(self.id))
        return self._available_ip_addresses - taken

    @property
    def ipv6_cidr_block_association_set(self) -> list[dict[str, Any]]:
        """The IPv6 blocks that it has."""
        blocks: list[dict[str, Any]] = super().ipv6_cidr_block_association_set
        return [block | {"ipv6CidrBlockState": block["ipv6CidrBlockState"]["state"]} for block in blocks]


class Backend(EC2Backend):
    """moto's EC2 of one account and Region, without its 1,291 images, and fit for thousands of VPCs."""

    def __init__(self, region: str, account: str) -> None:
        super().__init__(region, account)
        self.enis: Interfaces = Interfaces()

    def _load_amis(self) -> None:
        """No images: they would take most of the time it takes to make a backend."""

    def create_subnet(self, *args: Any, **kwargs: Any) -> Subnet:
        """As moto's."""
        subnet = super().create_subnet(*args, **kwargs)
        subnet.__class__ = MendedSubnet  # type: ignore[type-abstract]  # moto makes no other
        return subnet

    def describe_vpcs(
        self, vpc_ids: list[str] | None = None, filters: dict[str, list[str]] | None = None
    ) -> list[VPC]:
        """As moto's, without matching each VPC with each of the ids that a filter has as patterns."""
        wanted, others = _plain_vpc_ids(filters)
        if vpc_ids or wanted is None:
            return super().describe_vpcs(vpc_ids, filters)
        return generic_filter(others, [each for each in self.vpcs.values() if each.id in wanted])

    def describe_subnets(
        self, subnet_ids: list[str] | None = None, filters: dict[str, list[str]] | None = None
    ) -> list[Subnet]:
        """As moto's, which reads the tags of every subnet to find those of a VPC."""
        wanted, others = _plain_vpc_ids(filters)
        if subnet_ids or wanted is None:
            return super().describe_subnets(subnet_ids, filters)
        return generic_filter(others, [each for each in self.all_subnets() if each.vpc_id in wanted])

    def describe_route_tables(
        self, route_table_ids: list[str] | None = None, filters: dict[str, list[str]] | None = None
    ) -> list[RouteTable]:
        """As moto's, without patterns, as of VPCs."""
        wanted, others = _plain_vpc_ids(filters)
        if route_table_ids or wanted is None:
            return super().describe_route_tables(route_table_ids, filters)
        return generic_filter(others, [each for each in self.route_tables.values() if each.vpc_id in wanted])

    def describe_network_acls(
        self, network_acl_ids: list[str] | None = None, filters: dict[str, list[str]] | None = None
    ) -> list[NetworkAcl]:
        """As moto's, without patterns, as of VPCs."""
        wanted, others = _plain_vpc_ids(filters)
        if network_acl_ids or wanted is None:
            return super().describe_network_acls(network_acl_ids, filters)
        return generic_filter(others, [each for each in self.network_acls.values() if each.vpc_id in wanted])

    def describe_security_groups(
        self,
        group_ids: list[str] | None = None,
        groupnames: list[str] | None = None,
        filters: dict[str, list[str]] | None = None,
    ) -> list[SecurityGroup]:
        """As moto's, without patterns, as of VPCs."""
        wanted, others = _plain_vpc_ids(filters)
        if group_ids or groupnames or wanted is None:
            return super().describe_security_groups(group_ids, groupnames, filters)
        found = (each for each in self.all_groups() if each.vpc_id in wanted)
        return [each for each in found if each.matches_filters(others)]

    def describe_tags(self, filters: dict[str, list[str]] | None = None) -> list[dict[str, str]]:
        """As moto's, which goes through every tag of the Region for each resource that it shows."""
        if filters and list(filters) == ["resource-id"] and len(filters["resource-id"]) == 1:
            (resource,) = filters["resource-id"]
            tags = self.tags.get(resource, {})
            return [{"resource_id": resource, "key": key, "value": tags[key]} for key in tags]
        return super().describe_tags(filters)

    def all_subnets(self) -> Iterator[Subnet]:
        """Every subnet of the Region."""
        for of_zone in self.subnets.values():
            yield from of_zone.values()

    def all_groups(self) -> Iterator[SecurityGroup]:
        """Every security group of the Region."""
        for of_vpc in self.groups.values():
            yield from of_vpc.values()

    def subnet(self, subnet_id: str) -> Subnet | None:
        """The subnet of that id."""
        return next((of_zone[subnet_id] for of_zone in self.subnets.values() if subnet_id in of_zone), None)

    def group(self, group_id: str) -> SecurityGroup | None:
        """The security group of that id."""
        return next((of_vpc[group_id] for of_vpc in self.groups.values() if group_id in of_vpc), None)


def _plain_vpc_ids(
    filters: dict[str, list[str]] | None,
) -> tuple[frozenset[str] | None, dict[str, list[str]]]:
    """The VPC ids that a filter asks for, None where it has none or patterns, and the other filters."""
    vpc_ids = (filters or {}).get("vpc-id", ["*"])
    others = {name: values for name, values in (filters or {}).items() if name != "vpc-id"}
    return (None if any("*" in each or "?" in each for each in vpc_ids) else frozenset(vpc_ids)), others


class _Responses(EC2Response):
    """moto's handlers, handed their parameters and their backend instead of an HTTP request."""

    def __init__(self, backend: Backend, action: str, params: Params) -> None:
        super().__init__()
        self._backend = backend
        self.params: Any = params
        self.uri_match = {}
        self.region = backend.region_name
        self.current_account = backend.account_id
        self.querystring = {"Action": [action]}
        self.headers = {}
        self.body = None

    @property
    def ec2_backend(self) -> Backend:
        return self._backend


def new_backend(account: str, region: str) -> Backend:
    """A fresh EC2. moto keeps a list of every object ever made, which is let go of here."""
    reset_model_data()
    return Backend(region, account)


def perform(backend: Backend, action: str, params: Params) -> Response:
    """Let moto do the work of a call."""
    responses = _Responses(backend, action, params)
    method = getattr(responses, xform_name(action), None)
    if method is None:
        raise Refused("InvalidAction", f"The action {action} is not part of the sandbox's EC2.")
    try:
        result = method()
    except ServiceException as e:
        raise Refused(str(e.code), str(e.message)) from e
    if not isinstance(result, ActionResult):
        raise Refused("InvalidAction", f"The action {action} is not part of the sandbox's EC2.")
    return gather(operation(action), result.result, responses.RESPONSE_KEY_PATH_TO_TRANSFORMER)
