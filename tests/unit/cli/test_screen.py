from __future__ import annotations

import pytest

from vpce.screen import Screen, harmless


def test_other_peoples_words_do_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    screen.line("vpc-1 \x1b[2J\x07named")
    screen.say("\x1b]0;title\x07 said")
    screen.warn("\x9b31m warned")
    written = capsys.readouterr()
    assert written.out == "vpc-1 [2Jnamed\n"
    assert written.err == "]0;title said\nWarning: 31m warned\n"


def test_line_breaks_tabs_and_letters_of_any_script_stay() -> None:
    assert harmless("a\tb\nçé漢") == "a\tb\nçé漢"
