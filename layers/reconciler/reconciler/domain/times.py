"""Times in tags: ISO 8601, for people to read and to change."""

from __future__ import annotations

from datetime import UTC, datetime


def time_in(tag: str) -> float:
    """The time that a tag's value says, in seconds since 1970; 0 where it says none. Without a time zone it
    is UTC."""
    try:
        time = datetime.fromisoformat(tag)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC).timestamp()
    except (OverflowError, ValueError):
        return 0.0


def as_tag(time: float) -> str:
    """A time as a tag's value. `time` is in seconds since 1970."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds")
