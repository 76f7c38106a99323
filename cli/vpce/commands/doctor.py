"""`vpce doctor`: whether all that the remediator stands on is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import click
from rich.text import Text

from ..checks.check import Check, Verdict
from ..checks.examine import examine
from ..checks.patient import Patient
from ..exits import DRIFT, FINE
from ..installed import installed
from ..screen import Screen
from ..words import count
from ..world import World, options

_STYLES = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.WRONG: "bold red"}

_EXAMPLES = """\b
Examples:
  vpce doctor
  vpce doctor --json | jq -r '.checks[] | select(.verdict != "ok") | .seen, .cure'
"""


@click.command(epilog=_EXAMPLES)
@options
def doctor(world: World) -> int:
    """Check all that the remediator stands on, and say what to do about what is wrong.

    A trail that logs writes, rules, functions, the last sweep, alarms, dead letters, the ledger, the role's
    permissions, what the Region offers, quotas, network ACLs, DNS. It changes nothing. A check that cannot be
    made is one warning line; where a permission is missing, the line names it.

    Exit status: 0 nothing is wrong; 2 something is; 1 error.
    """
    there = installed(world)
    checks: list[Check] = []
    with world.screen.busy(f"Looking at {there.stack} in {world.account.region} …") as progress:
        patient = Patient(world, progress)
        for each in examine(patient, lambda subject: progress.at(f"Looking at: {subject} …")):
            checks.append(each)
    counted = Counter(each.verdict for each in checks)
    if world.screen.as_json:
        world.screen.document(
            {
                "account": world.account.id,
                "region": world.account.region,
                "stack": there.stack,
                "installation": there.installation.id,
                "verdicts": {each.value: counted[each] for each in Verdict},
                "checks": [
                    {"subject": c.subject, "verdict": c.verdict, "seen": c.seen, "cure": c.cure or None}
                    for c in checks
                ],
            }
        )
    else:
        _show(world.screen, checks)
        warnings = count(counted[Verdict.WARNING], "warning")
        world.screen.line(f"{counted[Verdict.WRONG]} wrong, {warnings}, {counted[Verdict.OK]} ok.", "bold")
    return DRIFT if counted[Verdict.WRONG] else FINE


def _show(screen: Screen, checks: Sequence[Check]) -> None:
    wide = max((len(each.subject) for each in checks), default=0)
    for each in checks:
        verdict = (f"{each.verdict:<8}", _STYLES[each.verdict])
        screen.line(Text.assemble(verdict, f"{each.subject:<{wide}}  {each.seen}"))
        if each.cure:
            screen.line(f"{'':<{8 + wide + 2}}→ {each.cure}")
