"""What differs on an interface endpoint that is there: subnets, address family, group, policy, private DNS.

Each aspect is a step of its own, so that one that EC2 refuses does not keep the others from being remediated;
the executor sends those of one endpoint together as long as EC2 takes them.
"""

from __future__ import annotations

from ...actions import ModifyEndpoint
from ...concerns import Assessment
from ...findings import Finding, Kind, Reason, Status
from ...model import SERVING, Endpoint, EndpointState, Observation
from ...plan import Step
from ...profile import EndpointSpec, Groups
from ...situation import Situation
from . import common
from .placement import change_subnets, place


def assess(
    situation: Situation, endpoint: Endpoint, spec: EndpointSpec, *, owned: bool, private_dns: bool = True
) -> Assessment:
    """What differs, and the steps that remediate it. What someone else made is only added to; without
    `private_dns`, its private DNS stays as it is."""
    if endpoint.state is not EndpointState.AVAILABLE:
        return common.wait(endpoint, "available")
    parts = [_subnets(situation, endpoint, owned=owned), _group(situation, endpoint, owned=owned)]
    if private_dns:
        parts.append(_private_dns(situation.observation, endpoint, spec))
    if owned and endpoint.private_dns and not spec.private_dns:
        on = Finding(Kind.PRIVATE_DNS_ON, endpoint.id, found="on", wanted="off, as the profile says")
        parts.append(Assessment.of([Step(ModifyEndpoint(endpoint.id, disable_private_dns=True), (on,))]))
    if owned:
        parts.append(common.policy(endpoint, situation.service(spec), spec))
    return Assessment.joined(parts)


def _subnets(situation: Situation, endpoint: Endpoint, *, owned: bool) -> Assessment:
    """Its subnets, and where it is ours, its address family."""
    service = situation.observation.services.get(endpoint.service_name)
    if service is None:
        return common.unavailable(endpoint.service_name, Status.INFORMATIONAL)
    # What someone else made keeps its address family.
    family = situation.profile.address_type if owned else endpoint.address_type
    placement = place(situation, service, endpoint.subnet_ids, family, current=endpoint.address_type)
    change = change_subnets(situation.observation, placement, endpoint, narrow=owned)
    steps = []
    if change.remediated:
        modify = ModifyEndpoint(
            endpoint.id,
            add_zones=change.add,
            remove_subnet_ids=change.remove,
            removal_needs_addition=change.removal_needs_addition,
        )
        steps.append(Step(modify, change.remediated))
    if owned and placement.blocked_by is None and endpoint.address_type is not placement.address_type:
        finding = Finding(
            Kind.ENDPOINT_ADDRESS_TYPE, endpoint.id, endpoint.address_type, placement.address_type
        )
        steps.append(Step(ModifyEndpoint(endpoint.id, address_type=placement.address_type), (finding,)))
    return Assessment.of(steps, change.others)


def _group(situation: Situation, endpoint: Endpoint, *, owned: bool) -> Assessment:
    ours = situation.group_ref
    findings = []
    if ours not in endpoint.group_ids:
        findings.append(
            Finding(Kind.ENDPOINT_GROUP_MISSING, endpoint.id, found="not attached", wanted="the owned group")
        )
    doubles = frozenset(group.id for group in situation.owned_groups[1:])
    theirs = tuple(sorted(endpoint.group_ids - doubles - {ours}))
    exact = owned and situation.profile.groups is Groups.EXACT
    extra = tuple(sorted({*(endpoint.group_ids & doubles), *(theirs if exact else ())}))
    if extra:
        wanted = "the owned group alone"
        findings.append(
            Finding(Kind.ENDPOINT_GROUP_EXTRA, endpoint.id, found=", ".join(extra), wanted=wanted)
        )
    kept = (_kept_groups(endpoint, theirs),) if owned and theirs and not exact else ()
    if not findings:
        return Assessment(kept)
    add = (ours,) if ours not in endpoint.group_ids else ()
    modify = ModifyEndpoint(endpoint.id, add_groups=add, remove_group_ids=extra)
    return Assessment.of([Step(modify, tuple(findings))], kept)


def _kept_groups(endpoint: Endpoint, theirs: tuple[str, ...]) -> Finding:
    return Finding(
        Kind.ENDPOINT_GROUP_EXTRA,
        endpoint.id,
        found=f"{', '.join(theirs)} beside the owned group",
        wanted="left: someone attached it. groups = 'exact' in the profile takes it off",
        status=Status.INFORMATIONAL,
    )


def _private_dns(observation: Observation, endpoint: Endpoint, spec: EndpointSpec) -> Assessment:
    if endpoint.private_dns or not spec.private_dns:
        return Assessment()
    for other in observation.endpoints:
        same = other.service_name == endpoint.service_name and other.id != endpoint.id
        if same and other.private_dns and other.state is EndpointState.DELETING:
            # Until it is gone it holds the names (facts, section 4).
            return common.wait(other, f"gone: it holds the private names that {endpoint.id} is to have")
        if same and other.private_dns and other.state in SERVING:
            conflict = Finding(
                Kind.PRIVATE_DNS_OFF,
                endpoint.id,
                found=f"off: {other.id} holds the service's private names",
                wanted=f"on; delete {other.id} or turn its private DNS off",
                status=Status.BLOCKED,
                reason=Reason.PRIVATE_DNS_CONFLICT,
            )
            return Assessment((conflict,))
    finding = Finding(Kind.PRIVATE_DNS_OFF, endpoint.id, found="off", wanted="on")
    return Assessment.of([Step(ModifyEndpoint(endpoint.id, enable_private_dns=True), (finding,))])
