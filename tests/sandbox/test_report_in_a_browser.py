"""The demo's report in a real browser: it asks for nothing, no script fails, all is drawn, no text is cut."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from sandbox.report.page import page
from tests.sandbox.demo_records import a_full_record
from tests.template import dashboard

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium to look at the report with (Debian: apt-get install chromium)"
)

LISTEN, LOOK = (
    (Path(__file__).parent / name).read_text(encoding="utf-8")
    for name in ("report_listen.js", "report_look.js")
)
DARK = ("--blink-settings=preferredColorScheme=0",)


def looked_at(html: str, folder: Path, width: int, *options: str) -> Any:
    """What the browser sees of a page of that width."""
    head, body = "<head>", "</body>"
    assert head in html
    copy = html.replace(head, f"{head}<script>{LISTEN}</script>", 1).replace(
        body, f"<script>{LOOK}</script>{body}"
    )
    place = folder / "report.html"
    place.write_text(copy, encoding="utf-8")
    command = [
        str(CHROMIUM),
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
        *(f"--user-data-dir={folder / 'browser'}", f"--window-size={width},1000", *options),
        *("--dump-dom", place.as_uri()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True)
    found = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, flags=re.S)
    assert found, f"the page was not looked at: {done.stdout[-500:]}{done.stderr[-500:]}"
    return json.loads(unescape(found[1]))


@pytest.fixture(scope="module")
def report() -> str:
    """The report of a demo with the template's own dashboard."""
    body = dashboard.body()
    alarms = [arn for each in body["widgets"] for arn in each["properties"].get("alarms", [])]
    return page(a_full_record(body, alarms))


@pytest.mark.parametrize(("width", "options"), [(1200, ()), (800, DARK)], ids=["wide", "narrow and dark"])
def test_the_report_is_well_in_a_browser(
    report: str, tmp_path: Path, width: int, options: tuple[str, ...]
) -> None:
    seen = looked_at(report, tmp_path, width, *options)
    assert (seen["requests"], seen["refused"]) == ([], [])
    assert (seen["errors"], seen.get("said"), seen["ready"]) == ([], None, "yes")
    assert seen["widgets"] == len(dashboard.body()["widgets"])
    assert (seen["undrawn"], seen["flat"]) == ([], [])
    assert seen["pageWidth"] <= seen["width"] == width
    assert seen["outside"] == []
    assert seen["overlapping"] == []


def test_findings_can_be_filtered_and_sorted(report: str, tmp_path: Path) -> None:
    seen = looked_at(report, tmp_path, 1200)
    assert 0 < seen["filtered"] < seen["rows"] == 30
    assert seen["up"][0] == "kind-0"
    assert seen["down"] == sorted(seen["up"], key=lambda kind: -int(kind.rpartition("-")[2]))


def test_the_look_sees_a_request_an_error_and_words_that_overflow(report: str, tmp_path: Path) -> None:
    wrong = (
        "<img src='https://127.0.0.1:9/picture.png'><script>nobody.there</script>"
        "<ul><li style='width:20px'>Donaudampfschifffahrt</li></ul>"
        "<svg width='90' height='20'><text y='15'>first and long</text><text y='15'>second</text></svg>"
    )
    seen = looked_at(report.replace("<main>", f"<main>{wrong}"), tmp_path, 1200)
    assert seen["refused"] == ["https://127.0.0.1:9/picture.png"]
    assert "nobody is not defined" in " ".join(seen["errors"])
    assert "Donaudampfschifffahrt" in seen["outside"]
    assert "first and long / second" in seen["overlapping"]
