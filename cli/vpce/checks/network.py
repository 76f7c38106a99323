"""What stands between clients and endpoints: network ACLs, and name resolution."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.domain.cures import NOTHING_TO_DO
from reconciler.domain.findings import Kind
from reconciler.domain.model import Mode

from ..findings import to_do
from ..words import count
from .check import Check, ok, warning, wrong

if TYPE_CHECKING:
    from .patient import Patient

_DNS = (Kind.CUSTOM_DNS, Kind.DNS_SUPPORT_OFF, Kind.DNS_HOSTNAMES_OFF, Kind.PUBLIC_SUBNETS_CUT_OFF)
_OFF = (Kind.DNS_SUPPORT_OFF, Kind.DNS_HOSTNAMES_OFF)


def look_at_acls(patient: Patient) -> Iterator[Check]:
    """A line for each network ACL that denies clients the way to an endpoint."""
    yield from _lines(
        patient, "network ACLs", (Kind.NETWORK_ACL,), "no network ACL denies a client its endpoint"
    )


def look_at_dns(patient: Patient) -> Iterator[Check]:
    """A line for each VPC whose clients may not find the private names."""
    yield from _lines(patient, "DNS", _DNS, "every VPC resolves private names by Amazon's resolver")


def _lines(patient: Patient, subject: str, kinds: tuple[Kind, ...], fine: str) -> Iterator[Check]:
    found = False
    for each in patient.fleet:
        for finding in each.findings:
            if finding.kind not in kinds:
                continue
            found = True
            seen = f"{each.vpc_id}: {finding.found}" + (
                "" if finding.resource == each.vpc_id else f" ({finding.resource})"
            )
            # What a run turns on by itself is wrong only where none may.
            stays_off = finding.kind in _OFF and each.wanted.mode is Mode.AUDIT
            if finding.cure == NOTHING_TO_DO:
                seen = f"{seen}; the next run turns it on"
            yield (wrong if stays_off else warning)(subject, seen, to_do(finding))
    if not found:
        yield ok(subject, f"{fine} ({count(len(patient.fleet), 'VPC')} looked at)")
