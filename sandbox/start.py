"""`python -S sandbox/start.py COMMAND 3>&2 2>/dev/null`: as `python -m sandbox COMMAND`, with no moment at which
Ctrl-C ends in a traceback.

With `-S`, Python comes here before it reads its libraries, and what it may say until then is said nowhere.
"""

import _signal
import posix


def main() -> None:
    """Read the libraries, then run the command."""
    import runpy
    import site
    import sys
    from pathlib import Path

    posix.dup2(3, 2)
    posix.close(3)
    site.main()
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    runpy.run_module("sandbox", run_name="__main__", alter_sys=True)


_signal.signal(_signal.SIGINT, _signal.SIG_DFL)
main()
