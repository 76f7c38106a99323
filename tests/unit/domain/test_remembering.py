from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.actions import (
    NEW_GROUP,
    Action,
    CreateEndpoint,
    CreateGatewayEndpoint,
    CreateSecurityGroup,
    DeleteEndpoint,
    ModifyEndpoint,
)
from reconciler.domain.contest import Remediated
from reconciler.domain.counts import Concluded
from reconciler.domain.execution import Outcome
from reconciler.domain.findings import Finding, Kind, Reason, Status
from reconciler.domain.memory import Adoption, Announced, Cause, Change, Made, Making, Memory, OpenFinding
from reconciler.domain.pace import EndpointCall
from reconciler.domain.plan import Plan, Removal, Step
from reconciler.domain.remembering import (
    after,
    before,
    explained,
    made_by,
    made_nothing,
    purpose_of,
    remediated,
)

NOON = 1_795_435_200
LOGS = "our-stack/logs"
EMPTY = Memory("vpc-1")
CREATE = CreateEndpoint("vpc-1", "logs", (("subnet-a",),), NEW_GROUP, {"Name": LOGS})
MISSING = Finding(Kind.ENDPOINT_MISSING, "logs", "none", "one")
OFF = Finding(Kind.PRIVATE_DNS_OFF, "vpce-1", "off", "on")
TURN_ON = Step(ModifyEndpoint("vpce-1", enable_private_dns=True), (OFF,))
NOTHING_DONE = Plan()


def a_step(action: Action, *findings: Finding) -> Step:
    return Step(action, findings or (MISSING,))


def done(step: Step, made_id: str = "", detail: str = "") -> Outcome:
    return Outcome(step, Status.REMEDIATED, detail=detail, made_id=made_id)


# ---- before the calls


@pytest.mark.parametrize(
    "action",
    [
        CREATE,
        CreateGatewayEndpoint("vpc-1", "s3", ("rtb-1",), {"Name": LOGS}),
        CreateSecurityGroup("vpc-1", "endpoints", "", {"Name": LOGS}),
    ],
)
def test_an_intention_is_written_ahead_of_each_creation(action: Action) -> None:
    memory = before(EMPTY, Plan.of((), [a_step(action)]), NOON)
    assert memory.making == (Making(LOGS, NOON),)


def test_a_plan_that_makes_and_adds_nothing_leaves_memory_as_it_is() -> None:
    assert before(EMPTY, Plan.of((), [TURN_ON, a_step(DeleteEndpoint("vpce-2"))]), NOON) == EMPTY
    assert purpose_of(TURN_ON) == ""


def test_what_is_about_to_be_added_to_an_adopted_endpoint_is_written_ahead_too() -> None:
    added = Adoption("vpce-1", private_dns=True)
    assert before(EMPTY, Plan(adopts=(added,)), NOON).adoptions == {"vpce-1": added}


# ---- after them


OPENED = before(EMPTY, Plan.of((), [a_step(CREATE)]), NOON)
REFUSED = Outcome(a_step(CREATE), Status.BLOCKED, Reason.UNAUTHORIZED, asked=True)
LOST = Outcome(a_step(CREATE), Status.WAITING, failed=True, asked=True)
MADE_NOTHING = [
    Outcome(a_step(CREATE), Status.WAITING, paced=EndpointCall.CREATE),
    REFUSED,
    replace(REFUSED, asked=False),
    replace(REFUSED, asked=False, is_remembered=True),
]


@pytest.mark.parametrize("outcome", MADE_NOTHING)
def test_what_ec2_refused_or_was_not_asked_for_made_nothing(outcome: Outcome) -> None:
    others = [Outcome(TURN_ON, Status.WAITING, paced=EndpointCall.MODIFY), replace(REFUSED, step=TURN_ON)]
    assert made_nothing(EMPTY, OPENED, [outcome, *others]) == (LOGS,)
    assert made_nothing(EMPTY, OPENED, [LOST, *others]) == ()


@pytest.mark.parametrize("outcome", MADE_NOTHING)
def test_an_answer_that_an_earlier_run_has_lost_may_still_come_for_a_day(outcome: Outcome) -> None:
    day = 24 * 3600
    for later, made in ((60, ()), (day - 1, ()), (day, (LOGS,))):
        memory = before(OPENED, Plan.of((), [a_step(CREATE)]), NOON + later)
        assert made_nothing(OPENED, memory, [outcome]) == made


def test_an_answer_closes_the_intention_and_leaves_the_id() -> None:
    opened = before(EMPTY, Plan.of((), [a_step(CREATE)]), NOON)
    outcome = done(a_step(CREATE), made_id="vpce-1")
    assert made_by([outcome, done(TURN_ON)], NOON + 0.5) == (Made("vpce-1", LOGS, NOON),)
    memory = after(opened, NOTHING_DONE, [outcome], (), NOON)
    assert (memory.making, memory.made) == ((), {"vpce-1": Made("vpce-1", LOGS, NOON)})


def test_a_lost_answer_keeps_the_intention_open() -> None:
    assert after(OPENED, NOTHING_DONE, [LOST], (), NOON).making == OPENED.making


def test_what_is_owned_is_known_by_its_id_and_as_shown() -> None:
    plan = Plan(owned=(("vpce-1", LOGS),))
    assert after(EMPTY, plan, (), (), NOON).made == {"vpce-1": Made("vpce-1", LOGS, NOON, seen=True)}


def test_marks_alone_prove_no_creation_before_all_was_taken_over() -> None:
    incomplete = replace(EMPTY, complete=False)
    assert after(incomplete, Plan(owned=(("vpce-1", LOGS),)), (), (), NOON).made == {}


def test_the_open_findings_are_those_of_the_last_run() -> None:
    stale = replace(EMPTY, findings=(OpenFinding("tags-missing", "sg-1", NOON, Status.WAITING),))
    concluded = Concluded(OFF, Status.BLOCKED, Reason.PRIVATE_DNS_CONFLICT, since=NOON)
    assert after(stale, NOTHING_DONE, (), [concluded], NOON).findings == (
        OpenFinding(
            "private-dns-off",
            "vpce-1",
            NOON,
            Status.BLOCKED,
            Reason.PRIVATE_DNS_CONFLICT,
            announced=Announced(Change.BLOCKED, NOON, Reason.PRIVATE_DNS_CONFLICT),
        ),
    )


# ---- fights


def test_only_what_changed_something_counts_as_a_remediation() -> None:
    change = Remediated.by(Kind.PRIVATE_DNS_OFF, "vpce-1", str(TURN_ON))
    assert remediated([done(TURN_ON), done(TURN_ON)]) == (change,)
    assert remediated([done(TURN_ON, detail="it was so already")]) == ()
    assert remediated([Outcome(TURN_ON, Status.WAITING), Outcome(TURN_ON, Status.REPORTED)]) == ()


def test_remediations_are_counted_toward_a_contest() -> None:
    memory = EMPTY
    for minute in range(3):
        memory = after(memory, NOTHING_DONE, [done(TURN_ON)], (), NOON + minute * 60)
    assert [each.is_paused(NOON + 180) for each in memory.contests if each.change] == [True]


# ---- adoptions


GIVE_BACK = Step(ModifyEndpoint("vpce-1", remove_group_ids=("sg-1",)), (OFF,), removal=Removal.LATE)
OURS = (("sg-1", "our-stack/endpoints"),)


def test_an_endpoint_that_was_given_back_is_adopted_no_longer() -> None:
    adopted = EMPTY.adopting([Adoption("vpce-1"), Adoption("vpce-2")])
    assert after(adopted, Plan(owned=OURS), [done(GIVE_BACK)], (), NOON).adoptions.keys() == {"vpce-2"}
    failed = Outcome(GIVE_BACK, Status.WAITING, failed=True)
    assert after(adopted, Plan(owned=OURS), [failed], (), NOON).adoptions.keys() == {"vpce-1", "vpce-2"}


def test_when_something_is_given_back_is_remembered_and_forgotten_when_it_is_wanted_again() -> None:
    adopted = EMPTY.adopting([Adoption("vpce-1", ("subnet-a",))])
    leaving = after(adopted, Plan(owned=OURS, give_back_at=(("vpce-1", 1000),)), (), (), NOON)
    assert leaving.adoptions == {"vpce-1": Adoption("vpce-1", ("subnet-a",), leaving_at=1000)}
    assert after(leaving, Plan(owned=OURS), (), (), NOON).adoptions == adopted.adoptions


def test_what_the_ledger_knows_of_an_adoption_stays_when_that_is_leaving() -> None:
    adopted = EMPTY.adopting([Adoption("vpce-1", private_dns=True, leaving_at=1000)])
    memory = after(adopted, Plan(owned=OURS, give_back_at=(("vpce-1", 2000),)), (), (), NOON)
    assert memory.adoptions == {"vpce-1": Adoption("vpce-1", private_dns=True, leaving_at=2000)}


def test_what_was_adopted_before_the_ledger_is_remembered_once_it_is_leaving() -> None:
    memory = after(EMPTY, Plan(owned=OURS, give_back_at=(("vpce-1", 1000),)), (), (), NOON)
    assert memory.adoptions == {"vpce-1": Adoption("vpce-1", leaving_at=1000)}


def test_a_run_that_looked_at_nothing_forgets_no_time() -> None:
    leaving = EMPTY.adopting([Adoption("vpce-1", leaving_at=1000)])
    assert after(leaving, Plan(looked_at=False), (), (), NOON).adoptions == leaving.adoptions


# ---- what is leaving


def test_since_when_nobody_asks_for_a_thing_is_remembered_until_it_is_wanted_again() -> None:
    leaving = after(EMPTY, Plan(owned=OURS, leaving=("vpce-1",)), (), (), NOON)
    assert leaving.leaving == {"vpce-1": NOON}
    assert after(leaving, Plan(owned=OURS, leaving=("vpce-1",)), (), (), NOON + 60).leaving == {
        "vpce-1": NOON
    }
    assert after(leaving, Plan(owned=OURS), (), (), NOON + 60).leaving == {}
    assert after(leaving, Plan(looked_at=False), (), (), NOON + 60).leaving == {"vpce-1": NOON}


def test_no_grace_period_begins_where_nothing_is_marked_since_nothing_is_written() -> None:
    reported = Outcome(TURN_ON, Status.REPORTED)
    assert after(EMPTY, Plan(owned=OURS, leaving=("vpce-1",)), [reported], (), NOON).leaving == {}


# ---- who did it, and since when


CALL = Cause("1", "ModifyVpcEndpoint", "rob", NOON, ("vpce-1",))


def test_a_finding_gets_the_call_that_brought_it_about_and_since_when_it_stands() -> None:
    [told] = explained([Concluded(OFF, Status.REMEDIATED)], replace(EMPTY, causes=(CALL,)), NOON + 5.5)
    assert (told.cause, told.since) == (CALL, NOON + 5)


def test_a_finding_that_stands_keeps_its_time_and_its_cause_when_the_call_is_forgotten() -> None:
    known = OpenFinding("private-dns-off", "vpce-1", NOON, Status.BLOCKED, cause=CALL)
    memory = replace(EMPTY, findings=(known,))
    [told] = explained([Concluded(OFF, Status.BLOCKED)], memory, NOON + 100)
    assert (told.cause, told.since) == (CALL, NOON)
    later = replace(CALL, event_id="2", time=NOON + 50)
    [told] = explained([Concluded(OFF, Status.BLOCKED)], replace(memory, causes=(later,)), NOON + 100)
    assert (told.cause, told.since) == (later, NOON)


def test_what_was_remediated_and_is_found_again_is_a_new_drift() -> None:
    known = OpenFinding("private-dns-off", "vpce-1", NOON, Status.REMEDIATED, cause=CALL)
    [told] = explained([Concluded(OFF, Status.REMEDIATED)], replace(EMPTY, findings=(known,)), NOON + 100)
    assert (told.cause, told.since) == (None, NOON + 100)


def test_a_finding_without_a_call_says_no_cause() -> None:
    [told] = explained([Concluded(OFF, Status.REMEDIATED)], EMPTY, NOON)
    assert told.cause is None
