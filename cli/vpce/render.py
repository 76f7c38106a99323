"""Previews for a person, and for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from rich.text import Text

from reconciler.domain.counts import Concluded
from reconciler.domain.cures import NOTHING_TO_DO, cure
from reconciler.domain.findings import Finding, Status
from reconciler.domain.model import Mode
from reconciler.domain.profiles import NONE

from .preview import DEFAULT_PROFILE, PlannedCall, Preview
from .runs import Course
from .screen import Screen
from .words import count, duration
from .world import World

STYLES = {"+": "green", "~": "yellow", "-": "red", "!": "bold red", "?": "magenta", "…": "cyan", "i": "dim"}
# What becomes of a finding that no call remediates.
_SIGNS = {
    Status.BLOCKED: "!",
    Status.CONTESTED: "!",
    Status.IMPAIRED: "?",
    Status.WAITING: "…",
    Status.LEAVING: "…",
}
LEGEND = (
    "+ create or open  ~ change  - delete or close  ! a person is needed  ? look at it  … wait  i information"
)


def show(world: World, previews: Sequence[Preview]) -> None:
    """The plan of all these VPCs, and a summary. Of those with nothing to say, only how many there are, where
    there are several."""
    screen = world.screen
    told = [each for each in previews if each.plan.findings or each.plan.steps or len(previews) == 1]
    for each in told:
        _show_one(screen, each)
    for note in notes(world, previews):
        screen.say(note)
    if any(each.differs for each in told):
        screen.line(LEGEND, "dim")
    screen.line(_sentence(previews), "bold")


def _show_one(screen: Screen, preview: Preview) -> None:
    screen.line(heading(preview))
    told: set[Finding] = set()
    for call in preview.calls:
        _show_call(screen, call, told)
        told |= set(call.reasons)
    for finding in preview.others:
        _show_finding(screen, finding)
    if not preview.plan.steps and not preview.plan.findings:
        screen.line("  nothing to do", "dim")
    screen.line()


def heading(preview: Preview) -> Text:
    """The VPC's line: its id, its name, what it should have, and what is unusual about it."""
    name = f" ({preview.name})" if preview.name else ""
    said = [f"profile {preview.profile}" if preview.profile else "left as it is"]
    if preview.as_if:
        said = [f"as if it were tagged {preview.as_if}"]
    elif preview.profile == NONE and not preview.opted_in:
        said = ["not opted in"]
    if not preview.is_enforced:
        said.append("audit: reported, not done")
    return Text.assemble((preview.vpc.id, "bold"), name, ("  " + ", ".join(said), "dim"))


def _show_call(screen: Screen, call: PlannedCall, told: Collection[Finding]) -> None:
    """A call, with those of its reasons that were not told yet."""
    later = "  (in the run after this one, once its marks are back)" if call.later else ""
    screen.line(Text.assemble("  ", (call.sign, STYLES[call.sign]), f" {call.text}{later}"))
    for reason in call.reasons:
        if reason not in told:
            screen.line(f"      {reason.kind}: {reason.found}; wanted: {reason.wanted}", "dim")


def _show_finding(screen: Screen, finding: Finding) -> None:
    sign = _SIGNS.get(finding.status, "i")
    why = f" ({finding.reason})" if finding.reason and finding.reason.value != finding.kind.value else ""
    what = f" {finding.resource}: {finding.kind}, {finding.status}{why}"
    screen.line(
        Text.assemble("  ", (sign, STYLES[sign]), f"{what}: {finding.found}; wanted: {finding.wanted}")
    )
    advice = cure(finding.kind, finding.status, finding.reason)
    if advice != NOTHING_TO_DO and sign in "!?":
        screen.line(f"      cure: {advice}")


def notes(world: World, previews: Iterable[Preview]) -> list[str]:
    """What the reader has to know of how the plan came about."""
    there, said = world.deployment, []
    if not there.is_deployed and not there.unread:
        said.append(
            f"No installation is deployed in {world.account.region}: this is as a new one named "
            f"{there.installation.id!r} would do it, which has no ledger yet."
        )
    if there.installation.paused:
        said.append(f"{there.stack} is paused: nothing of this is done until it runs with Paused=false.")
    as_if = [each for each in previews if each.as_if]
    if as_if and all(each.as_if == DEFAULT_PROFILE for each in as_if):
        said.append(
            f"What has not opted in is planned as if it were tagged {DEFAULT_PROFILE}; "
            "--profile names another."
        )
    if any(each.plan.takes_down and each.is_enforced for each in previews):
        limit = there.installation.teardown_limit
        said.append(f"What nobody asks for any more is taken down in at most {limit} VPCs an hour.")
    return said


def summary(previews: Sequence[Preview]) -> dict[str, int]:
    """How much of what there is."""
    signs = Counter(call.sign for each in previews for call in each.calls)
    statuses = Counter(finding.status for each in previews for finding in each.others)
    return {
        "vpcs": len(previews),
        "differ": sum(each.differs for each in previews),
        "create": signs["+"],
        "change": signs["~"],
        "delete": signs["-"],
        "blocked": statuses[Status.BLOCKED],
        "contested": statuses[Status.CONTESTED],
        "waiting": statuses[Status.WAITING],
        "impaired": statuses[Status.IMPAIRED],
        "leaving": statuses[Status.LEAVING],
    }


def _sentence(previews: Sequence[Preview]) -> str:
    if not previews:
        return "Nothing to do: no VPC has opted in, and nothing owned is left anywhere."
    counted = summary(previews)
    others = [
        f"{counted[word]} {word}"
        for word in ("blocked", "contested", "waiting", "impaired", "leaving")
        if counted[word]
    ]
    if not counted["differ"]:
        many = f"all {len(previews)} VPCs are as they should be"
        fine = "the VPC is as it should be" if len(previews) == 1 else many
        return f"Nothing to do: {', '.join((fine, *others))}."
    said = [f"{counted[word]} to {word}" for word in ("create", "change", "delete")] + others
    return f"{counted['differ']} of {len(previews)} VPCs differ: {', '.join(said)}."


def document(world: World, previews: Sequence[Preview]) -> dict[str, Any]:
    """The plan for machines; docs/cli.md names the keys."""
    there = world.deployment
    return {
        "region": world.account.region,
        "account": world.account.id,
        "stack": there.stack or None,
        "installation": there.installation.id,
        "paused": there.installation.paused,
        "vpcs": [_of_one(each) for each in previews],
        "summary": summary(previews),
        "notes": notes(world, previews),
    }


def _of_one(preview: Preview) -> dict[str, Any]:
    return {
        "vpc_id": preview.vpc.id,
        "name": preview.name,
        "opted_in": preview.opted_in,
        "profile": preview.profile or None,
        "as_if": preview.as_if or None,
        "mode": Mode(preview.wanted.mode).value,
        "differs": preview.differs,
        "calls": [
            {
                "call": each.name,
                "sign": each.sign,
                "text": each.text,
                "resource": each.resource,
                "later": each.later,
                "reasons": [finding_document(reason) for reason in each.reasons],
            }
            for each in preview.calls
        ],
        "findings": [finding_document(each) for each in preview.others],
    }


def concluded_document(concluded: Concluded) -> Mapping[str, str | None]:
    """What became of a finding, for machines."""
    finding = concluded.finding
    return {
        "kind": finding.kind.value,
        "resource": finding.resource,
        "status": concluded.status.value,
        "reason": concluded.reason.value if concluded.reason else None,
        "found": finding.found,
        "wanted": finding.wanted,
        "detail": concluded.detail,
        "cure": concluded.cure,
    }


def course_document(course: Course) -> dict[str, Any]:
    """What became of a VPC, for machines."""
    return {
        "vpc_id": course.vpc_id,
        "ending": course.ending.value,
        "runs": course.runs,
        "seconds": round(course.ended - course.began, 1),
        "unread": str(course.last.unread) if course.last and course.last.unread else None,
        "done": [{"call": each.call, "request_id": each.request_id} for each in course.done],
        "open": [concluded_document(each) for each in course.open],
    }


def show_course(screen: Screen, course: Course) -> None:
    """What became of a VPC, for a person."""
    style = "green" if course.is_fine else "bold red"
    took = f"after {count(course.runs, 'run')}, {duration(course.ended - course.began)}"
    screen.line(Text.assemble((course.vpc_id, "bold"), "  ", (course.ending.value, style), f" {took}"))
    if course.last and course.last.unread:
        screen.line(f"  ! EC2 could not be read: {course.last.unread}", "bold red")
    for each in course.open:
        finding, words = each.finding, each.detail or f"{each.finding.found}; wanted: {each.finding.wanted}"
        why = f" ({each.reason})" if each.reason and each.reason.value != finding.kind.value else ""
        sign = _SIGNS.get(each.status, "i")
        what = f" {finding.resource}: {finding.kind}, {each.status}{why}: {words}"
        screen.line(Text.assemble("  ", (sign, STYLES[sign]), what))
        if each.cure != NOTHING_TO_DO:
            screen.line(f"      cure: {each.cure}")


def finding_document(finding: Finding) -> Mapping[str, str | None]:
    """A finding for machines."""
    return {
        "kind": finding.kind.value,
        "resource": finding.resource,
        "status": finding.status.value,
        "reason": finding.reason.value if finding.reason else None,
        "found": finding.found,
        "wanted": finding.wanted,
        "cure": cure(finding.kind, finding.status, finding.reason),
    }
