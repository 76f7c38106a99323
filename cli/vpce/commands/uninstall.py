"""`vpce uninstall`: everything that was made is taken down, then the stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import click

from reconciler import sweep
from reconciler.domain.model import Mode, Tags, Vpc
from reconciler.domain.profiles import NONE

from .. import consent, render
from ..deployment import Deployment
from ..exits import DRIFT, FINE
from ..installed import installed
from ..machinery import Machinery
from ..means import AsIf, to_act, to_plan
from ..preview import Fleet, Preview, look_at
from ..removal import delete_stack, owned
from ..runs import Course, Runs
from ..words import count, duration
from ..world import World, options

_EXAMPLES = """\b
Examples:
  vpce uninstall
  vpce uninstall --keep-stack --yes
  vpce uninstall --start-again
"""
_CORRELATION = "vpce-uninstall"
# EC2 takes a minute or two over a deletion.
_LONGEST_SECONDS = 900


@dataclass
class _Report:
    """What became of it."""

    plan: Sequence[Preview]
    courses: list[Course] = field(default_factory=list)
    left: tuple[str, ...] = ()
    deleted: bool = False


@click.command(epilog=_EXAMPLES)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--keep-stack", is_flag=True, help="Stop the stack and take all down, but do not delete the stack."
)
@click.option("--start-again", is_flag=True, help="Have a stack that was stopped work again; nothing else.")
@options
def uninstall(world: World, yes: bool, keep_stack: bool, start_again: bool) -> int:
    """Take down everything that the remediator made, and delete its stack.

    It shows what goes, and asks. Then it stops the stack: its rules, its schedule, the reading of its queues.
    It takes down what is owned in every VPC, as profile = none does, also in audit mode and while paused, and
    gives back what was adopted. It waits until EC2 shows nothing any more, deletes the stack, and waits for
    that.

    Where something is left that needs a person, it is named with its cure, and the stack stays, stopped. Run
    the command again after the cure; or have the stack work again with --start-again. Of a StackSet, take
    down with --keep-stack, and delete the stack instance there.

    What stays: the tags that people put on VPCs and subnets, the VPCs' DNS attributes, the SSM parameter with
    profiles, SAM's bucket. The last lines say how to remove the tags.

    Exit status: 0 all is gone; 2 something is left, or you said no; 1 error.
    """
    there = installed(world)
    machinery = Machinery.of(world)
    if start_again:
        with world.screen.busy(f"Starting {there.stack} …"):
            machinery.start()
        world.screen.say(f"{there.stack} works again. Its next sweep looks at every VPC.")
        return FINE
    world.deployment = _as_if_told_to_go(there)
    report = _Report(_plan(world))
    if not world.screen.as_json:
        _show_plan(world, report, keep_stack=keep_stack)
    ending = "stop it" if keep_stack else "delete it"
    question = (
        f"Take all this down, and {ending}: stack {there.stack}, {world.account.region}, {world.account.id}?"
    )
    if not consent.given(world, question, yes=yes):
        world.screen.say("Nothing was done.")
        return DRIFT
    try:
        _take_down(world, machinery, report)
        if not keep_stack and not report.left:
            delete_stack(world, there)
            report.deleted = True
    except (KeyboardInterrupt, Exception):
        # Whatever ended it: who reads the error must know that nothing heals now.
        world.screen.say(
            f"{there.stack} is stopped. To go on: vpce uninstall. To have it work again: "
            "vpce uninstall --start-again"
        )
        raise
    return _report(world, report, keep_stack=keep_stack)


def _as_if_told_to_go(there: Deployment) -> Deployment:
    """The installation as it takes down: neither paused nor in audit mode."""
    going = replace(there.installation, paused=False, default_mode=Mode.ENFORCE)
    return replace(there, installation=going)


def _observer(world: World) -> AsIf:
    """Sees every VPC as if people had asked for all to go, and had said nothing else."""
    installation = world.deployment.installation
    prefix = f"{installation.tag_prefix}:".lower()

    def retag(vpc: Vpc) -> Tags:
        others = {key: value for key, value in vpc.tags.items() if not key.lower().startswith(prefix)}
        return {**others, installation.profile_key: NONE, installation.mode_key: Mode.ENFORCE.value}

    return AsIf(world, retag)


def _plan(world: World) -> list[Preview]:
    fleet, observer = Fleet.of(world), _observer(world)
    means = to_plan(world, observer)
    return look_at(world, fleet.all, observer, means, dict.fromkeys(fleet.all, NONE))


def _take_down(world: World, machinery: Machinery, report: _Report) -> None:
    """Stop, take down, and look again once no function can still be at work."""
    stack, stopped = world.deployment.stack, world.now()
    with world.screen.busy(f"Stopping {stack} …"):
        machinery.stop()
        longest = machinery.longest_run
    means = to_act(world, _observer(world))
    if means.ledger.awaits_takeover():
        # What was made before there was a ledger goes only when the ledger knows of it.
        sweep.sweep(means, world.screen.say)
    report.courses = Runs(world, means, _CORRELATION).converge(Fleet.of(world).all)
    _wait_until(world, stopped + longest, f"Waiting until no function of {stack} is at work …")
    if all(each.is_fine for each in report.courses) and (again := _with_owned(world)):
        report.courses += Runs(world, means, _CORRELATION).converge(again)
    if all(each.is_fine for each in report.courses):
        _wait_for_ec2(world)
    report.left = tuple(owned(world))


def _with_owned(world: World) -> tuple[str, ...]:
    return tuple(sorted(set(owned(world).values())))


def _wait_until(world: World, time: float, what: str) -> None:
    with world.screen.busy(what) as progress:
        while (left := time - world.now()) > 0:
            progress.at(f"{what} {duration(left + 1)}")
            world.sleep(min(left, 1.0))


def _wait_for_ec2(world: World) -> None:
    """Until EC2 is through with what it is deleting."""
    until = world.now() + _LONGEST_SECONDS
    with world.screen.busy("Waiting until EC2 shows nothing any more …"):
        while owned(world, only_deleting=True) and world.now() < until:
            world.sleep(5)


def _show_plan(world: World, report: _Report, *, keep_stack: bool) -> None:
    screen, stack = world.screen, world.deployment.stack
    told = [each for each in report.plan if each.plan.steps or each.plan.findings]
    for each in told:
        render.show_one(screen, each, "all goes")
    if not told:
        screen.line("Nothing owned is left in any VPC.")
    after = "stays, stopped" if keep_stack else "is deleted, with its ledger, logs, queues and dead letters"
    screen.line(f"The stack {stack} is stopped first; when nothing is left, it {after}.", "bold")


def _report(world: World, report: _Report, *, keep_stack: bool) -> int:
    installation, stack = world.deployment.installation, world.deployment.stack
    unfinished = [each for each in report.courses if not each.is_fine]
    clean = not unfinished and not report.left
    tagged = sorted(Fleet.of(world).tagged)
    if world.screen.as_json:
        world.screen.document(_document(world, report, tagged))
        return FINE if clean else DRIFT
    screen = world.screen
    screen.line()
    for each in unfinished or report.courses:
        render.show_course(screen, each)
    if report.left:
        screen.line(
            f"Still there, with the owner tag of {installation.id}: {', '.join(report.left)}", "bold red"
        )
    if not clean:
        screen.line(f"{stack} stays, stopped. After the cure: vpce uninstall. To have it work again:", "bold")
        screen.line("  vpce uninstall --start-again")
        return DRIFT
    done = "is stopped" if keep_stack else "is deleted"
    screen.line(
        f"Nothing that {installation.id} made is left in {world.account.region}. {stack} {done}.", "bold"
    )
    if tagged:
        keys = f"Key={installation.profile_key} Key={installation.mode_key}"
        screen.line(f"The tags of people stay on {count(len(tagged), 'VPC')}. To remove them:")
        screen.line(f"  aws ec2 delete-tags --resources {' '.join(tagged)} --tags {keys}")
    return FINE


def _document(world: World, report: _Report, tagged: Sequence[str]) -> dict[str, Any]:
    return {
        "region": world.account.region,
        "account": world.account.id,
        "stack": world.deployment.stack,
        "installation": world.deployment.installation.id,
        "vpcs": [render.course_document(each) for each in report.courses],
        "left": list(report.left),
        "stack_deleted": report.deleted,
        "still_tagged": list(tagged),
    }
