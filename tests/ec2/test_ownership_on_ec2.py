"""What IAM cannot say of ownership, and the code holds: forged marks delete, narrow and reset nothing.

The tagger may call `ec2:CreateTags` and `ec2:DeleteTags` on everything (docs/security.md).
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from reconciler.conclusion import Ending, Run
from reconciler.domain.findings import Kind, Status
from reconciler.domain.profile import Profile
from reconciler.domain.profiles import parse
from sandbox.truth import APP_MESH, LOGS
from tests.account import INSTALLATION, STACK, Account
from tests.unit.fakes import refusal

SQS = INSTALLATION.service_name("sqs")
RESTRICTING = '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}]}'
OWNER, VPC_MARK, NAME = INSTALLATION.owner_key, INSTALLATION.vpc_key, "Name"
ENDPOINT_WRITES = {"DeleteVpcEndpoints", "ModifyVpcEndpoint", "CreateTags", "DeleteTags"}


def profile_of(*services: str, existing: str = "observe") -> Profile:
    """A profile that asks for these."""
    entries = "".join(f'[[own.endpoint]]\nservice = "{each}"\n' for each in services)
    return parse(f'[own]\nexisting = "{existing}"\n{entries}')["own"]


def strangers(account: Account, vpc_id: str, service: str = SQS, **more: Any) -> str:
    """Someone else's endpoint in the first subnet of the VPC, behind a group of its own. Gives its id."""
    found = account.customer.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])
    (subnet, *_) = found["Subnets"]
    group = account.customer.create_security_group(
        GroupName=f"theirs-{service}", Description="theirs", VpcId=vpc_id
    )
    made = account.customer.create_vpc_endpoint(
        VpcId=vpc_id,
        VpcEndpointType="Interface",
        ServiceName=service,
        SubnetIds=[subnet["SubnetId"]],
        SecurityGroupIds=[group["GroupId"]],
        PrivateDnsEnabled=False,
        **more,
    )
    account.clock.advance(300)
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def put(account: Account, resource_id: str, tags: dict[str, str]) -> None:
    account.customer.create_tags(
        Resources=[resource_id], Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
    )


def take(account: Account, resource_id: str, *keys: str) -> None:
    account.customer.delete_tags(Resources=[resource_id], Tags=[{"Key": key} for key in keys])


def marks_of(vpc_id: str, service: str = SQS, *keys: str) -> dict[str, str]:
    """The marks that an endpoint of ours would bear: these, or all."""
    marks = INSTALLATION.endpoint_tags(vpc_id, service)
    return {key: marks[key] for key in keys or marks}


def seen(account: Account, endpoint_id: str) -> Any:
    """The endpoint as EC2 has it, but for its tags; none where it is going or gone."""
    found = account.ec2.truth("DescribeVpcEndpoints", VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
    there = [each for each in found if not each["State"].lower().startswith("delet")]
    return {key: value for each in there for key, value in each.items() if key != "Tags"}


def touched(account: Account, calls: list[Any], endpoint_id: str) -> list[str]:
    """What the remediator called on the endpoint."""
    made = [c for c in calls if c.request.action in ENDPOINT_WRITES and endpoint_id in str(c.params)]
    return account.writes(made)


def statuses(run: Run, resource: str) -> set[tuple[Kind, Status]]:
    return {(each.finding.kind, each.status) for each in run.findings if each.finding.resource == resource}


UNPROVEN = (Kind.UNPROVEN, Status.IMPAIRED)


def test_the_owner_mark_on_a_strangers_endpoint_in_a_vpc_that_never_opted_in_deletes_nothing() -> None:
    account = Account(grace_seconds=0)
    vpc_id = account.vpc("ab", profile=None)
    theirs = strangers(account, vpc_id)
    put(account, theirs, marks_of(vpc_id, SQS, OWNER))
    before = seen(account, theirs)
    with account.calls() as calls:
        account.sweep()
        (run,) = account.converge(vpc_id)
    assert account.writes(calls) == []
    assert seen(account, theirs) == before
    assert statuses(run, theirs) == {UNPROVEN}


KEYS = (OWNER, VPC_MARK, NAME)
FORGED = [keys for number in (1, 2, 3) for keys in combinations(KEYS, number)]


@pytest.mark.parametrize("word", ["none", "own", "appmesh"])
@pytest.mark.parametrize("keys", FORGED, ids=" + ".join)
def test_forged_marks_delete_and_narrow_nothing_while_the_ledger_is_there(
    keys: tuple[str, ...], word: str
) -> None:
    """Whatever the VPC asks for: nothing, the service of the stranger's endpoint, or others."""
    account = Account(grace_seconds=0)
    account.profiles = {**account.profiles, "own": profile_of("sqs")}
    vpc_id = account.vpc("ab", profile=word)
    theirs = strangers(account, vpc_id, PolicyDocument=RESTRICTING)
    put(account, theirs, marks_of(vpc_id, SQS, *keys))
    before = seen(account, theirs)
    with account.calls() as calls:
        run = account.converge(vpc_id)[-1]
    assert touched(account, calls, theirs) == []
    assert seen(account, theirs) == before
    assert UNPROVEN in statuses(run, theirs)


@pytest.mark.parametrize("ledger", [True, False])
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("existing", ["observe", "adopt"])
def test_one_mark_on_a_strangers_endpoint_leaves_its_policy_alone(
    key: str, existing: str, ledger: bool
) -> None:
    account = Account(grace_seconds=0)
    account.profiles = {"own": profile_of("sqs", existing=existing)}
    vpc_id = account.vpc("ab", profile="own")
    theirs = strangers(account, vpc_id, PolicyDocument=RESTRICTING)
    put(account, theirs, marks_of(vpc_id, SQS, key))
    if not ledger:
        account.dynamo.error = refusal("ResourceNotFoundException")
    before = seen(account, theirs)
    with account.calls() as calls:
        run = account.converge(vpc_id)[-1]
    assert touched(account, calls, theirs) == []
    assert seen(account, theirs)["PolicyDocument"] == before["PolicyDocument"]
    assert UNPROVEN in statuses(run, theirs)


@pytest.mark.parametrize("keys", FORGED, ids=" + ".join)
def test_forged_marks_on_a_strangers_group_delete_and_narrow_nothing(keys: tuple[str, ...]) -> None:
    account = Account(grace_seconds=0)
    vpc_id = account.vpc("ab", profile="none")
    theirs = account.customer.create_security_group(GroupName="theirs", Description="theirs", VpcId=vpc_id)[
        "GroupId"
    ]
    account.customer.authorize_security_group_ingress(
        GroupId=theirs, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="10.0.0.0/8"
    )
    marks = INSTALLATION.group_tags(vpc_id)
    put(account, theirs, {key: marks[key] for key in keys})
    before = account.ec2.truth("DescribeSecurityGroups", GroupIds=[theirs])
    run = account.converge(vpc_id)[-1]
    account.tag(vpc_id, profile="appmesh")
    account.converge(vpc_id)
    assert account.ec2.truth("DescribeSecurityGroups", GroupIds=[theirs]) == before
    assert UNPROVEN in statuses(run, theirs)


def test_marks_that_name_another_vpc_prove_nothing_and_narrow_nothing() -> None:
    """IAM asks for a VPC mark, and cannot ask for the right one."""
    account = Account(grace_seconds=0)
    vpc_id, other = account.vpc("ab", profile="none"), account.converged_vpc("ab", number=2)
    theirs = strangers(account, vpc_id)
    put(account, theirs, marks_of(other, SQS, OWNER, VPC_MARK))
    account.dynamo.error = refusal("ResourceNotFoundException")
    with account.calls() as calls:
        run = account.converge(vpc_id)[-1]
    assert touched(account, calls, theirs) == []
    assert statuses(run, theirs) == {UNPROVEN}


def test_what_is_ours_is_deleted_only_once_it_bears_the_mark_of_the_right_vpc() -> None:
    account = Account(grace_seconds=0)
    vpc_id = account.converged_vpc("ab")
    (ours,) = (each["VpcEndpointId"] for each in account.truth.endpoints(vpc_id, LOGS))
    put(account, ours, {VPC_MARK: "vpc-0123456789abcdef0"})
    account.tag(vpc_id, profile="none")
    with account.calls() as first:
        run = account.one_run(vpc_id)
    assert touched(account, first, ours) == ["CreateTags"]
    assert account.ec2.tags_of(ours)[VPC_MARK] == vpc_id
    with account.calls() as second:
        account.converge(vpc_id, request=account.next_request(run))
    assert touched(account, second, ours) == ["DeleteVpcEndpoints"]


# ---- without the ledger, and with a word of a person


@pytest.mark.parametrize("keys", FORGED, ids=" + ".join)
def test_with_the_ledger_gone_two_marks_are_proof_enough_and_one_is_not(keys: tuple[str, ...]) -> None:
    account = Account()
    vpc_id = account.vpc("ab", profile="none")
    theirs = strangers(account, vpc_id)
    put(account, theirs, marks_of(vpc_id, SQS, *keys))
    account.dynamo.error = refusal("ResourceNotFoundException")
    account.converge(vpc_id)
    assert (seen(account, theirs) == {}) is (len(keys) > 1)


@pytest.mark.parametrize("keys", FORGED, ids=" + ".join)
def test_with_the_ledger_gone_nothing_is_deleted_because_a_tag_is_missing(keys: tuple[str, ...]) -> None:
    account = Account(grace_seconds=0)
    vpc_id = account.vpc("ab", profile=None)
    theirs = strangers(account, vpc_id)
    put(account, theirs, marks_of(vpc_id, SQS, *keys))
    account.dynamo.error = refusal("ResourceNotFoundException")
    with account.calls() as calls:
        account.converge(vpc_id)
    assert "DeleteVpcEndpoints" not in touched(account, calls, theirs)


@pytest.mark.parametrize("keys", FORGED, ids=" + ".join)
def test_a_claim_makes_it_ours_where_two_marks_agree(keys: tuple[str, ...]) -> None:
    account = Account()
    account.profiles = {"own": profile_of("sqs")}
    vpc_id = account.vpc("ab", profile="own")
    theirs = strangers(account, vpc_id, PolicyDocument=RESTRICTING)
    put(account, theirs, marks_of(vpc_id, SQS, *keys))
    account.claim(vpc_id, theirs)
    run = account.converge(vpc_id)[-1]
    tags = account.ec2.tags_of(theirs)
    if len(keys) > 1:
        assert tags == marks_of(vpc_id)
        assert seen(account, theirs)["PolicyDocument"] != RESTRICTING
        assert UNPROVEN not in statuses(run, theirs)
    else:
        assert tags == marks_of(vpc_id, SQS, *keys)
        assert UNPROVEN in statuses(run, theirs)


def test_a_claim_for_one_vpc_proves_nothing_in_another() -> None:
    account = Account()
    vpc_id, other = account.vpc("ab", profile="none"), account.vpc("ab", profile="none", number=2)
    theirs = strangers(account, vpc_id)
    put(account, theirs, marks_of(vpc_id))
    account.claim(other, theirs)
    account.converge(vpc_id)
    assert seen(account, theirs)


# ---- marks that are lost


@pytest.mark.parametrize("ledger", [True, False])
@pytest.mark.parametrize("lost", FORGED, ids=" + ".join)
def test_a_mark_is_put_back_only_while_both_others_are_there(lost: tuple[str, ...], ledger: bool) -> None:
    account = Account()
    vpc_id = account.converged_vpc("ab")
    (ours,) = (each["VpcEndpointId"] for each in account.truth.endpoints(vpc_id, APP_MESH))
    take(account, ours, *lost)
    if not ledger:
        account.dynamo.error = refusal("ResourceNotFoundException")
    left = account.ec2.tags_of(ours)
    run = account.converge(vpc_id)[-1]
    if len(lost) == 1:
        assert account.ec2.tags_of(ours) == marks_of(vpc_id, APP_MESH)
    else:
        assert account.ec2.tags_of(ours) == left
    assert (UNPROVEN in statuses(run, ours)) is (len(lost) == 2)


def test_another_installations_owner_mark_is_not_replaced_and_nothing_of_it_is_changed() -> None:
    account = Account(grace_seconds=0)
    vpc_id = account.converged_vpc("ab")
    (ours,) = (each["VpcEndpointId"] for each in account.truth.endpoints(vpc_id, LOGS))
    put(account, ours, {OWNER: "another"})
    account.tag(vpc_id, profile="none")
    with account.calls() as calls:
        account.converge(vpc_id)
    assert touched(account, calls, ours) == []
    assert account.ec2.tags_of(ours)[OWNER] == "another"


# ---- tags of ours with values of a tagger


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "now", STACK, ""])
def test_a_time_to_go_that_is_no_time_is_said_anew(at: str) -> None:
    """It stops neither the run nor the sweep, and shortens no grace period."""
    account = Account()
    vpc_id = account.converged_vpc("ab")
    (ours,) = (each["VpcEndpointId"] for each in account.truth.endpoints(vpc_id, LOGS))
    put(account, ours, {INSTALLATION.leaving_key: at})
    take(account, vpc_id, INSTALLATION.profile_key)
    account.sweep()
    account.converge(vpc_id)
    assert seen(account, ours)
    assert account.ec2.tags_of(ours)[INSTALLATION.leaving_key] > "2027"


def test_a_claim_that_is_taken_back_proves_nothing_any_more(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    subnet = account.truth.private_subnets(vpc_id)[0]["SubnetId"]
    service = INSTALLATION.service_name("logs")
    theirs = account.customer.create_vpc_endpoint(
        VpcId=vpc_id,
        VpcEndpointType="Interface",
        ServiceName=service,
        SubnetIds=[subnet],
        PrivateDnsEnabled=False,
    )["VpcEndpoint"]["VpcEndpointId"]
    account.tag(theirs, owner=INSTALLATION.id, vpc=vpc_id, mode="x")
    account.claim(vpc_id, theirs)
    account.ec2.faults.deny("DeleteVpcEndpoints")
    account.one_run(vpc_id)
    del account.dynamo.items[f"vpc#{vpc_id}", f"claim#{theirs}"]
    account.ec2.faults.clear()
    done = account.converge(vpc_id)[-1]
    assert theirs in {each.finding.resource for each in done.findings if each.finding.kind is Kind.UNPROVEN}
    assert theirs in {each["VpcEndpointId"] for each in account.truth.endpoints(vpc_id, service)}


def test_a_strangers_endpoint_gets_no_private_dns_while_the_group_for_its_clients_cannot_be_made(
    account: Account,
) -> None:
    vpc_id = account.vpc("ab")
    theirs = strangers(account, vpc_id, APP_MESH)
    account.ec2.faults.deny("CreateSecurityGroup")
    assert account.converge(vpc_id)[-1].ending is Ending.BLOCKED
    [endpoint] = [each for each in account.truth.endpoints(vpc_id) if each["VpcEndpointId"] == theirs]
    assert not endpoint["PrivateDnsEnabled"]
