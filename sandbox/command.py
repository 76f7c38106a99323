"""Runs a command of the sandbox, and ends it when someone presses Ctrl-C.

The command runs in a thread, and this one waits for its end or for a signal. So a signal interrupts nothing
halfway: the processes that the command started are ended from here, and then this one at once, whatever its
threads are doing. A second Ctrl-C changes nothing.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import NoReturn

from rich.console import Console
from rich.text import Text

from sandbox import places, up
from sandbox.control_plane import leash
from sandbox.control_plane.deploy import DeployError
from sandbox.control_plane.ministack import ControlPlaneError
from sandbox.demo import play
from sandbox.trail.delivery import RuleError

Command = Callable[[Console], int]

_COMMANDS: dict[str, Command] = {"demo": play.run, "up": up.run}
_INTERRUPTED = 130
_WIDTH = 120


def main() -> NoReturn:
    """Run the command that was asked for, and end the process."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="AWS on this machine.")
    parser.add_argument("command", choices=sorted(_COMMANDS))
    command = _COMMANDS[parser.parse_args().command]
    console = Console()
    if not console.is_terminal or console.width > _WIDTH:
        console = Console(width=_WIDTH)
    status = _run(command, console)
    if status == _INTERRUPTED:
        _stop(console)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _run(command: Command, console: Console) -> int:
    """The exit status of the command, or that of Ctrl-C as soon as it comes."""
    # A handler may put into this kind of queue, whatever the main thread is doing at the moment.
    ended: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: ended.put(_INTERRUPTED))
    thread = Thread(target=_in_thread, args=(command, console, ended), name="command", daemon=True)
    thread.start()
    status = ended.get()
    if status != _INTERRUPTED:
        thread.join()
    return status


def _in_thread(command: Command, console: Console, ended: SimpleQueue[int]) -> None:
    status = 1
    try:
        status = command(console)
    except (ControlPlaneError, DeployError, RuleError) as error:
        console.print(Text.assemble(("failed", "bold red"), f": {error}"), soft_wrap=True)
    finally:
        ended.put(status)


def _stop(console: Console) -> None:
    """End every process that was started. What threads say of it is nobody's concern."""
    console.show_cursor()
    console.print("\nstopped")
    console.quiet = True
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for output in (sys.stdout, sys.stderr):
        output.flush()
        os.dup2(nowhere, output.fileno())
    leash.end_all()
    places.leave_only_logs()
