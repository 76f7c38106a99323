"""An installation that is well: what each AWS service answers about it. A test changes what is to be ill."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from tests.account import STACK
from tests.unit.fakes import FakeDynamo
from vpce.problems import SERVICE

ROLE = f"arn:aws:iam::111122223333:role/{STACK}-ReconcileRole"
FUNCTIONS = {name: f"{STACK}-{name}" for name in ("IntakeFunction", "ReconcileFunction", "SweepFunction")}
RULES = ("ChangeRule", "TaggingRule", "OwnedNameRule", "DeletionRefusedRule", "DeployedRule")
DEAD = ("IntakeDeadLetters", "PassDeadLetters", "SweepDeadLetters", "SweepRequestDeadLetters")
RESOURCES = {
    **FUNCTIONS,
    **{name: f"{STACK}-{name}" for name in RULES},
    **{name: f"https://sqs/{name}" for name in (*DEAD, "EventQueue", "PassQueue", "SweepQueue")},
    "Schedule": f"{STACK}-Schedule",
    "ReconcileLogs": f"/aws/lambda/{STACK}-reconcile",
    "SweepLogs": f"/aws/lambda/{STACK}-sweep",
    "BlockedAlarm": f"{STACK}-blocked-for-long",
    "SweepAlarm": f"{STACK}-the-sweep-has-stopped",
}
TRAIL = {
    "Name": "org",
    "TrailARN": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/org",
    "HomeRegion": "eu-west-1",
    "IsMultiRegionTrail": True,
    "IsOrganizationTrail": False,
}


def refused(service: str, operation: str) -> ClientError:
    """What boto3 raises where the caller may not."""
    answer: Any = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}, SERVICE: service}
    return ClientError(answer, operation)


class Client:
    """A boto3 client that gives these answers, by the name of the method: a value, an error to raise, or what
    makes an answer of the request. Any other method is an error of the test."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            answer = self.answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer(**request) if callable(answer) else answer

        return call

    def get_paginator(self, name: str) -> _Pages:
        return _Pages(self, name)


class _Pages:
    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name

    def paginate(self, **request: Any) -> Iterator[Any]:
        yield getattr(self._client, self._name)(**request)


def sweep_line(
    now: float, seconds_ago: float, *, said: str = "sweep: 1 in sync, 0 drifted"
) -> dict[str, Any]:
    """The line with which a sweep ends."""
    message = json.dumps({"message": said, "leftovers": []})
    return {"timestamp": int((now - seconds_ago) * 1000), "message": message}


def _simulated(**request: Any) -> Any:
    results = [{"EvalActionName": name, "EvalDecision": "allowed"} for name in request["ActionNames"]]
    return {"EvaluationResults": results}


def clients(now: float) -> dict[str, Client]:
    """The clients of a well installation, by their name in `vpce.account.Account`."""
    mapping = {"State": "Enabled", "UUID": "1", "EventSourceArn": "arn:aws:sqs:eu-west-1:111122223333:runs"}
    ago = sweep_line(now, 600)
    return {
        "cloudtrail": Client(
            describe_trails={"trailList": [TRAIL]},
            get_trail_status={"IsLogging": True},
            get_event_selectors={
                "EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True}]
            },
        ),
        "events": Client(
            describe_rule={"State": "ENABLED"}, list_targets_by_rule={"Targets": [{"Id": "intake"}]}
        ),
        "scheduler": Client(get_schedule={"State": "ENABLED", "ScheduleExpression": "rate(1 hour)"}),
        "functions": Client(
            get_function_configuration={"State": "Active", "LastUpdateStatus": "Successful", "Role": ROLE},
            get_function_concurrency={},
            list_event_source_mappings={"EventSourceMappings": [mapping]},
        ),
        "cloudwatch": Client(
            get_metric_data=lambda **_: {"MetricDataResults": []},
            get_metric_statistics={"Datapoints": []},
            describe_alarms=lambda AlarmNames: {  # noqa: N803 - boto3's name
                "MetricAlarms": [
                    {"AlarmName": name, "StateValue": "OK", "AlarmActions": ["arn:aws:sns:topic"]}
                    for name in AlarmNames
                ]
            },
        ),
        "logs": Client(filter_log_events={"events": [ago]}),
        "sqs": Client(get_queue_attributes={"Attributes": {"ApproximateNumberOfMessages": "0"}}),
        "iam": Client(simulate_principal_policy=_simulated),
        "quotas": Client(get_service_quota={"Quota": {"Value": 50.0}}),
        "ssm": Client(),
    }


class Table(Client):
    """The ledger's table: `ledger` takes its items, and the answers are on the table itself."""

    def __init__(self, ledger: FakeDynamo) -> None:
        super().__init__(
            describe_table={"Table": {"TableStatus": "ACTIVE"}},
            describe_continuous_backups={
                "ContinuousBackupsDescription": {
                    "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}
                }
            },
        )
        self._ledger = ledger

    def __getattr__(self, name: str) -> Any:
        return super().__getattr__(name) if name in self.answers else getattr(self._ledger, name)


def when(time: float) -> datetime:
    """A time, as boto3 gives it."""
    return datetime.fromtimestamp(time, UTC)
