"""What of a plan is done now, and what is left for later or alone.

The ledger is there and knows all that stands in the VPC, unless a test says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

import pytest

from reconciler.domain.actions import (
    Action,
    CreateTags,
    DeleteEndpoint,
    DeleteSecurityGroup,
    DeleteTags,
    ModifyEndpoint,
)
from reconciler.domain.concerns import Assessment
from reconciler.domain.contest import Contest
from reconciler.domain.findings import Finding, Kind, Reason, Status
from reconciler.domain.memory import Adoption
from reconciler.domain.plan import Plan, Removal, Step
from reconciler.domain.restraint import held_back, restrain
from reconciler.domain.situation import Situation
from tests.builders import (
    APPMESH,
    GROUP_ID,
    INSTALLATION,
    VpcBuilder,
    a_converged_vpc,
    knowing,
)

SQS = INSTALLATION.service_name("sqs")
NOON = 1_795_435_200.0
BY_NOW = {INSTALLATION.leaving_key: "2026-11-23T12:00:00+00:00"}
IN_A_SECOND = {INSTALLATION.leaving_key: "2026-11-23T12:00:01+00:00"}
TOMORROW = "2026-11-24T12:00:00+00:00"

GOES = Finding(Kind.NOT_WANTED, "vpce-sqs", "com.amazonaws.eu-west-1.sqs, available", "none")
DELETE = DeleteEndpoint("vpce-sqs")
LATE = Step(DELETE, (GOES,), removal=Removal.LATE)
DOUBLE = Step(DELETE, (replace(GOES, kind=Kind.ENDPOINT_DOUBLE),), removal=Removal.UNLESS_IN_DOUBT)
FAILED = Step(DELETE, (replace(GOES, kind=Kind.ENDPOINT_FAILED),), removal=Removal.AT_ONCE)


Ledger = Literal["there", "incomplete", "not there"]
LACKING: list[Ledger] = ["incomplete", "not there"]


def a_vpc_with_sqs(tags: dict[str, str] | None = None) -> VpcBuilder:
    """A converged VPC with an owned endpoint that the profile does not name."""
    marks = INSTALLATION.endpoint_tags("vpc-1", SQS)
    return a_converged_vpc("a").with_endpoint(SQS, id="vpce-sqs", tags={**marks, **(tags or {})})


def restrained(
    *steps: Step,
    tags: dict[str, str] | None = None,
    ledger: Ledger = "there",
    grace: int = 24 * 3600,
    doubt: str = "",
    at_once: bool = False,
    contests: tuple[Contest, ...] = (),
    since: int = 0,
) -> Plan:
    seen = a_vpc_with_sqs(tags).observed()
    leaving = {"vpce-sqs": since} if tags else {}
    known = replace(knowing(seen), complete=ledger == "there", leaving=leaving)
    memory = None if ledger == "not there" else known
    installation = replace(INSTALLATION, grace_seconds=grace)
    situation = Situation(seen, APPMESH, installation, memory, NOON, contests=contests)
    return restrain(Assessment.of(steps), situation, doubt, at_once=at_once)


def actions(plan: Plan) -> list[Action]:
    return [step.action for step in plan.steps]


def statuses(findings: Iterable[Finding]) -> list[tuple[Kind, Status]]:
    return [(finding.kind, finding.status) for finding in findings]


# ---- late deletion


def test_what_nobody_asks_for_is_first_marked_with_the_time_at_which_it_goes() -> None:
    plan = restrained(LATE)
    assert actions(plan) == [CreateTags("vpce-sqs", {INSTALLATION.leaving_key: TOMORROW})]
    [finding] = plan.findings
    assert (finding.kind, finding.status) == (Kind.LEAVING, Status.LEAVING)
    assert finding.wanted == f"deleted after {TOMORROW}"
    assert plan.steps[0].remediates == (finding,)
    assert not plan.takes_down


def test_what_is_marked_stays_until_its_time_and_is_not_marked_again() -> None:
    plan = restrained(LATE, tags=IN_A_SECOND)
    assert actions(plan) == []
    assert statuses(plan.findings) == [(Kind.LEAVING, Status.LEAVING)]
    assert plan.findings[0].wanted == "deleted after 2026-11-23T12:00:01+00:00"


def test_what_is_marked_goes_when_its_time_has_come() -> None:
    plan = restrained(LATE, tags=BY_NOW)
    assert (plan.steps, plan.findings) == ((LATE,), (GOES,))
    assert plan.takes_down


def test_a_time_that_was_written_too_early_does_not_shorten_the_grace_period() -> None:
    plan = restrained(LATE, tags=BY_NOW, since=int(NOON) - 60)
    assert actions(plan) == []
    assert plan.findings[0].wanted == "deleted after 2026-11-24T11:59:00+00:00"
    assert plan.leaving == ("vpce-sqs",)


def test_a_time_that_stood_there_before_the_ledger_knew_is_written_anew_where_it_is_too_early() -> None:
    seen = a_vpc_with_sqs(IN_A_SECOND).observed()
    situation = Situation(seen, APPMESH, INSTALLATION, knowing(seen), NOON)
    plan = restrain(Assessment.of([LATE]), situation, "", at_once=False)
    assert actions(plan) == [CreateTags("vpce-sqs", {INSTALLATION.leaving_key: TOMORROW})]
    assert plan.leaving == ("vpce-sqs",)


def test_a_person_may_put_the_time_off() -> None:
    later = {INSTALLATION.leaving_key: "2026-12-01T00:00:00+00:00"}
    plan = restrained(LATE, tags=later)
    assert actions(plan) == []
    assert plan.findings[0].wanted == "deleted after 2026-12-01T00:00:00+00:00"


def test_a_mark_that_is_no_time_is_written_anew() -> None:
    plan = restrained(LATE, tags={INSTALLATION.leaving_key: "soon"})
    assert actions(plan) == [CreateTags("vpce-sqs", {INSTALLATION.leaving_key: TOMORROW})]


def test_a_grace_period_of_zero_marks_nothing_and_still_counts_as_taking_down() -> None:
    plan = restrained(LATE, grace=0)
    assert plan.steps == (LATE,)
    assert plan.takes_down


@pytest.mark.parametrize("tags", [{}, IN_A_SECOND])
def test_what_a_person_wants_gone_now_goes_at_once_and_does_not_count(tags: dict[str, str]) -> None:
    plan = restrained(LATE, tags=tags, at_once=True)
    assert actions(plan) == [DELETE]
    assert not plan.takes_down


@pytest.mark.parametrize("step", [DOUBLE, FAILED])
def test_doubles_and_what_failed_have_no_grace_and_do_not_count(step: Step) -> None:
    plan = restrained(step)
    assert plan.steps == (step,)
    assert not plan.takes_down


def test_what_stands_in_the_way_of_a_group_is_said_when_its_time_has_come() -> None:
    in_use = Finding(Kind.NOT_WANTED, "vpce-sqs", "in use", "gone, after it", Status.WAITING)
    step = replace(LATE, held_by=in_use)
    assert statuses(restrained(step).findings) == [(Kind.LEAVING, Status.LEAVING)]
    due = restrained(step, tags=BY_NOW)
    assert (due.steps, due.findings) == ((), (in_use,))
    asked = restrained(step, at_once=True)
    assert (asked.steps, asked.findings) == ((), (in_use,))


# ---- it is wanted again


def test_the_mark_goes_from_what_stays() -> None:
    plan = restrained(tags=BY_NOW)
    assert actions(plan) == [DeleteTags("vpce-sqs", (INSTALLATION.leaving_key,))]
    assert statuses(plan.findings) == [(Kind.LEAVING, Status.REMEDIABLE)]


def test_the_mark_goes_also_from_what_is_healed_at_the_same_time() -> None:
    heals = Step(ModifyEndpoint("vpce-sqs", enable_private_dns=True), (GOES,))
    assert actions(restrained(heals, tags=BY_NOW)) == [
        DeleteTags("vpce-sqs", (INSTALLATION.leaving_key,)),
        heals.action,
    ]


def test_the_mark_of_someone_elses_thing_is_none_of_our_business() -> None:
    theirs = {**BY_NOW, INSTALLATION.owner_key: "their-stack"}
    assert restrained(tags=theirs) == Plan()


# ---- doubt


@pytest.mark.parametrize("step", [LATE, DOUBLE])
def test_on_doubt_nothing_is_deleted_and_it_is_said_why(step: Step) -> None:
    plan = restrained(step, tags=BY_NOW, doubt="the document is invalid")
    assert plan.steps == ()
    [finding] = plan.findings
    assert "kept, since the document is invalid" in finding.wanted
    assert finding.status is (Status.LEAVING if step is LATE else Status.INFORMATIONAL)


def test_on_doubt_what_serves_nobody_goes_all_the_same() -> None:
    assert restrained(FAILED, doubt="the document is invalid").steps == (FAILED,)


def test_on_doubt_nothing_is_marked_and_a_mark_stays() -> None:
    assert restrained(LATE, doubt="the document is invalid").steps == ()
    marked = restrained(LATE, tags=IN_A_SECOND, doubt="the document is invalid")
    assert (marked.steps, marked.leaving) == ((), ("vpce-sqs",))


# ---- without a whole ledger


@pytest.mark.parametrize("tags", [{}, BY_NOW])
@pytest.mark.parametrize("ledger", LACKING)
def test_without_a_whole_ledger_nothing_goes_late(tags: dict[str, str], ledger: Ledger) -> None:
    plan = restrained(LATE, tags=tags, ledger=ledger)
    assert plan.steps == ()
    assert statuses(plan.findings) == [(Kind.LEAVING, Status.LEAVING)]
    assert restrained(LATE, tags=tags, ledger=ledger, grace=0).steps == ()


def test_what_a_person_asks_for_waits_for_the_take_over_and_not_for_a_ledger_that_is_not_there() -> None:
    assert actions(restrained(LATE, ledger="incomplete", at_once=True)) == []
    assert actions(restrained(LATE, ledger="not there", at_once=True)) == [DELETE]


@pytest.mark.parametrize("ledger", LACKING)
def test_without_a_whole_ledger_what_failed_goes_on(ledger: Ledger) -> None:
    assert actions(restrained(FAILED, ledger=ledger)) == [DELETE]


def test_a_double_goes_without_a_ledger_and_stays_until_all_was_taken_over() -> None:
    assert actions(restrained(DOUBLE, ledger="not there")) == [DELETE]
    plan = restrained(DOUBLE, ledger="incomplete")
    assert plan.steps == ()
    assert statuses(plan.findings) == [(Kind.ENDPOINT_DOUBLE, Status.INFORMATIONAL)]


# ---- giving back


BACK = Step(
    ModifyEndpoint("vpce-0", remove_group_ids=(GROUP_ID,)),
    (Finding(Kind.NOT_WANTED, "vpce-0", "ours", "given back"),),
    removal=Removal.LATE,
)


def given_back(leaving_at: int, doubt: str = "") -> Plan:
    seen = a_converged_vpc("a").with_endpoint(SQS, id="vpce-0", tags={}, groups=("sg-x", GROUP_ID)).observed()
    memory = replace(knowing(seen), adoptions={"vpce-0": Adoption("vpce-0", leaving_at=leaving_at)})
    situation = Situation(seen, APPMESH, INSTALLATION, memory, NOON)
    return restrain(Assessment.of([BACK]), situation, doubt, at_once=False)


def test_what_was_adopted_is_given_back_after_a_time_that_is_kept_in_the_ledger_not_in_its_tags() -> None:
    plan = given_back(leaving_at=0)
    assert plan.steps == ()
    assert plan.give_back_at == (("vpce-0", int(NOON) + 24 * 3600),)
    assert plan.findings[0].wanted == f"given back after {TOMORROW}"
    waiting = given_back(leaving_at=int(NOON) + 1)
    assert (waiting.steps, waiting.give_back_at) == ((), (("vpce-0", int(NOON) + 1),))


def test_what_was_adopted_is_given_back_when_its_time_has_come() -> None:
    assert given_back(leaving_at=int(NOON)).steps == (BACK,)


def test_on_doubt_the_time_of_giving_back_is_kept() -> None:
    plan = given_back(leaving_at=int(NOON), doubt="the document is invalid")
    assert (plan.steps, plan.give_back_at) == ((), (("vpce-0", int(NOON)),))


# ---- few deletions


def test_past_the_limit_all_that_goes_late_is_blocked_and_nothing_else() -> None:
    waiting = Finding(Kind.NOT_WANTED, GROUP_ID, "in use", "gone, after them", Status.WAITING)
    heals = Step(DeleteSecurityGroup("sg-2"), (Finding(Kind.GROUP_DOUBLE, "sg-2", "", ""),))
    not_ready = Finding(Kind.ENDPOINT_NOT_READY, "vpce-1", "pending", "available", Status.WAITING)
    found = (GOES, waiting, *heals.remediates, not_ready)
    plan = held_back(Plan.of(found, [LATE, heals]), Reason.TEARDOWN_LIMIT)
    assert plan.steps == (heals,)
    assert [(each.resource, each.status, each.reason) for each in plan.findings] == [
        ("vpce-sqs", Status.BLOCKED, Reason.TEARDOWN_LIMIT),
        (GROUP_ID, Status.BLOCKED, Reason.TEARDOWN_LIMIT),
        ("sg-2", Status.REMEDIABLE, None),
        ("vpce-1", Status.WAITING, None),
    ]


# ---- marks first


@pytest.mark.parametrize("lost", [INSTALLATION.owner_key, INSTALLATION.vpc_key])
def test_what_lacks_a_mark_of_owner_or_vpc_is_narrowed_only_by_the_next_run(lost: str) -> None:
    seen = a_vpc_with_sqs().observed()
    *others, last = seen.endpoints
    marks = {key: value for key, value in last.tags.items() if key != lost}
    seen = replace(seen, endpoints=(*others, replace(last, tags=marks)))
    situation = Situation(seen, APPMESH, INSTALLATION, knowing(seen), NOON)
    opens = Step(ModifyEndpoint("vpce-sqs", enable_private_dns=True), (GOES,))
    plan = restrain(Assessment.of([FAILED, opens]), situation, "", at_once=False)
    assert set(plan.steps) == {replace(FAILED, marks_first=True), opens}


def test_what_lacks_its_name_alone_is_narrowed_at_once() -> None:
    assert restrained(FAILED, tags={"Name": "mine"}).steps == (FAILED,)
