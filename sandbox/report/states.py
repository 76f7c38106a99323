"""In which state each VPC was at each sample: by EC2's own answers, but for whether a fight is given up,
which only the remediator can say.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from enum import StrEnum

from sandbox.report.record import Record, Sample, Seen


class State(StrEnum):
    """Each as the report's legend has it, in the order in which they are stacked."""

    WELL = "as its profile asks"
    FAULTY = "with faults"
    CONTESTED = "contested"
    LEAVING = "opt-in tag lost"
    AUDITED = "audit only"
    OUTSIDE = "not opted in"


def states(record: Record) -> list[tuple[Sample, Mapping[State, list[str]]]]:
    """At each sample, the names of the VPCs in each state."""
    opted_in: set[str] = set()
    endings = _endings(record)
    found: list[tuple[Sample, Mapping[State, list[str]]]] = []
    for sample in record.samples:
        names: dict[State, list[str]] = defaultdict(list)
        for vpc_id, seen in sample.vpcs.items():
            if seen.profile:
                opted_in.add(vpc_id)
            last = [ending for at, ending in endings[vpc_id] if at <= sample.at]
            state = _state(seen, vpc_id in opted_in, bool(last) and last[-1] == "contested")
            names[state].append(record.name(vpc_id))
        found.append((sample, names))
    return found


def counts(names: Mapping[State, Sequence[str]]) -> Mapping[State, int]:
    """How many VPCs are in each state."""
    return Counter({state: len(names.get(state, ())) for state in State})


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least so many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _state(seen: Seen, was_opted_in: bool, contested: bool) -> State:
    if not seen.profile:
        return State.LEAVING if was_opted_in else State.OUTSIDE
    if seen.mode == "audit":
        return State.AUDITED
    if not seen.faults:
        return State.WELL
    return State.CONTESTED if contested else State.FAULTY


def _endings(record: Record) -> Mapping[str, list[tuple[float, str]]]:
    """How the runs of each VPC ended, and when."""
    found: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for line, said in record.logged():
        if "ending" in said and "vpc_id" in said:
            found[str(said["vpc_id"])].append((line.timestamp, str(said["ending"])))
    return found
