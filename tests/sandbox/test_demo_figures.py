"""What the demo tells adds up, and names things without ids."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from sandbox.control_plane.emf import Metric
from sandbox.demo.close_up import mentions, what
from sandbox.demo.metrics_table import (
    calls_by_function,
    contested,
    drift_rows,
    drift_table,
    metrics_tables,
    vpcs_by_state,
)
from sandbox.ec2 import Ec2, IamUser


def metric(name: str, *values: float, unit: str = "Count", of: str = "", **properties: object) -> Metric:
    dimensions = {"Kind" if name.startswith("Drift") else "Function": of} if of else {}
    return Metric("VpcEndpointRemediator", name, unit, dimensions, values, 0.0, properties)


def shown(*tables: Table) -> list[list[str]]:
    """The cells of the tables, row by row."""
    console = Console(width=120)
    with console.capture() as captured:
        for table in tables:
            console.print(table)
    return [
        [cell.strip() for cell in line.split("│")[1:-1]]
        for line in captured.get().splitlines()
        if "│" in line
    ]


_DRIFT: Sequence[Metric] = (
    metric("DriftDetected", 2, of="endpoint-missing", vpc_id="vpc-1"),
    metric("DriftDetected", 3, of="endpoint-missing", vpc_id="vpc-audited"),
    metric("DriftDetected", 1, of="group-missing", vpc_id="vpc-audited"),
    metric("DriftRemediated", 1, of="endpoint-missing", vpc_id="vpc-1"),
    metric("DriftContested", 1, of="endpoint-missing", vpc_id="vpc-1"),
)


def test_each_kind_of_drift_is_remediated_or_only_reported_or_neither() -> None:
    assert drift_rows(_DRIFT, "vpc-audited") == {
        "endpoint-missing": (5, 1, 3, 1),
        "group-missing": (1, 0, 1, 0),
    }
    for row in shown(drift_table(_DRIFT, "vpc-audited")):
        detected, *parts = map(int, row[1:])
        assert detected == sum(parts)


def test_more_remediated_than_detected_is_a_rest_below_zero() -> None:
    metrics = [metric("DriftRemediated", 1, of="endpoint-missing", vpc_id="vpc-1")]
    assert drift_rows(metrics, "")["endpoint-missing"] == (0, 1, 0, -1)


def test_what_is_contested_is_counted_apart() -> None:
    assert contested(_DRIFT) == 1
    assert shown(*metrics_tables(_DRIFT, {})) == []


def test_of_the_states_of_vpcs_the_last_sweep_counts_and_names_them() -> None:
    metrics = [
        metric("VpcsInSync", 1, vpc_ids=["vpc-1"]),
        metric("VpcsInSync", 2, vpc_ids=["vpc-1", "vpc-2"]),
        metric("VpcsDrifted", 0, vpc_ids=[]),
    ]
    assert vpcs_by_state(metrics) == {"VpcsInSync": ["vpc-1", "vpc-2"], "VpcsDrifted": []}
    assert shown(*metrics_tables(metrics, {"vpc-1": "web", "vpc-2": "orders"})) == [
        ["VpcsDrifted", "0 at the last sweep"],
        ["VpcsInSync", "2 at the last sweep: orders, web"],
    ]


def test_the_calls_that_functions_say_that_they_made_are_summed() -> None:
    metrics = [metric("Ec2Calls", 9, 2, of="reconcile"), metric("Ec2Calls", 1, of="sweep")]
    assert calls_by_function(metrics) == {"reconcile": 11, "sweep": 1}


def test_times_are_told_with_how_many_runs_published_them() -> None:
    metrics = [metric("TimeToConverge", 2000, 4000, unit="Milliseconds")]
    assert shown(*metrics_tables(metrics, {})) == [["TimeToConverge", "median 3.0 s, most 4.0 s, of 2 runs"]]


def test_a_call_is_told_by_what_it_changed() -> None:
    ec2 = Ec2()
    client = ec2.client(IamUser("ann"))
    vpc = client.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    other = client.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    client.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    group = client.create_security_group(GroupName="web", Description="x", VpcId=vpc)["GroupId"]
    client.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
        ],
    )
    told = [what(call) for call in ec2.calls if mentions(call, frozenset({vpc, group}))]
    assert told == [
        "CidrBlock: 10.0.0.0/16",
        "EnableDnsHostnames: True",
        "GroupName: web",
        f"GroupId: {group}; IpPermissions: 443/tcp from 10.0.0.0/16",
    ]
    assert not [
        call for call in ec2.calls if mentions(call, frozenset({vpc})) and mentions(call, frozenset({other}))
    ]
