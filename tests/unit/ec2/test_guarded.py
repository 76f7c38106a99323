"""The client that holds calls back, and the executor on it, against answers that the sandbox does not
give."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from mypy_boto3_ec2 import EC2Client

from reconciler.domain.actions import Action, CreateEndpoint, CreateTags, DeleteEndpoint, ModifyEndpoint
from reconciler.domain.execution import Outcome
from reconciler.domain.findings import Reason, Status
from reconciler.domain.model import Mode
from reconciler.domain.pace import EndpointCall
from reconciler.domain.plan import Plan, Step
from reconciler.ec2.execute import execute
from reconciler.ec2.guarded import GuardedClient, NotDue, OutOfTime, Slots, Unlimited

CREATE = CreateEndpoint("vpc-1", "logs", (("subnet-a",),), "sg-1", {"Name": "ours"})
MODIFY = ModifyEndpoint("vpce-1", enable_private_dns=True)


def refusal(code: str, status: int = 400) -> ClientError:
    meta: Any = {"HTTPStatusCode": status}
    return ClientError(
        {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": meta}, "DeleteVpcEndpoints"
    )


class Endpoints:
    """An EC2 with some endpoints. It refuses the deletion of some with a code, one by one, and a whole call
    that names one that it does not know, or that the caller may not delete."""

    def __init__(
        self,
        known: Iterable[str] = (),
        refused: Mapping[str, str] | None = None,
        forbidden: Iterable[str] = (),
    ) -> None:
        self.known, self.refused, self.forbidden = set(known), dict(refused or {}), set(forbidden)
        self.errors: list[ClientError] = []
        self.calls: list[tuple[str, Any]] = []

    def _call(self, name: str, request: Any) -> None:
        self.calls.append((name, request))
        if self.errors:
            raise self.errors.pop(0)

    def create_vpc_endpoint(self, **request: Any) -> Any:
        self._call("create", request["ServiceName"])
        return {"VpcEndpoint": {"VpcEndpointId": "vpce-new", "State": "pending"}}

    def modify_vpc_endpoint(self, **request: Any) -> Any:
        self._call("modify", request["VpcEndpointId"])
        return {}

    def describe_vpcs(self, **request: Any) -> Any:
        self._call("describe", request)
        return {"Vpcs": [], "ResponseMetadata": {"RequestId": "request-9"}}

    def delete_vpc_endpoints(self, *, VpcEndpointIds: list[str]) -> Any:  # noqa: N803
        self._call("delete", tuple(VpcEndpointIds))
        assert 1 <= len(VpcEndpointIds) <= 25
        if self.forbidden & set(VpcEndpointIds):
            raise refusal("UnauthorizedOperation", 403)
        if not self.known.issuperset(VpcEndpointIds):
            raise refusal("InvalidVpcEndpointId.NotFound")
        refused = [each for each in VpcEndpointIds if each in self.refused]
        self.known -= {*VpcEndpointIds} - {*refused}
        failures = [
            {"ResourceId": each, "Error": {"Code": self.refused[each], "Message": "no"}} for each in refused
        ]
        return {"Unsuccessful": failures, "ResponseMetadata": {"RequestId": "request-1"}}


class Few:
    """So many slots of each call."""

    def __init__(self, **left: int) -> None:
        self.left = {EndpointCall[name.upper()]: count for name, count in left.items()}
        self.emptied: list[EndpointCall] = []
        self.charged: list[EndpointCall] = []
        self.begun = 0

    def take(self, call: EndpointCall) -> bool:
        self.left[call] = self.left.get(call, 0) - 1
        return self.left[call] >= 0

    def charge(self, call: EndpointCall) -> None:
        self.charged.append(call)

    def empty(self, call: EndpointCall) -> None:
        self.emptied.append(call)

    def begin(self) -> None:
        self.begun += 1


def take(
    ec2: Endpoints, *actions: Action, slots: Slots | None = None, deadline: float = math.inf
) -> list[Outcome]:
    plan = Plan.of((), (Step(action, ()) for action in actions))
    return execute(plan, cast("EC2Client", ec2), Mode.ENFORCE, lambda: 0.0, deadline, slots)


def deleting(count: int) -> tuple[list[str], list[Action]]:
    ids = [f"vpce-{number}" for number in range(count)]
    return ids, [DeleteEndpoint(each) for each in ids]


def statuses(outcomes: Iterable[Outcome]) -> list[Status]:
    return [each.status for each in outcomes]


# ---- the client


def test_a_read_takes_no_slot_and_a_call_of_endpoints_takes_one() -> None:
    ec2, few = Endpoints(), Few(modify=1)
    client: Any = GuardedClient(cast("EC2Client", ec2), lambda: 0.0, 10.0, few)
    client.describe_vpcs()
    client.modify_vpc_endpoint(VpcEndpointId="vpce-1")
    assert few.left == {EndpointCall.MODIFY: 0}
    client.begin_step()
    with pytest.raises(NotDue) as held:
        client.modify_vpc_endpoint(VpcEndpointId="vpce-1")
    assert held.value.call is EndpointCall.MODIFY
    assert [name for name, _ in ec2.calls] == ["describe", "modify"]


def test_a_call_for_which_there_was_no_room_is_not_asked_for_again_in_the_same_run() -> None:
    few = Few()
    client: Any = GuardedClient(cast("EC2Client", Endpoints()), lambda: 0.0, 10.0, few)
    for _ in range(3):
        with pytest.raises(NotDue):
            client.create_vpc_endpoint(ServiceName="logs")
    assert few.left == {EndpointCall.CREATE: -1}


def test_a_step_that_has_begun_goes_on_and_is_charged_for_what_it_takes_more() -> None:
    """Another subnet, another client token: a run that stopped there would begin anew for ever."""
    few = Few(create=1)
    client = GuardedClient(cast("EC2Client", Endpoints()), lambda: 0.0, 10.0, few)
    client.begin_step()
    for _ in range(3):
        cast("Any", client).create_vpc_endpoint(ServiceName="logs")
    assert few.charged == [EndpointCall.CREATE] * 2
    client.begin_step()
    with pytest.raises(NotDue):
        cast("Any", client).create_vpc_endpoint(ServiceName="logs")


def test_after_the_deadline_no_call_is_started_and_no_slot_is_taken() -> None:
    few = Few(create=1)
    client: Any = GuardedClient(cast("EC2Client", Endpoints()), lambda: 10.1, 10.0, few)
    with pytest.raises(OutOfTime):
        client.create_vpc_endpoint(ServiceName="logs")
    assert few.left == {EndpointCall.CREATE: 1}


def test_a_slot_that_took_the_ledger_too_long_starts_no_call() -> None:
    ec2, times = Endpoints(), iter((9.0, 10.1))
    client = GuardedClient(cast("EC2Client", ec2), lambda: next(times), 10.0, Few(create=1))
    with pytest.raises(OutOfTime):
        cast("Any", client).create_vpc_endpoint(ServiceName="logs")
    assert ec2.calls == []


@pytest.mark.parametrize(("code", "emptied"), [("RequestLimitExceeded", 1), ("InvalidParameter", 0)])
def test_a_throttle_of_others_making_empties_the_bucket(code: str, emptied: int) -> None:
    ec2, few = Endpoints(), Few(modify=9)
    ec2.errors = [refusal(code)]
    take(ec2, MODIFY, slots=few)
    assert few.emptied == [EndpointCall.MODIFY] * emptied


def test_a_read_that_is_throttled_empties_no_bucket() -> None:
    ec2, few = Endpoints(), Few()
    ec2.errors = [refusal("RequestLimitExceeded")]
    client: Any = GuardedClient(cast("EC2Client", ec2), lambda: 0.0, 10.0, few)
    with pytest.raises(ClientError):
        client.describe_vpcs()
    assert few.emptied == []


def test_the_ids_of_what_ec2_answered_are_taken_once() -> None:
    client = GuardedClient(cast("EC2Client", Endpoints()), lambda: 0.0, 10.0, Unlimited())
    cast("Any", client).describe_vpcs()
    assert (client.take_request_ids(), client.take_request_ids()) == (("request-9",), ())


# ---- steps for which there is no room


def test_a_step_for_which_there_is_no_room_waits_and_says_for_which_call() -> None:
    ec2 = Endpoints()
    [created, modified] = take(ec2, CREATE, MODIFY, slots=Few(modify=1))
    assert (created.status, created.paced, created.failed) == (Status.WAITING, EndpointCall.CREATE, False)
    assert (modified.status, modified.paced) == (Status.REMEDIATED, None)
    assert ec2.calls == [("modify", "vpce-1")]


def test_endpoints_are_deleted_together_for_one_slot() -> None:
    ids, actions = deleting(30)
    ec2 = Endpoints(ids)
    outcomes = take(ec2, *actions, slots=Few(delete=2))
    assert [len(request) for _, request in ec2.calls] == [25, 5]
    assert statuses(outcomes) == [Status.REMEDIATED] * 30
    assert {each.request_ids for each in outcomes} == {("request-1",)}
    assert ec2.known == set()


def test_what_there_is_no_slot_for_is_deleted_next_time() -> None:
    ids, actions = deleting(30)
    outcomes = take(Endpoints(ids), *actions, slots=Few(delete=1))
    assert statuses(outcomes) == [Status.REMEDIATED] * 25 + [Status.WAITING] * 5
    assert {each.paced for each in outcomes[25:]} == {EndpointCall.DELETE}


def test_each_endpoint_has_its_own_refusal() -> None:
    ids, actions = deleting(3)
    ec2 = Endpoints(ids, refused={"vpce-1": "UnauthorizedOperation"})
    outcomes = take(ec2, *actions)
    assert statuses(outcomes) == [Status.REMEDIATED, Status.BLOCKED, Status.REMEDIATED]
    assert [step.changed_id for step in (each.step for each in outcomes)] == ids
    assert len(ec2.calls) == 1


def test_one_that_ec2_does_not_know_does_not_keep_the_others() -> None:
    ids, actions = deleting(4)
    ec2 = Endpoints(set(ids) - {"vpce-2"})
    outcomes = take(ec2, *actions)
    assert [request for _, request in ec2.calls] == [tuple(ids), *((each,) for each in ids)]
    assert statuses(outcomes) == [Status.REMEDIATED, Status.REMEDIATED, Status.WAITING, Status.REMEDIATED]
    assert ec2.known == set()


def test_one_that_the_role_may_not_delete_does_not_keep_the_others() -> None:
    ids, actions = deleting(3)
    outcomes = take(Endpoints(ids, forbidden=["vpce-0"]), *actions)
    assert statuses(outcomes) == [Status.BLOCKED, Status.REMEDIATED, Status.REMEDIATED]
    assert outcomes[0].reason is Reason.UNAUTHORIZED


def test_a_throttled_deletion_is_not_tried_one_by_one() -> None:
    ids, actions = deleting(3)
    ec2 = Endpoints(ids)
    ec2.errors = [refusal("RequestLimitExceeded")]
    outcomes = take(ec2, *actions)
    assert len(ec2.calls) == 1
    assert [(each.status, each.failed, each.throttled) for each in outcomes] == [
        (Status.WAITING, True, True)
    ] * 3


def test_nothing_is_deleted_after_the_deadline() -> None:
    ids, actions = deleting(3)
    ec2 = Endpoints(ids)
    assert statuses(take(ec2, *actions, deadline=-1.0)) == [Status.WAITING] * 3
    assert ec2.calls == []


def test_what_has_to_get_its_marks_first_is_not_deleted_with_the_others() -> None:
    ids, _ = deleting(3)
    ec2 = Endpoints(ids)
    steps = [Step(DeleteEndpoint(each), (), marks_first=each == "vpce-1") for each in ids]
    outcomes = execute(Plan.of((), steps), cast("EC2Client", ec2), Mode.ENFORCE, lambda: 0.0)
    assert [request for _, request in ec2.calls] == [("vpce-0", "vpce-2")]
    assert statuses(outcomes) == [Status.REMEDIATED, Status.WAITING, Status.REMEDIATED]


# ---- several changes of an endpoint


class Unmarkable(Endpoints):
    """An EC2 that refuses tags with a code."""

    def __init__(self, code: str) -> None:
        super().__init__()
        self.code = code

    def create_tags(self, **_request: Any) -> Any:
        raise refusal(self.code, 403)

    def modify_vpc_endpoint(self, **request: Any) -> Any:
        self._call("modify", request)
        return {}


@pytest.mark.parametrize(
    ("code", "status"), [("UnauthorizedOperation", Status.BLOCKED), ("InternalError", Status.WAITING)]
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_subnet_that_could_not_be_marked_is_left_out_of_a_joint_change_wherever_it_stands_in_it(
    code: str, status: Status, place: int
) -> None:
    mark = Step(CreateTags("subnet-a", {"released-until": "then"}, needed=True), ())
    leave = Step(ModifyEndpoint("vpce-1", remove_subnet_ids=("subnet-a",)), (), needs_tags_on="subnet-a")
    steps = [Step(ModifyEndpoint("vpce-1", policy="{}"), ()), Step(MODIFY, ())]
    steps.insert(place, leave)
    ec2 = Unmarkable(code)
    outcomes = execute(Plan.of((), [mark, *steps]), cast("EC2Client", ec2), Mode.ENFORCE, lambda: 0.0)
    [(_, request)] = ec2.calls
    assert request == {"VpcEndpointId": "vpce-1", "PolicyDocument": "{}", "PrivateDnsEnabled": True}
    became = {each.step: (each.status, each.asked) for each in outcomes}
    assert became[leave] == (status, False)
    assert {became[each] for each in steps if each is not leave} == {(Status.REMEDIATED, True)}
