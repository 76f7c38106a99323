"""What the layer's Makefile does where the runtime's Python is there, and where it is not.

pip is not called: a stand-in for it puts something into its target.
"""

from __future__ import annotations

import marshal
import shutil
import subprocess
import sys
from pathlib import Path

import botocore
import pytest

from tests import cut_model

SOURCE = cut_model.ROOT / "layers" / "reconciler"
PIP = f"""#!/bin/sh
if [ "$2" != pip ]; then exec {sys.executable} "$@"; fi
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/__pycache__"
ln -s {Path(botocore.__file__).parent} "$2/botocore" 2>/dev/null
touch "$2/__pycache__/stale.cpython-39.pyc"
"""
# Says that it is 3.13, and compiles for the Python that the tests run on.
RUNTIME = f"""#!/bin/sh
if [ "$1" = -c ]; then exit 0; fi
exec {sys.executable} "$@"
"""
SHIM = """#!/bin/sh
echo "pyenv: python3.13: command not found" >&2
exit 127
"""


class Build:
    """A build of the layer, in a copy of its folder, as SAM makes one."""

    def __init__(self, folder: Path, runtime: str) -> None:
        self.artifacts = folder / "artifacts"
        scratch, tools = folder / "scratch", folder / "bin"
        shutil.copytree(SOURCE, scratch, ignore=shutil.ignore_patterns("__pycache__"))
        tools.mkdir()
        for name, script in {"python3": PIP, "runtime": RUNTIME, "shim": SHIM}.items():
            (tools / name).write_text(script)
            (tools / name).chmod(0o755)
        self.done = subprocess.run(
            ["make", "build-ReconcilerLayer", f"RUNTIME={runtime}", f"ARTIFACTS_DIR={self.artifacts}"],
            cwd=scratch,
            env={"PATH": f"{tools}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
        )

    @property
    def bytecode(self) -> list[Path]:
        return sorted((self.artifacts / "python" / "reconciler").rglob("*.pyc"))


def test_where_the_runtimes_python_is_there_all_of_the_package_is_compiled_for_good(tmp_path: Path) -> None:
    build = Build(tmp_path, "runtime")
    assert build.done.returncode == 0, build.done.stderr
    assert "no bytecode" not in build.done.stdout.splitlines()[-1]
    modules = list((SOURCE / "reconciler").rglob("*.py"))
    assert len(build.bytecode) == len(modules)
    for each in build.bytecode:
        content = each.read_bytes()
        assert int.from_bytes(content[4:8], "little") == 1, "bound to its source by a hash that nobody checks"
        assert marshal.loads(content[16:]).co_filename.startswith("/opt/python/reconciler/")
    assert not list(build.artifacts.rglob("stale.*"))


@pytest.mark.parametrize("runtime", ["no-such-python", "shim"])
def test_where_it_is_not_the_build_goes_through_and_says_what_is_lost(tmp_path: Path, runtime: str) -> None:
    build = Build(tmp_path, runtime)
    assert build.done.returncode == 0, build.done.stderr
    assert build.bytecode == []
    # SAM shows what is written to standard output, and nothing else of a build that goes through.
    assert build.done.stdout.splitlines()[-1] == (
        f"{runtime} is not here: the layer has no bytecode, and each cold start takes longer "
        "(docs/decisions/0011)"
    )


@pytest.mark.skipif(sys.version_info[:2] == (3, 13), reason="is the runtime's version")
def test_a_python_of_another_version_is_not_the_runtimes(tmp_path: Path) -> None:
    build = Build(tmp_path, sys.executable)
    assert build.done.returncode == 0, build.done.stderr
    assert build.bytecode == []


def test_the_layer_has_the_cut_model_where_the_functions_look_for_it(tmp_path: Path) -> None:
    build = Build(tmp_path, "no-such-python")
    models = build.artifacts / "models" / "ec2" / "2016-11-15"
    assert sorted(each.name for each in models.iterdir()) == ["paginators-1.json", "service-2.json"]
    assert "AWS_DATA_PATH: /opt/models\n" in (cut_model.ROOT / "template.yaml").read_text("utf-8")


def test_the_whole_model_is_pinned_as_the_benchmarks_pin_it() -> None:
    pins = [
        next(line for line in (cut_model.ROOT / each).read_text("utf-8").splitlines() if "botocore==" in line)
        for each in ("layers/reconciler/build/requirements.txt", "benchmarks/requirements.txt")
    ]
    assert pins[0] == pins[1]
