"""HTML and SVG, put together so that no text can become markup: what is not `Html` is escaped."""

from __future__ import annotations

from html import escape

_VOID = frozenset({"meta", "input", "br"})


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


Child = Html | str | None
Attribute = str | float | bool | None


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Html:
    """An element. An underscore in an attribute's name stands for a hyphen, one at its end for nothing; an
    attribute that is None or False is left out."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape("" if value is True else _text(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Html(f"<{name}{said}>")
    return Html(f"<{name}{said}>{join(*children)}</{name}>")


def join(*children: Child) -> Html:
    """Children, one after the other."""
    return Html(
        "".join(
            child if isinstance(child, Html) else escape(child) for child in children if child is not None
        )
    )


def svg(width: float, height: float, label: str, *children: Child, class_: str = "chart") -> Html:
    """A picture of that size, which grows and shrinks with the page; `label` says what it shows."""
    return tag(
        "svg",
        tag("title", label),
        *children,
        viewBox=f"0 0 {_text(width)} {_text(height)}",
        role="img",
        aria_label=label,
        class_=class_,
    )


def text(x: float, y: float, words: str, class_: str | None = None, anchor: str | None = None) -> Html:
    """Words in a picture."""
    return tag("text", words, x=x, y=y, class_=class_, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, class_: str, title: str = "") -> Html:
    """A line in a picture."""
    return tag("line", tip(title), x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def box(
    x: float, y: float, width: float, height: float, class_: str, title: str = "", radius: float | None = None
) -> Html:
    """A rectangle in a picture."""
    return tag("rect", tip(title), x=x, y=y, width=width, height=height, class_=class_, rx=radius)


def tip(words: str) -> Html | None:
    """What a pointer that rests on the thing around it shows."""
    return tag("title", words) if words else None


def table(headings: tuple[str, ...], rows: list[Html], **attributes: Attribute) -> Html:
    """A table with a head."""
    head = tag("thead", tag("tr", *(tag("th", each, scope="col") for each in headings)))
    return tag("div", tag("table", head, tag("tbody", *rows), **attributes), class_="scroll", tabindex="0")


def _text(value: Attribute) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
