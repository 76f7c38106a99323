"""Late visibility: what was just made or changed, and is not shown yet (facts.md, sections 3 and 5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.ec2.world import World

KINDS = ("vpc", "subnet", "security-group", "route-table", "internet-gateway", "vpc-endpoint", "tag", "rule")


@dataclass
class Lateness:
    """How many seconds each kind of thing is late, and what is hidden until when."""

    seconds: dict[str, float] = field(default_factory=dict)
    hidden: dict[str, float] = field(default_factory=dict)
    old_tags: dict[tuple[str, str], tuple[float, str | None]] = field(default_factory=dict)
    old_rules: dict[str, tuple[float, list[Any], list[Any]]] = field(default_factory=dict)

    def of(self, kind: str) -> float:
        """The lateness of a kind; of the kinds not named, none."""
        return self.seconds.get(kind, 0.0)

    def forget(self, now: float) -> None:
        """Drop what has come to be seen."""
        self.hidden = {key: until for key, until in self.hidden.items() if until > now}
        self.old_tags = {key: old for key, old in self.old_tags.items() if old[0] > now}
        self.old_rules = {key: old for key, old in self.old_rules.items() if old[0] > now}

    def __bool__(self) -> bool:
        return bool(self.hidden or self.old_tags or self.old_rules)


@contextmanager
def as_it_is_shown(world: World) -> Iterator[None]:
    """For the time of a read, take out of the backend what is not seen yet, and put back what still is."""
    late, backend = world.late, world.backend
    late.forget(world.now)
    if not late:
        yield
        return
    kept = {name: getattr(backend, name) for name in _FLAT + _NESTED}
    tags, rules = dict(backend.tags), {}
    every_endpoint = world.endpoints
    for name in _FLAT:
        setattr(backend, name, _seen(kept[name], late))
    for name in _NESTED:
        setattr(
            backend, name, defaultdict(dict, {key: _seen(each, late) for key, each in kept[name].items()})
        )
    world.endpoints = _seen(every_endpoint, late)
    for (resource, key), (_, value) in late.old_tags.items():
        shown = {k: v for k, v in backend.tags.get(resource, {}).items() if k != key}
        backend.tags[resource] = shown if value is None else shown | {key: value}
    for group_id, (_, ingress, egress) in late.old_rules.items():
        if group := backend.group(group_id):
            rules[group_id] = (group, group.ingress_rules, group.egress_rules)
            group.ingress_rules, group.egress_rules = ingress, egress
    try:
        yield
    finally:
        for name, value in kept.items():
            setattr(backend, name, value)
        backend.tags.clear()
        backend.tags.update(tags)
        world.endpoints = every_endpoint
        for group, ingress, egress in rules.values():
            group.ingress_rules, group.egress_rules = ingress, egress


_FLAT = ("vpcs", "route_tables", "internet_gateways")
_NESTED = ("subnets", "groups")


def _seen(things: dict[str, Any], late: Lateness) -> dict[str, Any]:
    return {key: thing for key, thing in things.items() if key not in late.hidden}
