"""`vpce apply`: the plan, then yes or no, then the runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from .. import consent, render
from ..exits import DRIFT, FINE
from ..means import AsIf, to_act
from ..preview import DEFAULT_PROFILE, Fleet, Preview, checked_ids, preview
from ..problems import Problem
from ..runs import Course, Runs
from ..words import count
from ..world import World, options

_EXAMPLES = """\b
Examples:
  vpce apply vpc-0123456789abcdef0
  vpce apply --yes
"""
_CORRELATION = "vpce-apply"


@click.command(epilog=_EXAMPLES)
@click.argument("vpcs", nargs=-1, metavar="[VPC]...")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options
def apply(world: World, vpcs: tuple[str, ...], yes: bool) -> int:
    """Show the plan, ask, and do it with your own credentials.

    Without VPC, for all that have opted in, and those in which something owned is left. The runs are those of
    the deployed functions, under the same rules: grace period, teardown limit, ownership, contested findings,
    ledger. Each VPC is looked at anew before each run, until it has converged or a person is needed.

    The functions go on working meanwhile, and a run of theirs may come between. That does no harm: each run
    looks first, EC2 takes one change of an endpoint at a time, an endpoint that both ask for is made once,
    and the ledger refuses what was overtaken. Your calls stand in CloudTrail under your name, and lead to a
    run of the functions, as anybody's do.

    You need the permissions of the stack's ReconcileRole. Ctrl-C is safe at any moment: what was begun is
    finished by the functions' next run, or by the next apply.

    Exit status: 0 all is as it should be; 2 something is left for a person to do, or you said no; 1 error.
    """
    there = world.deployment
    if there.unread:
        raise Problem(
            "Which installation is deployed here is not known, since the stacks could not be listed: "
            "nothing is done. Allow cloudformation:DescribeStacks."
        )
    if there.installation.paused:
        raise Problem(
            f"{there.stack} is paused, and so is this command. To end the pause, deploy with Paused=false "
            "(docs/operating.md has the command)."
        )
    _refuse_strangers(world, checked_ids(vpcs))
    previews = preview(world, vpcs)
    to_do = [each for each in previews if each.differs and each.is_enforced]
    if not world.screen.as_json:
        render.show(world, previews)
    if not to_do:
        _report(world, previews, [])
        return DRIFT if any(each.differs for each in previews) else FINE
    question = f"Do this in {world.account.region} of account {world.account.id}?"
    if not consent.given(world, question, yes=yes):
        world.screen.say("Nothing was done.")
        _report(world, previews, [])
        return DRIFT
    courses = _do(world, to_do)
    _report(world, previews, courses)
    left = [each for each in previews if each.differs and each not in to_do]
    return FINE if all(each.is_fine for each in courses) and not left else DRIFT


def _do(world: World, to_do: Sequence[Preview]) -> list[Course]:
    runs = Runs(world, to_act(world, AsIf(world)), _CORRELATION)
    try:
        return runs.converge(each.vpc.id for each in to_do)
    except KeyboardInterrupt:
        world.screen.say("What was begun is finished by the functions' next run, or by the next vpce apply.")
        raise


def _refuse_strangers(world: World, named: Sequence[str]) -> None:
    """Only a tag opts a VPC in."""
    if not named:
        return
    key, fleet = world.deployment.installation.profile_key, Fleet.of(world)
    strangers = [each for each in named if each not in fleet.all]
    if strangers:
        raise Problem(
            f"{', '.join(strangers)}: not opted in, and not touched. To see what it would get: vpce plan "
            f"{strangers[0]}. To opt in: aws ec2 create-tags --resources {' '.join(strangers)} "
            f"--tags Key={key},Value={DEFAULT_PROFILE}"
        )


def _report(world: World, previews: Sequence[Preview], courses: Sequence[Course]) -> None:
    if world.screen.as_json:
        world.screen.document(document(world, previews, courses))
    elif courses:
        world.screen.line()
        for each in courses:
            render.show_course(world.screen, each)
        fine = sum(each.is_fine for each in courses)
        world.screen.line(f"{fine} of {count(len(courses), 'VPC')} as they should be.", "bold")


def document(world: World, previews: Sequence[Preview], courses: Sequence[Course]) -> dict[str, Any]:
    """The plan, and what became of it, for machines; docs/cli.md names the keys."""
    return {
        "plan": render.document(world, previews),
        "applied": bool(courses),
        "vpcs": [render.course_document(each) for each in courses],
    }
