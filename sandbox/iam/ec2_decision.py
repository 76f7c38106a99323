"""Whether the roles of the stack may make their EC2 calls: their deployed policies decide, conditions on
tags and all.

ministack evaluates policies for its own services; EC2 is not one of them here, so what IAM would ask of each
call is written down in this module: which resources a call touches, and what is known of each. IAM users are
not restricted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.ec2 import AssumedRole, Principal
from sandbox.iam.statements import Need, Statement, speaks_of

TagsOf = Callable[[str], Mapping[str, str]]

_ID = re.compile(r"(vpce|vpc|subnet|sg|sgr|rtb|igw|dopt|eni)-[0-9a-f]{8,}")
_KINDS = {
    "vpce": "vpc-endpoint",
    "vpc": "vpc",
    "subnet": "subnet",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "rtb": "route-table",
    "igw": "internet-gateway",
    "dopt": "dhcp-options",
    "eni": "network-interface",
}
_MADE_BY = {
    "CreateVpcEndpoint": "vpc-endpoint",
    "CreateSecurityGroup": "security-group",
    "CreateVpc": "vpc",
    "CreateSubnet": "subnet",
}
_READS = ("Describe", "Get")


@dataclass(frozen=True)
class Ec2Permissions:
    """The policies of roles, by the roles' ARNs, and what they say to a call: an `Ec2.authorise`."""

    statements: Mapping[str, Sequence[Statement]]
    account: str
    region: str
    tags_of: TagsOf

    def __call__(self, principal: Principal, action: str, params: Mapping[str, Any]) -> str | None:
        """Why the principal may not make this call, or None."""
        if not isinstance(principal, AssumedRole) or principal.role_arn not in self.statements:
            return None
        statements = self.statements[principal.role_arn]
        for need in self.needs(action, params):
            if not _allowed(statements, need):
                return f"{principal.role_arn} is not authorized to perform {need.action} on {need.resource}"
        return None

    def needs(self, action: str, params: Mapping[str, Any]) -> Iterator[Need]:
        """All that IAM must allow for this call."""
        if action.startswith(_READS):
            yield Need(f"ec2:{action}", "*", {})
            return
        specifications = params.get("TagSpecifications", [])
        requested = _requested([tag for each in specifications for tag in each.get("Tags", [])])
        if kind := _MADE_BY.get(action):
            yield Need(f"ec2:{action}", self._arn(kind, "*"), requested)
            if requested:
                yield Need("ec2:CreateTags", self._arn(kind, "*"), {**requested, "ec2:createaction": action})
        if params.get("PrivateDnsEnabled"):
            yield Need("route53:AssociateVPCWithHostedZone", "*", {})
        tags = _requested(params.get("Tags", []))
        # A tag's value may be an id, and names no resource of the call.
        named = {name: value for name, value in params.items() if name not in ("Tags", "TagSpecifications")}
        for each in sorted(set(_ids(named))):
            own = {f"aws:resourcetag/{key}".lower(): value for key, value in self.tags_of(each).items()}
            yield Need(f"ec2:{action}", self._arn(_KINDS[each.split("-")[0]], each), {**own, **tags})

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:aws:ec2:{self.region}:{self.account}:{kind}/{name}"


def _requested(tags: Sequence[Mapping[str, str]]) -> dict[str, str | list[str]]:
    """What a request says of the tags that it brings."""
    if not tags:
        return {}
    named: dict[str, str | list[str]] = {
        f"aws:requesttag/{tag['Key']}".lower(): tag.get("Value", "") for tag in tags
    }
    return {**named, "aws:tagkeys": [tag["Key"] for tag in tags]}


def _ids(value: object) -> Iterator[str]:
    """Every id of a resource in a call's parameters."""
    if isinstance(value, str):
        if _ID.fullmatch(value):
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _ids(each)
    elif isinstance(value, Sequence):
        for each in value:
            yield from _ids(each)


def _allowed(statements: Sequence[Statement], need: Need) -> bool:
    return {each["Effect"] for each in statements if speaks_of(each, need)} == {"Allow"}
