"""The metrics that this program publishes: the one list that report, dashboard, alarms and docs agree with.

Metrics have one dimension at most, whose values are words of a closed list; ids are metadata, since every
value of a dimension is a metric that is paid for (facts, section 11).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from .domain.findings import Kind, Reason
from .domain.pace import EndpointCall

NAMESPACE = "VpcEndpointRemediator"


class Rejection(StrEnum):
    """Why an input was turned away. These words are metric dimensions."""

    MALFORMED_EVENT = "malformed-event"
    MALFORMED_MESSAGE = "malformed-message"
    MALFORMED_PROFILES = "malformed-profiles"
    FOREIGN_ACCOUNT = "foreign-account"
    FOREIGN_REGION = "foreign-region"


class Function(StrEnum):
    """The functions of the stack. These words are metric dimensions, and the service of each log line."""

    INTAKE = "intake"
    RECONCILE = "reconcile"
    SWEEP = "sweep"


class Open(StrEnum):
    """What an open finding is, as far as its age is published. These words are metric dimensions."""

    DRIFTED = "drifted"
    BLOCKED = "blocked"
    CONTESTED = "contested"


@dataclass(frozen=True)
class Published:
    """A metric: its unit, in CloudWatch's word, the functions that publish it, and its dimension with the
    values that it can have (empty: it has none)."""

    unit: str
    by: tuple[Function, ...]
    dimension: str = ""
    values: tuple[str, ...] = ()


def _metric(
    by: Function | Iterable[Function], unit: str = "Count", dimension: str = "", values: Iterable[str] = ()
) -> Published:
    functions = (by,) if isinstance(by, Function) else tuple(by)
    return Published(unit, functions, dimension, tuple(map(str, values)))


METRICS: Mapping[str, Published] = {
    "DriftDetected": _metric(Function.RECONCILE, dimension="Kind", values=Kind),
    "DriftRemediated": _metric(Function.RECONCILE, dimension="Kind", values=Kind),
    "DriftContested": _metric(Function.RECONCILE, dimension="Kind", values=Kind),
    "RemediationBlocked": _metric(Function.RECONCILE, dimension="Reason", values=Reason),
    "DriftFoundBySweep": _metric(Function.RECONCILE),
    "TimeToConverge": _metric(Function.RECONCILE, unit="Milliseconds"),
    "RunCrashed": _metric(Function.RECONCILE),
    "PassDied": _metric(Function.RECONCILE),  # RunCrashed by its earlier name
    "VpcsInSync": _metric(Function.SWEEP),
    "VpcsConverging": _metric(Function.SWEEP),
    "VpcsDrifted": _metric(Function.SWEEP),
    "VpcsBlocked": _metric(Function.SWEEP),
    "VpcsContested": _metric(Function.SWEEP),
    "VpcsLeaving": _metric(Function.SWEEP),
    "VpcsImpaired": _metric(Function.SWEEP),
    "OldestFindingAge": _metric(Function.SWEEP, unit="Seconds", dimension="Status", values=Open),
    "SweepCompleted": _metric(Function.SWEEP),
    "InputRejected": _metric(Function, dimension="Reason", values=Rejection),
    "Ec2Calls": _metric(Function, dimension="Function", values=Function),
    "Ec2Throttles": _metric(Function, dimension="Function", values=Function),
    "EndpointCalls": _metric(Function.RECONCILE, dimension="Call", values=EndpointCall),
    "RunPutOff": _metric(Function.RECONCILE),
}
