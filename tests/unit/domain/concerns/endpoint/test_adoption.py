"""An endpoint that someone else made for a service of the profile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.actions import ModifyEndpoint
from reconciler.domain.concerns import Assessment
from reconciler.domain.concerns.endpoint import interface
from reconciler.domain.findings import Finding, Kind, Status
from reconciler.domain.memory import Adoption, Memory
from reconciler.domain.model import Tags
from reconciler.domain.policies import FULL_ACCESS
from reconciler.domain.profile import EndpointSpec, Existing, Profile
from tests.builders import ENVOY, GROUP_ID, INSTALLATION, VPC_ID, VpcBuilder, a_vpc, knowing, situation

OBSERVING = Profile("mesh", (EndpointSpec("appmesh-envoy-management"),))
ADOPTING = replace(OBSERVING, existing=Existing.ADOPT)
THEIRS = {"team": "payments"}
ONE_ROLE = '{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "111122223333"}}]}'


def assess(vpc: VpcBuilder, profile: Profile = ADOPTING, memory: Memory | None = None) -> Assessment:
    return interface.assess(situation(vpc.observed(), profile, memory))


def theirs(tags: Tags | None = None, policy: str = "") -> VpcBuilder:
    """Someone else's endpoint, that lacks a subnet, our group and its private DNS."""
    vpc = a_vpc().with_private_subnets("a", "b").with_public_subnets("c").with_group()
    return vpc.with_endpoint(
        id="vpce-1",
        subnets=["private-a", "public-c"],
        groups=["sg-theirs"],
        private_dns=False,
        tags=THEIRS if tags is None else tags,
        policy=policy,
    )


def complete() -> VpcBuilder:
    return a_vpc().with_private_subnets("a").with_group().with_endpoint(tags=THEIRS)


ADDED = [
    ModifyEndpoint("vpce-1", add_zones=(("private-b",),)),
    ModifyEndpoint("vpce-1", add_groups=(GROUP_ID,)),
    ModifyEndpoint("vpce-1", enable_private_dns=True),
]
LACKING = {Kind.ENDPOINT_SUBNET_MISSING, Kind.ENDPOINT_GROUP_MISSING, Kind.PRIVATE_DNS_OFF}


def actions(found: Assessment) -> list[object]:
    return [step.action for step in found.steps]


def lacking(found: Assessment) -> set[Kind]:
    """What is reported as lacking, as information only."""
    return {finding.kind for finding in found.findings if finding.status is Status.INFORMATIONAL}


def withheld(found: Assessment) -> Finding:
    """Why nothing is added, where the profile would."""
    assert found.steps == ()
    assert lacking(found) == LACKING
    [finding] = [each for each in found.findings if each.kind is Kind.NOT_ADOPTED]
    assert (finding.resource, finding.status) == ("vpce-1", Status.IMPAIRED)
    return finding


# ---- adopt, observe


def test_one_that_has_all_that_is_wanted_is_not_doubled() -> None:
    assert assess(complete(), OBSERVING) == Assessment()
    assert assess(complete(), ADOPTING) == Assessment()


def test_an_adopted_one_is_added_to_and_never_narrowed() -> None:
    assert actions(assess(theirs())) == ADDED


def test_a_profile_only_looks_unless_it_says_adopt() -> None:
    found = assess(theirs(), OBSERVING)
    assert found.steps == ()
    assert lacking(found) == {finding.kind for finding in found.findings} == LACKING


def test_a_profile_may_adopt_and_leave_private_dns_as_it_is() -> None:
    found = assess(theirs(), replace(OBSERVING, existing=Existing.ADOPT_WITHOUT_PRIVATE_DNS))
    assert actions(found) == ADDED[:2]
    assert Kind.PRIVATE_DNS_OFF not in {finding.kind for finding in found.findings}


def test_of_two_of_someone_elses_it_is_always_the_first_by_id_that_is_adopted() -> None:
    vpc = a_vpc().with_private_subnets("a").with_group().with_endpoint(id="vpce-2", tags=THEIRS, groups=[])
    found = assess(vpc.with_endpoint(id="vpce-1", tags=THEIRS, groups=[]))
    assert actions(found) == [ModifyEndpoint("vpce-1", add_groups=(GROUP_ID,))]


# ---- where adding could hurt


def test_one_whose_policy_lets_only_some_in_is_reported_and_left() -> None:
    assert "its policy" in withheld(assess(theirs(policy=ONE_ROLE))).found


def test_where_a_profile_only_looks_nothing_is_withheld() -> None:
    assert {each.kind for each in assess(theirs(policy=ONE_ROLE), OBSERVING).findings} == LACKING


def test_a_policy_of_full_access_keeps_nobody_out() -> None:
    assert actions(assess(theirs(policy=FULL_ACCESS))) == ADDED


@pytest.mark.parametrize(
    ("key", "controller"),
    [
        ("aws:cloudformation:stack-name", "CloudFormation"),
        ("aws:servicecatalog:provisionedProductArn", "Service Catalog"),
        ("elbv2.k8s.aws/cluster", "the AWS Load Balancer Controller"),
        ("kubernetes.io/cluster/blue", "Kubernetes"),
        ("red-hat-managed", "Red Hat OpenShift"),
        ("GuardDutyManaged", "GuardDuty"),
    ],
)
def test_one_that_another_controller_keeps_is_reported_and_left(key: str, controller: str) -> None:
    assert controller in withheld(assess(theirs(tags={"team": "payments", key: "x"}))).found


def test_one_that_another_installation_keeps_is_contested_at_once() -> None:
    found = assess(theirs(tags={INSTALLATION.owner_key: "their-stack"}))
    [finding] = found.findings
    assert found.steps == ()
    assert (finding.kind, finding.status) == (Kind.OTHER_INSTALLATION, Status.CONTESTED)
    assert "their-stack" in finding.found
    assert assess(theirs(tags={INSTALLATION.owner_key: "their-stack"}), OBSERVING) == found


@pytest.mark.parametrize("mark", INSTALLATION.endpoint_tags(VPC_ID, ENVOY).items())
def test_one_mark_of_ours_does_not_make_it_ours(mark: tuple[str, str]) -> None:
    assert actions(assess(theirs(tags=dict([mark]), policy=ONE_ROLE))) == []
    assert lacking(assess(theirs(tags=dict([mark])), OBSERVING)) == LACKING


# ---- what was adopted before


def test_what_was_adopted_stays_so_until_a_profile_speaks_of_it() -> None:
    known = knowing(theirs().observed())
    adopted = replace(known, adoptions={"vpce-1": Adoption("vpce-1")})
    silent = replace(OBSERVING, keeps_adopted=True)
    assert actions(assess(theirs(), silent, adopted)) == ADDED
    assert assess(theirs(), silent, known).steps == ()
    assert assess(theirs(), OBSERVING, adopted).steps == ()


def test_one_that_bears_our_group_counts_as_adopted_also_without_the_ledger() -> None:
    vpc = a_vpc().with_private_subnets("a").with_group()
    vpc = vpc.with_endpoint(id="vpce-1", tags=THEIRS, private_dns=False)
    silent = replace(OBSERVING, keeps_adopted=True)
    assert actions(assess(vpc, silent)) == [ModifyEndpoint("vpce-1", enable_private_dns=True)]
