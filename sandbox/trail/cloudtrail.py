"""What CloudTrail writes of a call, as EventBridge delivers it: pure, from the call to the event.

EC2's older actions are told in one dialect and its newer ones in another (`sandbox.trail.dialects`);
the deployed rules and the intake have to read both, so the sandbox speaks both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sandbox.ec2.calls import Call
from sandbox.ec2.principals import AssumedRole, AwsService, IamUser, Principal
from sandbox.trail.dialects import request_parameters, response_elements

Event = dict[str, Any]

_SERVER_CODES = {"InternalError", "InternalFailure", "ServerInternal", "ServiceUnavailable", "Unavailable"}
_KINDS = {
    "dopt": "dhcp-options",
    "eigw": "egress-only-internet-gateway",
    "eni": "network-interface",
    "igw": "internet-gateway",
    "nat": "natgateway",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}


def cloudtrail_event(call: Call, account: str, region: str) -> Event:
    """The "AWS API Call via CloudTrail" event of a call."""
    detail: Event = {
        "eventVersion": "1.10",
        "userIdentity": user_identity(call.principal, account, call.request.access_key, call.time),
        "eventTime": _time(call.time),
        "eventSource": "ec2.amazonaws.com",
        "eventName": call.action,
        "awsRegion": region,
        "sourceIPAddress": _invoker(call.principal) or "203.0.113.11",
        "userAgent": _invoker(call.principal) or call.request.user_agent,
    }
    if call.error_code is not None:
        side = "Server" if call.error_code in _SERVER_CODES else "Client"
        detail["errorCode"] = f"{side}.{call.error_code}"
        detail["errorMessage"] = call.error_message or ""
    untold = call.error_code is not None or call.response is None or not call.mutating
    detail |= {
        "requestParameters": request_parameters(call.action, call.params),
        "responseElements": None if untold else response_elements(call),
        "requestID": call.request_id,
        "eventID": call.event_id,
        "readOnly": not call.mutating,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }
    return _envelope("aws.ec2", "AWS API Call via CloudTrail", call, account, region, [], detail)


class TagChanges:
    """Makes the "Tag Change on Resource" events of calls; it counts the changes of each resource."""

    def __init__(self, account: str, region: str, tags_of: Callable[[str], Mapping[str, str]]) -> None:
        self._account, self._region, self._tags_of = account, region, tags_of
        self._versions: dict[str, int] = {}
        self._keys: dict[str, set[str]] = {}

    def events(self, call: Call) -> list[Event]:
        """One event for each resource whose tags the call changed; none for most calls."""
        if call.error_code is not None or call.response is None:
            return []
        changes = {
            resource: keys or sorted(self._keys.get(resource, ())) for resource, keys in _tagged(call).items()
        }
        return [self._event(call, resource, keys) for resource, keys in changes.items() if keys]

    def _event(self, call: Call, resource: str, keys: list[str]) -> Event:
        version = self._versions[resource] = self._versions.get(resource, 0) + 1
        tags = self._tags_of(resource)
        self._keys[resource] = set(tags)
        return tag_change_event(call, resource, keys, tags, version, self._account, self._region)


def tag_change_event(
    call: Call,
    resource: str,
    changed: list[str],
    tags: Mapping[str, str],
    version: float,
    account: str,
    region: str,
) -> Event:
    """The `aws.tag` event of one resource: the keys that changed, and all tags that it has now."""
    kind = _KINDS.get(resource.partition("-")[0], resource.partition("-")[0])
    detail = {
        "changed-tag-keys": sorted(changed),
        "service": "ec2",
        "resource-type": kind,
        "version": float(version),
        "tags": dict(tags),
    }
    arn = f"arn:aws:ec2:{region}:{account}:{kind}/{resource}"
    return _envelope("aws.tag", "Tag Change on Resource", call, account, region, [arn], detail)


def user_identity(principal: Principal, account: str, access_key: str, at: float) -> Event:
    """Who made the call, as CloudTrail names principals: an IAM user's has no `sessionContext`."""
    if isinstance(principal, AwsService):
        return {"type": "AWSService", "invokedBy": principal.name}
    common = {"accountId": account, "accessKeyId": access_key}
    if isinstance(principal, IamUser):
        return {
            "type": "IAMUser",
            "principalId": _principal_id("AIDA", principal.name),
            "arn": f"arn:aws:iam::{account}:user/{principal.name}",
            **common,
            "userName": principal.name,
        }
    attributes = {"creationDate": _time(at), "mfaAuthenticated": "false"}
    if not isinstance(principal, AssumedRole):
        return {
            "type": "Root",
            "principalId": account,
            "arn": f"arn:aws:iam::{account}:root",
            **common,
            "sessionContext": {"attributes": attributes},
        }
    name = principal.role_arn.rpartition("/")[2]
    issuer_id, issuer_account = _principal_id("AROA", name), principal.role_arn.split(":")[4] or account
    return {
        "type": "AssumedRole",
        "principalId": f"{issuer_id}:{principal.session}",
        "arn": f"arn:aws:sts::{issuer_account}:assumed-role/{name}/{principal.session}",
        **common,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": issuer_id,
                "arn": principal.role_arn,
                "accountId": issuer_account,
                "userName": name,
            },
            "webIdFederationData": {},
            "attributes": attributes,
        },
    }


def _tagged(call: Call) -> dict[str, list[str]]:
    if call.action in ("CreateTags", "DeleteTags"):
        keys = [tag["Key"] for tag in call.request.tags]
        return dict.fromkeys(call.request.ids("Resources"), keys)
    specs = call.params.get("TagSpecifications", [])
    keys = [tag["Key"] for spec in specs for tag in spec.get("Tags", [])]
    made = _made(call.response or {})
    return {made: keys} if keys and made else {}


def _made(response: Mapping[str, Any]) -> str | None:
    """The id of what a creating call made: the answer's own `…Id`, or that of the one thing in it."""
    if "GroupId" in response:
        return str(response["GroupId"])
    for name, value in response.items():
        if isinstance(value, dict) and f"{name}Id" in value:
            return str(value[f"{name}Id"])
        if name == "DhcpOptions":
            return str(value["DhcpOptionsId"])
    return None


def _envelope(
    source: str, kind: str, call: Call, account: str, region: str, resources: list[str], detail: Event
) -> Event:
    return {
        "version": "0",
        "id": str(uuid5(NAMESPACE_URL, f"{source}/{call.event_id}/{','.join(resources)}")),
        "detail-type": kind,
        "source": source,
        "account": account,
        "time": _time(call.time),
        "region": region,
        "resources": resources,
        "detail": detail,
    }


def _invoker(principal: Principal) -> str | None:
    return principal.name if isinstance(principal, AwsService) else None


def _principal_id(prefix: str, name: str) -> str:
    return prefix + hashlib.sha256(name.encode()).hexdigest()[:17].upper()


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
