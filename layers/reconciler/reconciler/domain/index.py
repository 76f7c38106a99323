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
    """
    DeleteSubnet DeleteRouteTable DeleteSecurityGroup DeleteVpcEndpoints DeleteVpc DisassociateRouteTable
    ReplaceRouteTableAssociation
    """.split()
)
# These say something of a security group itself; any other event concerns a group only where it is ours.
_OF_ANY_GROUP = frozenset({"CreateTags", "DeleteTags", "Tag Change on Resource", "CreateSecurityGroup"})
# CloudTrail's times are whole seconds.
_SECOND = 1.0
_FOREIGN_KEPT = 100_000


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

    @property
    def is_open(self) -> bool:
        """Whether something of it is not known yet."""
        return bool(self.unread or self.gone)


@dataclass(frozen=True)
class Indexes:
    """The newest index, the one before it, what events said since, and the ids that are foreign.

    A resource stays in its VPC, and a VPC comes to matter by a tag of ours, which is an event: what is
    foreign stays so until then.
    """

    newest: Index | None = None
    before: Index | None = None
    learnt: Mapping[str, str] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()

    def read(self, index: Index) -> Indexes:
        """With an index that was just read. The one before it still has what was deleted meanwhile."""
        learnt = {each: vpc_id for each, vpc_id in self.learnt.items() if each not in index.vpc_of}
        return replace(self, newest=index, before=self.newest, learnt=learnt)

    def settle(self, touched: Touched) -> Settled:
        """Which VPCs an event is about, as far as that is known."""
        named = touched.ids.get(ResourceType.VPC, frozenset()) if touched.names_our_tags else frozenset()
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
        time = touched.time.timestamp()
        if touched.event_name in _DELETIONS and not touched.deletion_refused:
            return Settled(frozenset(concerned), gone=frozenset(unknown))
        if self.newest is None or self.newest.read_at < time + _SECOND:
            return Settled(frozenset(concerned), unread=frozenset(unknown))
        return Settled(frozenset(concerned))

    def knew_before(self, touched: Touched) -> bool:
        """Whether an index was read before the event: what it did not have was foreign."""
        time = touched.time.timestamp()
        return any(index is not None and index.read_at <= time for index in (self.newest, self.before))

    def having_seen(self, events: Iterable[Touched]) -> Indexes:
        """With what events say of new resources, and with what turned out to be foreign. A tag of ours in one
        of them may make any VPC matter: then nothing is foreign for certain any more."""
        events = tuple(events)
        learnt, foreign = dict(self.learnt), set(self.foreign)
        if any(each.names_our_tags for each in events) or len(foreign) > _FOREIGN_KEPT:
            foreign.clear()
        for touched in events:
            for resource, vpc_id in self._taught_by(touched):
                if vpc_id:
                    learnt[resource] = vpc_id
                else:
                    foreign.add(resource)
        return replace(self, learnt=learnt, foreign=frozenset(foreign))

    def _taught_by(self, touched: Touched) -> Iterator[tuple[str, str]]:
        """Each id of an event with its VPC, empty where that one does not matter."""
        if touched.names_our_tags:
            return
        if touched.event_name in _OF_SEVERAL:
            yield from ((each, "") for each in touched.resources if self._vpc_of(each) is None)
            return
        vpc_ids = {vpc_id for each in touched.resources if (vpc_id := self._vpc_of(each))}
        if len(vpc_ids) <= 1:
            of = next(iter(vpc_ids), "")
            yield from ((each, of) for each in touched.resources if self._vpc_of(each) is None)

    def _vpc_of(self, resource: str) -> str | None:
        for index in (self.newest, self.before):
            if index is not None and resource in index.vpc_of:
                return index.vpc_of[resource]
        return self.learnt.get(resource)

    def _is_concerned(self, resource: str, touched: Touched) -> bool:
        """Whether a VPC has to be looked at for what happened to its resource."""
        if not resource.startswith(f"{ResourceType.GROUP}-"):
            return True
        if touched.deletion_refused or touched.event_name in _OF_ANY_GROUP:
            return True
        return any(index is not None and resource in index.ours for index in (self.newest, self.before))
