"""`vpce profiles check`: what the deployed check would find in a profiles document, before it is deployed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from reconciler.domain import profiles as documents
from reconciler.domain.profile import Profile
from reconciler.domain.profiles import InvalidProfile
from reconciler.sweep import not_offered

from ..deployment import none
from ..exits import ERROR, FINE
from ..means import AsIf, read, to_plan
from ..problems import EXPECTED, sentence
from ..words import count
from ..world import World, options

_EXAMPLES = """\b
Examples:
  vpce profiles check profiles.toml
  vpce profiles check profiles.toml && aws ssm put-parameter --overwrite \\
    --name /vpce/profiles --type String --value file://profiles.toml
"""


# What SSM takes as a parameter's value, in bytes.
_STANDARD, _ADVANCED = 4096, 8192


@click.group()
def profiles() -> None:
    """Work with documents of profiles (docs/profiles.md)."""


@profiles.command(epilog=_EXAMPLES)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@options
def check(world: World, file: Path) -> int:
    """Find the mistakes of a profiles document, before it is deployed.

    All of them at once, each with its line, as the deployed functions would report them; and with
    credentials, the services that the Region does not offer. Without, that is said not to be checked.

    Exit status: 0 it can be used; 1 it cannot, or names a service that is not offered.
    """
    mistakes: Sequence[str] = ()
    found: Mapping[str, Profile] = {}
    document = read(file)
    try:
        found = documents.parse(document)
    except InvalidProfile as error:
        mistakes = error.mistakes
    missing, unchecked = _missing(world, found) if found else ((), "")
    if world.screen.as_json:
        world.screen.document(
            {
                "file": str(file),
                "profiles": sorted(found),
                "mistakes": list(mistakes),
                "not_offered": list(missing),
                "not_checked": unchecked or None,
            }
        )
    else:
        for each in mistakes:
            world.screen.line(f"! {each}", "red")
        for each in missing:
            world.screen.line(f"! {world.account.region} does not offer: {each}", "red")
        if not mistakes and not missing:
            world.screen.line(
                f"{file}: {count(len(found), 'profile')} can be used: {', '.join(sorted(found))}"
            )
    for each in filter(None, (unchecked, _size(document))):
        world.screen.warn(each)
    return ERROR if mistakes or missing else FINE


def _size(document: str) -> str:
    """What SSM says to a document of this length, where it says anything."""
    size = len(document.encode())
    if size <= _STANDARD:
        return ""
    tier = "needs --tier Advanced" if size <= _ADVANCED else f"cannot be stored: {_ADVANCED} is the most"
    return f"The document has {size} bytes, and as an SSM parameter {tier}."


def _missing(world: World, found: Mapping[str, Profile]) -> tuple[Sequence[str], str]:
    """The services that the Region does not offer; or why that could not be asked."""
    try:
        # Which installation it is for makes no difference.
        world.deployment = none(world.account)
        return not_offered(to_plan(world, AsIf(world)), {**documents.builtin(), **found}), ""
    except EXPECTED as error:
        return (), f"Whether the Region offers the services was not checked. {sentence(error)}"
