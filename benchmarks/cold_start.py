"""Cold start: a whole process, from the start of Python to a module that is ready to handle events, beside
one that only makes an EC2 client by boto3.

The layer is as `sam build` made it. Of each kind one process runs in turn, so that what else the machine does
hits all alike; a ratio is that of two processes of one turn. On Lambda, boto3 and botocore come with the
runtime; here they are pinned ones, compiled, for both sides.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import environment

TITLE = "Cold start"
ROOT = Path(__file__).parents[1]
LAYER = ROOT / ".aws-sam" / "build" / "ReconcilerLayer"
PYTHON = ROOT / ".tools" / "bench" / "bin" / "python"
TURNS = 25
BARE = "a boto3 EC2 client alone"
_FUNCTIONS = ("intake", "reconcile", "sweep")
# Linux knows the most memory that a program had. What `wait4` gives counts that of who started it, too.
_CODE = """import app
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM:")))"""


@dataclass(frozen=True)
class Kind:
    """What is started: the folder of its `app` module, the layer's, and whether its models are used."""

    code: Path
    layer: Path | None = None
    models: bool = True

    def environment(self) -> dict[str, str]:
        """What the process is given."""
        paths = [str(self.code), *([str(self.layer / "python")] if self.layer else [])]
        models = {"AWS_DATA_PATH": str(self.layer / "models")} if self.layer and self.models else {}
        return environment.FUNCTIONS | {"PYTHONPATH": os.pathsep.join(paths)} | models


@dataclass(frozen=True)
class Start:
    """One process: seconds on the clock, seconds of CPU, and the most memory that it had, in MiB."""

    wall: float
    cpu: float
    memory: float


def need_layer() -> None:
    """Go no further where the layer is not as it is on Lambda.

    Raises:
        SystemExit: when the layer is not built, or was built without bytecode.
    """
    if not list(LAYER.rglob("*.cpython-313.pyc")) or not PYTHON.exists():
        sys.exit(
            "the layer is not built, or has no bytecode: "
            "make bench builds it, where `python3.13 --version` works"
        )


def measure() -> dict[str, Any]:
    """The medians of each kind, and of its ratios to the bare one.

    Raises:
        SystemExit: when the layer is not as `need_layer` needs it.
    """
    need_layer()
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(shutil.copytree(LAYER, Path(folder) / "plain", ignore=shutil.ignore_patterns("*.pyc")))
        turns = [_turn(_kinds(plain)) for _ in range(TURNS + 1)][1:]  # the first one fills the disk's cache
    return {"turns": TURNS, "kinds": {name: _summary(turns, name) for name in turns[0]}}


def _kinds(plain: Path) -> dict[str, Kind]:
    functions = {each: Kind(ROOT / "functions" / each, LAYER) for each in _FUNCTIONS}
    reconcile = ROOT / "functions" / "reconcile"
    return {
        BARE: Kind(ROOT / "benchmarks" / "bare"),
        **functions,
        "reconcile, whole model of EC2": Kind(reconcile, LAYER, models=False),
        "reconcile, no bytecode": Kind(reconcile, plain),
        "reconcile, neither": Kind(reconcile, plain, models=False),
    }


def _turn(kinds: Mapping[str, Kind]) -> dict[str, Start]:
    return {name: _start(kind) for name, kind in kinds.items()}


def _start(kind: Kind) -> Start:
    began = time.perf_counter()
    with subprocess.Popen(
        [str(PYTHON), "-B", "-c", _CODE], env=kind.environment(), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        most = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{kind.code.name} did not start")
    return Start(wall, used.ru_utime + used.ru_stime, int(most) / 1024)


def _summary(turns: list[dict[str, Start]], name: str) -> dict[str, float]:
    median = statistics.median
    return {
        "wall_seconds": median(turn[name].wall for turn in turns),
        "wall_ratio": median(turn[name].wall / turn[BARE].wall for turn in turns),
        "cpu_seconds": median(turn[name].cpu for turn in turns),
        "cpu_ratio": median(turn[name].cpu / turn[BARE].cpu for turn in turns),
        "memory_mib": median(turn[name].memory for turn in turns),
    }


def in_words(result: Mapping[str, Any]) -> str:
    """The result as Markdown."""
    rows = [
        f"| {name} | {each['wall_seconds']:.2f} s | {each['wall_ratio']:.2f} | {each['cpu_seconds']:.2f} s "
        f"| {each['cpu_ratio']:.2f} | {each['memory_mib']:.0f} MiB |"
        for name, each in result["kinds"].items()
    ]
    return "\n".join(
        [
            "A whole process, from the start of Python until it could handle an event. Medians of "
            f"{result['turns']} turns; a ratio is the median of those to the bare client of the same turn.",
            "",
            "| what starts | time | ratio | CPU time | ratio | memory |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            "A ratio is taken turn by turn, of two processes that ran soon after each other. The medians of "
            "the times may be of different turns, so their ratio may be another.",
            "",
            "Times differ by machine, and with what else it does; the ratios are what counts. Lambda's own "
            "boto3 is not here: both sides have a pinned one, compiled.",
        ]
    )
