"""What every concern starts from: a VPC as observed, the profile that it should follow, the installation, and
what the ledger knows.

Apart from the observation, since what concerns need follows from all of them. It is worked out once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from .actions import NEW_GROUP, GroupRef
from .contest import Contest
from .installation import Installation
from .memory import Memory
from .model import (
    AnyEndpoint,
    Endpoint,
    EndpointState,
    EndpointType,
    Observation,
    SecurityGroup,
    Service,
    Subnet,
    Tags,
)
from .ownership import Ownership, may_be_narrowed, ownership
from .profile import EndpointSpec, Profile, When
from .times import time_in
from .topology import has_egress, private_subnets, public_subnets


@dataclass(frozen=True)
class Situation:
    """One VPC, its profile and the installation. A VPC that should have nothing has a profile of nothing.

    `memory` is None where the ledger is not there. `now` is in seconds since 1970. `released` are subnets
    that are left to who wants to delete them, beside those whose tag says so. `contests` are the fights about
    findings.
    """

    observation: Observation
    profile: Profile
    installation: Installation
    memory: Memory | None = None
    now: float = 0.0
    released: frozenset[str] = frozenset()
    contests: tuple[Contest, ...] = ()

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
    def subnets_to_stand_in(self) -> tuple[Subnet, ...]:
        """The private subnets that are not left to who wants to delete them."""
        return tuple(s for s in self.private_subnets if s.id not in self.released_subnets)

    @cached_property
    def released_subnets(self) -> frozenset[str]:
        """The ids of the subnets that are left to who wants to delete them."""
        key = self.installation.released_key
        tagged = (s.id for s in self.observation.subnets if time_in(s.tags.get(key, "")) > self.now)
        return self.released | frozenset(tagged)

    @cached_property
    def owned_groups(self) -> tuple[SecurityGroup, ...]:
        """The owned security groups, the one to keep first: always the same one."""
        groups = self.observation.groups
        owned = (each for each in groups if self.ownership_of_group(each) is Ownership.OWNED)
        return tuple(sorted(owned, key=lambda group: group.id))

    def ownership_of_group(self, group: SecurityGroup) -> Ownership:
        """Whose a security group is."""
        return self._ownership(group.id, group.tags, self.installation.group_tags(self.vpc_id))

    def ownership_of(self, endpoint: AnyEndpoint) -> Ownership:
        """Whose an endpoint is."""
        return self._ownership(endpoint.id, endpoint.tags, self.endpoint_marks(endpoint))

    def owns(self, endpoint: AnyEndpoint) -> bool:
        """Whether an endpoint is ours."""
        return self.ownership_of(endpoint) is Ownership.OWNED

    def endpoint_marks(self, endpoint: AnyEndpoint) -> Tags:
        """The marks that an endpoint would bear if it were ours."""
        return self.installation.endpoint_tags(self.vpc_id, endpoint.service_name)

    def _ownership(self, resource_id: str, tags: Tags, marks: Tags) -> Ownership:
        return ownership(resource_id, tags, marks, self.installation, self.memory)

    @cached_property
    def tags_by_id(self) -> dict[str, Tags]:
        """The tags of each group and endpoint."""
        seen = self.observation
        groups = {group.id: group.tags for group in seen.groups}
        return groups | {endpoint.id: endpoint.tags for endpoint in seen.all_endpoints}

    @cached_property
    def owned_purposes(self) -> dict[str, str]:
        """All that is owned, by id, with what it is for."""
        endpoints = self.observation.all_endpoints
        purposes = {e.id: self.endpoint_marks(e)["Name"] for e in endpoints if self.owns(e)}
        for_groups = self.installation.group_tags(self.vpc_id)["Name"]
        return purposes | {group.id: for_groups for group in self.owned_groups}

    @property
    def fully_marked(self) -> dict[str, str]:
        """What is owned and bears all three marks, by id, with what it is for."""
        return {
            each: purpose
            for each, purpose in self.owned_purposes.items()
            if self.tags_by_id[each].get("Name") == purpose and each in self.narrowable
        }

    @property
    def owned_ids(self) -> frozenset[str]:
        """The ids of all that is owned."""
        return frozenset(self.owned_purposes)

    @cached_property
    def narrowable(self) -> frozenset[str]:
        """The ids of the owned things that bear the marks which deleting and narrowing need."""
        for_groups = self.installation.group_tags(self.vpc_id)
        marked = [(group.id, group.tags, for_groups) for group in self.owned_groups]
        marked += [
            (endpoint.id, endpoint.tags, self.endpoint_marks(endpoint))
            for endpoint in self.observation.all_endpoints
            if self.owns(endpoint)
        ]
        return frozenset(
            each for each, tags, marks in marked if may_be_narrowed(tags, marks, self.installation)
        )

    @cached_property
    def adopted(self) -> frozenset[str]:
        """The ids of someone else's endpoints to which something was added, by the ledger or by what one
        sees: our group is on them. Who put a group of ours on an endpoint by hand is taken to have
        adopted."""
        ours = frozenset(group.id for group in self.owned_groups)
        seen = (e.id for e in self.observation.endpoints if ours & e.group_ids and not self.owns(e))
        known = self.memory.adoptions if self.memory else ()
        there = {e.id for e in self.observation.endpoints if e.state is not EndpointState.DELETED}
        return frozenset(seen) | (frozenset(known) & there)

    @property
    def owned_group(self) -> SecurityGroup | None:
        """The owned security group to keep."""
        return next(iter(self.owned_groups), None)

    @property
    def group_ref(self) -> GroupRef:
        """The owned group's id, or what stands for the group that the same plan creates."""
        return self.owned_group.id if self.owned_group else NEW_GROUP

    def is_named(self, endpoint: AnyEndpoint) -> bool:
        """Whether the profile names the service of an endpoint, for endpoints of its type."""
        kind = EndpointType.INTERFACE if isinstance(endpoint, Endpoint) else EndpointType.GATEWAY
        return (endpoint.service_name, kind) in self.named_services

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
