"""EC2 calls: of a run, of intake, and of a sweep as the number of VPCs grows."""

from __future__ import annotations

from typing import Any

import tests.conftest  # noqa: F401 - the environment of the functions
from sandbox.ec2 import Call
from sandbox.networks import make_subnet
from tests.account import Account
from tests.storm import storm

TITLE = "EC2 calls"
SWEPT = (10, 100, 1000)


def measure() -> dict[str, Any]:
    """Counts, the same on every machine."""
    return {"runs": _runs(), "intake": _intake(), "sweeps": {str(count): _sweep(count) for count in SWEPT}}


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


def _intake() -> dict[str, int]:
    """Two storms of which one has ten times as many events of others."""
    few, many = storm(5, 20, 500), storm(5, 20, 5000)
    return {
        "events": few.sent,
        "calls": sum(few.batches),
        "ten times the events": many.sent,
        "calls for them": sum(many.batches),
        "most calls of a batch": max(*few.batches, *many.batches),
    }


def _sweep(count: int) -> dict[str, int]:
    """The third sweep of so many VPCs, an hour after the one before: the first reads all DNS attributes."""
    account = Account()
    for number in range(count):
        vpc_id = account.customer.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        make_subnet(account.customer, vpc_id, "abc"[number % 3], "10.1.1.0/24")
        account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
        account.tag(vpc_id, profile="appmesh")
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
    intake, sweeps = found["intake"], found["sweeps"]
    small, large = min(sweeps, key=int), max(sweeps, key=int)
    slope = (sweeps[large]["the third"] - sweeps[small]["the third"]) / (int(large) - int(small))
    return "\n".join(
        [
            "Counted on the sandbox's EC2, with pages of 1,000. In runs, a VPC has three private subnets and",
            "the profile `appmesh`; swept ones have a subnet each, and no endpoints yet.",
            "",
            "| run | reads | writes |",
            "|---|---|---|",
            *(f"| {name} | {each['reads']} | {each['writes']} |" for name, each in found["runs"].items()),
            "",
            f"Intake made {intake['calls']} calls for {intake['events']} events within a minute, and "
            f"{intake['calls for them']} for {intake['ten times the events']}; at most "
            f"{intake['most calls of a batch']} for one batch.",
            "",
            "| opted-in VPCs | first sweep | second | third |",
            "|---|---|---|---|",
            *(
                f"| {count} | {each['the first']} | {each['the second']} | {each['the third']} |"
                for count, each in sweeps.items()
            ),
            "",
            f"A VPC more costs {slope:.2f} calls of the third sweep. The first one reads the DNS attributes",
            "of all, those after it those of a twenty-fourth.",
        ]
    )
