"""Times as people read and change them: ISO 8601, in UTC."""

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


def as_text(time: float) -> str:
    """A time in events, in log lines and for people, to the second. `time` is in seconds since 1970."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_tag(time: float) -> str:
    """A time as a tag's value. `time` is in seconds since 1970."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds")
