"""All checks, one after the other. One that cannot be made is one warning, and stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ..problems import EXPECTED, action, is_refused, sentence
from . import (
    alarms,
    budget,
    crashes,
    functions,
    network,
    queues,
    quotas,
    role,
    rules,
    services,
    settings,
    sweeps,
    trail,
)
from .check import Check, warning

if TYPE_CHECKING:
    from .patient import Patient

SUBJECTS: tuple[tuple[str, Callable[[Patient], Iterator[Check]]], ...] = (
    ("stack", settings.look_at_stack),
    ("mode", settings.look_at_mode),
    ("profiles", settings.look_at_profiles),
    ("trail", trail.look),
    ("rules", rules.look),
    ("schedule", rules.look_at_schedule),
    ("functions", functions.look_at_states),
    ("concurrency", functions.look_at_concurrency),
    ("queues are read", functions.look_at_mappings),
    ("errors", functions.look_at_errors),
    ("crashes", crashes.look),
    ("sweep", sweeps.look),
    ("alarms", alarms.look),
    ("dead letters", queues.look_at_dead_letters),
    ("queues", queues.look_at_ages),
    ("write budget", budget.look),
    ("ledger", settings.look_at_ledger),
    ("backups", settings.look_at_backups),
    ("permissions", role.look),
    ("services", services.look),
    ("quotas", quotas.look),
    ("network ACLs", network.look_at_acls),
    ("DNS", network.look_at_dns),
)
# What an answer raises that is none of AWS's, as an emulator may give.
_ODD = (AttributeError, KeyError, TypeError, ValueError)


def examine(patient: Patient, begin: Callable[[str], object] = lambda _: None) -> Iterator[Check]:
    """Make all checks. `begin` is told the subject of each before it is made."""
    for subject, look in SUBJECTS:
        begin(subject)
        try:
            yield from look(patient)
        except EXPECTED as error:
            yield not_made(subject, error)
        except _ODD as error:
            yield warning(
                subject, f"this check could not be made: an answer of AWS cannot be read: {error!r}", ""
            )


def not_made(subject: str, error: Exception) -> Check:
    """The line of a check that could not be made; it names the permission that is missing."""
    if isinstance(error, ClientError) and is_refused(error):
        missing = action(error)
        return warning(
            subject,
            f"this check could not be made: the permission {missing} is missing",
            f"allow it: {missing}",
        )
    return warning(subject, f"this check could not be made: {sentence(error)}", "")
