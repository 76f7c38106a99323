"""The state of one account's EC2 in one Region: moto's backend, and what moto has no place for."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, field

from moto.ec2.models.route_tables import RouteTable
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPC

from sandbox.ec2.calls import Params, Refused
from sandbox.ec2.clock import Clock
from sandbox.ec2.endpoints import Endpoint
from sandbox.ec2.late import Lateness
from sandbox.ec2.moto_side import new_backend
from sandbox.ec2.rule import Ec2Rule
from sandbox.ec2.services import Catalogue


@dataclass
class Timings:
    """How long AWS takes, in seconds."""

    create: float = 60.0
    modify: float = 20.0
    delete: float = 45.0
    remember: float = 60.0
    """How long a deleted endpoint is still shown."""
    pending_while_modified: bool = False
    """Whether an endpoint is `pending` during a modification: Terraform's provider waits for that to pass
    (facts.md, section 4), and reports of `OperationInProgress` show it `available`. Both may be."""


@dataclass
class Quotas:
    """The account's limits."""

    interface_endpoints_per_vpc: int = 50
    gateway_endpoints: int = 20
    groups_per_vpc: int = 500
    rules_per_group: int = 60
    groups_per_interface: int = 5


@dataclass
class Bucket:
    """A throttling bucket: how full it is, and when that was so."""

    tokens: float
    at: float


@dataclass
class World:
    """All that the rules look at and change."""

    account: str
    region: str
    clock: Clock
    rules: Set[Ec2Rule]
    timings: Timings = field(default_factory=Timings)
    quotas: Quotas = field(default_factory=Quotas)
    late: Lateness = field(default_factory=Lateness)
    tokens: dict[str, tuple[str, Endpoint]] = field(default_factory=dict)
    buckets: dict[str, Bucket] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    """VPCs that another account shares with this one, each with its owner."""
    hosted_zones: set[tuple[str, str]] = field(default_factory=set)
    """Private hosted zones made by hand: VPC id and domain."""
    letters: int = 0

    def __post_init__(self) -> None:
        self.backend = new_backend(self.account, self.region)
        self.endpoints: dict[str, Endpoint] = {}
        self.unsettled: set[str] = set()
        self.backend.vpc_end_points = self.endpoints  # type: ignore[assignment]  # moto asks it for ids only
        zones = self.backend.describe_availability_zones()
        self.zone_ids: dict[str, str] = {zone.name: zone.zone_id for zone in zones}
        self.services = Catalogue(self.region, self.zone_ids)

    @property
    def now(self) -> float:
        """The time."""
        return self.clock.now()

    def keeps(self, rule: Ec2Rule) -> bool:
        """Whether that rule is switched on."""
        return rule in self.rules

    def vpc(self, vpc_id: str) -> VPC:
        """The VPC of that id, or EC2's refusal."""
        found: VPC | None = self.backend.vpcs.get(vpc_id)
        if found is None:
            raise Refused("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")
        return found

    def subnet(self, subnet_id: str) -> Subnet:
        """The subnet of that id, or EC2's refusal."""
        found = self.backend.subnet(subnet_id)
        if found is None:
            raise Refused("InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist")
        return found

    def group(self, group_id: str) -> SecurityGroup:
        """The security group of that id, or EC2's refusal."""
        found = self.backend.group(group_id)
        if found is None:
            raise Refused("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
        return found

    def group_of(self, params: Params) -> SecurityGroup:
        """The group that a call names: by its id, or by its name in the default VPC."""
        if "GroupId" in params:
            return self.group(params["GroupId"])
        name = params.get("GroupName", "")
        found = self.backend.get_security_group_from_name(name, self.backend.default_vpc.id)
        if found is None:
            message = f"The security group '{name}' does not exist in default VPC"
            raise Refused("InvalidGroup.NotFound", message)
        return found

    def route_table(self, table_id: str) -> RouteTable:
        """The route table of that id, or EC2's refusal."""
        found: RouteTable | None = self.backend.route_tables.get(table_id)
        if found is None:
            raise Refused("InvalidRouteTableID.NotFound", f"The routeTable ID '{table_id}' does not exist")
        return found

    def endpoint(self, endpoint_id: str) -> Endpoint:
        """The endpoint of that id, or EC2's refusal."""
        found = self.endpoints.get(endpoint_id)
        if found is None:
            raise Refused(
                "InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{endpoint_id}' does not exist"
            )
        return found

    def endpoints_of(self, vpc_id: str) -> list[Endpoint]:
        """A VPC's endpoints that are not deleted yet."""
        now = self.now
        return [each for each in self.endpoints.values() if each.vpc_id == vpc_id and each.alive(now)]

    def tags(self, resource_id: str) -> dict[str, str]:
        """The tags of a resource, as they are shown."""
        found = self.backend.describe_tags({"resource-id": [resource_id]})
        return {tag["key"]: tag["value"] for tag in found}

    def release(self, interface_ids: Iterable[str]) -> None:
        """Let network interfaces go, and their addresses with them."""
        for each in interface_ids:
            self.backend.enis.pop(each, None)

    def settle(self) -> None:
        """Let what AWS does by itself have happened by now."""
        now = self.now
        for endpoint_id in list(self.unsettled):
            endpoint = self.endpoints.get(endpoint_id)
            if endpoint is None:
                self.unsettled.discard(endpoint_id)
                continue
            if now >= endpoint.modifying_until:
                self.release(endpoint.leaving)
                endpoint.leaving = []
            if now >= endpoint.deleted_from:
                self.release([*endpoint.leaving, *endpoint.interfaces])
            if now >= endpoint.gone_from:
                del self.endpoints[endpoint_id]
                self.backend.tags.pop(endpoint_id, None)
            if not endpoint.leaving and endpoint.deleting_from > now:
                self.unsettled.discard(endpoint_id)
