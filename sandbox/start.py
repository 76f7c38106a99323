"""`python -S sandbox/start.py MODULE … 3>&2 2>/dev/null` is `python -m MODULE …`, with no moment at which
Ctrl-C ends in a traceback: it ends the process, unless the module says otherwise.

What Python may say before it comes here is said nowhere. With `-S` it has not yet read any library by then.
"""

import os
import signal


def main() -> None:
    """Read the libraries, then run the module."""
    import runpy
    import site
    import sys
    from pathlib import Path

    os.dup2(3, 2)
    os.close(3)
    # Anew: the one that Python made takes what is there now for what was there before.
    sys.stderr = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False)
    sys.path.pop(0)
    site.main()
    sys.path.append(str(Path(__file__).resolve().parent.parent))
    sys.argv.pop(0)
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


signal.signal(signal.SIGINT, signal.SIG_DFL)
main()
