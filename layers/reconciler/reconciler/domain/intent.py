"""What a VPC's own tags ask for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto

from .findings import Finding, Kind, Reason, Status
from .installation import Installation
from .model import Mode, Profile, Vpc


class Stance(Enum):
    """What a pass is to do with a VPC."""

    RECONCILE = auto()  # bring it to what its profile asks for
    TAKE_DOWN = auto()  # take down what is owned in it
    LEAVE = auto()  # leave it as it is


@dataclass(frozen=True)
class Intent:
    """What the tags ask for, and what about them is to be told.

    There is a profile to reconcile to, and none otherwise; `may_release` says that the VPC can be left to who
    wants to delete it.
    """

    stance: Stance
    mode: Mode
    profile: Profile | None = None
    findings: tuple[Finding, ...] = ()
    may_release: bool = False


def read(
    vpc: Vpc,
    profiles: Mapping[str, Profile],
    default_mode: Mode,
    installation: Installation,
    account: str,
    now: float,
) -> Intent:
    """Read the tags of `vpc`. `now` is in seconds since 1970.

    A mode that is not a mode is read as `audit`, so that a slip of the pen never leads to a write; a profile
    that there is not leaves the VPC as it is, so that one never leads to a teardown. A VPC that another
    account shares cannot have endpoints of ours (facts, section 2).
    """
    if vpc.owner_id != account:
        shared = () if installation.profile_key not in vpc.tags else (_shared(vpc),)
        return Intent(Stance.LEAVE, default_mode, findings=shared)
    mode, findings = _mode(vpc, default_mode, installation)
    if installation.profile_key not in vpc.tags:
        return Intent(Stance.TAKE_DOWN, mode)
    if released_until(vpc, installation) > now:
        findings = (*findings, _released(vpc, installation))
        return Intent(Stance.TAKE_DOWN, mode, findings=findings, may_release=True)
    profile = profiles.get(vpc.tags[installation.profile_key])
    if profile is None:
        findings = (*findings, _unknown_profile(vpc, profiles, installation))
        return Intent(Stance.LEAVE, mode, findings=findings, may_release=True)
    return Intent(Stance.RECONCILE, mode, profile, findings, may_release=True)


def released_until(vpc: Vpc, installation: Installation) -> float:
    """Until when the VPC is left to who wants to delete it, in seconds since 1970; 0 where it is not, also
    where the tag is not a time."""
    try:
        time = datetime.fromisoformat(vpc.tags.get(installation.released_key, ""))
    except ValueError:
        return 0.0
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _mode(vpc: Vpc, default_mode: Mode, installation: Installation) -> tuple[Mode, tuple[Finding, ...]]:
    word = vpc.tags.get(installation.mode_key, default_mode)
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
        found=f"someone tried to delete it; {installation.released_key} = {vpc.tags[installation.released_key]}",
        wanted="deleted by then, else it is healed again",
        status=Status.NOTED,
    )
