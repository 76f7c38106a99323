"""What the sandbox's CloudWatch and its queues have: AWS's own metrics, the dashboard, the alarms.

What a queue's age is, or how long a message lay in it, the sandbox does not know. Such metrics are left out,
and the widgets that want them say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.control_plane.emf import Metric
from sandbox.control_plane.logs import Line
from sandbox.report.record import Alarm, Dashboard, Sample
from sandbox.sandbox import Sandbox

_DEPTHS = {
    "ApproximateNumberOfMessagesVisible": "visible",
    "ApproximateNumberOfMessagesNotVisible": "in_flight",
    "ApproximateNumberOfMessagesDelayed": "delayed",
}
_LAMBDA, _DURATION = "AWS/Lambda", "Duration"
_REPORT = re.compile(r"REPORT RequestId: \S+\s+Duration: ([\d.]+) ms")
_AWS = (_LAMBDA, "AWS/Events", "AWS/Scheduler", "AWS/DynamoDB")


def depths(sandbox: Sandbox) -> dict[str, dict[str, int]]:
    """How full each queue is now, by its name, in the words of CloudWatch."""
    queues = sandbox.queues
    found = {url.rsplit("/", 1)[1]: queues.depth(queue) for queue, url in queues.urls.items()}
    return {
        queue: {name: getattr(depth, attribute) for name, attribute in _DEPTHS.items()}
        for queue, depth in found.items()
    }


def metrics(sandbox: Sandbox, samples: Sequence[Sample], since: float) -> list[Metric]:
    """AWS's own metrics, as far as the sandbox has them, and how full the queues were seen to be."""
    functions = sandbox.stack.physical_ids("AWS::Lambda::Function")
    return [
        *_of_cloudwatch(sandbox.client("cloudwatch"), since),
        *durations(sandbox.lines(), functions),
        *_of_queues(samples),
    ]


def dashboard(sandbox: Sandbox) -> Dashboard | None:
    """The stack's dashboard, where it has one."""
    names = sandbox.stack.physical_ids("AWS::CloudWatch::Dashboard").values()
    for name in names:
        found = sandbox.client("cloudwatch").get_dashboard(DashboardName=name)
        return Dashboard(name, found["DashboardBody"])
    return None


def alarms(sandbox: Sandbox) -> dict[str, Alarm]:
    """The account's metric alarms, by ARN."""
    pages = sandbox.client("cloudwatch").get_paginator("describe_alarms").paginate()
    return {
        each["AlarmArn"]: Alarm(each["AlarmName"], each["StateValue"], each.get("AlarmDescription", ""))
        for page in pages
        for each in page["MetricAlarms"]
    }


def durations(lines: Iterable[Line], functions: Mapping[str, str]) -> Iterator[Metric]:
    """How long each invocation took, by Lambda's own lines; `functions` are names by logical ids.

    The sandbox's CloudWatch has them only of functions that no queue invokes.
    """
    for line in lines:
        if (found := _REPORT.match(line.message)) and line.function in functions:
            name = {"FunctionName": functions[line.function]}
            yield Metric(_LAMBDA, _DURATION, "Milliseconds", name, (float(found[1]),), line.timestamp)


def _of_queues(samples: Sequence[Sample]) -> Iterator[Metric]:
    for sample in samples:
        for queue, depth in sample.depths.items():
            for name, value in depth.items():
                yield Metric("AWS/SQS", name, "Count", {"QueueName": queue}, (value,), sample.at)


def _of_cloudwatch(cloudwatch: Any, since: float) -> Iterator[Metric]:
    for namespace in _AWS:
        pages = cloudwatch.get_paginator("list_metrics").paginate(Namespace=namespace)
        for metric in [metric for page in pages for metric in page["Metrics"]]:
            if metric["MetricName"] != _DURATION:
                yield from _points(cloudwatch, metric, since)


def _points(cloudwatch: Any, metric: Mapping[str, Any], since: float) -> Iterator[Metric]:
    """The points of a metric, second by second; those of one second count as equal."""
    found = cloudwatch.get_metric_statistics(
        Namespace=metric["Namespace"],
        MetricName=metric["MetricName"],
        Dimensions=metric["Dimensions"],
        StartTime=datetime.fromtimestamp(since, UTC),
        EndTime=datetime.now(UTC),
        Period=1,
        Statistics=["Average", "SampleCount"],
    )
    for each in found["Datapoints"]:
        yield Metric(
            metric["Namespace"],
            metric["MetricName"],
            each["Unit"],
            {dimension["Name"]: dimension["Value"] for dimension in metric["Dimensions"]},
            (each["Average"],) * round(each["SampleCount"]),
            each["Timestamp"].timestamp(),
        )
