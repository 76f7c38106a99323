"""Runs ministack with three of its habits mended: `python -P runner.py`, by ministack's own Python.

- After an invocation ministack takes over what the function wrote, until there was nothing new for 5 ms. On a
  busy machine the thread that reads the function's pipe is later than that, and the last lines wait for the
  next invocation, which may never come. Here the pipe itself is asked: all that a function writes is in it
  before the function answers.
- ministack evaluates every alarm at each `PutMetricData`, and takes no notice of dimensions, so that alarms
  would flicker. `sandbox.control_plane.alarms` evaluates them.
- A function's layer lies in a folder of its own, and not under /opt, where the template says that it is.

It imports nothing of the sandbox, which is not there for ministack's Python.
"""

from __future__ import annotations

import os
import queue
import runpy
import select
import threading
from collections.abc import Callable
from importlib import import_module
from typing import IO, Any

_CHUNK = 65536


class Pipe:
    """What a function writes to its stderr, line by line; read by whoever comes first."""

    def __init__(self, stderr: IO[str], lines: queue.Queue[str]) -> None:
        self._stderr = stderr  # kept, or it would be closed
        self._lines = lines
        self._rest = b""
        self._ended = False
        self._lock = threading.Lock()

    def pass_on(self) -> None:
        """Pass lines on until the function's process ends, so that it never waits for its pipe."""
        while not self._ended:
            self._has_something(None)
            self.empty()

    def empty(self) -> None:
        """Pass on all that is in the pipe at this moment."""
        with self._lock:
            while not self._ended and self._has_something(0):
                read = os.read(self._stderr.fileno(), _CHUNK)
                self._ended = not read
                *lines, self._rest = (self._rest + read).split(b"\n")
                if self._ended and self._rest:
                    lines.append(self._rest)
                for line in lines:
                    self._lines.put(line.decode(errors="replace"))

    def _has_something(self, milliseconds: int | None) -> bool:
        """Whether there are bytes, or the end; waits so long for it, with None until there is."""
        waiting = select.poll()  # `select.select` takes no file of a number above 1023
        waiting.register(self._stderr, select.POLLIN)
        return bool(waiting.poll(milliseconds))


def mend_logs(worker: Any) -> None:
    """Let a class of ministack's workers leave no line of an invocation behind."""
    bounded, at_once = worker._drain_stderr_bounded, worker._drain_stderr

    def reading(self: Any) -> Callable[[], None]:
        """What the reading thread does. It is asked for when the process is there and no thread is yet."""
        self._pipe = Pipe(self._proc.stderr, self._stderr_queue)
        pass_on: Callable[[], None] = self._pipe.pass_on
        return pass_on

    def drain(self: Any) -> str:
        if hasattr(self, "_pipe"):
            self._pipe.empty()
        text: str = at_once(self)
        return text

    def drain_bounded(self: Any, *args: Any, **kwargs: Any) -> str:
        """Workers of other runtimes than Python and Node.js have no pipe of this kind."""
        text: str = drain(self) if hasattr(self, "_pipe") else bounded(self, *args, **kwargs)
        return text

    worker._read_stderr = property(reading)
    worker._drain_stderr = drain
    worker._drain_stderr_bounded = drain_bounded


def mend_layers(runtime: Any) -> None:
    """Let functions find the files of their layer that the environment says are under /opt."""
    before, line, after = runtime._PYTHON_WORKER_SCRIPT.partition("        sys.path.insert(0, _ld)\n")
    if not line:
        raise RuntimeError("ministack starts its workers otherwise")
    moved = "os.environ['AWS_DATA_PATH'] = os.environ.get('AWS_DATA_PATH', '').replace('/opt', _ld)"
    runtime._PYTHON_WORKER_SCRIPT = f"{before}{line}        {moved}\n{after}"


def _main() -> None:
    runtime: Any = import_module("ministack.core.lambda_runtime")
    mend_logs(runtime.Worker)
    mend_layers(runtime)
    cloudwatch: Any = import_module("ministack.services.cloudwatch")
    cloudwatch._evaluate_all_alarms = lambda: None
    runpy.run_module("ministack", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
