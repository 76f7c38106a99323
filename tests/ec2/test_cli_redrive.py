"""`vpce redrive`: what lies in the dead letters is shown, asked about, and sent again."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pytest

from reconciler.messages import RunRequest
from tests.account import Account
from tests.command_line import CommandLine
from tests.unit.cli.healthy import DEAD, FUNCTIONS, RESOURCES, Client
from tests.unit.cli.test_letters import call, failed
from tests.unit.fakes import refusal
from vpce.postbox import boxes


class FakeSqs:
    """Queues by url. A FIFO queue gives ten letters of a group, and no more of it while those are taken."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.queues: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.taken: set[str] = set()
        self.sent: list[dict[str, Any]] = []
        self.error: Exception | None = None
        self._number = 0

    def put(self, queue: str, body: Any, group: str = "", ago: float = 60) -> str:
        self._number += 1
        attributes = {"SentTimestamp": str(int((self.now - ago) * 1000))}
        if group:
            attributes["MessageGroupId"] = group
        message = {
            "MessageId": f"m-{self._number}",
            "ReceiptHandle": f"r-{self._number}",
            "Body": body if isinstance(body, str) else json.dumps(body),
            "Attributes": attributes,
        }
        self.queues[RESOURCES[queue]].append(message)
        return f"m-{self._number}"

    def left(self) -> list[str]:
        """The ids of the letters that lie anywhere."""
        return [each["MessageId"] for those in self.queues.values() for each in those]

    def get_queue_attributes(self, QueueUrl: str, AttributeNames: list[str]) -> Any:  # noqa: N803
        assert AttributeNames
        return {"Attributes": {"ApproximateNumberOfMessages": str(len(self.queues[QueueUrl]))}}

    def receive_message(self, QueueUrl: str, MaxNumberOfMessages: int, **_: Any) -> Any:  # noqa: N803
        held = {self._group(each) for each in self.queues[QueueUrl] if each["ReceiptHandle"] in self.taken}
        found = [
            each
            for each in self.queues[QueueUrl]
            if each["ReceiptHandle"] not in self.taken
            and not (self._group(each) and self._group(each) in held)
        ][:MaxNumberOfMessages]
        self.taken |= {each["ReceiptHandle"] for each in found}
        return {"Messages": found} if found else {}

    def _group(self, message: dict[str, Any]) -> str:
        return str(message["Attributes"].get("MessageGroupId", ""))

    def delete_message(self, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803
        assert ReceiptHandle in self.taken
        self.taken.remove(ReceiptHandle)
        self.queues[QueueUrl] = [e for e in self.queues[QueueUrl] if e["ReceiptHandle"] != ReceiptHandle]

    def change_message_visibility(
        self,
        QueueUrl: str,  # noqa: N803
        ReceiptHandle: str,  # noqa: N803
        VisibilityTimeout: int,  # noqa: N803
    ) -> None:
        assert QueueUrl
        assert VisibilityTimeout == 0
        self.taken.remove(ReceiptHandle)

    def send_message(self, **message: Any) -> None:
        if self.error:
            raise self.error
        self.sent.append(message)


class FakeFunctions:
    """Takes invocations."""

    def __init__(self) -> None:
        self.invoked: list[tuple[str, Any]] = []

    def invoke(self, FunctionName: str, InvocationType: str, Payload: bytes) -> Any:  # noqa: N803
        assert InvocationType == "Event"
        self.invoked.append((FunctionName, json.loads(Payload)))
        return {"StatusCode": 202}


class Desk:
    """A person at an installation's dead letters."""

    def __init__(self, account: Account) -> None:
        self.now = account.clock.now()
        self.sqs, self.functions = FakeSqs(self.now), FakeFunctions()
        self.logs = Client(filter_log_events={"events": []})
        self.vpce = CommandLine(account, sqs=self.sqs, functions=self.functions, logs=self.logs)
        self.vpce.cloudformation.resources = dict(RESOURCES)

    def run(self, vpc_id: str = "vpc-0a", **changes: Any) -> str:
        request = RunRequest(vpc_id, int((self.now - 60) * 1000), **changes)
        return self.sqs.put("PassDeadLetters", request.to_json(), vpc_id)


@pytest.fixture
def desk(account: Account) -> Desk:
    return Desk(account)


def event(name: str = "ModifyVpcAttribute") -> dict[str, Any]:
    return call(name, vpcId="vpc-0a")


def test_without_letters_there_is_nothing_to_do(desk: Desk) -> None:
    answer = desk.vpce("redrive")
    assert (answer.status, answer.out.strip()) == (0, "There are no dead letters.")


def test_a_letter_of_runs_that_crashed_says_with_which_exception(desk: Desk) -> None:
    desk.run("vpc-0a")
    desk.run("vpc-0b")
    asked: list[Any] = []

    def lines(**request: Any) -> Any:
        asked.append(request)
        line = {"message": "run of vpc-0a: crashed", "vpc_id": "vpc-0a", "exception": "KeyError: 'x'"}
        return {"events": [{"timestamp": int(desk.now * 1000), "message": json.dumps(line)}]}

    desk.logs.answers["filter_log_events"] = lines
    letters = desk.vpce("redrive", "--dry-run", "--json").document["letters"]
    errors = {tuple(each["vpc_ids"]): each["error"] for each in letters}
    assert errors == {("vpc-0a",): "KeyError: 'x'", ("vpc-0b",): None}
    assert asked[0]["filterPattern"] == '"vpc-0a" "crashed"'
    assert asked[0]["startTime"] < (desk.now - 60) * 1000
    desk.sqs.taken.clear()
    assert "failed with KeyError: 'x'" in desk.vpce("redrive", "--dry-run").out


def test_letters_are_shown_where_the_log_may_not_be_read(desk: Desk) -> None:
    desk.run("vpc-0a")
    desk.logs.answers["filter_log_events"] = refusal("AccessDeniedException")
    answer = desk.vpce("redrive", "--dry-run")
    assert "run of vpc-0a" in answer.out


def test_each_letter_goes_where_it_failed_and_is_gone(desk: Desk) -> None:
    desk.sqs.put("IntakeDeadLetters", failed(event()))
    desk.run(attempts=4)
    desk.sqs.put("SweepDeadLetters", {"source": "aws.scheduler"})
    desk.sqs.put("SweepRequestDeadLetters", {"first_seen": 1}, "region")
    answer = desk.vpce("redrive", "--yes")
    assert answer.status == 0
    assert "4 sent again." in answer.out
    assert desk.sqs.left() == []
    assert [name for name, _ in desk.functions.invoked] == [FUNCTIONS["SweepFunction"]]
    touched, run, swept = desk.sqs.sent
    # The event queue is a standard one, and takes neither group nor deduplication id.
    assert touched == {"QueueUrl": RESOURCES["EventQueue"], "MessageBody": json.dumps(event())}
    assert (run["QueueUrl"], run["MessageGroupId"]) == (RESOURCES["PassQueue"], "vpc-0a")
    assert RunRequest.from_json(run["MessageBody"]).attempts == 0
    assert (swept["QueueUrl"], json.loads(swept["MessageBody"])) == (
        RESOURCES["SweepQueue"],
        {"first_seen": 1},
    )


def test_an_event_that_a_queue_gave_up_goes_back_to_it_as_it_was(desk: Desk) -> None:
    desk.sqs.put("IntakeDeadLetters", event())
    assert "1 sent again." in desk.vpce("redrive", "--yes").out
    assert [json.loads(each["MessageBody"]) for each in desk.sqs.sent] == [event()]


def test_where_the_deployed_version_has_no_event_queue_events_go_to_the_function(desk: Desk) -> None:
    there = {name: each for name, each in RESOURCES.items() if name != "EventQueue"}
    desk.vpce.cloudformation.resources = there
    desk.sqs.put("IntakeDeadLetters", failed(event()))
    desk.vpce("redrive", "--yes")
    assert desk.functions.invoked == [(FUNCTIONS["IntakeFunction"], event())]
    assert desk.sqs.sent == []


def test_what_lies_there_is_shown_with_its_age_and_why_it_failed(desk: Desk) -> None:
    desk.sqs.put("IntakeDeadLetters", failed(event()), ago=7200)
    answer = desk.vpce("redrive", "--dry-run")
    assert answer.status == 2
    assert "IntakeDeadLetters: 1 dead letter, the oldest from 2 h ago" in answer.out
    assert "ModifyVpcAttribute by bob on vpc-0a" in answer.out
    assert "failed with NotQueued" in answer.out


def test_a_dry_run_leaves_all_and_lets_others_see_it_at_once(desk: Desk) -> None:
    desk.run()
    desk.vpce("redrive", "--dry-run")
    assert desk.sqs.left() == ["m-1"]
    assert desk.sqs.taken == set()
    assert desk.sqs.sent == []


@pytest.mark.parametrize(("answer", "sent"), [("yes", 1), ("y", 1), ("no", 0), ("", 0)])
def test_a_person_is_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch, answer: str, sent: int) -> None:
    desk.run()
    monkeypatch.setattr("vpce.screen.Screen.can_ask", True)
    monkeypatch.setattr("builtins.input", lambda: answer)
    done = desk.vpce("redrive")
    assert len(desk.sqs.sent) == sent
    assert done.status == (0 if sent else 2)
    assert "Send 1 letter again?" in done.err
    assert desk.sqs.taken == set()


def test_where_nobody_can_answer_nothing_is_sent(desk: Desk) -> None:
    desk.run()
    answer = desk.vpce("redrive")
    assert answer.status == 1
    assert "--yes" in answer.err
    assert (desk.sqs.sent, desk.sqs.taken) == ([], set())


def test_a_malformed_letter_is_named_and_left_beside_what_is_sent(desk: Desk) -> None:
    desk.sqs.put("PassDeadLetters", "not ours", "vpc-0b")
    desk.run()
    answer = desk.vpce("redrive", "--yes")
    assert answer.status == 2
    assert "is left: malformed: not JSON" in answer.out
    assert "1 sent again, 1 left." in answer.out
    assert desk.sqs.left() == ["m-1"]
    assert desk.sqs.taken == set()


def test_malformed_letters_alone_are_not_asked_about(desk: Desk) -> None:
    desk.sqs.put("IntakeDeadLetters", "not ours")
    answer = desk.vpce("redrive")
    assert answer.status == 2
    assert "again?" not in answer.err


def test_deleting_discards_malformed_ones_too_and_sends_nothing(desk: Desk) -> None:
    desk.sqs.put("PassDeadLetters", "not ours", "vpc-0b")
    desk.run()
    answer = desk.vpce("redrive", "--delete", "--yes")
    assert answer.status == 0
    assert "2 discarded." in answer.out
    assert (desk.sqs.left(), desk.sqs.sent) == ([], [])


def test_deleting_and_a_dry_run_exclude_each_other(desk: Desk) -> None:
    assert desk.vpce("redrive", "--delete", "--dry-run").status == 1


def test_more_letters_of_one_vpc_than_sqs_gives_at_a_time_are_all_sent(desk: Desk) -> None:
    for _ in range(25):
        desk.run()
    answer = desk.vpce("redrive", "--yes")
    assert "PassDeadLetters: 25 dead letters" in answer.out
    assert "and 15 more, which SQS does not show at the same time" in answer.out
    assert answer.status == 0
    assert len({each["MessageDeduplicationId"] for each in desk.sqs.sent}) == 25
    assert desk.sqs.left() == []


def test_a_day_of_sweeps_is_one_sweep(desk: Desk) -> None:
    for _ in range(24):
        desk.sqs.put("SweepDeadLetters", {"source": "aws.scheduler"})
    assert desk.vpce("redrive", "--yes").status == 0
    assert len(desk.functions.invoked) == 1
    assert desk.sqs.left() == []


def test_a_letter_that_comes_back_at_once_does_not_go_round_for_ever(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sqs.put("IntakeDeadLetters", event())
    take = desk.sqs.send_message

    def fails_again(**request: Any) -> None:
        desk.sqs.put("IntakeDeadLetters", event())
        take(**request)

    monkeypatch.setattr(desk.sqs, "send_message", fails_again)
    assert desk.vpce("redrive", "--yes").status == 0
    assert len(desk.sqs.sent) == 1


def test_a_letter_that_cannot_be_sent_stays_and_those_after_it_too(desk: Desk) -> None:
    desk.run()
    desk.run("vpc-0b")
    desk.sqs.error = refusal("AccessDenied")
    answer = desk.vpce("redrive", "--yes")
    assert answer.status == 1
    assert desk.sqs.left() == ["m-1", "m-2"]
    assert desk.sqs.taken == set()


def test_machines_get_each_letter_and_what_became_of_it(desk: Desk) -> None:
    desk.run()
    desk.sqs.put("IntakeDeadLetters", "not ours")
    document = desk.vpce("redrive", "--yes", "--json").document
    assert [(each["queue"], each["done"]) for each in document["letters"]] == [
        ("IntakeDeadLetters", "left"),
        ("PassDeadLetters", "sent again"),
    ]
    assert document["letters"][1]["vpc_ids"] == ["vpc-0a"]
    assert document["letters"][1]["age_seconds"] == 60


def test_every_queue_of_dead_letters_has_a_way_back() -> None:
    assert {each.name for each in boxes("p")} == set(DEAD)
