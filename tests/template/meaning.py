"""Which metrics are published, and by which statistics they mean something."""

from __future__ import annotations

from reconciler.published import METRICS, NAMESPACE
from tests.template.aws_metrics import is_published as is_published_by_aws

_TAKES_TIME = {"p50", "p95", "p99"}


def statistics_of(metric: str) -> set[str]:
    """A sweep publishes states and ages as they are then: their sum over two sweeps means nothing."""
    if METRICS[metric].unit == "Milliseconds":
        return _TAKES_TIME
    return {"Maximum"} if metric.startswith("Vpcs") or metric == "OldestFindingAge" else {"Sum"}


def is_published(namespace: str, metric: str, dimension: str, value: str | None, statistic: str) -> bool:
    """Whether someone publishes that metric under that dimension and value (None: any), so that the statistic
    means something."""
    if namespace != NAMESPACE:
        return is_published_by_aws(namespace, metric, dimension, value or "", statistic)
    published = METRICS.get(metric)
    return (
        published is not None
        and dimension == published.dimension
        and (value in published.values if value else bool(dimension) == (value is None))
        and statistic in statistics_of(metric)
    )
