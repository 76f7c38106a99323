"""A CloudTrail record, or a tag change event, to the resource ids that it touches.

CloudTrail writes EC2's calls in two dialects and in shapes that vary with how many there are of a thing
(facts, section 6). Ids are read from the fields that hold ids, wherever those stand. No other field is read:
people write names, descriptions, tags and policies, and these may look like ids. An event only says where to
look. Where an id is missed, the sweep finds the drift.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from .actor import actor
from .memory import Cause

# The calls that can change the state of a tagged VPC. The template's rules match these and no others.
WATCHED = frozenset(
    """
    CreateVpc CreateDefaultVpc DeleteVpc ModifyVpcAttribute AssociateVpcCidrBlock DisassociateVpcCidrBlock
    AssociateDhcpOptions
    CreateSubnet CreateDefaultSubnet DeleteSubnet AssociateSubnetCidrBlock DisassociateSubnetCidrBlock
    CreateRouteTable DeleteRouteTable AssociateRouteTable DisassociateRouteTable
    ReplaceRouteTableAssociation CreateRoute ReplaceRoute DeleteRoute
    AttachInternetGateway DetachInternetGateway
    CreateVpcEndpoint ModifyVpcEndpoint DeleteVpcEndpoints
    CreateSecurityGroup DeleteSecurityGroup AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress
    RevokeSecurityGroupIngress RevokeSecurityGroupEgress ModifySecurityGroupRules
    CreateTags DeleteTags
    """.split()
)


# Those that EC2 refuses while something stands in the way.
_DELETIONS = frozenset({"DeleteSubnet", "DeleteSecurityGroup", "DeleteVpc"})


class ResourceType(StrEnum):
    """The resources that lead to a VPC, by the prefix of their ids."""

    VPC = "vpc"
    ROUTE_TABLE = "rtb"
    SUBNET = "subnet"
    ENDPOINT = "vpce"
    GROUP = "sg"
    ASSOCIATION = "rtbassoc"  # of a route table with a subnet


_ID = re.compile(rf"({'|'.join(ResourceType)})-[0-9a-z]{{1,32}}")
# The fields that hold ids, lower-cased: the dialects differ in case.
_ID_FIELDS = frozenset(
    f"{change}{field}"
    for change in ("", "add", "remove")
    for field in """
    vpcid subnetid routetableid groupid securitygroupid vpcendpointid resourceid subnetidset routetableidset
    associationid newassociationid
    """.split()
)
# In such a field, one id may be an object, and several a list or an object.
_PARTS_OF_IDS = frozenset({"content", "item", "items"})
# The groups, of a peered VPC perhaps, that a rule only refers to.
_REFERENCES = frozenset({"groups", "referencedgroupinfo"})
_TAG_FIELDS = frozenset({"tagset", "tagspecificationset", "tagspecification"})
# EventBridge's ids are UUIDs.
_EVENT_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


class MalformedEvent(ValueError):
    """An event without the parts that every event of its kind has; says which."""


@dataclass(frozen=True)
class Touched:
    """What an event touched, when, by whom, and in whose account and Region.

    `names_our_tags` says that the event itself speaks of the opt-in: the VPC need not be asked for it.
    `deletion_refused` says that someone was refused the deletion of what it names, for what stands in the
    way. `call_id` is CloudTrail's own id of the call; `actor` is empty where the event does not say.
    """

    event_id: str
    event_name: str
    time: datetime
    account: str
    region: str
    ids: Mapping[ResourceType, frozenset[str]] = field(default_factory=dict)
    names_our_tags: bool = False
    deletion_refused: bool = False
    call_id: str = ""
    actor: str = ""

    @property
    def resources(self) -> tuple[str, ...]:
        """All ids that it names."""
        return tuple(sorted(each for ids in self.ids.values() for each in ids))

    @property
    def refused(self) -> tuple[str, ...]:
        """The ids of what someone was refused the deletion of."""
        return self.resources if self.deletion_refused else ()

    @property
    def cause(self) -> Cause:
        """The call, as what may have brought a finding about."""
        return Cause(
            self.call_id or self.event_id,
            self.event_name,
            self.actor,
            int(self.time.timestamp()),
            self.resources,
            self.deletion_refused,
        )


@dataclass(frozen=True)
class Ignored:
    """An event that is as it should be and has nothing to say, because."""

    because: str


def read(event: Mapping[str, Any], tag_prefix: str) -> Touched | Ignored:
    """Read an EventBridge event of detail type `AWS API Call via CloudTrail` or `Tag Change on Resource`.

    Raises:
        MalformedEvent: when a part is missing or of the wrong kind.
    """
    if not isinstance(event, Mapping):
        raise MalformedEvent("it is not an object")
    detail = _part(event, "detail", dict)
    if _part(event, "detail-type", str) == "Tag Change on Resource":
        return _read_tag_change(event, detail)
    return _read_api_call(event, detail, tag_prefix)


def _read_api_call(event: Mapping[str, Any], detail: Mapping[str, Any], tag_prefix: str) -> Touched | Ignored:
    name = _part(detail, "eventName", str)
    if name not in WATCHED:
        return Ignored(f"{name} does not change what a VPC has")
    error = detail.get("errorCode")
    in_the_way = str(error).removeprefix("Client.") == "DependencyViolation"
    deletion_refused = name in _DELETIONS and in_the_way
    if error and not deletion_refused:
        return Ignored(f"{name} failed with {error}")
    parts = [part for part in (detail.get("requestParameters"), detail.get("responseElements")) if part]
    if not parts or not all(isinstance(part, dict) for part in parts):
        raise MalformedEvent("requestParameters and responseElements are both missing, or no objects")
    account = str(detail.get("recipientAccountId") or event.get("account") or "")
    call_id = str(detail.get("eventID", ""))
    return Touched(
        event_id=_event_id(event),
        event_name=name,
        time=_time(_part(detail, "eventTime", str)),
        account=account,
        region=_part(detail, "awsRegion", str),
        ids=_ids(_in_id_fields(parts)),
        names_our_tags=any(key.startswith(f"{tag_prefix}:") for key in _tag_keys(parts)),
        deletion_refused=deletion_refused,
        call_id=call_id if _EVENT_ID.fullmatch(call_id) else "",
        actor=actor(detail, account),
    )


def _read_tag_change(event: Mapping[str, Any], detail: Mapping[str, Any]) -> Touched:
    arns = _part(event, "resources", list)
    _part(detail, "changed-tag-keys", list)
    return Touched(
        event_id=_event_id(event),
        event_name="Tag Change on Resource",
        time=_time(_part(event, "time", str)),
        account=_part(event, "account", str),
        region=_part(event, "region", str),
        ids=_ids(str(arn).rpartition("/")[2] for arn in arns),
        # The rule lets these in for owned things only.
        names_our_tags=True,
    )


def _part(holder: Mapping[str, Any], key: str, kind: type) -> Any:
    value = holder.get(key)
    if not isinstance(value, kind):
        raise MalformedEvent(f"{key} is {'missing' if value is None else 'no ' + kind.__name__}")
    return value


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise MalformedEvent(f"the time {text!r} is no ISO 8601 time") from error
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    if time.timestamp() < 0:
        raise MalformedEvent(f"the time {text!r} is before 1970")
    return time


def _event_id(event: Mapping[str, Any]) -> str:
    """The event's id. The queue makes a deduplication id of it, for which SQS takes few characters."""
    event_id: str = _part(event, "id", str)
    if not _EVENT_ID.fullmatch(event_id):
        raise MalformedEvent(f"id is {event_id[:80]!r}, not a UUID")
    return event_id


def _ids(strings: Iterable[str]) -> Mapping[ResourceType, frozenset[str]]:
    found: dict[ResourceType, set[str]] = {}
    for text in strings:
        if match := _ID.fullmatch(text):
            found.setdefault(ResourceType(match[1]), set()).add(text)
    return {kind: frozenset(ids) for kind, ids in found.items()}


def _in_id_fields(value: Any) -> Iterator[str]:
    """The strings in the fields that hold ids."""
    for key, held in _fields(value, leave_out=_REFERENCES):
        if key in _ID_FIELDS:
            yield from _parts(held)


def _parts(held: Any) -> Iterator[str]:
    """The strings of one such field, in whatever shape it has."""
    nest = [held]
    while nest:
        held = nest.pop()
        if isinstance(held, str):
            yield held
        elif isinstance(held, Mapping):
            nest.extend(item for key, item in held.items() if key.lower() in _PARTS_OF_IDS)
        elif isinstance(held, list):
            nest.extend(held)


def _tag_keys(value: Any) -> Iterator[str]:
    """The keys of the tags that a call puts on or takes off."""
    for name, tags in _fields(value):
        if name in _TAG_FIELDS:
            yield from (key for part, key in _fields(tags) if part == "key" and isinstance(key, str))


def _fields(value: Any, leave_out: Set[str] = frozenset()) -> Iterator[tuple[str, Any]]:
    """Every field in a nest of objects and arrays, its name lower-cased, in no order; not what stands in the
    fields to leave out."""
    nest = [value]
    while nest:
        value = nest.pop()
        if isinstance(value, Mapping):
            held = [(key.lower(), item) for key, item in value.items() if key.lower() not in leave_out]
            yield from held
            nest.extend(item for _, item in held)
        elif isinstance(value, list):
            nest.extend(value)
