"""What the installation is set to, and the two things that it reads: the profiles document and the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.domain import profiles
from reconciler.domain.model import Mode
from reconciler.domain.profiles import InvalidProfile

from .check import Check, ok, warning, wrong

if TYPE_CHECKING:
    from .patient import Patient

_REDEPLOY = "deploy the stack again"


def look_at_stack(patient: Patient) -> Iterator[Check]:
    """How the stack stands."""
    there = patient.deployment
    if there.status.endswith(("_FAILED", "ROLLBACK_COMPLETE")):
        yield warning("stack", f"{there.stack} is {there.status}", "look at its events, and deploy again")
    else:
        yield ok("stack", f"{there.stack} is {there.status}; installation {there.installation.id}")


def look_at_mode(patient: Patient) -> Iterator[Check]:
    """Whether anything is enforced."""
    installation = patient.installation
    if installation.paused:
        yield warning(
            "mode",
            "the installation is paused: it writes nothing to EC2",
            "deploy with Paused=false to go on",
        )
    elif installation.default_mode is Mode.AUDIT:
        yield warning(
            "mode",
            f"audit is the default: only VPCs with {installation.mode_key} = enforce are remediated",
            "deploy with DefaultMode=enforce to have all of them remediated",
        )
    else:
        yield ok("mode", "enforce")


def look_at_profiles(patient: Patient) -> Iterator[Check]:
    """Whether the profiles document can be used."""
    name = patient.deployment.profiles_parameter
    if not name:
        yield ok("profiles", f"the built-in ones: {', '.join(sorted(profiles.builtin()))}")
        return
    parameter = patient.account.ssm.get_parameter(Name=name)["Parameter"]
    version = parameter.get("Version", 0)
    try:
        own = profiles.parse(parameter.get("Value", ""))
    except InvalidProfile as error:
        yield wrong(
            "profiles",
            f"version {version} of {name} cannot be used, so the last good one is: {error}",
            "correct it (vpce profiles check FILE says what is wrong), and put it again",
        )
        return
    yield ok(
        "profiles",
        f"version {version} of {name} has {', '.join(sorted(own)) or 'none'}, beside the built-in ones",
    )


def look_at_ledger(patient: Patient) -> Iterator[Check]:
    """Whether the table is there."""
    table = patient.deployment.ledger_table
    if not table:
        yield wrong(
            "ledger", "the stack has no ledger: nothing is known of causes, and nothing leaves", _REDEPLOY
        )
        return
    status = patient.account.dynamodb.describe_table(TableName=table)["Table"].get("TableStatus", "")
    if status not in ("ACTIVE", "UPDATING"):
        yield wrong("ledger", f"the table {table} is {status}", _REDEPLOY)
    else:
        yield ok("ledger", f"the table {table} is {status}")


def look_at_backups(patient: Patient) -> Iterator[Check]:
    """Whether the table's point-in-time recovery is on: a lost ledger costs the history."""
    table = patient.deployment.ledger_table
    if not table:
        return
    found = patient.account.dynamodb.describe_continuous_backups(TableName=table)[
        "ContinuousBackupsDescription"
    ]
    recovery = found.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    if recovery == "ENABLED":
        yield ok("backups", "the ledger has point-in-time recovery")
    else:
        yield warning("backups", "the ledger has no point-in-time recovery", _REDEPLOY)
