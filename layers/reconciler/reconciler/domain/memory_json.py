"""What the ledger knows of a VPC, and causes, as JSON and back. Where it is kept is `ledger`'s."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from typing import Any

from .contest import Contest
from .findings import Finding, Kind, Reason, Status
from .memory import Adoption, Announced, Cause, Change, InVain, Made, Making, Memory, OpenFinding
from .profile import Edition

# What stands in items of its own, or follows from where the document stands.
_ELSEWHERE = ("vpc_id", "claimed", "causes", "complete", "version", "expires")
# What the last version wrote, which sent no events: what stood open then is not news.
_ANNOUNCED_BEFORE = {
    Status.REMEDIATED: Change.REMEDIATED,
    Status.WAITING: Change.DETECTED,
    Status.REPORTED: Change.DETECTED,
    Status.BLOCKED: Change.BLOCKED,
    Status.CONTESTED: Change.CONTESTED,
    Status.IMPAIRED: Change.IMPAIRED,
    Status.LEAVING: Change.LEAVING,
}


class Unreadable(ValueError):
    """A document that is none of ours; says what is wrong with it."""


def dumps(memory: Memory) -> str:
    """What is known of a VPC as a document, but for its causes, claims and version."""
    document = asdict(memory)
    for key in _ELSEWHERE:
        del document[key]
    document["made"] = list(document["made"].values())
    document["adoptions"] = list(document["adoptions"].values())
    return json.dumps(document, separators=(",", ":"))


def loads(text: str, memory: Memory) -> Memory:
    """`memory` with what a document says.

    Raises:
        Unreadable: when it is not one that `dumps` makes.
    """
    try:
        return _with(json.loads(text), memory)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unreadable(repr(error)) from error


def dumps_cause(cause: Cause) -> str:
    """A cause as a document."""
    return json.dumps(asdict(cause), separators=(",", ":"))


def loads_cause(text: str) -> Cause:
    """A document's cause.

    Raises:
        Unreadable: when it is not one that `dumps_cause` makes.
    """
    try:
        return _cause(json.loads(text))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unreadable(repr(error)) from error


def _with(given: dict[str, Any], memory: Memory) -> Memory:
    made = [_known(Made, each) for each in given.get("made", [])]
    adoptions = [_known(Adoption, each) for each in given.get("adoptions", [])]
    return replace(
        memory,
        made={each.id: each for each in made},
        making=tuple(_known(Making, each) for each in given.get("making", [])),
        leaving={str(each): int(since) for each, since in given.get("leaving", {}).items()},
        adoptions={each.endpoint_id: each for each in adoptions},
        findings=tuple(_finding(each) for each in given.get("findings", [])),
        contests=tuple(_known(Contest, each) for each in given.get("contests", [])),
        in_vain=tuple(in_vain(each) for each in given.get("in_vain", [])),
        followed=_known(Edition, given.get("followed", {})),
        quiet=bool(given.get("quiet", False)),
        converged=bool(given.get("converged", _left_nothing_open(given))),
    )


def _left_nothing_open(given: dict[str, Any]) -> bool:
    """What earlier versions say of `converged`, which they did not write."""
    at_work = (Status.REMEDIATED, Status.WAITING, Status.BLOCKED)
    return "findings" in given and all(each["status"] not in at_work for each in given["findings"])


def _finding(given: dict[str, Any]) -> OpenFinding:
    reason, cause = given.get("reason"), given.get("cause")
    status = Status(given["status"])
    changed = {
        "status": status,
        "announced": _announced(given, status),
        "reason": Reason(reason) if reason else None,
        "cause": _cause(cause) if cause else None,
    }
    finding: OpenFinding = _known(OpenFinding, {**given, **changed})
    return finding


def _announced(given: dict[str, Any], status: Status) -> Announced | None:
    if "announced" in given:
        last = given["announced"]
        change = Change(last["change"]) if last else None
    else:
        last = {"time": given["since"], "reason": given.get("reason")}
        change = _ANNOUNCED_BEFORE.get(status)
    if change is None:
        return None
    reason = last["reason"] if change is Change.BLOCKED else None
    return Announced(change, int(last["time"]), Reason(reason) if reason else None)


def in_vain(given: dict[str, Any]) -> InVain:
    """What EC2 was asked for in vain, as `asdict` gives it.

    Raises:
        AttributeError, KeyError, TypeError or ValueError: when it is none.
    """
    reason = given.get("reason")
    changed = {
        "status": Status(given["status"]),
        "reason": Reason(reason) if reason else None,
        "findings": tuple(_came_to_light(each) for each in given.get("findings", [])),
    }
    asked: InVain = _known(InVain, {**given, **changed})
    return asked


def _came_to_light(given: dict[str, Any]) -> Finding:
    reason = given["reason"]
    changed = {
        "kind": Kind(given["kind"]),
        "status": Status(given["status"]),
        "reason": Reason(reason) if reason else None,
    }
    finding: Finding = _known(Finding, {**given, **changed})
    return finding


def _cause(given: dict[str, Any]) -> Cause:
    cause: Cause = _known(Cause, given)
    return cause


def _known(kind: type[Any], given: dict[str, Any]) -> Any:
    """A value, its sequences as tuples. What a newer version wrote beside it is left out."""
    names = {each.name for each in fields(kind)}
    return kind(
        **{
            key: tuple(each) if isinstance(each, list) else each
            for key, each in given.items()
            if key in names
        }
    )
