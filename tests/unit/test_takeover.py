"""The first sweep of an installation takes over, for an empty ledger, what was made before there was one."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.conclusion import Ending
from reconciler.domain.findings import Status
from reconciler.domain.memory import Memory
from tests.account import INSTALLATION, STACK, Account
from tests.unit.fakes import FakeDynamo, a_ledger, refusal


@pytest.fixture
def account() -> Account:
    return Account(grace_seconds=0)


def empty_the_ledger(account: Account) -> None:
    """As after an upgrade, with a stack made again, or with a table that was lost."""
    account.dynamo = FakeDynamo()
    account.ledger = account.new_ledger()
    account.said.clear()


def owned(account: Account, vpc_id: str) -> list[str]:
    group = account.truth.owned_group(vpc_id)
    assert group is not None
    endpoints = account.customer.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])
    return sorted([group["GroupId"], *(each["VpcEndpointId"] for each in endpoints["VpcEndpoints"])])


def test_it_is_said_by_name_and_number_and_known_from_then_on(account: Account) -> None:
    one, two = account.converged_vpc(number=1), account.converged_vpc(number=2)
    empty_the_ledger(account)
    swept = account.sweep()
    ids = {vpc_id: owned(account, vpc_id) for vpc_id in (one, two)}
    first, second = sorted(ids)
    assert swept.taken_over == ((first, tuple(ids[first])), (second, tuple(ids[second])))
    assert account.said == [
        f"sweep: the ledger takes over 3 in {first}: {', '.join(ids[first])}",
        f"sweep: the ledger takes over 3 in {second}: {', '.join(ids[second])}",
        "sweep: the ledger took over 6 things in 2 VPCs",
    ]
    memory = account.new_ledger().read(one)
    assert memory is not None
    assert memory.complete
    assert sorted(memory.made) == ids[one]


def test_nothing_is_deleted_before_it(account: Account) -> None:
    vpc_id = account.converged_vpc()
    account.opt_out(vpc_id)
    empty_the_ledger(account)
    with account.calls() as calls:
        done = account.one_run(vpc_id)
    assert account.writes(calls) == []
    assert {each.status for each in done.findings} == {Status.LEAVING}
    account.sweep()
    with account.calls() as calls:
        account.one_run(vpc_id)
    assert account.writes(calls) == ["DeleteVpcEndpoints"]


def test_what_is_wanted_is_healed_before_it(account: Account) -> None:
    vpc_id = account.converged_vpc()
    empty_the_ledger(account)
    account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    assert account.truth.faults(vpc_id) == []


def test_what_was_made_before_it_by_this_version_is_not_taken_over_again(account: Account) -> None:
    vpc_id = account.vpc()
    empty_the_ledger(account)
    account.converge(vpc_id)
    assert account.sweep().taken_over == ()
    assert account.said == ["sweep: the ledger took over 0 things in 0 VPCs"]


def test_it_is_made_once_and_what_is_marked_later_is_not_ours(account: Account) -> None:
    vpc_id = account.converged_vpc()
    empty_the_ledger(account)
    account.sweep()
    forged = account.customer.create_security_group(
        GroupName="theirs",
        Description="theirs",
        VpcId=vpc_id,
        TagSpecifications=[
            {
                "ResourceType": "security-group",
                "Tags": [
                    {"Key": key, "Value": value} for key, value in INSTALLATION.group_tags(vpc_id).items()
                ],
            }
        ],
    )["GroupId"]
    account.ledger, said = account.new_ledger(), len(account.said)
    assert account.sweep().taken_over == ()
    assert account.said[said:] == []
    memory = account.ledger.read(vpc_id)
    assert memory is not None
    assert not memory.knows(forged, INSTALLATION.group_tags(vpc_id)["Name"])


def test_what_lacks_one_of_the_three_marks_is_not_taken_over(account: Account) -> None:
    vpc_id = account.converged_vpc()
    empty_the_ledger(account)
    lacking, *kept = owned(account, vpc_id)
    account.customer.delete_tags(Resources=[lacking], Tags=[{"Key": "Name"}])
    assert account.sweep().taken_over == ((vpc_id, tuple(kept)),)


def test_another_installation_over_the_same_table_makes_its_own() -> None:
    dynamo = FakeDynamo()
    a_ledger(dynamo, installation_id=STACK)
    assert a_ledger(dynamo, installation_id=STACK, complete=False).is_complete()
    assert not a_ledger(dynamo, installation_id="other", complete=False).is_complete()


@pytest.mark.parametrize("refused_from", [0, 1, 2])
def test_one_that_the_ledger_refused_is_made_by_the_next_sweep(account: Account, refused_from: int) -> None:
    """Until then nothing is deleted."""
    vpc_ids = [account.converged_vpc(number=1), account.converged_vpc(number=2)]
    empty_the_ledger(account)

    class Refusing(FakeDynamo):
        def put_item(self, **request: Any) -> dict[str, Any]:
            if self.calls.count("put_item") >= refused_from:
                raise refusal("AccessDeniedException")
            return super().put_item(**request)

    table = account.dynamo
    account.dynamo = Refusing()
    account.dynamo.items = table.items
    account.sweep()
    assert not account.new_ledger().is_complete()
    account.dynamo = table
    account.ledger = account.new_ledger()
    account.sweep()
    assert account.ledger.is_complete()
    for vpc_id in vpc_ids:
        memory = account.ledger.read(vpc_id)
        assert memory is not None
        assert sorted(memory.made) == owned(account, vpc_id)


# ---- what was announced before the ledger was lost


def is_quiet(account: Account, vpc_id: str) -> bool:
    memory = account.ledger.read(vpc_id)
    assert memory is not None
    return memory.quiet


def test_what_stands_open_where_a_ledger_was_lost_is_not_news(account: Account) -> None:
    """Also in a VPC that has nothing of ours in it."""
    fine, hopeless = account.converged_vpc(number=1), account.vpc(private="", profile="appmesh", number=2)
    empty_the_ledger(account)
    account.sweep()
    assert (is_quiet(account, fine), is_quiet(account, hopeless)) == (True, True)
    account.one_run(hopeless)
    assert (is_quiet(account, fine), is_quiet(account, hopeless)) == (True, False)


def test_what_a_new_installation_finds_is_news(account: Account) -> None:
    vpc_id = account.vpc()
    empty_the_ledger(account)
    account.sweep()
    assert not is_quiet(account, vpc_id)


def test_what_a_run_wrote_before_the_first_sweep_stays_as_it_is(account: Account) -> None:
    one, two = account.converged_vpc(number=1), account.converged_vpc(number=2)
    empty_the_ledger(account)
    account.one_run(one)
    account.ledger.save(Memory(one))
    account.sweep()
    assert (is_quiet(account, one), is_quiet(account, two)) == (False, True)


def test_a_table_that_is_lost_under_a_worker_that_knows_it_is_taken_over_again(account: Account) -> None:
    vpc_id = account.converged_vpc()
    run, sweep = account.new_ledger(), account.new_ledger()
    assert (run.is_complete(), sweep.is_complete()) == (True, True)
    account.dynamo.items.clear()
    memory = run.read(vpc_id)
    assert memory is not None
    assert not memory.complete
    account.ledger = sweep
    assert account.sweep().taken_over == ((vpc_id, tuple(owned(account, vpc_id))),)
    assert is_quiet(account, vpc_id)


def test_intake_knows_of_which_vpc_a_thing_is_that_was_taken_over(account: Account) -> None:
    vpc_id = account.converged_vpc()
    empty_the_ledger(account)
    account.sweep()
    ids = owned(account, vpc_id)
    assert account.new_ledger().vpcs_of(ids) == dict.fromkeys(ids, vpc_id)
