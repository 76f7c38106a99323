"""Rules about the states of endpoints: they take time, and allow only so much (facts.md, 3 and 4)."""

from __future__ import annotations

from sandbox.ec2.calls import Refused, Request
from sandbox.ec2.rule import before, fact
from sandbox.ec2.world import World

states_take_time = fact(
    "states_take_time",
    """A new endpoint is `pending`, then `available`; a deleted one is `deleting`, then `deleted`, then gone;
    a modification goes on for a while, in which the state stays `available` or, where
    `Timings.pending_while_modified` says so, is `pending` (facts.md, section 4).""",
)
states_come_in_varied_case = fact(
    "states_come_in_varied_case",
    """"States come in varied case": each answer writes them in another one (facts.md, section 4).""",
)
_OPEN_TO_CHANGE = ("available", "partial")


def state_in_letters(world: World, state: str) -> str:
    """A state as the next answer writes it."""
    if not world.keeps(states_come_in_varied_case):
        return state
    return (state, state[0].upper() + state[1:], state.upper())[world.letters % 3]


@before("ModifyVpcEndpoint")
def one_modification_at_a_time(world: World, request: Request) -> None:
    """`OperationInProgress`: AWS serialises the modifications of an endpoint (facts.md, section 3)."""
    endpoint = world.endpoint(request.params["VpcEndpointId"])
    if world.now < endpoint.modifying_until:
        raise Refused("OperationInProgress", "VpcEndpoint modify operation in progress")


@before("ModifyVpcEndpoint")
def only_a_ready_endpoint_is_modified(world: World, request: Request) -> None:
    """A pending endpoint is not modified (`OperationInProgress`), nor is one in any other state that is not
    `available` or `partial` (`IncorrectState`): facts.md, section 4; the codes are inferred.
    """
    endpoint = world.endpoint(request.params["VpcEndpointId"])
    state = endpoint.state(world.now)
    if state == "pending":
        raise Refused("OperationInProgress", "VpcEndpoint create operation in progress")
    if state not in _OPEN_TO_CHANGE:
        raise Refused("IncorrectState", f"The VPC endpoint {endpoint.id} is in the state {state}")
