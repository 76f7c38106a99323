"""What the template's parameters change: the stack is deployed anew with others, so this comes last."""

from __future__ import annotations

from functools import partial

import pytest

from sandbox.sandbox import Sandbox
from sandbox.truth import LOGS
from tests.stack.conftest import PROFILES
from tests.stack.team import Team
from tests.stack.test_stack_deployment import configuration, queue_attributes
from tests.stack.watch import Since, eventually, heals


@pytest.fixture(scope="module", autouse=True)
def deployed_anew(sandbox: Sandbox) -> None:
    """The same stack, with other parameters than before."""
    document = "[[of-our-own.endpoint]]\nservice = 'logs'\nprivate-dns = false"
    sandbox.client("ssm").put_parameter(Name=PROFILES, Value=document, Overwrite=True)
    sandbox.deploy(
        TagPrefix="other",
        DefaultMode="audit",
        DebounceSeconds=2,
        SweepSchedule="cron(0 6 * * ? *)",
        SweepJitterMinutes=0,
        MaxConcurrency=3,
        LogRetentionDays=7,
    )
    eventually(sandbox.idle, "work is left in the queues")


def test_a_deployment_over_an_earlier_one_goes_through(sandbox: Sandbox) -> None:
    assert sandbox.stack.status == "UPDATE_COMPLETE"


def test_the_parameters_reach_what_they_are_for(sandbox: Sandbox) -> None:
    variables = configuration(sandbox, "ReconcileFunction")["Environment"]["Variables"]
    assert (variables["TAG_PREFIX"], variables["DEFAULT_MODE"], variables["DEBOUNCE_SECONDS"]) == (
        "other",
        "audit",
        "2",
    )
    assert queue_attributes(sandbox, "PassQueue")["DelaySeconds"] == "2"
    (name,) = sandbox.stack.physical_ids("AWS::Scheduler::Schedule").values()
    schedule = sandbox.client("scheduler").get_schedule(Name=name)
    assert schedule["ScheduleExpression"] == "cron(0 6 * * ? *)"
    assert schedule["FlexibleTimeWindow"]["Mode"] == "OFF"
    sources = sandbox.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    (of_passes,) = (each for each in sources if "PassQueue" in each["EventSourceArn"])
    assert of_passes["ScalingConfig"] == {"MaximumConcurrency": 3}
    for group in sandbox.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]:
        assert group["retentionInDays"] == 7


def test_tags_of_another_prefix_opt_in_and_the_default_mode_only_reports(
    sandbox: Sandbox, team: Team
) -> None:
    vpc = team.vpc()
    before = sandbox.truth.snapshot(vpc.id)
    since = Since(sandbox)
    team.opts_in(vpc)
    eventually(partial(since.runs, vpc.id), "there was no run")
    eventually(sandbox.idle, "work is left in the queues")
    assert set(since.endings(vpc.id)) == {"reported"}
    assert set(since.sum_of("DriftDetected", vpc.id)) >= {"group-missing"}
    assert sandbox.truth.snapshot(vpc.id) == before


def test_a_vpcs_own_mode_stands_above_the_default(sandbox: Sandbox, team: Team) -> None:
    vpc = team.tagged(mode="enforce")
    heals(sandbox, vpc.id)


def test_tags_of_the_earlier_prefix_mean_nothing_any_more(sandbox: Sandbox, team: Team) -> None:
    vpc = team.vpc()
    since = Since(sandbox)
    sandbox.customer.create_tags(
        Resources=[vpc.id], Tags=[{"Key": "vpce-remediator:profile", "Value": "appmesh"}]
    )
    sandbox.customer.modify_vpc_attribute(VpcId=vpc.id, EnableDnsSupport={"Value": False})
    eventually(sandbox.idle, "work is left in the queues")
    assert since.runs(vpc.id) == []


def test_a_profile_of_the_parameter_is_stood_up(sandbox: Sandbox, team: Team) -> None:
    vpc = team.tagged(profile="of-our-own", mode="enforce")

    def stands() -> bool:
        return [each["State"].lower() for each in sandbox.truth.endpoints(vpc.id)] == ["available"]

    eventually(stands, "the endpoint of the parameter's profile is not there")
    (endpoint,) = sandbox.truth.endpoints(vpc.id)
    assert endpoint["ServiceName"] == LOGS
    assert not endpoint["PrivateDnsEnabled"]
