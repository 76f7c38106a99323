"""Times and numbers as people read them."""

from __future__ import annotations

from reconciler.domain.times import as_text

_UNITS = ((24 * 3600, "d"), (3600, "h"), (60, "min"), (1, "s"))


def duration(seconds: float) -> str:
    """The two largest units of a length of time: `2 d 4 h`, `35 s`."""
    parts: list[str] = []
    left = max(0, int(seconds))
    for size, unit in _UNITS:
        if left >= size and len(parts) < 2:
            parts.append(f"{left // size} {unit}")
            left %= size
        elif parts:
            break
    return " ".join(parts) or "0 s"


def ago(seconds: float) -> str:
    """How long ago something was."""
    return f"{duration(seconds)} ago"


def at(time: float) -> str:
    """A time, in UTC, as finding events have it."""
    return as_text(time)


def count(number: int, what: str) -> str:
    """A number of things."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
