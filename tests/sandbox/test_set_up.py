"""`make` sets up with a Python that is new enough, or says which one it needs before it touches anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sandbox import places

_OLD = """#!/bin/sh
case "$1" in
  --version) echo "Python 3.10.13" ;;
  -c) exit 1 ;;
  *) echo "$@" >>used ;;
esac
"""
# It makes an environment with nothing in it but a Python that does nothing.
_NEW = """#!/bin/sh
case "$1 $2" in
  "-m venv") mkdir -p "$3/bin" && touch "$3/made" && ln -s /bin/true "$3/bin/python" ;;
esac
"""
_CANNOT = """#!/bin/sh
case "$1 $2" in
  "-m venv") mkdir -p "$3" && echo "ensurepip is not available" && exit 1 ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a target needs of a checkout, with nothing set up."""
    shutil.copy(places.PROJECT / "Makefile", tmp_path)
    shutil.copytree(places.PROJECT / "requirements", tmp_path / "requirements")
    return tmp_path


def python(checkout: Path, script: str) -> Path:
    """A Python that does what the script does."""
    path = checkout / "a-python"
    path.write_text(script, encoding="ascii")
    path.chmod(0o755)
    return path


def make(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    outer = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments], cwd=checkout, env=outer, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("target", ["demo", "sandbox", "test", "lint", "build", "deploy"])
def test_an_old_python_is_refused_in_one_sentence_and_nothing_is_installed(
    checkout: Path, target: str
) -> None:
    old = python(checkout, _OLD)
    ended = make(checkout, f"PYTHON={old}", target)
    assert ended.returncode != 0
    said, of_make = ended.stderr.splitlines()
    assert f"Python 3.11 or newer is needed, and {old} is Python 3.10.13." in said
    assert f" {target}" in said.partition("make PYTHON=")[2]
    assert of_make.startswith("make: ***")
    assert not (checkout / ".venv").exists()
    assert not (checkout / ".tools").exists()
    assert not (checkout / "used").exists()


def test_a_bench_without_the_functions_own_python_says_so_before_it_sets_anything_up(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shim that does not run is no Python."""
    shim = checkout / "bin" / "python3.13"
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\necho no such version >&2\nexit 127\n", encoding="ascii")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}:{os.environ['PATH']}")
    ended = make(checkout, "bench")
    assert ended.returncode != 0
    said, of_make = ended.stderr.splitlines()
    assert "`python3.13 --version`" in said
    assert of_make.startswith("make: ***")
    assert not (checkout / ".venv").exists()
    assert not (checkout / ".tools").exists()


def test_a_python_that_is_not_there_is_refused_in_the_same_way(checkout: Path) -> None:
    ended = make(checkout, "PYTHON=nonesuch", "demo")
    assert "Python 3.11 or newer is needed, and nonesuch does not run." in ended.stderr


@pytest.mark.parametrize("left", ["bin/half", "bin/python"])
def test_an_environment_that_was_half_made_is_made_anew(checkout: Path, left: str) -> None:
    half = checkout / ".venv" / left
    half.parent.mkdir(parents=True)
    half.write_text("", encoding="ascii")
    subprocess.run(["requirements/make_venv.sh", python(checkout, _NEW)], cwd=checkout, check=True, text=True)
    assert (checkout / ".venv" / "made").exists()
    assert not half.exists() or half.is_symlink()


def test_the_next_make_begins_anew_where_the_one_before_was_interrupted(checkout: Path) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to("/bin/true")
    make(checkout, f"PYTHON={python(checkout, _NEW)}", ".venv/.ready")
    assert (checkout / ".venv" / "made").exists()


def test_what_python_says_is_shown_where_it_cannot_make_an_environment(checkout: Path) -> None:
    ended = make(checkout, f"PYTHON={python(checkout, _CANNOT)}", ".venv/.ready")
    assert ended.returncode != 0
    assert "ensurepip is not available" in ended.stderr


@pytest.mark.parametrize("home", [None, "/dev/null/home"])
def test_where_home_cannot_be_written_uv_and_sam_keep_their_things_in_the_checkout(
    checkout: Path, home: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("UV_CACHE_DIR", "__SAM_CLI_APP_DIR", "HOME"):
        monkeypatch.delenv(name, raising=False)
    if home:
        monkeypatch.setenv("HOME", home)
    with (checkout / "Makefile").open("a", encoding="utf-8") as makefile:
        makefile.write('\nshown:\n\t@echo "$$UV_CACHE_DIR $$__SAM_CLI_APP_DIR"\n')
    assert make(checkout, "shown").stdout.split() == [
        f"{checkout}/.tools/cache",
        f"{checkout}/.tools/sam-home",
    ]
