"""Whether runs crashed: a crash is no error of the function, since it goes on with the next VPC."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.published import NAMESPACE

from ..words import count
from .check import Check, ok, warning

if TYPE_CHECKING:
    from .patient import Patient

_SUBJECT = "crashes"
_DAY = 24 * 3600


def look(patient: Patient) -> Iterator[Check]:
    """A line for the crashes of the last day. The metric does not say of which installation they are."""
    points = patient.account.cloudwatch.get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName="RunCrashed",
        StartTime=datetime.fromtimestamp(patient.now - _DAY, UTC),
        EndTime=datetime.fromtimestamp(patient.now + 60, UTC),
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    crashed = int(sum(each.get("Sum", 0) for each in points))
    if not crashed:
        yield ok(_SUBJECT, "no run crashed in the last day")
        return
    name = patient.resources.get("ReconcileFunction", "")
    yield warning(
        _SUBJECT,
        f"{count(crashed, 'run')} of the Region crashed in the last day",
        f"see which VPCs: aws logs filter-log-events --log-group-name {patient.log_group(name)} "
        "--filter-pattern '\"crashed\"'; what it was: vpce explain VPC; docs/operating.md#a-run-crashed",
    )
