"""What a VPC's own tags ask for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .model import Finding, Kind, Mode, Profile, Reason, Status, Vpc
from .ownership import Ownership


@dataclass(frozen=True)
class Intent:
    """What the tags ask for, and what about them cannot be understood.

    `profile` is None where the VPC has not opted in or names a profile that there is not.
    """

    opted_in: bool
    profile: Profile | None
    mode: Mode
    findings: tuple[Finding, ...] = ()


def read(vpc: Vpc, profiles: Mapping[str, Profile], default_mode: Mode, ownership: Ownership) -> Intent:
    """Read the profile and mode tags of `vpc`.

    A mode that is not a mode is read as `audit`, so that a slip of the pen never leads to a write.
    """
    if ownership.profile_key not in vpc.tags:
        return Intent(opted_in=False, profile=None, mode=default_mode)
    findings = []
    named = vpc.tags[ownership.profile_key]
    profile = profiles.get(named)
    if profile is None:
        findings.append(
            Finding(
                Kind.UNKNOWN_PROFILE,
                vpc.id,
                found=f"{ownership.profile_key} = {named!r}",
                wanted=f"one of {', '.join(sorted(profiles))}",
                status=Status.BLOCKED,
                reason=Reason.UNKNOWN_PROFILE,
            )
        )
    word = vpc.tags.get(ownership.mode_key, default_mode)
    try:
        mode = Mode(word)
    except ValueError:
        mode = Mode.AUDIT
        findings.append(
            Finding(
                Kind.UNKNOWN_MODE,
                vpc.id,
                found=f"{ownership.mode_key} = {word!r}, read as audit",
                wanted=f"one of {', '.join(Mode)}",
                status=Status.BLOCKED,
                reason=Reason.UNKNOWN_MODE,
            )
        )
    return Intent(opted_in=True, profile=profile, mode=mode, findings=tuple(findings))
