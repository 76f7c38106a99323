"""What the demo looks like: a table that fills while one watches, or a line for each news where there is no
terminal.

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

_WAITING, _BUSY, _DONE, _FAILED = "waiting", "healing", "healed", "not healed"
_STYLES = {_WAITING: "dim", _BUSY: "yellow", _DONE: "green", _FAILED: "bold red"}


@dataclass
class Row:
    """One thing that has to heal."""

    vpc: str
    what: str
    state: str = _WAITING
    seconds: float = 0.0
    note: str = ""


class Board:
    """Rows that go from waiting to healed: a live table on a terminal, elsewhere a line for each row done."""

    def __init__(self, console: Console, title: str, rows: Sequence[tuple[str, str]]) -> None:
        self.rows = [Row(vpc, what) for vpc, what in rows]
        self._console = console
        self._title = title
        self._lock = threading.Lock()
        self._begun: dict[int, float] = {}
        self.closed = False
        """Whether nobody looks any more: what fills the rows can stop."""
        self._live = Live(get_renderable=self._table, console=console, refresh_per_second=4)

    def __enter__(self) -> Board:
        if self._console.is_terminal:
            self._live.start()
        else:
            self._console.print(f"\n{self._title}", highlight=False)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.closed = True
        if self._console.is_terminal:
            self._live.stop()

    def begin(self, number: int) -> None:
        """The row is being healed from now on."""
        with self._lock:
            self._begun[number] = time.monotonic()
            self.rows[number].state = _BUSY

    def end(self, number: int, healed: bool, seconds: float, note: str = "") -> None:
        """The row is done with, one way or the other."""
        with self._lock:
            row = self.rows[number]
            row.state, row.seconds, row.note = _DONE if healed else _FAILED, seconds, note
            if not self._console.is_terminal:
                line = f"  {row.state} after {seconds:4.1f} s  {row.vpc:<10} {row.what}  {note}".rstrip()
                self._console.print(line, highlight=False, soft_wrap=True)

    def _table(self) -> Table:
        table = Table(title=self._title, title_justify="left", title_style="bold", expand=False)
        for heading in ("VPC", "what", "state", "seconds", ""):
            table.add_column(heading, justify="right" if heading == "seconds" else "left")
        with self._lock:
            for number, row in enumerate(self.rows):
                table.add_row(
                    row.vpc,
                    row.what,
                    Text(row.state, style=_STYLES[row.state]),
                    self._clock(number, row),
                    row.note,
                )
        return table

    def _clock(self, number: int, row: Row) -> str:
        if row.state == _WAITING:
            return ""
        seconds = time.monotonic() - self._begun[number] if row.state == _BUSY else row.seconds
        return f"{seconds:.1f}"


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


def table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A table of text, its last column to the right when it holds figures."""
    made = Table(title=title, title_justify="left", title_style="bold")
    for heading in headings:
        made.add_column(heading, justify="right" if heading in ("count", "median", "most") else "left")
    for row in rows:
        made.add_row(*row)
    return made
