"""Runs a command that must not outlive its parent: `python -m sandbox.leash COMMAND…`.

It is a process of its own because a parent that is killed outright can clean up nothing. The leash holds the
read end of a pipe from the parent; when the parent lets go of it, by closing it or by dying, the leash ends
its whole process group, so the command and every worker that it started.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

_GRACE = 3.0


def hold(command: list[str]) -> int:
    """Run `command` until it ends or the parent lets go; answers its exit status."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_default_signals)
    threading.Thread(target=_end_with_parent, args=(child,), daemon=True).start()
    status = child.wait()
    _end_group()
    return status


def _default_signals() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _end_with_parent(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 4096):
        pass
    child.terminate()
    deadline = time.monotonic() + _GRACE
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    _end_group()


def _end_group() -> None:
    """End whatever of the group is left, this process too: nothing comes after it."""
    if os.getpid() == os.getpgrp():
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(hold(sys.argv[1:]))
