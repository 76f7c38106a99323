"""`vpce explain`: everything that is known of a VPC."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import click

from reconciler.domain.memory import Memory

from ..dossier import dossier
from ..exits import DRIFT, FINE
from ..installed import installed
from ..logbook import Entry, read, seconds_of
from ..means import AsIf, to_plan
from ..preview import checked_ids
from ..problems import Problem
from ..story import tell
from ..survey import IN_SYNC, one
from ..words import at
from ..world import World, options

_LINES = 40

_EXAMPLES = """\b
Examples:
  vpce explain vpc-0123456789abcdef0
  vpce explain vpc-0123456789abcdef0 --since 7d
  vpce explain vpc-0123456789abcdef0 --json | jq '.vpcs[0].causes'
"""


@click.command(epilog=_EXAMPLES)
@click.argument("vpcs", nargs=-1, required=True, metavar="VPC...")
@click.option(
    "--since",
    default="24h",
    metavar="TIME",
    show_default=True,
    help="How far back the remediator's log is read: 30m, 24h, 7d.",
)
@click.option("--lines", default=_LINES, metavar="N", show_default=True, help="So many lines of it at most.")
@options
def explain(world: World, vpcs: tuple[str, ...], since: str, lines: int) -> int:
    """Show everything that is known of a VPC.

    What is open, since when and by whom, and what to do about it; what the next run would do; what is leaving
    and when, and who is fought with; what its tags ask for, what is there and whose it is; who changed what,
    and what the remediator did lately.

    Exit status: 0 all are in sync; 2 one is not; 1 error.
    """
    installed(world)
    seconds = seconds_of(since)
    if seconds is None:
        raise Problem(f"--since is {since!r}, not a length of time such as 30m, 24h or 7d.")
    documents = [_explained(world, each, seconds, max(1, lines)) for each in checked_ids(vpcs)]
    if world.screen.as_json:
        there = world.deployment
        world.screen.document(
            {
                "account": world.account.id,
                "region": world.account.region,
                "stack": there.stack,
                "installation": there.installation.id,
                "vpcs": documents,
            }
        )
    else:
        for document in documents:
            tell(world.screen, document, since)
    return FINE if all(each["state"] == IN_SYNC for each in documents) else DRIFT


def _explained(world: World, vpc_id: str, seconds: int, lines: int) -> dict[str, Any]:
    observer = AsIf(world)
    means = to_plan(world, observer)
    seen = one(means, vpc_id)
    if seen is None:
        raise Problem(_gone(world, vpc_id, means.ledger.read(vpc_id)))
    entries = read(world, vpc_id, seconds, lines)
    document = dossier(seen, world.deployment.installation, world.now())
    return {
        **document,
        "waits_for": _waits_for(entries or [], {each["call"] for each in document["plan"]}),
        "log": None if entries is None else [_line(each) for each in entries],
    }


def _waits_for(entries: Sequence[Entry], planned: Collection[str]) -> dict[str, Any] | None:
    """The endpoint call for which the last run that looked found no room in the budget, where it is still to
    be made."""
    last = next((each for each in reversed(entries) if "ending" in each.fields), None)
    call = last.fields.get("waits_for") if last else None
    return {"call": call, "time": at(last.time)} if last and call in planned else None


def _gone(world: World, vpc_id: str, memory: Memory | None) -> str:
    """That there is no such VPC, and what the ledger remembers of it."""
    gone = f"There is no VPC {vpc_id} in {world.account.region} of account {world.account.id}."
    if not memory or not memory.causes:
        return gone
    last = memory.causes[0]
    return f"{gone} The ledger remembers it; the last that happened to it was {last}, {at(last.time)}."


def _line(entry: Entry) -> dict[str, Any]:
    return {
        "time": at(entry.time),
        "level": entry.level,
        "message": entry.message,
        "error": entry.error or None,
        "done": entry.fields.get("done") or [],
        "correlation_id": entry.fields.get("correlation_id"),
    }
