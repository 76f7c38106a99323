"""The timeline: a lane for each VPC, with what was done to it, what the remediator did, and how it stood."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from sandbox.report import charts
from sandbox.report.findings import requests
from sandbox.report.html import Html, box, join, line, svg, table, tag, text
from sandbox.report.record import Deed, Record
from sandbox.report.states import State, states

_WIDTH, _LEFT, _RIGHT, _TOP = 1000.0, 92.0, 12.0, 24.0
_BAR, _STRIP, _GAP = 20.0, 8.0, 14.0
_LEAST = 20.0
"""No bar is narrower, so that its number fits."""
STATE_CLASSES: Mapping[State, str] = {
    State.WELL: "well",
    State.FAULTY: "faulty",
    State.CONTESTED: "contested",
    State.LEAVING: "leaving",
    State.AUDITED: "audited",
    State.OUTSIDE: "outside",
}
_FAILED = "failed"


@dataclass
class _Lane:
    """One VPC's part of the picture."""

    name: str
    deeds: list[tuple[int, Deed]] = field(default_factory=list)
    rows: list[float] = field(default_factory=list)
    """Where the last bar of each row ends: bars that overlap stand in different rows."""
    placed: list[tuple[int, float, float]] = field(default_factory=list)
    """The row, the left edge and the width of each bar."""

    def place(self, left: float, width: float) -> None:
        row = next((n for n, end in enumerate(self.rows) if end <= left), len(self.rows))
        if row == len(self.rows):
            self.rows.append(0)
        self.rows[row] = left + width + 1
        self.placed.append((row, left, width))

    @property
    def height(self) -> float:
        return _BAR * max(len(self.rows), 1) + _STRIP + _GAP


def timeline(record: Record) -> Html:
    """The picture, its legend, and the list of what was done."""
    numbered = list(enumerate(sorted(record.deeds, key=lambda deed: deed.begun), 1))
    boards = list(dict.fromkeys(deed.board for _, deed in numbered))
    return join(_picture(record, numbered, boards), _legend(boards), _list(record, numbered))


def _picture(record: Record, numbered: Sequence[tuple[int, Deed]], boards: list[str]) -> Html:
    lanes = _lanes(record, numbered)
    bottom = _TOP + sum(lane.height for lane in lanes)
    times = charts.ticks(record.seconds, 8)
    marks = [
        join(
            line(_x(record, each), _TOP - 4, _x(record, each), bottom, "grid"),
            text(_x(record, each), 14, f"{charts.figure(each)} s", "tick", "middle"),
        )
        for each in times
        if _x(record, each) < _WIDTH - _RIGHT - 10
    ]
    drawn, y = [], _TOP
    strips, writes = _strips(record), _writes(record)
    for lane in lanes:
        drawn.append(_lane(record, lane, y, boards, strips[lane.name], writes[lane.name]))
        y += lane.height
    return tag(
        "div", svg(_WIDTH, bottom + 4, "Timeline of breaks and heals", *marks, *drawn), class_="scroll"
    )


def _lanes(record: Record, numbered: Sequence[tuple[int, Deed]]) -> list[_Lane]:
    lanes = {name: _Lane(name) for name in record.names.values()}
    for number, deed in numbered:
        lane = lanes.setdefault(deed.vpc, _Lane(deed.vpc))
        left = _x(record, deed.begun - record.begun)
        width = max(_x(record, deed.ended - record.begun) - left, _LEAST)
        lane.deeds.append((number, deed))
        lane.place(min(left, _WIDTH - _RIGHT - width), width)
    return list(lanes.values())


def _lane(
    record: Record,
    lane: _Lane,
    y: float,
    boards: list[str],
    strip: Sequence[tuple[float, State | None]],
    writes: Sequence[tuple[float, str]],
) -> Html:
    bars = []
    for (number, deed), (row, left, width) in zip(lane.deeds, lane.placed, strict=True):
        class_ = f"fill {_class(deed, boards)}"
        top = y + row * _BAR
        bars.append(box(left, top, width, _BAR - 3, class_, _said(record, deed), 3))
        bars.append(text(left + width / 2, top + 12.5, str(number), "number", "middle"))
    under = y + _BAR * max(len(lane.rows), 1)
    ends = [*(at for at, _ in strip), record.seconds][1:]
    stripes = [
        box(
            _x(record, at),
            under,
            _x(record, end) - _x(record, at),
            _STRIP - 3,
            f"fill {STATE_CLASSES[state]}",
            str(state),
        )
        for (at, state), end in zip(strip, ends, strict=True)
        if state
    ]
    marks = [
        line(_x(record, at), under + _STRIP - 3, _x(record, at), under + _STRIP + 4, "write", title)
        for at, title in writes
    ]
    middle = y + (under - y + _STRIP) / 2 + 4
    return join(text(0, middle, lane.name, "lane"), *stripes, *marks, *bars)


def _strips(record: Record) -> Mapping[str, list[tuple[float, State | None]]]:
    """Of each VPC, from when on it was in which state; None where it was not there."""
    seen: dict[str, list[tuple[float, State | None]]] = defaultdict(list)
    for sample, names in states(record):
        state_of = {name: state for state, those in names.items() for name in those}
        for name in record.names.values():
            seen[name].append((sample.at - record.begun, state_of.get(name)))
    strips: dict[str, list[tuple[float, State | None]]] = defaultdict(list)
    for name, moments in seen.items():
        for _, same in groupby(moments, key=lambda moment: moment[1]):
            strips[name].append(next(same))
    return strips


def _writes(record: Record) -> Mapping[str, list[tuple[float, str]]]:
    """Of each VPC, when the remediator wrote to it, and what."""
    of_vpc = requests(record)
    found: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for write in record.writes:
        if write.request_id in of_vpc:
            refused = f", refused: {write.error}" if write.error else ""
            found[of_vpc[write.request_id]].append(
                (write.at - record.begun, f"{write.action}{refused} (request {write.request_id})")
            )
    return found


def _legend(boards: Sequence[str]) -> Html:
    deeds = [_key(f"d{n}", board) for n, board in enumerate(boards)]
    strips = [_key(f"low {class_}", str(state)) for state, class_ in STATE_CLASSES.items()]
    return join(
        tag("ul", *deeds, _key("write", "a call of the remediator that changes EC2"), class_="legend"),
        tag("p", "The thin strip below is the VPC as EC2 has it:", class_="small"),
        tag("ul", *strips, class_="legend"),
    )


def _key(class_: str, words: str) -> Html:
    return tag("li", tag("span", class_=f"key {class_}", aria_hidden="true"), words)


def _list(record: Record, numbered: Sequence[tuple[int, Deed]]) -> Html:
    rows = [
        tag(
            "tr",
            tag("td", str(number), class_="figure"),
            tag("td", f"{deed.begun - record.begun:.1f}", class_="figure"),
            tag("td", deed.vpc),
            tag("td", deed.what, tag("div", deed.note, class_="small") if deed.note else None),
            tag("td", deed.by or "-"),
            tag("td", deed.state, class_=_FAILED if deed.state == _FAILED else None),
            tag("td", f"{deed.seconds:.1f}", class_="figure"),
        )
        for number, deed in numbered
    ]
    headings = ("no.", "at (s)", "VPC", "what", "by whom", "became", "took (s)")
    return tag(
        "details",
        tag("summary", f"All {len(rows)} of them, with who did it"),
        table(headings, rows),
        open=True,
    )


def _said(record: Record, deed: Deed) -> str:
    by = f", by {deed.by}" if deed.by else ""
    note = f" {deed.note}" if deed.note else ""
    at = deed.begun - record.begun
    return f"{deed.vpc}: {deed.what}{by}. {deed.state} after {deed.seconds:.1f} s (from {at:.1f} s on).{note}"


def _class(deed: Deed, boards: list[str]) -> str:
    return _FAILED if deed.state == _FAILED else f"d{boards.index(deed.board)}"


def _x(record: Record, seconds: float) -> float:
    inside = _WIDTH - _LEFT - _RIGHT
    return _LEFT + inside * min(max(seconds / max(record.seconds, 1), 0), 1)
