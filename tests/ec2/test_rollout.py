"""Roll-outs under EC2's buckets: as fast as they allow, fair, and in nobody's way.

Thirty VPCs take 60 creates, of which the bucket gives four at once and one each 3.3 s.
`benchmarks/rollout.py` has a hundred, and the same without a budget.
"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from moto.moto_api._internal import mock_random

from tests.account import DEBOUNCE
from tests.at_work import AtWork
from tests.roll_out import RollOut, an_account_with_buckets, roll_out


class Interrupted:
    """A roll-out, in the midst of which an older VPC loses an endpoint, or somebody else makes some."""

    def __init__(self) -> None:
        mock_random.seed(0)
        self.account = an_account_with_buckets()
        self.old = self.account.converged_vpc(number=200)
        self.account.clock.advance(600)
        self.theirs = self.account.vpc(profile=None, number=201)
        self.subnet = self.account.subnet(self.theirs, "c", "10.201.9.0/24")
        self.refused = self.taken = 0

    def lose_one(self, at_work: AtWork) -> None:
        """After the first minute, the older VPC loses an endpoint that AWS forgets at once, with its client
        token: to make it anew is one call."""

        def lose() -> None:
            [lost, *_] = self.account.truth.endpoints(self.old)
            self.account.ec2.aws.delete_endpoint(lost["VpcEndpointId"])
            self.account.ec2.world.tokens.clear()
            at_work.ask([self.old])

        at_work.at(70, lose)

    def make_others(self, at_work: AtWork) -> None:
        """For two minutes somebody makes an endpoint each ten seconds."""
        for number in range(12):
            at_work.at(60 + 10 * number, self._make_one)

    def _make_one(self) -> None:
        try:
            self.account.customer.create_vpc_endpoint(
                VpcId=self.theirs,
                VpcEndpointType="Interface",
                ServiceName="com.amazonaws.eu-west-1.logs",
                SubnetIds=[self.subnet],
                PrivateDnsEnabled=False,
            )
            self.taken += 1
        except ClientError:
            self.refused += 1


@pytest.fixture(scope="module")
def rolled_out() -> RollOut:
    mock_random.seed(0)
    return roll_out(30)


def test_every_vpc_has_what_it_should_and_nothing_is_left_over(rolled_out: RollOut) -> None:
    assert rolled_out.faults == []
    assert rolled_out.converged.keys() == set(rolled_out.vpc_ids)
    assert rolled_out.letters == 0
    assert all(len(each) == 2 for each in rolled_out.created.values())


def test_a_roll_out_takes_hardly_longer_than_the_bucket_does(rolled_out: RollOut) -> None:
    """Who comes last may just have looked, and looks again a window and a half later. That is 1.07 of the
    bucket's time where it is a hundred VPCs."""
    assert rolled_out.last_created <= rolled_out.ideal + 1.5 * DEBOUNCE


def test_hardly_a_write_of_a_roll_out_is_throttled(rolled_out: RollOut) -> None:
    assert rolled_out.throttled <= 0.05


def test_no_vpc_waits_for_all_the_others(rolled_out: RollOut) -> None:
    """Were they all done together at the end, or most of them, it would be near 1."""
    assert rolled_out.unevenness <= 0.35


def test_most_vpcs_have_both_of_their_endpoints_at_once(rolled_out: RollOut) -> None:
    waits = sorted(max(each) - min(each) for each in rolled_out.created.values())
    assert waits[len(waits) * 3 // 4] <= 5
    assert waits[-1] <= 5 * DEBOUNCE


def test_waiting_costs_no_call(rolled_out: RollOut) -> None:
    """A run that waits reads the ledger once. Each VPC has a run that begins, one or two that make the rest,
    and those that see it converge."""
    assert len(rolled_out.calls) <= 60 * len(rolled_out.vpc_ids)
    assert len(rolled_out.ran) > 5 * len(rolled_out.vpc_ids)


def test_a_vpc_that_had_converged_is_healed_within_seconds_of_its_run() -> None:
    """Of 25 that take what is due, fifteen or so wait when it is lost: without a slot that is kept for it, it
    would wait among them."""
    story = Interrupted()
    done = roll_out(25, account=story.account, meanwhile=story.lose_one)
    first = next(each for each in done.ran if each.vpc_id == story.old)
    healed = done.created_in(story.old)
    assert healed
    assert max(healed) + done.began - first.began <= 5
    assert max(healed) < done.last_created, "the roll-out is still at work"
    assert story.account.truth.faults(story.old) == []


def test_others_who_make_endpoints_meanwhile_can_do_so_and_all_converge_in_the_end() -> None:
    story = Interrupted()
    done = roll_out(15, account=story.account, meanwhile=story.make_others)
    assert story.taken >= 10
    assert done.faults == []
    assert done.throttled <= 0.25
    assert done.letters == 0
