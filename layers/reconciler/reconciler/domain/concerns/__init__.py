"""What a VPC must have, one concern a file: what is wanted, how it differs, what remediates it.

Each concern is a function `assess` from a `Situation` to an `Assessment`; `planning` runs them in a list.
Adding a concern is adding a file here and its name there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..findings import Finding
from ..plan import Step
from ..situation import Situation


@dataclass(frozen=True)
class Assessment:
    """What one concern found, and the steps that remediate it."""

    findings: tuple[Finding, ...] = ()
    steps: tuple[Step, ...] = ()

    @classmethod
    def of(cls, steps: Iterable[Step], others: Iterable[Finding] = ()) -> Assessment:
        """The steps, the findings that they remediate, and findings that no step remediates."""
        steps = tuple(steps)
        remediated = dict.fromkeys(finding for step in steps for finding in step.remediates)
        return cls((*remediated, *others), steps)

    @classmethod
    def joined(cls, parts: Iterable[Assessment]) -> Assessment:
        """Several as one."""
        parts = tuple(parts)
        return cls(
            tuple(finding for part in parts for finding in part.findings),
            tuple(step for part in parts for step in part.steps),
        )


Concern = Callable[[Situation], Assessment]
