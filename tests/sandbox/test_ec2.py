from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from sandbox.ec2 import AssumedRole, Call, ConnectionLost, Ec2, IamUser, Killed, Rules, TimedOut
from sandbox.networks import make_network
from tests.sandbox.network import LOGS, Network, expect_refusal

ROLE = AssumedRole("arn:aws:iam::111122223333:role/Reconcile", "run-1")


def http_client(url: str, key: str = "AKIAELSEWHERE0000001", **config: Any) -> Any:
    once = {"retries": {"total_max_attempts": 1}}
    return boto3.client(
        "ec2",
        region_name="eu-west-1",
        endpoint_url=url,
        aws_access_key_id=key,
        aws_secret_access_key="any",
        config=Config(**(once | config)),
    )


def test_two_ec2s_of_one_account_know_nothing_of_each_other() -> None:
    one, other = Network(), Network()
    assert one.vpc not in [each["VpcId"] for each in other.api.describe_vpcs()["Vpcs"]]
    with expect_refusal("InvalidVpcID.NotFound"):
        other.api.describe_vpcs(VpcIds=[one.vpc])


def test_every_call_is_written_down_with_what_became_of_it() -> None:
    net = Network()
    net.ec2.calls.clear()
    net.api.describe_vpcs(VpcIds=[net.vpc])
    with expect_refusal("DependencyViolation"):
        net.ec2.client(ROLE).delete_vpc(VpcId=net.vpc)
    read, write = net.ec2.calls
    assert (read.action, read.mutating, read.params) == ("DescribeVpcs", False, {"VpcIds": [net.vpc]})
    assert read.response is not None
    assert read.response["Vpcs"][0]["VpcId"] == net.vpc
    assert (write.action, write.mutating, write.principal) == ("DeleteVpc", True, ROLE)
    assert (write.error_code, write.response) == ("DependencyViolation", None)


def test_listeners_hear_of_writes_also_of_refused_ones_and_may_call_back() -> None:
    net = Network()
    heard: list[Call] = []

    def listen(call: Call) -> None:
        heard.append(call)
        net.api.describe_vpcs()

    net.ec2.on_call(listen)
    net.api.create_tags(Resources=[net.vpc], Tags=[{"Key": "a", "Value": "b"}])
    with expect_refusal("DependencyViolation"):
        net.api.delete_vpc(VpcId=net.vpc)
    assert [call.action for call in heard] == ["CreateTags", "DeleteVpc"]


def test_a_dry_run_does_nothing() -> None:
    net = Network()
    with expect_refusal("DryRunOperation"):
        net.api.create_vpc_endpoint(VpcId=net.vpc, ServiceName=LOGS, VpcEndpointType="Interface", DryRun=True)
    assert net.api.describe_vpc_endpoints()["VpcEndpoints"] == []


def test_an_authoriser_may_refuse() -> None:
    net = Network()
    net.ec2.authorise = lambda who, action, _: f"{who} may not {action}" if isinstance(who, IamUser) else None
    with expect_refusal("UnauthorizedOperation", "may not DescribeVpcs"):
        net.api.describe_vpcs()
    net.ec2.client(ROLE).describe_vpcs()


def test_a_call_can_fail_before_its_work_as_often_as_asked() -> None:
    net = Network()
    net.ec2.faults.before("CreateVpcEndpoint", "Unavailable", "busy", times=2)
    for _ in range(2):
        with expect_refusal("Unavailable", "busy"):
            net.new_endpoint(net.a)
    assert net.new_endpoint(net.a)


def test_an_answer_can_be_lost_after_the_work_was_done() -> None:
    net = Network()
    net.ec2.faults.after("CreateVpcEndpoint", ConnectionLost)
    with pytest.raises(ConnectionClosedError):
        net.new_endpoint(net.a)
    assert len(net.api.describe_vpc_endpoints()["VpcEndpoints"]) == 1


def test_a_call_can_hang_until_the_client_gives_up() -> None:
    net = Network()
    net.ec2.faults.before("ModifyVpcEndpoint", TimedOut)
    with pytest.raises(ReadTimeoutError):
        net.api.modify_vpc_endpoint(VpcEndpointId="vpce-0123456789abcdef0", PrivateDnsEnabled=True)


def test_a_fault_can_wait_for_certain_parameters() -> None:
    net = Network()
    net.ec2.faults.before("CreateVpcEndpoint", when=lambda params: params["ServiceName"] == LOGS)
    assert net.new_endpoint(service="com.amazonaws.eu-west-1.ssm")
    with expect_refusal("InternalError"):
        net.new_endpoint()


def test_the_nth_call_can_be_struck_and_the_caller_killed() -> None:
    net = Network()
    net.ec2.faults.on_nth_call(2, Killed, done=True)
    net.api.describe_vpcs()
    with pytest.raises(Killed):
        net.new_endpoint(net.a)
    assert len(net.api.describe_vpc_endpoints()["VpcEndpoints"]) == 1


def test_a_call_can_be_denied_to_all() -> None:
    net = Network()
    net.ec2.faults.deny("CreateVpcEndpoint")
    with expect_refusal("UnauthorizedOperation", "ec2:CreateVpcEndpoint"):
        net.new_endpoint(net.a)
    net.ec2.faults.clear()
    net.new_endpoint(net.a)


def test_a_request_that_never_arrived_leaves_no_trace_for_the_trail() -> None:
    net = Network()
    heard: list[Call] = []
    net.ec2.on_call(heard.append)
    net.ec2.faults.before("CreateVpcEndpoint", ConnectionLost)
    with pytest.raises(ConnectionClosedError):
        net.new_endpoint(net.a)
    assert heard == []
    assert net.ec2.calls[-1].seen is False


def test_botocore_retries_in_process_as_it_does_over_a_socket() -> None:
    net = Network()
    net.ec2.faults.before("DescribeVpcs", "Unavailable")
    client = net.ec2.client(retries={"total_max_attempts": 2, "mode": "standard"})
    assert client.describe_vpcs()["Vpcs"]


def test_it_can_be_served_over_http() -> None:
    net = Network()
    net.ec2.principals.register("ASIAROLE000000000001", ROLE)
    with net.ec2.serve() as url:
        client = http_client(url, "ASIAROLE000000000001")
        assert client.describe_vpcs(VpcIds=[net.vpc])["Vpcs"][0]["VpcId"] == net.vpc
        with expect_refusal("InvalidVpcID.NotFound"):
            client.describe_vpcs(VpcIds=["vpc-0123456789abcdef0"])
        net.ec2.faults.after("DescribeVpcs", ConnectionLost)
        with pytest.raises(ConnectionClosedError):
            client.describe_vpcs()
        http_client(url).create_tags(Resources=[net.vpc], Tags=[{"Key": "a", "Value": "<&>"}])
        assert client.describe_vpcs(VpcIds=[net.vpc])["Vpcs"][0]["Tags"] == [{"Key": "a", "Value": "<&>"}]
        client.close()
    assert net.ec2.calls[-1].principal == ROLE
    assert net.ec2.calls[-2].principal == IamUser("AKIAELSEWHERE0000001")


def test_another_regions_calls_are_refused() -> None:
    with Ec2().serve() as url:
        client = boto3.client(
            "ec2",
            region_name="us-east-1",
            endpoint_url=url,
            aws_access_key_id="AKIA",
            aws_secret_access_key="any",
        )
        with pytest.raises(ClientError, match="AuthFailure"):
            client.describe_vpcs()
        client.close()


def test_with_no_rules_it_is_motos() -> None:
    net = Network(Rules.none())
    endpoint = net.new_endpoint(net.a, net.new_subnet("a", 9))
    assert net.state(endpoint) == "available"


_IDS = ("SubnetId", "RouteTableId", "NetworkAclId", "GroupId", "VpcId")


@pytest.mark.parametrize(
    ("action", "listed"),
    [
        ("DescribeVpcs", "Vpcs"),
        ("DescribeSubnets", "Subnets"),
        ("DescribeRouteTables", "RouteTables"),
        ("DescribeNetworkAcls", "NetworkAcls"),
        ("DescribeSecurityGroups", "SecurityGroups"),
    ],
)
def test_what_is_of_some_vpcs_is_found_by_their_ids_and_by_patterns(action: str, listed: str) -> None:
    ec2 = Ec2()
    ours, other, tagged = (make_network(ec2.client(), number, "a").vpc for number in (1, 2, 3))
    of_tagged = ec2.truth(action, Filters=[{"Name": "vpc-id", "Values": [tagged]}])[listed][0]
    id_of = next(name for name in _IDS if name in of_tagged)
    ec2.client().create_tags(Resources=[of_tagged[id_of]], Tags=[{"Key": "team", "Value": "blue"}])

    def found(values: list[str], *more: dict[str, Any]) -> set[str]:
        answer = ec2.truth(action, Filters=[{"Name": "vpc-id", "Values": values}, *more])
        return {each["VpcId"] for each in answer[listed]}

    assert found([ours, tagged]) == {ours, tagged}
    assert found(["vpc-*"]) >= {ours, other, tagged}
    assert found([ours, tagged], {"Name": "tag:team", "Values": ["blue"]}) == {tagged}
