"""Runs a command that must not outlive its parent: `python -m sandbox.control_plane.leash COMMAND…`.

It is a process of its own because a parent that is killed outright can clean up nothing. The leash holds the
read end of a pipe from the parent; when the parent lets go of it, by closing it or by dying, the leash ends
the command and every worker that it started.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

_GRACE = 3.0
_PATIENCE = 15.0
_held: set[subprocess.Popen[bytes]] = set()
_holding = threading.Lock()
_over = threading.Event()


class LetGo(RuntimeError):
    """Everything was ended, so nothing is started any more."""


@contextlib.contextmanager
def leashed(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    output: int | IO[bytes],
) -> Iterator[subprocess.Popen[bytes]]:
    """A command on a leash, for as long as the block lasts; what it says, errors too, goes to `output`."""
    keeper = Path(__file__).resolve()
    with _holding:
        if _over.is_set():
            raise LetGo(f"{command[0]} was not started")
        leash = subprocess.Popen(
            [sys.executable, str(keeper), *map(str, command)],
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        _held.add(leash)
    with leash:
        try:
            yield leash
        finally:
            _let_go(leash)
            _held.discard(leash)


def end_all() -> None:
    """End every command on a leash, from whatever thread, and start none any more."""
    with _holding:
        _over.set()
        held = list(_held)
    for leash in held:
        assert leash.stdin is not None
        leash.stdin.close()
    for leash in held:
        with contextlib.suppress(subprocess.TimeoutExpired):  # it goes on to end them by itself
            _let_go(leash)


def _let_go(leash: subprocess.Popen[bytes]) -> None:
    assert leash.stdin is not None
    leash.stdin.close()
    leash.wait(_PATIENCE)


def hold(command: Sequence[str]) -> int:
    """Run `command` until it ends or the parent lets go; answers its exit status."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0, preexec_fn=_heed_signals)
    threading.Thread(target=_end_with_parent, args=(child,), daemon=True).start()
    status = child.wait()
    _end_workers(child)
    return status


def _heed_signals() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end_with_parent(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 4096):
        pass
    child.terminate()
    deadline = time.monotonic() + _GRACE
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    _end_workers(child)


def _end_workers(child: subprocess.Popen[bytes]) -> None:
    """End whatever is left of the command's process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(hold(sys.argv[1:]))
