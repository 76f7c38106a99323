"""Every EC2 call of a healing run fails once: before its work, after it with the answer lost, and with the
function killed. The next passes converge, and nothing is double or orphaned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from reconciler.passes import Ending
from sandbox.ec2 import ConnectionLost, Killed
from sandbox.truth import APP_MESH, LOGS
from tests.account import DEBOUNCE, OWNERSHIP, Account

# How long SQS keeps a message from being seen again whose function was killed.
VISIBILITY_TIMEOUT = 120


@dataclass(frozen=True)
class Fault:
    """What strikes one call: an error code or an end, before the call's work or after it."""

    effect: str | type[ConnectionLost] | type[Killed]
    done: bool


FAULTS = {
    "refused": Fault("InternalError", done=False),
    "throttled": Fault("RequestLimitExceeded", done=False),
    "answer lost": Fault(ConnectionLost, done=True),
    "killed": Fault(Killed, done=True),
}


def a_new_vpc(account: Account) -> str:
    return account.vpc("ab")


def a_broken_vpc(account: Account) -> str:
    """An endpoint gone, the group opened and given egress, DNS off, a tag gone, a subnet in a new zone."""
    vpc_id = account.converged_vpc("ab")
    group = account.truth.owned_group(vpc_id)
    assert group is not None
    logs, mesh = (account.truth.endpoints(vpc_id, name)[0]["VpcEndpointId"] for name in (LOGS, APP_MESH))
    customer = account.customer
    customer.delete_vpc_endpoints(VpcEndpointIds=[mesh])
    customer.authorize_security_group_ingress(
        GroupId=group["GroupId"], IpProtocol="tcp", FromPort=1, ToPort=443, CidrIp="0.0.0.0/0"
    )
    customer.authorize_security_group_egress(
        GroupId=group["GroupId"],
        IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    )
    customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})
    customer.delete_tags(Resources=[logs], Tags=[{"Key": OWNERSHIP.owner_key}])
    account.subnet(vpc_id, "c", "10.1.50.0/24")
    account.clock.advance(200)
    return vpc_id


def an_untagged_vpc(account: Account) -> str:
    vpc_id = account.converged_vpc("ab")
    account.customer.delete_tags(Resources=[vpc_id], Tags=[{"Key": OWNERSHIP.profile_key}])
    return vpc_id


def settle(account: Account, vpc_id: str) -> Ending:
    """Passes as the queue would make them, also after one that was killed, until the VPC comes round no
    more."""
    request = None
    for _ in range(40):
        try:
            done = account.one_pass(vpc_id, request)
        except Killed:
            account.clock.advance(VISIBILITY_TIMEOUT)
            continue
        if done.ending is not Ending.AGAIN:
            return done.ending
        request = account.next_round(done)
        account.clock.advance(max(DEBOUNCE, request.not_before / 1000 - account.clock.now()))
    raise AssertionError(f"still not settled: {done}")


def nothing_is_double_or_orphaned(account: Account, vpc_id: str) -> None:
    account.clock.advance(600)
    groups = [group for group in account.truth.groups(vpc_id) if group["GroupName"] != "default"]
    endpoints = account.truth.endpoints(vpc_id)
    owned = [OWNERSHIP.owner_key in account.ec2.tags_of(each["VpcEndpointId"]) for each in endpoints]
    assert all(owned)
    if account.ec2.tags_of(vpc_id).get(OWNERSHIP.profile_key):
        assert account.truth.faults(vpc_id) == []
        assert len(groups) == 1
        assert sorted(each["ServiceName"] for each in endpoints) == sorted([APP_MESH, LOGS])
    else:
        assert groups == []
        assert endpoints == []


def calls_of_a_clean_run(start: Callable[[Account], str]) -> int:
    account = Account()
    vpc_id = start(account)
    with account.calls() as calls:
        settle(account, vpc_id)
    return len(calls)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
@pytest.mark.parametrize(
    "start", [a_new_vpc, a_broken_vpc, an_untagged_vpc], ids=lambda start: start.__name__
)
def test_any_one_call_may_fail(start: Callable[[Account], str], fault: Fault) -> None:
    for number in range(1, calls_of_a_clean_run(start) + 1):
        account = Account()
        vpc_id = start(account)
        account.ec2.faults.on_nth_call(number, fault.effect, done=fault.done)
        ending = settle(account, vpc_id)
        assert ending in (Ending.CONVERGED, Ending.LEFT_ALONE), f"call {number}"
        nothing_is_double_or_orphaned(account, vpc_id)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_any_one_call_may_fail_while_ec2_is_late_in_showing_what_was_made(fault: Fault) -> None:
    for number in range(1, 17):  # the first pass, which makes everything
        account = Account()
        vpc_id = a_new_vpc(account)
        account.ec2.aws.show_late("*", 2 * DEBOUNCE)
        account.clock.advance(3 * DEBOUNCE)
        account.ec2.faults.on_nth_call(number, fault.effect, done=fault.done)
        assert settle(account, vpc_id) is Ending.CONVERGED, f"call {number}"
        nothing_is_double_or_orphaned(account, vpc_id)
