"""What is asked of the VPC queue and of the queue of sweeps, and the form of these messages.

A message of an earlier version is read as well as one of this version: some wait in a queue while the stack
is updated.
"""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from .domain import memory_json
from .domain.contest import Contest
from .domain.counts import Count, Metric
from .domain.memory import InVain, Made
from .domain.pace import EndpointCall, Precedence

Value = TypeVar("Value")
# SQS takes few characters and at most 128 of them for a group and for a deduplication id.
_VPC_ID = re.compile(r"vpc-[0-9a-z]{1,32}")
# The last millisecond that `datetime` knows is below it.
_LARGEST_NUMBER = 2**48


class MalformedMessage(ValueError):
    """A queue message that is not one of ours; says what is wrong with it."""


@dataclass(frozen=True)
class RunRequest:
    """Asks for a reconcile run of a VPC. Times are milliseconds since 1970.

    `first_seen` is when the drift was first seen, `began` when the first run was made (0: not yet),
    `attempts` how often the VPC was requeued since, `failures` how many runs in a row could not do or read
    something, `unknowns` how many of them met an error that is not known, `not_before` the time before which
    no run is made. `refused` are the ids of what someone was refused the deletion of; `swept` says that the
    sweep found the drift. `counted` is what the metrics have counted on the way, `made`, `contests` and
    `asked` (for in vain) what the ledger could not take. `correlation_id` is the id of the first event of the
    window, or of the sweep's invocation, that led here. `paced` is the endpoint call whose turn the VPC waits
    for; `awaits_turn` says that it does so as long as that takes, since EC2 was never asked for it. `turns`
    is how often it was requeued without spending an attempt, and `precedence` says who goes before it.
    """

    vpc_id: str
    first_seen: int
    attempts: int = 0
    began: int = 0
    failures: int = 0
    unknowns: int = 0
    not_before: int = 0
    refused: tuple[str, ...] = ()
    swept: bool = False
    counted: tuple[Count, ...] = ()
    made: tuple[Made, ...] = ()
    contests: tuple[Contest, ...] = ()
    asked: tuple[InVain, ...] = ()
    correlation_id: str = ""
    paced: EndpointCall | None = None
    awaits_turn: bool = False
    turns: int = 0
    precedence: Precedence = Precedence.NEW

    def to_json(self) -> str:
        """The message's body."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, body: str) -> RunRequest:
        """Read a message's body. Earlier versions wrote `rounds` for attempts, and `release` or
        `deletion_refused` where the VPC was refused its deletion.

        Raises:
            MalformedMessage: when the body is not one that `to_json` makes.
        """
        given = _object(body)
        vpc_id: Any = given.get("vpc_id")
        if not isinstance(vpc_id, str) or not _VPC_ID.fullmatch(vpc_id):
            raise MalformedMessage(f"vpc_id is {reprlib.repr(vpc_id)}, not a VPC's id")
        return cls(
            vpc_id,
            first_seen=_number(given, "first_seen"),
            attempts=_number(given, "attempts", given.get("rounds", 0)),
            began=_number(given, "began", 0),
            failures=_number(given, "failures", 0),
            unknowns=_number(given, "unknowns", 0),
            not_before=_number(given, "not_before", 0),
            refused=_refused(given, vpc_id),
            swept=given.get("swept") is True,
            counted=_counts(given.get("counted", [])),
            made=_values(Made, given, "made"),
            contests=_values(Contest, given, "contests"),
            asked=_asked(given),
            correlation_id=_correlation_id(given),
            paced=_paced(given),
            # Messages of the last version do not say it.
            awaits_turn=given.get("awaits_turn", bool(given.get("paced"))) is True,
            turns=_number(given, "turns", 0),
            precedence=_precedence(given),
        )


def _correlation_id(given: dict[str, Any]) -> str:
    found = given.get("correlation_id", "")
    if not isinstance(found, str):
        raise MalformedMessage(f"correlation_id is {reprlib.repr(found)}, not a text")
    return found


def _asked(given: dict[str, Any]) -> tuple[InVain, ...]:
    try:
        return tuple(memory_json.in_vain(each) for each in given.get("asked", []))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise MalformedMessage(f"asked cannot be read: {error}") from error


def _paced(given: dict[str, Any]) -> EndpointCall | None:
    word = given.get("paced")
    try:
        return EndpointCall(word) if word else None
    except ValueError as error:
        raise MalformedMessage(f"paced is {reprlib.repr(word)}, no endpoint call") from error


def _precedence(given: dict[str, Any]) -> Precedence:
    word = given.get("precedence", Precedence.NEW)
    try:
        return Precedence(word)
    except ValueError as error:
        raise MalformedMessage(f"precedence is {reprlib.repr(word)}, none that there is") from error


@dataclass(frozen=True)
class SweepRequest:
    """Asks for a sweep: of all VPCs, or of `vpc_ids` that an earlier one did not come to. `first_seen` is
    when the event took place that it was asked for, in milliseconds since 1970. Of the VPCs that were looked
    at already, `so_far` is how many there are, by state, and `oldest` the oldest finding of each sort: its
    age in seconds, and its VPC. `tries` is how often this rest was asked for in vain. `foretold` says that an
    event asked for the sweep: the drift that it finds is not one that no event told of.
    """

    first_seen: int
    vpc_ids: tuple[str, ...] = ()
    so_far: Mapping[str, int] = field(default_factory=dict)
    oldest: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    tries: int = 0
    foretold: bool = False

    def to_json(self) -> str:
        """The message's body."""
        document = asdict(self)
        return json.dumps({key: each for key, each in document.items() if each or key == "first_seen"})

    @classmethod
    def from_json(cls, body: str) -> SweepRequest:
        """Read a message's body.

        Raises:
            MalformedMessage: when the body is not one that `to_json` makes.
        """
        given = _object(body)
        vpc_ids, so_far = given.get("vpc_ids", []), given.get("so_far", {})
        if not isinstance(vpc_ids, list) or not all(isinstance(each, str) for each in vpc_ids):
            raise MalformedMessage("vpc_ids is no list of ids")
        if not isinstance(so_far, dict):
            raise MalformedMessage("so_far is no object")
        return cls(
            _number(given, "first_seen"),
            tuple(vpc_ids),
            {state: _number(so_far, state) for state in so_far},
            _oldest(given),
            _number(given, "tries", 0),
            given.get("foretold") is True,
        )


def _oldest(given: dict[str, Any]) -> dict[str, tuple[int, str]]:
    try:
        return {str(what): (int(age), str(vpc_id)) for what, (age, vpc_id) in given.get("oldest", {}).items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise MalformedMessage(f"oldest cannot be read: {error}") from error


def _counts(given: Any) -> tuple[Count, ...]:
    """What was counted. In messages of the last version these are words: what they counted may count once
    more."""
    if not isinstance(given, list):
        raise MalformedMessage("counted is no list of words or counts")
    counts = []
    for each in given:
        if isinstance(each, str):
            continue
        try:
            counts.append(
                Count(Metric(each["metric"]), str(each["value"]), str(each["kind"]), str(each["resource"]))
            )
        except (TypeError, KeyError, ValueError) as error:
            raise MalformedMessage("counted is no list of words or counts") from error
    return tuple(counts)


def _refused(given: dict[str, Any], vpc_id: str) -> tuple[str, ...]:
    if given.get("deletion_refused", given.get("release")) is True:
        return (vpc_id,)
    ids = given.get("refused", [])
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
        raise MalformedMessage("refused is no list of ids")
    return tuple(ids)


def _values(kind: Callable[..., Value], given: dict[str, Any], key: str) -> tuple[Value, ...]:
    try:
        return tuple(
            kind(**{name: tuple(each) if isinstance(each, list) else each for name, each in fields.items()})
            for fields in given.get(key, [])
        )
    except (AttributeError, TypeError) as error:
        raise MalformedMessage(f"{key} cannot be read: {error}") from error


def _object(body: str) -> dict[str, Any]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedMessage(f"not JSON: {error}") from error
    if not isinstance(given, dict):
        raise MalformedMessage("not a JSON object")
    return given


def _number(given: dict[str, Any], key: str, default: int | None = None) -> int:
    value = given.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LARGEST_NUMBER:
        raise MalformedMessage(f"{key} is {reprlib.repr(value)}, not a whole number from 0 to 2**48")
    return value
