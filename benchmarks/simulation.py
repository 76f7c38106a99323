"""A day in an organisation of a hundred accounts with a hundred opted-in VPCs each, simulated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.day.account import DayAccount
from benchmarks.day.meter import ENDPOINT_CALLS
from benchmarks.day.model import DAY, OPT_IN, Books, Drift, Model, Swept
from benchmarks.measured import Measured

TITLE = "A simulated day in an organisation"
MEMORY_GB = 0.5
# EC2's buckets: at once, and a second (facts, section 10).
_ENDPOINT_BUCKET, _READ_BUCKET, _WRITE_BUCKET = (4, 0.3), (100, 20.0), (50, 5.0)


def measure() -> dict[str, Any]:
    """The whole organisation: about a minute of computing."""
    return simulate(Model())


def simulate(model: Model, measured: Measured | None = None) -> dict[str, Any]:
    """Let a day pass, and say what it took. The same model gives the same day."""
    measured = measured or Measured.read()
    books = Books()
    for number in range(model.accounts):
        DayAccount(model, measured, books, number).live()
    broken = [each for each in books.drifts if each.sort is not OPT_IN]
    told = [each for each in broken if not each.is_lost]
    intake_calls = _of(books.calls, "intake")
    return {
        "model": asdict(model),
        "events": books.events,
        "events that concern a VPC": books.told,
        "of these covered": books.covered,
        "drifts": len(broken),
        "opt-ins": len(books.drifts) - len(broken),
        "lost": len(broken) - len(told),
        "healed": sum(each.healed is not None for each in books.drifts),
        "still open": sum(each.healed is None for each in books.drifts),
        "seconds to heal": _spread(told),
        "seconds to heal, event lost": _spread(each for each in broken if each.is_lost),
        "seconds from the tag to all that it asks for": _spread(
            each for each in books.drifts if each.sort is OPT_IN
        ),
        "invocations": dict(books.invocations),
        "cold starts": dict(books.cold),
        "GB-seconds": {name: round(spent * MEMORY_GB) for name, spent in books.seconds.items()},
        "EC2 calls": {name: _of(books.calls, name) for name in ("intake", "reconcile", "sweep")},
        "EC2 calls of intake per 1,000 events": round(1000 * intake_calls / max(1, books.events)),
        "most calls of a batch": books.most_of_a_batch,
        "peaks of an account": {
            action: [second, books.peak_minute[action]]
            for action, second in sorted(books.peak_second.items(), key=lambda each: (-each[1], each[0]))
        },
        "writes": sum(count for name, count in books.calls.items() if " Describe" not in name),
        "ledger": [round(books.ledger_reads), round(books.ledger_writes)],
        "SQS requests": [books.sqs_standard, books.sqs_fifo],
        "log bytes": round(books.log_bytes),
        "finding events": books.finding_events,
        "metric hours": books.metric_hours,
        "runs put off": books.put_off,
        "sweeps that events asked for": books.asked_sweeps,
        "endpoint calls": [
            max(books.endpoint_writes.values(), default=0),
            max(_by_minute(books.endpoint_writes).values(), default=0),
        ],
        "sweeps": {
            "with": _busiest(books.sweeps),
            "without": _busiest(_on_the_hour(books.sweeps, model.sweep_every)),
        },
    }


def _of(calls: Mapping[str, int], function: str) -> int:
    return sum(count for name, count in calls.items() if name.startswith(f"{function} "))


def _spread(drifts: Iterable[Drift]) -> dict[str, int]:
    took = sorted(each.healed - each.at for each in drifts if each.healed is not None)
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "longest": 1.0}
    return {name: round(_at_share(took, share)) for name, share in shares.items()} | {"count": len(took)}


def _at_share(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def _by_minute(by_second: Mapping[int, int]) -> Counter[int]:
    found: Counter[int] = Counter()
    for second, count in by_second.items():
        found[second // 60] += count
    return found


def _on_the_hour(sweeps: Iterable[Swept], every: float) -> Iterable[Swept]:
    """As the sweeps would be without jitter, where all schedules are alike."""
    for each in sweeps:
        yield each if each.foretold else Swept(each.start // every * every, each.spent, each.calls, False)


def _busiest(sweeps: Iterable[Swept]) -> dict[str, int]:
    """The most sweeps that begin in one second, and the most calls in one, over the organisation; those of a
    sweep are spread over its time."""
    begun: Counter[int] = Counter()
    calls = [0.0] * (DAY + 600)
    for each in sweeps:
        begun[int(each.start)] += 1
        seconds = max(1, round(each.spent))
        for second in range(seconds):
            calls[int(each.start) + second] += each.calls / seconds
    return {"begin": max(begun.values(), default=0), "calls": round(max(calls))}


def in_words(found: dict[str, Any]) -> str:
    """The figures, what they stand on, and how to read them."""
    rows = {
        "events that the rules let pass": [found["events"]],
        "events about what a run has to look at; of these covered by a run": [
            found["events that concern a VPC"],
            found["of these covered"],
        ],
        "drifts; of these by an event that was lost": [found["drifts"], found["lost"]],
        "VPCs that opted in": [found["opt-ins"]],
        "drifts and opt-ins: put right; still open at the end": [found["healed"], found["still open"]],
        **{
            f"{name}: p50, p95, p99, longest": [each["p50"], each["p95"], each["p99"], each["longest"]]
            for name, each in found.items()
            if name.startswith("seconds ")
        },
        **{
            f"{name}: invocations, cold starts, GB-seconds, EC2 calls": [
                found[what][name] for what in ("invocations", "cold starts", "GB-seconds", "EC2 calls")
            ]
            for name in ("intake", "reconcile", "sweep")
        },
        "EC2 calls of intake: per 1,000 events, per 1,000 batches, most of a batch": [
            found["EC2 calls of intake per 1,000 events"],
            round(1000 * found["EC2 calls"]["intake"] / found["invocations"]["intake"]),
            found["most calls of a batch"],
        ],
        "the ledger: units read, written": found["ledger"],
        "SQS requests beside idle polls: standard, FIFO": found["SQS requests"],
        "runs put off for the budget of endpoint calls": [found["runs put off"]],
        "sweeps that events asked for": [found["sweeps that events asked for"]],
        "endpoint calls of the organisation: busiest second, minute": found["endpoint calls"],
        **{
            f"sweeps that begin in one second where all have one schedule, {how} jitter; EC2 calls in one": [
                found["sweeps"][how]["begin"],
                found["sweeps"][how]["calls"],
            ]
            for how in ("with", "without")
        },
    }
    lines = [how_to_read(found["model"]), "", "| what | figure |", "|---|---|"]
    lines += [f"| {name} | {', '.join(f'{each:,}' for each in values)} |" for name, values in rows.items()]
    lines += [
        "",
        "EC2 calls of the account that made most of them, beside EC2's bucket:",
        "",
        "| call | busiest second | busiest minute | bucket: at once, in a minute |",
        "|---|---|---|---|",
    ]
    for action, (second, minute) in found["peaks of an account"].items():
        at_once, rate = _bucket(action)
        lines.append(f"| {action} | {second} | {minute} | {at_once}, {round(at_once + 60 * rate)} |")
    return "\n".join(lines)


def _bucket(action: str) -> tuple[int, float]:
    if action in ENDPOINT_CALLS:
        return _ENDPOINT_BUCKET
    return _READ_BUCKET if action.startswith("Describe") else _WRITE_BUCKET


def how_to_read(of: Mapping[str, Any]) -> str:
    """What is real, what is measured and what is assumed."""
    begin, end = of["busy_hours"]
    return f"""{of["accounts"]} accounts with {of["vpcs"]} opted-in VPCs each, over 24 hours. The same seed
gives the same day. *Real* are intake and its index, the queue's requests and requeues, the pace of endpoint
calls, and the rolling share of a sweep. *Measured*, in the part "EC2 calls", are each invocation's calls,
CPU, log, units of the ledger and finding events; and in "Cold start" its start. All else is *assumed*:

- {of["events"]:g} events a VPC and day pass the rules, {of["busy_share"]:.0%} from {begin} to {end} h.
  {of["of_others"]:.0%} are about VPCs that have not opted in, with some 200 security groups.
  {of["of_new"]:.0%} make a group, as many delete one, most others change the rules of one. In opted-in VPCs,
  {of["concerning"]:.0%} change a route.
- {of["drift"]:g} times a week somebody breaks a VPC: rules 40%, an endpoint 30%, DNS 20%, a subnet in a new
  zone 10%. {of["lost"]:.1%} of these events never come. Nobody fights.
- CloudTrail brings nine of ten events within {of["late"][1]:g} s, the others within {of["much_late"][1]:g} s,
  and {of["twice"]:.0%} of them twice.
- {of["opt_ins"]} VPCs of each account opt in on that day, in {of["wave_accounts"]} accounts at a time,
  {of["wave_every"] / 60:g} minutes apart.
- Lambda gathers events for {of["window"]:g} s, up to {of["idle_window"]:g} where none came for a minute,
  with {of["intakes"]} pollers. A process that has nothing to do is gone after
  {of["process_kept"] / 60:g} minutes. 512 MB are {of["core_share"]:.2f} of a core of this machine; a cold
  start takes as long as here.
- EC2 answers a read in {of["read"]:g} s, a write in {of["write"]:g}. An endpoint takes 60 s to be made and 20
  to be changed.

Not in it: other people's use of EC2's buckets, that of PrivateLink for the whole organisation, throttles,
and failures."""
