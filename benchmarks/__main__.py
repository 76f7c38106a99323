"""Runs the benchmarks, all or those that are named, and writes what they found beside this file."""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

from benchmarks import calls, cold_start, cost, custodian, measured, rollout, simulation, storm

# Each has a TITLE, `measure`, which gives what JSON can hold, and `in_words`, which makes Markdown of that.
BENCHMARKS: dict[str, ModuleType] = {
    "calls": calls,
    "rollout": rollout,
    "storm": storm,
    "cold_start": cold_start,
    "custodian": custodian,
    # These stand on what calls and cold_start have written.
    "simulation": simulation,
    "cost": cost,
}
# These start the layer as it was built.
ON_THE_LAYER = frozenset({"cold_start", "custodian"})
RESULTS = measured.RESULTS


def main(names: list[str]) -> None:
    """Run benchmarks, and write their results over those that were there.

    Raises:
        SystemExit: when there is none of such a name, or one needs the layer, and it is not as it is on
            Lambda.
    """
    page = ""
    names = names or list(BENCHMARKS)
    if unknown := [name for name in names if name not in BENCHMARKS]:
        sys.exit(f"no benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    if ON_THE_LAYER & {*names}:
        cold_start.need_layer()  # at once, not after the others have run
    for name in names:
        print(f"{BENCHMARKS[name].TITLE} …", flush=True)
        found = BENCHMARKS[name].measure()
        # Read anew each time: some benchmarks stand on what others have just written.
        results: dict[str, Any] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
        results[name] = {"on": _machine(), "found": found}
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
        page = in_words(results)
        RESULTS.with_suffix(".md").write_text(page, "utf-8")
    print(page)


def in_words(results: dict[str, Any]) -> str:
    """The page of all results."""
    parts = ["# What was measured", "By `make bench`. Each part says how to read it."]
    for name, benchmark in BENCHMARKS.items():
        if name in results:
            on, found = results[name]["on"], results[name]["found"]
            parts += [f"## {benchmark.TITLE}", f"On {on}.", benchmark.in_words(found)]
    return "\n\n".join(parts) + "\n"


def _machine() -> str:
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    return f"{day}, {os.cpu_count()} cores, {platform.machine()}, {platform.system()}"


if __name__ == "__main__":
    main(sys.argv[1:])
