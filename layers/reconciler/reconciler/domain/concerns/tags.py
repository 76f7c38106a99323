"""The tags on what is owned: they say whose it is, to people and to IAM."""

from __future__ import annotations

from collections.abc import Iterator

from ..actions import CreateTags, Step
from ..findings import Finding, Kind
from ..installation import Installation
from ..model import DEAD, SERVING, AnyEndpoint, Observation, Profile, Tags
from . import Assessment


def assess(observation: Observation, _profile: Profile, installation: Installation) -> Assessment:
    """Put back what was taken off or changed, whatever the profile; tags that others added stay."""
    return retag(observation, installation)


def retag(observation: Observation, installation: Installation) -> Assessment:
    """Put back the tags on all that is owned."""
    steps = []
    for resource_id, tags, wanted in _owned(observation, installation):
        lost = {key: value for key, value in wanted.items() if tags.get(key) != value}
        if lost:
            found = ", ".join(f"{key} = {tags[key]!r}" if key in tags else f"no {key}" for key in lost)
            described = ", ".join(f"{key} = {value!r}" for key, value in lost.items())
            finding = Finding(Kind.TAGS_MISSING, resource_id, found=found, wanted=described)
            claims = installation.owner_key in lost
            steps.append(Step(CreateTags(resource_id, lost, claims), (finding,)))
    return Assessment.of(steps)


def _owned(observation: Observation, installation: Installation) -> Iterator[tuple[str, Tags, Tags]]:
    """Each owned thing: its id, the tags that it bears, the tags that it should bear. Those that are to go
    too: IAM lets the role delete only what bears the owner tag."""
    vpc_id = observation.vpc.id
    for group in installation.owned_groups(observation):
        yield group.id, group.tags, installation.group_tags(vpc_id)
    endpoints: list[AnyEndpoint] = [*observation.endpoints, *observation.gateway_endpoints]
    for endpoint in endpoints:
        if endpoint.state in SERVING | DEAD and installation.owns_endpoint(endpoint, vpc_id):
            yield endpoint.id, endpoint.tags, installation.endpoint_tags(vpc_id, endpoint.service_name)
