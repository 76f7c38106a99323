"""EC2's answers to values: the only place that knows how EC2 spells things.

Lists are sorted or made sets, states are lower-cased, CIDRs and protocols brought to one form, so that what
means the same compares the same (peers, 11).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from ..domain import policies
from ..domain.model import (
    AclEntry,
    AddressType,
    Endpoint,
    EndpointState,
    GatewayEndpoint,
    NetworkAcl,
    NetworkInterface,
    Route,
    RouteTable,
    Rule,
    SecurityGroup,
    Service,
    SourceKind,
    Subnet,
    Tags,
    Vpc,
)

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import (
        DhcpOptionsTypeDef,
        IpPermissionOutputTypeDef,
        IpPermissionTypeDef,
        NetworkAclTypeDef,
        NetworkInterfaceTypeDef,
        RouteTableTypeDef,
        RouteTypeDef,
        SecurityGroupTypeDef,
        ServiceDetailTypeDef,
        SubnetTypeDef,
        TagTypeDef,
        UserIdGroupPairTypeDef,
        VpcEndpointTypeDef,
        VpcTypeDef,
    )

_PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}


def tags(given: Iterable[TagTypeDef]) -> Tags:
    """A tag list as a mapping."""
    return {tag.get("Key", ""): tag.get("Value", "") for tag in given}


def subnet(given: SubnetTypeDef) -> Subnet:
    """A subnet of `DescribeSubnets`."""
    return Subnet(
        id=given["SubnetId"],
        zone_id=given.get("AvailabilityZoneId") or given.get("AvailabilityZone", ""),
        zone_name=given.get("AvailabilityZone", ""),
        cidr=given.get("CidrBlock", ""),
        free_addresses=given.get("AvailableIpAddressCount", 0),
        ipv6_cidrs=_associated(given.get("Ipv6CidrBlockAssociationSet", []), "Ipv6CidrBlock"),
        tags=tags(given.get("Tags", [])),
        on_outpost="OutpostArn" in given,
    )


def vpc(given: VpcTypeDef, *, dns_support: bool, dns_hostnames: bool, name_servers: Iterable[str]) -> Vpc:
    """A VPC of `DescribeVpcs`, with what other calls say of it."""
    return Vpc(
        id=given["VpcId"],
        owner_id=given.get("OwnerId", ""),
        tags=tags(given.get("Tags", [])),
        dns_support=dns_support,
        dns_hostnames=dns_hostnames,
        primary_cidr=given.get("CidrBlock", ""),
        cidrs=_associated(given.get("CidrBlockAssociationSet", []), "CidrBlock"),
        ipv6_cidrs=_associated(given.get("Ipv6CidrBlockAssociationSet", []), "Ipv6CidrBlock"),
        name_servers=tuple(name_servers),
    )


def _associated(associations: Iterable[Mapping[str, Any]], key: str) -> tuple[str, ...]:
    """The blocks that are in use, of those that are or once were associated."""
    states = ((a.get(f"{key}State", {}).get("State", "associated"), a[key]) for a in associations)
    return tuple(sorted(block for state, block in states if state == "associated"))


def name_servers(given: DhcpOptionsTypeDef) -> tuple[str, ...]:
    """The name servers of a DHCP option set."""
    return tuple(
        value.get("Value", "")
        for option in given.get("DhcpConfigurations", [])
        if option.get("Key") == "domain-name-servers"
        for value in option.get("Values", [])
    )


def route_table(given: RouteTableTypeDef) -> RouteTable:
    """A table of `DescribeRouteTables`; associations with gateways are no subnets' (facts, section 12)."""
    associations = given.get("Associations", [])
    return RouteTable(
        id=given["RouteTableId"],
        main=any(association.get("Main") for association in associations),
        subnet_ids=frozenset(a["SubnetId"] for a in associations if "SubnetId" in a),
        routes=tuple(_route(route) for route in given.get("Routes", [])),
    )


def _route(given: RouteTypeDef) -> Route:
    return Route(
        destination=given.get("DestinationCidrBlock")
        or given.get("DestinationIpv6CidrBlock")
        or given.get("DestinationPrefixListId", ""),
        gateway_id=given.get("GatewayId", ""),
        active=given.get("State", "active").lower() == "active",
    )


def endpoint(given: VpcEndpointTypeDef) -> Endpoint:
    """An endpoint of `DescribeVpcEndpoints`."""
    error = given.get("LastError", {})
    return Endpoint(
        id=given["VpcEndpointId"],
        service_name=given["ServiceName"],
        state=state(given.get("State", "")),
        subnet_ids=frozenset(given.get("SubnetIds", [])),
        group_ids=frozenset(group["GroupId"] for group in given.get("Groups", []) if "GroupId" in group),
        private_dns=given.get("PrivateDnsEnabled", False),
        tags=tags(given.get("Tags", [])),
        policy=_policy(given.get("PolicyDocument", "")),
        address_type=_address_type(given.get("IpAddressType", "")),
        error=" ".join(filter(None, (error.get("Code"), error.get("Message")))),
    )


def gateway_endpoint(given: VpcEndpointTypeDef) -> GatewayEndpoint:
    """A gateway endpoint of `DescribeVpcEndpoints`."""
    return GatewayEndpoint(
        id=given["VpcEndpointId"],
        service_name=given["ServiceName"],
        state=state(given.get("State", "")),
        route_table_ids=frozenset(given.get("RouteTableIds", [])),
        tags=tags(given.get("Tags", [])),
        policy=_policy(given.get("PolicyDocument", "")),
    )


def state(word: str) -> EndpointState:
    """A state, in whatever case EC2 gives it (facts, section 4)."""
    known = word.lower() in EndpointState.__members__.values()
    return EndpointState(word.lower()) if known else EndpointState.UNKNOWN


def _address_type(word: str) -> AddressType:
    known = word.lower() in AddressType.__members__.values()
    return AddressType(word.lower()) if known else AddressType.IPV4


def _policy(document: str) -> str:
    """In canonical form; one that cannot be read differs from every other."""
    try:
        return policies.canonical(document) if document else ""
    except policies.InvalidPolicy:
        return document


def service(given: ServiceDetailTypeDef) -> Service:
    """A service of `DescribeVpcEndpointServices`; zone names vary by account, ids do not."""
    zones = given.get("AvailabilityZoneIds") or given.get("AvailabilityZones", [])
    names = (entry.get("PrivateDnsName", "") for entry in given.get("PrivateDnsNames", []))
    known = AddressType.__members__.values()
    return Service(
        name=given["ServiceName"],
        zones=frozenset(zones),
        takes_policy=given.get("VpcEndpointPolicySupported", False),
        private_dns_names=tuple(sorted(filter(None, {*names, given.get("PrivateDnsName", "")}))),
        address_types=frozenset(
            AddressType(t) for t in given.get("SupportedIpAddressTypes", []) if t in known
        )
        or frozenset({AddressType.IPV4}),
    )


def network_acl(given: NetworkAclTypeDef) -> NetworkAcl:
    """A network ACL of `DescribeNetworkAcls`. Rules that are no IP rules have no block, and match nothing."""
    entries = (
        AclEntry(
            number=entry.get("RuleNumber", 0),
            egress=entry.get("Egress", False),
            allow=entry.get("RuleAction") == "allow",
            protocol=entry.get("Protocol", "-1"),
            from_port=entry.get("PortRange", {}).get("From", 0),
            to_port=entry.get("PortRange", {}).get("To", 65535),
            cidr=_cidr(entry.get("CidrBlock") or entry.get("Ipv6CidrBlock", "::/128")),
        )
        for entry in given.get("Entries", [])
    )
    associations = given.get("Associations", [])
    return NetworkAcl(
        id=given.get("NetworkAclId", ""),
        subnet_ids=frozenset(each["SubnetId"] for each in associations if "SubnetId" in each),
        entries=tuple(sorted(entries)),
    )


# EC2 writes the endpoint into the description, with a colon or without (facts, section 14).
_OF_ENDPOINT = re.compile(r"VPC Endpoint Interface:? (vpce-\w+)")


def network_interface(given: NetworkInterfaceTypeDef) -> NetworkInterface:
    """An interface of `DescribeNetworkInterfaces`."""
    description = given.get("Description", "")
    endpoint = _OF_ENDPOINT.fullmatch(description)
    return NetworkInterface(
        id=given.get("NetworkInterfaceId", ""),
        subnet_id=given.get("SubnetId", ""),
        group_ids=frozenset(each["GroupId"] for each in given.get("Groups", []) if "GroupId" in each),
        endpoint_id=endpoint[1] if endpoint else "",
        description=description,
    )


def security_group(given: SecurityGroupTypeDef) -> SecurityGroup:
    """A group of `DescribeSecurityGroups`, its permissions taken apart into single rules."""
    return SecurityGroup(
        id=given["GroupId"],
        name=given.get("GroupName", ""),
        tags=tags(given.get("Tags", [])),
        ingress=frozenset(_rules(given.get("IpPermissions", []))),
        egress=frozenset(_rules(given.get("IpPermissionsEgress", []))),
    )


def _rules(permissions: Iterable[IpPermissionOutputTypeDef]) -> Iterator[Rule]:
    for permission in permissions:
        protocol = permission.get("IpProtocol", "-1").lower()
        protocol = _PROTOCOLS.get(protocol, protocol)
        ports = (
            (-1, -1) if protocol == "-1" else (permission.get("FromPort", -1), permission.get("ToPort", -1))
        )
        for ipv4 in permission.get("IpRanges", []):
            yield Rule(protocol, *ports, SourceKind.CIDR, _cidr(ipv4.get("CidrIp", "")))
        for ipv6 in permission.get("Ipv6Ranges", []):
            yield Rule(protocol, *ports, SourceKind.CIDR_V6, _cidr(ipv6.get("CidrIpv6", "")))
        for prefix_list in permission.get("PrefixListIds", []):
            yield Rule(protocol, *ports, SourceKind.PREFIX_LIST, prefix_list.get("PrefixListId", ""))
        for pair in permission.get("UserIdGroupPairs", []):
            group_id, account = pair.get("GroupId", ""), pair.get("UserId", "")
            yield Rule(protocol, *ports, SourceKind.GROUP, group_id, account)


def _cidr(text: str) -> str:
    return str(ip_network(text, strict=False))


def permissions(rules: Iterable[Rule]) -> list[IpPermissionTypeDef]:
    """Rules as EC2 wants them in Authorize and Revoke calls."""
    return [_permission(rule) for rule in rules]


def _permission(rule: Rule) -> IpPermissionTypeDef:
    permission: IpPermissionTypeDef = {"IpProtocol": rule.protocol}
    if rule.protocol != "-1":
        permission["FromPort"] = rule.from_port
        permission["ToPort"] = rule.to_port
    if rule.source_kind is SourceKind.CIDR:
        permission["IpRanges"] = [{"CidrIp": rule.source}]
    elif rule.source_kind is SourceKind.CIDR_V6:
        permission["Ipv6Ranges"] = [{"CidrIpv6": rule.source}]
    elif rule.source_kind is SourceKind.PREFIX_LIST:
        permission["PrefixListIds"] = [{"PrefixListId": rule.source}]
    elif rule.source_kind is SourceKind.GROUP:
        pair: UserIdGroupPairTypeDef = {"GroupId": rule.source}
        if rule.account_id:
            pair["UserId"] = rule.account_id
        permission["UserIdGroupPairs"] = [pair]
    return permission
