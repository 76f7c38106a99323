"""An account's Region on the simulated day: what there is, what people do to it, and the events of that."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from benchmarks.day.model import OPT_IN, SORTS, Drift, Model
from reconciler.domain.index import Index
from reconciler.domain.trail import ResourceType, Touched

Tell = Callable[[Touched], None]
_VPCS_OF_OTHERS, _GROUPS_OF_OTHERS = 20, 200


class Region:
    """What there is. `now` gives seconds since 1970; `tell` takes the event of each call that is not lost.

    `drifts` are all that were ever made; `open` those that have calls left, by VPC; `concerning` is when
    something happened, and to which VPC, that a run has to look at.
    """

    def __init__(
        self, model: Model, number: int, chance: random.Random, now: Callable[[], float], tell: Tell
    ) -> None:
        self._model, self._number, self._chance = model, number, chance
        self._now, self._tell_of = now, tell
        self._ids = itertools.count()
        self.drifts: list[Drift] = []
        self.open: defaultdict[str, list[Drift]] = defaultdict(list)
        self.concerning: list[tuple[float, str]] = []
        self.events = 0
        self.vpc_of: dict[str, str] = {}
        self.endpoints: dict[str, list[str]] = {}
        self.made: dict[str, str] = {}
        self._ours: set[str] = set()
        self._groups: list[str] = []
        self._groups_of_others = [self._id("sg") for _ in range(_GROUPS_OF_OTHERS)]
        self._vpcs_of_others = [self._id("vpc") for _ in range(_VPCS_OF_OTHERS)]
        vpc_ids = [self._id("vpc") for _ in range(model.vpcs)]
        self.new_vpcs, self.old_vpcs = vpc_ids[: model.opt_ins], vpc_ids[model.opt_ins :]
        for each in self.old_vpcs:
            self._opted_in(each)
            for _ in range(2):
                self.make_endpoint(each)

    def index(self) -> Index:
        """What EC2 shows of it now."""
        return Index(self._now(), dict(self.vpc_of), frozenset(self._ours))

    def make_endpoint(self, vpc_id: str) -> None:
        """An endpoint is made, if the VPC lacks one."""
        if len(self.endpoints[vpc_id]) < 2:
            endpoint_id = self._id("vpce")
            self.endpoints[vpc_id].append(endpoint_id)
            self.vpc_of[endpoint_id] = self.made[endpoint_id] = vpc_id

    def opt_in(self, vpc_id: str) -> None:
        """Somebody tags a VPC."""
        self._opted_in(vpc_id)
        self._is_wrong(Drift(vpc_id, OPT_IN, self._now(), False, list(OPT_IN.writes)))
        self._tell(OPT_IN.event, {ResourceType.VPC: vpc_id}, vpc_id, names_our_tags=True)

    def change(self) -> None:
        """Somebody changes something, in a VPC that has opted in or in another one."""
        what = self._chance.random()
        if self._chance.random() < self._model.of_others:
            self._change_of_others(what)
            return
        model, vpc_id = self._model, self._chance.choice(self.old_vpcs)
        if what < model.concerning:
            self._tell("CreateRoute", {ResourceType.ROUTE_TABLE: vpc_id.replace("vpc", "rtb")}, vpc_id)
        elif what < model.concerning + model.of_new:
            made = self._id("sg")
            self.vpc_of[made] = vpc_id
            self._groups.append(made)
            self._tell("CreateSecurityGroup", {ResourceType.GROUP: made, ResourceType.VPC: vpc_id})
        elif what < model.concerning + 2 * model.of_new:
            gone = self._some(self._groups)
            del self.vpc_of[gone]
            self._tell("DeleteSecurityGroup", {ResourceType.GROUP: gone})
        else:
            group = self._chance.choice(self._groups)
            self._tell("AuthorizeSecurityGroupIngress", {ResourceType.GROUP: group})

    def _change_of_others(self, what: float) -> None:
        model, groups = self._model, self._groups_of_others
        if what < model.of_new:
            groups.append(self._id("sg"))
            vpc_id = self._chance.choice(self._vpcs_of_others)
            self._tell("CreateSecurityGroup", {ResourceType.GROUP: groups[-1], ResourceType.VPC: vpc_id})
        elif what < 2 * model.of_new:
            self._tell("DeleteSecurityGroup", {ResourceType.GROUP: self._some(groups)})
        else:
            group = self._chance.choice(groups)
            self._tell("AuthorizeSecurityGroupIngress", {ResourceType.GROUP: group})

    def break_something(self) -> None:
        """Somebody breaks something in an opted-in VPC. Its event may be lost."""
        vpc_id = self._chance.choice(self.old_vpcs)
        [sort] = self._chance.choices(SORTS, [each.share for each in SORTS])
        ids = {ResourceType.VPC: vpc_id}
        if sort.kind == "rules":
            ids = {ResourceType.GROUP: vpc_id.replace("vpc", "sg")}
        elif sort.kind == "endpoint":
            if not self.endpoints[vpc_id]:
                return
            gone = self.endpoints[vpc_id].pop()
            del self.vpc_of[gone]
            ids = {ResourceType.ENDPOINT: gone}
        is_lost = self._chance.random() < self._model.lost
        self._is_wrong(Drift(vpc_id, sort, self._now(), is_lost, list(sort.writes)))
        if not is_lost:
            self._tell(sort.event, ids, vpc_id)

    def _is_wrong(self, drift: Drift) -> None:
        self.drifts.append(drift)
        self.open[drift.vpc_id].append(drift)

    def _opted_in(self, vpc_id: str) -> None:
        things = [vpc_id, *(vpc_id.replace("vpc", each) for each in ("rtb", "subnet", "sg")), self._id("sg")]
        self.vpc_of |= dict.fromkeys(things, vpc_id)
        self._ours.add(vpc_id.replace("vpc", "sg"))
        self._groups.append(things[-1])
        self.endpoints[vpc_id] = []

    def _some(self, things: list[str]) -> str:
        """One of them, which is gone."""
        return things.pop(self._chance.randrange(len(things)))

    def _id(self, kind: str) -> str:
        return f"{kind}-{self._number:03}{next(self._ids):08}"

    def _tell(
        self, name: str, ids: Mapping[ResourceType, str], concerns: str = "", *, names_our_tags: bool = False
    ) -> None:
        """CloudTrail's event of a call. Its time is in whole seconds."""
        if concerns:
            self.concerning.append((self._now(), concerns))
        self.events += 1
        self._tell_of(
            Touched(
                event_id=self._id("event"),
                event_name=name,
                time=datetime.fromtimestamp(int(self._now()), UTC),
                account="111122223333",
                region="eu-west-1",
                ids={kind: frozenset({each}) for kind, each in ids.items()},
                names_our_tags=names_our_tags,
                actor="somebody",
            )
        )
