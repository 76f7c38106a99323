from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast
from unittest.mock import ANY, Mock

import pytest

from reconciler.domain.contest import Contest
from reconciler.domain.findings import Kind, Reason, Status
from reconciler.domain.memory import Announced, Change, OpenFinding
from reconciler.domain.model import EndpointState, Mode
from reconciler.domain.profiles import Catalogue, builtin
from reconciler.domain.times import as_tag
from reconciler.ec2.observe import Observer
from reconciler.ledger import Ledger
from reconciler.published import Open
from reconciler.reconcile import Means
from reconciler.sweep import Oldest, Sweep, sweep
from reconciler.table import Table
from tests.builders import ENVOY, INSTALLATION, LOGS, VPC_ID, VpcBuilder, a_converged_vpc, a_vpc
from tests.unit.fakes import FakeDynamo, a_ledger, a_ledger_that_knows, refusal

IN_SYNC = Sweep(in_sync=(VPC_ID,))
DRIFTED = Sweep(drifted=(VPC_ID,))
BLOCKED = Sweep(blocked=(VPC_ID,))
LEFTOVER = Sweep(leftovers=(VPC_ID,))
NOW = 1_795_420_800.0


class Region:
    """The VPCs that bear a tag under our prefix, and those in which something bears our owner tag."""

    def __init__(self, tagged: Iterable[str], groups: Iterable[str], endpoints: Iterable[str]) -> None:
        owned = [{"Name": "tag:vpce-remediator:owner", "Values": ["our-stack"]}]
        self._pages = {
            "describe_vpcs": ([{"Name": "tag-key", "Values": ["vpce-remediator:*"]}], "Vpcs", tagged),
            "describe_security_groups": (owned, "SecurityGroups", groups),
            "describe_vpc_endpoints": (owned, "VpcEndpoints", endpoints),
        }

    def get_paginator(self, name: str) -> Any:
        filters, key, vpc_ids = self._pages[name]

        def paginate(Filters: Any) -> Any:  # noqa: N803
            assert Filters == filters
            return [{key: [{"VpcId": vpc_id}]} for vpc_id in vpc_ids]

        return Mock(paginate=paginate)


def swept(
    *vpcs: VpcBuilder,
    tagged: Iterable[str] = (VPC_ID,),
    groups: Iterable[str] = (),
    endpoints: Iterable[str] = (),
    mode: Mode = Mode.ENFORCE,
    ledger: Ledger | None = None,
) -> tuple[Sweep, Mock]:
    seen = [vpc.observed() for vpc in vpcs]
    observer = Mock(spec=Observer)
    observer.many.return_value = seen
    region = cast("Any", Region(tagged, groups, endpoints))
    means = Means(
        observer,
        region,
        ledger or (a_ledger_that_knows(seen[0]) if seen else a_ledger(FakeDynamo())),
        replace(INSTALLATION, default_mode=mode),
        lambda _version: Catalogue(builtin()),
        lambda: NOW,
    )
    return sweep(means), observer


def test_what_is_tagged_and_what_has_something_owned_in_it_is_observed_at_once() -> None:
    _, observer = swept(tagged=["vpc-1", "vpc-2"], groups=["vpc-2", "vpc-3"], endpoints=["vpc-3", "vpc-4"])
    observer.many.assert_called_once_with(["vpc-1", "vpc-2", "vpc-3", "vpc-4"], builtin(), frozenset(), ANY)


def test_a_region_without_tagged_vpcs_has_nothing_to_tell() -> None:
    assert swept(tagged=())[0] == Sweep()


@pytest.mark.parametrize("vpc", [a_converged_vpc("a", "b"), a_converged_vpc("a").with_internet_gateway()])
def test_a_vpc_that_is_as_it_should_be_is_in_sync(vpc: VpcBuilder) -> None:
    assert swept(vpc)[0] == IN_SYNC


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(
    "vpc",
    [
        a_vpc().with_private_subnets("a"),
        a_converged_vpc("a").with_dns(support=False),
        a_converged_vpc("a").tagged(profile="appmesh", mode="enforced").with_dns(support=False),
        a_vpc().with_private_subnets("a").without_service(ENVOY),
    ],
)
def test_a_vpc_that_a_run_can_do_something_about_has_drifted(vpc: VpcBuilder, mode: Mode) -> None:
    assert swept(vpc, mode=mode)[0] == DRIFTED


def test_a_vpc_on_which_only_aws_is_at_work_is_converging_and_is_looked_at_again() -> None:
    pending = a_vpc().with_private_subnets("a").with_group().with_endpoint(LOGS)
    found = swept(pending.with_endpoint(ENVOY, state=EndpointState.PENDING))[0]
    assert found == Sweep(converging=("vpc-1",))
    assert found.to_reconcile == ("vpc-1",)


@pytest.mark.parametrize(
    "vpc",
    [
        a_converged_vpc("a").tagged(profile="appmash"),
        a_converged_vpc("a").tagged(profile="appmesh", mode="enforced"),
        a_vpc().with_private_subnets("a").with_group().with_endpoint(LOGS).without_service(ENVOY),
    ],
)
def test_a_vpc_that_waits_for_a_person_is_blocked(vpc: VpcBuilder) -> None:
    assert swept(vpc)[0] == BLOCKED


def test_a_shared_vpc_that_asks_is_blocked() -> None:
    seen = a_converged_vpc("a").observed()
    shared = Mock(observed=lambda: replace(seen, vpc=replace(seen.vpc, owner_id="999988887777")))
    assert swept(shared)[0] == BLOCKED


def test_an_untagged_vpc_with_something_owned_in_it_is_a_leftover() -> None:
    assert swept(a_converged_vpc("a").tagged(), tagged=(), groups=[VPC_ID])[0] == LEFTOVER


def test_an_untagged_vpc_with_nothing_owned_in_it_is_not_reported() -> None:
    assert swept(a_vpc().tagged(), tagged=(), groups=[VPC_ID])[0] == Sweep()


def leaving_at(seconds: float) -> VpcBuilder:
    """A VPC that lost its opt-in tag, in which all that is owned bears the mark of when it goes."""
    vpc, mark = a_converged_vpc("a").tagged(), {INSTALLATION.leaving_key: as_tag(NOW + seconds)}
    return replace(
        vpc,
        groups=tuple(replace(each, tags={**each.tags, **mark}) for each in vpc.groups),
        endpoints=tuple(replace(each, tags={**each.tags, **mark}) for each in vpc.endpoints),
    )


def test_a_vpc_whose_things_are_marked_is_leaving_until_their_time_has_come() -> None:
    for seconds, expected in ((60, Sweep(leaving=(VPC_ID,), news=(VPC_ID,))), (-60, LEFTOVER)):
        vpc = leaving_at(seconds)
        seen = vpc.observed()
        ledger = a_ledger_that_knows(seen)
        memory = ledger.read(VPC_ID)
        assert memory is not None
        ids = [*(each.id for each in seen.groups), *(each.id for each in seen.endpoints)]
        ledger.save(replace(memory, leaving=dict.fromkeys(ids, 0)))
        assert swept(vpc, tagged=(), groups=[VPC_ID], ledger=ledger)[0] == expected
    assert LEFTOVER.to_reconcile == (VPC_ID,)


def test_a_vpc_of_which_someone_keeps_undoing_what_is_wrong_is_contested_until_the_pause_is_over() -> None:
    dns_off = a_converged_vpc("a").with_dns(hostnames=False)
    for until, expected in ((NOW + 60, Sweep(contested=(VPC_ID,))), (NOW - 60, DRIFTED)):
        ledger = a_ledger_that_knows(dns_off.observed())
        memory = ledger.read(VPC_ID)
        assert memory is not None
        contest = Contest(Kind.DNS_HOSTNAMES_OFF, VPC_ID, "", (int(NOW),), 1, int(until))
        ledger.save(replace(memory, contests=(contest,)))
        found = swept(dns_off, ledger=ledger)[0]
        assert (found, found.to_reconcile) == (expected, (VPC_ID,))


def test_a_vpc_at_which_a_person_should_look_is_impaired_and_has_a_run_until_the_ledger_knows_why() -> None:
    vpc = a_converged_vpc("a").with_name_servers("192.0.2.53")
    ledger = a_ledger_that_knows(vpc.observed())
    found = swept(vpc, ledger=ledger)[0]
    assert (found.impaired, found.to_reconcile) == ((VPC_ID,), (VPC_ID,))
    memory = ledger.read(VPC_ID)
    assert memory is not None
    ledger.save(replace(memory, findings=(OpenFinding(Kind.CUSTOM_DNS, VPC_ID, 1, Status.IMPAIRED),)))
    found = swept(vpc, ledger=ledger)[0]
    assert (found, found.to_reconcile) == (Sweep(impaired=(VPC_ID,)), ())


def test_a_vpc_that_ec2_did_not_show_for_a_moment_has_a_run_so_that_the_ledger_keeps_it() -> None:
    vpc = a_converged_vpc("a")
    ledger = a_ledger_that_knows(vpc.observed())
    memory = ledger.read(VPC_ID)
    assert memory is not None
    ledger.forget(memory, NOW)
    assert swept(vpc, ledger=ledger)[0] == Sweep(in_sync=(VPC_ID,), news=(VPC_ID,))


# ---- what the ledger knows as open


def known_as(vpc: VpcBuilder, *findings: OpenFinding) -> Ledger:
    """A ledger that knows these of the VPC."""
    ledger = a_ledger_that_knows(vpc.observed())
    memory = ledger.read(VPC_ID)
    assert memory is not None
    ledger.save(replace(memory, findings=findings))
    return ledger


HOSTNAMES = OpenFinding(Kind.DNS_HOSTNAMES_OFF, VPC_ID, int(NOW) - 7200, Status.BLOCKED, Reason.UNAUTHORIZED)
SUPPORT = replace(HOSTNAMES, kind=Kind.DNS_SUPPORT_OFF, since=int(NOW) - 600)
DNS_OFF = a_converged_vpc("a").with_dns(support=False, hostnames=False)


def test_what_the_last_run_could_not_do_is_blocked_also_where_the_sweep_cannot_see_why() -> None:
    found = swept(DNS_OFF, ledger=known_as(DNS_OFF, HOSTNAMES, SUPPORT))[0]
    assert (found.blocked, found.to_reconcile) == ((VPC_ID,), (VPC_ID,))
    assert found.oldest == {
        Open.DRIFTED: Oldest(),
        Open.BLOCKED: Oldest(7200, VPC_ID),
        Open.CONTESTED: Oldest(),
    }


def test_where_something_else_can_be_done_the_vpc_has_drifted() -> None:
    known = known_as(DNS_OFF, HOSTNAMES, replace(SUPPORT, status=Status.WAITING, reason=None))
    found = swept(DNS_OFF, ledger=known)[0]
    assert found.drifted == (VPC_ID,)
    assert found.oldest[Open.DRIFTED] == Oldest(600, VPC_ID)
    assert found.oldest[Open.BLOCKED] == Oldest(7200, VPC_ID)


def test_what_was_remediated_and_is_broken_again_has_no_age_until_a_run_has_seen_it() -> None:
    found = swept(DNS_OFF, ledger=known_as(DNS_OFF, replace(HOSTNAMES, status=Status.REMEDIATED)))[0]
    assert (found.drifted, found.oldest) == ((VPC_ID,), dict.fromkeys(Open, Oldest()))


def test_drift_has_no_age_where_nothing_is_to_be_remediated_and_what_is_blocked_has() -> None:
    known = replace(HOSTNAMES, status=Status.REPORTED, reason=None)
    assert swept(DNS_OFF, ledger=known_as(DNS_OFF, known), mode=Mode.AUDIT)[0].oldest == dict.fromkeys(
        Open, Oldest()
    )
    misspelt = a_converged_vpc("a").tagged(profile="appmash")
    slip = replace(HOSTNAMES, kind=Kind.UNKNOWN_PROFILE, reason=Reason.UNKNOWN_PROFILE)
    found = swept(misspelt, ledger=known_as(misspelt, slip), mode=Mode.AUDIT)[0]
    assert found.oldest[Open.BLOCKED] == Oldest(7200, VPC_ID)


def test_a_finding_that_is_gone_without_a_run_has_one_so_that_it_is_cleared() -> None:
    vpc = a_converged_vpc("a")
    told = replace(HOSTNAMES, announced=Announced(Change.BLOCKED, 1, Reason.UNAUTHORIZED))
    found = swept(vpc, ledger=known_as(vpc, told))[0]
    assert (found.in_sync, found.to_reconcile) == ((VPC_ID,), (VPC_ID,))
    for settled in (HOSTNAMES, replace(told, announced=Announced(Change.REMEDIATED, 1))):
        assert swept(vpc, ledger=known_as(vpc, settled))[0].to_reconcile == ()


def from_cold(dynamo: Any) -> Ledger:
    """A ledger that remembers nothing of whether the first sweep has taken over."""
    return Ledger(Table(lambda: dynamo, "ledger", lambda _: None), INSTALLATION.id)


def test_a_sweep_whose_ledger_refuses_for_a_moment_takes_nothing_over_twice() -> None:
    vpc = a_converged_vpc("a")
    dynamo = FakeDynamo()
    assert swept(vpc, ledger=from_cold(dynamo))[0].taken_over
    dynamo.items[f"vpc#{VPC_ID}", "state"]["doc"] = {"S": "{}"}
    throttled = Mock(wraps=dynamo)
    throttled.get_item.side_effect = refusal("ThrottlingException")
    assert swept(vpc, ledger=from_cold(throttled))[0].taken_over == ()
    del dynamo.items["region", f"takeover#{INSTALLATION.id}"]
    assert swept(vpc, ledger=from_cold(dynamo))[0].taken_over


def test_a_vpc_on_which_someone_misspelt_the_opt_in_tag_is_looked_at() -> None:
    """It bears a tag under our prefix, and asks for nothing."""
    assert swept(a_vpc().tagged(Profile="appmesh"))[0] == replace(LEFTOVER, news=(VPC_ID,))


def test_without_the_ledger_a_sweep_counts_all_the_same() -> None:
    ledger = a_ledger(FakeDynamo(refusal("ResourceNotFoundException")))
    assert swept(a_converged_vpc("a"), ledger=ledger)[0] == IN_SYNC
    assert swept(a_vpc().with_private_subnets("a"), ledger=ledger)[0] == DRIFTED


def test_all_that_differ_are_reconciled() -> None:
    """The blocked ones too: what blocked them may be gone."""
    reported = Sweep(
        in_sync=("vpc-1",),
        drifted=("vpc-4", "vpc-2"),
        blocked=("vpc-3",),
        contested=("vpc-5",),
        leaving=("vpc-6",),
        impaired=("vpc-7",),
        leftovers=("vpc-0",),
    )
    assert reported.to_reconcile == ("vpc-0", "vpc-2", "vpc-3", "vpc-4", "vpc-5")
