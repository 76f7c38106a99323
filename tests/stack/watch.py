"""What a test looks at: whether a VPC is as it should be, and what the program said and did since then."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from unittest import mock

from sandbox.control_plane.emf import Metric, metrics_of
from sandbox.control_plane.logs import Line
from sandbox.ec2 import Call
from sandbox.sandbox import Sandbox, wait_until

_PATIENCE = 45.0


def eventually(holds: Callable[[], object], otherwise: str) -> None:
    """Wait until something holds; fail with these words if it never does."""
    assert wait_until(lambda: bool(holds()), _PATIENCE, every=0.2), otherwise


def heals(sandbox: Sandbox, *vpcs: str) -> None:
    """Wait until EC2 says that the VPCs are as they should be."""
    for vpc in vpcs:
        assert wait_until(partial(_fine, sandbox, vpc), _PATIENCE, every=0.2), sandbox.truth.faults(vpc)


@contextlib.contextmanager
def no_events(sandbox: Sandbox) -> Iterator[None]:
    """Whatever happens inside the `with` raises no event, as if the trail were off."""
    with mock.patch.object(sandbox.delivery, "offer"):
        yield


class Since:
    """What the program said and did since this was made."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._lines = len(sandbox.lines())
        self._calls = len(sandbox.ec2.calls)
        self.time = sandbox.ec2.clock.now()

    def lines(self, function: str | None = None, naming: str = "") -> list[Line]:
        """What the functions wrote, one of them or all, with these words in it."""
        lines = self._sandbox.lines()[self._lines :]
        return [each for each in lines if function in (None, each.function) and naming in each.message]

    def metrics(self, name: str, naming: str = "") -> list[Metric]:
        """The metrics of one name, whose metadata hold these words."""
        found = metrics_of(self.lines())
        return [each for each in found if each.name == name and naming in json.dumps(each.properties)]

    def sum_of(self, name: str, naming: str = "") -> dict[str, float]:
        """A metric's sums, by the values of its dimension."""
        sums: dict[str, float] = {}
        for each in self.metrics(name, naming):
            (value,) = each.dimensions.values()
            sums[value] = sums.get(value, 0.0) + sum(each.values)
        return sums

    def runs(self, vpc: str) -> list[Line]:
        """The line that each run of `vpc` ends with."""
        return self.lines("ReconcileFunction", f"reconciled {vpc}:")

    def endings(self, vpc: str) -> list[str]:
        """How each run of `vpc` ended."""
        return [str(_record(line)["ending"]) for line in self.runs(vpc)]

    def calls(self, function: str) -> list[Call]:
        """The calls to EC2 that a function made."""
        role = self._sandbox.roles[function]
        return [call for call in self._sandbox.ec2.calls[self._calls :] if call.principal == role]


def _fine(sandbox: Sandbox, vpc: str) -> bool:
    return not sandbox.truth.faults(vpc)


def _record(line: Line) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(line.message)
    return record
