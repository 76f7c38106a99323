"""Who was refused the deletion of a security group or of a VPC, and what makes way for it."""

from __future__ import annotations

import pytest

from reconciler.domain.actions import CreateTags, DeleteSecurityGroup, ModifyEndpoint
from reconciler.domain.findings import Status
from reconciler.domain.making_way import NOBODY_ASKS, Way
from reconciler.domain.model import EndpointState, NetworkInterface
from tests.builders import (
    GROUP_ID,
    VPC_ID,
    VpcBuilder,
    a_vpc,
)
from tests.unit.domain.test_making_way import MESH_ID, SQS, UNTIL, a_mesh, actions, kept, plan, way

# ---- security groups


def test_someone_elses_group_is_taken_off_our_endpoint_and_ours_stays() -> None:
    vpc = a_vpc().with_private_subnets("a").with_group().with_foreign_group("sg-theirs").looked_into()
    vpc = vpc.with_endpoint(groups=[GROUP_ID, "sg-theirs"])
    assert way(vpc, "sg-theirs") == Way(group_ids=frozenset({"sg-theirs"}))
    assert actions(plan(vpc, "sg-theirs")) == [ModifyEndpoint(MESH_ID, remove_group_ids=("sg-theirs",))]


def test_someone_elses_group_that_stands_on_something_else_too_stays_and_that_is_named() -> None:
    """To take it off would cut its clients off, and EC2 would refuse the deletion all the same."""
    vpc = a_vpc().with_private_subnets("a").with_group().with_foreign_group("sg-theirs")
    vpc = vpc.with_endpoint(groups=[GROUP_ID, "sg-theirs"]).with_machine("private-a", groups=["sg-theirs"])
    found = way(vpc, "sg-theirs")
    assert found.group_ids == frozenset()
    [finding] = found.findings
    assert "refused DeleteSecurityGroup; eni-private-a (a machine) stand in its way" in finding.found


def test_someone_elses_group_stays_on_someone_elses_endpoint() -> None:
    vpc = a_mesh("a").with_foreign_group("sg-theirs")
    vpc = vpc.with_endpoint(SQS, id="vpce-0", groups=[GROUP_ID, "sg-theirs"], tags={})
    assert "eni-vpce-0-private-a stand in its way" in kept(way(vpc, "sg-theirs")).found


def test_someone_elses_group_stays_where_an_endpoint_has_no_other_and_gets_none() -> None:
    vpc = a_mesh("a").with_foreign_group("sg-theirs").with_endpoint(SQS, id="vpce-1", groups=["sg-theirs"])
    assert "eni-vpce-1-private-a stand in its way" in kept(way(vpc, "sg-theirs")).found


def test_someone_elses_group_that_stands_on_nothing_of_ours_is_none_of_our_business() -> None:
    vpc = a_mesh("a").with_foreign_group("sg-theirs")
    assert way(vpc, "sg-theirs") == NOBODY_ASKS


@pytest.mark.parametrize("refused", [[GROUP_ID], [GROUP_ID, "private-b"]])
def test_our_own_group_stays_and_it_is_said_why(refused: list[str]) -> None:
    finding = kept(way(a_mesh("a"), *refused))
    assert (finding.resource, finding.status) == (GROUP_ID, Status.INFORMATIONAL)
    assert "the owned security group" in finding.found


# ---- the VPC


OUR_LAST = NetworkInterface("eni-1", "a-subnet-that-goes", frozenset({GROUP_ID}), endpoint_id=MESH_ID)


def alone() -> VpcBuilder:
    """A VPC in which nothing but ours, and what EC2 itself puts there, is left."""
    return a_vpc().with_group().with_group("sg-default", name="default", tags={}, ingress=()).looked_into()


def test_a_vpc_in_which_nothing_but_ours_is_left_loses_all_that_is_owned_at_once() -> None:
    assert way(alone(), VPC_ID) == Way(vpc=True)
    made = plan(alone(), VPC_ID)
    assert actions(made) == [CreateTags(VPC_ID, UNTIL), DeleteSecurityGroup(GROUP_ID)]
    assert made.steps[1].needs_tags_on == VPC_ID
    assert not made.takes_down


def test_what_is_ours_or_deleted_is_not_in_the_way_of_a_vpc() -> None:
    vpc = alone().with_endpoint(subnets=[]).looked_into(OUR_LAST)
    gone = vpc.with_endpoint(SQS, id="vpce-0", subnets=[], tags={}, state=EndpointState.DELETED)
    assert way(gone, VPC_ID) == Way(vpc=True)


@pytest.mark.parametrize(
    ("vpc", "named"),
    [
        (alone().with_private_subnets("a"), "private-a"),
        (alone().with_internet_gateway(), "igw-1"),
        (alone().with_foreign_group("sg-theirs"), "sg-theirs"),
        (alone().with_endpoint(SQS, id="vpce-0", subnets=[], tags={}), "vpce-0"),
        (alone().with_machine("a-subnet-of-its-own"), "eni-a-subnet-of-its-own (a machine)"),
    ],
    ids=["subnet", "gateway", "group", "endpoint", "interface"],
)
def test_a_vpc_in_which_something_of_others_is_left_keeps_all_and_it_is_named(
    vpc: VpcBuilder, named: str
) -> None:
    finding = kept(way(vpc, VPC_ID))
    assert f"refused DeleteVpc; {named} stand in its way" in finding.found
    assert finding.resource == VPC_ID


def test_a_vpc_with_nothing_owned_in_it_is_not_kept_by_us() -> None:
    vpc = a_vpc().with_private_subnets("a").with_foreign_group().looked_into()
    assert way(vpc, VPC_ID) == NOBODY_ASKS
