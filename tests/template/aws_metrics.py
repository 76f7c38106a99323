"""The metrics of AWS's own that the template names, and what they are published of.

Sources: the developer guides of Lambda ("Types of metrics for Lambda functions") and of SQS ("Available
CloudWatch metrics for Amazon SQS").
"""

from __future__ import annotations

from tests.template.deployed import template

# By namespace: the dimension, the type of the resource that it names, and each metric with its statistics.
_COUNTED, _HELD = {"Sum"}, {"Maximum"}
AWS_METRICS = {
    "AWS/Lambda": (
        "FunctionName",
        "AWS::Serverless::Function",
        {"Errors": _COUNTED, "Throttles": _COUNTED, "Duration": {"p95"}},
    ),
    "AWS/SQS": (
        "QueueName",
        "AWS::SQS::Queue",
        {
            "ApproximateNumberOfMessagesVisible": _HELD,
            "ApproximateNumberOfMessagesDelayed": _HELD,
            "ApproximateAgeOfOldestMessage": _HELD,
        },
    ),
}


def is_published(namespace: str, metric: str, dimension: str, value: str, statistic: str) -> bool:
    """Whether the metric is one of a resource of the stack, which `value` names by its logical id."""
    of, kind, metrics = AWS_METRICS[namespace]
    named = value.partition(".")[0]
    resource = template()["Resources"].get(named, {})
    attribute = ".QueueName" if kind == "AWS::SQS::Queue" else ""
    return (
        dimension == of
        and statistic in metrics.get(metric, ())
        and resource.get("Type") == kind
        and value == f"{named}{attribute}"
    )
