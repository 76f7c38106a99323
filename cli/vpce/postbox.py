"""The installation's queues of dead letters: letters are taken out to be looked at, sent again or discarded,
and put back where they are left."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from . import letters
from .letters import Letter, Read
from .problems import Problem
from .world import World

# So long nobody else gets a letter that was taken out: a person has this time to answer.
_TAKEN_SECONDS = 900
_BATCH = 10
_WAIT_SECONDS = 1


@dataclass(frozen=True)
class Box:
    """A queue of dead letters, and where its letters go again: to a function or to a queue, by their logical
    ids in the template. With both, to the function only where the deployed version has no such queue."""

    name: str
    read: Read
    function: str = ""
    queue: str = ""


def boxes(tag_prefix: str) -> tuple[Box, ...]:
    """All of a stack."""
    return (
        Box("IntakeDeadLetters", letters.intake_event(tag_prefix), "IntakeFunction", "EventQueue"),
        Box("PassDeadLetters", letters.run_request, queue="PassQueue"),
        Box("SweepDeadLetters", letters.sweep_event, function="SweepFunction"),
        Box("SweepRequestDeadLetters", letters.sweep_request, queue="SweepQueue"),
    )


@dataclass
class Postbox:
    """All dead letters of an installation. `taken` are those that were taken out and not yet discarded."""

    world: World
    taken: dict[str, Letter] = field(default_factory=dict)
    _sent: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        there, found = self.world.deployment, self.world.resources
        self._boxes = {each.name: each for each in boxes(there.installation.tag_prefix) if each.name in found}

    def count(self) -> Mapping[str, int]:
        """How many letters lie in each queue that has any, also those that were taken out."""
        counts = {}
        for name in self._boxes:
            found = self.world.account.sqs.get_queue_attributes(
                QueueUrl=self._url(name),
                AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
            )["Attributes"]
            if number := sum(int(each) for each in found.values()):
                counts[name] = number
        return counts

    def take(self) -> list[Letter]:
        """Take out all letters that SQS gives. Of one VPC's it gives ten at a time."""
        return [letter for name in self._boxes for letter in self._take(name)]

    def _take(self, name: str) -> Iterator[Letter]:
        while True:
            answer = self.world.account.sqs.receive_message(
                QueueUrl=self._url(name),
                MaxNumberOfMessages=_BATCH,
                VisibilityTimeout=_TAKEN_SECONDS,
                WaitTimeSeconds=_WAIT_SECONDS,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            messages = answer.get("Messages", [])
            if not messages:
                return
            for message in messages:
                letter = letters.of_message(name, message, self._boxes[name].read, self.world.now())
                self.taken[letter.message_id] = letter
                yield letter

    def send_again(self, letter: Letter) -> None:
        """Send what the letter asks for, and discard it. Where one before it asked for the same, that was
        enough."""
        box = self._boxes[letter.queue]
        if not letter.key or letter.key not in self._sent:
            if queue := self.world.resources.get(box.queue):
                self._send(queue, letter)
            else:
                self._invoke(self.world.resources[box.function], letter)
        if letter.key:
            self._sent.add(letter.key)
        self.discard(letter)

    def _send(self, queue: str, letter: Letter) -> None:
        if not letter.group:
            self.world.account.sqs.send_message(QueueUrl=queue, MessageBody=letter.again)
            return
        self.world.account.sqs.send_message(
            QueueUrl=queue,
            MessageBody=letter.again,
            MessageGroupId=letter.group,
            # Sent twice, where the letter could not be discarded, it is taken once.
            MessageDeduplicationId=f"redrive/{letter.message_id}",
        )

    def _invoke(self, function: str, letter: Letter) -> None:
        answer = self.world.account.functions.invoke(
            FunctionName=function, InvocationType="Event", Payload=letter.again.encode()
        )
        if answer["StatusCode"] != 202:
            raise Problem(f"{function} did not take letter {letter.message_id}: {answer['StatusCode']}.")

    def discard(self, letter: Letter) -> None:
        """Take the letter away for good."""
        self.world.account.sqs.delete_message(QueueUrl=self._url(letter.queue), ReceiptHandle=letter.receipt)
        del self.taken[letter.message_id]

    def put_back(self) -> None:
        """Let others see at once what was taken out and not discarded."""
        for letter in list(self.taken.values()):
            # One that cannot be put back comes back by itself.
            with contextlib.suppress(ClientError):
                self.world.account.sqs.change_message_visibility(
                    QueueUrl=self._url(letter.queue), ReceiptHandle=letter.receipt, VisibilityTimeout=0
                )
        self.taken.clear()

    def _url(self, name: str) -> str:
        return self.world.resources[name]


@contextlib.contextmanager
def opened(world: World) -> Iterator[Postbox]:
    """The postbox; in the end, whatever happens, what was taken out is put back."""
    postbox = Postbox(world)
    try:
        yield postbox
    finally:
        postbox.put_back()
