"""Few deletions: how many VPCs may lose anything within an hour."""

from __future__ import annotations

from collections.abc import Mapping

_HOUR = 3600


def admitted(losing: Mapping[str, int], vpc_id: str, now: float, limit: int) -> Mapping[str, int] | None:
    """Whether one more VPC may lose something now: the VPCs that do, with this one, or None where they are
    too many.

    `losing` are the VPCs that lost something, each with when it last did, in seconds since 1970. A VPC that
    is among them goes on: it is taken down whole.
    """
    recent = {each: time for each, time in losing.items() if now - time < _HOUR}
    if vpc_id not in recent and len(recent) >= limit:
        return None
    return {**recent, vpc_id: int(now)}
