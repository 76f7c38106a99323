"""How a VPC differs from what its profile asks for: the words that dashboards and people depend on.

docs/findings.md has a line for each of them, with its cure; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a finding is about. These words are metric dimensions: dashboards depend on them."""

    UNKNOWN_PROFILE = "unknown-profile"
    UNKNOWN_MODE = "unknown-mode"
    UNKNOWN_TAG = "unknown-tag"
    SHARED_VPC = "shared-vpc"
    RELEASED = "released"
    DELETION_REFUSED = "deletion-refused"
    CUSTOM_DNS = "custom-dns"
    PUBLIC_SUBNETS_CUT_OFF = "public-subnets-cut-off"
    NETWORK_ACL = "network-acl"
    NOT_WANTED = "not-wanted"
    LEAVING = "leaving"
    UNPROVEN = "unproven"
    OTHER_INSTALLATION = "other-installation"
    NOT_ADOPTED = "not-adopted"
    DNS_SUPPORT_OFF = "dns-support-off"
    DNS_HOSTNAMES_OFF = "dns-hostnames-off"
    GROUP_MISSING = "group-missing"
    GROUP_RULE_MISSING = "group-rule-missing"
    GROUP_RULE_EXTRA = "group-rule-extra"
    GROUP_RULES_COARSE = "group-rules-coarse"
    GROUP_EGRESS = "group-egress"
    GROUP_DOUBLE = "group-double"
    ENDPOINT_MISSING = "endpoint-missing"
    ENDPOINT_NOT_READY = "endpoint-not-ready"
    ENDPOINT_FAILED = "endpoint-failed"
    ENDPOINT_DOUBLE = "endpoint-double"
    ENDPOINT_POLICY = "endpoint-policy"
    ENDPOINT_ADDRESS_TYPE = "endpoint-address-type"
    ENDPOINT_ROUTE_TABLE_MISSING = "endpoint-route-table-missing"
    ENDPOINT_ROUTE_TABLE_EXTRA = "endpoint-route-table-extra"
    SERVICE_UNAVAILABLE = "service-unavailable"
    ENDPOINT_SUBNET_MISSING = "endpoint-subnet-missing"
    ENDPOINT_SUBNET_EXTRA = "endpoint-subnet-extra"
    ENDPOINT_GROUP_MISSING = "endpoint-group-missing"
    ENDPOINT_GROUP_EXTRA = "endpoint-group-extra"
    PRIVATE_DNS_OFF = "private-dns-off"
    PRIVATE_DNS_ON = "private-dns-on"
    TAGS_MISSING = "tags-missing"
    ZONE_UNCOVERED = "zone-uncovered"
    SURPLUS = "surplus"


class Status(StrEnum):
    """What follows from a finding, and in the end what became of it.

    The steps of a plan turn what is remediable into `remediated`, `waiting`, `blocked` or `reported`; the
    others stay what they are. All findings together decide how a run ends.
    """

    REMEDIABLE = "remediable"  # a step of the plan remediates it
    REMEDIATED = "remediated"  # EC2 took the call that does
    WAITING = "waiting"  # AWS is at work, or could not do it for now: the VPC is requeued
    BLOCKED = "blocked"  # with a reason, and what a person can do
    CONTESTED = "contested"  # someone keeps undoing it: left alone for a growing while
    LEAVING = "leaving"  # not wanted any more: deleted after the grace period
    IMPAIRED = "impaired"  # nothing to remediate, but a person should look
    REPORTED = "reported"  # audit mode: nothing is written
    INFORMATIONAL = "informational"  # left as it is


class Reason(StrEnum):
    """Why something is blocked. These words are metric dimensions: dashboards depend on them."""

    PRIVATE_DNS_CONFLICT = "private-dns-conflict"
    PRIVATE_DNS_UNAVAILABLE = "private-dns-unavailable"
    SERVICE_UNAVAILABLE = "service-unavailable"
    ZONE_NOT_OFFERED = "zone-not-offered"
    NO_PRIVATE_SUBNET = "no-private-subnet"
    ENDPOINT_QUOTA = "endpoint-quota"
    GATEWAY_ENDPOINT_QUOTA = "gateway-endpoint-quota"
    GROUP_QUOTA = "group-quota"
    RULE_QUOTA = "rule-quota"
    NO_FREE_ADDRESSES = "no-free-addresses"
    SHARED_VPC = "shared-vpc"
    UNAUTHORIZED = "unauthorized"
    TAG_POLICY = "tag-policy"
    IN_USE = "in-use"
    UNKNOWN_PROFILE = "unknown-profile"
    UNKNOWN_MODE = "unknown-mode"
    TEARDOWN_LIMIT = "teardown-limit"
    STUCK = "stuck"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """One thing that differs from the desired state.

    `resource` names what it is about (an id, or what is missing); `found` and `wanted` are for a person.
    """

    kind: Kind
    resource: str
    found: str
    wanted: str
    status: Status = Status.REMEDIABLE
    reason: Reason | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What tells one finding from another."""
        return self.kind, self.resource


def zone_uncovered(resource: str, found: str, status: Status, reason: Reason | None = None) -> Finding:
    """An endpoint does not stand in a zone that has private subnets."""
    wanted = "a subnet of the endpoint in each zone that has private subnets"
    return Finding(Kind.ZONE_UNCOVERED, resource, found, wanted, status, reason)
