"""The Markdown of text widgets, as far as dashboards use it: headings, lists, bold, italics, code, links.

A link shows its words only, since the page leads nowhere.
"""

from __future__ import annotations

import re

from sandbox.report.html import Html, join, tag

_INLINE = re.compile(r"\*\*(.+?)\*\*|\*(.+?)\*|`(.+?)`|\[(?:button:)?(.+?)\]\([^)]*\)")


def html(markdown: str) -> Html:
    """Markdown as HTML, all text escaped."""
    blocks = [_block(each.strip()) for each in re.split(r"\n\s*\n", markdown) if each.strip()]
    return join(*blocks)


def _block(words: str) -> Html:
    lines = words.splitlines()
    if all(each.lstrip().startswith(("- ", "* ")) for each in lines):
        return tag("ul", *(tag("li", _inline(each.lstrip()[2:])) for each in lines))
    if words.startswith("#"):
        heading, *rest = lines
        title = tag("h4", _inline(heading.lstrip("# ")))
        return join(title, _block("\n".join(rest))) if rest else title
    return tag("p", _inline(" ".join(lines)))


def _inline(words: str) -> Html:
    parts: list[Html | str] = []
    at = 0
    for found in _INLINE.finditer(words):
        bold, italic, code, link = found.groups()
        parts.append(words[at : found.start()])
        if bold:
            parts.append(tag("strong", _inline(bold)))
        elif italic:
            parts.append(tag("em", _inline(italic)))
        else:
            parts.append(tag("code", code) if code else tag("span", link))
        at = found.end()
    return join(*parts, words[at:])
