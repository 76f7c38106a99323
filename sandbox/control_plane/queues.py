"""The stack's queues: how full they are, and what lies in those for dead letters.

Apart because both the tests and the demo end on the same question: is all work done, and did nothing get
lost?
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.control_plane.deploy import Stack
from sandbox.control_plane.ministack import ControlPlane


@dataclass(frozen=True)
class Depth:
    """How many messages a queue holds."""

    visible: int
    delayed: int
    in_flight: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.visible + self.delayed + self.in_flight


class Queues:
    """The queues of a stack, by their logical ids."""

    def __init__(self, plane: ControlPlane, stack: Stack) -> None:
        self._sqs = plane.client("sqs")
        self.urls: Mapping[str, str] = stack.physical_ids("AWS::SQS::Queue")
        sources = plane.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        read = {each["EventSourceArn"].rsplit(":", 1)[1] for each in sources}
        self.worked = sorted(name for name, url in self.urls.items() if url.rsplit("/", 1)[1] in read)
        """Those that a function reads."""
        self.dead = sorted(set(self.urls) - set(self.worked))
        """Those that nobody reads: for dead letters."""

    def depth(self, queue: str) -> Depth:
        """How full `queue` is."""
        found = self._sqs.get_queue_attributes(QueueUrl=self.urls[queue], AttributeNames=["All"])[
            "Attributes"
        ]
        prefix = "ApproximateNumberOfMessages"
        return Depth(
            visible=int(found[prefix]),
            delayed=int(found[f"{prefix}Delayed"]),
            in_flight=int(found[f"{prefix}NotVisible"]),
        )

    def idle(self) -> bool:
        """Whether no work waits or is being done."""
        return not any(self.depth(queue).total for queue in self.worked)

    def dead_letters(self) -> dict[str, int]:
        """How many dead letters there are, by queue; queues without any are left out."""
        counts = {queue: self.depth(queue).total for queue in self.dead}
        return {queue: count for queue, count in counts.items() if count}

    def send(self, queue: str, body: str, **arguments: str) -> None:
        """Put a message into `queue`, as it is."""
        self._sqs.send_message(QueueUrl=self.urls[queue], MessageBody=body, **arguments)
