from __future__ import annotations

from typing import Any, cast
from unittest.mock import Mock

import pytest

from reconciler.model import EndpointState, Mode
from reconciler.observe import Observer
from reconciler.profiles import builtin
from reconciler.settings import Settings
from reconciler.sweep import Sweep, sweep
from tests.builders import ENVOY, LOGS, OWNERSHIP, VPC_ID, VpcBuilder, a_converged_vpc, a_vpc

IN_SYNC = Sweep((VPC_ID,), (), ())
DRIFTED = Sweep((), (VPC_ID,), ())
BLOCKED = Sweep((), (), (VPC_ID,))


class TaggedVpcs:
    """The pages of the Region's tagged VPCs."""

    def __init__(self, *pages: list[str]) -> None:
        self._pages = pages

    def get_paginator(self, name: str) -> TaggedVpcs:
        assert name == "describe_vpcs"
        return self

    def paginate(self, Filters: Any) -> Any:  # noqa: N803
        assert Filters == [{"Name": "tag-key", "Values": [OWNERSHIP.profile_key]}]
        return [{"Vpcs": [{"VpcId": vpc_id} for vpc_id in page]} for page in self._pages]


def swept(
    *vpcs: VpcBuilder, pages: tuple[list[str], ...] = (), mode: Mode = Mode.ENFORCE
) -> tuple[Sweep, Mock]:
    observer = Mock(spec=Observer)
    observer.many.return_value = [vpc.observed() for vpc in vpcs]
    settings = Settings("111122223333", OWNERSHIP, mode, 30, "passes", "sweeps")
    return sweep(observer, cast("Any", TaggedVpcs(*pages)), builtin(), settings), observer


def test_the_tagged_vpcs_of_every_page_are_observed_at_once() -> None:
    _, observer = swept(pages=(["vpc-1", "vpc-2"], [], ["vpc-3"]))
    observer.many.assert_called_once_with(["vpc-1", "vpc-2", "vpc-3"])


def test_a_region_without_tagged_vpcs_has_nothing_to_tell() -> None:
    assert swept()[0] == Sweep((), (), ())


@pytest.mark.parametrize("vpc", [a_converged_vpc("a", "b"), a_converged_vpc("a").with_internet_gateway()])
def test_a_vpc_that_is_as_it_should_be_is_in_sync(vpc: VpcBuilder) -> None:
    assert swept(vpc)[0] == IN_SYNC


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(
    "vpc",
    [
        a_vpc().with_private_subnets("a"),
        a_converged_vpc("a").with_dns(support=False),
        a_vpc()
        .with_private_subnets("a")
        .with_group()
        .with_endpoint(LOGS)
        .with_endpoint(ENVOY, state=EndpointState.PENDING),
        a_converged_vpc("a").tagged(profile="appmesh", mode="enforced").with_dns(support=False),
        a_vpc().with_private_subnets("a").without_service(ENVOY),
    ],
)
def test_a_vpc_that_a_pass_can_do_or_wait_for_something_about_has_drifted(
    vpc: VpcBuilder, mode: Mode
) -> None:
    assert swept(vpc, mode=mode)[0] == DRIFTED


@pytest.mark.parametrize(
    "vpc",
    [
        a_converged_vpc("a").tagged(profile="appmash"),
        a_converged_vpc("a").tagged(profile="appmesh", mode="enforced"),
        a_vpc().with_private_subnets("a").with_group().with_endpoint(LOGS).without_service(ENVOY),
    ],
)
def test_a_vpc_that_waits_for_a_person_is_blocked_and_not_asked_for_again(vpc: VpcBuilder) -> None:
    assert swept(vpc)[0] == BLOCKED


def test_a_vpc_whose_tag_went_meanwhile_is_no_drift() -> None:
    assert swept(a_vpc().tagged())[0] == IN_SYNC
