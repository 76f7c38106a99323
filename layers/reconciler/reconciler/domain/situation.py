"""What every concern starts from: a VPC as observed, the profile that it should follow, and the installation.

Apart from the observation, since what concerns need follows from all three. It is worked out once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from .actions import NEW_GROUP, GroupRef
from .installation import Installation
from .model import EndpointSpec, EndpointType, Observation, Profile, SecurityGroup, Service, Subnet, When
from .topology import has_egress, private_subnets, public_subnets


@dataclass(frozen=True)
class Situation:
    """One VPC, its profile and the installation. A VPC that should have nothing has a profile of nothing."""

    observation: Observation
    profile: Profile
    installation: Installation

    @property
    def vpc_id(self) -> str:
        """The VPC's id."""
        return self.observation.vpc.id

    @cached_property
    def private_subnets(self) -> tuple[Subnet, ...]:
        """The private subnets, by id."""
        return private_subnets(self.observation)

    @cached_property
    def public_subnets(self) -> tuple[Subnet, ...]:
        """The public subnets, by id."""
        return public_subnets(self.observation)

    @cached_property
    def owned_groups(self) -> tuple[SecurityGroup, ...]:
        """The owned security groups, the one to keep first: always the same one."""
        wanted = self.installation.group_tags(self.vpc_id)
        owned = (group for group in self.observation.groups if self.installation.owns(group.tags, wanted))
        return tuple(sorted(owned, key=lambda group: group.id))

    @property
    def owned_group(self) -> SecurityGroup | None:
        """The owned security group to keep."""
        return next(iter(self.owned_groups), None)

    @property
    def group_ref(self) -> GroupRef:
        """The owned group's id, or what stands for the group that the same plan creates."""
        return self.owned_group.id if self.owned_group else NEW_GROUP

    @cached_property
    def named_services(self) -> frozenset[tuple[str, EndpointType]]:
        """The services that the profile names, each with the type of endpoint."""
        return frozenset((self.service_name(spec), spec.type) for spec in self.profile.endpoints)

    @property
    def wants_interface_endpoints(self) -> bool:
        """Whether the profile names anything that stands behind a security group."""
        return any(spec.type is EndpointType.INTERFACE for spec in self.profile.endpoints)

    def service_name(self, spec: EndpointSpec) -> str:
        """The full name of the service of an endpoint of the profile."""
        return self.installation.service_name(spec.service)

    def service(self, spec: EndpointSpec) -> Service | None:
        """What the Region offers for an endpoint of the profile; None where it offers nothing."""
        seen = self.observation
        offered = seen.services if spec.type is EndpointType.INTERFACE else seen.gateway_services
        return offered.get(self.service_name(spec))

    def is_required(self, spec: EndpointSpec) -> bool:
        """Whether the condition holds under which the profile wants the endpoint.

        `no-internet-gateway` is the App Mesh user guide's test for Logs; `no-egress` asks more exactly
        whether some private subnet has no active default route (facts, section 12).
        """
        if spec.when is When.NO_INTERNET_GATEWAY:
            return not self.observation.internet_gateway_ids
        if spec.when is When.NO_EGRESS:
            tables = self.observation.route_tables
            return not all(has_egress(subnet, tables) for subnet in self.private_subnets)
        return True
