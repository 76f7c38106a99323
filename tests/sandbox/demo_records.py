"""Records of demos, so that a test of the report reads as a sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.control_plane.emf import Metric
from sandbox.control_plane.logs import Line
from sandbox.report.record import Alarm, Dashboard, Deed, Outcome, Record, Sample, Seen, Write

BEGUN = 1_800_000_000.0
NAMESPACE = "VpcEndpointRemediator"
ORDERS, PAYMENTS = "vpc-0000000000000001", "vpc-0000000000000002"
NAMES = {ORDERS: "orders", PAYMENTS: "payments"}


def published(
    name: str,
    *values: float,
    at: float = 1,
    namespace: str = NAMESPACE,
    unit: str = "Count",
    **dimensions: str,
) -> Metric:
    """Points of a metric, `at` seconds after the demo has begun."""
    return Metric(namespace, name, unit, dimensions, values, BEGUN + at)


def logged(at: float, function: str = "ReconcileFunction", **said: Any) -> Line:
    """A line of JSON."""
    return Line(function, BEGUN + at, json.dumps(said))


def found(at: float, vpc: str = ORDERS, **said: Any) -> Line:
    """A line about a finding."""
    usual = {
        "kind": "group-rule-extra",
        "resource": "sg-1",
        "status": "remediated",
        "reason": None,
        "since": 1_800_000_001,
        "found": "0.0.0.0/0 on tcp 22-22",
        "wanted": "no such rule",
        "cure": "nothing to do",
        "cause": {"actor": "bob", "event_name": "AuthorizeSecurityGroupIngress", "event_id": "event-1"},
        "done": [{"call": "- revoke the rule", "request_id": "request-1"}],
    }
    return logged(at, vpc_id=vpc, **usual | said)


def a_deed(at: float, seconds: float = 3, **parts: Any) -> Deed:
    """Something that was done to a VPC."""
    usual: dict[str, Any] = {
        "board": "Broken on purpose",
        "vpc": "orders",
        "what": "security group opened to the world",
        "by": "bob",
        "state": "healed",
        "note": "",
    }
    return Deed(**usual | parts, begun=BEGUN + at, seconds=seconds)


def a_sample(at: float, **seen: Seen) -> Sample:
    """The account at a moment, by the VPCs' names."""
    ids = {name: key for key, name in NAMES.items()}
    return Sample(BEGUN + at, {ids[name]: each for name, each in seen.items()})


def a_body(*widgets: Mapping[str, Any], start: str = "-PT3H") -> Mapping[str, Any]:
    """A dashboard's body."""
    return {"start": start, "widgets": list(widgets)}


def a_metric_widget(metrics: Sequence[object], **properties: object) -> Mapping[str, Any]:
    """A widget that draws metrics."""
    return {"type": "metric", "width": 8, "height": 6, "properties": {"metrics": metrics, **properties}}


def a_record(**parts: Any) -> Record:
    """A demo of 60 seconds. `body` is the dashboard's."""
    if "body" in parts:
        parts["dashboard"] = Dashboard("fleet-eu-west-1", json.dumps(parts.pop("body")))
    usual: dict[str, Any] = {
        "begun": BEGUN,
        "ended": BEGUN + 60,
        "outcome": Outcome(shown=True, figures=(("breaks healed", "1 of 1"),), healing_seconds=(3.0,)),
        "names": NAMES,
    }
    return Record(**usual | parts)


def a_full_record(body: Mapping[str, Any], alarms: Sequence[str]) -> Record:
    """A demo in which some of everything happened."""
    well, open_ = Seen("appmesh"), Seen("appmesh", faults=("sg-1 lets in 0.0.0.0/0",))
    seconds = range(0, 60, 2)
    kinds = [f"kind-{n}" for n in range(12)]
    queues = {"PassQueue": {"ApproximateNumberOfMessagesVisible": 1}}
    return a_record(
        body=body,
        alarms={arn: Alarm(arn.rpartition(":")[2], "OK", "look at the runbook") for arn in alarms},
        deeds=(
            a_deed(4),
            a_deed(5, what="opened again, before it had healed"),
            a_deed(20, 0.1, state="failed", note="the break broke nothing", vpc="payments"),
        ),
        samples=tuple(
            Sample(BEGUN + at, {ORDERS: open_ if 4 < at < 9 else well, PAYMENTS: Seen()}, queues)
            for at in seconds
        ),
        writes=(Write(BEGUN + 6, "RevokeSecurityGroupIngress", "request-1"),),
        lines=tuple(found(at, since=at, kind=f"kind-{at % 12}") for at in seconds),
        log_groups={"/aws/lambda/reconcile": "ReconcileFunction"},
        metrics=(
            *(published("DriftDetected", 1, at=at, Kind=kinds[at % 12]) for at in seconds),
            *(published("DriftRemediated", 1, at=at, Kind=kinds[at % 12]) for at in seconds),
            *(published("TimeToConverge", 2500 + 40 * at, at=at, unit="Milliseconds") for at in seconds),
            *(published("VpcsInSync", 2, at=at) for at in seconds),
            *(published("Ec2Calls", 9, at=at, Function="reconcile") for at in seconds),
        ),
    )
