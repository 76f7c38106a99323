"""Who did it, and what happens where someone does it again and again."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from sandbox.control_plane.logs import Line
from sandbox.ec2 import AssumedRole
from sandbox.networks import EVERYWHERE
from sandbox.sandbox import Sandbox
from tests.stack.team import Team, group_of, open_to_the_world
from tests.stack.watch import Since, eventually, heals, no_events

_OPPONENT = AssumedRole("arn:aws:iam::111122223333:role/compliance", "nightly")
_NAME = "nightly (compliance)"
_REMEDIATIONS = 3


def record(line: Line) -> dict[str, Any]:
    """The line's fields."""
    fields: dict[str, Any] = json.loads(line.message)
    return fields


def forget_causes(sandbox: Sandbox, vpc: str) -> None:
    """Take from the ledger who did what to a VPC, as if its opt-in were long ago."""
    dynamodb, table = sandbox.client("dynamodb"), sandbox.stack.outputs["LedgerTable"]
    found = dynamodb.query(
        TableName=table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": {"S": f"vpc#{vpc}"}, ":sk": {"S": "cause#"}},
    )
    assert found["Items"]
    for item in found["Items"]:
        dynamodb.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})


def test_a_finding_that_someone_undoes_again_and_again_is_contested_and_all_else_still_heals(
    sandbox: Sandbox, team: Team
) -> None:
    vpc = team.fine_vpc().id
    group, opponent = group_of(sandbox, vpc), sandbox.ec2_as(_OPPONENT)
    since = Since(sandbox)
    for _ in range(_REMEDIATIONS):
        open_to_the_world(opponent, group)
        heals(sandbox, vpc)
        eventually(sandbox.idle, "work is left in the queues")

    fought = Since(sandbox)
    open_to_the_world(opponent, group)
    sandbox.customer.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
    words = f"group-rule-extra on {group}"
    eventually(lambda: "contested" in fought.endings(vpc), "the finding is not contested")
    eventually(sandbox.idle, "work is left in the queues")

    assert sandbox.truth.faults(vpc) == [f"{group} lets in {EVERYWHERE} on tcp 22-22"]
    (line, *_) = fought.lines("ReconcileFunction", words)
    assert f"; contested; caused by AuthorizeSecurityGroupIngress by {_NAME}" in line.message
    assert {call.action for call in fought.calls("ReconcileFunction") if call.mutating} == {
        "ModifyVpcAttribute"
    }
    assert set(fought.sum_of("DriftContested", vpc)) == {"group-rule-extra"}
    sandbox.invoke("SweepFunction", {})
    assert fought.metrics("VpcsContested", vpc)
    eventually(sandbox.idle, "work is left in the queues")
    revoked = [
        call for call in since.calls("ReconcileFunction") if call.action == "RevokeSecurityGroupIngress"
    ]
    assert len(revoked) == _REMEDIATIONS


def test_the_log_line_of_a_finding_says_who_did_it_by_name_and_by_cloudtrails_event(
    sandbox: Sandbox, team: Team
) -> None:
    vpc = team.fine_vpc().id
    since = Since(sandbox)
    sandbox.ec2_as(_OPPONENT).modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
    (call,) = (each for each in sandbox.ec2.calls if each.principal == _OPPONENT and vpc in str(each.params))
    heals(sandbox, vpc)
    eventually(partial(since.lines, "ReconcileFunction", "dns-support-off"), "nothing was said of it")
    (line, *_) = since.lines("ReconcileFunction", f"dns-support-off on {vpc}")
    cause = record(line)["cause"]
    assert f"caused by ModifyVpcAttribute by {_NAME}" in line.message
    assert (cause["event_id"], cause["actor"], cause["time"]) == (call.event_id, _NAME, int(call.time))


def test_drift_that_no_event_told_of_counts_as_found_by_the_sweep(sandbox: Sandbox, team: Team) -> None:
    unheard, heard = team.fine_vpc().id, team.fine_vpc().id
    forget_causes(sandbox, unheard)
    since = Since(sandbox)
    group = group_of(sandbox, unheard)
    with no_events(sandbox):
        open_to_the_world(sandbox.customer, group)
    open_to_the_world(sandbox.customer, group_of(sandbox, heard))
    heals(sandbox, heard)
    sandbox.invoke("SweepFunction", {})
    heals(sandbox, unheard)
    eventually(sandbox.idle, "work is left in the queues")
    assert [each.values for each in since.metrics("DriftFoundBySweep", unheard)] == [(1.0,)]
    assert since.metrics("DriftFoundBySweep", heard) == []
    (line, *_) = since.lines("ReconcileFunction", f"group-rule-extra on {group}")
    assert "cause" not in record(line)
    assert "caused by" not in line.message
