"""A paused installation looks, reports, and writes nothing. It is deployed anew, so this comes last."""

from __future__ import annotations

from functools import partial

import pytest
from botocore.exceptions import ClientError

from sandbox.sandbox import Sandbox
from tests.stack.team import Team
from tests.stack.watch import Since, eventually


@pytest.fixture(scope="module", autouse=True)
def paused(sandbox: Sandbox) -> None:
    """The same stack, paused."""
    sandbox.deploy(Paused="true", DefaultMode="enforce")
    eventually(sandbox.idle, "work is left in the queues")


def writes(sandbox: Sandbox, since: Since) -> list[str]:
    """What the functions tried to change."""
    return [call.action for each in sandbox.roles for call in since.calls(each) if call.mutating]


def test_nothing_is_written_whatever_the_tags_say_and_findings_go_on(sandbox: Sandbox, team: Team) -> None:
    vpc = team.vpc()
    before, since = sandbox.truth.snapshot(vpc.id), Since(sandbox)
    team.opts_in(vpc, mode="enforce")
    eventually(partial(since.runs, vpc.id), "there was no run")
    sandbox.invoke("SweepFunction", {})
    eventually(sandbox.idle, "work is left in the queues")
    assert set(since.endings(vpc.id)) == {"reported"}
    assert set(since.sum_of("DriftDetected", vpc.id)) >= {"group-missing", "dns-hostnames-off"}
    assert since.sum_of("DriftRemediated", vpc.id) == {}
    assert since.metrics("VpcsDrifted", vpc.id)
    assert sandbox.truth.snapshot(vpc.id) == before
    assert writes(sandbox, since) == []


def test_the_role_of_a_paused_installation_may_not_write(sandbox: Sandbox, team: Team) -> None:
    vpc = team.tagged(mode="enforce")
    role = sandbox.ec2_as(sandbox.roles["ReconcileFunction"])
    assert role.describe_vpcs(VpcIds=[vpc.id])["Vpcs"]
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        role.modify_vpc_attribute(VpcId=vpc.id, EnableDnsHostnames={"Value": True})
