"""A VPC that is destroyed while its opt-in tag is on: what is owned makes way, and nothing else does."""

from __future__ import annotations

from functools import partial

import pytest

from sandbox.demo.fleet import VpcDesign
from sandbox.ec2 import AssumedRole
from sandbox.sandbox import Sandbox
from sandbox.truth import APP_MESH
from tests.stack.destroyers import delete_stack, delete_subnets, estate_of, terraform_destroy
from tests.stack.team import Team, group_of
from tests.stack.watch import Since, eventually

_TERRAFORM = AssumedRole("arn:aws:iam::111122223333:role/network-pipeline", "deploy-network")
_CLOUDFORMATION = AssumedRole("arn:aws:iam::111122223333:role/stacks", "AWSCloudFormation")
_WORKLOADS = VpcDesign("workloads", "private subnets in two zones, a way out", 0, private="ab", public="ab")
_PATIENCE = 6.0


def is_gone(sandbox: Sandbox, vpc: str) -> bool:
    """Whether EC2 has the VPC no more."""
    among = [{"Name": "vpc-id", "Values": [vpc]}]
    return not sandbox.ec2.truth("DescribeVpcs", Filters=among)["Vpcs"]


def stands_in(sandbox: Sandbox, vpc: str) -> dict[str, set[str]]:
    """The subnets of each endpoint of a VPC."""
    return {each["VpcEndpointId"]: set(each["SubnetIds"]) for each in sandbox.truth.endpoints(vpc)}


@pytest.mark.parametrize("design", [_WORKLOADS, None], ids=["with a way out", "with none"])
def test_terraform_destroys_a_vpc_to_the_end(sandbox: Sandbox, team: Team, design: VpcDesign | None) -> None:
    vpc = team.converged(design)[0] if design else team.fine_vpc()
    assert sandbox.truth.endpoints(vpc.id)
    terraform_destroy(sandbox.ec2_as(_TERRAFORM), estate_of(sandbox, vpc))
    assert is_gone(sandbox, vpc.id)


def test_cloudformation_deletes_a_vpc_to_the_end_though_its_group_stands_on_an_endpoint_of_ours(
    sandbox: Sandbox, team: Team
) -> None:
    vpc = team.fine_vpc()
    estate = estate_of(sandbox, vpc)
    (ours,) = sandbox.truth.endpoints(vpc.id, APP_MESH)
    sandbox.customer.modify_vpc_endpoint(
        VpcEndpointId=ours["VpcEndpointId"], AddSecurityGroupIds=list(estate.groups)
    )
    delete_stack(sandbox.ec2_as(_CLOUDFORMATION), estate)
    assert is_gone(sandbox, vpc.id)


def test_a_subnet_with_someone_elses_interface_keeps_what_is_ours_and_the_finding_names_the_interface(
    sandbox: Sandbox, team: Team
) -> None:
    vpc = team.fine_vpc()
    kept, freed = vpc.private
    theirs = sandbox.customer.create_network_interface(SubnetId=kept, Description="a database")
    interface = theirs["NetworkInterface"]["NetworkInterfaceId"]
    since = Since(sandbox)

    refused = delete_subnets(sandbox.ec2_as(_TERRAFORM), vpc.private, _PATIENCE)
    eventually(sandbox.idle, "work is left in the queues")

    assert refused == {kept}
    assert set(map(frozenset, stands_in(sandbox, vpc.id).values())) == {frozenset({kept})}
    named = f"deletion-refused on {kept}: found someone was refused DeleteSubnet; {interface} (a database)"
    assert since.lines("ReconcileFunction", named)
    assert since.lines("ReconcileFunction", "by deploy-network (network-pipeline)")
    assert f"{sandbox.tag_prefix}:released-until" not in sandbox.ec2.tags_of(kept)
    writes = [call for call in since.calls("ReconcileFunction") if call.mutating]
    assert "DeleteVpcEndpoints" not in {call.action for call in writes}
    assert all(kept not in str(call.params) for call in writes)
    assert freed not in str(sandbox.truth.private_subnets(vpc.id))


def test_a_group_of_others_that_is_to_go_is_taken_off_and_the_endpoint_stays(
    sandbox: Sandbox, team: Team
) -> None:
    vpc = team.fine_vpc()
    (group,) = estate_of(sandbox, vpc).groups
    (ours,) = sandbox.truth.endpoints(vpc.id, APP_MESH)
    sandbox.customer.modify_vpc_endpoint(VpcEndpointId=ours["VpcEndpointId"], AddSecurityGroupIds=[group])

    def deleted() -> bool:
        try:
            sandbox.customer.delete_security_group(GroupId=group)
        except sandbox.customer.exceptions.ClientError:
            return False
        return True

    eventually(deleted, "the group was not taken off the endpoint")
    eventually(partial(lambda: sandbox.truth.faults(vpc.id) == []), "the VPC is not as it should be")
    (after,) = sandbox.truth.endpoints(vpc.id, APP_MESH)
    assert after["VpcEndpointId"] == ours["VpcEndpointId"]


def test_what_is_owned_keeps_its_group_when_someone_tries_to_delete_that(
    sandbox: Sandbox, team: Team
) -> None:
    vpc = team.fine_vpc()
    before = sandbox.truth.snapshot(vpc.id)
    group = group_of(sandbox, vpc.id)
    since = Since(sandbox)
    with pytest.raises(sandbox.customer.exceptions.ClientError, match="DependencyViolation"):
        sandbox.customer.delete_security_group(GroupId=group)
    eventually(
        partial(since.lines, "ReconcileFunction", f"deletion-refused on {group}"),
        "nothing was said of it",
    )
    eventually(sandbox.idle, "work is left in the queues")
    assert sandbox.truth.snapshot(vpc.id) == before


def test_a_refused_deletion_of_a_vpc_in_which_subnets_stand_changes_nothing(
    sandbox: Sandbox, team: Team
) -> None:
    vpc = team.fine_vpc()
    before = sandbox.truth.snapshot(vpc.id)
    since = Since(sandbox)
    with pytest.raises(sandbox.customer.exceptions.ClientError, match="DependencyViolation"):
        sandbox.customer.delete_vpc(VpcId=vpc.id)
    said = f"deletion-refused on {vpc.id}"
    eventually(partial(since.lines, "ReconcileFunction", said), "nothing was said of it")
    eventually(sandbox.idle, "work is left in the queues")
    (line, *_) = since.lines("ReconcileFunction", said)
    assert all(subnet in line.message for subnet in vpc.private)
    assert sandbox.truth.snapshot(vpc.id) == before
