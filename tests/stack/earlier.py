"""The tree of an earlier commit, to be deployed before today's: a version without a ledger."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from functools import cache
from pathlib import Path

from sandbox import places

COMMIT = "f706ea1"
_PARTS = ("template.yaml", "samconfig.toml", "functions", "layers")


@cache
def tree() -> Path | None:
    """The folder with the stack as of the commit; None where this clone does not have that.

    It lies at the same place each time, since SAM's cache goes by paths.
    """
    folder = places.HOME / "earlier" / COMMIT
    if not folder.exists():
        packed = subprocess.run(
            ["git", "archive", "--format=tar", COMMIT, *_PARTS],
            cwd=places.PROJECT,
            capture_output=True,
            check=False,
        )
        if packed.returncode:
            return None
        _unpack(packed.stdout, folder)
    return folder


def _unpack(packed: bytes, folder: Path) -> None:
    """All of it or nothing, also where two test runs unpack at the same time."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(scratch, filter="data")
        unpacked = Path(scratch) / COMMIT
        unpacked.mkdir()
        for part in _PARTS:
            (Path(scratch) / part).rename(unpacked / part)
        if not folder.exists():
            unpacked.rename(folder)
