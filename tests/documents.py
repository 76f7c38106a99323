"""The project's documents, as a test reads them: sections, fenced blocks, links, tables."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.M | re.S)
_HEADING = re.compile(r"^(#+) (.+)$", re.M)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def pages() -> list[Path]:
    """All documents: those at the top, and those of the folder for them."""
    return sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


@cache
def read(page: Path) -> str:
    """A document's text."""
    return page.read_text(encoding="utf-8")


@dataclass(frozen=True)
class Section:
    """A heading, and what stands below it up to the next one of its level or above."""

    title: str
    text: str

    @property
    def anchor(self) -> str:
        """The last part of a link to it."""
        return slug(self.title)


def slug(title: str) -> str:
    """A heading's anchor, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", title.lower().replace("`", "")).replace(" ", "-")


def sections(page: Path) -> Iterator[Section]:
    """The sections of a document, at all levels."""
    text = without_blocks(read(page))
    found = list(_HEADING.finditer(text))
    for number, heading in enumerate(found):
        level = len(heading[1])
        ends = (each.start() for each in found[number + 1 :] if len(each[1]) <= level)
        yield Section(heading[2], text[heading.end() : next(ends, len(text))])


def section(page: Path, anchor: str) -> str:
    """The text below the heading with this anchor."""
    [found] = [each.text for each in sections(page) if each.anchor == anchor]
    return found


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language, `""` for those that name none."""
    return [
        textwrap.dedent(each["text"]) for each in _FENCE.finditer(read(page)) if each["language"] == language
    ]


def without_blocks(text: str) -> str:
    """The prose: what looks like a heading or a link in a fenced block is none."""
    return _FENCE.sub("", text)


def links(page: Path) -> list[str]:
    """What a document links to, inside the project."""
    prose = re.sub(r"`[^`\n]*`", "", without_blocks(read(page)))
    return [each for each in _LINK.findall(prose) if "://" not in each and not each.startswith("mailto:")]
