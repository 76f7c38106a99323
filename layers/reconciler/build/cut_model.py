"""Cuts botocore's model of EC2 to the operations that the package uses: `cut_model.py BOTOCORE TARGET`.

Reading the whole model is most of what making an EC2 client takes; the cut one lies on `AWS_DATA_PATH`, which
botocore looks through first. An operation that it lacks is unknown to the client, and raises at once.
`ec2_operations.txt` names them; a test holds it to the code.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

OPERATIONS = Path(__file__).with_name("ec2_operations.txt")
VERSION = Path("ec2") / "2016-11-15"


def operations() -> list[str]:
    """The names of the operations in use."""
    lines = OPERATIONS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def cut(model: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """The model with these operations, and the shapes that they reach.

    Raises:
        KeyError: when the model lacks one of them.
    """
    kept = {name: _bare(model["operations"][name]) for name in names}
    shapes: dict[str, Any] = {}
    nest = [shape for operation in kept.values() for shape in _references(operation)]
    while nest:
        name = nest.pop()
        if name not in shapes:
            shapes[name] = _bare(model["shapes"][name])
            nest.extend(_references(shapes[name]))
    return {**model, "operations": kept, "shapes": shapes}


def _bare(value: Any) -> Any:
    """A part of the model without its documentation."""
    if isinstance(value, dict):
        return {
            key: _bare(each)
            for key, each in value.items()
            if not (key == "documentation" and isinstance(each, str))
        }
    return [_bare(each) for each in value] if isinstance(value, list) else value


def _references(value: Any) -> list[str]:
    """The names of the shapes that a part of the model speaks of."""
    if isinstance(value, list):
        return [name for each in value for name in _references(each)]
    if not isinstance(value, dict):
        return []
    own = [value["shape"]] if isinstance(value.get("shape"), str) else []
    return own + [name for key, each in value.items() if key != "shape" for name in _references(each)]


def write(botocore: Path, target: Path) -> None:
    """Write the cut model, and its paginators, under `target`."""
    source = botocore / "data" / VERSION
    names = operations()
    model = cut(_load(source / "service-2.json"), names)
    paginators = _load(source / "paginators-1.json")["pagination"]
    place = target / VERSION
    place.mkdir(parents=True, exist_ok=True)
    for name, document in {
        "service-2.json": model,
        "paginators-1.json": {"pagination": {each: paginators[each] for each in names if each in paginators}},
    }.items():
        (place / name).write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")


def _load(path: Path) -> dict[str, Any]:
    packed = path.with_name(f"{path.name}.gz")
    text = gzip.decompress(packed.read_bytes()).decode() if packed.exists() else path.read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
