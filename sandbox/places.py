"""Where things lie: all that the sandbox writes is under the project's `.sandbox`, one folder a run."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
HOME = PROJECT / ".sandbox"
PYTHON = PROJECT / ".venv/bin/python"
SAM = PROJECT / ".tools/sam/bin/sam"
MINISTACK_PYTHON = PROJECT / ".tools/ministack/bin/python"


@contextlib.contextmanager
def run_folder() -> Iterator[Path]:
    """A folder for one run. Its logs stay until the next run, so that a failure can be looked into."""
    HOME.mkdir(exist_ok=True)
    _forget_ended_runs()
    folder = Path(tempfile.mkdtemp(prefix=f"run-{os.getpid()}-", dir=HOME))
    try:
        yield folder
    finally:
        leave_only_logs()


def leave_only_logs() -> None:
    """Remove the folders of this process' runs, but not their logs."""
    for leftover in HOME.glob(f"run-{os.getpid()}-*/*"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)


def _forget_ended_runs() -> None:
    for folder in HOME.glob("run-*"):
        if not _alive(int(folder.name.split("-")[1])):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
