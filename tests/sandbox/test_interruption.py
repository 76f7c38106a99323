"""Ctrl-C ends sandbox and demo at any moment: no traceback, no process left, and the status of Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox import places

_START = "exec .venv/bin/python -S sandbox/start.py sandbox {command} 3>&2 2>/dev/null"
_INTERRUPTED = 130


class Run:
    """A command as `make` starts it, in a terminal of its own."""

    def __init__(self, command: str, output: Path) -> None:
        self._output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                ["bash", "-c", _START.format(command=command)],
                cwd=places.PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """What it wrote so far."""
        return self._output.read_text(encoding="utf-8")

    @property
    def started(self) -> dict[int, str]:
        """The processes that it started, and those that they started: by id, with their command line."""
        found: dict[int, str] = {}
        while more := {
            key: line for key, line in _children([self.process.pid, *found]).items() if key not in found
        }:
            found |= more
        return found

    def interrupt(self) -> None:
        """Ctrl-C."""
        os.killpg(self.process.pid, signal.SIGINT)

    def status(self) -> int:
        """How it ended, as a shell says it."""
        status = self.process.wait(60)
        return 128 - status if status < 0 else status


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[[str], Run]]:
    """Starts a command; what is left of it after the test is ended."""
    runs: list[Run] = []

    def start(command: str) -> Run:
        runs.append(Run(command, tmp_path / f"output-{len(runs)}"))
        return runs[-1]

    yield start
    for each in runs:
        if each.process.poll() is None:
            os.killpg(each.process.pid, signal.SIGKILL)
            each.process.wait()


@pytest.mark.parametrize("milliseconds", [0, 5, 10, 20, 40, 80, 160])
def test_ctrl_c_while_it_starts_ends_it_without_a_word(run: Callable[[str], Run], milliseconds: int) -> None:
    started = _interrupted(run, milliseconds)
    assert started.said == ""


def _interrupted(run: Callable[[str], Run], milliseconds: int) -> Run:
    """A demo that was interrupted so long after its start, and has ended. The shell loses a signal that comes
    at the moment when it becomes Python: then another one is started."""
    for _ in range(3):
        started = run("demo")
        time.sleep(milliseconds / 1000)  # a moment of its start, whichever: the test must hold at each
        started.interrupt()
        try:
            started.process.wait(10)
        except subprocess.TimeoutExpired:
            continue
        return started
    pytest.fail("it did not end, three times")


def test_ctrl_c_ends_it_and_every_process_that_it_started(run: Callable[[str], Run]) -> None:
    started = run("up")
    _wait_for(lambda: any("sam build" in line for line in started.started.values()), started)
    processes = started.started
    started.interrupt()
    assert started.status() == _INTERRUPTED
    assert started.said.rstrip().endswith("stopped")
    assert "Traceback" not in started.said
    _wait_for(lambda: not any(_alive(process, line) for process, line in processes.items()), started)


def test_a_second_ctrl_c_changes_nothing(run: Callable[[str], Run]) -> None:
    started = run("demo")
    _wait_for(lambda: any("ministack" in line for line in started.started.values()), started)
    processes = started.started
    while started.process.poll() is None:
        started.interrupt()
        time.sleep(0.01)  # again and again, until it has ended
    assert started.status() == _INTERRUPTED
    assert "Traceback" not in started.said
    _wait_for(lambda: not any(_alive(process, line) for process, line in processes.items()), started)


def _children(parents: list[int]) -> dict[int, str]:
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
            if parent in parents:
                found[int(folder.name)] = _line(int(folder.name))
        except OSError:
            continue  # it has ended
    return found


def _line(process: int) -> str:
    return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def _alive(process: int, line: str) -> bool:
    try:
        return _line(process) == line
    except OSError:
        return False


def _wait_for(holds: Callable[[], bool], run: Run) -> None:
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline, run.said
        time.sleep(0.05)
