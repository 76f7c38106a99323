"""A command on a leash ends with its parent, however that ends, and takes its workers along."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox import places
from sandbox.control_plane.leash import leashed

# A command with a worker of its own; it writes down both, so that a test can look after them.
_WITH_WORKER = """
import os, subprocess, sys, time
worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1] + ".new", "w").write(f"{os.getpid()} {worker.pid}")
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(600)
"""
_STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + _WITH_WORKER
_PARENT = """
import os, sys, time
from pathlib import Path
from sandbox.control_plane.leash import leashed
with leashed(sys.argv[1:], cwd=Path.cwd(), env=dict(os.environ), output=2):
    time.sleep(600)
"""


def _wait_for(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Path]:
    """The file in which the command writes its own process and its worker's; whatever is left is ended."""
    file = tmp_path / "started"
    yield file
    for process in _processes(file) if file.exists() else []:
        if _alive(process):
            os.kill(process, signal.SIGKILL)


def _processes(file: Path) -> list[int]:
    return [int(word) for word in file.read_text(encoding="ascii").split()]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("script", [_WITH_WORKER, _STUBBORN], ids=["obedient", "stubborn"])
def test_nothing_is_left_running_when_the_parent_is_killed(
    started: Path, how: signal.Signals, script: str
) -> None:
    command = [sys.executable, "-c", script, str(started)]
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, *command], cwd=places.PROJECT, stderr=subprocess.DEVNULL
    ) as parent:
        _wait_for(started.exists)
        assert all(map(_alive, _processes(started)))
        parent.send_signal(how)
    _wait_for(lambda: not any(map(_alive, _processes(started))))


def test_the_end_of_the_block_ends_the_command_and_its_worker(started: Path) -> None:
    command = [sys.executable, "-c", _WITH_WORKER, str(started)]
    with leashed(command, cwd=places.PROJECT, env={}, output=subprocess.DEVNULL) as leash:
        _wait_for(started.exists)
        assert leash.poll() is None
    assert leash.returncode is not None
    _wait_for(lambda: not any(map(_alive, _processes(started))))


def test_a_command_that_ends_by_itself_takes_its_worker_along_and_reports_its_status(started: Path) -> None:
    script = _WITH_WORKER.replace("time.sleep(600)\n", "sys.exit(3)\n")
    assert "sys.exit(3)" in script
    command = [sys.executable, "-c", script, str(started)]
    with leashed(command, cwd=places.PROJECT, env={}, output=subprocess.DEVNULL) as leash:
        assert leash.wait(20) == 3
    _wait_for(lambda: not any(map(_alive, _processes(started))))


def test_what_the_command_says_goes_to_the_output_its_errors_too() -> None:
    script = "import sys; print('said', flush=True); print('complained', file=sys.stderr)"
    command = [sys.executable, "-c", script]
    with leashed(command, cwd=places.PROJECT, env={}, output=subprocess.PIPE) as leash:
        assert leash.stdout is not None
        assert leash.stdout.read() == b"said\ncomplained\n"


def test_a_command_that_asks_gets_no_answer() -> None:
    command = [sys.executable, "-c", "import sys; print(repr(sys.stdin.read()))"]
    with leashed(command, cwd=places.PROJECT, env={}, output=subprocess.PIPE) as leash:
        assert leash.stdout is not None
        assert leash.stdout.read() == b"''\n"
