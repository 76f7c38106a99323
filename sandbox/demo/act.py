"""One row of a board from its beginning to its end: what is done to a VPC, whether that went well, and whom
the remediator names for it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from botocore.exceptions import ClientError

from sandbox.demo import fleet, witness
from sandbox.demo.breaks import Break, Scene
from sandbox.demo.fleet import Vpc
from sandbox.demo.people import Person
from sandbox.demo.show import Board
from sandbox.demo.stories import NotShown, Stage, Story
from sandbox.demo.verdict import Verdict
from sandbox.sandbox import Sandbox, wait_until

PATIENCE = 60.0
_LOG_PATIENCE = 15.0
_LOOK_EVERY = 0.2


@dataclass(frozen=True)
class Act:
    """Fills the rows of a board, each by its number, and counts in the verdict."""

    sandbox: Sandbox
    board: Board
    verdict: Verdict

    def __post_init__(self) -> None:
        self.verdict.boards.append(self.board)

    def opt_in(self, number: int, vpc: Vpc) -> bool:
        """Tag a VPC, and watch it become what it should be."""
        self.board.begin(number)
        begun = time.monotonic()
        fleet.opt_in(self.sandbox.customer, vpc, self.sandbox.tag_prefix)
        return self._heals(number, vpc, begun)

    def break_it(self, number: int, how: Break, scene: Scene) -> bool:
        """Break a VPC, make sure that it is broken, and watch it heal."""
        self.board.begin(number)
        begun = time.monotonic()
        try:
            how.do(scene)
        except (ClientError, AssertionError, IndexError) as error:
            return self._ends(number, scene.vpc, begun, f"could not be broken: {error}")
        if not scene.truth.faults(scene.vpc.id):
            return self._ends(number, scene.vpc, begun, "the break broke nothing")
        return self._heals(number, scene.vpc, begun)

    def tell(self, number: int, story: Story, stage: Stage) -> bool:
        """Play a story to its end."""
        self.board.begin(number)
        begun = time.monotonic()
        try:
            outcome = story.play(stage)
        except (NotShown, ClientError, AssertionError, ValueError) as error:
            return self._ends(number, stage.scene.vpc, begun, str(error))
        self.board.end(number, time.monotonic() - begun, story.ending, outcome)
        return True

    def name(self, number: int, vpc: Vpc, by: Person, since: float) -> bool:
        """Put into the row whom the remediator names for what was done since then; whether that is right."""
        wait_until(lambda: by.named in witness.actors(self.sandbox, vpc.id, since), _LOG_PATIENCE)
        named = ", ".join(witness.actors(self.sandbox, vpc.id, since)) or "nobody"
        self.board.name(number, named)
        what = self.board.rows[number].what
        self.verdict.expect(named == by.named, f"{vpc.name}: {what}: the log names {named}, not {by.named}")
        return named == by.named

    def _heals(self, number: int, vpc: Vpc, begun: float) -> bool:
        """Wait until EC2 says that the VPC is as it should be."""
        faults = self.sandbox.truth.faults
        if not wait_until(lambda: self.board.closed or not faults(vpc.id), PATIENCE, _LOOK_EVERY):
            return self._ends(number, vpc, begun, "; ".join(faults(vpc.id)))
        seconds = time.monotonic() - begun
        self.board.end(number, seconds, "healed")
        self.verdict.times.append(seconds)
        return True

    def _ends(self, number: int, vpc: Vpc, begun: float, failure: str) -> bool:
        self.board.end(number, time.monotonic() - begun, note=failure)
        self.verdict.failures.append(f"{vpc.name}: {self.board.rows[number].what}: {failure}")
        return False
