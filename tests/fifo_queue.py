"""A FIFO queue of SQS on a test's clock, as `template.yaml` sets the VPC queue up.

It keeps an id that it has taken from being taken again for five minutes, holds each message back for its
delay, gives one message of a group at a time, and moves to the dead letters what was received too often
(facts, section 8).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

DEDUPLICATION_SECONDS = 300


@dataclass(eq=False)
class Message:
    """A message, the time at which it is next to be seen, and how often it was received."""

    id: str
    group: str
    body: str
    sent: float
    visible_at: float
    receives: int = 0


@dataclass
class FifoQueue:
    """The queue. Times are seconds since 1970."""

    now: Callable[[], float]
    delay: float
    visibility: float = 120
    receives: int = 5
    dead: list[Message] = field(default_factory=list)
    taken: int = 0
    dropped: int = 0
    _groups: dict[str, deque[Message]] = field(default_factory=dict)
    _ids: dict[str, float] = field(default_factory=dict)

    def send(self, entry: Any) -> None:
        """Take an entry of `SendMessageBatch`, or drop it as a duplicate."""
        now, once, group = self.now(), entry["MessageDeduplicationId"], entry["MessageGroupId"]
        if now - self._ids.get(once, -math.inf) < DEDUPLICATION_SECONDS:
            self.dropped += 1
            return
        self._ids[once] = now
        self.taken += 1
        message = Message(f"message-{self.taken}", group, entry["MessageBody"], now, now + self.delay)
        self._groups.setdefault(group, deque()).append(message)

    def receive(self) -> Message | None:
        """The message that has been due for longest; None where none is due."""
        due = sorted((each for each in self._heads() if each.visible_at <= self.now()), key=_by_time)
        for message in due:
            if message.receives >= self.receives:
                self.delete(message)
                self.dead.append(message)
                continue
            message.receives += 1
            message.visible_at = self.now() + self.visibility
            return message
        return None

    def delete(self, message: Message) -> None:
        """The message is dealt with."""
        self._groups[message.group].remove(message)
        if not self._groups[message.group]:
            del self._groups[message.group]

    def put_off(self, message_id: str, seconds: float) -> None:
        """A message that was received is seen again after so long."""
        [message] = [each for each in self._heads() if each.id == message_id and each.receives]
        message.visible_at = self.now() + seconds

    def due_in(self) -> float:
        """Seconds until the next message is due."""
        return max(0.0, min((each.visible_at for each in self._heads()), default=math.inf) - self.now())

    def is_empty(self) -> bool:
        """Whether nothing waits and nothing is being dealt with."""
        return not self._groups

    def _heads(self) -> Iterator[Message]:
        return (group[0] for group in self._groups.values())


def _by_time(message: Message) -> float:
    return message.visible_at
