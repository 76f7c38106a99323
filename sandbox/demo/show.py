"""What the demo looks like: tables that fill while one watches, or are printed when all is done where there
is no terminal.

Apart from `sandbox.demo.play`, which knows what happens but not how it looks.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

_WAITING, _BUSY, FAILED = "waiting", "busy", "failed"
_STYLES = {_WAITING: "dim", _BUSY: "yellow", FAILED: "bold red"}
_DONE_STYLE = "green"


@dataclass
class Row:
    """One thing that happens to a VPC, who did it, and what became of it; `note` says more of that."""

    vpc: str
    what: str
    by: str = ""
    state: str = _WAITING
    seconds: float = 0.0
    note: str = ""
    begun: float = 0.0
    """Seconds since the epoch; 0 where it never began."""


class Board:
    """Rows that go from waiting to done: a live table on a terminal, else a table once all are done."""

    def __init__(self, console: Console, title: str, rows: Sequence[tuple[str, str]]) -> None:
        self.rows = [Row(vpc, what) for vpc, what in rows]
        self.title = title
        self._console = console
        self._lock = threading.Lock()
        self._begun: dict[int, float] = {}
        self.closed = False
        """Whether nobody looks any more: what fills the rows can stop."""
        self._live = Live(get_renderable=self._table, console=console, refresh_per_second=4)

    def __enter__(self) -> Board:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.closed = True
        if self._console.is_terminal:
            self._live.stop()
        else:
            self._console.print(self._table())

    def begin(self, number: int) -> None:
        """The row is under way from now on."""
        with self._lock:
            self._begun[number] = time.monotonic()
            self.rows[number].begun = time.time()
            self.rows[number].state = _BUSY

    def end(self, number: int, seconds: float, state: str = FAILED, note: str = "") -> None:
        """The row is done with; `state` is how it ended."""
        with self._lock:
            row = self.rows[number]
            row.state, row.seconds, row.note = state, seconds, note

    def name(self, number: int, by: str) -> None:
        """Who did it."""
        with self._lock:
            self.rows[number].by = by

    def _table(self) -> Table:
        with self._lock:
            columns = self._columns()
        table = Table(title=self.title, title_justify="left", title_style="bold", expand=False)
        for heading in columns:
            table.add_column(heading, justify="right" if heading == "seconds" else "left")
        for cells in zip(*columns.values(), strict=True):
            table.add_row(*cells)
        return table

    def _columns(self) -> dict[str, list[Text]]:
        """The cells by heading. A column in which nothing is said is left out."""
        rows = list(enumerate(self.rows))
        said = {
            "VPC": [Text(row.vpc) for _, row in rows],
            "what": [_what(row) for _, row in rows],
            "by": [Text(row.by) for _, row in rows],
            "state": [Text(row.state, style=_STYLES.get(row.state, _DONE_STYLE)) for _, row in rows],
            "seconds": [Text(self._clock(number, row)) for number, row in rows],
        }
        return {heading: cells for heading, cells in said.items() if any(cells)}

    def _clock(self, number: int, row: Row) -> str:
        if row.state == _WAITING:
            return ""
        seconds = time.monotonic() - self._begun[number] if row.state == _BUSY else row.seconds
        return f"{seconds:.1f}"


def _what(row: Row) -> Text:
    return Text.assemble(row.what, ("\n" + row.note, "dim")) if row.note else Text(row.what)


@contextlib.contextmanager
def step(console: Console, what: str) -> Iterator[Step]:
    """Tell that something is being done, and how long it took."""
    begun = time.monotonic()
    doing = Step(console, what)
    with doing.spinner():
        yield doing
    console.print(f"[green]✔[/] {what} [dim]({time.monotonic() - begun:.1f} s)[/]", highlight=False)


@dataclass
class Step:
    """Something that is being done; its news are shown while it lasts."""

    console: Console
    what: str

    def __post_init__(self) -> None:
        self._status = self.console.status(self.what)

    def spinner(self) -> contextlib.AbstractContextManager[object]:
        """What turns while it lasts, on a terminal; elsewhere nothing is shown until it is done."""
        return self._status if self.console.is_terminal else contextlib.nullcontext()

    def news(self, line: str) -> None:
        """Show the latest line of what is going on."""
        if text := line.strip():
            self._status.update(Text.assemble(self.what, ("  " + text[:80], "dim")))


def table(
    title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], *, lines: bool = False
) -> Table:
    """A table of text, columns of figures to the right; with `lines` between its rows."""
    made = Table(title=title, title_justify="left", title_style="bold", show_lines=lines)
    for number, heading in enumerate(headings):
        figures = all(row[number].isdecimal() for row in rows)
        made.add_column(heading, justify="right" if figures else "left")
    for row in rows:
        made.add_row(*map(Text, row))
    return made
