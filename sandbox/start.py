"""`python -S sandbox/start.py COMMAND 3>&2 2>/dev/null`: as `python -m sandbox COMMAND`, with no moment at
which Ctrl-C ends in a traceback.

What Python may say before it comes here is said nowhere. With `-S` it has not yet read any library by then.
"""

import os
import signal


def main() -> None:
    """Read the libraries, then run the command."""
    import runpy
    import site
    import sys
    from pathlib import Path

    os.dup2(3, 2)
    os.close(3)
    site.main()
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    runpy.run_module("sandbox", run_name="__main__", alter_sys=True)


signal.signal(signal.SIGINT, signal.SIG_DFL)
main()
