"""EC2 calls: of a run, of intake, and of a sweep as the number of VPCs grows; what an invocation takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tests.conftest  # noqa: F401 - the environment of the functions
from benchmarks import weights
from sandbox.ec2 import Call
from sandbox.networks import make_subnet
from tests.account import INSTALLATION, Account
from tests.storm import storm

TITLE = "EC2 calls"
SWEPT = (10, 100, 1000, 5000)


_OPTED_IN: Any = [
    {"ResourceType": "vpc", "Tags": [{"Key": INSTALLATION.profile_key, "Value": "appmesh"}]},
]


def measure() -> dict[str, Any]:
    """Counts, the same on every machine, and CPU time, which is this one's."""
    sweeps = {str(count): _sweep(count) for count in SWEPT}
    return {
        "runs": _runs(),
        "intake": _intake(),
        "sweeps": sweeps,
        "slope": slope({int(count): found["the third"] for count, found in sweeps.items()}),
        "weights": weights.weigh(),
    }


def _runs() -> dict[str, dict[str, int]]:
    account = Account()
    found = {}
    with account.calls() as calls:
        vpc_id = account.vpc("abc")
        runs = account.converge(vpc_id)
    found[f"new, until converged in {len(runs)} runs"] = _counted(account, calls)
    with account.calls() as calls:
        account.one_run(vpc_id)
    found["as it should be, warm"] = _counted(account, calls)
    account.observer = account.new_observer()
    with account.calls() as calls:
        account.one_run(vpc_id)
    found["as it should be, cold"] = _counted(account, calls)
    account.clock.advance(3600)
    endpoint = account.truth.endpoints(vpc_id)[0]
    group = account.truth.owned_group(vpc_id)
    assert group
    account.customer.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    account.customer.revoke_security_group_ingress(
        GroupId=group["GroupId"], IpPermissions=group["IpPermissions"]
    )
    account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})
    account.clock.advance(120)
    with account.calls() as calls:
        runs = account.converge(vpc_id)
    found[f"endpoint deleted, rules revoked, DNS off: {len(runs)} runs"] = _counted(account, calls)
    return found


def _intake() -> dict[str, dict[str, float]]:
    """Two storms of which one has ten times as many events of others."""
    found = {}
    for events in (500, 5000):
        lived = storm(5, 20, events)
        found[str(events)] = {
            "events": lived.sent,
            "batches": len(lived.batches),
            "calls": sum(lived.batches),
            "calls per 1,000 events": round(1000 * sum(lived.batches) / lived.sent, 1),
            "most calls of a batch": max(lived.batches),
        }
    return found


def slope(points: Mapping[int, int]) -> dict[str, float]:
    """The straight line through the points by least squares: the calls that a VPC more costs, and those that
    there are without any; and how far the worst point is from it, as a share."""
    across, up = sum(points) / len(points), sum(points.values()) / len(points)
    spread = sum((count - across) ** 2 for count in points)
    a_vpc = sum((count - across) * (calls - up) for count, calls in points.items()) / spread
    base = up - a_vpc * across
    off = max(abs(calls - base - a_vpc * count) / calls for count, calls in points.items())
    return {"a VPC more": round(a_vpc, 4), "base": round(base, 1), "worst point off": round(off, 3)}


def _sweep(count: int) -> dict[str, int]:
    """The third sweep of so many VPCs, an hour after the one before: the first reads all DNS attributes."""
    account = Account()
    for number in range(count):
        vpc_id = account.customer.create_vpc(CidrBlock="10.1.0.0/16", TagSpecifications=_OPTED_IN)["Vpc"][
            "VpcId"
        ]
        make_subnet(account.customer, vpc_id, "abc"[number % 3], "10.1.1.0/24")
        account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    found = {}
    for name in ("the first", "the second", "the third"):
        with account.calls() as calls:
            account.sweep()
        found[name] = len(calls)
        account.clock.advance(3600)
    return found


def _counted(account: Account, calls: list[Call]) -> dict[str, int]:
    writes = len(account.writes(calls))
    return {"reads": len(calls) - writes, "writes": writes}


def in_words(found: dict[str, Any]) -> str:
    """The tables, and how to read them."""
    line = found["slope"]
    return "\n".join(
        [
            "Counted on the sandbox's EC2, with pages of 1,000. In runs, a VPC has three private subnets and",
            "the profile `appmesh`; swept ones have a subnet each, and no endpoints yet.",
            "",
            "| run | reads | writes |",
            "|---|---|---|",
            *(f"| {name} | {each['reads']} | {each['writes']} |" for name, each in found["runs"].items()),
            "",
            "Intake, of a storm of events within a minute. The number of calls goes by that of the batches,",
            "whatever is in them:",
            "",
            "| events | batches | calls | calls per 1,000 events | most calls of a batch |",
            "|---|---|---|---|---|",
            *(
                f"| {each['events']} | {each['batches']} | {each['calls']} "
                f"| {each['calls per 1,000 events']} | {each['most calls of a batch']} |"
                for each in found["intake"].values()
            ),
            "",
            "| opted-in VPCs | first sweep | second | third |",
            "|---|---|---|---|",
            *(
                f"| {count} | {each['the first']} | {each['the second']} | {each['the third']} |"
                for count, each in found["sweeps"].items()
            ),
            "",
            f"The third sweep takes {line['base']:.1f} calls, and {line['a VPC more']:.3f} for each VPC, by",
            "least squares over these sizes. The worst one is",
            f"{line['worst point off']:.0%} off: of few VPCs, more or fewer fall into a share. The first",
            "sweep reads the DNS attributes of all VPCs, those after it those of a twenty-fourth.",
            "",
            f"What an invocation takes, in an account with {weights.VPCS} VPCs that are as they should be,",
            "once its process is warm. CPU is the handler's on this machine, without the sandbox's. Units",
            "are those that DynamoDB bills; the log has the metrics too. CPU is the median of "
            f"{weights.TURNS} turns, all",
            "else the most.",
            "",
            "| invocation | EC2 calls | CPU | log | units read | units written | messages | finding events |",
            "|---|---|---|---|---|---|---|---|",
            *(
                f"| {weights.LABELS.get(name, name)} | {each['calls']} | {each['cpu'] * 1000:.1f} ms "
                f"| {each['log_bytes']} B | {each['ledger_reads']} | {each['ledger_writes']} "
                f"| {each['messages']} | {each['events']} |"
                for name, each in found["weights"]["invocations"].items()
            ),
        ]
    )
