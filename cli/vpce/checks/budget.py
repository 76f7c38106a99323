"""The budget of endpoint calls: what it is set to, and how much of it was used.

The metrics do not say of which installation they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.domain.pace import DEFAULT_PACE, EndpointCall
from reconciler.published import NAMESPACE, Function

from ..words import count
from .check import Check, ok, warning

if TYPE_CHECKING:
    from .patient import Patient

_SUBJECT = "write budget"
_DAY = 24 * 3600


def look(patient: Patient) -> Iterator[Check]:
    """A line for the budget. More than EC2 lets an account do by default is wrong only where EC2 throttles:
    AWS raises quotas, and EC2's have no call that tells them."""
    given = patient.deployment.parameters
    if "EndpointWriteRate" not in given:
        yield ok(_SUBJECT, "the deployed version has none")
        return
    rate, burst = float(given["EndpointWriteRate"]), int(given["EndpointWriteBurst"])
    calls = sum(_of_a_day(patient, "EndpointCalls", "Call", each) for each in EndpointCall)
    throttles = _of_a_day(patient, "Ec2Throttles", "Function", Function.RECONCILE)
    seen = (
        f"{rate:g} endpoint calls of each kind a second, {burst} at once; in the last day "
        f"{count(calls, 'endpoint call')} made, {count(_of_a_day(patient, 'RunPutOff'), 'run')} put off, "
        f"{count(throttles, 'call')} of reconcile throttled by EC2"
    )
    if throttles and (rate > DEFAULT_PACE.rate or burst > DEFAULT_PACE.burst):
        yield warning(
            _SUBJECT,
            f"{seen}. EC2 lets an account make {DEFAULT_PACE.rate:g} a second, {DEFAULT_PACE.burst} at once, "
            "where AWS has not raised that",
            "lower EndpointWriteRate and EndpointWriteBurst, or have AWS raise the limit by a support case",
        )
    else:
        yield ok(_SUBJECT, seen)


def _of_a_day(patient: Patient, metric: str, dimension: str = "", value: str = "") -> int:
    points = patient.account.cloudwatch.get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=metric,
        Dimensions=[{"Name": dimension, "Value": value}] if dimension else [],
        StartTime=datetime.fromtimestamp(patient.now - _DAY, UTC),
        EndTime=datetime.fromtimestamp(patient.now + 60, UTC),
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    return int(sum(each.get("Sum", 0) for each in points))
