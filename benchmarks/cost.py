"""What a month costs for 1,000 VPCs, at three rates of change, beside AWS Config at the same rates."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from benchmarks import prices, simulation
from benchmarks.day.model import Model
from benchmarks.prices import dollars
from reconciler.published import METRICS, Function
from tests.template.deployed import resources

TITLE = "Cost"
DAYS = 365 / 12
HOURS = 730
VPCS, VPCS_AN_ACCOUNT = 1000, 100
_CALLS, _INTAKE = "EC2 calls an account and hour", "EC2 calls of intake per 1,000 events"
# Of so many accounts a day is simulated.
_SIMULATED = 5
# Lambda asks each queue by five pollers that wait 20 s each; with MaximumConcurrency they do not get fewer.
_POLLERS, _POLL_SECONDS = 5, 20
# What a VPC has in the ledger, and what Lambda itself logs of an invocation.
_LEDGER_GB, _LOG_OF_LAMBDA = 10e-6, 300
# The profile `appmesh`, in three zones.
_ENDPOINT_ZONES = 2 * 3


@dataclass(frozen=True)
class Rate:
    """How much happens: events that the rules let pass, a VPC and day; drifts, a VPC and week."""

    events: float
    drift: float


RATES = {"quiet": Rate(2, 0.1), "ordinary": Rate(20, 0.5), "busy": Rate(200, 2.0)}


def measure() -> dict[str, Any]:
    """A simulated day at each rate, priced as a month."""
    return {name: _of_rate(rate) for name, rate in RATES.items()}


def _of_rate(rate: Rate) -> dict[str, Any]:
    model = replace(Model(), accounts=_SIMULATED, opt_ins=0, events=rate.events, drift=rate.drift)
    day = simulation.simulate(model)
    # From the days of the simulated accounts to months of all.
    times = DAYS * VPCS / (_SIMULATED * VPCS_AN_ACCOUNT)
    lines = work(day, times) | kept(VPCS / VPCS_AN_ACCOUNT)
    return {
        "rate": asdict(rate),
        "lines": {name: round(each, 2) for name, each in lines.items()},
        "in all": round(sum(lines.values()), 2),
        _CALLS: round(sum(day["EC2 calls"].values()) / _SIMULATED / 24),
        _INTAKE: day[_INTAKE],
        "AWS Config": {name: round(each, 2) for name, each in config(day, times).items()},
        "endpoints": round(dollars("interface endpoint", VPCS * _ENDPOINT_ZONES)),
    }


def work(day: dict[str, Any], times: float) -> dict[str, float]:
    """What is done, at its price: a day's figures, so many times."""
    standard, fifo = day["SQS requests"]
    read, written = day["ledger"]
    invocations = sum(day["invocations"].values())
    log = (day["log bytes"] + _LOG_OF_LAMBDA * invocations) / 1e9
    return {
        "Lambda": times * dollars("Lambda, arm64", sum(day["GB-seconds"].values()))
        + times * dollars("Lambda, request", invocations),
        "SQS, messages": times * (dollars("SQS, standard", standard) + dollars("SQS, FIFO", fifo)),
        "DynamoDB": times * (dollars("DynamoDB, read", read) + dollars("DynamoDB, write", written))
        + dollars("DynamoDB, storage", VPCS * _LEDGER_GB)
        + dollars("DynamoDB, point-in-time recovery", VPCS * _LEDGER_GB),
        "logs": times * (dollars("CloudWatch, log", log) + dollars("CloudWatch, log kept", log)),
        "metrics of what happens": times * dollars("CloudWatch, metric", day["metric hours"] / HOURS),
        "finding events": times * dollars("EventBridge, custom event", day["finding events"]),
    }


def kept(accounts: float) -> dict[str, float]:
    """What each account costs where nothing happens."""
    # Those that a function takes from: the others are dead letters.
    queues = [each for each in resources("AWS::SQS::Queue").values() if "RedrivePolicy" in each]
    polls = HOURS * 3600 / _POLL_SECONDS * _POLLERS
    names = ["SQS, FIFO" if each.get("FifoQueue") else "SQS, standard" for each in queues]
    of_sweeps = [each for each in METRICS.values() if each.by == (Function.SWEEP,)]
    series = sum(max(1, len(each.values)) for each in of_sweeps)
    alarms = len(resources("AWS::CloudWatch::Alarm"))
    return {
        "SQS, idle polls": accounts * sum(dollars(name, polls) for name in names),
        "metrics of sweeps": accounts * dollars("CloudWatch, metric", series),
        "alarms": accounts * dollars("CloudWatch, alarm", alarms),
        "dashboard": accounts * dollars("CloudWatch, dashboard", 1),
    }


def config(day: dict[str, Any], times: float) -> dict[str, float]:
    """AWS Config at the same rate: each change is an item and has one evaluation, those of a remediation
    too; and a rule looks at each VPC once a day."""
    items = times * (day["events"] + day["writes"])
    evaluations = items + DAYS * VPCS
    accounts = VPCS / VPCS_AN_ACCOUNT
    return {
        "items": dollars("AWS Config, item", items),
        "evaluations": accounts * tiered(evaluations / accounts),
    }


def tiered(evaluations: float) -> float:
    """What an account's evaluations of a month cost."""
    first, then = min(evaluations, 100_000), min(max(0.0, evaluations - 100_000), 400_000)
    beyond = max(0.0, evaluations - 500_000)
    return (
        dollars("AWS Config, evaluation", first)
        + dollars("AWS Config, evaluation, then", then)
        + dollars("AWS Config, evaluation, beyond", beyond)
    )


def in_words(found: dict[str, Any]) -> str:
    """The tables, and what they stand on."""
    names = list(found)
    first = found[names[0]]

    def row(what: str, *values: Any) -> str:
        return f"| {what} | " + " | ".join(map(str, values)) + " |"

    def money(value: float) -> str:
        return f"${value:,.2f}"

    return "\n".join(
        [
            HOW_TO_READ,
            "",
            row("a month, 1,000 VPCs", *names),
            "|---" * (len(names) + 1) + "|",
            row("events a VPC and day", *(f"{found[each]['rate']['events']:g}" for each in names)),
            row("drifts a VPC and week", *(f"{found[each]['rate']['drift']:g}" for each in names)),
            *(row(line, *(money(found[each]["lines"][line]) for each in names)) for line in first["lines"]),
            row("**in all**", *(money(found[each]["in all"]) for each in names)),
            *(row(line, *(f"{found[each][line]:,}" for each in names)) for line in (_INTAKE, _CALLS)),
            *(
                row(f"AWS Config: {line}", *(money(found[each]["AWS Config"][line]) for each in names))
                for line in first["AWS Config"]
            ),
            row("the endpoints", *(money(found[each]["endpoints"]) for each in names)),
            "",
            prices.in_words(),
        ]
    )


HOW_TO_READ = f"""{VPCS:,} opted-in VPCs, {VPCS_AN_ACCOUNT} an account, in us-east-1. What is done is that of
a simulated day of {_SIMULATED} accounts, without new VPCs, at the prices below, times a month; "A simulated
day in an organisation" says what of it is measured and what assumed. An invocation takes its CPU here on 512
MB's share of a core, and what it waits for AWS, which is assumed. Free tiers are not taken off. Lambda polls
each queue by five pollers, each 20 s; a VPC has 10 KB in the ledger.

AWS Config, for comparison: a recorder of VPCs, subnets, route tables, security groups and endpoints has an
item for each of the same changes, and one rule is evaluated for each; one more looks at each VPC a day. Left
out are remediation by SSM Automation (no price was found), the functions of custom rules, and what is
recorded first.

Left out on our side: KMS (a few calls of the ledger's), EventBridge Scheduler, what the dashboard's queries
scan, and the trail. The endpoints are those of profile `appmesh` in three zones, without traffic."""


def for_readme(found: dict[str, Any]) -> str:
    """The README's table: the lines of several kinds as one."""
    names = list(found)
    watching = ("metrics of what happens", "metrics of sweeps", "alarms", "dashboard")

    def row(what: str, figures: list[str]) -> str:
        return f"| {what} | {' | '.join(figures)} |"

    def money(value: float) -> str:
        return f"${value:,.0f}"

    def sums(of: str, *, watched: bool) -> float:
        lines: dict[str, float] = found[of]["lines"]
        return sum(value for name, value in lines.items() if (name in watching) == watched)

    rates = [f"{found[each]['rate']['events']:g}; {found[each]['rate']['drift']:g}" for each in names]
    return "\n".join(
        [
            row("1,000 VPCs in ten accounts, a month", names),
            "|---" * (len(names) + 1) + "|",
            row("events a VPC and day; drifts a VPC and week", rates),
            row("Lambda, queues, ledger, logs, events", [money(sums(each, watched=False)) for each in names]),
            row("metrics, alarms, dashboards", [money(sums(each, watched=True)) for each in names]),
            row(
                "beside it, AWS Config: items and evaluations of the same changes",
                [money(sum(found[each]["AWS Config"].values())) for each in names],
            ),
            row(
                "the endpoints: `appmesh` in three zones", [money(found[each]["endpoints"]) for each in names]
            ),
        ]
    )
