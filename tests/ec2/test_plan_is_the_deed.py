"""What `vpce plan` shows is what the next run does, call by call, over the histories of the property tests.

Each run of a history is planned first, by the command line, at the same time of the same clock. Where EC2
refuses a call, the run may ask otherwise from there on, and a plan cannot know that: up to there the two are
the same. Not planned are runs at which a fault waits, since the plan's own reads would meet it, and those
that a refused deletion led to, which the plan learns of only by the ledger.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.conclusion import Run
from reconciler.ec2 import observe
from reconciler.messages import RunRequest
from sandbox.ec2 import Call
from sandbox.ec2.faults import Effect
from tests.command_line import CommandLine, a_stack
from tests.ec2.test_properties import History
from tests.ec2.worlds import LivedIn, OneAfterAnother, play

_ID = re.compile(r"\b(?:subnet|sg|rtb|vpce)-[0-9a-f]+")
_NEW_GROUP = "the security group of this plan"


class Planned(LivedIn):
    """The VPC, and the plan of each of its runs. `compared` counts the plans that had something to do."""

    compared = 0

    def __init__(self, private: str = "", grace_seconds: int = 0) -> None:
        super().__init__(private, grace_seconds)
        stack = a_stack(GracePeriodMinutes=str(grace_seconds // 60))
        self._vpce = CommandLine(self.account, [stack], ec2=self.account.reconciler)
        self._faulty = False

    def run_gone_wrong(self, nth: int, effect: Effect, *, done: bool) -> None:
        self._faulty = True
        super().run_gone_wrong(nth, effect, done=done)
        self._faulty = False

    def _watched_run(self, request: RunRequest | None) -> Run:
        if self._faulty or (request and request.refused):
            return super()._watched_run(request)
        self.start_cold()  # as the plan is
        answer = self._vpce("plan", self.vpc_id, "--json")
        assert answer.status in (0, 2), answer.err
        (planned,) = answer.document["vpcs"]
        if planned["as_if"]:
            return super()._watched_run(request)
        with self.account.calls() as calls:
            done = super()._watched_run(request)
        self._compare(planned, [call for call in calls if call.mutating])
        type(self).compared += bool(planned["calls"])
        return done

    def _compare(self, planned: Any, calls: list[Call]) -> None:
        expected = [
            (call["call"], call["resource"], frozenset(_ID.findall(call["text"])))
            for call in planned["calls"]
            if planned["mode"] == "enforce" and not call["later"]
        ]
        made = list(_made(calls))
        refused = next((number for number, (call, *_) in enumerate(made) if call.error_code), None)
        upto = len(made) if refused is None else refused + 1
        if refused is None:
            assert len(made) == len(expected), (planned["calls"], [call.params for call, *_ in made])
        for (name, resource, ids), (call, about) in zip(expected[:upto], made[:upto], strict=True):
            assert (name, resource) == (call.action, about), (planned["calls"], call.params)
            assert ids <= frozenset(_ID.findall(str(call.params))), (resource, call.params)


def _made(calls: list[Call]) -> Iterator[tuple[Call, str]]:
    """Each call with what it is about. An endpoint that is asked for under one client token after another is
    one."""
    new_group, last = "", ("", "")
    for call, about in [(each, about) for each in calls for about in _about(each)]:
        if call.action == "CreateSecurityGroup" and call.response:
            new_group = call.response["GroupId"]
        if (call.action, about) == last and call.action == "CreateVpcEndpoint":
            continue
        last = (call.action, about)
        yield call, _NEW_GROUP if about == new_group else about


def _about(call: Call) -> list[str]:
    """What a call is about. Endpoints are deleted together."""
    given = call.params
    for key in ("VpcEndpointId", "ServiceName", "GroupName", "GroupId", "VpcId"):
        if key in given:
            return [str(given[key])]
    if "VpcEndpointIds" in given:
        return [str(each) for each in given["VpcEndpointIds"]]
    (resource,) = given.get("ResourceId") or given["Resources"]
    return [str(resource)]


def test_the_next_run_makes_the_calls_of_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "ThreadPoolExecutor", OneAfterAnother)
    monkeypatch.setattr("tests.ec2.test_properties.LivedIn", Planned)
    before = Planned.compared
    play(History, examples=5, steps=10)
    assert Planned.compared > before + 6
