"""Work side by side on a simulated clock: one thread at a time, so that it is the same each time.

Work gives way where it pauses. Who goes on is who is due first, or whom `choose` picks among those that are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.ec2 import ManualClock


@dataclass(eq=False)
class _Task:
    work: Callable[[], None]
    wake_at: float
    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    over: bool = False
    failure: BaseException | None = None


class SideBySide:
    """Starts work and goes through it. `choose` is given how many are due, and says by number which of them
    goes on."""

    def __init__(self, clock: ManualClock, choose: Callable[[int], int] = lambda _due: 0) -> None:
        self._clock = clock
        self._choose = choose
        self._tasks: list[_Task] = []
        self._of_thread: dict[int, _Task] = {}
        self._back = threading.Semaphore(0)

    def start(self, work: Callable[[], None], after: float = 0.0) -> None:
        """Let work begin after so many seconds."""
        self._tasks.append(_Task(work, self._clock.now() + after))

    def pause(self, seconds: float = 0.0) -> None:
        """Let so much time pass, and others go on meanwhile. Outside the work it does nothing."""
        task = self._of_thread.get(threading.get_ident())
        if task is None:
            return
        task.wake_at = self._clock.now() + seconds
        self._back.release()
        task.turn.acquire()

    def run(self) -> None:
        """Go through all the work, to its end. Raises what any of it raised."""
        while self._tasks:
            due = min(each.wake_at for each in self._tasks)
            if due > self._clock.now():
                self._clock.advance(due - self._clock.now())
            ready = [each for each in self._tasks if each.wake_at <= self._clock.now()]
            task = ready[self._choose(len(ready)) if len(ready) > 1 else 0]
            self._go_on(task)
            if task.over:
                self._tasks.remove(task)
            if task.failure is not None:
                raise task.failure

    def _go_on(self, task: _Task) -> None:
        if task not in self._of_thread.values():
            thread = threading.Thread(target=self._do, args=(task,), daemon=True)
            thread.start()
            self._back.acquire()
            assert thread.ident is not None
        else:
            task.turn.release()
            self._back.acquire()

    def _do(self, task: _Task) -> None:
        self._of_thread[threading.get_ident()] = task
        try:
            task.work()
        except BaseException as error:  # noqa: BLE001 - raised again where all is gone through
            task.failure = error
        finally:
            task.over = True
            del self._of_thread[threading.get_ident()]
            self._back.release()
