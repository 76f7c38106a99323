"""`vpce plan`: what the next run of each VPC would do."""

from __future__ import annotations

from pathlib import Path

import click

from .. import render
from ..exits import DRIFT, FINE
from ..preview import preview
from ..world import World, options

_EXAMPLES = """\b
Examples:
  vpce plan
  vpce plan vpc-0123456789abcdef0
  vpce plan vpc-0123456789abcdef0 --profile ecs
  vpce plan --profiles-file profiles.toml --json
"""


@click.command(epilog=_EXAMPLES)
@click.argument("vpcs", nargs=-1, metavar="[VPC]...")
@click.option(
    "--profile", metavar="NAME", help="The remediator's profile to plan for, whatever the VPC's tag says."
)
@click.option(
    "--profiles-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A profiles document to plan with, in place of the installation's own.",
)
@options
def plan(world: World, vpcs: tuple[str, ...], profile: str | None, profiles_file: Path | None) -> int:
    """Show what the remediator would do, and do nothing.

    Without VPC, of all that have opted in, and those in which something owned is left. A VPC that has not
    opted in is planned as if it were tagged with --profile (by default appmesh). It works without the stack
    deployed, and with permission to read alone.

    Exit status: 0 nothing to do; 2 a VPC is not as it should be; 1 error. In audit mode and while paused the
    plan is shown all the same, and nothing of it is done.
    """
    previews = preview(world, vpcs, profile, profiles_file)
    if world.screen.as_json:
        world.screen.document(render.document(world, previews))
    else:
        render.show(world, previews)
    return DRIFT if any(each.differs for each in previews) else FINE
