"""Which VPC a resource belongs to, for the VPCs that matter, and so which VPCs an event is about.

A VPC matters where it bears a tag of ours or something owned. The index of their resources is read in bulk
now and then, and events are settled against it: the cost does not grow with other people's work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from .trail import ResourceType, Touched

# Their resources may belong to several VPCs; those of any other event belong to one.
_OF_SEVERAL = frozenset({"CreateTags", "DeleteTags", "Tag Change on Resource", "DeleteVpcEndpoints"})
# What they name is gone afterwards: an index that is read later does not have it.
_DELETIONS = frozenset(
    "DeleteSubnet DeleteRouteTable DeleteSecurityGroup DeleteVpcEndpoints DisassociateRouteTable".split()
)
# A VPC that nobody knew of and that is gone needs nothing.
_OF_NOTHING_LEFT = "DeleteVpc"
# These say something of a security group itself; any other event concerns a group only where it is ours.
_OF_ANY_GROUP = frozenset({"CreateTags", "DeleteTags", "Tag Change on Resource", "CreateSecurityGroup"})
# CloudTrail's times are whole seconds, and EC2 shows late what was made (facts, section 5): an index that was
# read so long after an event has what the event is about.
_SHOWN_SECONDS = 5.0
# As long as what is gone is known. An event that comes later than this is one of many that do.
_GONE_KEPT_SECONDS = 1800.0
_FOREIGN_KEPT = 100_000
# What was made since the last index, an event or the ledger tells of. What neither told of is unknown for no
# longer than this. Shorter, more deletions of other people's things would ask for sweeps.
_CERTAIN_SECONDS = 900.0


@dataclass(frozen=True)
class Index:
    """What EC2 showed at one time, in seconds since 1970. `vpc_of` says of the VPCs that matter, and of each
    of their resources, which VPC it is; `ours` are the security groups among them that are ours by name or
    owner tag."""

    read_at: float
    vpc_of: Mapping[str, str] = field(default_factory=dict)
    ours: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Settled:
    """What is known of an event. `vpc_ids` are the VPCs that it is about. `unread` are ids that an index will
    settle which is read after the event, and `gone` are deleted ones that no index will."""

    vpc_ids: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Gone:
    """What an index had and the one after it, read at `at`, had not."""

    vpc_id: str
    at: float
    ours: bool


@dataclass(frozen=True)
class Indexes:
    """The newest index, what earlier ones had and it has not, what events said since, and the ids that are
    foreign. `read_at` is when indexes were read lately: what was in none of them was foreign then.

    A resource stays in its VPC, and a VPC comes to matter by a tag of ours, which is an event: what is
    foreign stays so until then.
    """

    newest: Index | None = None
    gone: Mapping[str, _Gone] = field(default_factory=dict)
    learnt: Mapping[str, str] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()
    read_at: tuple[float, ...] = ()

    def read(self, index: Index) -> Indexes:
        """With an index that was just read."""
        before = self.newest or index
        kept = {
            each: gone
            for each, gone in self.gone.items()
            if each not in index.vpc_of and gone.at >= index.read_at - _GONE_KEPT_SECONDS
        }
        left = {
            each: _Gone(vpc_id, index.read_at, each in before.ours)
            for each, vpc_id in before.vpc_of.items()
            if each not in index.vpc_of
        }
        # EC2 may not show yet what an event told of.
        learnt = {
            each: vpc_id
            for each, vpc_id in self.learnt.items()
            if each not in index.vpc_of and vpc_id in index.vpc_of
        }
        oldest = index.read_at - _GONE_KEPT_SECONDS - _CERTAIN_SECONDS
        read_at = (*(each for each in self.read_at if each >= oldest), index.read_at)
        return replace(self, newest=index, gone=kept | left, learnt=learnt, read_at=read_at)

    def forgetting_absence(self) -> Indexes:
        """With what is known, and without what follows from that something is not: a VPC may have come to
        matter since."""
        return replace(self, foreign=frozenset(), read_at=())

    def relies_on_absence(self, touched: Touched) -> bool:
        """Whether an event is not settled by what is known, nor by an index that was read after it."""
        found = replace(self, foreign=frozenset()).settle(touched)
        return bool(found.unread or found.gone)

    def settle(self, touched: Touched, *, just_read: bool = False) -> Settled:
        """Which VPCs an event is about, as far as that is known. `just_read` says that the newest index was
        read when the event had come: what is in none is foreign, whatever the clocks say."""
        named = named_by(touched)
        known = {each: self._vpc_of(each) for each in touched.resources}
        concerned = {
            vpc_id for each, vpc_id in known.items() if vpc_id and self._is_concerned(each, touched)
        } | named
        unknown = {
            each for each, vpc_id in known.items() if not (vpc_id or each in self.foreign or each in named)
        }
        some_known = len(unknown) < len(known)
        if not unknown or (some_known and touched.event_name not in _OF_SEVERAL):
            return Settled(frozenset(concerned))
        if not touched.deletion_refused and touched.event_name == _OF_NOTHING_LEFT:
            return Settled(frozenset(concerned))
        if not touched.deletion_refused and touched.event_name in _DELETIONS:
            return Settled(frozenset(concerned), gone=frozenset(unknown))
        if just_read or self._shows(touched):
            return Settled(frozenset(concerned))
        return Settled(frozenset(concerned), unread=frozenset(unknown))

    def has(self, vpc_ids: Iterable[str]) -> bool:
        """Whether the newest index has these VPCs: one that came to matter since may lose something of which
        no index says whose it was."""
        return all(self.newest is not None and each in self.newest.vpc_of for each in vpc_ids)

    def knew_before(self, touched: Touched) -> bool:
        """Whether an index was read shortly before the event, and what it had is still known: what it had not
        was foreign."""
        time = touched.time.timestamp()
        if self.newest is None or time <= self.newest.read_at - _GONE_KEPT_SECONDS:
            return False
        return any(time - _CERTAIN_SECONDS <= each < time for each in self.read_at)

    def having_learnt(self, events: Iterable[Touched]) -> Indexes:
        """With what events say of new resources: those of one VPC, of which something is known. A security
        group is not learnt, since an index alone says whether it is ours."""
        learnt = dict(self.learnt)
        learning = replace(self, learnt=learnt)
        for touched in sorted(events, key=lambda each: each.time):
            if touched.event_name not in _OF_SEVERAL:
                # What one event says helps with the next.
                learnt |= learning._learnt_from(touched)
        return learning

    def having_settled(self, settled: Iterable[tuple[Touched, Settled]]) -> Indexes:
        """With what turned out to be foreign. A tag of ours in an event may make any VPC matter: then nothing
        is foreign for certain any more, nor what came with that event."""
        settled = tuple(settled)
        if any(touched.names_our_tags for touched, _ in settled):
            return replace(self, foreign=frozenset())
        foreign = self.foreign if len(self.foreign) < _FOREIGN_KEPT else frozenset()
        new = {each for touched, found in settled for each in self._foreign_in(touched, found)}
        return replace(self, foreign=foreign | new)

    def _learnt_from(self, touched: Touched) -> Mapping[str, str]:
        vpc_ids = {vpc_id for each in touched.resources if (vpc_id := self._vpc_of(each))} | named_by(touched)
        if len(vpc_ids) != 1:
            return {}
        [vpc_id] = vpc_ids
        return {
            each: vpc_id for each in touched.resources if not is_group(each) and self._vpc_of(each) is None
        }

    def _foreign_in(self, touched: Touched, found: Settled) -> Iterator[str]:
        """The ids of an event that are foreign for certain."""
        unknown = [each for each in touched.resources if self._vpc_of(each) is None]
        if found.unread or found.gone or touched.event_name in (*_DELETIONS, _OF_NOTHING_LEFT):
            return
        of_one = touched.event_name not in _OF_SEVERAL
        if of_one and len(unknown) < len(touched.resources):
            return
        if self._shows(touched) or (of_one and any(each in self.foreign for each in unknown)):
            yield from unknown

    def _shows(self, touched: Touched) -> bool:
        """Whether the newest index was read so long after an event that it has what that is about."""
        return self.newest is not None and self.newest.read_at >= touched.time.timestamp() + _SHOWN_SECONDS

    def _vpc_of(self, resource: str) -> str | None:
        if self.newest is not None and resource in self.newest.vpc_of:
            return self.newest.vpc_of[resource]
        if resource in self.gone:
            return self.gone[resource].vpc_id
        return self.learnt.get(resource)

    def _is_concerned(self, resource: str, touched: Touched) -> bool:
        """Whether a VPC has to be looked at for what happened to its resource."""
        if not is_group(resource) or touched.deletion_refused or touched.event_name in _OF_ANY_GROUP:
            return True
        if self.newest is not None and resource in self.newest.vpc_of:
            return resource in self.newest.ours
        return resource in self.gone and self.gone[resource].ours


def named_by(touched: Touched) -> frozenset[str]:
    """The VPCs that matter by an event's own word: it speaks of a tag of ours."""
    return touched.ids.get(ResourceType.VPC, frozenset()) if touched.names_our_tags else frozenset()


def is_group(resource: str) -> bool:
    """Whether an id is a security group's."""
    return resource.startswith(f"{ResourceType.GROUP}-")
