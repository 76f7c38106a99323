"""Slips of the pen: tags on a VPC that begin with our prefix and are none of ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from .installation import Installation
from .model import Tags


@dataclass(frozen=True)
class Slip:
    """A tag that is none of ours: its key, its value, and the key that was probably meant (empty: none)."""

    key: str
    value: str
    meant: str


def slips(tags: Tags, installation: Installation) -> Iterator[Slip]:
    """The slips among the tags of a VPC. Case counts in keys, and people forget that."""
    ours = (installation.profile_key, installation.mode_key, installation.released_key)
    by_lower_case = {key.lower(): key for key in ours}
    for key, value in sorted(tags.items()):
        if key in ours or not key.lower().startswith(f"{installation.tag_prefix.lower()}:"):
            continue
        words = {each.partition(":")[2]: each for each in by_lower_case}
        near = get_close_matches(key.lower().partition(":")[2], words, n=1)
        yield Slip(key, value, by_lower_case[words[near[0]]] if near else "")
