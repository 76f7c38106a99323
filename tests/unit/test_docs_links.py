"""Every link inside the documents leads somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.documents import ROOT, links, pages, sections

ALL = [(page, link) for page in pages() for link in links(page)]


@pytest.mark.parametrize(("page", "link"), ALL, ids=lambda each: str(getattr(each, "name", each)))
def test_a_link_leads_to_a_file_and_to_a_heading_in_it(page: Path, link: str) -> None:
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    assert target.is_relative_to(ROOT)
    assert target.exists()
    if anchor:
        assert [each.title for each in sections(target) if each.anchor == anchor], f"no heading #{anchor}"
