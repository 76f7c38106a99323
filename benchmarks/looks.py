"""Looks at an account's VPCs over HTTP by a process of another program or of this one: what it calls, finds
and puts right, and what it takes.

EC2 is the sandbox's. It counts the calls, and says itself what was put right.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import tests.conftest  # noqa: F401 - the environment of the functions
from benchmarks import cold_start
from sandbox.ec2.server import serving
from sandbox.trail.cloudtrail import cloudtrail_event
from tests.account import ROLE, Account

CUSTODIAN = cold_start.ROOT / ".tools" / "custodian" / "bin" / "python"
POLICIES = cold_start.ROOT / "benchmarks" / "custodian" / "policies.yml"
# Linux knows the most memory that a program had.
_MEMORY = 'print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM:")))'
# The command `custodian` does no more.
_CUSTODIAN = f"from c7n.cli import main\ntry:\n    main()\nfinally:\n    {_MEMORY}"
_OURS = f"import sys\nfrom benchmarks.one_process import main\nmain(sys.argv[1])\n{_MEMORY}"
_IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>arn:aws:iam::{0}:user/custodian</Arn><UserId>AIDACUSTODIAN</UserId>
<Account>{0}</Account></GetCallerIdentityResult>
<ResponseMetadata><RequestId>one</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""


class Fault(StrEnum):
    """What may be broken in a VPC."""

    NO_ENDPOINTS = "endpoints deleted"
    RULE_GONE = "group's rule revoked"
    OPEN_RULE = "0.0.0.0/0 let in"
    DNS_OFF = "DNS hostnames off"


@dataclass
class Scene:
    """An account in which every VPC has opted in. `blocks` are what the group of each lets in when all is
    well. `unswept` is what the ledger knew before the first sweep, `swept` after it. `broken` has the fault
    of each VPC that has one, and `events` are CloudTrail's of how it came about."""

    account: Account
    blocks: Mapping[str, Sequence[str]]
    unswept: list[Any]
    swept: list[Any]
    broken: dict[str, Fault] = field(default_factory=dict)
    events: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Looked:
    """What a process did. `calls` are those of EC2 by name; `wall` and `cpu` are seconds, `memory` MiB.
    `found` and `fixed` say of how many VPCs with each fault it named the fault's VPC, and put it right;
    `mistaken` counts the VPCs that it named and in which all is well."""

    calls: Mapping[str, int]
    wall: float
    cpu: float
    memory: float
    found: Mapping[str, int]
    fixed: Mapping[str, int]
    mistaken: int


def make(count: int) -> Scene:
    """An account with so many VPCs, at most 255, all as they should be; an hour after its first sweep."""
    account = Account()
    vpc_ids = [account.converged_vpc(number=number) for number in range(1, 1 + count)]
    unswept = list(deepcopy(account.dynamo.items).values())
    account.sweep()
    account.clock.advance(3600)
    # Nothing waits here: what is made is there at once.
    account.ec2.world.timings.create = account.ec2.world.timings.modify = 0
    return Scene(
        account,
        {each: [block["CidrIp"] for block in _rules(account, each)[0]["IpRanges"]] for each in vpc_ids},
        unswept,
        list(deepcopy(account.dynamo.items).values()),
    )


def break_some(scene: Scene) -> Scene:
    """The same with each fault in a tenth of the VPCs."""
    twin = deepcopy(scene)
    account, vpc_ids, told = twin.account, list(twin.blocks), len(twin.account.ec2.calls)
    some = len(vpc_ids) // 10
    for number, fault in enumerate(Fault):
        for vpc_id in vpc_ids[number * some : (number + 1) * some]:
            _break(account, vpc_id, fault)
            twin.broken[vpc_id] = fault
    made = [call for call in account.ec2.calls[told:] if call.mutating]
    twin.events = [cloudtrail_event(call, account.ec2.account, account.ec2.region) for call in made]
    account.clock.advance(120)
    return twin


def _break(account: Account, vpc_id: str, fault: Fault) -> None:
    ec2, group = account.customer, account.truth.owned_group(vpc_id)
    assert group
    match fault:
        case Fault.NO_ENDPOINTS:
            ids = [each["VpcEndpointId"] for each in account.truth.endpoints(vpc_id)]
            ec2.delete_vpc_endpoints(VpcEndpointIds=ids)
        case Fault.RULE_GONE:
            rules: Any = _rules(account, vpc_id)
            ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=rules)
        case Fault.OPEN_RULE:
            rules = [_https("0.0.0.0/0")]
            ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=rules)
        case Fault.DNS_OFF:
            ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})


def _rules(account: Account, vpc_id: str) -> Any:
    group = account.truth.owned_group(vpc_id)
    assert group
    return group["IpPermissions"]


def _https(block: str) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": block}]}


# ---- who looks


def by_custodian(scene: Scene, by_vpc: bool) -> Looked:
    """A run of Cloud Custodian. `by_vpc`: also with policies that have written down what the group of each
    VPC is to let in."""

    def start(folder: Path, url: str) -> tuple[_Used, set[str]]:
        policies, out = [str(POLICIES)], folder / "out"
        if by_vpc:
            of_groups = {"policies": [_policy(*each) for each in scene.blocks.items()]}
            (folder / "groups.json").write_text(json.dumps(of_groups), "utf-8")
            policies.append(str(folder / "groups.json"))
        account_id, region = scene.account.ec2.account, scene.account.ec2.region
        # Lists are kept between policies, and not between runs: a run sees what is there.
        command = ["run", "-r", region, "-f", "memory", "-s", str(out), *policies]
        with serving(lambda *_: (200, _IDENTITY.format(account_id).encode()), 0) as sts:
            environment = {
                "HOME": str(folder),
                "AWS_DEFAULT_REGION": region,
                "AWS_ACCESS_KEY_ID": "custodian",
                "AWS_SECRET_ACCESS_KEY": "testing",
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_ENDPOINT_URL_EC2": url,
                "AWS_ENDPOINT_URL_STS": sts,
            }
            used = _start([str(CUSTODIAN), "-B", "-c", _CUSTODIAN, *command], environment, folder)
        written = [json.loads(each.read_text("utf-8")) for each in out.glob("*/resources.json")]
        return used, {each["VpcId"] for resources in written for each in resources}

    return _look(scene, start)


def _policy(vpc_id: str, blocks: Sequence[str]) -> dict[str, Any]:
    """One that finds the group of a VPC where it does not let all of these in, and lets them in."""
    there = [{"type": "ingress", "IpProtocol": "tcp", "Ports": [443], "Cidr": each} for each in blocks]
    added = {"type": "set-permissions", "add-ingress": [{"IpPermissions": [_https(each) for each in blocks]}]}
    return {
        "name": f"group-of-{vpc_id}",
        "resource": "aws.security-group",
        "filters": [{"tag:vpce-remediator:vpc": vpc_id}, {"not": [{"and": there}]}],
        "actions": [added],
    }


def by_sweep(scene: Scene, ledger: list[Any]) -> Looked:
    """A sweep of this program, and the runs that it asks for. `ledger` is what is known."""
    return _look(scene, _ours(scene, ledger, []))


def by_events(scene: Scene) -> Looked:
    """The runs of this program that the events ask for."""
    return _look(scene, _ours(scene, scene.swept, scene.events))


def _ours(scene: Scene, ledger: list[Any], events: list[Any]) -> Start:
    def start(folder: Path, url: str) -> tuple[_Used, set[str]]:
        task = {"now": scene.account.clock.now(), "ledger": ledger, "events": events}
        (folder / "task.json").write_text(json.dumps(task), "utf-8")
        environment = cold_start.Kind(cold_start.ROOT, cold_start.LAYER).environment() | {
            "AWS_ACCESS_KEY_ID": scene.account.ec2.principals.key_of(ROLE),
            "AWS_ENDPOINT_URL_EC2": url,
            # Custodian goes by no budget of endpoint calls.
            "ENDPOINT_WRITE_RATE": "1000",
            "ENDPOINT_WRITE_BURST": "1000",
        }
        used = _start([str(cold_start.PYTHON), "-B", "-c", _OURS, str(folder)], environment, folder)
        return used, set(json.loads((folder / "done.json").read_text("utf-8"))["asked"])

    return start


# ---- how it is watched


@dataclass(frozen=True)
class _Used:
    wall: float
    cpu: float
    memory: float


Start = Callable[[Path, str], tuple[_Used, set[str]]]
"""Starts a process, given a folder and EC2's URL; says what it used, and which VPCs it found to differ."""


def _look(scene: Scene, start: Start) -> Looked:
    """What a process does to a scene; the scene itself stays as it is."""
    twin = deepcopy(scene.account)
    before = len(twin.ec2.calls)
    with tempfile.TemporaryDirectory() as folder, twin.ec2.serve() as url:
        used, named = start(Path(folder), url)
    calls = Counter(call.action for call in twin.ec2.calls[before:])
    twin.clock.advance(300)
    fixed = {vpc_id for vpc_id in scene.broken if not twin.truth.faults(vpc_id)}
    return Looked(
        dict(sorted(calls.items())),
        used.wall,
        used.cpu,
        used.memory,
        _by_fault(scene, named),
        _by_fault(scene, fixed),
        len(named - scene.broken.keys()),
    )


def _by_fault(scene: Scene, vpc_ids: set[str]) -> dict[str, int]:
    return {fault: sum(scene.broken.get(each) is fault for each in vpc_ids) for fault in Fault}


def _start(command: list[str], environment: dict[str, str], folder: Path) -> _Used:
    said = folder / "said.txt"
    began = time.perf_counter()
    with (
        said.open("w") as errors,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        assert process.stdout
        out = process.stdout.read().decode()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    most = re.search(r"VmHWM:\s+(\d+) kB", out)
    if process.returncode or not most:
        sys.exit(f"{Path(command[0]).parts[-3]} failed:\n{said.read_text()[-3000:]}")
    return _Used(wall, used.ru_utime + used.ru_stime, int(most[1]) / 1024)
