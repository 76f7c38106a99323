"""The ledger on a DynamoDB of one table: what it keeps, what races leave, and what a refusal leads to."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from botocore.exceptions import ConnectTimeoutError

from reconciler.domain.contest import Contest
from reconciler.domain.findings import Reason, Status
from reconciler.domain.memory import Adoption, Cause, Made, Making, Memory, OpenFinding
from reconciler.domain.profile import Edition
from reconciler.ledger import Ledger, OptIn
from reconciler.table import Item, Key, Table
from tests.builders import VPC_ID
from tests.unit.fakes import FakeDynamo, a_ledger, refusal

NOW = 1_795_420_800
STATE = (f"vpc#{VPC_ID}", "state")
CAUSE = Cause("event-1", "DeleteVpcEndpoints", "ada", NOW, ("vpce-1", VPC_ID))
FULL = Memory(
    VPC_ID,
    made={"vpce-1": Made("vpce-1", "our-stack/logs", NOW, seen=True), "sg-1": Made("sg-1", "our-stack/x")},
    making=(Making("our-stack/sqs", NOW),),
    adoptions={"vpce-2": Adoption("vpce-2", ("subnet-1", "subnet-2"), private_dns=True, leaving_at=NOW)},
    findings=(
        OpenFinding("endpoint-missing", "x.logs", NOW, Status.BLOCKED, Reason.UNAUTHORIZED, CAUSE),
        OpenFinding("dns-support-off", VPC_ID, NOW, Status.WAITING),
    ),
    contests=(Contest("dns-support-off", VPC_ID, "a1", (NOW - 1, NOW), 2, NOW + 60),),
    followed=Edition("/p", 3),
)


def the_memory(ledger: Ledger) -> Memory:
    memory = ledger.read(VPC_ID)
    assert memory is not None
    return memory


# ---- what is kept


def test_a_vpc_that_nobody_wrote_of_is_known_as_empty() -> None:
    assert a_ledger(FakeDynamo()).read(VPC_ID) == Memory(VPC_ID)


def test_what_was_written_is_read_by_another_process_word_for_word() -> None:
    dynamo = FakeDynamo()
    written = a_ledger(dynamo).save(FULL)
    assert written == replace(FULL, version=1)
    assert the_memory(a_ledger(dynamo)) == written
    assert a_ledger(dynamo).read_many([VPC_ID]) == {VPC_ID: written}


def test_causes_are_kept_once_each_and_come_newest_first() -> None:
    ledger = a_ledger(FakeDynamo())
    causes = [replace(CAUSE, event_id=f"event-{n}", time=NOW + n * 7) for n in range(3)]
    for each in (causes[1], causes[0], causes[2], causes[0]):
        ledger.add_causes([(VPC_ID, each)])
    assert the_memory(ledger).causes == (causes[2], causes[1], causes[0])


def test_of_many_causes_the_latest_are_read_and_what_is_known_is_not_lost_among_them() -> None:
    ledger = a_ledger(FakeDynamo())
    ledger.save(FULL)
    for n in range(150):
        ledger.add_causes([(VPC_ID, replace(CAUSE, event_id=f"event-{n}", time=NOW + n))])
    memory = the_memory(ledger)
    assert memory.made == FULL.made
    assert [each.time for each in memory.causes] == [NOW + 149 - n for n in range(99)]


def test_a_cause_is_kept_for_a_month() -> None:
    dynamo = FakeDynamo()
    a_ledger(dynamo).add_causes([(VPC_ID, CAUSE)])
    [item] = [item for (_, key), item in dynamo.items.items() if key.startswith("cause#")]
    assert item["expires"] == {"N": str(NOW + 30 * 24 * 3600)}


def test_a_claim_of_a_persons_proves_ownership() -> None:
    dynamo = FakeDynamo()
    key = {"pk": {"S": f"vpc#{VPC_ID}"}, "sk": {"S": "claim#vpce-9"}}
    dynamo.put_item(TableName="ledger", Item=key)
    memory = the_memory(a_ledger(dynamo))
    assert memory.claimed == {"vpce-9"}
    assert memory.knows("vpce-9", "our-stack/logs")
    assert not memory.knows("vpce-8", "our-stack/logs")


def test_what_is_known_of_a_vpc_that_is_gone_goes_after_a_month() -> None:
    dynamo = FakeDynamo()
    ledger = a_ledger(dynamo)
    ledger.forget(Memory(VPC_ID), NOW)
    assert STATE not in dynamo.items
    ledger.save(FULL)
    ledger.forget(the_memory(ledger), NOW)
    assert dynamo.items[STATE]["expires"] == {"N": str(NOW + 30 * 24 * 3600)}


def test_many_vpcs_are_read_whole_where_dynamodb_gives_few_at_a_time() -> None:
    dynamo = FakeDynamo(at_once=40)
    ledger = a_ledger(dynamo)
    vpc_ids = [f"vpc-{n:03}" for n in range(130)]
    for vpc_id in vpc_ids[::2]:
        ledger.save(Memory(vpc_id, followed=Edition("/p", 5)))
    dynamo.calls.clear()
    found = ledger.read_many(reversed(vpc_ids))
    assert found is not None
    assert [found[each].followed.written for each in vpc_ids] == [5, 0] * 65
    # Of some nothing is known: they are new, or the table was lost.
    assert dynamo.calls == [*["batch_get_item"] * 4, "get_item"]


# ---- races


def test_who_writes_second_keeps_what_the_first_wrote_of_creations_and_additions() -> None:
    dynamo = FakeDynamo()
    first, second = a_ledger(dynamo), a_ledger(dynamo)
    before = (the_memory(first), the_memory(second))
    one = replace(before[0].with_made([Made("vpce-1", "our-stack/logs", NOW)]), followed=Edition("/p", 9))
    first.save(one.adopting([Adoption("vpce-8")]).opened(["our-stack/sqs"], NOW))
    two = before[1].with_made([Made("sg-1", "our-stack/endpoints", NOW)]).opened(["our-stack/sns"], NOW)
    written = second.save(two.adopting([Adoption("vpce-9")]))
    assert written == the_memory(a_ledger(dynamo))
    assert written.version == 2
    assert set(written.made) == {"vpce-1", "sg-1"}
    assert set(written.adoptions) == {"vpce-8", "vpce-9"}
    assert {each.purpose for each in written.making} == {"our-stack/sqs", "our-stack/sns"}
    assert written.followed == Edition("/p", 9)


def test_a_race_that_is_lost_again_and_again_is_given_up_with_a_line() -> None:
    dynamo, said = FakeDynamo(), list[str]()
    ledger = a_ledger(dynamo, said)
    rival = a_ledger(dynamo)

    class Overtaken(Ledger):
        def read(self, vpc_id: str) -> Memory | None:
            memory = super().read(vpc_id)
            rival.save(the_memory(rival))
            return memory

    slow = Overtaken(Table(lambda: dynamo.client, "ledger", said.append), "our-stack")
    memory = slow.read(VPC_ID)
    assert memory is not None
    assert slow.save(memory.with_made([Made("vpce-1", "x")])) is None
    assert said == ["the ledger could not be used: others write the same VPC at the same time"]
    assert ledger.save(the_memory(ledger)) is not None


def test_a_writer_whose_item_expired_meanwhile_writes_it_anew() -> None:
    dynamo = FakeDynamo()
    ledger = a_ledger(dynamo)
    written = ledger.save(FULL)
    assert written is not None
    del dynamo.items[STATE]
    assert ledger.save(written) is not None
    assert the_memory(ledger).made == FULL.made


# ---- a table that is missing or refuses

REFUSALS = [
    refusal("ResourceNotFoundException", "no such table"),
    refusal("AccessDeniedException", "you may not"),
    refusal("ProvisionedThroughputExceededException", "slower"),
    ConnectTimeoutError(endpoint_url="https://dynamodb"),
]


@pytest.mark.parametrize("error", REFUSALS)
def test_what_refuses_says_so_once_a_call_and_raises_nothing(error: Exception) -> None:
    said: list[str] = []
    ledger = a_ledger(FakeDynamo(error), said)
    for answer in (
        ledger.read(VPC_ID),
        ledger.save(FULL),
        ledger.admits_teardown(VPC_ID, NOW, 5),
    ):
        assert not answer
    ledger.add_causes([(VPC_ID, CAUSE)])
    ledger.forget(replace(FULL, version=1), NOW)
    assert said == [f"the ledger could not be used: {error}"] * 5


def test_without_a_table_nothing_is_known_said_or_asked() -> None:
    dynamo, said = FakeDynamo(), list[str]()
    ledger = a_ledger(dynamo, said, complete=False, table="")
    ledger.set_complete(NOW)
    ledger.add_causes([(VPC_ID, CAUSE)])
    ledger.forget(FULL, NOW)
    assert (ledger.read(VPC_ID), ledger.save(FULL), ledger.read_many([VPC_ID])) == (None, None, None)
    assert not ledger.is_complete()
    assert not ledger.admits_teardown(VPC_ID, NOW, 5)
    assert (dynamo.calls, said) == ([], [])


@pytest.mark.parametrize(
    "document",
    [
        "",
        "7",
        "[]",
        "hello",
        json.dumps({"made": ["vpce-1"]}),
        json.dumps({"made": [{"id": "vpce-1", "colour": "red"}]}),
        json.dumps({"findings": [{"kind": "x", "resource": "y", "since": 1, "status": "better"}]}),
        json.dumps({"findings": [{"kind": "x"}]}),
        json.dumps({"contests": 7}),
        json.dumps({"followed": "new"}),
        json.dumps({"followed": None}),
    ],
)
def test_a_document_that_cannot_be_read_is_not_taken_for_an_empty_one(document: str) -> None:
    dynamo, said = FakeDynamo(), list[str]()
    ledger = a_ledger(dynamo, said)
    ledger.save(FULL)
    dynamo.items[STATE]["doc"] = {"S": document}
    assert ledger.read(VPC_ID) is None
    assert ledger.read_many([VPC_ID]) is None
    assert len(said) == 2
    assert all(line.startswith(f"what it has of {VPC_ID} cannot be read: ") for line in said)


# ---- few deletions


def test_as_many_vpcs_lose_something_within_an_hour_as_the_limit_says() -> None:
    ledger = a_ledger(FakeDynamo())
    assert [ledger.admits_teardown(f"vpc-{n}", NOW, 2) for n in range(3)] == [True, True, False]
    assert ledger.admits_teardown("vpc-0", NOW + 60, 2), "what was begun goes on"
    assert not ledger.admits_teardown("vpc-2", NOW + 3599, 2)
    assert ledger.admits_teardown("vpc-2", NOW + 3600, 2), "vpc-1 lost something an hour ago"


def test_a_raised_limit_lets_more_go_at_once_and_one_of_nought_lets_none() -> None:
    ledger = a_ledger(FakeDynamo())
    assert not ledger.admits_teardown("vpc-0", NOW, 0)
    assert ledger.admits_teardown("vpc-0", NOW, 1)
    assert not ledger.admits_teardown("vpc-1", NOW, 1)
    assert ledger.admits_teardown("vpc-1", NOW, 2)


def test_the_limit_is_the_regions_and_not_a_processes() -> None:
    dynamo = FakeDynamo()
    assert a_ledger(dynamo).admits_teardown("vpc-0", NOW, 1)
    assert not a_ledger(dynamo).admits_teardown("vpc-1", NOW, 1)


def test_processes_that_race_for_the_last_place_do_not_both_get_it() -> None:
    dynamo = FakeDynamo()
    rival = a_ledger(dynamo)

    class Overtaken(Table):
        def get(self, key: Key) -> Item | None:
            item = super().get(key)
            rival.admits_teardown("vpc-1", NOW, 1)
            return item

    slow = Ledger(Overtaken(lambda: dynamo.client, "ledger", lambda _: None), "our-stack")
    assert not slow.admits_teardown("vpc-0", NOW, 1)


def test_a_count_of_teardowns_that_cannot_be_read_lets_none_go() -> None:
    dynamo, said = FakeDynamo(), list[str]()
    ledger = a_ledger(dynamo, said)
    ledger.admits_teardown("vpc-0", NOW, 5)
    dynamo.items["region", "teardowns"]["doc"] = {"S": "[1]"}
    assert not ledger.admits_teardown("vpc-0", NOW, 5)
    assert [line.partition(":")[0] for line in said] == [
        "what it has of the Region's teardowns cannot be read"
    ]


# ---- sweeps that events ask for


def test_events_have_the_region_swept_no_more_than_once_in_five_minutes() -> None:
    dynamo = FakeDynamo()
    assert [a_ledger(dynamo).admits_sweep(NOW + at) for at in (0, 299, 300, 301)] == [
        True,
        False,
        True,
        False,
    ]


def test_without_the_ledger_each_process_keeps_them_apart_by_itself() -> None:
    ledger = a_ledger(FakeDynamo(refusal("AccessDeniedException")))
    assert [ledger.admits_sweep(NOW + at) for at in (0, 299, 300)] == [True, False, True]


@pytest.mark.parametrize("document", ["", "yesterday", str(NOW + 9999)])
def test_a_time_that_cannot_be_keeps_no_sweep_back(document: str) -> None:
    dynamo = FakeDynamo()
    dynamo.items["region", "swept"] = {"pk": {"S": "region"}, "sk": {"S": "swept"}, "doc": {"S": document}}
    assert a_ledger(dynamo).admits_sweep(NOW)


def test_each_opt_in_is_told_by_another_text_and_with_the_vpcs_that_it_named() -> None:
    """Else one that reads between two of them could take the second for the first."""
    dynamo = FakeDynamo()
    ledger = a_ledger(dynamo)
    told = [ledger.last_opt_in()]
    for _ in range(2):
        assert ledger.tell_opt_in({"vpc-1": NOW + 600.5}, NOW)
        told.append(a_ledger(dynamo).last_opt_in())
    assert told[0] == OptIn()
    assert len({each.told for each in told if each}) == 3
    assert [each.named for each in told[1:] if each] == [{"vpc-1": NOW + 600.5}] * 2


def test_of_thousands_of_vpcs_that_opt_in_the_ledger_tells_the_latest() -> None:
    """DynamoDB takes no item of more than 400 KB."""
    ledger = a_ledger(FakeDynamo())
    assert ledger.tell_opt_in({f"vpc-{each}": float(each) for each in range(20_000)}, NOW)
    told = ledger.last_opt_in()
    assert told
    assert told.named == {f"vpc-{each}": float(each) for each in range(19_000, 20_000)}


@pytest.mark.parametrize(
    "document", [None, "", "[]", '{"told": "x"}', '{"told": "x", "named": {"vpc-1": []}}']
)
def test_an_opt_in_that_cannot_be_read_is_not_known(document: str | None) -> None:
    dynamo = FakeDynamo()
    ledger = a_ledger(dynamo)
    doc = {"doc": {"S": document}} if document is not None else {}
    dynamo.items["region", "opted-in"] = {"pk": {"S": "region"}, "sk": {"S": "opted-in"}, **doc}
    assert ledger.last_opt_in() is None
    dynamo.error = refusal("AccessDeniedException")
    assert ledger.last_opt_in() is None
    assert not ledger.tell_opt_in({}, NOW)
