"""What the demo's last line says, and its exit status."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from rich.console import Console
from rich.text import Text

from sandbox.demo.breaks import BREAKS
from sandbox.demo.fleet import FLEET
from sandbox.demo.show import Board
from sandbox.demo.stories import STORIES


@dataclass
class Verdict:
    """What was shown so far: VPCs converged, breaks healed, stories that did no harm, and breaks and stories
    for which the remediator named the right one. `times` are the seconds that healing took; `boards` have the
    rows of all that was done."""

    converged: int = 0
    healed: int = 0
    harmless: int = 0
    named: int = 0
    times: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    boards: list[Board] = field(default_factory=list)

    def expect(self, holds: bool, failure: str) -> None:
        """Count a failure unless something holds."""
        if not holds:
            self.failures.append(failure)

    @property
    def is_shown(self) -> bool:
        """Whether all that the demo claims was seen."""
        shown = (self.converged, self.healed, self.harmless, self.named)
        claimed = (len(FLEET), len(BREAKS), len(STORIES), len(BREAKS) + len(STORIES))
        return shown == claimed and not self.failures


def conclude(console: Console, verdict: Verdict, seconds: float) -> int:
    """Print the last lines; gives the exit status."""
    for failure in verdict.failures:
        console.print(Text(f"  {failure}", style="red"))
    times = verdict.times or [0.0]
    console.print(
        f"  {len(verdict.times)} times healed, within {median(times):.1f} s (median),"
        f" {max(times):.1f} s (slowest)",
        highlight=False,
    )
    style, word = ("bold green", "HEALED") if verdict.is_shown else ("bold red", "NOT HEALED")
    console.print(
        f"[{style}]{word}[/]: {verdict.converged} of {len(FLEET)} VPCs converged,"
        f" {verdict.healed} of {len(BREAKS)} breaks healed,"
        f" {verdict.harmless} of {len(STORIES)} stories did no harm,"
        f" {verdict.named} of {len(BREAKS) + len(STORIES)} causes named; {seconds:.0f} s",
        highlight=False,
        soft_wrap=True,
    )
    return 0 if verdict.is_shown else 1
