"""One account of the simulated day: intake, the VPC queue, runs and sweeps, in order of time.

The real parts are intake and its index, the queue's requests and what is sent again, the pace of endpoint
calls and the rolling share of a sweep. The queue itself is the model that the tests use.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, cast

from benchmarks import measured as figures
from benchmarks.day.ledger import DayLedger
from benchmarks.day.meter import ENDPOINT_CALLS, Meter
from benchmarks.day.model import (
    DEBOUNCE,
    START,
    Books,
    Model,
    Swept,
    poisson,
    some_time,
    sweep_starts,
)
from benchmarks.day.region import Region
from benchmarks.measured import Measured
from reconciler import requeue
from reconciler.conclusion import Ending, Run
from reconciler.domain import rolling
from reconciler.domain.index import Index
from reconciler.domain.pace import DEFAULT_PACE, EndpointCall, Precedence
from reconciler.domain.rolling import SHARDS, Shard, Shards
from reconciler.domain.trail import Touched
from reconciler.intake import Intake
from reconciler.messages import RunRequest
from reconciler.queue import Queue
from tests.fifo_queue import FifoQueue, Message

# A run that waits for its turn does next to nothing.
_CPU_OF_EARLY = 0.002


class DayAccount:
    """An account. `number` is which one, and chooses what happens in it."""

    def __init__(self, model: Model, measured: Measured, books: Books, number: int) -> None:
        self._model, self._books, self._number = model, books, number
        self._chance = random.Random(model.seed * 1_000_003 + number)
        self.now = float(START)
        self._ahead: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._meter = Meter(model, measured, books)
        self._region = Region(model, number, self._chance, lambda: self.now, self._send)
        self._ledger = DayLedger(books, self._region.made)
        self._queue = FifoQueue(lambda: self.now, DEBOUNCE)
        self._requests = Queue(cast("Any", self), "vpcs", DEBOUNCE)
        # Until when AWS is at work on a VPC, and what the ledger knows.
        self._settles: dict[str, float] = {}
        self._converged = set(self._region.old_vpcs)
        self._arrival: Counter[str] = Counter()
        self._shards = _swept_for_long(self._region.old_vpcs)
        # Processes, by when they were last at work.
        self._intakes: list[Intake | None] = [None] * model.intakes
        self._intake_used = [-math.inf] * model.intakes
        self._batches: list[list[Touched]] = [[] for _ in range(model.intakes)]
        self._last_arrival = self._last_asked_sweep = -math.inf
        self._workers = [-math.inf] * model.workers
        self._wake = math.inf
        self._last_run: dict[str, float] = {}
        self._wrote: set[str] = set()

    def live(self) -> None:
        """Let the day pass, and what follows from it."""
        model, region = self._model, self._region
        for _ in range(round(model.events * model.vpcs)):
            self._at(some_time(model, self._chance), region.change)
        for _ in range(poisson(model.drift / 7 * len(region.old_vpcs), self._chance)):
            self._at(some_time(model, self._chance), region.break_something)
        wave = START + model.first_wave + self._number // model.wave_accounts * model.wave_every
        for each in region.new_vpcs:
            self._at(wave, lambda vpc_id=each: region.opt_in(vpc_id))  # type: ignore[misc]
        for start in sweep_starts(model, self._number):
            self._at(START + start, self._sweep)
        while self._ahead:
            self.now, _, what = heapq.heappop(self._ahead)
            what()
        self._meter.close()
        books, last = self._books, self._last_run
        books.events += region.events
        books.drifts += region.drifts
        books.told += len(region.concerning)
        books.covered += sum(last.get(vpc_id, 0.0) >= at for at, vpc_id in region.concerning)

    def _at(self, when: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._ahead, (when, next(self._order), what))

    # ---- the event queue and intake

    def _send(self, told: Touched) -> None:
        """An event is on its way, some of them twice."""
        for _ in range(1 + (self._chance.random() < self._model.twice)):
            span = self._model.late if self._chance.random() < 0.9 else self._model.much_late
            self._at(self.now + self._chance.uniform(*span), lambda: self._arrive(told))

    def _arrive(self, told: Touched) -> None:
        self._books.sqs_standard += 1
        poller, model = self._chance.randrange(self._model.intakes), self._model
        if not self._batches[poller]:
            is_idle = self.now - self._last_arrival > 60
            window = self._chance.uniform(model.window, model.idle_window) if is_idle else model.window
            self._at(self.now + window, lambda: self._take_in(poller))
        self._batches[poller].append(told)
        self._last_arrival = self.now

    def _take_in(self, poller: int) -> None:
        model, books, meter = self._model, self._books, self._meter
        waiting = self._batches[poller]
        batch, self._batches[poller] = waiting[: model.batch], waiting[model.batch :]
        if self._batches[poller]:
            self._at(self.now + 1, lambda: self._take_in(poller))
        is_cold = self.now - self._intake_used[poller] > model.process_kept
        intake = None if is_cold else self._intakes[poller]
        intake = intake or Intake(self._read, cast("Any", self._ledger), lambda: self.now)
        self._intakes[poller] = intake
        self._calls_of_batch = 0
        taken = intake.take(batch)
        intake.tell_others(taken)
        intake.keep(taken)
        calls = self._calls_of_batch
        cpu = meter.measured.cpu_of_events(len(batch)) + (meter.measured.cpu_of_index if calls else 0.0)
        spent = meter.invoke("intake", cpu, calls * model.read + 3 * model.ledger, is_cold=is_cold)
        self._intake_used[poller] = self.now + spent
        books.most_of_a_batch = max(books.most_of_a_batch, calls)
        books.sqs_standard += 2 * math.ceil(len(batch) / 10)
        plain = meter.of(figures.ONE_OF_OTHERS, "log_bytes")
        books.log_bytes += plain + len(taken.requests) * (meter.of(figures.ONE_OF_OURS, "log_bytes") - plain)
        self._at(self.now + spent, lambda: self._ask(taken.requests))
        if taken.sweep_since is not None and self.now - self._last_asked_sweep > 300:
            self._last_asked_sweep = self.now
            books.asked_sweeps += 1
            books.sqs_fifo += 3
            self._at(self.now + spent + DEBOUNCE, lambda: self._sweep(foretold=True))

    def _read(self, _named: Iterable[str]) -> Index:
        self._calls_of_batch += self._meter.read(figures.NEW_OF_OTHERS, "intake", self.now)
        return self._region.index()

    # ---- the VPC queue

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> Any:  # noqa: N803
        """As SQS."""
        assert QueueUrl
        self._books.sqs_fifo += 1
        for each in Entries:
            self._queue.send(each)
        return {}

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:  # noqa: N803
        """As SQS."""
        assert QueueUrl
        self._books.sqs_fifo += 1
        self._queue.put_off(ReceiptHandle, VisibilityTimeout)

    def _ask(self, requests: Iterable[RunRequest], origin: str = "") -> None:
        self._requests.request_runs(requests, self.now, origin)
        self._wake_at(self.now + DEBOUNCE)

    def _wake_at(self, when: float) -> None:
        if when < self._wake or self._wake <= self.now:
            self._wake = when
            self._at(when, self._work)

    def _work(self) -> None:
        """Workers that are free take what is due; the one that was at work last goes first."""
        while idle := [each for each, busy in enumerate(self._workers) if busy <= self.now]:
            message = self._queue.receive()
            if message is None:
                break
            self._books.sqs_fifo += 1
            worker = max(idle, key=lambda each: self._workers[each])
            is_cold = self.now - self._workers[worker] > self._model.process_kept
            self._workers[worker] = self.now + self._handle(message, is_cold=is_cold)
        if not self._queue.is_empty():
            self._wake_at(max(self.now + max(self._queue.due_in(), 0.05), min(self._workers)))

    # ---- runs

    def _handle(self, message: Message, *, is_cold: bool) -> float:
        """A message; gives how long it takes."""
        request = RunRequest.from_json(message.body)
        precedence = self._precedence(request.vpc_id)
        if not (request.paced and self._wait(request.paced, self.now, precedence)):
            return self._run(message, request, precedence, is_cold=is_cold)
        self._books.ledger_reads += 1
        self._books.put_off += 1
        self._meter.publish("RunPutOff", self.now)
        spent = self._meter.invoke("reconcile", _CPU_OF_EARLY, self._model.ledger, is_cold=is_cold)
        if message.receives == 1:
            self._requests.put_off(message.id, message.id)
        else:
            early = Run(request, Ending.REQUEUED, paced=request.paced, precedence=precedence, is_early=True)
            self._at(self.now + spent, lambda: self._finish(message, early))
        return spent

    def _run(self, message: Message, request: RunRequest, precedence: Precedence, *, is_cold: bool) -> float:
        vpc_id, meter = request.vpc_id, self._meter
        self._last_run[vpc_id] = self.now
        meter.read(figures.CLEAN_RUN, "reconcile", self.now, is_cold=is_cold)
        looked = self.now + self._model.ledger + 2 * self._model.read
        made, paced, ended = self._put_right(vpc_id, looked, precedence)
        kind = figures.HEALED_RUN if vpc_id in self._wrote else figures.CLEAN_RUN
        if made:
            kind = figures.ENDPOINT_RUN if made & ENDPOINT_CALLS else figures.RULES_RUN
            self._wrote.add(vpc_id)
        meter.note(kind)
        again = bool(made or paced) or self._settles.get(vpc_id, 0.0) > ended
        if not again:
            self._converged.add(vpc_id)
            self._wrote.discard(vpc_id)
            if request.attempts:
                meter.publish("TimeToConverge", ended)
        spent = meter.invoke("reconcile", meter.of(kind, "cpu"), ended - self.now, is_cold=is_cold)
        ending = Ending.REQUEUED if again else Ending.CONVERGED
        run = Run(request, ending, paced=paced, precedence=precedence)
        self._at(self.now + spent, lambda: self._finish(message, run))
        return spent

    def _put_right(
        self, vpc_id: str, at: float, precedence: Precedence
    ) -> tuple[set[str], EndpointCall | None, float]:
        """Make the calls that are wanted. Gives which were made, one for which there was no room, and when it
        was done."""
        made: set[str] = set()
        paced: EndpointCall | None = None
        for drift in [each for each in self._region.open[vpc_id] if each.at <= self.now]:
            self._meter.publish(f"DriftDetected {drift.sort.kind}", at)
            while drift.left:
                call = drift.left[0]
                if call in ENDPOINT_CALLS and not self._take(EndpointCall(call), at, precedence):
                    paced = EndpointCall(call)
                    break
                drift.left.pop(0)
                at += self._model.write
                made.add(call)
                self._meter.call([call], "reconcile", at)
                if call == EndpointCall.CREATE:
                    self._region.make_endpoint(vpc_id)
            if not drift.left:
                drift.healed = at + drift.sort.settles
                self._settles[vpc_id] = max(self._settles.get(vpc_id, 0.0), drift.healed)
                self._region.open[vpc_id].remove(drift)
                self._meter.publish(f"DriftRemediated {drift.sort.kind}", at)
        return made, paced, at

    def _finish(self, message: Message, run: Run) -> None:
        self._queue.delete(message)
        self._books.sqs_fifo += 1
        if run.is_requeued:
            self._ask([requeue.next_request(run, DEBOUNCE, self.now)], message.id)
        self._work()

    def _precedence(self, vpc_id: str) -> Precedence:
        if vpc_id in self._converged:
            return Precedence.URGENT
        return Precedence.BEGUN if self._region.endpoints[vpc_id] else Precedence.NEW

    def _wait(self, call: EndpointCall, at: float, precedence: Precedence) -> int:
        return DEFAULT_PACE.wait(self._arrival[call], int(at * 1000), precedence)

    def _take(self, call: EndpointCall, at: float, precedence: Precedence) -> bool:
        """Take a slot of the budget. An update of the ledger that is refused is billed, too."""
        if self._wait(call, at, precedence):
            self._books.ledger_writes += 1
            return False
        self._arrival[call] = max(self._arrival[call], int(at * 1000)) + DEFAULT_PACE.interval
        return True

    # ---- sweeps

    def _sweep(self, *, foretold: bool = False) -> None:
        vpc_ids = set(self._region.endpoints)
        trusted = rolling.trusted(vpc_ids, self._shards)
        found = {each for each, until in self._settles.items() if until > self.now}
        wrong = [drift for drifts in self._region.open.values() for drift in drifts if drift.at <= self.now]
        off = {each.vpc_id for each in wrong if each.sort.kind == "dns"}
        for drift in wrong:
            if drift.sort.kind != "dns" or drift.vpc_id not in trusted:
                found.add(drift.vpc_id)
                drift.is_swept = True
        read = {each: each not in off for each in vpc_ids - trusted}
        changed = rolling.updated(vpc_ids, self._shards, read, self.now)
        self._shards = {**self._shards, **changed}
        model, meter = self._model, self._meter
        calls = meter.read(figures.SWEEP, "sweep", self.now, is_cold=True, attributes=2 * len(read))
        meter.note(figures.SWEEP)
        waiting = (2 + len(read) / 4) * model.read + 10 * model.ledger
        spent = meter.invoke("sweep", meter.of(figures.SWEEP, "cpu"), waiting, is_cold=True)
        self._books.sweeps.append(Swept(self.now - START, spent, calls, foretold))
        seen = int(self.now * 1000)
        requests = [
            RunRequest(each, seen, swept=not foretold, correlation_id="sweep") for each in sorted(found)
        ]
        self._at(self.now + spent, lambda: self._ask(requests))


def _swept_for_long(vpc_ids: Iterable[str]) -> Shards:
    """What the ledger has of DNS attributes where a sweep was made each hour."""
    shards: dict[int, set[str]] = {shard: set() for shard in range(SHARDS)}
    for each in vpc_ids:
        shards[rolling.shard_of(each)].add(each)
    return {shard: Shard(START - 3600 * (SHARDS - shard), frozenset(on)) for shard, on in shards.items()}
