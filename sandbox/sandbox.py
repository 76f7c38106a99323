"""The whole of it, brought up and taken down in one `with`: EC2, the control plane, the stack, the trail
between them.

Both the demo and the tests of the deployed stack work with what `running` gives.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox import access, places
from sandbox.control_plane import deploy, ministack
from sandbox.control_plane.alarms import Alarms
from sandbox.control_plane.deploy import Progress, Stack
from sandbox.control_plane.emf import Extractor, Metric, metrics_of
from sandbox.control_plane.logs import FunctionLogs, Line
from sandbox.control_plane.ministack import ControlPlane
from sandbox.control_plane.queues import Queues
from sandbox.ec2 import Call, Ec2, IamUser, Principal, Root, SystemClock
from sandbox.iam import function_roles, policies
from sandbox.iam.ec2_decision import Ec2Permissions
from sandbox.trail.cloudtrail import TagChanges, cloudtrail_event
from sandbox.trail.delivery import Delivery
from sandbox.truth import Truth

if TYPE_CHECKING:
    from mypy_boto3_ec2.client import EC2Client

CUSTOMER = IamUser("customer")
PARAMETERS: Mapping[str, object] = {"DebounceSeconds": 2}
# ministack does not know the saved queries' type; things take a tenth of the time that AWS takes (`Timing`).
_ALWAYS: Mapping[str, object] = {"SavedQueries": "false", "EndpointWriteRate": "3"}
_TAG_PREFIX = "vpce-remediator"


@dataclass(frozen=True)
class Timing:
    """How long things take in the sandbox, in seconds; AWS takes about ten times as long."""

    create: float = 3.0
    modify: float = 1.0
    delete: float = 2.0
    remember: float = 5.0
    delivery: float = 0.2


@dataclass
class Sandbox:
    """A running account with the stack in it."""

    folder: Path
    ec2: Ec2
    ec2_endpoint: str
    plane: ControlPlane
    delivery: Delivery
    project: Path = places.PROJECT
    parameters: dict[str, object] = field(default_factory=lambda: dict(_ALWAYS))
    progress: Progress = print
    _built: set[Path] = field(default_factory=set)

    def deploy(self, **parameters: object) -> None:
        """Deploy the template, built before where it is the project's first time; `parameters` are kept for
        later deployments."""
        self.parameters.update(parameters)
        self.stack: Stack = deploy.deploy(
            self.plane,
            self.parameters,
            project=self.project,
            build=self.project not in self._built,
            progress=self.progress,
        )
        self._built.add(self.project)
        self.roles = function_roles.register_functions(self.ec2.principals, self.plane, self.stack)
        policies.mend(self.plane, self.stack)
        self.ec2.authorise = Ec2Permissions(
            policies.statements_of(self.plane, self.stack),
            self.ec2.account,
            self.ec2.region,
            self.ec2.tags_of,
        )
        self.delivery.learn_rules()
        self.logs = FunctionLogs(self.plane, self.stack)
        self.queues = Queues(self.plane, self.stack)
        self.delivery.offer([deploy.status_change(self.stack, self.ec2.clock.now())])

    @property
    def tag_prefix(self) -> str:
        """The prefix of the stack's tags."""
        return str(self.parameters.get("TagPrefix", _TAG_PREFIX))

    @property
    def truth(self) -> Truth:
        """The second opinion on a VPC."""
        return Truth(self.ec2.truth, owner=self.stack.name, prefix=self.tag_prefix)

    @cached_property
    def customer(self) -> EC2Client:
        """EC2 for an IAM user of the account."""
        return self.ec2_as(CUSTOMER)

    def ec2_as(self, principal: Principal) -> EC2Client:
        """EC2 for a principal of the account, over the wire."""
        made: EC2Client = access.client("ec2", self.ec2_endpoint, self.ec2.principals.key_of(principal))
        return made

    def client(self, service: str) -> Any:
        """A boto3 client of another service, for the account's root."""
        return self.plane.client(service)

    def lines(self, function: str | None = None) -> list[Line]:
        """What the functions wrote, one of them or all."""
        return list(self.logs.lines(function))

    def metrics(self, name: str | None = None) -> list[Metric]:
        """The metrics that the functions published, of one name or all."""
        return [each for each in metrics_of(self.logs.lines()) if name in (None, each.name)]

    def invoke(self, function: str, event: object) -> Any:
        """Invoke a function, by its logical id, and wait for its answer."""
        name = self.stack.physical_ids("AWS::Lambda::Function")[function]
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
        return json.loads(answer["Payload"].read())

    def idle(self) -> bool:
        """Whether no event is on its way and no work waits."""
        return self.delivery.idle and self.queues.idle()

    def calls_of(self, function: str) -> list[Call]:
        """The calls that a function made to EC2, by its logical id."""
        return [call for call in list(self.ec2.calls) if call.principal == self.roles[function]]


@contextlib.contextmanager
def running(
    parameters: Mapping[str, object] = PARAMETERS,
    *,
    timing: Timing | None = None,
    project: Path = places.PROJECT,
    progress: Progress = print,
) -> Iterator[Sandbox]:
    """A sandbox with the stack deployed, for as long as the block lasts."""
    with started(timing=timing, project=project, progress=progress) as sandbox:
        sandbox.deploy(**parameters)
        with extracting(sandbox):
            yield sandbox


@contextlib.contextmanager
def started(
    *, timing: Timing | None = None, project: Path = places.PROJECT, progress: Progress = print
) -> Iterator[Sandbox]:
    """A sandbox with nothing deployed yet."""
    access.reach_loopback()
    timing = timing or Timing()
    ec2 = Ec2(access.ACCOUNT, access.REGION, clock=SystemClock())
    ec2.principals.register(access.ACCOUNT, Root())
    for name in ("create", "modify", "delete", "remember"):
        setattr(ec2.aws.timings, name, getattr(timing, name))
    with (
        places.run_folder() as folder,
        ec2.serve() as endpoint,
        ministack.running(folder, endpoint) as plane,
    ):
        delivery = Delivery(plane, timing.delivery)
        ec2.on_call(lambda call: delivery.offer([cloudtrail_event(call, ec2.account, ec2.region)]))
        changes = TagChanges(ec2.account, ec2.region, ec2.tags_of)
        ec2.on_call(lambda call: delivery.offer(changes.events(call)))
        delivery.start()
        try:
            yield Sandbox(folder, ec2, endpoint, plane, delivery, project=project, progress=progress)
        finally:
            delivery.stop()


@contextlib.contextmanager
def extracting(sandbox: Sandbox) -> Iterator[None]:
    """CloudWatch sees the metrics in the functions' logs, and evaluates the alarms, for as long as the block
    lasts."""
    alarms = Alarms(sandbox.plane, sandbox.queues)
    extractor = Extractor(sandbox.plane, sandbox.logs, alarms.evaluate)
    extractor.start()
    try:
        yield
    finally:
        extractor.stop()


def wait_until(holds: Callable[[], bool], seconds: float, every: float = 0.25) -> bool:
    """Wait for something to hold, at most so long; answers whether it does."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True
