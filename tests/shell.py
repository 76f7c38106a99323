"""The commands of a `console` block: as much of a shell's grammar as the documents use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

Command = tuple[str, ...]
# Stands where the output of another command would.
OUTPUT = "OUTPUT"
_KEYWORDS = frozenset({"do", "then", "else"})


def commands(block: str) -> Iterator[Command]:
    """The simple commands of a block, those within `$(...)`, loops and functions too."""
    for typed in _typed(block):
        scan = _Scan(typed)
        scan.until("")
        for words in scan.found:
            while words and words[0] in _KEYWORDS:
                words = words[1:]
            if words:
                yield words


def _typed(block: str) -> Iterator[str]:
    """What is typed at each prompt, with its continuation lines and without comments; no output."""
    typed = ""
    for line in block.splitlines():
        if typed.endswith("\\"):
            typed = typed[:-1] + " " + line.strip()
        elif line.startswith("$ "):
            yield _without_comment(typed)
            typed = line[2:]
    yield _without_comment(typed)


def _without_comment(typed: str) -> str:
    return re.sub(r"\s+# .*$", "", typed)


@dataclass
class _Scan:
    """Reads from left to right; `found` are the commands in the order in which they end."""

    text: str
    at: int = 0
    found: list[Command] = field(default_factory=list)

    def until(self, closing: str) -> None:
        """Read commands up to `closing`, which may be the end."""
        words: list[str] = []
        while True:
            end = self._one_word(words, closing)
            if end != " ":
                if words:
                    self.found.append(tuple(words))
                words = []
            if end == closing:
                return

    def _one_word(self, words: list[str], closing: str) -> str:
        """Read one word; what ended it: a space, the end of the command, or `closing`."""
        word: str | None = None
        while True:
            if self.at >= len(self.text):
                assert not closing, f"not closed: {self.text}"
                end = ""
                break
            char = self.text[self.at]
            self.at += 1
            if char == closing or char in "; |&{}":
                end = char if char in (closing, " ") else ";"
                break
            if char == "'":
                stop = self.text.index("'", self.at)
                char, self.at = self.text[self.at : stop], stop + 1
            elif char == '"':
                char = self._quoted()
            elif self._begins_output(char):
                char = self._output()
            word = (word or "") + char
        if word is not None:
            words.append(word)
        return end

    def _quoted(self) -> str:
        said = ""
        while (char := self.text[self.at]) != '"':
            self.at += 1
            said += self._output() if self._begins_output(char) else char
        self.at += 1
        return said

    def _begins_output(self, char: str) -> bool:
        return char == "$" and self.text.startswith("(", self.at)

    def _output(self) -> str:
        self.at += 1
        self.until(")")
        return OUTPUT
