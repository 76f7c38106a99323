"""One account's EC2 in one Region: takes a call through the rules, does it, writes it down, tells of it."""

from __future__ import annotations

from collections.abc import Callable, Set
from contextlib import AbstractContextManager
from copy import deepcopy
from threading import RLock
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sandbox.ec2 import wire
from sandbox.ec2.calls import Call, ConnectionLost, Killed, Params, Refused, Request, Response
from sandbox.ec2.clock import Clock, ManualClock
from sandbox.ec2.endpoint_actions import (
    create_vpc_endpoint,
    delete_vpc_endpoints,
    describe_vpc_endpoint_services,
    describe_vpc_endpoints,
    modify_vpc_endpoint,
)
from sandbox.ec2.faults import Faults
from sandbox.ec2.group_actions import authorize, modify_rules, revoke
from sandbox.ec2.late import as_it_is_shown
from sandbox.ec2.levers import Levers
from sandbox.ec2.moto_side import perform
from sandbox.ec2.principals import IamUser, Principal, Principals
from sandbox.ec2.rule import Ec2Rule
from sandbox.ec2.rules.groups import let_own_in
from sandbox.ec2.rules.networks import regional_dhcp_options
from sandbox.ec2.rules.pages import answers_come_in_pages
from sandbox.ec2.ruleset import EVERY_RULE, Rules
from sandbox.ec2.server import serving
from sandbox.ec2.transport import in_process_client
from sandbox.ec2.world import World

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

Authoriser = Callable[[Principal, str, Params], str | None]
"""Says why a principal may not make a call with those parameters, or None."""

_DONE_HERE: dict[str, Callable[[World, Request], Response]] = {
    "CreateVpcEndpoint": create_vpc_endpoint,
    "ModifyVpcEndpoint": modify_vpc_endpoint,
    "DeleteVpcEndpoints": delete_vpc_endpoints,
    "DescribeVpcEndpoints": describe_vpc_endpoints,
    "DescribeVpcEndpointServices": describe_vpc_endpoint_services,
    "AuthorizeSecurityGroupIngress": authorize,
    "AuthorizeSecurityGroupEgress": authorize,
    "RevokeSecurityGroupIngress": revoke,
    "RevokeSecurityGroupEgress": revoke,
    "ModifySecurityGroupRules": modify_rules,
}
SOMEONE = IamUser("someone")


class Ec2:
    """EC2 as facts.md gives it, on moto. Two of them know nothing of each other."""

    def __init__(
        self,
        account: str = "111122223333",
        region: str = "eu-west-1",
        clock: Clock | None = None,
        rules: Set[Ec2Rule] | None = None,
    ) -> None:
        self.clock: Clock = clock or ManualClock()
        self.principals = Principals()
        self.faults = Faults()
        self.calls: list[Call] = []
        self.authorise: Authoriser = lambda _principal, _action, _params: None
        kept = Rules.default() if rules is None else rules
        self.world = World(account, region, self.clock, kept)
        self.aws = Levers(self.world)
        self._rules = [rule for rule in EVERY_RULE if rule in kept]
        self._rules_of: dict[str, tuple[list[Ec2Rule], list[Ec2Rule]]] = {}
        self._listeners: list[Callable[[Call], None]] = []
        self._lock = RLock()
        default = self.world.backend.default_vpc
        default.dhcp_options = regional_dhcp_options(self.world)
        let_own_in(self.world, default.id)

    def __deepcopy__(self, memo: dict[int, Any]) -> Ec2:
        """An EC2 that goes its own way from here, with who listens to it and authorises it."""
        twin = object.__new__(type(self))
        memo[id(self)] = twin
        theirs = ("authorise", "_listeners")
        twin._lock, twin.calls = RLock(), list(self.calls)
        own = [name for name in vars(self) if name not in (*theirs, "_lock", "calls")]
        for name in (*own, *theirs):
            setattr(twin, name, deepcopy(getattr(self, name), memo))
        return twin

    @property
    def account(self) -> str:
        """The account's id."""
        return self.world.account

    @property
    def region(self) -> str:
        """The Region's name."""
        return self.world.region

    def client(self, principal: Principal = SOMEONE, models: str = "", **config: Any) -> EC2Client:
        """A client for a principal, in-process; `config` goes to botocore's `Config`. `models` is a folder of
        API models that goes before botocore's own."""
        return in_process_client(self.answer, self.principals.key_of(principal), self.region, config, models)

    def serve(self, port: int = 0) -> AbstractContextManager[str]:
        """Serve on 127.0.0.1 in the background, for as long as the `with` lasts; gives the URL."""
        return serving(self.answer, port)

    def on_call(self, listener: Callable[[Call], None]) -> None:
        """Tell `listener` of each mutating call once it is through, of a refused one too."""
        self._listeners.append(listener)

    def truth(self, action: str, **params: Any) -> Response:
        """What a read would answer with no throttling, faults or late visibility; leaves no trace."""
        request = Request(action, params, SOMEONE)
        with self._lock:
            self.world.settle()
            response = self._work(request)
            self._mend(request, response, but=answers_come_in_pages)
            return response

    def tags_of(self, resource_id: str) -> dict[str, str]:
        """The tags of a resource, as they truly are."""
        with self._lock:
            return dict(self.world.tags(resource_id))

    def answer(self, body: str | bytes, access_key: str, region: str, user_agent: str) -> tuple[int, bytes]:
        """Answer one request: the status and the XML. Raises `ConnectionLost` where no answer comes."""
        request_id = str(uuid4())
        try:
            action, params = wire.parse(body)
            if region not in ("", self.region):
                raise Refused("AuthFailure", f"The sandbox's EC2 is that of {self.region}, not of {region}")
        except Refused as e:
            return e.status, wire.refused(e, request_id)
        request = Request(action, params, self.principals.of(access_key), access_key, user_agent)
        call, failure = self._through(request, request_id)
        if call.seen and call.mutating:
            for listener in self._listeners:
                listener(call)
        if isinstance(failure, Refused):
            return failure.status, wire.refused(failure, request_id)
        if failure is not None:
            raise failure
        return 200, wire.answer(action, call.response or {}, request_id)

    def _through(self, request: Request, request_id: str) -> tuple[Call, BaseException | None]:
        response: Response | None = None
        failure: BaseException | None = None
        with self._lock:
            try:
                self.faults.strike_before(request)
                response = self._perform(request)
                self.faults.strike_after(request)
            except (Refused, ConnectionLost, Killed) as e:
                failure = e
            refused = isinstance(failure, Refused)
            call = Call(
                request,
                self.clock.now(),
                request_id,
                str(uuid4()),
                None if refused else response,
                failure.code if isinstance(failure, Refused) else None,
                failure.message if isinstance(failure, Refused) else None,
                seen=refused or response is not None,
            )
            self.calls.append(call)
        return call, failure

    def _perform(self, request: Request) -> Response:
        reason = self.authorise(request.principal, request.action, request.params)
        if reason is not None:
            raise Refused("UnauthorizedOperation", reason)
        if request.params.get("DryRun"):
            raise Refused("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
        self.world.settle()
        response: Response | None = None
        for rule in self._rules_on(request.action)[0]:
            assert rule.before is not None
            response = rule.before(self.world, request)
            if response is not None:
                return response
        if request.mutating:
            response = self._work(request)
        else:
            with as_it_is_shown(self.world):
                response = self._work(request)
        self._mend(request, response)
        return response

    def _mend(self, request: Request, response: Response, but: Ec2Rule | None = None) -> None:
        for rule in self._rules_on(request.action)[1]:
            assert rule.after is not None
            if rule is not but:
                rule.after(self.world, request, response)

    def _rules_on(self, action: str) -> tuple[list[Ec2Rule], list[Ec2Rule]]:
        """The rules that look at a call of that name before it is done, and those that mend it after."""
        if action not in self._rules_of:
            rules = [rule for rule in self._rules if rule.concerns(action)]
            before, after = ([r for r in rules if r.before], [r for r in rules if r.after])
            self._rules_of[action] = (before, after)
        return self._rules_of[action]

    def _work(self, request: Request) -> Response:
        done_here = _DONE_HERE.get(request.action)
        if done_here is not None:
            return done_here(self.world, request)
        return perform(self.world.backend, request.action, request.params)
