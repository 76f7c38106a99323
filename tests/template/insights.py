"""A query of CloudWatch Logs Insights, taken apart: its commands, and the fields that it reads.

As much of the language as the template uses. Source: CloudWatch Logs user guide, "CloudWatch Logs Insights
language query syntax".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

COMMANDS = {"display", "fields", "filter", "limit", "sort", "stats"}
FUNCTIONS = {"count", "count_distinct", "ispresent", "latest", "max"}
WORDS = {"and", "as", "asc", "by", "desc", "in", "like", "not", "or"}
_NAME = re.compile(r"@?[A-Za-z_][\w.]*")


@dataclass(frozen=True)
class Query:
    """Its commands in order, each with the text after it; comments are left out."""

    commands: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, text: str) -> Query:
        """Take a query apart.

        Raises:
            ValueError: when a string or a bracket is not closed, or a command is not known.
        """
        bare = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
        without = re.sub(r'"[^"\n]*"', '""', bare)
        if without.replace('""', "").count('"') or without.count("(") != without.count(")"):
            raise ValueError(f"not closed: {bare}")
        commands = []
        for part in re.split(r'\|(?=(?:[^"]*"[^"]*")*[^"]*$)', bare):
            command, _, rest = part.strip().partition(" ")
            if command not in COMMANDS or not rest.strip():
                raise ValueError(f"not a command: {part.strip()!r}")
            commands.append((command, rest.strip()))
        return cls(tuple(commands))

    def fields(self) -> set[str]:
        """The fields of log lines that are read: names that are no function's, and that the query has not
        given itself."""
        read, given = set[str](), set[str]()
        for command, rest in self.commands:
            if command == "limit":
                continue
            aliases = set(re.findall(rf"\bas ({_NAME.pattern})", rest))
            read |= set(_names(rest)) - given - aliases
            given |= aliases
            if command == "stats":
                # After it, there is nothing but what it counts and what it counts by.
                given |= set(_names(rest.partition(" by ")[2]))
        return read


def _names(text: str) -> Iterator[str]:
    """All names but those of functions, which a bracket follows, and the language's own words."""
    bare = re.sub(r'"[^"]*"', "", text)
    for found in _NAME.finditer(bare):
        if bare[found.end() : found.end() + 1] == "(":
            if found[0] not in FUNCTIONS:
                raise ValueError(f"not a function: {found[0]}")
        elif found[0] not in WORDS:
            yield found[0]
