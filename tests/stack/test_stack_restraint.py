"""What the program leaves alone: VPCs that ask for no more than a look, and all that is not its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from sandbox.demo import fleet
from sandbox.sandbox import Sandbox
from sandbox.truth import APP_MESH
from tests.stack.team import Team, group_of
from tests.stack.watch import Since, eventually

if TYPE_CHECKING:
    from mypy_boto3_ec2.client import EC2Client
    from mypy_boto3_ec2.type_defs import TagTypeDef

_PREFIX, _STACK = "vpce-remediator", "vpc-endpoint-remediator"


def test_a_vpc_in_audit_mode_is_reported_of_and_left_untouched(sandbox: Sandbox, team: Team) -> None:
    vpc = team.vpc(fleet.AUDITED)
    before = sandbox.truth.snapshot(vpc.id)
    since = Since(sandbox)
    team.opts_in(vpc)
    eventually(lambda: "reported" in since.endings(vpc.id), "there was no run")
    eventually(sandbox.idle, "work is left in the queues")
    assert sandbox.truth.snapshot(vpc.id) == before
    assert set(since.sum_of("DriftDetected", vpc.id)) >= {"group-missing", "private-dns-off"}
    assert since.sum_of("DriftRemediated", vpc.id) == {}
    assert [line for line in since.lines("ReconcileFunction", vpc.id) if "group-missing" in line.message]
    assert [call.action for call in since.calls("ReconcileFunction") if call.mutating] == []


@pytest.mark.parametrize(
    ("tags", "reason"),
    [({"profile": "appmseh"}, "unknown-profile"), ({"mode": "enforec"}, "unknown-mode")],
    ids=["profile", "mode"],
)
def test_a_tag_that_cannot_be_understood_is_reported_by_name_and_nothing_is_done(
    sandbox: Sandbox, team: Team, tags: dict[str, str], reason: str
) -> None:
    vpc = team.vpc()
    before = sandbox.truth.snapshot(vpc.id)
    since = Since(sandbox)
    team.opts_in(vpc, **tags)
    eventually(partial(since.metrics, "RemediationBlocked", vpc.id), "nothing was reported")
    eventually(sandbox.idle, "work is left in the queues")
    assert set(since.sum_of("RemediationBlocked", vpc.id)) == {reason}
    (word,) = tags.values()
    assert [line for line in since.lines("ReconcileFunction", vpc.id) if word in line.message]
    assert sandbox.truth.snapshot(vpc.id) == before


@dataclass(frozen=True)
class Foreign:
    """Things that are not the program's: a VPC that nobody tagged, and in it what somebody made."""

    vpc: str
    subnet: str
    group: str
    endpoint: str


@pytest.fixture(scope="module")
def foreign(sandbox: Sandbox, team: Team) -> Foreign:
    """A VPC that never opted in."""
    ec2, vpc = sandbox.customer, team.vpc()
    group = ec2.create_security_group(GroupName="theirs", Description="theirs", VpcId=vpc.id)["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="10.0.0.0/8"
    )
    made = ec2.create_vpc_endpoint(
        VpcId=vpc.id,
        VpcEndpointType="Interface",
        ServiceName=APP_MESH,
        SubnetIds=[vpc.private[0]],
        SecurityGroupIds=[group],
        PrivateDnsEnabled=False,
    )
    return Foreign(vpc.id, vpc.private[0], group, made["VpcEndpoint"]["VpcEndpointId"])


def _tags() -> list[TagTypeDef]:
    return [{"Key": f"{_PREFIX}:owner", "Value": _STACK}]


_OVERREACH: dict[str, Callable[[EC2Client, Foreign], object]] = {
    "delete an endpoint": lambda ec2, it: ec2.delete_vpc_endpoints(VpcEndpointIds=[it.endpoint]),
    "delete a group": lambda ec2, it: ec2.delete_security_group(GroupId=it.group),
    "close a group": lambda ec2, it: ec2.revoke_security_group_ingress(
        GroupId=it.group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="10.0.0.0/8"
    ),
    "open a group": lambda ec2, it: ec2.authorize_security_group_ingress(
        GroupId=it.group, IpProtocol="tcp", FromPort=443, ToPort=443, CidrIp="10.0.0.0/8"
    ),
    "take a group for its own": lambda ec2, it: ec2.create_tags(Resources=[it.group], Tags=_tags()),
    "take an endpoint for its own": lambda ec2, it: ec2.create_tags(Resources=[it.endpoint], Tags=_tags()),
    "opt a VPC in": lambda ec2, it: ec2.create_tags(
        Resources=[it.vpc], Tags=[{"Key": f"{_PREFIX}:profile", "Value": "appmesh"}]
    ),
    "change a VPC": lambda ec2, it: ec2.modify_vpc_attribute(
        VpcId=it.vpc, EnableDnsHostnames={"Value": True}
    ),
    "make a group in a VPC": lambda ec2, it: ec2.create_security_group(
        GroupName="more",
        Description="more",
        VpcId=it.vpc,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": _tags()}],
    ),
    "make an endpoint in a VPC": lambda ec2, it: ec2.create_vpc_endpoint(
        VpcId=it.vpc,
        VpcEndpointType="Interface",
        ServiceName=APP_MESH,
        SubnetIds=[it.subnet],
        SecurityGroupIds=[it.group],
        TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": _tags()}],
    ),
    "delete a VPC": lambda ec2, it: ec2.delete_vpc(VpcId=it.vpc),
}


@pytest.mark.parametrize("what", list(_OVERREACH))
def test_its_role_may_not_where_nobody_opted_in(sandbox: Sandbox, foreign: Foreign, what: str) -> None:
    role = sandbox.ec2_as(sandbox.roles["ReconcileFunction"])
    before = sandbox.truth.snapshot(foreign.vpc)
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        _OVERREACH[what](role, foreign)
    assert sandbox.truth.snapshot(foreign.vpc) == before


@pytest.mark.parametrize("function", ["IntakeFunction", "SweepFunction"])
def test_only_the_reconcile_function_may_change_a_vpc_that_opted_in(
    sandbox: Sandbox, team: Team, function: str
) -> None:
    vpc = team.fine_vpc().id
    group = group_of(sandbox, vpc)
    role = sandbox.ec2_as(sandbox.roles[function])
    assert role.describe_vpcs(VpcIds=[vpc])["Vpcs"]
    for change in (
        partial(role.modify_vpc_attribute, VpcId=vpc, EnableDnsSupport={"Value": True}),
        partial(role.create_tags, Resources=[group], Tags=_tags()),
        partial(role.revoke_security_group_ingress, GroupId=group, IpPermissions=[]),
    ):
        with pytest.raises(ClientError, match="UnauthorizedOperation"):
            change()


def test_no_id_is_a_dimension_of_a_metric(sandbox: Sandbox, team: Team) -> None:
    sandbox.invoke("SweepFunction", {})
    team.fine_vpc()
    dimensions: dict[str, set[tuple[str, ...]]] = {}
    for metric in sandbox.metrics():
        dimensions.setdefault(metric.name, set()).add(tuple(metric.dimensions))
        assert metric.namespace == "VpcEndpointRemediator"
        assert all(re.fullmatch(r"[A-Za-z]+(-[a-z]+)*", value) for value in metric.dimensions.values())
    known = {
        "DriftDetected": {("Kind",)},
        "DriftRemediated": {("Kind",)},
        "RemediationBlocked": {("Reason",)},
        "TimeToConverge": {()},
        "VpcsInSync": {()},
        "VpcsDrifted": {()},
        "VpcsBlocked": {()},
    }
    assert {name: dimensions[name] for name in known} == known
    named = {("Kind",), ("Reason",), ("Status",), ("Function",), ("Call",), ()}
    assert all(each <= named for each in dimensions.values())


def test_ids_of_vpcs_are_metadata_of_the_metrics(sandbox: Sandbox) -> None:
    for metric in sandbox.metrics():
        if metric.name.startswith(("Drift", "RemediationBlocked", "TimeToConverge")):
            assert re.fullmatch(r"vpc-[0-9a-f]+", metric.properties["vpc_id"]), metric


def test_cloudwatch_has_the_metrics(sandbox: Sandbox) -> None:
    def listed() -> set[str]:
        pages = (
            sandbox.client("cloudwatch")
            .get_paginator("list_metrics")
            .paginate(Namespace="VpcEndpointRemediator")
        )
        return {metric["MetricName"] for page in pages for metric in page["Metrics"]}

    wanted = {metric.name for metric in sandbox.metrics()}
    eventually(lambda: listed() >= wanted, f"CloudWatch has not all of {wanted}")
