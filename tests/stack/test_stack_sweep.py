"""The sweep: what heals at install time, and what no event tells of."""

from __future__ import annotations

from sandbox.control_plane import deploy
from sandbox.demo import fleet
from sandbox.sandbox import Sandbox
from tests.stack.team import Team, group_of, open_to_the_world
from tests.stack.watch import Since, eventually, heals, no_events


def test_a_vpc_that_was_tagged_before_the_stack_was_deployed_is_healed_by_the_first_sweep(
    sandbox: Sandbox, team: Team
) -> None:
    with no_events(sandbox):
        vpc = team.tagged().id
    since = Since(sandbox)
    matched = sandbox.delivery.deliver(deploy.status_change(sandbox.stack, since.time))
    assert ["DeployedRule" in rule.name for rule in matched] == [True]
    heals(sandbox, vpc)
    assert since.lines("IntakeFunction", vpc) == []


def test_drift_that_no_event_reported_of_is_healed_by_the_next_sweep_and_counted(
    sandbox: Sandbox, team: Team
) -> None:
    broken, fine = team.fine_vpc().id, team.fine_vpc().id
    with no_events(sandbox):
        open_to_the_world(sandbox.customer, group_of(sandbox, broken))
    since = Since(sandbox)
    sandbox.invoke("SweepFunction", {})
    heals(sandbox, broken)
    assert since.metrics("VpcsDrifted", broken)
    assert not since.metrics("VpcsInSync", broken)
    assert since.metrics("VpcsInSync", fine)
    assert not since.metrics("VpcsDrifted", fine)
    assert since.runs(fine) == []


def test_the_deletion_of_a_subnet_which_ec2_does_not_show_any_more_leads_to_its_vpc(
    sandbox: Sandbox, team: Team
) -> None:
    (plan,) = (plan for plan in fleet.FLEET if plan.name == "batch")
    (vpc,) = team.converged(plan)
    attached = {subnet for each in sandbox.truth.endpoints(vpc.id) for subnet in each["SubnetIds"]}
    since = Since(sandbox)
    sandbox.customer.delete_subnet(SubnetId=min(set(vpc.private) - attached))
    assert sandbox.truth.faults(vpc.id), "the group should let in too much now"
    heals(sandbox, vpc.id)
    assert since.lines("IntakeFunction", f"asked for a run of {vpc.id}")
    assert since.lines("SweepFunction", "sweep: ") == []


def test_a_sweep_of_vpcs_that_are_all_as_they_should_be_asks_for_no_run(sandbox: Sandbox, team: Team) -> None:
    team.fine_vpc()
    sandbox.invoke("SweepFunction", {})
    eventually(sandbox.idle, "work is left in the queues")
    since = Since(sandbox)
    sandbox.invoke("SweepFunction", {})
    eventually(sandbox.idle, "work is left in the queues")
    drifted = {vpc for each in since.metrics("VpcsDrifted") for vpc in each.properties["vpc_ids"]}
    mode = f"{sandbox.tag_prefix}:mode"
    assert {vpc for vpc in drifted if mode not in sandbox.ec2.tags_of(vpc)} == set()
    assert [call.action for call in since.calls("SweepFunction") if call.mutating] == []
