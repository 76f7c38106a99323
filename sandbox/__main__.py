"""`python -m sandbox demo` and `python -m sandbox up`.

It imports next to nothing: until the command is there to be stopped, Ctrl-C ends the process without a word.
"""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Run the command that was asked for; answers the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    from sandbox import access

    # Before the rest is imported: some of it looks for an AWS profile as soon as it is.
    access.forget_the_callers_account()
    from sandbox import command

    return command.main()


if __name__ == "__main__":
    sys.exit(main())
