"""`vpce status`, `explain`, `doctor` and `redrive` on the deployed stack, as an on-call person uses them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.messages import RunRequest
from sandbox.sandbox import Sandbox
from sandbox.trail.cloudtrail import cloudtrail_event
from tests.stack.shell import Said, vpce
from tests.stack.team import Team
from tests.stack.watch import eventually, heals, no_events
from vpce.checks.examine import SUBJECTS

TRAIL = "organization"


@pytest.fixture
def trail(sandbox: Sandbox) -> Iterator[Any]:
    """A trail that logs, until it is stopped."""
    sandbox.client("s3").create_bucket(
        Bucket="trails", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    cloudtrail = sandbox.client("cloudtrail")
    cloudtrail.create_trail(Name=TRAIL, S3BucketName="trails", IsMultiRegionTrail=True)
    cloudtrail.start_logging(Name=TRAIL)
    yield cloudtrail
    cloudtrail.delete_trail(Name=TRAIL)


def verdicts(said: Said) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in said.document["checks"]:
        found.setdefault(each["subject"], set()).add(each["verdict"])
    return found


def state(sandbox: Sandbox, vpc_id: str) -> dict[str, Any]:
    vpcs: list[dict[str, Any]] = vpce(sandbox, "status", "--json").document["vpcs"]
    return next(each for each in vpcs if each["vpc_id"] == vpc_id)


def test_doctor_finds_a_deployed_stack_well_and_a_trail_that_is_stopped_wrong(
    sandbox: Sandbox, team: Team, trail: Any
) -> None:
    team.fine_vpc()
    sandbox.invoke("SweepFunction", {})
    said = vpce(sandbox, "doctor", "--json")
    found = verdicts(said)
    # A new stack's alarm on missing sweeps is on for some minutes. The control plane keeps no backups, minds
    # no tags in IAM's simulation, and has no quotas: those are warnings here. Other tests leave VPCs behind
    # that have their own warnings, runs that crashed, and calls that were throttled on purpose: the sandbox's
    # budget is above EC2's own.
    assert {subject for subject, those in found.items() if "wrong" in those} <= {"alarms"}, said.out
    assert {subject for subject, those in found.items() if those == {"warning"}} <= {
        "backups",
        "permissions",
        "quotas",
        "errors",
        "crashes",
        "DNS",
        "services",
        "network ACLs",
        "write budget",
    }, said.out
    assert {subject for subject, _ in SUBJECTS} == set(found)

    trail.stop_logging(Name=TRAIL)
    said = vpce(sandbox, "doctor", "--json")
    assert said.status == 2
    assert verdicts(said)["trail"] == {"wrong"}


def test_what_a_refused_permission_blocks_is_found_and_explained_with_its_cause(
    sandbox: Sandbox, team: Team
) -> None:
    vpc = team.fine_vpc()
    # The run that follows comes after the debounce.
    sandbox.customer.modify_vpc_attribute(VpcId=vpc.id, EnableDnsHostnames={"Value": False})
    sandbox.ec2.faults.deny("ModifyVpcAttribute")
    try:
        eventually(
            lambda: state(sandbox, vpc.id)["state"] == "blocked", "status does not say that it is blocked"
        )
        [finding] = state(sandbox, vpc.id)["findings"]
        assert (finding["kind"], finding["reason"]) == ("dns-hostnames-off", "unauthorized")
        assert finding["cause"]["actor"].startswith("customer")
        assert finding["cause"]["event_name"] == "ModifyVpcAttribute"

        told = vpce(sandbox, "explain", vpc.id)
        assert told.status == 2
        assert "blocked (unauthorized)  dns-hostnames-off" in told.out
        assert f"CloudTrail event {finding['cause']['event_id']}" in told.out
        # The remediator's own words, from its log.
        assert (
            "You are not authorized to perform this operation"
            in told.out.partition("What the remediator did")[2]
        )
    finally:
        sandbox.ec2.faults.clear()
    sandbox.invoke("SweepFunction", {})
    heals(sandbox, vpc.id)
    eventually(lambda: state(sandbox, vpc.id)["state"] == "in sync", "status does not say that it is in sync")


def test_dead_letters_are_sent_again_and_what_is_malformed_is_left(sandbox: Sandbox, team: Team) -> None:
    vpc = team.fine_vpc()
    with no_events(sandbox):
        sandbox.customer.modify_vpc_attribute(VpcId=vpc.id, EnableDnsHostnames={"Value": False})
    request = RunRequest(vpc.id, int(sandbox.ec2.clock.now() * 1000), attempts=9, began=1, failures=5)
    sandbox.queues.send(
        "PassDeadLetters", request.to_json(), MessageGroupId=vpc.id, MessageDeduplicationId="dead-1"
    )
    sandbox.queues.send("IntakeDeadLetters", "not ours")
    shown = vpce(sandbox, "redrive", "--dry-run")
    assert shown.status == 2
    assert f"run of {vpc.id}, attempt 9" in shown.out

    said = vpce(sandbox, "redrive", "--yes")
    assert said.status == 2
    assert "1 sent again, 1 left." in said.out
    heals(sandbox, vpc.id)
    assert sandbox.queues.dead_letters() == {"IntakeDeadLetters": 1}

    assert vpce(sandbox, "redrive", "--delete", "--yes").status == 0
    assert sandbox.queues.dead_letters() == {}
    assert vpce(sandbox, "redrive").out.strip() == "There are no dead letters."


def test_an_event_that_intake_failed_on_is_handled_after_all(sandbox: Sandbox, team: Team) -> None:
    vpc = team.fine_vpc()
    with no_events(sandbox):
        sandbox.customer.modify_vpc_attribute(VpcId=vpc.id, EnableDnsSupport={"Value": False})
    call = next(
        each
        for each in reversed(sandbox.ec2.calls)
        if each.action == "ModifyVpcAttribute" and each.principal != sandbox.roles["ReconcileFunction"]
    )
    event = cloudtrail_event(call, sandbox.ec2.account, sandbox.ec2.region)
    record = {
        "version": "1.0",
        "requestContext": {"condition": "RetriesExhausted"},
        "requestPayload": event,
        "responsePayload": {"errorType": "NotQueued", "errorMessage": "no"},
    }
    sandbox.queues.send("IntakeDeadLetters", json.dumps(record))
    said = vpce(sandbox, "redrive", "--yes", "--json")
    assert said.status == 0
    assert said.document["letters"][0]["vpc_ids"] == [vpc.id]
    heals(sandbox, vpc.id)
