"""CloudTrail's two dialects of EC2 calls (facts.md, section 6): apart, as they are a language of their own.

The old one writes lowerCamel names, lists as `{"items": […]}` and an empty list as `{}`. The new one wraps
all in the request's name, writes PascalCase names, one element as an object and several as an array, each
with its `tag`, and reads numbers and truth values out of any text that looks like one.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sandbox.ec2.calls import Call, Params, Response
from sandbox.ec2.wire import NAMESPACE, operation, query_name, text, xml_name

Tree = dict[str, Any]

NEW = frozenset(
    {
        "AssociateVpcCidrBlock",
        "CreateEgressOnlyInternetGateway",
        "CreateNatGateway",
        "CreateVpcEndpoint",
        "DeleteEgressOnlyInternetGateway",
        "DeleteNatGateway",
        "DeleteVpcEndpoints",
        "DescribeVpcEndpoints",
        "DescribeVpcEndpointServices",
        "DisassociateVpcCidrBlock",
        "ModifySecurityGroupRules",
        "ModifyVpcEndpoint",
    }
)
_NUMBER = re.compile(r"-?(0|[1-9]\d*)")
_OLD_NAMES = {
    ("CreateTags", "Resources"): "resourcesSet",
    ("CreateTags", "Tags"): "tagSet",
    ("DeleteTags", "Resources"): "resourcesSet",
    ("DeleteTags", "Tags"): "tagSet",
    ("CreateDhcpOptions", "DhcpConfigurations"): "dhcpConfigurationSet",
    ("CreateDhcpOptions", "Values"): "valueSet",
    ("CreateNetworkAclEntry", "Protocol"): "aclProtocol",
}
_OLD_ITEMS = {"Resources": "resourceId", "Values": "value", "SecurityGroupRuleIds": "securityGroupRuleId"}
_PEERS = ("UserIdGroupPairs", "IpRanges", "Ipv6Ranges", "PrefixListIds")
_DEFAULTS: dict[str, Tree] = {
    "CreateVpc": {"instanceTenancy": "default", "amazonProvidedIpv6CidrBlock": False},
    "CreateNetworkAclEntry": {"icmpTypeCode": {}, "portRange": {}},
    "AuthorizeSecurityGroupIngress": {"ipPermissions": {}},
    "AuthorizeSecurityGroupEgress": {"ipPermissions": {}},
    "RevokeSecurityGroupIngress": {"ipPermissions": {}},
    "RevokeSecurityGroupEgress": {"ipPermissions": {}},
}
_TOLD_TOO: dict[str, Tree] = {
    "CreateInternetGateway": {"internetGateway": {"association": {}}},
    "CreateRouteTable": {"routeTable": {"propagatingVgwSet": {}}},
    "CreateSubnet": {"subnet": {"enableDns64": False}},
    "DisassociateRouteTable": {"associationState": {"state": "disassociating"}},
}
"""What the trail tells of a call that its answer does not hold."""
_NOT_TOLD = {"SecurityGroupArn", "RevokedSecurityGroupRules", "UnknownIpPermissions", "Return"}


def request_parameters(action: str, params: Params) -> Tree:
    """A call's parameters, in the dialect of its action."""
    shape: Any = operation(action).input_shape
    sent = {name: value for name, value in params.items() if name != "DryRun"}
    if action in NEW:
        return {f"{action}Request": _new_request(shape, sent)}
    return _DEFAULTS.get(action, {}) | _old_request(action, shape, sent)


def response_elements(call: Call) -> Tree:
    """What a call answered, in the dialect of its action."""
    shape: Any = operation(call.action).output_shape
    response = call.response or {}
    if call.action in NEW:
        told = _new_answer(shape, response) if shape else {"return": True}
        wrapped = {"xmlns": NAMESPACE, "requestId": call.request_id, **told}
        return {f"{call.action}Response": wrapped}
    return _old_answer(call, shape, response)


def _old_request(action: str, shape: Any, params: Params) -> Tree:
    told: Tree = {}
    for name, member in shape.members.items():
        if name not in params:
            continue
        if name == "TagSpecifications":
            told["tagSpecificationSet"] = {"items": [_tag_specification(each) for each in params[name]]}
            continue
        wire = query_name(member, name)
        key = _OLD_NAMES.get((action, name), wire[0].lower() + wire[1:])
        told[key] = _old_value(action, name, member, params[name])
    return told


def _old_value(action: str, name: str, shape: Any, value: Any) -> Any:
    if shape.type_name == "structure":
        inner = _old_request(action, shape, value)
        if name == "IpPermissions":
            empty: Tree = {key: {} for key in map(_old_peer, _PEERS) if key not in inner}
            return inner | empty
        return inner
    if shape.type_name == "list":
        if shape.member.type_name == "structure":
            items = [_old_value(action, name, shape.member, each) for each in value]
        else:
            items = [{_OLD_ITEMS.get(name, name[0].lower() + name[1:].rstrip("s")): each} for each in value]
        return {"items": items} if items else {}
    return value


def _old_peer(name: str) -> str:
    return "groups" if name == "UserIdGroupPairs" else name[0].lower() + name[1:]


def _tag_specification(spec: Tree) -> Tree:
    tags = [{"key": tag["Key"], "value": tag.get("Value", "")} for tag in spec.get("Tags", [])]
    return {"resourceType": spec.get("ResourceType", ""), "tags": tags}


def _old_answer(call: Call, shape: Any, response: Response) -> Tree:
    kept = {name: value for name, value in response.items() if name not in _NOT_TOLD}
    told: Tree = {"requestId": call.request_id, **(_old_members(shape, kept) if shape else {})}
    for name, more in _TOLD_TOO.get(call.action, {}).items():
        told[name] = told.get(name, {}) | more
    if not kept or call.action in _WITH_RETURN:
        told["_return"] = True
    return told


_WITH_RETURN = ("AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress", "CreateSecurityGroup")


def _old_members(shape: Any, value: Tree) -> Tree:
    return {
        xml_name(member, name): _old_member(member, value[name])
        for name, member in shape.members.items()
        if value.get(name) is not None
    }


def _old_member(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure":
        return _old_members(shape, value)
    if shape.type_name == "list":
        items = [_old_member(shape.member, each) for each in value]
        return {"items": items} if items else {}
    return text(value) if isinstance(value, datetime) else value


def _new_request(shape: Any, params: Params) -> Tree:
    return {
        query_name(member, name): _new_value(member, params[name])
        for name, member in shape.members.items()
        if name in params
    }


def _new_value(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure":
        return _new_request(shape, value)
    if shape.type_name == "list":
        return _one_or_many([_numbered(shape.member, each, n) for n, each in enumerate(value, 1)])
    return _read(value)


def _numbered(shape: Any, value: Any, number: int) -> Tree:
    if shape.type_name == "structure":
        return {**_new_request(shape, value), "tag": number}
    return {"tag": number, "content": _read(value)}


def _new_answer(shape: Any, value: Tree) -> Tree:
    return {
        xml_name(member, name): _new_member(member, value[name])
        for name, member in shape.members.items()
        if value.get(name) is not None
    }


def _new_member(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure":
        return _new_answer(shape, value)
    if shape.type_name == "list":
        items = [_new_member(shape.member, each) for each in value]
        return {xml_name(shape.member, "item"): _one_or_many(items)} if items else ""
    return _read(value)


def _one_or_many(items: list[Any]) -> Any:
    if not items:
        return ""
    return items[0] if len(items) == 1 else items


def _read(value: Any) -> Any:
    """A scalar as it is read out of XML: text that looks like a number or a truth value becomes one."""
    written = text(value)
    if written in ("true", "false"):
        return written == "true"
    return int(written) if _NUMBER.fullmatch(written) else written
