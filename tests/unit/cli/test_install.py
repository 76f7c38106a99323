"""The checkout installs as a package, and the package has all that the command line needs."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

from sandbox.places import PROJECT

_PYTHON = Path(sys.executable)
_UV = _PYTHON.with_name("uv")


def _run(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(
        [str(each) for each in command],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the commands of a fresh environment, in which the checkout is installed. The packages
    that it depends on are those of this environment: nothing is downloaded."""
    folder = tmp_path_factory.mktemp("install")
    _run(_UV, "venv", "--quiet", "--offline", "--python", _PYTHON, folder / "venv", folder=folder)
    python = folder / "venv" / "bin" / "python"
    _run(
        *(_UV, "build", "--quiet", "--offline", "--wheel", "--no-build-isolation", "--python", _PYTHON),
        *("--out-dir", folder / "dist", PROJECT),
        folder=folder,
    )
    [wheel] = (folder / "dist").glob("*.whl")
    _run(_UV, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python, wheel, folder=folder)
    packages = _run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder)
    Path(packages.strip(), "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return python.parent


def test_the_command_is_there_with_its_help(installed: Path) -> None:
    said = _run(installed / "vpce", "--help", folder=installed)
    for command in ("plan", "apply", "status", "explain", "doctor", "redrive", "profiles", "uninstall"):
        assert f"  {command} " in said


def test_the_built_in_profiles_are_in_the_package(installed: Path, tmp_path: Path) -> None:
    document = tmp_path / "profiles.toml"
    document.write_text('[own]\n[[own.endpoint]]\nservice = "sqs"\n')
    where = _run(
        installed / "python",
        "-c",
        "import reconciler.domain.profiles as p; assert 'appmesh' in p.builtin(); print(p.__file__)",
        folder=tmp_path,
    )
    assert installed.parent in Path(where.strip()).parents


def test_the_version_is_the_projects(installed: Path) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert _run(installed / "vpce", "--version", folder=installed).strip() == project["version"]


def test_all_that_it_imports_is_declared() -> None:
    """But for what comes with boto3, and what only the type checker sees."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    declared = {each.partition(">")[0] for each in project["dependencies"]} | {"botocore"}
    used = {name for path in (PROJECT / "cli").rglob("*.py") for name in _imported(path)}
    assert used - {"reconciler", "vpce"} - set(sys.stdlib_module_names) == declared


def _imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.partition(".")[0])
    return found
