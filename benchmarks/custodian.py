"""Beside Cloud Custodian: both look at the same VPCs, first when all is well, then when a part is broken."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from benchmarks import cold_start, looks
from benchmarks.looks import Fault, Looked, Scene

TITLE = "Beside Cloud Custodian"
SIZES = (10, 100, 200)
TURNS = 3
_PAGE_KIB = 4
CUSTODIAN, BY_VPC = "Cloud Custodian", "Cloud Custodian, a policy for each group"
FIRST, HOURLY, EVENTS = "this, the first sweep", "this, an hourly sweep", "this, by the events"
_WHO: dict[str, Callable[[Scene], Looked]] = {
    CUSTODIAN: lambda scene: looks.by_custodian(scene, by_vpc=False),
    BY_VPC: lambda scene: looks.by_custodian(scene, by_vpc=True),
    FIRST: lambda scene: looks.by_sweep(scene, scene.unswept),
    HOURLY: lambda scene: looks.by_sweep(scene, scene.swept),
    EVENTS: looks.by_events,
}
HOW_TO_READ = """Each row is a process of its own, from the start of Python to its end, on a fresh copy
of the same VPCs, over HTTP: {0} (`custodian run` in pull mode with `benchmarks/custodian/policies.yml`,
lists kept in memory between its policies), or this program's handlers on the layer as built. Each VPC
has two private subnets, an owned group and two endpoints. Of the broken VPCs a tenth each has one of
four faults. Times are medians of {1} turns, in which all took their turn; memory is the most that a process
had.

With `a policy for each group`, what each VPC's group is to let in stands in a further policy. `The first
sweep` knows no DNS attributes and reads all; `an hourly sweep` reads those of a twenty-fourth, since a
change of one has its event. `By the events` is intake of the events of all faults in one batch. Runs
that are asked for are in the same row, until the VPCs have been seen to be as they should be."""
AFTER_TABLE = """This program's runs cost more calls: each reads its VPC whole, and a second one sees that
all is as it should be. Of DNS attributes, an hourly sweep finds what is in its share. The others are found
by their events, or within 24 sweeps."""
CANNOT = """What {0} has no means for, by its schema and its source:

- It makes no endpoint and no security group, and changes no endpoint: `vpc-endpoint` has the action `delete`,
  and actions for tags and messages. It finds a missing endpoint, private DNS that is off, or an endpoint that
  has lost its group. To put them right, `invoke-lambda` or `webhook` can call other code.
- It does not compute what a group is to let in from subnets and routes: the blocks of `add-ingress` are
  constants of a policy. A policy for each VPC has to be written anew when a subnet comes or goes. (`patch`
  puts a group back to what AWS Config recorded before. There is no AWS Config here, so it is not measured.)
- A policy ends at the first call that EC2 refuses. The rest of its VPCs are left until the next run.
- It knows a thing as its own by a tag only, does not stop when someone keeps undoing what it does, and has no
  budget of endpoint calls. (It has a grace period, `mark-for-op`, and a limit, `max-resources`.)

What it does better: it makes the fewest calls for what it can put right, since it does not look again at what
it changed. One list serves all of its policies. A page of YAML is a beginning. It knows hundreds of sorts of
resources; this program knows one."""
NOT_SHOWN = """Not shown here: EC2's throttling, latency and pages, since EC2 is the sandbox's, on the
same machine; Custodian's mode by CloudTrail's events, in which each policy is a function of its own;
calls of the ledger, the queues and the bus, which are in memory here. EC2 makes endpoints at once here,
and the budget of endpoint calls is lifted. On Lambda, intake, sweep and reconcile are three functions;
here one process has the code of all three. A deleted endpoint costs two creates here: EC2 still knows
the client token of the first."""


def measure() -> dict[str, Any]:
    """Every look, on accounts of several sizes.

    Raises:
        SystemExit: when the layer or Custodian's environment is not there, or a process fails.
    """
    if not looks.CUSTODIAN.exists() or not (cold_start.LAYER / "python").exists():
        sys.exit("Cloud Custodian or the layer is not there: make bench sets both up")
    return {"c7n": _version(), "turns": TURNS, "sizes": {str(count): _size(count) for count in SIZES}}


def _version() -> str:
    code = "from c7n.version import version; print(version)"
    return subprocess.check_output([str(looks.CUSTODIAN), "-c", code], text=True, env={}).strip()


def _size(count: int) -> dict[str, Any]:
    well = looks.make(count)
    return {"well": _turns(well), "broken": _turns(looks.break_some(well))}


def _turns(scene: Scene) -> dict[str, Any]:
    who = [name for name in _WHO if scene.events or name != EVENTS]
    turns = [{name: _WHO[name](scene) for name in who} for _ in range(TURNS)]
    return {name: _summary([turn[name] for turn in turns]) for name in who}


def _summary(looked: list[Looked]) -> dict[str, Any]:
    """The last one, with the medians of the times, and the most memory of all: on a machine that is short of
    it, a process may have less than it would take."""
    times = {name: statistics.median(getattr(each, name) for each in looked) for name in ("wall", "cpu")}
    return asdict(looked[-1]) | times | {"memory": max(each.memory for each in looked)}


def in_words(found: dict[str, Any]) -> str:
    """The tables, how to read them, and what they do not show."""
    named, sizes = f"Cloud Custodian {found['c7n']}", found["sizes"]
    faults = " | ".join(Fault)
    return "\n".join(
        [
            HOW_TO_READ.format(named, found["turns"]),
            "",
            "| look | by | VPCs | EC2 calls | a VPC | time | CPU time | memory |",
            "|---|---|---|---|---|---|---|---|",
            *_costs(sizes, "well", "all is well"),
            *_costs(sizes, "broken", "four in ten broken"),
            "",
            _slopes(sizes),
            "",
            f"Of {max(sizes, key=int)} VPCs, found and put right, by what EC2 itself says:",
            "",
            f"| by | {faults} | calls that write |",
            "|---|---|---|---|---|---|",
            *_done(sizes[max(sizes, key=int)]["broken"]),
            "",
            AFTER_TABLE,
            "",
            CANNOT.format(named),
            "",
            NOT_SHOWN,
        ]
    )


def _costs(sizes: dict[str, Any], look: str, words: str) -> Iterator[str]:
    for name in _WHO:
        for count in sizes:
            if each := sizes[count][look].get(name):
                calls = sum(each["calls"].values())
                yield (
                    f"| {words} | {name} | {count} | {calls} | {calls / int(count):.1f} "
                    f"| {each['wall']:.1f} s | {each['cpu']:.1f} s | {each['memory']:.0f} MiB |"
                )


def _slopes(sizes: dict[str, Any]) -> str:
    """What one VPC more costs."""
    small, large = min(sizes, key=int), max(sizes, key=int)

    def more(name: str, value: Callable[[dict[str, Any]], float]) -> float:
        of = [value(sizes[count]["well"][name]) for count in (small, large)]
        return (of[1] - of[0]) / (int(large) - int(small))

    def memory(each: dict[str, Any]) -> float:
        return 1024 * float(each["memory"])

    def calls(each: dict[str, Any]) -> float:
        return float(sum(each["calls"].values()))

    rows = [
        f"| {name} | {more(name, calls):.2f} | {_kib(more(name, memory))} |" for name in sizes[small]["well"]
    ]
    return "\n".join(
        [
            f"What a VPC more costs when all is well, between {small} and {large} VPCs:",
            "",
            "| by | EC2 calls | memory |",
            "|---|---|---|",
            *rows,
            "",
            "Cloud Custodian takes the most memory when it starts, before it has seen a VPC.",
        ]
    )


def _kib(memory: float) -> str:
    """So much memory in KiB; below a page, it is none."""
    return f"{memory:.0f} KiB" if memory >= _PAGE_KIB else "none that shows"


def _done(broken: dict[str, Any]) -> Iterator[str]:
    for name, each in broken.items():
        cells = " | ".join(f"{each['found'][fault]}, {each['fixed'][fault]}" for fault in Fault)
        writes = sum(count for call, count in each["calls"].items() if not call.startswith("Describe"))
        yield f"| {name} | {cells} | {writes} |"
