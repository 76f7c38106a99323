"""The interface endpoints: one for each service that the profile asks for, in the right subnets, behind
the owned security group, with private DNS."""

from __future__ import annotations

from ..actions import CreateEndpoint, DeleteEndpoint, ModifyEndpoint, Step
from ..model import (
    DEAD,
    SERVING,
    Endpoint,
    EndpointSpec,
    EndpointState,
    Finding,
    Kind,
    Observation,
    Profile,
    Reason,
    Status,
    When,
)
from ..ownership import Ownership
from . import Assessment
from .placement import change_subnets, place


def assess(observation: Observation, profile: Profile, ownership: Ownership) -> Assessment:
    """Assess every endpoint of the profile on its own: what blocks one does not touch the others."""
    parts = [_assess_one(observation, spec, ownership) for spec in profile.endpoints]
    return Assessment(
        tuple(finding for part in parts for finding in part.findings),
        tuple(step for part in parts for step in part.steps),
    )


def _assess_one(observation: Observation, spec: EndpointSpec, ownership: Ownership) -> Assessment:
    name = ownership.service_name(spec.service)
    existing = sorted((e for e in observation.endpoints if e.service_name == name), key=lambda e: e.id)
    owned = {endpoint.id for endpoint in existing if _is_owned(endpoint, observation, ownership)}
    required = spec.when is When.ALWAYS or not observation.internet_gateway_ids
    # Ours first, then by id: the same choice each time.
    serving = sorted(
        (endpoint for endpoint in existing if endpoint.state in SERVING),
        key=lambda endpoint: (endpoint.id not in owned, endpoint.id),
    )
    if serving and (required or serving[0].id in owned):
        kept = _keep(observation, serving[0], serving[0].id in owned, ownership)
        return kept if required else Assessment((*kept.findings, _surplus(serving[0])), kept.steps)
    if not required:
        return Assessment()
    if failed := [e for e in existing if e.state in DEAD and e.id in owned]:
        return _take_down(failed)
    for endpoint in existing:
        if endpoint.state is EndpointState.DELETING:
            return Assessment((_wait(endpoint, "gone, so that it can be made anew"),))
    return _create(observation, name, ownership)


def _is_owned(endpoint: Endpoint, observation: Observation, ownership: Ownership) -> bool:
    wanted = ownership.endpoint_tags(observation.vpc.id, endpoint.service_name)
    return ownership.owns(endpoint.tags, wanted)


# ---- there is none ----


def _create(observation: Observation, name: str, ownership: Ownership) -> Assessment:
    service = observation.services.get(name)
    if service is None:
        return Assessment((_unavailable(name, Status.BLOCKED),))
    placement = place(observation, service)
    if placement.hindrance is not None:
        return Assessment((*placement.findings, _missing(name, placement.hindrance)))
    subnet_ids = tuple(sorted(placement.subnet_ids))
    missing = _missing(name)
    vpc_id = observation.vpc.id
    create = CreateEndpoint(
        vpc_id,
        name,
        subnet_ids,
        ownership.group_ref(observation),
        ownership.endpoint_tags(vpc_id, name),
    )
    return Assessment((missing, *placement.findings), (Step(create, (missing,)),))


def _take_down(failed: list[Endpoint]) -> Assessment:
    """What can no longer serve goes; the next pass makes it anew."""
    steps = []
    for endpoint in failed:
        finding = Finding(Kind.ENDPOINT_FAILED, endpoint.id, found=endpoint.state, wanted="one that serves")
        steps.append(Step(DeleteEndpoint(endpoint.id), (finding,)))
    return Assessment(tuple(step.remedies[0] for step in steps), tuple(steps))


# ---- there is one ----


def _keep(observation: Observation, endpoint: Endpoint, owned: bool, ownership: Ownership) -> Assessment:
    """Put right what differs, in one modification. What someone else made is only added to."""
    if endpoint.state is not EndpointState.AVAILABLE:
        return Assessment((_wait(endpoint, "available"),))
    findings: list[Finding] = []
    notes: tuple[Finding, ...] = ()
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    service = observation.services.get(endpoint.service_name)
    if service is None:
        notes = (_unavailable(endpoint.service_name, Status.NOTED),)
    else:
        change = change_subnets(observation, service, endpoint, narrow=owned)
        findings += change.remedied
        notes = change.notes
        add, remove = change.add, change.remove

    ours = ownership.group_ref(observation)
    foreign_groups = tuple(sorted(endpoint.group_ids - {ours})) if owned else ()
    lacks_group = ours not in endpoint.group_ids
    if lacks_group:
        findings.append(
            Finding(Kind.ENDPOINT_GROUP_MISSING, endpoint.id, found="not attached", wanted="the owned group")
        )
    if foreign_groups:
        findings.append(
            Finding(
                Kind.ENDPOINT_GROUP_EXTRA,
                endpoint.id,
                found=", ".join(foreign_groups),
                wanted="the owned group alone",
            )
        )
    if not endpoint.private_dns:
        findings.append(Finding(Kind.PRIVATE_DNS_OFF, endpoint.id, found="off", wanted="on"))
    if not findings:
        return Assessment(notes)
    modify = ModifyEndpoint(
        endpoint.id,
        add_subnet_ids=add,
        remove_subnet_ids=remove,
        add_groups=(ours,) if lacks_group else (),
        remove_group_ids=foreign_groups,
        enable_private_dns=not endpoint.private_dns,
    )
    return Assessment((*findings, *notes), (Step(modify, tuple(findings)),))


# ---- findings ----


def _missing(name: str, hindrance: Reason | None = None) -> Finding:
    return Finding(
        Kind.ENDPOINT_MISSING,
        name,
        found="no endpoint for the service",
        wanted="one in each zone that has a private subnet and that the service offers",
        status=Status.REMEDIABLE if hindrance is None else Status.BLOCKED,
        reason=hindrance,
    )


def _unavailable(name: str, status: Status) -> Finding:
    return Finding(
        Kind.SERVICE_UNAVAILABLE,
        name,
        found="the Region does not offer the service",
        wanted="a service to make an endpoint for",
        status=status,
        reason=Reason.SERVICE_UNAVAILABLE,
    )


def _wait(endpoint: Endpoint, wanted: str) -> Finding:
    return Finding(
        Kind.ENDPOINT_NOT_READY, endpoint.id, found=endpoint.state, wanted=wanted, status=Status.CONVERGING
    )


def _surplus(endpoint: Endpoint) -> Finding:
    return Finding(
        Kind.SURPLUS,
        endpoint.id,
        found="not required: the VPC has an internet gateway",
        wanted="kept, since it may carry traffic",
        status=Status.NOTED,
    )
