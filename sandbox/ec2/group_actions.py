"""The calls on security group rules, done here: moto's do half a batch, and answer for its last part only."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupRule

from sandbox.ec2.calls import Params, Refused, Request, Response
from sandbox.ec2.group_rules import Key, key_of, peers_of, permissions
from sandbox.ec2.world import World


def authorize(world: World, request: Request) -> Response:
    """`AuthorizeSecurityGroupIngress` and `…Egress`."""
    group, egress = world.group_of(request.params), request.action.endswith("Egress")
    tags = {
        tag["Key"]: tag.get("Value", "")
        for spec in request.params.get("TagSpecifications", [])
        for tag in spec.get("Tags", [])
    }
    added = []
    for permission in permissions(request.params):
        for key, part in peers_of(permission):
            if key.kind == "group":
                world.group(key.peer)
            rule = _rule(world, group, key, part, egress)
            rule.add_tags(tags)
            (group.egress_rules if egress else group.ingress_rules).append(rule)
            added.append(rule)
    if not added:
        raise Refused("MissingParameter", "The request must contain the parameter ipPermissions")
    return {"Return": True, "SecurityGroupRules": [described(world, each) for each in added]}


def revoke(world: World, request: Request) -> Response:
    """`RevokeSecurityGroupIngress` and `…Egress`."""
    group, egress = world.group_of(request.params), request.action.endswith("Egress")
    rules = group.egress_rules if egress else group.ingress_rules
    there = {key_of(each): each for each in rules}
    ids = request.ids("SecurityGroupRuleIds")
    gone = [each for each in rules if each.id in ids]
    unknown = []
    for permission in permissions(request.params):
        for key, part in peers_of(permission):
            if key in there:
                gone.append(there[key])
            else:
                unknown.append(_permission(key, part))
    kept = [each for each in rules if all(each is not other for other in gone)]
    if egress:
        group.egress_rules = kept
    else:
        group.ingress_rules = kept
    revoked = [_revoked(described(world, each)) for each in gone]
    return {"Return": True, "UnknownIpPermissions": unknown, "RevokedSecurityGroupRules": revoked}


def modify_rules(world: World, request: Request) -> Response:
    """`ModifySecurityGroupRules`: the rule keeps its id, all else is as the call says."""
    group = world.group_of(request.params)
    for change in request.params.get("SecurityGroupRules", []):
        rule = group.get_rule(change["SecurityGroupRuleId"])
        if rule is None:
            message = f"The security group rule ID '{change['SecurityGroupRuleId']}' does not exist"
            raise Refused("InvalidSecurityGroupRuleId.NotFound", message)
        ((key, part),) = peers_of(_as_permission(change["SecurityGroupRule"]))
        twin = _rule(world, group, key, part, rule.is_egress)
        for name in ("ip_protocol", "from_port", "to_port", "ip_range", "source_group", "prefix_list_id"):
            setattr(rule, name, getattr(twin, name))
    return {"Return": True}


def described(world: World, rule: Any) -> dict[str, Any]:
    """A rule as `DescribeSecurityGroupRules` tells of it."""
    answer: dict[str, Any] = {
        "SecurityGroupRuleId": rule.id,
        "GroupId": rule.group_id,
        "GroupOwnerId": world.account,
        "IsEgress": rule.is_egress,
        "IpProtocol": rule.ip_protocol,
        "FromPort": -1 if rule.from_port is None else rule.from_port,
        "ToPort": -1 if rule.to_port is None else rule.to_port,
        "SecurityGroupRuleArn": (f"arn:aws:ec2:{world.region}:{world.account}:security-group-rule/{rule.id}"),
    }
    key = key_of(rule)
    if key.kind == "group":
        answer["ReferencedGroupInfo"] = {"GroupId": key.peer, "UserId": world.account}
    else:
        answer[{"cidr": "CidrIpv4", "cidr6": "CidrIpv6", "list": "PrefixListId"}[key.kind]] = key.peer
    description = rule.ip_range.get("Description") or rule.source_group.get("Description")
    if description:
        answer["Description"] = description
    if tags := world.tags(rule.id):
        answer["Tags"] = [{"Key": name, "Value": value} for name, value in tags.items()]
    return answer


def _rule(
    world: World, group: SecurityGroup, key: Key, part: dict[str, Any], egress: bool
) -> SecurityGroupRule:
    text = {"Description": part["Description"]} if part.get("Description") else {}
    ip_range = {"cidr": {"CidrIp": key.peer}, "cidr6": {"CidrIpv6": key.peer}}.get(key.kind)
    source = {"GroupId": key.peer, "UserId": world.account, "OwnerId": world.account}
    # moto looks for ports in any rule that is not for every protocol; ICMP's -1 stands for all types
    return SecurityGroupRule(
        world.backend,
        key.protocol,
        group.id,
        str(-1 if key.from_port is None else key.from_port),
        str(-1 if key.to_port is None else key.to_port),
        ip_range | text if ip_range else None,
        source | text if key.kind == "group" else None,
        {"PrefixListId": key.peer} if key.kind == "list" else None,
        is_egress=egress,
    )


def _permission(key: Key, part: dict[str, Any]) -> dict[str, Any]:
    names = {"cidr": "IpRanges", "cidr6": "Ipv6Ranges", "group": "UserIdGroupPairs", "list": "PrefixListIds"}
    ports = {} if key.from_port is None else {"FromPort": key.from_port, "ToPort": key.to_port}
    return {"IpProtocol": key.protocol, **ports, names[key.kind]: [part]}


def _as_permission(rule: Params) -> dict[str, Any]:
    one: dict[str, Any] = {k: rule[k] for k in ("IpProtocol", "FromPort", "ToPort") if k in rule}
    text = {"Description": rule["Description"]} if "Description" in rule else {}
    peers = {
        "IpRanges": ("CidrIpv4", "CidrIp"),
        "Ipv6Ranges": ("CidrIpv6", "CidrIpv6"),
        "UserIdGroupPairs": ("ReferencedGroupId", "GroupId"),
        "PrefixListIds": ("PrefixListId", "PrefixListId"),
    }
    given = [(name, theirs, rule[ours]) for name, (ours, theirs) in peers.items() if ours in rule]
    if len(given) != 1:
        message = "Exactly one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId must be specified"
        raise Refused("InvalidParameterCombination" if given else "MissingParameter", message)
    ((name, theirs, value),) = given
    return one | {name: [{theirs: value} | text]}


def _revoked(rule: dict[str, Any]) -> dict[str, Any]:
    other = ("GroupOwnerId", "SecurityGroupRuleArn", "ReferencedGroupInfo", "Tags")
    answer = {name: value for name, value in rule.items() if name not in other}
    if "ReferencedGroupInfo" in rule:
        answer["ReferencedGroupId"] = rule["ReferencedGroupInfo"]["GroupId"]
    return answer
