"""What is written where: data to stdout; progress, warnings and messages to stderr.

Colour is for a terminal, and never where `NO_COLOR` is set. Lines are not broken where nobody's terminal says
how wide it is, so that they can be searched.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import Console, RenderableType
from rich.status import Status
from rich.text import Text

# A table in a file or a pipe is so wide.
_WIDE = 200
# Names and tags are other people's words: none of them may steer the terminal.
_CONTROL = dict.fromkeys((*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0)))


def harmless(text: str) -> str:
    """A text without control characters, but for line breaks and tabs."""
    return text.translate(_CONTROL)


def _console(stream: TextIO) -> Console:
    terminal = stream.isatty()
    return Console(
        file=stream,
        markup=False,
        highlight=False,
        emoji=False,
        force_terminal=terminal,
        color_system="auto" if terminal and not os.environ.get("NO_COLOR") else None,
        width=None if terminal else _WIDE,
    )


class Screen:
    """Where a command writes. With `as_json`, stdout has one JSON document and nothing else."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._out = _console(sys.stdout)
        self._err = _console(sys.stderr)
        self._warned: set[str] = set()
        self._status: Status | None = None

    def line(self, text: str | Text = "", style: str = "") -> None:
        """One line of data, as long as it is."""
        # Progress is drawn by another console, in the same place of the same terminal.
        if self._status:
            self._status.stop()
        self._out.print(
            harmless(text) if isinstance(text, str) else text, style=style or None, soft_wrap=True
        )
        if self._status:
            self._status.start()

    def show(self, what: RenderableType) -> None:
        """Something of rich's, such as a table."""
        self._out.print(what)

    def document(self, what: Any) -> None:
        """The command's JSON document."""
        self._out.file.write(f"{json.dumps(what, indent=2, ensure_ascii=False)}\n")

    def say(self, text: str) -> None:
        """A message beside the data."""
        self._err.print(harmless(text), soft_wrap=True)

    def warn(self, text: str) -> None:
        """A warning; the same one once."""
        if text not in self._warned:
            self._warned.add(text)
            self._err.print(f"Warning: {harmless(text)}", style="yellow", soft_wrap=True)

    @contextmanager
    def busy(self, what: str) -> Iterator[Progress]:
        """Say on stderr that something takes a while. On a terminal it is gone in the end."""
        if self._err.is_terminal:
            with self._err.status(Text(what)) as status:
                self._status = status
                try:
                    yield Progress(lambda text: status.update(Text(text)))
                finally:
                    self._status = None
        else:
            self.say(what)
            yield Progress(lambda _: None)

    def ask(self, question: str) -> bool:
        """Yes or no, asked on stderr. Only a plain yes is one.

        Raises:
            EOFError: when the terminal is closed.
        """
        self._err.print(f"{question} [yes/no] ", end="")
        return input().strip().lower() in ("y", "yes")

    @property
    def can_ask(self) -> bool:
        """Whether a person is there to answer."""
        return sys.stdin is not None and sys.stdin.isatty()


class Progress:
    """Says how far something is that takes a while."""

    def __init__(self, update: Any) -> None:
        self._update = update

    def at(self, text: str) -> None:
        """Say how far it is."""
        self._update(text)
