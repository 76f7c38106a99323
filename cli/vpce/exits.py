"""What a command's exit status says."""

from __future__ import annotations

FINE = 0  # nothing to do
ERROR = 1
DRIFT = 2  # something is not as it should be
STOPPED = 130  # by a person, with Ctrl-C
