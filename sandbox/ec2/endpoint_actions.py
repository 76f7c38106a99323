"""The VPC endpoint calls, done here: what they do once every rule has let them pass."""

from __future__ import annotations

from typing import Any

from moto.ec2.utils import random_private_ip, random_vpc_ep_id

from sandbox.ec2.calls import Refused, Request, Response
from sandbox.ec2.endpoints import Endpoint, full_access, reformatted
from sandbox.ec2.filters import wanted
from sandbox.ec2.rules.policies import policies_come_back_in_another_form
from sandbox.ec2.rules.states import state_in_letters, states_take_time
from sandbox.ec2.world import World


def create_vpc_endpoint(world: World, request: Request) -> Response:
    """`CreateVpcEndpoint`."""
    params, now = request.params, world.now
    vpc = world.vpc(params["VpcId"])
    tables = [world.route_table(each).id for each in request.ids("RouteTableIds")]
    subnets = [world.subnet(each).id for each in request.ids("SubnetIds")]
    groups = [world.group(each).id for each in request.ids("SecurityGroupIds")]
    kind = params.get("VpcEndpointType", "Gateway")
    service = world.services.find(params.get("ServiceName", ""), kind)
    endpoint = Endpoint(
        id=random_vpc_ep_id(),
        vpc_id=vpc.id,
        service_name=params.get("ServiceName", ""),
        type=kind,
        owner_id=world.account,
        created=now,
        available_from=now + (world.timings.create if world.keeps(states_take_time) else 0),
        private_dns=params.get("PrivateDnsEnabled", False),
        private_dns_names=service.private_dns if service else (),
        address_type=params.get("IpAddressType", "ipv4"),
    )
    if service is None or service.policies or "PolicyDocument" in params:
        endpoint.policy = params.get("PolicyDocument") or full_access(kind)
    if service is not None and service.acceptance_required:
        endpoint.forced_state = "pendingAcceptance"
    world.endpoints[endpoint.id] = endpoint
    _tag(world, endpoint.id, params)
    if kind == "Interface":
        endpoint.groups = groups or [_default_group(world, vpc.id)]
        for subnet_id in subnets:
            _stand_in(world, endpoint, subnet_id)
    else:
        _route(world, endpoint, tables)
    answer: Response = {"VpcEndpoint": described(world, endpoint)}
    if "ClientToken" in params:
        answer["ClientToken"] = params["ClientToken"]
    return answer


def modify_vpc_endpoint(world: World, request: Request) -> Response:
    """`ModifyVpcEndpoint`."""
    params = request.params
    endpoint = world.endpoint(params["VpcEndpointId"])
    tables = [world.route_table(each).id for each in request.ids("AddRouteTableIds")]
    subnets = [world.subnet(each).id for each in request.ids("AddSubnetIds")]
    added = [world.group(each).id for each in request.ids("AddSecurityGroupIds")]
    removed = request.ids("RemoveSecurityGroupIds")
    for subnet_id in subnets:
        if subnet_id not in endpoint.subnets:
            _stand_in(world, endpoint, subnet_id)
    for subnet_id in request.ids("RemoveSubnetIds"):
        if subnet_id in endpoint.subnets:
            endpoint.leaving.append(endpoint.subnets.pop(subnet_id))
    if added or removed:
        endpoint.groups = [each for each in dict.fromkeys(endpoint.groups + added) if each not in removed]
        for eni_id in endpoint.interfaces:
            world.backend.enis[eni_id]._group_set = [world.group(each) for each in endpoint.groups]
    if "PrivateDnsEnabled" in params:
        endpoint.private_dns = params["PrivateDnsEnabled"]
    if params.get("ResetPolicy"):
        endpoint.policy = full_access(endpoint.type)
    elif "PolicyDocument" in params:
        endpoint.policy = params["PolicyDocument"]
    if "IpAddressType" in params:
        endpoint.address_type = params["IpAddressType"]
    _unroute(world, endpoint, request.ids("RemoveRouteTableIds"))
    _route(world, endpoint, tables)
    endpoint.modifying_until = world.now + (world.timings.modify if world.keeps(states_take_time) else 0)
    endpoint.pending_until = endpoint.modifying_until if world.timings.pending_while_modified else 0.0
    world.unsettled.add(endpoint.id)
    world.settle()
    return {"Return": True}


def delete_vpc_endpoints(world: World, request: Request) -> Response:
    """`DeleteVpcEndpoints`: a 200 also where some could not be deleted."""
    unsuccessful, now = [], world.now
    for endpoint_id in request.ids("VpcEndpointIds"):
        endpoint = world.endpoints.get(endpoint_id)
        if endpoint is None or not endpoint.alive(now):
            message = f"The Vpc Endpoint Id '{endpoint_id}' does not exist"
            error = {"Code": "InvalidVpcEndpoint.NotFound", "Message": message}
            unsuccessful.append({"ResourceId": endpoint_id, "Error": error})
        elif now < endpoint.deleting_from:
            slow = world.keeps(states_take_time)
            endpoint.deleting_from = now
            endpoint.deleted_from = now + (world.timings.delete if slow else 0)
            endpoint.gone_from = endpoint.deleted_from + (world.timings.remember if slow else 0)
            _unroute(world, endpoint, list(endpoint.route_tables))
            world.unsettled.add(endpoint_id)
    world.settle()
    return {"Unsuccessful": unsuccessful}


def describe_vpc_endpoints(world: World, request: Request) -> Response:
    """`DescribeVpcEndpoints`, unpaged."""
    ids = request.ids("VpcEndpointIds")
    found = [world.endpoint(each) for each in ids] if ids else list(world.endpoints.values())
    shown = [each for each in found if _passes(world, each, request.filters)]
    world.letters += 1
    return {"VpcEndpoints": [described(world, each) for each in shown]}


def describe_vpc_endpoint_services(world: World, request: Request) -> Response:
    """`DescribeVpcEndpointServices`, unpaged."""
    return world.services.describe(request)


def described(world: World, endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint as EC2 tells of it."""
    backend = world.backend
    subnets = [each for each in map(backend.subnet, endpoint.subnets) if each]
    groups = [each for each in map(backend.group, endpoint.groups) if each]
    answer: dict[str, Any] = {
        "VpcEndpointId": endpoint.id,
        "VpcEndpointType": endpoint.type,
        "VpcId": endpoint.vpc_id,
        "ServiceName": endpoint.service_name,
        "State": state_in_letters(world, endpoint.state(world.now)),
        "RouteTableIds": list(endpoint.route_tables),
        "SubnetIds": list(endpoint.subnets),
        "Groups": [{"GroupId": each.id, "GroupName": each.name} for each in groups],
        "IpAddressType": endpoint.address_type,
        "DnsOptions": {"DnsRecordIpType": endpoint.address_type},
        "PrivateDnsEnabled": endpoint.private_dns,
        "RequesterManaged": False,
        "NetworkInterfaceIds": endpoint.interfaces,
        "DnsEntries": [],
        "CreationTimestamp": endpoint.creation_time,
        "Tags": [{"Key": key, "Value": value} for key, value in world.tags(endpoint.id).items()],
        "OwnerId": endpoint.owner_id,
        "ServiceRegion": world.region,
    }
    if endpoint.type == "Interface":
        zones = [each.availability_zone for each in subnets]
        answer["DnsEntries"] = endpoint.dns_entries(world.region, zones)
    if endpoint.policy is not None:
        keeps = world.keeps(policies_come_back_in_another_form)
        answer["PolicyDocument"] = reformatted(endpoint.policy) if keeps else endpoint.policy
    if endpoint.last_error is not None:
        answer["LastError"] = {"Code": endpoint.last_error[0], "Message": endpoint.last_error[1]}
    return answer


def _passes(world: World, endpoint: Endpoint, filters: list[dict[str, Any]]) -> bool:
    fields = {
        "vpc-id": lambda: [endpoint.vpc_id],
        "service-name": lambda: [endpoint.service_name],
        "vpc-endpoint-id": lambda: [endpoint.id],
        "vpc-endpoint-state": lambda: [endpoint.state(world.now)],
        "vpc-endpoint-type": lambda: [endpoint.type],
        "ip-address-type": lambda: [endpoint.address_type],
        "service-region": lambda: [world.region],
    }
    return wanted(filters, fields, world.tags(endpoint.id) if filters else {})


def _stand_in(world: World, endpoint: Endpoint, subnet_id: str) -> None:
    subnet = world.subnet(subnet_id)
    eni = world.backend.create_network_interface(
        subnet,
        random_private_ip(subnet.cidr_block),
        group_ids=list(endpoint.groups),
        description=f"VPC Endpoint Interface {endpoint.id}",
    )
    eni.interface_type = "vpc_endpoint"
    endpoint.subnets[subnet_id] = eni.id


def _default_group(world: World, vpc_id: str) -> str:
    group = world.backend.get_default_security_group(vpc_id)
    if group is None:
        raise Refused("InvalidGroup.NotFound", f"The VPC {vpc_id} has no default security group")
    return group.id


def _route(world: World, endpoint: Endpoint, table_ids: list[str]) -> None:
    lists = world.backend.managed_prefix_lists.values()
    endpoint.prefix_list = next(
        (each.id for each in lists if each.prefix_list_name == endpoint.service_name), None
    )
    for table_id in table_ids:
        if table_id not in endpoint.route_tables:
            world.backend.create_route(
                table_id, None, gateway_id=endpoint.id, destination_prefix_list_id=endpoint.prefix_list
            )
            endpoint.route_tables.append(table_id)


def _unroute(world: World, endpoint: Endpoint, table_ids: list[str]) -> None:
    for table_id in table_ids:
        if table_id in endpoint.route_tables:
            endpoint.route_tables.remove(table_id)
            table = world.backend.route_tables.get(table_id)
            if table is not None:
                stale = [key for key, route in table._routes.items() if route.gateway_id == endpoint.id]
                for key in stale:
                    del table._routes[key]


def _tag(world: World, resource_id: str, params: dict[str, Any]) -> None:
    tags = {
        tag["Key"]: tag.get("Value", "")
        for spec in params.get("TagSpecifications", [])
        for tag in spec.get("Tags", [])
    }
    if tags:
        world.backend.create_tags([resource_id], tags)
