"""The first sweep of an installation takes over, for an empty ledger, what was made before there was one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from .domain.memory import Made, Memory
from .domain.model import Observation
from .domain.profile import NOTHING
from .domain.situation import Situation

if TYPE_CHECKING:
    from .reconcile import Means


def take_over(
    means: Means,
    seen: Iterable[Observation],
    memories: Mapping[str, Memory] | None,
    now: float,
    say: Callable[[str], None],
    *,
    whole: bool,
) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    """Make known to an empty ledger what bears all three marks, once per installation. Until that is done,
    nothing is deleted that serves. None where it is done already.

    Where there is any such thing, this installation is not new: what stands open was announced before.
    """
    if memories is None or not means.ledger.awaits_takeover():
        return None
    marked = {
        each.vpc.id: Situation(each, NOTHING, means.installation, memories[each.vpc.id], now).fully_marked
        for each in seen
    }
    quiet = any(marked.values())
    taken: list[tuple[str, tuple[str, ...]]] = []
    for observation in seen:
        memory = memories[observation.vpc.id]
        found = marked[observation.vpc.id].items()
        new = [Made(each, purpose) for each, purpose in found if each not in memory.made]
        written = replace(memory.with_made(new), quiet=memory.quiet or (quiet and not memory.version))
        known = not new or means.ledger.add_made(observation.vpc.id, [each.id for each in new])
        if not known or (written != memory and means.ledger.save(written) is None):
            say(f"sweep: the ledger did not take over what is in {observation.vpc.id}: the next sweep will")
            return tuple(taken)
        if new:
            ids = tuple(sorted(each.id for each in new))
            say(f"sweep: the ledger takes over {len(ids)} in {observation.vpc.id}: {', '.join(ids)}")
            taken.append((observation.vpc.id, ids))
    if not whole:
        return tuple(taken)
    means.ledger.set_complete(now)
    say(f"sweep: the ledger took over {sum(len(ids) for _, ids in taken)} things in {len(taken)} VPCs")
    return tuple(taken)
