"""Whatever call fails, whatever answer is lost, wherever the function dies: the next runs make it good.

Every call of a run that goes well is struck, and the run comes to the same end: all is as it should be,
nothing is double, no endpoint more was ever made, and what is someone else's stands as it stood. Meanwhile
`guard.Guard` watches each call.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import pytest
from moto.moto_api._internal import mock_random

from reconciler import requeue
from reconciler.conclusion import Ending
from reconciler.messages import RunRequest
from sandbox.ec2 import Call, ConnectionLost, Killed
from sandbox.ec2.faults import Effect
from sandbox.truth import APP_MESH, LOGS
from tests.account import DEBOUNCE, INSTALLATION
from tests.ec2.worlds import EVERYWHERE, LETTING_IN, RUNS, LivedIn

# How long SQS keeps a message from being seen again whose function was killed.
VISIBILITY_TIMEOUT = 120
Scene: TypeAlias = Callable[[], LivedIn]


@dataclass(frozen=True)
class Fault:
    """What strikes a call, before its work or once it is done."""

    effect: Effect
    done: bool = False


# A call that fails, is done and never answered, and at which the function dies, before it and after it.
FAULTS = (
    Fault("RequestLimitExceeded"),
    Fault(ConnectionLost, done=True),
    Fault(Killed),
    Fault(Killed, done=True),
)
# All reads come before the first write: one that fails, and one at which the function dies, leave the same.
ON_READS = FAULTS[:1]


def new() -> LivedIn:
    """A new VPC, nothing made yet."""
    vpc = LivedIn("abc")
    vpc.ask("appmesh")
    return vpc


def new_and_late() -> LivedIn:
    """A new VPC, and all that is made or changed from now on is shown late."""
    vpc = new()
    vpc.aws.show_late("*", 2 * DEBOUNCE)
    return vpc


def broken() -> LivedIn:
    """All is broken that can be at once, and yet 443 is open to all."""
    vpc = LivedIn("ab")
    vpc.ask("appmesh")
    vpc.converge()
    vpc.let_time_pass(3600)
    mesh, logs = (vpc.truth.endpoints(vpc.vpc_id, each)[0]["VpcEndpointId"] for each in (APP_MESH, LOGS))
    (group,) = vpc.owned_groups
    vpc.open_group({"IpProtocol": "tcp", "FromPort": 0, "ToPort": 999, "IpRanges": [{"CidrIp": EVERYWHERE}]})
    vpc.close_group(0)
    vpc.let_group_out()
    vpc.make_subnet("c")
    vpc.turn_dns_off(support=False)
    vpc.api.modify_vpc_endpoint(
        VpcEndpointId=mesh, PrivateDnsEnabled=False, AddSecurityGroupIds=[vpc.their_group]
    )
    vpc.api.modify_vpc_endpoint(
        VpcEndpointId=logs, AddSecurityGroupIds=[vpc.their_group], RemoveSecurityGroupIds=[group]
    )
    vpc.api.delete_tags(Resources=[mesh, group], Tags=[{"Key": INSTALLATION.owner_key}])
    vpc.let_time_pass(60)
    return vpc


def replaced() -> LivedIn:
    """One endpoint failed, and one was deleted."""
    vpc = LivedIn("ab")
    vpc.ask("appmesh")
    vpc.converge()
    vpc.let_time_pass(3600)
    mesh, logs = (vpc.truth.endpoints(vpc.vpc_id, each)[0]["VpcEndpointId"] for each in (APP_MESH, LOGS))
    vpc.aws.force_state(mesh, "failed")
    vpc.delete_endpoint_of(logs)
    return vpc


def left() -> LivedIn:
    """The VPC asks for nothing any more; one of its endpoints is someone else's, which was adopted."""
    vpc = LivedIn("ab")
    vpc.make_endpoint(LOGS, [0], "their group", private_dns=False)
    vpc.let_time_pass(120)
    vpc.ask("appmesh")
    vpc.converge()
    vpc.let_time_pass(3600)
    vpc.ask(None)
    vpc.let_time_pass(60)
    return vpc


def run(vpc: LivedIn) -> tuple[list[Call], Ending]:
    """Runs, as the queue asks for them, until the VPC is no longer requeued: their calls, and the end.

    The message of a run that died comes back as it was, to a function that starts cold.
    """
    request = RunRequest(vpc.vpc_id, first_seen=int(vpc.account.clock.now() * 1000))
    with vpc.account.calls() as calls:
        for _ in range(RUNS):
            try:
                done = vpc.account.one_run(vpc.vpc_id, request)
            except Killed:
                vpc.start_cold()
                vpc.let_time_pass(VISIBILITY_TIMEOUT)
                continue
            if done.ending is not Ending.REQUEUED:
                break
            request = requeue.next_request(done, DEBOUNCE, vpc.account.clock.now())
            vpc.let_time_pass(max(DEBOUNCE, request.not_before / 1000 - vpc.account.clock.now()))
        else:
            raise AssertionError(f"still requeued after {RUNS} runs: {done}")
    return calls, done.ending


def made(vpc: LivedIn) -> int:
    """How many endpoints the remediator ever made, whether it heard of them or not."""
    return len({endpoint.id for _, endpoint in vpc.account.ec2.world.tokens.values()})


def verdict(vpc: LivedIn) -> list[str]:
    """What is not as it should be in the end."""
    vpc.let_time_pass(600)
    wrong = list(vpc.guard.violations)
    if INSTALLATION.profile_key not in vpc.tags(vpc.vpc_id):
        return [*wrong, *(f"{each} is left" for each in vpc.owned_things)]
    wrong += vpc.truth.faults(vpc.vpc_id)
    owned = [each["ServiceName"] for each in vpc.endpoints if vpc.owned(each["VpcEndpointId"])]
    if sorted(owned) != sorted((APP_MESH, LOGS)):
        wrong.append(f"owned endpoints: {owned}")
    if len(vpc.owned_groups) != 1:
        wrong.append(f"owned groups: {vpc.owned_groups}")
    return wrong


def outcome(vpc: LivedIn) -> tuple[list[str], Ending | None, int, object]:
    """All that must be the same with a fault and without: what is wrong (nothing), how the runs end, how
    many endpoints were ever made, and what is someone else's."""
    try:
        _, ending = run(vpc)
    except AssertionError as error:
        return [str(error)], None, 0, {}
    return verdict(vpc), ending, made(vpc), vpc.given(set())


@cache
def first(scene: Scene) -> tuple[LivedIn, tuple[Any, ...]]:
    """A scene as it was played, and what the ids to come are drawn from."""
    return scene(), mock_random.getstate()


def again(scene: Scene) -> LivedIn:
    """The scene as it was played first, the ids to come too."""
    vpc, ids = first(scene)
    mock_random.setstate(ids)
    return deepcopy(vpc)


def struck(scene: Scene, nth: int, fault: Fault) -> LivedIn:
    vpc = again(scene)
    vpc.account.ec2.faults.on_nth_call(nth, fault.effect, done=fault.done)
    return vpc


@pytest.mark.parametrize("scene", [new, broken, replaced, left])
def test_any_call_may_go_wrong_once(scene: Scene) -> None:
    calls, _ = run(again(scene))
    wanted = outcome(again(scene))
    assert wanted[0] == []
    for nth, call in enumerate(calls, start=1):
        for fault in FAULTS if call.mutating else ON_READS:
            found = outcome(struck(scene, nth, fault))
            assert found == wanted, f"call {nth}, {call.action} {call.params}, {fault}"


def test_any_write_may_go_wrong_once_while_what_is_made_is_shown_late() -> None:
    calls, _ = run(again(new_and_late))
    wanted = outcome(again(new_and_late))
    assert wanted[0] == []
    for nth, call in enumerate(calls, start=1):
        for fault in FAULTS if call.mutating else ():
            found = outcome(struck(new_and_late, nth, fault))
            assert found == wanted, f"call {nth}, {call.action} {call.params}, {fault}"


@pytest.mark.parametrize("fault", FAULTS[:3], ids=["refused", "answer lost", "killed"])
def test_any_read_may_go_wrong_among_reads_that_run_side_by_side(fault: Fault) -> None:
    wanted = outcome(again(new))
    for nth in range(1, 10):
        vpc = struck(new, nth, fault)
        vpc.account.observer = vpc.account.new_observer()
        assert outcome(vpc) == wanted, f"call {nth}"


def test_a_rule_that_is_there_and_not_shown_keeps_no_other_out() -> None:
    """EC2 takes none of a batch of which one is there already; what is too wide stays till all are in."""
    vpc = LivedIn("a")
    vpc.ask("appmesh")
    vpc.converge()
    (exact,) = vpc.truth.groups(vpc.vpc_id)[-1]["IpPermissions"]
    vpc.open_group(LETTING_IN[0])
    vpc.api.revoke_security_group_ingress(GroupId=vpc.owned_groups[0], IpPermissions=[exact])
    vpc.make_subnet("b")
    vpc.aws.show_late("rule", 100)
    vpc.open_group(exact)
    vpc.one_run()
    assert vpc.guard.open() == {(service, subnet) for service in (APP_MESH, LOGS) for subnet in vpc.subnets}
    vpc.come_to_rest()
    assert vpc.unexplained_faults() == []
