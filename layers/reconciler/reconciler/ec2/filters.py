"""How EC2 is asked for some of what it has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef

# EC2 takes at most this many values in one filter.
_VALUES = 200


def matching(name: str, values: Iterable[str]) -> FilterTypeDef:
    """A filter that lets these values through."""
    return {"Name": name, "Values": sorted(values)}


def chunks(ids: Iterable[str]) -> list[list[str]]:
    """Ids in order, each once, by as many as one filter takes."""
    ordered = sorted(set(ids))
    return [ordered[start : start + _VALUES] for start in range(0, len(ordered), _VALUES)]
