"""The measured figures that the simulation and the cost stand on, out of the results file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results.json")
NEW_OF_OTHERS = "intake, one event of others, of a thing that is new"
ONE_OF_OTHERS = "intake, one event of others"
MANY_OF_OTHERS = "intake, 100 events of others"
ONE_OF_OURS = "intake, one event of ours"
CLEAN_RUN = "run, nothing to do"
RULES_RUN = "run, rules put back"
ENDPOINT_RUN = "run, an endpoint made"
HEALED_RUN = "run, found put right"
SWEEP = "sweep of 100 VPCs"


@dataclass(frozen=True)
class Measured:
    """What one invocation of each kind takes, by its name: CPU seconds of this machine, bytes of log, the
    ledger's units. `actions` are its EC2 calls by name. `starts` is the time that a cold start takes here, by
    function, in seconds."""

    invocations: Mapping[str, Mapping[str, float]]
    actions: Mapping[str, Mapping[str, float]]
    starts: Mapping[str, float]

    @classmethod
    def read(cls) -> Measured:
        """Read them.

        Raises:
            KeyError: when the benchmarks of calls and of cold starts have not been run.
        """
        results: dict[str, Any] = json.loads(RESULTS.read_text("utf-8"))
        weights = results["calls"]["found"]["weights"]
        kinds = results["cold_start"]["found"]["kinds"]
        starts = {name: kinds[name]["wall_seconds"] for name in ("intake", "reconcile", "sweep")}
        return cls(weights["invocations"], weights["actions"], starts)

    def cpu_of_events(self, count: int) -> float:
        """The CPU of a batch with so many events, without reading an index."""
        one, many = self.invocations[ONE_OF_OTHERS]["cpu"], self.invocations[MANY_OF_OTHERS]["cpu"]
        return one + (count - 1) * max(0.0, many - one) / 99

    @property
    def cpu_of_index(self) -> float:
        """The CPU of reading an index."""
        return self.invocations[NEW_OF_OTHERS]["cpu"] - self.invocations[ONE_OF_OTHERS]["cpu"]
