"""What nobody asks for any more is marked, and deleted late, in few VPCs at a time, and never on doubt."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.conclusion import Ending, Run
from reconciler.domain.findings import Kind, Reason, Status
from reconciler.domain.profile import EndpointSpec, Existing, Profile, Surplus, When
from sandbox.truth import APP_MESH, LOGS
from tests.account import INSTALLATION, Account
from tests.unit.fakes import refusal

DAY = INSTALLATION.grace_seconds
BOTH = (EndpointSpec("appmesh-envoy-management"), EndpointSpec("logs"))


def marks(account: Account, vpc_id: str) -> set[str]:
    """The times at which what is owned is to leave."""
    tags = (account.ec2.tags_of(each) for each in account.owned(vpc_id))
    return {each.get(INSTALLATION.leaving_key, "never") for each in tags}


def statuses(done: Run) -> set[Status]:
    return {each.status for each in done.findings}


def deletions(account: Account, vpc_id: str) -> list[str]:
    with account.calls() as calls:
        account.converge(vpc_id)
    return [each for each in account.writes(calls) if each.startswith("Delete")]


def test_a_lost_tag_deletes_nothing_and_marks_all_that_is_owned_with_the_time(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.opt_out(vpc_id)
    until = datetime.fromtimestamp(account.clock.now() + DAY, UTC).isoformat(timespec="seconds")
    made = account.converge(vpc_id)
    assert made[-1].ending is Ending.LEFT_ALONE
    assert account.truth.faults(vpc_id) == []
    assert marks(account, vpc_id) == {until}
    assert {each.finding.kind for each in made[-1].findings} == {Kind.LEAVING}
    assert statuses(made[-1]) == {Status.LEAVING}
    with account.calls() as calls:
        account.one_run(vpc_id)
    assert account.writes(calls) == []


def test_what_is_leaving_goes_with_the_first_run_after_its_time_and_the_sweep_sees_to_it(
    account: Account,
) -> None:
    vpc_id = account.converged_vpc("ab")
    account.opt_out(vpc_id)
    account.converge(vpc_id)
    account.clock.advance(DAY - 3600)
    assert deletions(account, vpc_id) == []
    assert account.sweep().leaving == (vpc_id,)
    account.clock.advance(3600)
    assert account.sweep().drifted == (vpc_id,) or account.sweep().leftovers == (vpc_id,)
    account.converge(vpc_id)
    account.clock.advance(300)
    assert account.owned(vpc_id) == []


def test_the_tag_coming_back_takes_the_marks_off(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.opt_out(vpc_id)
    account.converge(vpc_id)
    account.clock.advance(DAY - 60)
    account.tag(vpc_id, profile="appmesh")
    assert account.converge(vpc_id)[-1].ending is Ending.CONVERGED
    assert marks(account, vpc_id) == {"never"}
    account.clock.advance(3 * DAY)
    assert deletions(account, vpc_id) == []
    assert account.truth.faults(vpc_id) == []


def test_the_word_none_takes_all_down_now(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.tag(vpc_id, profile="none")
    account.converge(vpc_id)
    account.clock.advance(300)
    assert account.owned(vpc_id) == []


def test_a_document_that_asks_for_less_marks_what_goes_and_leaves_the_rest(account: Account) -> None:
    account.profiles = {**account.profiles, "web": Profile("web", BOTH)}
    vpc_id = account.vpc("ab", profile="web")
    account.converge(vpc_id)
    account.profiles = {**account.profiles, "web": Profile("web", BOTH[1:])}
    account.converge(vpc_id)
    (mesh,) = account.truth.endpoints(vpc_id, APP_MESH)
    (logs,) = account.truth.endpoints(vpc_id, LOGS)
    assert INSTALLATION.leaving_key in account.ec2.tags_of(mesh["VpcEndpointId"])
    assert INSTALLATION.leaving_key not in account.ec2.tags_of(logs["VpcEndpointId"])
    account.clock.advance(DAY)
    account.converge(vpc_id)
    account.clock.advance(300)
    assert [each["ServiceName"] for each in account.truth.endpoints(vpc_id)] == [LOGS]


def test_surplus_goes_late_too(account: Account) -> None:
    specs = (BOTH[0], replace(BOTH[1], when=When.NO_INTERNET_GATEWAY))
    account.profiles = {"lean": Profile("lean", specs, surplus=Surplus.REMOVE)}
    vpc_id = account.vpc("ab", profile="lean")
    account.converge(vpc_id)
    account.attach_gateway(vpc_id)
    assert deletions(account, vpc_id) == []
    account.clock.advance(DAY)
    assert "DeleteVpcEndpoints" in deletions(account, vpc_id)


def test_a_failed_endpoint_has_no_grace(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    (mesh,) = account.truth.endpoints(vpc_id, APP_MESH)
    account.ec2.aws.force_state(mesh["VpcEndpointId"], "failed")
    account.converge(vpc_id)
    (new,) = account.truth.endpoints(vpc_id, APP_MESH)
    assert new["VpcEndpointId"] != mesh["VpcEndpointId"]


def test_a_mark_that_is_no_time_is_put_anew(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.opt_out(vpc_id)
    account.converge(vpc_id)
    for each in account.owned(vpc_id):
        account.tag(each, **{"leaving-at": "soon"})
    assert deletions(account, vpc_id) == []
    assert "soon" not in marks(account, vpc_id)


def theirs_for_the_mesh(account: Account, vpc_id: str) -> tuple[str, str]:
    """Someone else's endpoint: its subnet and its security group."""
    group = account.customer.create_security_group(GroupName="theirs", Description="theirs", VpcId=vpc_id)
    subnet = account.truth.private_subnets(vpc_id)[0]["SubnetId"]
    account.customer.create_vpc_endpoint(
        VpcId=vpc_id,
        VpcEndpointType="Interface",
        ServiceName=APP_MESH,
        SubnetIds=[subnet],
        SecurityGroupIds=[group["GroupId"]],
    )
    return subnet, group["GroupId"]


def test_an_adopted_endpoint_is_given_back_late(account: Account) -> None:
    vpc_id = account.vpc("ab")
    subnet, group = theirs_for_the_mesh(account, vpc_id)
    account.converge(vpc_id)
    account.opt_out(vpc_id)
    account.converge(vpc_id)
    (adopted,) = account.truth.endpoints(vpc_id, APP_MESH)
    assert len(adopted["Groups"]) == 2
    assert adopted["PrivateDnsEnabled"]
    assert INSTALLATION.leaving_key not in account.ec2.tags_of(adopted["VpcEndpointId"])
    account.clock.advance(DAY)
    account.converge(vpc_id)
    account.clock.advance(300)
    (adopted,) = account.truth.endpoints(vpc_id, APP_MESH)
    assert [each["GroupId"] for each in adopted["Groups"]] == [group]
    assert adopted["SubnetIds"] == [subnet]
    assert not adopted["PrivateDnsEnabled"]
    assert account.owned(vpc_id) == []


# ---- few deletions


def test_no_more_vpcs_than_the_limit_lose_anything_within_an_hour() -> None:
    account = Account(teardown_limit=2)
    vpcs = [account.converged_vpc("ab", number=number) for number in (1, 2, 3)]
    for each in vpcs:
        account.opt_out(each)
        account.converge(each)
    account.clock.advance(DAY)
    for each in vpcs[:2]:
        account.converge(each)
    held = account.converge(vpcs[2])[-1]
    assert held.ending is Ending.BLOCKED
    assert {each.reason for each in held.findings} == {Reason.TEARDOWN_LIMIT}
    account.clock.advance(300)
    assert [len(account.owned(each)) for each in vpcs] == [0, 0, 3]
    account.clock.advance(3600)
    assert vpcs[2] in account.sweep().to_reconcile
    account.converge(vpcs[2])
    account.clock.advance(300)
    assert account.owned(vpcs[2]) == []


def test_a_raised_limit_counts_at_once() -> None:
    account = Account(teardown_limit=0)
    vpc_id = account.converged_vpc("ab")
    account.opt_out(vpc_id)
    account.converge(vpc_id)
    account.clock.advance(DAY)
    assert account.converge(vpc_id)[-1].ending is Ending.BLOCKED
    account.limit(teardown_limit=1)
    assert "DeleteVpcEndpoints" in deletions(account, vpc_id)


def test_none_does_not_count_toward_the_limit() -> None:
    account = Account(teardown_limit=0)
    vpc_id = account.converged_vpc("ab")
    account.tag(vpc_id, profile="none")
    account.converge(vpc_id)
    account.clock.advance(300)
    assert account.owned(vpc_id) == []


# ---- doubt


def test_without_the_ledger_nothing_goes_late_and_the_word_none_still_counts(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.opt_out(vpc_id)
    account.converge(vpc_id)
    account.clock.advance(DAY)
    account.dynamo.error = refusal("AccessDeniedException")
    assert deletions(account, vpc_id) == []
    assert statuses(account.one_run(vpc_id)) == {Status.LEAVING}
    account.tag(vpc_id, profile="none")
    account.converge(vpc_id)
    account.clock.advance(300)
    assert account.owned(vpc_id) == []


def test_without_the_ledger_what_is_broken_still_heals(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.dynamo.error = refusal("AccessDeniedException")
    (mesh,) = account.truth.endpoints(vpc_id, APP_MESH)
    account.customer.delete_vpc_endpoints(VpcEndpointIds=[mesh["VpcEndpointId"]])
    account.clock.advance(300)
    account.converge(vpc_id)
    assert account.truth.faults(vpc_id) == []


@pytest.mark.parametrize("what", ["mistyped", "withdrawn", "document"])
def test_nothing_is_deleted_on_doubt(account: Account, what: str) -> None:
    """A word of the profile is mistyped, a service that it names is withdrawn, or the document is broken."""
    account.profiles = {**account.profiles, "web": Profile("web", BOTH)}
    vpc_id = account.vpc("ab", profile="web")
    account.converge(vpc_id)
    left: tuple[EndpointSpec, ...] = BOTH[1:]
    if what == "mistyped":
        left = (*left, replace(BOTH[0], service="apmesh-envoy-management"))
    elif what == "withdrawn":
        account.ec2.aws.withdraw(LOGS)
    else:
        account.doubt = "version 2 of the profiles document cannot be used"
    account.profiles = {**account.profiles, "web": Profile("web", left)}
    account.observer = account.new_observer()
    assert deletions(account, vpc_id) == []
    account.clock.advance(3 * DAY)
    assert deletions(account, vpc_id) == []
    assert len(account.truth.endpoints(vpc_id, APP_MESH)) == 1


def test_what_leaves_waits_while_the_profiles_are_in_doubt(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.opt_out(vpc_id)
    account.converge(vpc_id)
    account.clock.advance(DAY)
    account.doubt = "the profiles document could not be read"
    assert deletions(account, vpc_id) == []
    account.doubt = ""
    assert "DeleteVpcEndpoints" in deletions(account, vpc_id)


def test_a_paused_installation_writes_nothing_whatever_the_tags_say() -> None:
    account = Account()
    vpc_id = account.converged_vpc("ab")
    account.limit(paused=True)
    account.tag(vpc_id, profile="none", mode="enforce")
    with account.calls() as calls:
        done = account.one_run(vpc_id)
    assert account.writes(calls) == []
    assert done.ending is Ending.REPORTED
    assert Kind.NOT_WANTED in {each.finding.kind for each in done.findings}


def test_a_double_stays_until_the_first_sweep_has_taken_over(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.dynamo.items.clear()
    account.ledger = account.new_ledger()
    subnet = account.truth.private_subnets(vpc_id)[0]["SubnetId"]
    account.customer.create_vpc_endpoint(
        VpcId=vpc_id,
        VpcEndpointType="Interface",
        ServiceName=LOGS,
        SubnetIds=[subnet],
        PrivateDnsEnabled=False,
        TagSpecifications=[
            {
                "ResourceType": "vpc-endpoint",
                "Tags": [{"Key": k, "Value": v} for k, v in INSTALLATION.endpoint_tags(vpc_id, LOGS).items()],
            }
        ],
    )
    account.clock.advance(120)
    assert deletions(account, vpc_id) == []
    account.sweep()
    assert deletions(account, vpc_id) == ["DeleteVpcEndpoints"]


def test_the_sweep_names_each_service_of_the_document_that_the_region_does_not_know(account: Account) -> None:
    account.converged_vpc("ab")
    own = Profile("web", (*BOTH, EndpointSpec("secretsmanagr"), EndpointSpec("nowhere", optional=True)))
    account.profiles = {**account.profiles, "web": own}
    assert account.sweep().not_offered == ("profile 'web': interface endpoint for 'secretsmanagr'",)


def test_a_forged_time_does_not_shorten_the_grace_period(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    forged = {"leaving-at": "2001-01-01T00:00:00+00:00"}
    for each in account.owned(vpc_id):
        account.tag(each, **forged)
    account.opt_out(vpc_id)
    assert deletions(account, vpc_id) == []
    assert forged["leaving-at"] not in marks(account, vpc_id)
    for each in account.owned(vpc_id):
        account.tag(each, **forged)
    with account.calls() as calls:
        account.converge(vpc_id)
    assert account.writes(calls) == []
    account.clock.advance(DAY - 600)
    assert deletions(account, vpc_id) == []
    account.clock.advance(600)
    assert "DeleteVpcEndpoints" in deletions(account, vpc_id)


def test_none_waits_for_the_first_sweep_to_take_over(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.dynamo.items.clear()
    account.ledger = account.new_ledger()
    account.tag(vpc_id, profile="none")
    assert deletions(account, vpc_id) == []
    assert vpc_id in account.sweep().to_reconcile
    assert "DeleteVpcEndpoints" in deletions(account, vpc_id)


def adopting(account: Account) -> str:
    """A VPC with an adopted endpoint for the mesh, by a document of its own."""
    profile = Profile("web", BOTH, existing=Existing.ADOPT)
    account.profiles = {**account.profiles, "web": profile}
    vpc_id = account.vpc("ab", profile="web")
    theirs_for_the_mesh(account, vpc_id)
    account.converge(vpc_id)
    return vpc_id


def sweep_and_run(account: Account) -> None:
    for vpc_id in account.sweep().to_reconcile:
        account.converge(vpc_id)


def groups_on(account: Account, vpc_id: str) -> int:
    (adopted,) = account.truth.endpoints(vpc_id, APP_MESH)
    return len(adopted["Groups"])


def test_an_adopted_endpoint_has_a_whole_grace_period_each_time_it_is_to_be_given_back(
    account: Account,
) -> None:
    """A change of the document is no event: only the sweep sees it."""
    vpc_id = adopting(account)
    both = account.profiles["web"]
    less = replace(both, endpoints=BOTH[1:])
    for profile in (less, both):
        account.profiles = {**account.profiles, "web": profile}
        sweep_and_run(account)
        account.clock.advance(3600)
    account.clock.advance(14 * DAY)
    account.profiles = {**account.profiles, "web": less}
    sweep_and_run(account)
    assert groups_on(account, vpc_id) == 2
    account.clock.advance(DAY - 60)
    sweep_and_run(account)
    assert groups_on(account, vpc_id) == 2
    account.clock.advance(60)
    sweep_and_run(account)
    assert groups_on(account, vpc_id) == 1


def test_a_misspelt_opt_in_key_takes_nothing_down(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.opt_out(vpc_id)
    account.tag(vpc_id, Profile="appmesh")
    account.converge(vpc_id)
    assert marks(account, vpc_id) == {"never"}
    account.clock.advance(3 * DAY)
    assert deletions(account, vpc_id) == []
