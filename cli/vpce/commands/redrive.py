"""`vpce redrive`: what failed for good is sent again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import click

from .. import consent
from ..exits import DRIFT, FINE
from ..installed import installed
from ..letters import Letter
from ..logbook import last_crash
from ..postbox import Postbox, opened
from ..problems import Problem
from ..screen import Screen
from ..words import ago, at, count
from ..world import World, options

_RUNS = "PassDeadLetters"
# A letter is as old as its first try in the queue; the log is read from a while before, of so many VPCs.
_BEFORE_SECONDS = 3600
_LOOKED_UP = 20

_EXAMPLES = """\b
Examples:
  vpce redrive --dry-run
  vpce redrive
  vpce redrive --yes --json
  vpce redrive --delete
"""


@click.command(epilog=_EXAMPLES)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show what lies there, and leave it.")
@click.option("--delete", is_flag=True, help="Discard the letters, the malformed ones too, and send nothing.")
@options
def redrive(world: World, yes: bool, dry_run: bool, delete: bool) -> int:
    """Show the dead letters, ask, and send them again.

    Runs, events and sweeps that an event asked for go to their queues again, runs as new ones; other sweeps
    to their function.
    First put right what they failed on, such as a permission: vpce doctor says what is wrong. What a run does
    comes from how the VPC is then, so that an old letter does no harm. Two sorts are named and left: a letter
    that is malformed, and a refused deletion that nobody waits for any more. --delete discards these too. A
    letter that fails again comes back. Discard only what fails whenever it is sent, such as a message that
    crashes each run.

    Exit status: 0 no letter is left; 2 some are, or you said no; 1 error.
    """
    if delete and dry_run:
        raise Problem("--delete and --dry-run exclude each other.")
    there = installed(world)
    done: list[tuple[Letter, str]] = []
    with opened(world) as postbox:
        with world.screen.busy(f"Looking into the dead letters of {there.stack} …"):
            found, counts = _explained(world, postbox.take()), postbox.count()
        if not world.screen.as_json:
            _show(world.screen, found, counts, world.now())
        if found and not dry_run and _may(world, found, counts, yes=yes, delete=delete):
            done = _all(world, postbox, found, sum(counts.values()), delete=delete)
        else:
            done = [(each, "left") for each in found]
    left = sum(what == "left" for _, what in done)
    missed = max(0, sum(counts.values()) - len(done))
    _report(world, done, missed)
    return DRIFT if left or missed else FINE


def _explained(world: World, found: Sequence[Letter]) -> list[Letter]:
    """The letters, those that ask for a run with the exception of that VPC's last crash."""
    vpc_ids = sorted({each.vpc_ids[0] for each in found if each.queue == _RUNS and each.vpc_ids})
    oldest = min((each.sent for each in found), default=0)
    seconds = int(world.now() - oldest) + _BEFORE_SECONDS
    crashes = {each: last_crash(world, each, seconds) for each in vpc_ids[:_LOOKED_UP]}
    return [
        replace(each, error=each.error or crashes.get("".join(each.vpc_ids[:1]), ""))
        if each.queue == _RUNS
        else each
        for each in found
    ]


def _may(
    world: World, found: Sequence[Letter], counts: Mapping[str, int], *, yes: bool, delete: bool
) -> bool:
    """Whether a person says yes. Where all letters would be left, there is nothing to ask."""
    sendable = [each for each in found if delete or each.again]
    if not sendable:
        return False
    number = count(max(len(sendable), sum(counts.values()) - len(found) + len(sendable)), "letter")
    question = f"Discard {number} for good?" if delete else f"Send {number} again?"
    return consent.given(world, question, yes=yes)


def _all(
    world: World,
    postbox: Postbox,
    found: Sequence[Letter],
    number: int,
    *,
    delete: bool,
) -> list[tuple[Letter, str]]:
    """Do it with all letters. Of one VPC's, SQS gives the others once these are done with. It ends after so
    many: what comes then has failed again."""
    act = postbox.discard if delete else postbox.send_again
    done: list[tuple[Letter, str]] = []
    what = "discarded" if delete else "sent again"
    with world.screen.busy("Discarding …" if delete else "Sending again …") as progress:
        while found:
            for letter in found:
                if delete or letter.again:
                    act(letter)
                    done.append((letter, what))
                    progress.at(f"{count(len(done), 'letter')} {what} …")
                else:
                    done.append((letter, "left"))
            found = postbox.take() if len(done) < number else []
    return done


def _show(screen: Screen, found: Sequence[Letter], counts: Mapping[str, int], now: float) -> None:
    for queue in sorted({each.queue for each in found} | set(counts)):
        those = sorted((each for each in found if each.queue == queue), key=lambda each: each.sent)
        number = max(counts.get(queue, 0), len(those))
        oldest = f", the oldest from {ago(now - those[0].sent)}" if those else ""
        screen.line(f"{queue}: {count(number, 'dead letter')}{oldest}", "bold")
        for each in those:
            screen.line(f"  {at(each.sent)}  {each.what}  ({each.message_id})")
            if each.error:
                screen.line(f"      failed with {each.error}")
            if each.left:
                screen.line(f"      is left: {each.left}", "yellow")
        if number > len(those):
            screen.line(
                f"  … and {number - len(those)} more, which SQS does not show at the same time", "dim"
            )


def _report(world: World, done: Sequence[tuple[Letter, str]], missed: int) -> None:
    if world.screen.as_json:
        there = world.deployment
        world.screen.document(
            {
                "account": world.account.id,
                "region": world.account.region,
                "stack": there.stack,
                "installation": there.installation.id,
                "letters": [_of_letter(letter, what, world.now()) for letter, what in done],
                "not_shown": missed,
            }
        )
        return
    if not done and not missed:
        world.screen.line("There are no dead letters.", "bold")
        return
    said = {what: sum(each == what for _, each in done) for what in ("sent again", "discarded", "left")}
    said["left"] += missed
    words = ", ".join(f"{number} {what}" for what, number in said.items() if number)
    world.screen.line(f"{words}.", "bold")


def _of_letter(letter: Letter, what: str, now: float) -> dict[str, Any]:
    return {
        "queue": letter.queue,
        "message_id": letter.message_id,
        "sent": at(letter.sent),
        "age_seconds": int(now - letter.sent),
        "what": letter.what,
        "vpc_ids": list(letter.vpc_ids),
        "error": letter.error or None,
        "done": what,
        "why_left": letter.left or None,
    }
