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
from fnmatch import fnmatchcase
from typing import Any

from sandbox.ec2 import AssumedRole, Principal
from sandbox.iam.policies import Statement

Context = Mapping[str, str | list[str]]
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
_MADE_BY = {"CreateVpcEndpoint": "vpc-endpoint", "CreateSecurityGroup": "security-group"}
_READS = ("Describe", "Get")


class PolicyError(RuntimeError):
    """A policy says something that is not understood here; better told than passed over."""


@dataclass(frozen=True)
class Need:
    """One thing that IAM must allow for a call to go through."""

    action: str
    resource: str
    context: Context


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
    matching = [statement for statement in statements if _matches(statement, need)]
    effects = {statement["Effect"] for statement in matching}
    return effects == {"Allow"}


def _matches(statement: Statement, need: Need) -> bool:
    actions = [each.lower() for each in _listed(statement["Action"])]
    return (
        any(fnmatchcase(need.action.lower(), each) for each in actions)
        and any(fnmatchcase(need.resource, each) for each in _listed(statement["Resource"]))
        and all(
            _holds(operator, need.context.get(key.lower()), _listed(values))
            for operator, test in statement.get("Condition", {}).items()
            for key, values in test.items()
        )
    )


def _holds(operator: str, found: str | list[str] | None, wanted: list[str]) -> bool:
    """Whether one condition holds for what is known."""
    if operator == "Null":
        return (found is None) == (wanted == ["true"])
    values = _listed(found) if found is not None else []
    match operator:
        case "StringEquals":
            return found is not None and all(each in wanted for each in values)
        case "StringLike":
            return found is not None and all(any(fnmatchcase(v, w) for w in wanted) for v in values)
        case "StringNotEquals":
            return not any(each in wanted for each in values)
        case "ForAllValues:StringEquals":
            return all(each in wanted for each in values)
    raise PolicyError(f"the sandbox does not know the condition operator {operator}")


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
