from __future__ import annotations

import pytest

from sandbox.ec2.rules import states
from tests.sandbox.network import MESH, Network, expect_refusal, shows


@shows(states.states_take_time)
def test_a_new_endpoint_is_pending_then_available(net: Network) -> None:
    endpoint = net.new_endpoint(net.a)
    assert net.state(endpoint) == "pending"
    net.clock.advance(60)
    assert net.state(endpoint) == "available"


@shows(states.states_take_time)
def test_a_deleted_endpoint_is_deleting_then_deleted_then_gone(net: Network) -> None:
    endpoint = net.ready_endpoint(net.a)
    net.api.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    assert net.state(endpoint) == "deleting"
    net.clock.advance(45)
    assert net.state(endpoint) == "deleted"
    net.clock.advance(60)
    with expect_refusal("InvalidVpcEndpointId.NotFound"):
        net.state(endpoint)


@shows(states.states_take_time)
def test_the_addresses_of_a_deleted_endpoint_come_back_when_it_is_gone(net: Network) -> None:
    free = net.free(net.a)
    endpoint = net.ready_endpoint(net.a)
    net.api.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    assert net.free(net.a) == free - 1
    net.clock.advance(45)
    assert net.free(net.a) == free


@shows(states.one_modification_at_a_time)
def test_a_second_modification_waits_for_the_first(net: Network) -> None:
    endpoint = net.ready_endpoint(net.a)
    net.api.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[net.b])
    assert net.state(endpoint) == "available"
    with expect_refusal("OperationInProgress", "VpcEndpoint modify operation in progress"):
        net.api.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[net.c])
    net.clock.advance(20)
    net.api.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[net.c])
    assert net.endpoint(endpoint)["SubnetIds"] == [net.a, net.b, net.c]


def test_an_endpoint_may_be_pending_while_it_is_modified() -> None:
    net = Network()
    net.ec2.aws.timings.pending_while_modified = True
    endpoint = net.ready_endpoint(net.a)
    net.api.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[net.b])
    assert net.state(endpoint) == "pending"
    net.clock.advance(60)
    assert net.state(endpoint) == "available"


@shows(states.only_a_ready_endpoint_is_modified)
def test_a_pending_endpoint_is_not_modified(net: Network) -> None:
    endpoint = net.new_endpoint(net.a)
    with expect_refusal("OperationInProgress"):
        net.api.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[net.b])


@shows(states.only_a_ready_endpoint_is_modified)
def test_a_failed_endpoint_is_not_modified_and_says_why_it_failed(net: Network) -> None:
    endpoint = net.ready_endpoint(net.a)
    net.ec2.aws.force_state(endpoint, "failed", ("ServiceError", "it broke"))
    assert net.endpoint(endpoint)["LastError"] == {"Code": "ServiceError", "Message": "it broke"}
    with expect_refusal("IncorrectState", "failed"):
        net.api.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[net.b])


@shows(states.states_come_in_varied_case)
def test_states_are_written_in_varied_case(net: Network) -> None:
    endpoint = net.new_endpoint(net.a)
    assert {net.state(endpoint) for _ in range(3)} == {"pending", "Pending", "PENDING"}


@pytest.mark.parametrize("state", ["failed", "rejected", "expired", "partial", "pendingAcceptance"])
def test_a_forced_state_is_shown_filtered_by_and_can_be_deleted(state: str) -> None:
    net = Network()
    endpoint = net.new_endpoint(net.a)
    net.ec2.aws.force_state(endpoint, state)
    by_state = [{"Name": "vpc-endpoint-state", "Values": [state]}]
    assert len(net.api.describe_vpc_endpoints(Filters=by_state)["VpcEndpoints"]) == 1  # type: ignore[arg-type]
    net.api.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    assert net.state(endpoint) == "deleting"


def test_a_service_that_accepts_endpoints_by_hand_leaves_them_pending_acceptance() -> None:
    net = Network()
    net.ec2.aws.service("logs", acceptance_required=True)
    assert net.state(net.new_endpoint(net.a)) == "pendingAcceptance"


def test_deletion_answers_200_with_those_that_it_could_not_delete() -> None:
    net = Network()
    endpoint = net.new_endpoint(net.a, service=MESH)
    answer = net.api.delete_vpc_endpoints(VpcEndpointIds=["vpce-0123456789abcdef0", endpoint])
    (failed,) = answer["Unsuccessful"]
    assert failed["ResourceId"] == "vpce-0123456789abcdef0"
    assert failed["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"
    assert net.state(endpoint) == "deleting"


def test_an_endpoint_can_vanish_without_a_call() -> None:
    net = Network()
    free = net.free(net.a)
    endpoint = net.ready_endpoint(net.a)
    net.ec2.aws.delete_endpoint(endpoint)
    assert net.api.describe_vpc_endpoints()["VpcEndpoints"] == []
    assert net.free(net.a) == free
