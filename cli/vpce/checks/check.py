"""One line of what `vpce doctor` says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a check came to."""

    OK = "ok"
    WARNING = "warning"  # a person should look, or the check could not be made
    WRONG = "wrong"  # something does not work, or will not


@dataclass(frozen=True)
class Check:
    """A check that was made: its subject, what it came to, what was seen, and what to do about it (empty:
    nothing)."""

    subject: str
    verdict: Verdict
    seen: str
    cure: str = ""


def ok(subject: str, seen: str) -> Check:
    """All is well."""
    return Check(subject, Verdict.OK, seen)


def warning(subject: str, seen: str, cure: str) -> Check:
    """A person should look."""
    return Check(subject, Verdict.WARNING, seen, cure)


def wrong(subject: str, seen: str, cure: str) -> Check:
    """Something does not work, or will not."""
    return Check(subject, Verdict.WRONG, seen, cure)
