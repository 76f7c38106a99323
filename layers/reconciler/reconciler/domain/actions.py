"""What can be done to a VPC, as values. Whoever plans actions knows nothing of how EC2 is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from .model import AddressType, Rule, Tags, VpcAttribute


class NewGroup(Enum):
    """Stands for the id of the security group that an earlier action of the same plan creates."""

    TOKEN = "the security group of this plan"


NEW_GROUP = NewGroup.TOKEN
_GROUP_NAMES = 5
GroupRef = str | Literal[NewGroup.TOKEN]


@dataclass(frozen=True)
class EnableVpcAttribute:
    """Turn one attribute on: EC2 takes one a call (facts, section 3)."""

    vpc_id: str
    attribute: VpcAttribute


@dataclass(frozen=True)
class CreateSecurityGroup:
    """Make the owned group. EC2 gives it an egress rule of its own, which a later action takes off.

    `taken` are the names, in lower case, of the VPC's groups that are not ours: where ours is among them, it
    gets a number.
    """

    vpc_id: str
    name: str
    description: str
    tags: Tags = field(hash=False)
    taken: frozenset[str] = frozenset()

    @property
    def free_name(self) -> str:
        """The name that it is asked for under."""
        names = [self.name, *(f"{self.name}-{number}" for number in range(2, _GROUP_NAMES + 1))]
        return next((name for name in names if name.casefold() not in self.taken), names[-1])


@dataclass(frozen=True)
class AuthorizeIngress:
    """Let in."""

    group: GroupRef
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class RevokeIngress:
    """Let in no more. One that makes room for rules to come goes before them: the group is full."""

    group: GroupRef
    rules: tuple[Rule, ...]
    makes_room: bool = False


@dataclass(frozen=True)
class RevokeEgress:
    """Let out no more."""

    group: GroupRef
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class CreateTags:
    """Put our tags on an owned thing, or say on a VPC or a subnet until when it is left alone. `needed` says
    that other steps on the thing need the tags."""

    resource_id: str
    tags: Tags = field(hash=False)
    needed: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class DeleteTags:
    """Take tags of ours off an owned thing."""

    resource_id: str
    keys: tuple[str, ...]


# The subnets that an endpoint may stand in within one zone, the best first.
Candidates = tuple[str, ...]


@dataclass(frozen=True)
class CreateEndpoint:
    """Make an owned interface endpoint, in one subnet of each zone. `spent` are the ids of those for the
    service that serve no more: none of them is the new one.
    """

    vpc_id: str
    service_name: str
    zones: tuple[Candidates, ...]
    group: GroupRef
    tags: Tags = field(hash=False)
    private_dns: bool = True
    policy: str = ""
    address_type: AddressType = AddressType.IPV4
    spent: frozenset[str] = frozenset()


@dataclass(frozen=True)
class CreateGatewayEndpoint:
    """Make an owned gateway endpoint."""

    vpc_id: str
    service_name: str
    route_table_ids: tuple[str, ...]
    tags: Tags = field(hash=False)
    policy: str = ""


@dataclass(frozen=True)
class ModifyEndpoint:
    """One change on an endpoint. Those of one endpoint are sent as one call: EC2 takes one at a time.

    `removal_needs_addition` says that the endpoint has no other subnets than those to remove: they go only in
    a call that adds one.
    """

    endpoint_id: str
    add_zones: tuple[Candidates, ...] = ()
    remove_subnet_ids: tuple[str, ...] = ()
    removal_needs_addition: bool = False
    add_groups: tuple[GroupRef, ...] = ()
    remove_group_ids: tuple[str, ...] = ()
    add_route_table_ids: tuple[str, ...] = ()
    remove_route_table_ids: tuple[str, ...] = ()
    enable_private_dns: bool = False
    disable_private_dns: bool = False
    policy: str = ""
    address_type: AddressType | None = None


@dataclass(frozen=True)
class DeleteEndpoint:
    """Delete an owned endpoint."""

    endpoint_id: str


@dataclass(frozen=True)
class DeleteSecurityGroup:
    """Delete the owned group, when nothing stands behind it any more."""

    group_id: str


_Way = Literal["from", "to", "from or to"]
Action = (
    EnableVpcAttribute
    | CreateSecurityGroup
    | AuthorizeIngress
    | CreateTags
    | DeleteTags
    | CreateEndpoint
    | CreateGatewayEndpoint
    | ModifyEndpoint
    | DeleteEndpoint
    | DeleteSecurityGroup
    | RevokeIngress
    | RevokeEgress
)


def joined(changes: Sequence[ModifyEndpoint]) -> ModifyEndpoint:
    """Several changes of one endpoint as one."""
    return ModifyEndpoint(
        changes[0].endpoint_id,
        add_zones=tuple(zone for change in changes for zone in change.add_zones),
        remove_subnet_ids=_each_once(change.remove_subnet_ids for change in changes),
        removal_needs_addition=any(change.removal_needs_addition for change in changes),
        add_groups=tuple(group for change in changes for group in change.add_groups),
        remove_group_ids=_each_once(change.remove_group_ids for change in changes),
        add_route_table_ids=tuple(t for change in changes for t in change.add_route_table_ids),
        remove_route_table_ids=tuple(t for change in changes for t in change.remove_route_table_ids),
        enable_private_dns=any(change.enable_private_dns for change in changes),
        disable_private_dns=any(change.disable_private_dns for change in changes),
        policy=next((change.policy for change in changes if change.policy), ""),
        address_type=next((change.address_type for change in changes if change.address_type), None),
    )


def _each_once(ids: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for some in ids for each in some))


def describe(action: Action) -> str:
    """An action in a person's words. It begins with `+` where something is created or opened, with `-` where
    something is deleted or closed, else with `~`."""
    match action:
        case CreateTags(resource_id, tags):
            return f"~ tag {resource_id} with {', '.join(f'{key} = {value}' for key, value in tags.items())}"
        case DeleteTags(resource_id, keys):
            return f"~ untag {resource_id}: {', '.join(keys)}"
        case EnableVpcAttribute(vpc_id, attribute):
            return f"~ turn on {attribute} of {vpc_id}"
        case CreateSecurityGroup(vpc_id):
            return f"+ create security group {action.free_name} in {vpc_id}"
        case AuthorizeIngress() | RevokeIngress():
            return _describe_rule_change(action, "from")
        case RevokeEgress():
            return _describe_rule_change(action, "to")
        case CreateEndpoint(vpc_id, service_name, zones):
            subnets = ", ".join(candidates[0] for candidates in zones)
            return f"+ create endpoint {service_name} in {vpc_id}, subnets {subnets}"
        case CreateGatewayEndpoint(vpc_id, service_name, tables):
            return f"+ create gateway endpoint {service_name} in {vpc_id}, route tables {', '.join(tables)}"
        case ModifyEndpoint():
            return f"~ modify {action.endpoint_id}: {', '.join(_changes(action))}"
        case DeleteEndpoint(endpoint_id):
            return f"- delete endpoint {endpoint_id}"
        case DeleteSecurityGroup(group_id):
            return f"- delete security group {group_id}"


def lasting_words(action: Action) -> str:
    """What an action does, in the words by which the ledger knows a change again: they are the same in every
    version, whatever `describe` says."""
    if isinstance(action, AuthorizeIngress | RevokeIngress | RevokeEgress):
        return _describe_rule_change(action, "from or to")
    return describe(action)


def _describe_rule_change(action: AuthorizeIngress | RevokeIngress | RevokeEgress, way: _Way) -> str:
    rules, group = describe_rules(action.rules, way), _name(action.group)
    match action:
        case AuthorizeIngress():
            return f"+ let {rules} into {group}"
        case RevokeIngress():
            return f"- no longer let {rules} into {group}"
        case RevokeEgress():
            return f"- no longer let {rules} out of {group}"


def describe_rules(rules: Iterable[Rule], way: _Way = "from") -> str:
    """Rules in a person's words: `443/tcp from 10.0.0.0/24`; rules of egress are `to`."""
    return ", ".join(_describe_rule(rule, way) for rule in sorted(rules)) or "none"


def _describe_rule(rule: Rule, way: str) -> str:
    if rule.protocol == "-1":
        return f"everything {way} {rule.source}"
    ports = f"{rule.from_port}" if rule.from_port == rule.to_port else f"{rule.from_port}-{rule.to_port}"
    return f"{ports}/{rule.protocol} {way} {rule.source}"


def _name(group: GroupRef) -> str:
    return group.value if isinstance(group, NewGroup) else group


def _changes(action: ModifyEndpoint) -> Iterator[str]:
    lists = {
        "add subnets": [candidates[0] for candidates in action.add_zones],
        "remove subnets": action.remove_subnet_ids,
        "add security groups": [_name(group) for group in action.add_groups],
        "remove security groups": action.remove_group_ids,
        "add route tables": action.add_route_table_ids,
        "remove route tables": action.remove_route_table_ids,
    }
    yield from (f"{what} {', '.join(ids)}" for what, ids in lists.items() if ids)
    if action.enable_private_dns or action.disable_private_dns:
        yield f"turn private DNS {'on' if action.enable_private_dns else 'off'}"
    if action.policy:
        yield f"set the policy {action.policy}"
    if action.address_type:
        yield f"set the address type {action.address_type}"
