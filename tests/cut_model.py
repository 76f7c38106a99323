"""The model of EC2 that the layer ships, cut from botocore's own here: what it lacks fails in tests too."""

from __future__ import annotations

import importlib.util
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType

import botocore

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "layers" / "reconciler" / "build"
_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []


@cache
def cutter() -> ModuleType:
    """The module that cuts. Its folder is no package: the layer does not ship it."""
    spec = importlib.util.spec_from_file_location("cut_model", BUILD / "cut_model.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def folder() -> str:
    """A folder with the cut model, as it lies in the layer; made once, and gone when the tests are over."""
    _FOLDERS.append(tempfile.TemporaryDirectory(prefix="models-"))
    target = _FOLDERS[-1].name
    cutter().write(Path(botocore.__file__).parent, Path(target))
    return target
