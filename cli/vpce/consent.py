"""Yes or no, before anything is changed."""

from __future__ import annotations

from .problems import Problem
from .world import World


def given(world: World, question: str, *, yes: bool) -> bool:
    """Whether a person says yes, or said so beforehand with `--yes`.

    Raises:
        Problem: when nobody is there to ask.
    """
    if yes:
        return True
    if not world.screen.can_ask:
        raise Problem("There is no terminal to ask on: say --yes to go on without a question.")
    try:
        return world.screen.ask(question)
    except EOFError:
        return False
