"""The documents say what the code has, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.domain.findings import Kind, Reason
from reconciler.domain.profiles import ENDPOINT_KEYS, PROFILE_KEYS, builtin
from reconciler.published import METRICS, Rejection

DOCS = Path(__file__).parents[2] / "docs"


def first_cells(document: str, heading: str) -> list[str]:
    """The words in the first column of the table under a heading."""
    section = re.split(r"^#+ ", (DOCS / document).read_text(encoding="utf-8"), flags=re.MULTILINE)
    (text,) = [part for part in section if part.startswith(heading)]
    return re.findall(r"^\| `([^`]+)` \|", text, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("document", "heading", "words"),
    [
        ("findings.md", "Kinds", set(Kind)),
        ("findings.md", "Reasons", set(Reason)),
        ("findings.md", "Inputs", set(Rejection)),
        ("profiles.md", "Profiles", set(builtin())),
        ("profiles.md", "Of a profile", PROFILE_KEYS - {"endpoint"}),
        ("profiles.md", "Of an endpoint", ENDPOINT_KEYS),
    ],
)
def test_every_word_of_the_code_has_one_line_in_the_docs(
    document: str, heading: str, words: set[str]
) -> None:
    listed = first_cells(document, heading)
    assert sorted(listed) == sorted(words)


def test_the_readme_names_every_metric_that_is_published() -> None:
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    (text,) = [part for part in re.split(r"^## ", readme, flags=re.MULTILINE) if part.startswith("Metrics")]
    cells = re.findall(r"^\| (`.+?`) \|", text, flags=re.MULTILINE)
    named = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    # The earlier name of a metric stands beside its successor.
    assert sorted([*named, "PassDied"]) == sorted(METRICS)
    assert "`PassDied`" in text
