"""What a run takes away, and for whom it makes way."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import Mock

from reconciler import reconcile
from reconciler.conclusion import Ending
from reconciler.domain.findings import Reason, Status
from reconciler.domain.memory import Cause
from reconciler.domain.model import Mode
from reconciler.ec2.observe import Observer
from reconciler.messages import RunRequest
from tests.builders import VPC_ID, a_converged_vpc, a_vpc
from tests.unit.fakes import FakeEc2, a_ledger_that_knows, refusal
from tests.unit.one_run import NOW, a_request, run, the_means

DNS_OFF = a_converged_vpc("a").with_dns(hostnames=False)
OPTED_OUT = a_converged_vpc("a").tagged()
# Both in one call.
DELETED = ["delete_vpc_endpoints"]


def test_what_a_vpc_no_longer_asks_for_is_marked_and_not_deleted() -> None:
    ec2 = FakeEc2()
    done = run(OPTED_OUT, ec2=ec2)
    assert (done.ending, ec2.calls) == (Ending.REQUEUED, ["create_tags"] * 3)
    assert {each.status for each in done.findings} == {Status.LEAVING}


def test_without_a_grace_period_a_vpc_that_opted_out_is_taken_down_at_once() -> None:
    ec2 = FakeEc2()
    done = run(OPTED_OUT, ec2=ec2, grace_seconds=0)
    assert (done.ending, ec2.calls) == (Ending.REQUEUED, DELETED)


def test_past_the_teardown_limit_nothing_of_a_vpc_is_taken_down() -> None:
    ec2 = FakeEc2()
    done = run(OPTED_OUT, ec2=ec2, grace_seconds=0, teardown_limit=0)
    assert (done.ending, ec2.calls) == (Ending.BLOCKED, [])
    assert {each.reason for each in done.findings} == {Reason.TEARDOWN_LIMIT}


def test_a_person_who_says_none_waits_for_neither_grace_nor_limit() -> None:
    ec2 = FakeEc2()
    run(OPTED_OUT.tagged(profile="none"), ec2=ec2, teardown_limit=0)
    assert ec2.calls == DELETED


def test_an_installation_that_is_paused_writes_nothing_whatever_tags_say() -> None:
    for vpc in (DNS_OFF.tagged(profile="appmesh", mode="enforce"), OPTED_OUT.tagged(profile="none")):
        ec2 = FakeEc2()
        done = run(vpc, ec2=ec2, paused=True)
        assert (done.ending, ec2.calls) == (Ending.REPORTED, [])
        assert Status.REPORTED in {each.status for each in done.findings}


def test_a_shared_vpc_is_left_alone_and_reported() -> None:
    seen = DNS_OFF.observed()
    ec2 = FakeEc2()
    done = run(replace(seen, vpc=replace(seen.vpc, owner_id="999988887777")), ec2=ec2)
    assert (done.ending, ec2.calls) == (Ending.BLOCKED, [])
    assert [treated.reason for treated in done.findings] == [Reason.SHARED_VPC]


# All that is left in it is ours.
EMPTY = replace(a_vpc().with_group().observed(), interfaces=())


def a_refused_deletion() -> RunRequest:
    return replace(a_request(), refused=(VPC_ID,))


def test_a_refused_deletion_releases_the_vpc_and_takes_down_what_is_in_its_way() -> None:
    ec2 = FakeEc2()
    done = run(EMPTY, a_refused_deletion(), ec2, teardown_limit=0)
    assert ec2.calls == ["create_tags", "delete_security_group"]
    assert (done.ending, done.refused) == (Ending.REQUEUED, ())


def test_a_refused_deletion_that_nobody_waits_for_any_more_takes_nothing_down() -> None:
    late, ec2 = replace(a_request(age=2 * 3600), refused=(VPC_ID,)), FakeEc2()
    run(EMPTY, late, ec2)
    assert not {"create_tags", "delete_security_group"} & set(ec2.calls)
    again = replace(late, attempts=1)
    run(EMPTY, again, ec2)
    assert "delete_security_group" in ec2.calls


def test_a_refused_deletion_of_a_vpc_in_audit_mode_only_reports() -> None:
    ec2 = FakeEc2()
    done = run(EMPTY, a_refused_deletion(), ec2, Mode.AUDIT)
    assert (done.ending, ec2.calls) == (Ending.REPORTED, [])


def test_a_vpc_whose_release_could_not_be_written_is_kept_right() -> None:
    ec2 = FakeEc2(refusal("UnauthorizedOperation"))
    done = run(EMPTY, a_refused_deletion(), ec2)
    assert (ec2.calls, done.refused) == (["create_tags"], (VPC_ID,))


def test_the_network_interfaces_are_looked_at_only_where_a_deletion_was_refused() -> None:
    for request, looked in ((a_request(), False), (a_refused_deletion(), True)):
        observer = Mock(spec=Observer)
        observer.one.return_value = EMPTY
        reconcile.run(request, the_means(observer, FakeEc2(), a_ledger_that_knows(EMPTY), paused=True))
        assert observer.one.call_args.kwargs == {"with_interfaces": looked}


def test_what_someone_was_refused_lately_is_remembered_by_the_ledger() -> None:
    """The message that said so may be lost in a window of the queue."""
    ledger, ec2 = a_ledger_that_knows(EMPTY), FakeEc2()
    refused = Cause("event-1", "DeleteVpc", "someone", int(NOW) - 60, (VPC_ID,), refused=True)
    ledger.add_causes([(VPC_ID, refused)])
    run(EMPTY, ec2=ec2, ledger=ledger)
    assert ec2.calls == ["create_tags", "delete_security_group"]
