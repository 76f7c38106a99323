"""Each file of `events/` through intake, to the VPC that it is about."""

from __future__ import annotations

import io
import json
import math
from typing import Any
from unittest.mock import Mock
from uuid import uuid4

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.intake import app as intake
from functions.reconcile import app as reconcile
from functions.sweep import app as sweep
from reconciler.domain import trail
from reconciler.domain.index import Indexes, Settled
from reconciler.domain.trail import Touched
from reconciler.ec2.index import IndexReader
from reconciler.runtime import Runtime
from tests.account import INSTALLATION, Account
from tests.template.examples import API_CALLS, OTHERS_OF_INTAKE, example, text
from tests.unit.fakes import FakeSqs

# The ids of the examples' story: what stands in the opted-in VPC. Any other is of something gone or not ours.
VPC = "vpc-0a4c1e7d93b2f5860"
SUBNETS = ("subnet-0b7d21f4a86c3e951", "subnet-0c58e3a91d74b26f0", "subnet-0d91b6c3e25f8a474")
TABLE = "rtb-0e3f5a7c9b1d24680"
GROUP = "sg-0c6e2a8f4b1d97530"
ENVOY, LOGS = "vpce-0b5d9f1e3a7c42680", "vpce-0e8c4a6b2d0f13579"

GONE = {"DeleteRouteTable", "DeleteSecurityGroup", "DeleteSubnet", "DisassociateRouteTable"}
# Of a VPC that is gone or not opted in.
NOBODYS = {"CreateDefaultSubnet", "CreateDefaultVpc", "DeleteVpc"}
CONTEXT = Mock(spec=LambdaContext, get_remaining_time_in_millis=lambda: 100_000)
OF_RULES = [*API_CALLS, *OTHERS_OF_INTAKE]


class Story:
    """An account in which the examples' VPC exists, and the examples with its ids in them."""

    def __init__(self) -> None:
        self.account = Account()
        self.vpc_id = self.account.converged_vpc("abc")
        self.account.converged_vpc("a", number=2)
        ec2 = self.account.customer
        among: Any = [{"Name": "vpc-id", "Values": [self.vpc_id]}]
        subnets = ec2.describe_subnets(Filters=among)["Subnets"]
        ids = dict(zip(SUBNETS, (subnet["SubnetId"] for subnet in subnets), strict=True))
        ids[TABLE] = ec2.describe_route_tables(Filters=among)["RouteTables"][0]["RouteTableId"]
        for endpoint in ec2.describe_vpc_endpoints(Filters=among)["VpcEndpoints"]:
            ids[LOGS if endpoint["ServiceName"].endswith(".logs") else ENVOY] = endpoint["VpcEndpointId"]
            ids[GROUP] = endpoint["Groups"][0]["GroupId"]
        self._ids = ids | {VPC: self.vpc_id}

    def event(self, name: str) -> Any:
        reported = text(name)
        for id_of_example, id_here in self._ids.items():
            reported = reported.replace(id_of_example, id_here)
        return json.loads(reported)

    def touched(self, name: str) -> Touched:
        touched = trail.read(self.event(name), INSTALLATION.tag_prefix)
        assert isinstance(touched, Touched)
        assert (touched.account, touched.region) == ("111122223333", "eu-west-1")
        return touched

    def settled(self, name: str) -> Settled:
        return indexed(self.account).settle(self.touched(name), just_read=True)


def indexed(account: Account) -> Indexes:
    """What is known of an account, as it is now."""
    return Indexes().read(IndexReader(account.reconciler, INSTALLATION, account.clock.now).read())


@pytest.fixture(scope="module")
def story() -> Story:
    return Story()


@pytest.mark.parametrize("name", sorted(set(OF_RULES) - GONE - NOBODYS))
def test_an_event_leads_to_the_vpc_that_it_is_about_and_to_no_other(story: Story, name: str) -> None:
    assert story.settled(name) == Settled(frozenset({story.vpc_id}))


@pytest.mark.parametrize("name", sorted(GONE))
def test_an_event_of_something_that_is_gone_says_so(story: Story, name: str) -> None:
    assert story.settled(name) == Settled(gone=frozenset(story.touched(name).resources))


@pytest.mark.parametrize("name", sorted(NOBODYS))
def test_an_event_of_nothing_that_we_look_after_leads_nowhere(story: Story, name: str) -> None:
    assert story.settled(name) == Settled()


def test_a_change_of_somebody_elses_group_leads_nowhere() -> None:
    account = Account()
    vpc_id = account.vpc()
    group = account.customer.create_security_group(VpcId=vpc_id, GroupName="web", Description="x")["GroupId"]
    event = json.loads(text("AuthorizeSecurityGroupIngress").replace(GROUP, group))
    touched = trail.read(event, INSTALLATION.tag_prefix)
    assert isinstance(touched, Touched)
    assert indexed(account).settle(touched) == Settled()


# ---- through the handlers, as they are


class Here:
    """An installation with one VPC that asks for something, and what its functions said and sent."""

    def __init__(self) -> None:
        account = Account()
        account.vpc()
        self.sqs, self._log = FakeSqs(), io.StringIO()
        logger = Logger(service=str(uuid4()), stream=self._log)
        self.runtime = Runtime(
            account.settings, logger, account.reconciler, self.sqs.client, account.clock.now
        )
        self.runtime.__dict__["ledger"] = account.ledger

    def said(self) -> str:
        """What was said since the last time."""
        reported = self._log.getvalue()
        self._log.truncate(0)
        return reported


@pytest.fixture(scope="module")
def here() -> Here:
    return Here()


@pytest.mark.parametrize("name", OF_RULES)
def test_intake_takes_every_example_and_turns_none_away(here: Here, name: str) -> None:
    intake.handle(example(name), CONTEXT, here.runtime)
    reported = here.said()
    assert "VPCs" in reported or "sweeping" in reported
    assert "rejection" not in reported


def test_intake_takes_the_example_of_a_batch(here: Here) -> None:
    batch = example("EventQueueBatch")
    assert len(batch["Records"]) > 1
    assert intake.handle(batch, CONTEXT, here.runtime) == {"batchItemFailures": []}
    assert f"{len(batch['Records'])} events: " in here.said()


def test_reconcile_takes_the_example_of_a_batch(here: Here) -> None:
    batch = example("PassQueueBatch")
    assert len(batch["Records"]) > 1
    assert reconcile.handle(batch, CONTEXT, here.runtime) == {"batchItemFailures": []}
    reported = here.said()
    for record in batch["Records"]:
        assert f"reconciled {json.loads(record['body'])['vpc_id']}: gone" in reported


@pytest.mark.parametrize("name", ["ScheduledSweep", "CloudFormationStackStatusChange"])
def test_sweep_takes_the_examples_of_what_starts_it(name: str) -> None:
    here = Here()
    sweep.handle(example(name), here.runtime, "request-1", math.inf)
    assert len(here.sqs.sent) == 1
