"""What the simulated day is made of: assumptions, each with its figure, and the books that are kept."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field

DAY = 86_400
START = DAY * 20_000  # in seconds since 1970
DEBOUNCE = 30


@dataclass(frozen=True)
class Model:
    """Assumptions. Times are in seconds, shares are of one.

    `events` are what the rules let pass, a VPC and day, most of them in `busy_hours`; of these, `of_others`
    are about VPCs that have not opted in, and of all, `of_new` make a thing, as many delete one, and
    `concerning` are about what a run would look at. `drift` is how often somebody breaks something, a VPC and
    week; `lost` is how many of these events never come. An event is `late`, `much_late` one in ten times.
    On the day, `opt_ins` of an account's VPCs are new, in waves of so many accounts.
    """

    accounts: int = 100
    vpcs: int = 100
    events: float = 20.0
    drift: float = 0.5
    of_others: float = 0.6
    of_new: float = 0.1
    concerning: float = 0.2
    busy_hours: tuple[int, int] = (8, 18)
    busy_share: float = 0.8
    lost: float = 0.01
    twice: float = 0.01
    late: tuple[float, float] = (0.5, 20.0)
    much_late: tuple[float, float] = (20.0, 90.0)
    opt_ins: int = 10
    wave_accounts: int = 10
    wave_every: float = 900.0
    first_wave: float = 9 * 3600.0
    sweep_every: float = 3600.0
    jitter: float = 300.0
    # Of the account: pollers of intake, its window, and what it is where nothing came for a minute.
    intakes: int = 2
    window: float = 5.0
    idle_window: float = 20.0
    batch: int = 500
    workers: int = 2
    # A process that had nothing to do for so long is gone.
    process_kept: float = 600.0
    # Answers of EC2 and of the ledger, and Lambda's share of a core at 512 MB.
    read: float = 0.1
    write: float = 0.7
    ledger: float = 0.01
    core_share: float = 512 / 1769
    seed: int = 1


@dataclass(frozen=True)
class Sort:
    """A sort of drift: how often it is the one, the event that tells of it, the calls that put it right, and
    how long AWS is at work then."""

    kind: str
    share: float
    event: str
    writes: tuple[str, ...]
    settles: float = 0.0


# An endpoint that was deleted takes two creates, as measured: the first is answered as that of the old one.
SORTS = (
    Sort("rules", 0.4, "RevokeSecurityGroupIngress", ("AuthorizeSecurityGroupIngress",)),
    Sort("endpoint", 0.3, "DeleteVpcEndpoints", ("CreateVpcEndpoint", "CreateVpcEndpoint"), 60.0),
    Sort("dns", 0.2, "ModifyVpcAttribute", ("ModifyVpcAttribute",)),
    Sort("zone", 0.1, "CreateSubnet", ("ModifyVpcEndpoint", "ModifyVpcEndpoint"), 20.0),
)
OPT_IN = Sort(
    "opt-in",
    0.0,
    "CreateTags",
    ("CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "CreateVpcEndpoint", "CreateVpcEndpoint"),
    60.0,
)


@dataclass
class Drift:
    """Something that somebody broke, or an opt-in. `left` are the calls that have yet to put it right;
    `healed` is when the VPC had again what it should, AWS being through."""

    vpc_id: str
    sort: Sort
    at: float
    is_lost: bool
    left: list[str]
    healed: float | None = None
    is_swept: bool = False


@dataclass(frozen=True)
class Swept:
    """A sweep: when it began, in seconds of the day, how long it took, its calls, and whether an event asked
    for it."""

    start: float
    spent: float
    calls: int
    foretold: bool


@dataclass
class Books:
    """What is counted, over accounts. Peaks are those of the account that had most."""

    events: int = 0
    told: int = 0
    covered: int = 0
    invocations: Counter[str] = field(default_factory=Counter)
    cold: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    calls: Counter[str] = field(default_factory=Counter)
    peak_second: Counter[str] = field(default_factory=Counter)
    peak_minute: Counter[str] = field(default_factory=Counter)
    ledger_reads: float = 0.0
    ledger_writes: float = 0.0
    sqs_standard: int = 0
    sqs_fifo: int = 0
    log_bytes: float = 0.0
    finding_events: int = 0
    metric_hours: int = 0
    drifts: list[Drift] = field(default_factory=list)
    endpoint_writes: Counter[int] = field(default_factory=Counter)
    sweeps: list[Swept] = field(default_factory=list)
    asked_sweeps: int = 0
    put_off: int = 0
    most_of_a_batch: int = 0


def some_time(model: Model, chance: random.Random) -> float:
    """A time of the day at which somebody does something, most of them in the busy hours."""
    begin, end = (hour * 3600.0 for hour in model.busy_hours)
    if chance.random() < model.busy_share:
        return START + chance.uniform(begin, end)
    quiet = chance.uniform(0, DAY - (end - begin))
    return START + (quiet if quiet < begin else quiet + end - begin)


def sweep_starts(model: Model, number: int) -> list[float]:
    """When the sweeps of an account begin, in seconds of the day: at the same time in all, but for the
    jitter."""
    chance = random.Random(model.seed * 7_000_003 + number)
    hours = int(DAY // model.sweep_every)
    return [each * model.sweep_every + chance.uniform(0, model.jitter) for each in range(hours)]


def poisson(expected: float, chance: random.Random) -> int:
    """How often something happens that is expected so often."""
    count, passed = 0, chance.expovariate(1.0)
    while passed < expected:
        count += 1
        passed += chance.expovariate(1.0)
    return count
