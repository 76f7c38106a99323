"""`vpce status`: the fleet on one screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from reconciler.domain.findings import Status

from ..exits import DRIFT, FINE
from ..findings import STYLES, age, by, status_of, to_do, vpc_document
from ..installed import installed
from ..survey import AUDIT, IN_SYNC, Seen, survey
from ..words import count, duration
from ..world import World, options

# In this order they are counted: what needs a person first.
STATES = ("blocked", "contested", "drifted", AUDIT, "converging", "leaving", "impaired", IN_SYNC)
_UNKNOWN = "Since when and by whom is not known: the ledger cannot be read."


_STATES_AND_EXAMPLES = """\b
States:
  in sync     as its profile asks
  drifted     the remediator is about to put it right
  converging  only AWS is still at work
  blocked     a person is needed; the cure is in the last column
  contested   someone keeps undoing a remediation: it is left alone for a while
  leaving     nobody asks any more for something that is owned: it goes after the grace period
  impaired    converged, but a person should look
  audit       drifted, and only reported: mode audit, or the installation is paused

\b
Examples:
  vpce status
  vpce status --json | jq -r '.vpcs[] | select(.state == "blocked") | .vpc_id'
"""


@click.command(epilog=_STATES_AND_EXAMPLES)
@options
def status(world: World) -> int:
    """Show in which state each VPC is, since when, who brought it about, and what to do.

    All opted-in VPCs, and others in which something owned is left. Of each, the finding is shown that needs a
    person most. All of one VPC: vpce explain VPC

    Exit status: 0 all are in sync; 2 one is not; 1 error.
    """
    installed(world)
    seen = survey(world)
    if world.screen.as_json:
        world.screen.document(document(world, seen))
    else:
        _show(world, seen)
    return DRIFT if any(each.state != IN_SYNC for each in seen) else FINE


def document(world: World, seen: Sequence[Seen]) -> dict[str, Any]:
    """The fleet, as JSON."""
    there = world.deployment
    counted = Counter(each.state for each in seen)
    return {
        "account": world.account.id,
        "region": world.account.region,
        "stack": there.stack,
        "installation": there.installation.id,
        "paused": there.installation.paused,
        "ledger": _knows(seen),
        "states": {each: counted[each] for each in STATES},
        "vpcs": [vpc_document(each, world.now()) for each in seen],
    }


def _knows(seen: Sequence[Seen]) -> bool:
    return all(each.memory is not None for each in seen)


def _show(world: World, seen: Sequence[Seen]) -> None:
    screen, now = world.screen, world.now()
    if seen:
        screen.show(_table(seen, now))
    counted = Counter(each.state for each in seen)
    states = ", ".join(f"{counted[each]} {each}" for each in STATES if counted[each])
    screen.line(f"{count(len(seen), 'VPC')}: {states}." if seen else "No VPC has opted in.", "bold")
    oldest = min((each.since for each in seen if each.since and each.state != IN_SYNC), default=0)
    if oldest:
        screen.line(f"The oldest open finding has stood for {duration(now - oldest)}.")
    if not _knows(seen):
        screen.warn(_UNKNOWN)
    if world.deployment.installation.paused:
        screen.warn(f"{world.deployment.stack} is paused: it writes nothing to EC2.")


def _table(seen: Sequence[Seen], now: float) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    table.add_column("VPC", no_wrap=True)
    for each in ("name", "profile", "state", "for", "finding", "by", "what to do"):
        table.add_column(each, overflow="fold")
    for vpc in sorted(seen, key=lambda each: (STATES.index(each.state), each.since or now, each.vpc_id)):
        state = Text(vpc.state, STYLES.get(vpc.state, ""))
        profile = vpc.profile if vpc.opted_in else f"{vpc.profile or '-'} (not opted in)"
        table.add_row(vpc.vpc_id, vpc.name, profile, state, *_worst(vpc, now))
    return table


def _worst(vpc: Seen, now: float) -> tuple[str, str, str, str]:
    """The finding that a person is told first: for how long, what, by whom, and what to do."""
    if not vpc.open:
        return "", "", "", ""
    first, *others = vpc.open
    more = f" (+{len(others)})" if others else ""
    kind = f"{first.kind}: {first.resource}" if first.resource != vpc.vpc_id else str(first.kind)
    why = f" [{first.reason}]" if first.status in (Status.BLOCKED,) and "," in status_of(first) else ""
    return age(first, now), f"{kind}{why}{more}", by(first.cause), to_do(first)
