"""What is done with an endpoint that someone else made for a service of the profile.

Adding to it must not hurt: private DNS and a security group open an endpoint to the whole VPC. Where its
policy lets only some in, everyone else would be led to it and denied; and another controller would take off
again what is added (facts, section 15).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...findings import Finding, Kind, Status
from ...model import AnyEndpoint
from ...ownership import Ownership, controller_of
from ...policies import FULL_ACCESS
from ...profile import Existing
from ...situation import Situation
from .. import Assessment
from . import common


@dataclass(frozen=True)
class Treatment:
    """What is done, and where the profile would adopt and must not, why."""

    existing: Existing
    because: str = ""


def treatment(situation: Situation, endpoint: AnyEndpoint) -> Treatment:
    """What is done with someone else's endpoint. What was adopted already stays so, until a profile says
    otherwise."""
    profile = situation.profile
    existing = profile.existing
    if existing is Existing.OBSERVE and profile.keeps_adopted and endpoint.id in situation.adopted:
        existing = Existing.ADOPT
    if existing is Existing.OBSERVE:
        return Treatment(existing)
    if controller := controller_of(endpoint.tags):
        return Treatment(Existing.OBSERVE, f"{controller} keeps it")
    if (endpoint.policy or FULL_ACCESS) != FULL_ACCESS:
        return Treatment(
            Existing.OBSERVE, "its policy lets only some in, and what is added would lead all to it"
        )
    return Treatment(existing)


def assess(situation: Situation, endpoint: AnyEndpoint, lacks: Callable[[bool], Assessment]) -> Assessment:
    """Adopt it, or report what it lacks. `lacks` gives that, with its private DNS or without."""
    if situation.ownership_of(endpoint) is Ownership.OTHER_INSTALLATION:
        return Assessment((_of_another(situation, endpoint),))
    treated = treatment(situation, endpoint)
    if treated.existing is not Existing.OBSERVE:
        return lacks(treated.existing is Existing.ADOPT)
    seen = common.observed(lacks(True))
    if not treated.because:
        return seen
    withheld = Finding(
        Kind.NOT_ADOPTED,
        endpoint.id,
        found=f"someone else's endpoint for {endpoint.service_name}: {treated.because}",
        wanted="that its owner lets the VPC's clients in, or deletes it: then one is made",
        status=Status.IMPAIRED,
    )
    return Assessment((withheld, *seen.findings))


def _of_another(situation: Situation, endpoint: AnyEndpoint) -> Finding:
    owner = endpoint.tags.get(situation.installation.owner_key, "")
    return Finding(
        Kind.OTHER_INSTALLATION,
        endpoint.id,
        found=f"the installation {owner} keeps it for {endpoint.service_name}",
        wanted="one installation a VPC: another tag prefix for one of them",
        status=Status.CONTESTED,
    )
