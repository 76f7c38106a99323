"""What a VPC must have, one concern a file: what is wanted, how it differs, what puts it right. Pure.

Each concern is a function from an observation, a profile and an installation to an `Assessment`; `plan` runs
them in a list. Adding a concern is adding a file here and its name there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..actions import Step
from ..findings import Finding
from ..installation import Installation
from ..model import Observation, Profile


@dataclass(frozen=True)
class Assessment:
    """What one concern found, and the steps that put it right."""

    findings: tuple[Finding, ...] = ()
    steps: tuple[Step, ...] = ()

    @classmethod
    def of(cls, steps: Iterable[Step], notes: Iterable[Finding] = ()) -> Assessment:
        """The steps, the findings that they are there for, and findings that no step is there for."""
        steps = tuple(steps)
        remedied = dict.fromkeys(finding for step in steps for finding in step.remedies)
        return cls((*remedied, *notes), steps)

    @classmethod
    def joined(cls, parts: Iterable[Assessment]) -> Assessment:
        """Several as one."""
        parts = tuple(parts)
        return cls(
            tuple(finding for part in parts for finding in part.findings),
            tuple(step for part in parts for step in part.steps),
        )


Concern = Callable[[Observation, Profile, Installation], Assessment]
