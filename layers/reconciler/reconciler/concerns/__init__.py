"""What a VPC must have, one concern a file: what is wanted, how it differs, what puts it right. Pure.

Each concern is a function from an observation, a profile and an ownership to an `Assessment`; `plan` runs
them in a list. Adding a concern is adding a file here and its name there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..actions import Step
from ..model import Finding, Observation, Profile
from ..ownership import Ownership


@dataclass(frozen=True)
class Assessment:
    """What one concern found, and the steps that put it right."""

    findings: tuple[Finding, ...] = ()
    steps: tuple[Step, ...] = ()


Concern = Callable[[Observation, Profile, Ownership], Assessment]
