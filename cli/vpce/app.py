"""The way in: the commands, and what becomes of what goes wrong.

The exit status is a command's own (0 nothing to do, 2 drift), 1 for an error, 130 where a person stopped it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import click

from .commands.apply import apply
from .commands.doctor import doctor
from .commands.explain import explain
from .commands.plan import plan
from .commands.redrive import redrive
from .commands.status import status
from .exits import ERROR, FINE, STOPPED
from .problems import EXPECTED, Problem, sentence
from .screen import Screen
from .world import Surroundings


def _version() -> str:
    try:
        return version("vpc-endpoint-remediator")
    except PackageNotFoundError:
        return "not installed: run from the checkout"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(_version(), message="%(version)s")
def cli() -> None:
    """See what the VPC Endpoint Remediator would do, do it, and find out what is wrong.

    Region and credentials are chosen as the AWS CLI chooses them. Without --stack, the Region's one
    installation is found. Exit status: 0 nothing to do, 2 drift, 1 error.
    """


cli.add_command(plan)
cli.add_command(apply)
cli.add_command(status)
cli.add_command(explain)
cli.add_command(doctor)
cli.add_command(redrive)


def main() -> None:
    """Entry point."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str], surroundings: Surroundings | None = None) -> int:
    """Run a command; the exit status."""
    try:
        status = cli.main(
            list(arguments), prog_name="vpce", standalone_mode=False, obj=surroundings or Surroundings()
        )
        sys.stdout.flush()
        return status if isinstance(status, int) else FINE
    except click.ClickException as error:
        error.show()
        return ERROR
    except (click.Abort, KeyboardInterrupt):
        Screen().say("Stopped.")
        return STOPPED
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does. Python must not find out again at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ERROR
    except Problem as error:
        return _fail(str(error))
    except EXPECTED as error:
        return _fail(sentence(error))


def _fail(why: str) -> int:
    Screen().say(f"Error: {why}")
    return ERROR
