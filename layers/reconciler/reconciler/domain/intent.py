"""What a VPC should have: what its own tags ask for, or nothing, where it makes way for a refused
deletion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from . import making_way
from .findings import Finding, Kind, Reason, Status
from .installation import Installation
from .making_way import NOBODY_ASKS, Way
from .memory import Memory
from .model import Mode, Observation, Vpc
from .profile import NOTHING, Profile
from .profiles import NONE
from .situation import Situation
from .slips import Slip, slips
from .times import time_in


@dataclass(frozen=True)
class Intent:
    """What the VPC should have, and findings on its tags.

    `profile` is `NOTHING` where all that is owned goes, and None where the VPC is left as it is. `at_once`
    says that a person asked in so many words for what goes. `way` is what makes way for a refused deletion.
    """

    mode: Mode
    profile: Profile | None
    findings: tuple[Finding, ...] = ()
    at_once: bool = False
    way: Way = NOBODY_ASKS


def read(
    observation: Observation,
    profiles: Mapping[str, Profile],
    installation: Installation,
    now: float,
    memory: Memory | None = None,
    refused: Iterable[str] = (),
) -> Intent:
    """Read the tags of the VPC. `now` is in seconds since 1970; `refused` are the ids of what someone was
    refused the deletion of.

    A mode that is not a mode is read as `audit`, so that a slip of the pen never leads to a write. A profile
    that does not exist leaves the VPC as it is, so that one never leads to a teardown. A VPC that another
    account shares cannot have endpoints of ours (facts, section 2).
    """
    vpc = observation.vpc
    opted_in = installation.profile_key in vpc.tags
    if vpc.owner_id != installation.account:
        return Intent(installation.default_mode, None, (_shared(vpc),) if opted_in else ())
    wrong = tuple(slips(vpc.tags, installation))
    mode, findings = _mode(vpc, wrong, installation)
    meant = any(slip.meant == installation.profile_key for slip in wrong)
    # Who misspelt the key did not mean that all goes.
    intent = Intent(mode, None if meant else NOTHING, tuple(findings))
    if opted_in:
        intent = _of_opted_in(vpc, profiles, installation, now, intent)
    situation = Situation(observation, intent.profile or NOTHING, installation, memory, now)
    way = making_way.look(situation, refused)
    if way.vpc:
        return replace(intent, profile=NOTHING, at_once=True, way=way)
    return replace(intent, way=way, findings=(*intent.findings, *way.findings))


def _of_opted_in(
    vpc: Vpc, profiles: Mapping[str, Profile], installation: Installation, now: float, intent: Intent
) -> Intent:
    if time_in(vpc.tags.get(installation.released_key, "")) > now:
        released = _released(vpc, installation)
        return replace(intent, at_once=True, findings=(*intent.findings, released))
    word = vpc.tags[installation.profile_key]
    if word == NONE:
        return replace(intent, at_once=True)
    profile = profiles.get(word)
    if profile is None:
        unknown = _unknown_profile(vpc, profiles, installation)
        return replace(intent, profile=None, findings=(*intent.findings, unknown))
    return replace(intent, profile=profile)


def _mode(vpc: Vpc, wrong: tuple[Slip, ...], installation: Installation) -> tuple[Mode, list[Finding]]:
    """The mode, and what is wrong with the VPC's tags. Where its mode is misspelt, in the key or in the
    value, and where the installation is paused, nothing is enforced."""
    findings = [_slip(vpc, slip, installation) for slip in wrong]
    word = vpc.tags.get(installation.mode_key, installation.default_mode)
    misspelt = any(slip.meant == installation.mode_key for slip in wrong)
    try:
        mode = Mode(word)
        return Mode.AUDIT if misspelt or installation.paused else mode, findings
    except ValueError:
        return Mode.AUDIT, [*findings, _unknown_mode(vpc, word, installation)]


def _unknown_mode(vpc: Vpc, word: str, installation: Installation) -> Finding:
    return Finding(
        Kind.UNKNOWN_MODE,
        vpc.id,
        found=f"{installation.mode_key} = {word!r}, read as audit",
        wanted=f"one of {', '.join(Mode)}",
        status=Status.BLOCKED,
        reason=Reason.UNKNOWN_MODE,
    )


def _slip(vpc: Vpc, slip: Slip, installation: Installation) -> Finding:
    is_mode = slip.meant == installation.mode_key
    keys = (installation.profile_key, installation.mode_key)
    return Finding(
        Kind.UNKNOWN_TAG,
        vpc.id,
        found=f"{slip.key} = {slip.value!r}, which means nothing here{', read as audit' if is_mode else ''}",
        wanted=slip.meant or f"{' or '.join(keys)}, or no such tag",
        status=Status.BLOCKED if is_mode else Status.IMPAIRED,
        reason=Reason.UNKNOWN_MODE if is_mode else None,
    )


def _unknown_profile(vpc: Vpc, profiles: Mapping[str, Profile], installation: Installation) -> Finding:
    return Finding(
        Kind.UNKNOWN_PROFILE,
        vpc.id,
        found=f"{installation.profile_key} = {vpc.tags[installation.profile_key]!r}",
        wanted=f"one of {', '.join((*sorted(profiles), NONE))}",
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
