"""Rules about client tokens, which make `CreateVpcEndpoint` safe to repeat (facts.md, section 5)."""

from __future__ import annotations

import json

from sandbox.ec2.calls import Refused, Request, Response
from sandbox.ec2.endpoint_actions import described
from sandbox.ec2.rule import after, before
from sandbox.ec2.world import World

LONGEST = 64


@before("CreateVpcEndpoint")
def client_token_repeats_nothing(world: World, request: Request) -> Response | None:
    """The same token with the same parameters gives the same endpoint back, dead or alive, and does nothing;
    with others it is `IdempotentParameterMismatch` (facts.md, section 5).
    """
    token = request.params.get("ClientToken")
    if not token:
        return None
    if len(token) > LONGEST or not token.isascii():
        raise Refused("InvalidParameterValue", "ClientToken must be at most 64 ASCII characters")
    if token not in world.tokens:
        return None
    before_this, endpoint = world.tokens[token]
    if before_this != _fingerprint(request):
        message = "The client token was used before with other parameters"
        raise Refused("IdempotentParameterMismatch", message)
    return {"VpcEndpoint": described(world, endpoint), "ClientToken": token}


@after("CreateVpcEndpoint")
def client_token_is_remembered(world: World, request: Request, response: Response) -> None:
    """A token counts from the call that made the endpoint: a refused one uses none up (facts.md, 5)."""
    token = request.params.get("ClientToken")
    endpoint_id = response["VpcEndpoint"]["VpcEndpointId"]
    if token and token not in world.tokens and endpoint_id in world.endpoints:
        world.tokens[token] = (_fingerprint(request), world.endpoints[endpoint_id])


def _fingerprint(request: Request) -> str:
    return json.dumps({k: v for k, v in request.params.items() if k != "ClientToken"}, sort_keys=True)
