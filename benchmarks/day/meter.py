"""Counts what an account of the simulated day does: invocations, their time, calls, metrics by the hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from benchmarks.day.model import Books, Model
from benchmarks.measured import Measured
from reconciler.domain.pace import EndpointCall

ENDPOINT_CALLS = frozenset(map(str, EndpointCall))
# A process reads these once, and keeps the answer for a while.
_KEPT_ANSWERS = ("DescribeDhcpOptions", "DescribeVpcEndpointServices")


class Meter:
    """Counts into `books`, with what was measured of an invocation."""

    def __init__(self, model: Model, measured: Measured, books: Books) -> None:
        self._model, self.measured, self.books = model, measured, books
        self._by_second: Counter[tuple[int, str]] = Counter()
        self._metrics: set[tuple[int, str]] = set()

    def of(self, kind: str, name: str) -> float:
        """What was measured of an invocation."""
        return self.measured.invocations[kind][name]

    def publish(self, metric: str, at: float) -> None:
        """A metric is billed by the hours in which it is published."""
        self._metrics.add((int(at) // 3600, metric))

    def read(self, kind: str, function: str, at: float, *, is_cold: bool = False, attributes: int = 0) -> int:
        """The reads of an invocation, as measured; `attributes` of a sweep's VPCs. Gives how many."""
        names = [
            action
            for action, count in self.measured.actions[kind].items()
            for _ in range(round(count))
            if action not in _KEPT_ANSWERS and not (attributes and action == "DescribeVpcAttribute")
        ]
        names += ["DescribeVpcAttribute"] * attributes
        names += _KEPT_ANSWERS if is_cold else ()
        self.call(names, function, at)
        return len(names)

    def call(self, actions: Iterable[str], function: str, at: float) -> None:
        """Calls to EC2, all in one second."""
        for action in actions:
            self.books.calls[f"{function} {action}"] += 1
            self._by_second[int(at), action] += 1
            if action in ENDPOINT_CALLS:
                self.books.endpoint_writes[int(at)] += 1
                self.publish(f"EndpointCalls {action}", at)
            self.publish(f"Ec2Calls {function}", at)

    def invoke(self, function: str, cpu: float, waiting: float, *, is_cold: bool) -> float:
        """An invocation: its CPU on a share of a core, and what it waits for; a cold start before it. Gives
        how long it takes, in seconds."""
        start = self.measured.starts[function] if is_cold else 0.0
        spent = start + cpu / self._model.core_share + waiting
        self.books.invocations[function] += 1
        self.books.cold[function] += is_cold
        self.books.seconds[function] += spent
        return spent

    def note(self, kind: str) -> None:
        """The ledger's units, the log and the finding events of an invocation, as measured."""
        self.books.ledger_reads += self.of(kind, "ledger_reads")
        self.books.ledger_writes += self.of(kind, "ledger_writes")
        self.books.log_bytes += self.of(kind, "log_bytes")
        self.books.finding_events += int(self.of(kind, "events"))

    def close(self) -> None:
        """The day is over."""
        self.books.metric_hours += len(self._metrics)
        by_minute: Counter[tuple[int, str]] = Counter()
        for (second, action), count in self._by_second.items():
            by_minute[second // 60, action] += count
        for peaks, found in (
            (self.books.peak_second, self._by_second),
            (self.books.peak_minute, by_minute),
        ):
            for (_, action), count in found.items():
                peaks[action] = max(peaks[action], count)
