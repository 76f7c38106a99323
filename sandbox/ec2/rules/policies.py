"""Rules about endpoint policies (facts.md, section 2)."""

from __future__ import annotations

import json

from sandbox.ec2.calls import Refused, Request
from sandbox.ec2.rule import before, fact
from sandbox.ec2.world import World

policies_come_back_in_another_form = fact(
    "policies_come_back_in_another_form",
    """A policy is given back as equivalent JSON, laid out and ordered anew (recorded CreateVpcEndpoint).""",
)
LONGEST = 20_480


@before("CreateVpcEndpoint", "ModifyVpcEndpoint")
def policy_only_where_the_service_supports_one(world: World, request: Request) -> None:
    """A policy for a service with `VpcEndpointPolicySupported` false is refused (facts.md, section 2)."""
    if "PolicyDocument" not in request.params and not request.params.get("ResetPolicy"):
        return
    if request.action == "ModifyVpcEndpoint":
        endpoint = world.endpoint(request.params["VpcEndpointId"])
        name, kind = endpoint.service_name, endpoint.type
    else:
        name = request.params.get("ServiceName", "")
        kind = request.params.get("VpcEndpointType", "Gateway")
    service = world.services.find(name, kind)
    if service is not None and not service.policies:
        raise Refused("InvalidParameter", f"The service {name} does not support VPC endpoint policies")


@before("CreateVpcEndpoint", "ModifyVpcEndpoint")
def policy_is_json_of_limited_length(_: World, request: Request) -> None:
    """A policy is valid JSON of at most 20,480 characters (facts.md, section 2)."""
    policy = request.params.get("PolicyDocument")
    if not policy:
        return
    if len(policy) > LONGEST:
        raise Refused("InvalidParameter", f"The policy document is longer than {LONGEST} characters")
    try:
        json.loads(policy)
    except ValueError as e:
        raise Refused("InvalidPolicyDocument", "The policy document is not valid JSON") from e
