"""`python -m sandbox demo` and `python -m sandbox up`."""

from __future__ import annotations

import argparse
import signal
import sys
from types import FrameType

from rich.console import Console

from sandbox import up
from sandbox.control_plane.deploy import DeployError
from sandbox.control_plane.ministack import ControlPlaneError
from sandbox.demo import play
from sandbox.trail.delivery import RuleError

_COMMANDS = {"demo": play.run, "up": up.run}
_INTERRUPTED = 130
_WIDTH = 120


def main() -> int:
    """Run the command that was asked for; answers the exit status."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="AWS on this machine.")
    parser.add_argument("command", choices=sorted(_COMMANDS))
    command = parser.parse_args().command
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    console = Console()
    if not console.is_terminal or console.width > _WIDTH:
        console = Console(width=_WIDTH)
    try:
        return _COMMANDS[command](console)
    except KeyboardInterrupt:
        console.print("\nstopped")
        return 0 if command == "up" else _INTERRUPTED
    except (ControlPlaneError, DeployError, RuleError) as error:
        console.print(f"[bold red]failed[/]: {error}", highlight=False, soft_wrap=True)
        return 1


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Leave by the same way as Ctrl-C does, so that everything is stopped."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
