"""Reconcile runs from the desk: as the queue makes them, one after another, until each VPC has converged.

Between two runs of a VPC there is a pause, in which AWS works. How long it is after a failure is said by
`requeue`, as for the queue.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from reconciler import reconcile, requeue
from reconciler.conclusion import Ending, Run
from reconciler.domain.counts import Concluded, Done
from reconciler.domain.findings import Status
from reconciler.event_bus import EventBus
from reconciler.messages import RunRequest
from reconciler.reconcile import Means

from .problems import Problem, is_signed_out
from .screen import Progress
from .words import count, duration
from .world import World

# AWS takes a minute or two over an endpoint. A person waits, so a long debounce is not kept.
_SHORTEST_PAUSE, _LONGEST_PAUSE = 5, 30
_FINE = frozenset({Ending.CONVERGED, Ending.LEFT_ALONE, Ending.GONE})


@dataclass
class Course:
    """What became of one VPC. `done` is what EC2 was asked for and took, in order. Times are in seconds."""

    request: RunRequest
    due: float
    began: float
    ended: float = 0.0
    runs: int = 0
    last: Run | None = None
    done: list[Done] = field(default_factory=list)

    @property
    def vpc_id(self) -> str:
        return self.request.vpc_id

    @property
    def ending(self) -> Ending:
        """How the last run ended."""
        assert self.last is not None
        return self.last.ending

    @property
    def is_over(self) -> bool:
        """Whether the VPC is not requeued any more."""
        return self.last is not None and not self.last.is_requeued

    @property
    def is_fine(self) -> bool:
        """Whether nothing is left to do, now or by a person."""
        return self.is_over and self.ending in _FINE

    @property
    def open(self) -> tuple[Concluded, ...]:
        """What the last run left open."""
        open_ = (Status.BLOCKED, Status.CONTESTED, Status.WAITING, Status.REPORTED)
        return tuple(each for each in self.last.findings if each.status in open_) if self.last else ()


class Runs:
    """Makes the runs, and says on stdout what each of them did, unless that is for machines."""

    def __init__(self, world: World, means: Means, correlation_id: str) -> None:
        self._world = world
        self._means = means
        self._correlation_id = correlation_id
        debounce = world.deployment.debounce
        self._pause = min(max(debounce, _SHORTEST_PAUSE), _LONGEST_PAUSE)
        self._bus = EventBus(
            lambda: world.account.events, world.deployment.installation.id, world.screen.warn
        )

    def converge(self, vpc_ids: Iterable[str]) -> list[Course]:
        """Run each VPC until it has converged, or a person is needed. In order of the ids.

        Raises:
            Problem: when the credentials expire on the way. What was begun is finished by a later run.
        """
        now = self._world.now()
        courses = [Course(self._request(each, now), now, now) for each in vpc_ids]
        with self._world.screen.busy(f"Working on {count(len(courses), 'VPC')} …") as progress:
            while waiting := [each for each in courses if not each.is_over]:
                course = min(waiting, key=lambda each: each.due)
                self._wait(course, waiting, progress)
                progress.at(f"{course.vpc_id}: run {course.runs + 1} …")
                self._run(course)
        return courses

    def _request(self, vpc_id: str, now: float) -> RunRequest:
        return RunRequest(vpc_id, first_seen=int(now * 1000), correlation_id=self._correlation_id)

    def _wait(self, course: Course, waiting: list[Course], progress: Progress) -> None:
        """Until the run is due. Time is looked at often, so that the person sees that it passes."""
        while (left := course.due - self._world.now()) > 0:
            so_far, next_in = duration(self._world.now() - course.began), duration(left + 1)
            progress.at(
                f"{count(len(waiting), 'VPC')} not there yet, after {so_far}: next run in {next_in} …"
            )
            self._world.sleep(min(left, 1.0))

    def _run(self, course: Course) -> None:
        done = reconcile.run(course.request, self._means)
        if done.unread and is_signed_out(done.unread.code):
            raise Problem(
                f"AWS takes the credentials no more ({done.unread}). Sign in and start again: what was begun "
                "is finished then."
            )
        now = self._world.now()
        if self._world.deployment.is_deployed:
            self._bus.announce(course.vpc_id, done.news, now, self._correlation_id)
        course.last, course.runs, course.ended = done, course.runs + 1, now
        new = dict.fromkeys(each for finding in done.findings for each in finding.done)
        course.done += new
        if not self._world.screen.as_json:
            for each in new:
                self._world.screen.line(f"{course.vpc_id}  {each.call}")
        course.request = requeue.next_request(done, self._pause, now)
        course.due = max(now + self._pause, course.request.not_before / 1000)
