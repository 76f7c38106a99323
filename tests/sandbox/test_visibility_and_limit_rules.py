from __future__ import annotations

from typing import Any

from sandbox.ec2 import ManualClock, Rules
from sandbox.ec2.rules import pages, throttling, visibility
from tests.sandbox.network import LOGS, Network, expect_refusal, shows


def ids_of(answer: Any) -> list[str]:
    return [each["VpcId"] for each in answer["Vpcs"]]


@shows(visibility.new_things_show_late)
def test_a_new_endpoint_is_not_found_until_it_shows(net: Network) -> None:
    net.ec2.aws.show_late("vpc-endpoint", 5)
    endpoint = net.new_endpoint(net.a)
    with expect_refusal("InvalidVpcEndpointId.NotFound"):
        net.endpoint(endpoint)
    assert net.api.describe_vpc_endpoints()["VpcEndpoints"] == []
    net.clock.advance(5)
    assert net.state(endpoint) == "pending"


@shows(visibility.new_things_show_late)
def test_a_new_vpc_subnet_and_group_are_not_found_until_they_show(net: Network) -> None:
    net.ec2.aws.show_late("*", 5)
    made = net.api.create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]
    subnet, group = net.new_subnet("a", 9), net.new_group("late")
    with expect_refusal("InvalidVpcID.NotFound"):
        net.api.describe_vpcs(VpcIds=[made])
    with expect_refusal("InvalidSubnetID.NotFound"):
        net.api.describe_subnets(SubnetIds=[subnet])
    with expect_refusal("InvalidGroup.NotFound"):
        net.api.describe_security_groups(GroupIds=[group])
    assert made not in ids_of(net.api.describe_vpcs())
    net.clock.advance(5)
    assert made in ids_of(net.api.describe_vpcs())
    assert net.api.describe_subnets(SubnetIds=[subnet])["Subnets"]


@shows(visibility.new_things_show_late)
def test_a_groups_name_is_taken_before_the_group_shows(net: Network) -> None:
    net.ec2.aws.show_late("security-group", 5)
    group = net.new_group("late")
    by_name: Any = [{"Name": "group-name", "Values": ["late"]}]
    assert net.api.describe_security_groups(Filters=by_name)["SecurityGroups"] == []
    with expect_refusal("InvalidGroup.Duplicate"):
        net.new_group("late")
    net.let_in(group, "10.0.0.0/24")
    assert net.new_endpoint(net.a, SecurityGroupIds=[group])


@shows(visibility.tags_show_late)
def test_a_tag_is_neither_seen_nor_found_by_until_it_shows(net: Network) -> None:
    net.ec2.aws.show_late("tag", 5)
    by_tag: Any = [{"Name": "tag:team", "Values": ["blue"]}]
    net.api.create_tags(Resources=[net.vpc], Tags=[{"Key": "team", "Value": "blue"}])
    assert ids_of(net.api.describe_vpcs(Filters=by_tag)) == []
    net.clock.advance(5)
    assert ids_of(net.api.describe_vpcs(Filters=by_tag)) == [net.vpc]
    net.api.delete_tags(Resources=[net.vpc], Tags=[{"Key": "team"}])
    assert ids_of(net.api.describe_vpcs(Filters=by_tag)) == [net.vpc]
    assert net.ec2.tags_of(net.vpc) == {}
    net.clock.advance(5)
    assert ids_of(net.api.describe_vpcs(Filters=by_tag)) == []


@shows(visibility.rules_show_late)
def test_a_new_rule_counts_before_it_shows(net: Network) -> None:
    net.ec2.aws.show_late("rule", 5)
    net.let_in(net.group, "10.0.0.0/24")
    assert net.ingress(net.group) == []
    with expect_refusal("InvalidPermission.Duplicate"):
        net.let_in(net.group, "10.0.0.0/24")
    net.clock.advance(5)
    assert net.ingress(net.group) == ["10.0.0.0/24"]


def test_the_truth_is_seen_at_once() -> None:
    net = Network()
    net.ec2.aws.show_late("*", 5)
    endpoint = net.new_endpoint(net.a)
    (found,) = net.ec2.truth("DescribeVpcEndpoints", VpcEndpointIds=[endpoint])["VpcEndpoints"]
    assert found["State"] == "pending"


@shows(throttling.calls_empty_a_bucket)
def test_endpoint_writes_have_a_bucket_of_four_that_refills_in_three_seconds(net: Network) -> None:
    made = [net.new_endpoint(service=LOGS) for _ in range(4)]
    text = "Request limit exceeded. Account 111122223333 has been throttled on ec2:CreateVpcEndpoint"
    with expect_refusal("RequestLimitExceeded", text):
        net.new_endpoint(service=LOGS)
    net.api.delete_vpc_endpoints(VpcEndpointIds=made)
    net.clock.advance(3.4)
    net.new_endpoint(service=LOGS)
    with expect_refusal("RequestLimitExceeded"):
        net.new_endpoint(service=LOGS)


@shows(throttling.calls_empty_a_bucket)
def test_each_read_has_a_bucket_of_a_hundred_of_its_own(net: Network) -> None:
    for _ in range(100):
        net.api.describe_vpcs()
    with expect_refusal("RequestLimitExceeded"):
        net.api.describe_vpcs()
    net.api.describe_subnets()


@shows(pages.answers_come_in_pages)
def test_an_answer_holds_as_many_as_were_asked_for(net: Network) -> None:
    made = [net.new_endpoint(service=LOGS) for _ in range(5)]
    first = net.api.describe_vpc_endpoints(MaxResults=2)
    assert len(first["VpcEndpoints"]) == 2
    every = net.api.get_paginator("describe_vpc_endpoints").paginate(PaginationConfig={"PageSize": 2})
    assert [each["VpcEndpointId"] for page in every for each in page["VpcEndpoints"]] == made
    services = net.api.get_paginator("describe_vpc_endpoint_services").paginate(
        PaginationConfig={"PageSize": 5}
    )
    assert sum(len(page["ServiceDetails"]) for page in services) == 22


def test_all_rules_together_leave_an_endpoint_to_be_made_changed_and_deleted() -> None:
    net = Network(Rules.all())
    endpoint = net.ready_endpoint(net.a)
    net.api.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[net.b])
    net.api.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    assert isinstance(net.clock, ManualClock)
