"""The deployed stack, once for all tests of this folder, with times shortened so that no test has to wait."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.sandbox import Sandbox, Timing, running

DEBOUNCE_SECONDS = 1
_TIMING = Timing(create=1.0, modify=0.5, delete=0.8, remember=2.0, delivery=0.1)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The template, built and deployed; one account for the whole session."""
    with running({"DebounceSeconds": DEBOUNCE_SECONDS}, timing=_TIMING) as made:
        yield made


@pytest.fixture(autouse=True)
def lines_of_this_test(sandbox: Sandbox) -> Iterator[None]:
    """Print what the functions wrote during the test: pytest shows it when the test fails."""
    before = len(sandbox.lines())
    yield
    for line in sandbox.lines()[before:]:
        print(f"{line.function}: {line.message}")
