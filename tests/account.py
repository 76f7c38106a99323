"""An account for tests: the sandbox's EC2 on its own clock, a customer in it, and the reconciler's runs.

The VPC is requeued as the queue would do it, a debounce apart, with no queue and no waiting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler import reconcile, requeue
from reconciler.attribute_memory import AttributeMemory
from reconciler.conclusion import Ending, Run
from reconciler.domain.installation import Installation
from reconciler.domain.model import Mode
from reconciler.domain.profile import Profile
from reconciler.domain.profiles import Catalogue, builtin
from reconciler.ec2.observe import Observer
from reconciler.ledger import Ledger
from reconciler.messages import RunRequest
from reconciler.reconcile import Means
from reconciler.settings import Settings
from reconciler.sweep import Sweep, sweep
from reconciler.table import Table
from reconciler.write_budget import WriteBudget
from sandbox import networks
from sandbox.ec2 import AssumedRole, Call, Ec2, Ec2Rule, ManualClock
from sandbox.truth import Truth
from tests import cut_model
from tests.unit.fakes import FakeDynamo

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

STACK = "vpc-endpoint-remediator"
INSTALLATION = Installation(
    id=STACK, tag_prefix="vpce-remediator", region="eu-west-1", account="111122223333"
)
ROLE = AssumedRole("arn:aws:iam::111122223333:role/reconcile", "reconcile")
DEBOUNCE = 30
ZONES = "abc"


def settings(mode: Mode = Mode.ENFORCE, **limits: Any) -> Settings:
    """An installation's settings."""
    return Settings(
        installation=replace(INSTALLATION, default_mode=mode, **limits),
        debounce=DEBOUNCE,
        pass_queue_url="passes",
        sweep_queue_url="sweeps",
        ledger_table="ledger",
    )


class Account:
    """One account, its EC2, and an installation of the remediator in it, whose first sweep is over. `limits`
    are those of the installation, such as `grace_seconds`."""

    def __init__(
        self, rules: frozenset[Ec2Rule] | None = None, mode: Mode = Mode.ENFORCE, **limits: Any
    ) -> None:
        self.clock = ManualClock()
        self.ec2 = Ec2(clock=self.clock, rules=rules)
        self.customer = self.ec2.client()
        self.reconciler = self.ec2.client(ROLE, cut_model.folder())
        self.settings = settings(mode, **limits)
        self.budget: WriteBudget | None = None
        self.profiles: Mapping[str, Profile] = builtin()
        self.doubt = ""
        self.dynamo = FakeDynamo()
        self.said: list[str] = []
        self.ledger = self.new_ledger()
        self.ledger.set_complete(self.clock.now())
        self.truth = Truth(self.ec2.truth, owner=STACK)
        self.observer = self.new_observer()
        self._made: set[str] = set()
        self._read = 0

    def new_observer(self) -> Observer:
        """An observer whose caches are empty, as after a cold start."""
        return Observer(self.reconciler, INSTALLATION, self.clock.now)

    def new_ledger(self) -> Ledger:
        """The ledger, as after a cold start."""
        return Ledger(self.new_table(), STACK)

    def new_table(self) -> Table:
        """The ledger's table, as after a cold start."""
        return Table(self._client_of_the_ledger, "ledger", self._say)

    def _client_of_the_ledger(self) -> DynamoDBClient:
        return self.dynamo.client

    def _say(self, line: str) -> None:
        self.said.append(line)

    def __deepcopy__(self, memo: dict[int, Any]) -> Account:
        """An account that goes its own way from here."""
        twin = object.__new__(type(self))
        memo[id(self)] = twin
        twin.ec2 = deepcopy(self.ec2, memo)
        twin.customer, twin.reconciler = twin.ec2.client(), twin.ec2.client(ROLE, cut_model.folder())
        memo |= {id(self.customer): twin.customer, id(self.reconciler): twin.reconciler}
        memo[id(self.observer._pool)] = self.observer._pool  # threads keep nothing, and cannot be copied
        for name in vars(self).keys() - vars(twin).keys():
            setattr(twin, name, deepcopy(getattr(self, name), memo))
        return twin

    @property
    def means(self) -> Means:
        """What a run works with."""
        return Means(
            self.observer,
            self.reconciler,
            self.ledger,
            self.settings.installation,
            lambda _version: Catalogue(self.profiles, doubt=self.doubt),
            self.clock.now,
            attributes=AttributeMemory(self.new_table()),
            budget=self.budget,
        )

    def limit(self, **limits: Any) -> None:
        """Deploy with other limits of the installation."""
        self.settings = replace(self.settings, installation=replace(self.settings.installation, **limits))

    # ---- what a customer does

    def vpc(
        self, private: str = "ab", public: str = "", profile: str | None = "appmesh", number: int = 1
    ) -> str:
        """A VPC with a private and a public subnet for each letter of a zone; with an internet gateway where
        it has public ones. Tagged, unless `profile` is None."""
        vpc_id = networks.make_network(self.customer, number, private, public).vpc
        if profile is not None:
            self.tag(vpc_id, profile=profile)
        return vpc_id

    def subnet(self, vpc_id: str, zone: str, cidr: str) -> str:
        """A subnet, by the letter of its zone."""
        return networks.make_subnet(self.customer, vpc_id, zone, cidr)

    def attach_gateway(self, vpc_id: str) -> str:
        """A new internet gateway, attached."""
        return networks.make_gateway(self.customer, vpc_id)

    def public_table(self, vpc_id: str, gateway: str) -> str:
        """A route table with a default route to `gateway`."""
        return networks.make_public_table(self.customer, vpc_id, gateway)

    def tag(self, resource_id: str, **tags: str) -> None:
        """Tags of ours, by their last word."""
        self.customer.create_tags(
            Resources=[resource_id],
            Tags=[{"Key": f"{INSTALLATION.tag_prefix}:{key}", "Value": value} for key, value in tags.items()],
        )

    def opt_out(self, vpc_id: str) -> None:
        """The opt-in tag goes."""
        self.customer.delete_tags(Resources=[vpc_id], Tags=[{"Key": INSTALLATION.profile_key}])

    def claim(self, vpc_id: str, *resource_ids: str) -> None:
        """A person says that these are ours, as docs/findings.md says how."""
        for each in resource_ids:
            item = {"pk": {"S": f"vpc#{vpc_id}"}, "sk": {"S": f"claim#{each}"}}
            self.dynamo.put_item(TableName="ledger", Item=item)
        self._made |= set(resource_ids)

    # ---- what the remediator does

    def one_run(self, vpc_id: str, request: RunRequest | None = None) -> Run:
        """One run, now."""
        request = request or RunRequest(vpc_id, first_seen=int(self.clock.now() * 1000))
        return reconcile.run(request, self.means)

    def sweep(self) -> Sweep:
        """One sweep, now."""
        return sweep(self.means, self.said.append)

    def converge(self, vpc_id: str, at_most: int = 20, request: RunRequest | None = None) -> list[Run]:
        """Runs until the VPC is no longer requeued."""
        made = [self.one_run(vpc_id, request)]
        while made[-1].ending is Ending.REQUEUED:
            assert len(made) < at_most, f"still not converged: {made[-1]}"
            self.clock.advance(DEBOUNCE)
            again = self.next_request(made[-1])
            self.clock.advance(max(0, again.not_before / 1000 - self.clock.now()))
            made.append(self.one_run(vpc_id, again))
        return made

    def next_request(self, done: Run) -> RunRequest:
        """The request with which a VPC is requeued."""
        return requeue.next_request(done, DEBOUNCE, self.clock.now())

    def converged_vpc(self, private: str = "ab", public: str = "", number: int = 1) -> str:
        """A tagged VPC in which all is as it should be."""
        vpc_id = self.vpc(private, public, number=number)
        assert self.converge(vpc_id)[-1].ending is Ending.CONVERGED
        assert self.truth.faults(vpc_id) == []
        return vpc_id

    def owned(self, vpc_id: str) -> list[str]:
        """The ids of the groups and interface endpoints of a VPC that bear an owner tag."""
        everything = [each["GroupId"] for each in self.truth.groups(vpc_id)]
        everything += [each["VpcEndpointId"] for each in self.truth.endpoints(vpc_id)]
        return [each for each in everything if INSTALLATION.owner_key in self.ec2.tags_of(each)]

    def made_here(self) -> set[str]:
        """The ids of what the reconciler ever made, heard of it or not, and of what was claimed."""
        for call in self.ec2.calls[self._read :]:
            if call.request.principal == ROLE and call.response:
                made = call.response.get("VpcEndpoint", {}).get("VpcEndpointId")
                self._made |= {made, call.response.get("GroupId")} - {None}
        self._read = len(self.ec2.calls)
        return self._made

    @contextmanager
    def calls(self) -> Iterator[list[Call]]:
        """The reconciler's calls that were made inside the `with`."""
        since = len(self.ec2.calls)
        made: list[Call] = []
        yield made
        made += [call for call in self.ec2.calls[since:] if call.request.principal == ROLE]

    def writes(self, calls: list[Call]) -> list[str]:
        """The actions of the calls that change something."""
        return [call.request.action for call in calls if call.mutating]
