"""Gathers what the report needs beside the demo that it watches, and writes it when the demo ends."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from sandbox import places
from sandbox.demo import show
from sandbox.demo.breaks import BREAKS
from sandbox.demo.fleet import FLEET
from sandbox.demo.stories import STORIES
from sandbox.demo.verdict import Verdict
from sandbox.report import aws
from sandbox.report.page import page
from sandbox.report.record import Deed, Outcome, Record, Sample, Seen, Write
from sandbox.sandbox import Sandbox

REPORT = Path("out/report.html")
"""Within the project."""
_EVERY_SECONDS = 1.0


@contextlib.contextmanager
def recording(sandbox: Sandbox, verdict: Verdict, console: Console) -> Iterator[None]:
    """Watch a demo for as long as the block lasts; where it ends by itself, write the report."""
    recorder = Recorder(sandbox)
    recorder.start()
    try:
        yield
    finally:
        recorder.stop()
    place = places.PROJECT / REPORT
    try:
        with show.step(console, f"{REPORT}: open it in a browser"):
            place.parent.mkdir(exist_ok=True)
            place.write_text(page(recorder.record(verdict)), encoding="utf-8")
    except OSError as error:
        console.print(f"  {REPORT} could not be written: {error}", highlight=False)


class Recorder:
    """Looks at the account once a second, in a thread."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._begun = time.time()
        self._names: dict[str, str] = {}
        self._samples: list[Sample] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="report", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join(timeout=30)

    def record(self, verdict: Verdict) -> Record:
        """All that was gathered. The sandbox is to be up still."""
        sandbox = self._sandbox
        self._samples.append(self._look())
        lines = sandbox.lines()
        return Record(
            begun=self._begun,
            ended=time.time(),
            outcome=_outcome(verdict),
            names=dict(self._names),
            deeds=tuple(_deeds(verdict)),
            samples=tuple(self._samples),
            writes=tuple(_writes(sandbox)),
            lines=tuple(lines),
            log_groups={group: function for function, group in sandbox.logs.groups.items()},
            metrics=(*sandbox.metrics(), *aws.metrics(sandbox, self._samples, self._begun)),
            dashboard=aws.dashboard(sandbox),
            alarms=aws.alarms(sandbox),
        )

    def _run(self) -> None:
        while not self._ended.wait(_EVERY_SECONDS):
            self._samples.append(self._look())

    def _look(self) -> Sample:
        sandbox, prefix = self._sandbox, self._sandbox.tag_prefix
        at, vpcs = time.time(), {}
        for each in sandbox.ec2.truth("DescribeVpcs")["Vpcs"]:
            tags = _tags(each)
            if each.get("IsDefault") or "Name" not in tags:
                continue
            self._names[each["VpcId"]] = tags["Name"]
            vpcs[each["VpcId"]] = Seen(
                profile=tags.get(f"{prefix}:profile", ""),
                mode=tags.get(f"{prefix}:mode", ""),
                faults=self._faults(each["VpcId"]),
            )
        return Sample(at, vpcs, aws.depths(sandbox))

    def _faults(self, vpc: str) -> tuple[str, ...]:
        """EC2's answers change while they are read: what is gone by then has no faults."""
        try:
            return tuple(self._sandbox.truth.faults(vpc))
        except (LookupError, StopIteration):
            return ()


def _outcome(verdict: Verdict) -> Outcome:
    claims = (
        ("VPCs converged", verdict.converged, len(FLEET)),
        ("breaks healed", verdict.healed, len(BREAKS)),
        ("stories did no harm", verdict.harmless, len(STORIES)),
        ("causes named", verdict.named, len(BREAKS) + len(STORIES)),
    )
    return Outcome(
        shown=verdict.is_shown,
        figures=tuple((label, f"{done} of {claimed}") for label, done, claimed in claims),
        failures=tuple(verdict.failures),
        healing_seconds=tuple(verdict.times),
    )


def _deeds(verdict: Verdict) -> Iterator[Deed]:
    for board in verdict.boards:
        for row in board.rows:
            if row.begun:
                yield Deed(
                    board.title, row.vpc, row.what, row.by, row.state, row.note, row.begun, row.seconds
                )


def _writes(sandbox: Sandbox) -> Iterator[Write]:
    for call in sandbox.calls_of("ReconcileFunction"):
        if call.mutating:
            yield Write(call.time, call.action, call.request_id, call.error_code)


def _tags(thing: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags", [])}
