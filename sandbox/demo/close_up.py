"""One VPC up close: how it stands before and after, and each call in between that changed something."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from sandbox.demo import show
from sandbox.demo.fleet import Vpc
from sandbox.ec2 import AssumedRole, Call, IamUser, Principal
from sandbox.sandbox import Sandbox
from sandbox.truth import APP_MESH, LOGS, Found

_SERVICES = {"App Mesh's endpoint": APP_MESH, "logs' endpoint": LOGS}
_WORDS = {
    r"\bvpce-[0-9a-f]+": "endpoint",
    r"\bsg-[0-9a-f]+": "its group",
    "appmesh-envoy-management": "App Mesh",
    "logs's": "logs'",
    "there is no ": "no ",
    ", or more than one$": "",
}
_NOT_TOLD = {"ClientToken", "DryRun", "Description", "TagSpecifications", "VpcEndpointType", "VpcId"}


@dataclass(frozen=True)
class View:
    """How a VPC stands at a moment: each thing in words, and the ids of all that is there."""

    things: Mapping[str, str]
    ids: frozenset[str]
    calls: int
    """How many calls EC2 had got by then."""


def view(sandbox: Sandbox, vpc: str) -> View:
    """Look at a VPC."""
    truth = sandbox.truth
    endpoints = {name: truth.endpoints(vpc, service) for name, service in _SERVICES.items()}
    group = truth.owned_group(vpc)
    things = {
        "DNS support": _switch(sandbox, vpc, "enableDnsSupport"),
        "DNS hostnames": _switch(sandbox, vpc, "enableDnsHostnames"),
        "owned security group": _group(group) if group else "none",
        **{name: "; ".join(map(_endpoint, found)) or "none" for name, found in endpoints.items()},
        "faults": "\n".join(faults(sandbox, vpc)) or "none",
    }
    ids = {vpc, *(each["GroupId"] for each in truth.groups(vpc))}
    ids |= {each["VpcEndpointId"] for found in endpoints.values() for each in found}
    return View(things, frozenset(ids), len(sandbox.ec2.calls))


def show_between(console: Console, sandbox: Sandbox, vpc: Vpc, before: View) -> None:
    """Print how a VPC stood before and stands now, and the calls in between."""
    after = view(sandbox, vpc.id)
    rows = [(name, before.things[name], after.things[name]) for name in after.things]
    console.print(show.table(f"{vpc.name} up close", ("", "before", "after"), rows))
    calls = list(sandbox.ec2.calls)[before.calls : after.calls]
    told = [
        (_by(call.principal, sandbox), call.action, what(call))
        for call in calls
        if call.mutating and mentions(call, before.ids | after.ids)
    ]
    console.print(show.table(f"The calls that changed {vpc.name}", ("by", "call", "what"), told))


def faults(sandbox: Sandbox, vpc: str) -> list[str]:
    """What is wrong with a VPC, in words; not what AWS is at work on."""
    return [_in_short(each) for each in sandbox.truth.faults(vpc) if not each.endswith(" is pending")]


def _in_short(fault: str) -> str:
    """A fault without ids, and with the names that the demo uses."""
    for pattern, word in _WORDS.items():
        fault = re.sub(pattern, word, fault)
    return fault


def mentions(call: Call, ids: frozenset[str]) -> bool:
    """Whether a call is about one of these things, or made it."""
    told = json.dumps([call.params, call.response], default=str)
    return any(f'"{each}"' in told for each in ids)


def what(call: Call) -> str:
    """What a call changed, or was refused."""
    refused = f" (refused: {call.error_code})" if call.error_code else ""
    return "; ".join(_told(call)) + refused


def _told(call: Call) -> Iterator[str]:
    for name, value in call.params.items():
        if name not in _NOT_TOLD:
            yield f"{name}: {_value(name, value)}"


def _value(name: str, value: Any) -> str:
    if name == "IpPermissions":
        return ", ".join(map(_rule, value))
    if name == "Tags":
        return ", ".join(f"{each['Key']} = {each.get('Value', '')}" for each in value)
    if isinstance(value, dict):
        return ", ".join(str(each) for each in value.values())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return _short(str(value)) if name == "ServiceName" else str(value)


def _rule(rule: Mapping[str, Any]) -> str:
    sources = ", ".join(each["CidrIp"] for each in rule.get("IpRanges", []))
    ports = "all" if rule["IpProtocol"] == "-1" else f"{rule.get('FromPort')}/{rule['IpProtocol']}"
    return f"{ports} from {sources}"


def _by(principal: Principal, sandbox: Sandbox) -> str:
    if isinstance(principal, IamUser):
        return principal.name
    if principal in sandbox.roles.values():
        return "the remediator"
    return principal.session if isinstance(principal, AssumedRole) else "someone"


def _switch(sandbox: Sandbox, vpc: str, name: str) -> str:
    found = sandbox.ec2.truth("DescribeVpcAttribute", VpcId=vpc, Attribute=name)
    return "on" if found[name[0].upper() + name[1:]]["Value"] else "off"


def _group(group: Found) -> str:
    return f"{group['GroupId']}: {_rules(group['IpPermissions']) or 'nothing'} in, {_out(group)} out"


def _out(group: Found) -> str:
    return _rules(group["IpPermissionsEgress"]) or "nothing"


def _rules(rules: Sequence[Found]) -> str:
    return ", ".join(map(_rule, rules))


def _endpoint(endpoint: Found) -> str:
    dns = "on" if endpoint["PrivateDnsEnabled"] else "off"
    groups = ", ".join(each["GroupId"] for each in endpoint["Groups"])
    subnets = len(endpoint["SubnetIds"])
    return (
        f"{endpoint['VpcEndpointId']}: {endpoint['State']}, {subnets} subnet{'s' * (subnets != 1)},"
        f" private DNS {dns}, behind {groups}"
    )


def _short(service: str) -> str:
    return service.rsplit(".", 1)[1]
