"""Whether the functions can be called, are called, and do not fail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .check import Check, ok, warning, wrong

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

    from .patient import Patient

FUNCTIONS = ("IntakeFunction", "ReconcileFunction", "SweepFunction")
_READS = {"IntakeFunction": "EventQueue", "ReconcileFunction": "PassQueue", "SweepFunction": "SweepQueue"}
_REDEPLOY = "deploy the stack again"
_DAY = 24 * 3600
_METRICS = ("Invocations", "Errors", "Throttles")


def look_at_states(patient: Patient) -> Iterator[Check]:
    """Whether each function is active and may run."""
    fine = 0
    for logical_id in FUNCTIONS:
        name = patient.resources.get(logical_id)
        if name is None:
            yield wrong("functions", f"the stack has no {logical_id}", _REDEPLOY)
            continue
        found = patient.account.functions.get_function_configuration(FunctionName=name)
        state, update = found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")
        if state not in ("Active", "Inactive"):
            yield wrong(
                "functions", f"{name} is {state}: {found.get('StateReason', 'no reason is given')}", _REDEPLOY
            )
        elif update == "Failed":
            why = found.get("LastUpdateStatusReason", "no reason is given")
            yield wrong("functions", f"the last update of {name} failed: {why}", _REDEPLOY)
        else:
            fine += 1
    if fine == len(FUNCTIONS):
        yield ok("functions", f"all {fine} functions are active")


def look_at_concurrency(patient: Patient) -> Iterator[Check]:
    """Whether a reserved concurrency keeps a function from running."""
    stopped = []
    for name in _names(patient):
        found = patient.account.functions.get_function_concurrency(FunctionName=name)
        if found.get("ReservedConcurrentExecutions") == 0:
            stopped.append(name)
    for name in stopped:
        yield wrong(
            "concurrency",
            f"{name} has a reserved concurrency of 0: it never runs",
            f"take it off: aws lambda delete-function-concurrency --function-name {name}",
        )
    if not stopped:
        yield ok("concurrency", "no function is held back by a reserved concurrency of 0")


def look_at_mappings(patient: Patient) -> Iterator[Check]:
    """Whether the queues are read, each by its function."""
    fine = 0
    # Versions before the event queue called intake directly.
    read = {logical_id: queue for logical_id, queue in _READS.items() if queue in patient.resources}
    for logical_id in read:
        name = patient.resources.get(logical_id)
        if name is None:
            continue
        pages = patient.account.functions.get_paginator("list_event_source_mappings")
        there = [each for page in pages.paginate(FunctionName=name) for each in page["EventSourceMappings"]]
        off = [each for each in there if each.get("State") in ("Disabled", "Disabling")]
        if not there:
            yield wrong("queues are read", f"{name} reads no queue", _REDEPLOY)
        for each in off:
            queue = each.get("EventSourceArn", "").rpartition(":")[2]
            yield wrong(
                "queues are read",
                f"{name} does not read {queue}: the mapping is off",
                f"turn it on: aws lambda update-event-source-mapping --enabled --uuid {each.get('UUID')}",
            )
        fine += bool(there and not off)
    if fine == len(read):
        yield ok("queues are read", f"all {fine} queues are read")


def look_at_errors(patient: Patient) -> Iterator[Check]:
    """Errors and throttles of the last day."""
    names = _names(patient)
    queries: list[MetricDataQueryTypeDef] = [
        {
            "Id": f"f{number}{metric.lower()}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Lambda",
                    "MetricName": metric,
                    "Dimensions": [{"Name": "FunctionName", "Value": name}],
                },
                "Period": 3600,
                "Stat": "Sum",
            },
        }
        for number, name in enumerate(names)
        for metric in _METRICS
    ]
    now = patient.now
    pages = patient.account.cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries,
        StartTime=datetime.fromtimestamp(now - _DAY, UTC),
        EndTime=datetime.fromtimestamp(now + 60, UTC),
    )
    sums: dict[str, float] = {}
    for page in pages:
        for result in page["MetricDataResults"]:
            key = result.get("Id", "")
            sums[key] = sums.get(key, 0.0) + sum(result.get("Values", []))
    bad = False
    for number, name in enumerate(names):
        calls, errors, throttles = (int(sums.get(f"f{number}{metric.lower()}", 0)) for metric in _METRICS)
        if errors:
            bad = True
            line = f"{name} failed {errors} of {calls} times in the last day"
            cure = f"look at its log: aws logs tail {patient.log_group(name)} --since 1d"
            # Each failed call is tried again: a few are nothing, half of them are.
            yield (wrong if errors * 2 >= max(calls, 1) else warning)("errors", line, cure)
        if throttles:
            bad = True
            yield warning(
                "errors",
                f"{name} was throttled {throttles} times in the last day",
                "look at the account's concurrency quota, and at the function's reserved concurrency",
            )
    if not bad:
        yield ok("errors", "no function failed or was throttled in the last day")


def _names(patient: Patient) -> list[str]:
    return [patient.resources[each] for each in FUNCTIONS if each in patient.resources]
