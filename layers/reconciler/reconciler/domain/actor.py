"""Who made a call, in one line for a person: `rob@example.com (AdministratorAccess) via terraform`.

From CloudTrail's `userIdentity` and `userAgent` (facts, section 16). The user agent is whatever the
caller says. Names are personal data: they go into the ledger, logs and events, and never into a metric.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_SSO_ROLE = re.compile(r"AWSReservedSSO_(.+)_[0-9a-f]{16}")
# Session names that services and SDKs make up.
_MADE_UP = re.compile(
    r"i-[0-9a-f]{8,17}|AWSCloudFormation|botocore-session-\d+|aws-sdk-\S+|\d+|[0-9a-f-]{32,36}"
)
_LONGEST = 200


def actor(detail: Mapping[str, Any], account: str) -> str:
    """Who made the call that a CloudTrail record is of. `account` is the one that the record was made in."""
    identity = _object(detail.get("userIdentity"))
    context = _object(identity.get("sessionContext"))
    issuer = _object(context.get("sessionIssuer"))
    role = _text(issuer.get("userName"))
    session = _session(identity)
    name = (
        _text(context.get("sourceIdentity"))
        or session
        or ("" if role else _text(identity.get("userName")))
        or role
        or _text(identity.get("invokedBy"))
        or _text(identity.get("type"))
        or "someone unknown"
    )
    if sso := _SSO_ROLE.fullmatch(role):
        role = sso[1]
    parts = [name]
    if role and role != name:
        parts.append(f"({role})")
    if via := _via(identity, detail):
        parts.append(f"via {via}")
    foreign = _text(identity.get("accountId"))
    if foreign and account and foreign != account:
        parts.append(f"of account {foreign}")
    return " ".join(parts)[:_LONGEST]


def _session(identity: Mapping[str, Any]) -> str:
    """The session's name, where a person or a pipeline chose it."""
    if identity.get("type") != "AssumedRole":
        return ""
    session = _text(identity.get("arn")).rpartition("/")[2]
    return "" if _MADE_UP.fullmatch(session) else session


def _via(identity: Mapping[str, Any], detail: Mapping[str, Any]) -> str:
    agent = _text(detail.get("userAgent"))
    invoked_by = _text(identity.get("invokedBy"))
    if "cloudformation.amazonaws.com" in (agent, invoked_by):
        return "cloudformation"
    if "terraform" in agent.lower():
        return "terraform"
    console = str(detail.get("sessionCredentialFromConsole")).lower() == "true"
    if console or agent.startswith(("console.", "AWS Internal", "signin.")):
        return "console"
    return invoked_by.removesuffix(".amazonaws.com")


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    """A text without line breaks or other control characters: it goes into log lines."""
    return "".join(each for each in value if each.isprintable()) if isinstance(value, str) else ""
