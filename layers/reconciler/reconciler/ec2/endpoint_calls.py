"""The calls that make and change endpoints, with what EC2 asks of those who call them.

Apart from the executor because these calls have habits of their own: a client token that may be spent,
subnets that EC2 refuses one at a time, and failures listed under the status 200.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..domain.actions import Candidates, CreateEndpoint, CreateGatewayEndpoint, ModifyEndpoint
from ..domain.findings import Finding, Reason, Status, zone_uncovered
from ..domain.model import DEAD, AddressType, EndpointState, Tags
from . import decode, errors
from .errors import Refusal, Verdict

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import TagTypeDef

# An endpoint that a client token brings back and that is older than this is the one of an earlier making.
_JUST_MADE = timedelta(minutes=5)
# An endpoint may be made anew so often before its tokens depend on the hour, and so often in all in one hour.
_GENERATIONS_WITHOUT_CLOCK = 3
_GENERATIONS = 5
_TOKEN_SECONDS = 3600
_SPENT = DEAD | {EndpointState.DELETING, EndpointState.DELETED}


@dataclass(frozen=True)
class Answer:
    """What EC2 answered: a refusal, where it gave one, what came to light on the way, the id of what was
    made, and the subnets that were taken."""

    refusal: Refusal | None = None
    findings: tuple[Finding, ...] = ()
    made_id: str = ""
    subnet_ids: tuple[str, ...] = ()


def create(ec2: EC2Client, action: CreateEndpoint, group_id: str, now: float) -> Answer:
    """Create an interface endpoint. `now` is seconds since 1970.

    Raises:
        botocore.exceptions.ClientError, HTTPClientError: when EC2 refuses it.
    """
    request: dict[str, Any] = {
        "VpcEndpointType": "Interface",
        "VpcId": action.vpc_id,
        "ServiceName": action.service_name,
        "SecurityGroupIds": [group_id],
        "PrivateDnsEnabled": action.private_dns,
        "TagSpecifications": [{"ResourceType": "vpc-endpoint", "Tags": tag_list(action.tags)}],
    }
    if action.policy:
        request["PolicyDocument"] = action.policy
    if action.address_type is not AddressType.IPV4:
        request["IpAddressType"] = action.address_type.value

    def ask(subnet_ids: list[str]) -> Answer:
        return _create(ec2, request | {"SubnetIds": subnet_ids}, now, action.spent)

    return _in_subnets(action.zones, action.service_name, ask, may_be_none=False)


def create_gateway(ec2: EC2Client, action: CreateGatewayEndpoint, now: float) -> Answer:
    """Create a gateway endpoint. Arguments and errors as `create`."""
    request: dict[str, Any] = {
        "VpcEndpointType": "Gateway",
        "VpcId": action.vpc_id,
        "ServiceName": action.service_name,
        "RouteTableIds": list(action.route_table_ids),
        "TagSpecifications": [{"ResourceType": "vpc-endpoint", "Tags": tag_list(action.tags)}],
    }
    if action.policy:
        request["PolicyDocument"] = action.policy
    try:
        return _create(ec2, request, now, frozenset())
    except ClientError as error:
        refusal = errors.classify(error)
        if refusal.reason is not Reason.ENDPOINT_QUOTA:
            raise
        # EC2 has one code for two quotas.
        return Answer(replace(refusal, reason=Reason.GATEWAY_ENDPOINT_QUOTA))


def modify(ec2: EC2Client, action: ModifyEndpoint, add_group_ids: Sequence[str]) -> Answer:
    """Modify an endpoint: send what changes and nothing else. Errors as `create`."""
    changes: dict[str, Any] = {
        "RemoveSubnetIds": list(action.remove_subnet_ids),
        "AddSecurityGroupIds": list(add_group_ids),
        "RemoveSecurityGroupIds": list(action.remove_group_ids),
        "AddRouteTableIds": list(action.add_route_table_ids),
        "RemoveRouteTableIds": list(action.remove_route_table_ids),
        "PrivateDnsEnabled": action.enable_private_dns,
        "PolicyDocument": action.policy,
        "IpAddressType": action.address_type.value if action.address_type else "",
    }
    given = {key: value for key, value in changes.items() if value}
    if action.disable_private_dns:
        given["PrivateDnsEnabled"] = False

    def ask(subnet_ids: list[str]) -> Answer:
        added: dict[str, Any] = {"AddSubnetIds": subnet_ids} if subnet_ids else {}
        ec2.modify_vpc_endpoint(VpcEndpointId=action.endpoint_id, **given, **added)
        return Answer()

    may_be_none = bool(given) and not action.removal_needs_addition
    return _in_subnets(action.add_zones, action.endpoint_id, ask, may_be_none=may_be_none)


def delete(ec2: EC2Client, endpoint_id: str) -> Answer:
    """Delete an endpoint. EC2 answers 200 also where it did not (facts, section 3). Errors as `create`."""
    return Answer(delete_many(ec2, [endpoint_id]).get(endpoint_id))


def delete_many(ec2: EC2Client, endpoint_ids: Sequence[str]) -> Mapping[str, Refusal]:
    """Delete endpoints, 25 at most, in one call. Gives the refusals, by id. Errors as `create`."""
    answer = ec2.delete_vpc_endpoints(VpcEndpointIds=list(endpoint_ids))
    refusals = {}
    for failure in answer.get("Unsuccessful", []):
        error = failure.get("Error", {})
        refusal = errors.classify_code(error.get("Code", ""), error.get("Message", ""), "DeleteVpcEndpoints")
        # EC2 names the endpoint; where there is but one, it need not.
        refusals[failure.get("ResourceId") or endpoint_ids[0]] = refusal
    return refusals


def tag_list(tags: Tags) -> list[TagTypeDef]:
    """Tags as EC2 takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _in_subnets(
    zones: Sequence[Candidates],
    resource: str,
    ask: Callable[[list[str]], Answer],
    *,
    may_be_none: bool,
) -> Answer:
    """Ask with the best subnet of each zone; where EC2 refuses one, with the next of its zone, or without the
    zone, which is then a finding. A call that needs a subnet is not made without any.
    """
    left = [list(candidates) for candidates in zones]
    findings: list[Finding] = []
    while True:
        try:
            subnet_ids = [candidates[0] for candidates in left]
            answer = ask(subnet_ids)
            return replace(answer, findings=tuple(findings), subnet_ids=tuple(subnet_ids))
        except ClientError as error:
            refusal = errors.classify(error)
            refused = next(
                (c for c in left if c[0] == refusal.subnet_id), left[0] if len(left) == 1 else None
            )
            if refusal.verdict is not Verdict.OTHER_SUBNET or refused is None:
                raise
            subnet_id = refused.pop(0)
            if refused and refusal.reason is not Reason.ZONE_NOT_OFFERED:
                continue
            left.remove(refused)
            if refusal.reason:
                findings.append(_left_out(resource, subnet_id, refusal, refusal.reason))
            if not left and not may_be_none:
                return Answer(refusal, tuple(findings))


def _left_out(resource: str, subnet_id: str, refusal: Refusal, reason: Reason) -> Finding:
    return zone_uncovered(f"{resource} in the zone of {subnet_id}", str(refusal), Status.BLOCKED, reason)


def _create(ec2: EC2Client, request: dict[str, Any], now: float, spent_ids: frozenset[str]) -> Answer:
    """Create it, under a client token that comes from the request itself.

    So a run that did not see an earlier one's endpoint yet gets that one back, and none is double. A token
    that brings back an endpoint that has died since, or an old one, is spent (facts, section 5): the next
    token comes from the request and the endpoints that came back. The first tokens depend on no clock, since
    a run just after the full hour must find what one just before it made. The last ones depend on the hour,
    so that tokens never run out.
    """
    spent: list[str] = []
    made: Mapping[str, Any] = {}
    for generation in range(_GENERATIONS):
        hour = int(now // _TOKEN_SECONDS) if generation >= _GENERATIONS_WITHOUT_CLOCK else None
        token = _client_token(request, spent, hour)
        made = ec2.create_vpc_endpoint(**request, ClientToken=token)["VpcEndpoint"]
        created = made.get("CreationTimestamp")
        age = datetime.fromtimestamp(now, UTC) - created if created else timedelta(0)
        state = decode.state(made.get("State", ""))
        if state not in _SPENT and made["VpcEndpointId"] not in spent_ids and age < _JUST_MADE:
            return Answer(made_id=made["VpcEndpointId"])
        spent.append(made["VpcEndpointId"])
    message = f"{made['VpcEndpointId']} came back, which is {made.get('State')}"
    return Answer(Refusal(Verdict.WAIT, None, "ClientTokenSpent", message))


def _client_token(request: Mapping[str, Any], spent: Sequence[str], hour: int | None) -> str:
    content = json.dumps([request, spent, hour], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()
