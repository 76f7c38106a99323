"""What each alarm is for, as a story of published metrics: quiet, then trouble, then quiet again.

The remediator's own metrics come from its own reports; those of AWS are written down as AWS publishes them.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from aws_lambda_powertools import Logger

from reconciler import report
from reconciler.conclusion import Ending, Run
from reconciler.domain.counts import Concluded
from reconciler.domain.findings import Finding, Kind, Reason, Status
from reconciler.ec2.meter import Metered
from reconciler.messages import RunRequest, SweepRequest
from reconciler.published import Function, Open
from reconciler.sweep import Oldest, Sweep
from sandbox.control_plane.emf import Metric, parse
from tests.template.alarm_walk import DAY, HOUR, MINUTE
from tests.unit.reported import a_run

_LOGGER = Logger(service="story", stream=io.StringIO())
_VPC = "vpc-0a1b2c3d"


@dataclass(frozen=True)
class Story:
    """What is published. The trouble begins at `begins`, its alarm goes off by `seen`, and all is over, and
    the alarm with it, by `until`."""

    published: list[Metric]
    begins: int
    seen: int
    until: int


def printed(at: int, publish: Callable[[], None]) -> list[Metric]:
    """The metrics that `publish` prints, as CloudWatch reads them, at a time of the story."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        publish()
    found = [metric for line in out.getvalue().splitlines() for metric in parse(line)]
    return [replace(each, timestamp=float(at)) for each in found]


def _of(namespace: str, name: str, dimension: str, of: str, at: int, value: float) -> Metric:
    return Metric(namespace, name, "Count", {dimension: of}, (value,), float(at))


def swept(at: int, ages: dict[Open, int] | None = None) -> list[Metric]:
    """A sweep, with the ages of the oldest open findings."""
    oldest = {each: Oldest((ages or {}).get(each, 0), _VPC) for each in Open}
    return printed(at, lambda: report.report_sweep(Sweep(oldest=oldest), _LOGGER, SweepRequest(0)))


def sweeps(interval: int, start: int, end: int) -> list[Metric]:
    """Sweeps at the interval; the first is made a minute after `start`."""
    return [each for at in range(start + MINUTE, end, interval) for each in swept(at)]


def open_for_long(what: Open, longest: int, interval: int = HOUR) -> Story:
    """A finding that is open for five sweeps longer than it may be, and then no more."""
    begins, published = 3 * interval, []
    end = begins + longest + 5 * interval
    for at in range(MINUTE, end + 3 * interval, interval):
        open_since = begins <= at < end
        published += swept(at, {what: at - begins} if open_since else None)
    return Story(published, begins, begins + longest + 2 * interval, end + 2 * interval)


def limit_reached() -> Story:
    """Every sweep has a VPC tried again that may lose nothing in this hour."""
    gone = Finding(Kind.NOT_WANTED, "vpce-1", "there", "gone")
    run = a_run(Ending.BLOCKED, Concluded(gone, Status.BLOCKED, Reason.TEARDOWN_LIMIT))
    times = range(2 * HOUR, 6 * HOUR, HOUR)
    published = [each for at in times for each in printed(at, lambda: report.report_run(run, 0, _LOGGER))]
    return Story(published, 2 * HOUR, 2 * HOUR + 2 * MINUTE, 12 * HOUR)


def found_by_sweep() -> Story:
    """A sweep finds drift that no event foretold."""
    run = Run(RunRequest(_VPC, 0, swept=True), Ending.REQUEUED, unforeseen=1)
    published = printed(2 * HOUR, lambda: report.report_run(run, 0, _LOGGER))
    return Story(published, 2 * HOUR, 2 * HOUR + 2 * MINUTE, 8 * HOUR)


def crashed() -> Story:
    """A run dies of a fault of the remediator."""
    published = printed(HOUR, lambda: report.report_crash(_VPC, _LOGGER))
    return Story(published, HOUR, HOUR + 2 * MINUTE, 3 * HOUR)


def slow(seconds: int) -> Story:
    """VPCs converge within a minute; then for two hours one in ten takes long, the last one too."""

    def converged(at: int, took: int) -> list[Metric]:
        run = Run(RunRequest(_VPC, first_seen=0, attempts=1), Ending.CONVERGED)
        return printed(at, lambda: report.report_run(run, took, _LOGGER))

    published = []
    for number, at in enumerate(range(MINUTE, 5 * HOUR, 3 * MINUTE)):
        is_slow = at >= 3 * HOUR and number % 10 == 9
        published += converged(at, seconds + 1 if is_slow else 60)
    return Story(published, 3 * HOUR, 4 * HOUR, 8 * HOUR)


def throttled(count: int) -> Story:
    """EC2 throttles so many of reconcile's calls in five minutes, for an hour, the last one."""
    published = []
    for number, at in enumerate(range(MINUTE, 3 * HOUR, MINUTE)):
        # As even as whole calls can be.
        throttles = (number + 1) * count // 5 - number * count // 5 if at >= 2 * HOUR else 0
        published += printed(at, partial(report.report_ec2_calls, Function.RECONCILE, Metered(60, throttles)))
    return Story(published, 2 * HOUR, 2 * HOUR + 30 * MINUTE, 5 * HOUR)


def stopped(interval: int, longest: int) -> Story:
    """Sweeps run, then none for three times as long as there may be none, then they run again."""
    begins = 5 * interval
    end = begins + 3 * longest
    published = sweeps(interval, 0, begins) + sweeps(interval, end, end + 5 * interval)
    return Story(published, begins - interval, begins + longest + interval, end + 2 * interval)


def held(queue: str) -> Story:
    """A dead letter lies in a queue for two hours. SQS publishes while something lies there."""
    published = [
        _of("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", f"{queue}.QueueName", at, 1)
        for at in range(HOUR, 3 * HOUR, MINUTE)
    ]
    return Story(published, HOUR, HOUR + 2 * MINUTE, 4 * HOUR)


def waiting(seconds: int) -> Story:
    """A message waits in the VPC queue for an hour longer than it may; then it is received."""
    begins, end = HOUR, 2 * HOUR + seconds
    published = [
        _of(
            "AWS/SQS",
            "ApproximateAgeOfOldestMessage",
            "QueueName",
            "PassQueue.QueueName",
            at,
            at - begins if begins <= at < end else 0,
        )
        for at in range(MINUTE, end + HOUR, MINUTE)
    ]
    return Story(published, begins + seconds, begins + seconds + 3 * MINUTE, end + HOUR)


def failing(function: str, count: int) -> Story:
    """A function works once a minute, fails so many times in a row, and is not invoked any more."""
    published = [
        _of("AWS/Lambda", "Errors", "FunctionName", function, at, at >= 2 * HOUR)
        for at in range(MINUTE, 2 * HOUR + count * MINUTE, MINUTE)
    ]
    return Story(published, 2 * HOUR, 2 * HOUR + (count + 2) * MINUTE, 4 * HOUR)


def stories() -> Iterator[tuple[str, Story]]:
    """A story for each alarm of the template, by its logical id, told for the parameters' defaults."""
    yield "DriftAlarm", open_for_long(Open.DRIFTED, 2 * HOUR)
    yield "QueueAlarm", waiting(2 * HOUR)
    yield "BlockedAlarm", open_for_long(Open.BLOCKED, DAY)
    yield "ContestedAlarm", open_for_long(Open.CONTESTED, DAY)
    yield "TeardownAlarm", limit_reached()
    yield "SweepAlarm", stopped(HOUR, 3 * HOUR)
    yield "SweepDriftAlarm", found_by_sweep()
    yield "IntakeDeadLettersAlarm", held("IntakeDeadLetters")
    yield "PassDeadLettersAlarm", held("PassDeadLetters")
    yield "SweepDeadLettersAlarm", held("SweepDeadLetters")
    yield "SweepRequestDeadLettersAlarm", held("SweepRequestDeadLetters")
    yield "IntakeErrorAlarm", failing("IntakeFunction", 3)
    yield "ReconcileErrorAlarm", failing("ReconcileFunction", 3)
    yield "SweepErrorAlarm", failing("SweepFunction", 3)
    yield "CrashAlarm", crashed()
    yield "ConvergeAlarm", slow(15 * 60)
    yield "ThrottleAlarm", throttled(20)
