"""What a VPC should have: what its own tags ask for, or nothing, where it makes way for a refused deletion.

The VPC makes way only where something owned is in it, so that this asks the teardown concern.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from .concerns import teardown
from .findings import Finding, Kind, Reason, Status
from .installation import Installation
from .model import NOTHING, Mode, Observation, Profile, Vpc
from .situation import Situation

# How long a VPC is left alone after someone was refused its deletion.
_RELEASED_SECONDS = 3600


@dataclass(frozen=True)
class Intent:
    """What the VPC should have, and findings on its tags.

    `profile` is `NOTHING` where all that is owned goes, and None where the VPC is left as it is.
    `make_way_until` is the time until which the VPC is to be left to who wants to delete it, empty where
    nobody asks for that now.
    """

    mode: Mode
    profile: Profile | None
    findings: tuple[Finding, ...] = ()
    make_way_until: str = ""


def read(
    observation: Observation,
    profiles: Mapping[str, Profile],
    installation: Installation,
    now: float,
    *,
    deletion_refused: bool = False,
) -> Intent:
    """Read the tags of the VPC. `now` is in seconds since 1970; `deletion_refused` says that someone was
    refused the VPC's deletion.

    A mode that is not a mode is read as `audit`, so that a slip of the pen never leads to a write. A profile
    that does not exist leaves the VPC as it is, so that one never leads to a teardown. A VPC that another
    account shares cannot have endpoints of ours (facts, section 2).
    """
    vpc = observation.vpc
    opted_in = installation.profile_key in vpc.tags
    if vpc.owner_id != installation.account:
        return Intent(installation.default_mode, None, (_shared(vpc),) if opted_in else ())
    mode, findings = _mode(vpc, installation)
    if not opted_in:
        return Intent(mode, NOTHING, findings)
    intent = _of_opted_in(vpc, profiles, installation, now, Intent(mode, None, findings))
    if deletion_refused and _owns_anything(observation, installation):
        until = datetime.fromtimestamp(now + _RELEASED_SECONDS, UTC).isoformat(timespec="seconds")
        return replace(intent, profile=NOTHING, make_way_until=until)
    return intent


def _of_opted_in(
    vpc: Vpc, profiles: Mapping[str, Profile], installation: Installation, now: float, intent: Intent
) -> Intent:
    if released_until(vpc, installation) > now:
        released = _released(vpc, installation)
        return replace(intent, profile=NOTHING, findings=(*intent.findings, released))
    profile = profiles.get(vpc.tags[installation.profile_key])
    if profile is None:
        unknown = _unknown_profile(vpc, profiles, installation)
        return replace(intent, findings=(*intent.findings, unknown))
    return replace(intent, profile=profile)


def _owns_anything(observation: Observation, installation: Installation) -> bool:
    return bool(teardown.assess(Situation(observation, NOTHING, installation)).findings)


def released_until(vpc: Vpc, installation: Installation) -> float:
    """Until when the VPC is left to who wants to delete it, in seconds since 1970; 0 where it is not, also
    where the tag is not a time."""
    try:
        time = datetime.fromisoformat(vpc.tags.get(installation.released_key, ""))
    except ValueError:
        return 0.0
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _mode(vpc: Vpc, installation: Installation) -> tuple[Mode, tuple[Finding, ...]]:
    word = vpc.tags.get(installation.mode_key, installation.default_mode)
    try:
        return Mode(word), ()
    except ValueError:
        finding = Finding(
            Kind.UNKNOWN_MODE,
            vpc.id,
            found=f"{installation.mode_key} = {word!r}, read as audit",
            wanted=f"one of {', '.join(Mode)}",
            status=Status.BLOCKED,
            reason=Reason.UNKNOWN_MODE,
        )
        return Mode.AUDIT, (finding,)


def _unknown_profile(vpc: Vpc, profiles: Mapping[str, Profile], installation: Installation) -> Finding:
    return Finding(
        Kind.UNKNOWN_PROFILE,
        vpc.id,
        found=f"{installation.profile_key} = {vpc.tags[installation.profile_key]!r}",
        wanted=f"one of {', '.join(sorted(profiles))}",
        status=Status.BLOCKED,
        reason=Reason.UNKNOWN_PROFILE,
    )


def _shared(vpc: Vpc) -> Finding:
    return Finding(
        Kind.SHARED_VPC,
        vpc.id,
        found=f"account {vpc.owner_id} owns the VPC",
        wanted="the tag on the VPC in that account, with the remediator deployed there",
        status=Status.BLOCKED,
        reason=Reason.SHARED_VPC,
    )


def _released(vpc: Vpc, installation: Installation) -> Finding:
    return Finding(
        Kind.RELEASED,
        vpc.id,
        found="someone tried to delete it; "
        f"{installation.released_key} = {vpc.tags[installation.released_key]}",
        wanted="deleted by then, else it is healed again",
        status=Status.INFORMATIONAL,
    )
