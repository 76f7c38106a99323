"""The demo: a fleet of VPCs converges, is broken in many ways and heals, and sees no harm done; all by the
deployed template.

Whether a VPC has healed is for `sandbox.truth` to say, from EC2's own answers. Who broke it is for the
remediator to say: its log lines must name the right one.
"""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest

from botocore.exceptions import ClientError
from rich.console import Console

from sandbox.demo import fleet, show, witness
from sandbox.demo.breaks import BREAKS, Break, Scene
from sandbox.demo.fleet import Vpc
from sandbox.demo.metrics_table import metrics_tables
from sandbox.demo.people import Person
from sandbox.demo.show import Board
from sandbox.demo.stories import STORIES, NotShown, Stage, Story
from sandbox.demo.verdict import Verdict, conclude
from sandbox.sandbox import Sandbox, extracting, started, wait_until

DEBOUNCE_SECONDS = 2
_PATIENCE = 60.0
_LOG_PATIENCE = 15.0
_LOOK_EVERY = 0.2


def run(console: Console) -> int:
    """The whole demo; answers the exit status."""
    begun = time.monotonic()
    verdict = Verdict()
    console.rule("VPC Endpoint Remediator: the real template, on this machine, with no AWS account")
    with contextlib.ExitStack() as everything:
        with show.step(console, "EC2 and the control plane are up"):
            sandbox = everything.enter_context(started())
        with show.step(console, "sam build && sam deploy") as deploying:
            sandbox.progress = deploying.news
            sandbox.deploy(DebounceSeconds=DEBOUNCE_SECONDS)
        everything.enter_context(extracting(sandbox))
        _play(console, sandbox, verdict)
    with show.step(console, "everything stopped"):
        pass
    return conclude(console, verdict, time.monotonic() - begun)


def _play(console: Console, sandbox: Sandbox, verdict: Verdict) -> None:
    with show.step(console, f"{len(fleet.FLEET) + 2} VPCs made, as a customer would"):
        vpcs = {plan.name: fleet.make(sandbox.customer, plan) for plan in fleet.FLEET}
        untouchables = [fleet.make(sandbox.customer, plan) for plan in (fleet.BYSTANDER, fleet.AUDITED)]
    _show_fleet(console, sandbox, [*vpcs.values(), *untouchables])
    before = {vpc.id: sandbox.truth.snapshot(vpc.id) for vpc in untouchables}
    _converge(console, sandbox, list(vpcs.values()), verdict)
    fleet.opt_in(sandbox.customer, untouchables[1], sandbox.tag_prefix)
    _settle(console, sandbox, verdict, "all queues empty")
    _break_and_heal(console, sandbox, vpcs, verdict)
    _do_no_harm(console, sandbox, vpcs, verdict)
    _settle(console, sandbox, verdict, "all queues empty, and one more sweep of the Region")
    sandbox.invoke("SweepFunction", {})
    for vpc in untouchables:
        touched = sandbox.truth.snapshot(vpc.id) != before[vpc.id]
        word = "TOUCHED" if touched else "untouched"
        console.print(f"  {vpc.name} ({vpc.plan.story}): {word}", highlight=False)
        verdict.expect(not touched, f"{vpc.name} was touched")
    letters = sandbox.queues.dead_letters()
    verdict.expect(not letters, f"dead letters: {letters}")
    _show_metrics(console, sandbox)
    _show_traffic(console, sandbox, verdict)


def _settle(console: Console, sandbox: Sandbox, verdict: Verdict, what: str) -> None:
    with show.step(console, what):
        verdict.expect(wait_until(sandbox.idle, _PATIENCE), "work is left in the queues")


def _converge(console: Console, sandbox: Sandbox, vpcs: Sequence[Vpc], verdict: Verdict) -> None:
    """Tag each VPC, and watch it become what it should be."""
    rows = [(vpc.name, vpc.plan.story) for vpc in vpcs]
    with (
        ThreadPoolExecutor(len(vpcs)) as pool,
        Board(console, "Tagged vpce-remediator:profile = appmesh", rows) as board,
    ):

        def heal(number: int) -> bool:
            board.begin(number)
            since = time.monotonic()
            fleet.opt_in(sandbox.customer, vpcs[number], sandbox.tag_prefix)
            return _watch(sandbox, vpcs[number], board, number, since, verdict)

        verdict.converged = sum(pool.map(heal, range(len(vpcs))))


def _break_and_heal(console: Console, sandbox: Sandbox, vpcs: Mapping[str, Vpc], verdict: Verdict) -> None:
    """Break every VPC at once, each in its own way; when all is quiet again, the next way."""
    scenes = [Scene(each.by.ec2(sandbox), sandbox.truth, vpcs[each.vpc]) for each in BREAKS]
    since = dict.fromkeys(range(len(BREAKS)), 0.0)
    with (
        ThreadPoolExecutor(len(vpcs)) as pool,
        Board(console, "Broken on purpose", [(each.vpc, each.title) for each in BREAKS]) as board,
    ):

        def heal(number: int) -> bool:
            since[number] = time.time()
            return _break(sandbox, scenes[number], BREAKS[number], board, number, verdict)

        for numbers in _rounds():
            verdict.healed += sum(pool.map(heal, numbers))
            verdict.expect(wait_until(sandbox.idle, _PATIENCE), "work is left in the queues")
            for number in numbers:
                each, vpc = BREAKS[number], scenes[number].vpc
                _name(sandbox, vpc, each.by, since[number], board, number, verdict)


def _do_no_harm(console: Console, sandbox: Sandbox, vpcs: Mapping[str, Vpc], verdict: Verdict) -> None:
    """Play all stories at once, each in a VPC of its own."""
    rows = [(each.vpc, each.title) for each in STORIES]
    stages = [Stage(sandbox, Scene(each.by.ec2(sandbox), sandbox.truth, vpcs[each.vpc])) for each in STORIES]
    with (
        ThreadPoolExecutor(len(STORIES)) as pool,
        Board(console, "No harm done", rows, done="as it should") as board,
    ):

        def tell(number: int) -> bool:
            return _tell(stages[number], STORIES[number], board, number, verdict)

        verdict.held = sum(pool.map(tell, range(len(STORIES))))


def _tell(stage: Stage, story: Story, board: Board, number: int, verdict: Verdict) -> bool:
    """Play a story to its end."""
    board.begin(number)
    begun, since = time.monotonic(), time.time()
    try:
        outcome, well = story.play(stage), True
    except (NotShown, ClientError, AssertionError, ValueError) as error:
        outcome, well = str(error), False
    board.end(number, well, time.monotonic() - begun, outcome)
    verdict.expect(well, f"{story.vpc}: {story.title}: {outcome}")
    _name(
        sandbox=stage.sandbox,
        vpc=stage.scene.vpc,
        by=story.by,
        since=since,
        board=board,
        number=number,
        verdict=verdict,
    )
    return well


def _name(
    sandbox: Sandbox, vpc: Vpc, by: Person, since: float, board: Board, number: int, verdict: Verdict
) -> None:
    """Let the row say whom the remediator's log lines name, and expect that it is the right one."""
    wait_until(lambda: by.named in witness.actors(sandbox, vpc.id, since), _LOG_PATIENCE)
    named = witness.actors(sandbox, vpc.id, since)
    board.name(number, ", ".join(named) or "nobody")
    verdict.named += named == [by.named]
    row = board.rows[number]
    verdict.expect(named == [by.named], f"{vpc.name}: {row.what}: the log names {row.by}, not {by.named}")


def _rounds() -> list[list[int]]:
    """The numbers of the breaks, in rounds with one break a VPC."""
    of_vpc: dict[str, list[int]] = defaultdict(list)
    for number, each in enumerate(BREAKS):
        of_vpc[each.vpc].append(number)
    return [[each for each in several if each is not None] for several in zip_longest(*of_vpc.values())]


def _break(sandbox: Sandbox, scene: Scene, each: Break, board: Board, number: int, verdict: Verdict) -> bool:
    """Break a VPC, make sure that it is broken, and watch it heal."""
    board.begin(number)
    since = time.monotonic()
    try:
        each.do(scene)
    except (ClientError, AssertionError, IndexError) as error:
        board.end(number, False, time.monotonic() - since, f"could not be broken: {error}")
        verdict.failures.append(f"{each.vpc}: {each.title}: could not be broken: {error}")
        return False
    if not scene.truth.faults(scene.vpc.id):
        board.end(number, False, time.monotonic() - since, "the break broke nothing")
        verdict.failures.append(f"{each.vpc}: {each.title}: broke nothing")
        return False
    return _watch(sandbox, scene.vpc, board, number, since, verdict)


def _watch(sandbox: Sandbox, vpc: Vpc, board: Board, number: int, since: float, verdict: Verdict) -> bool:
    """Wait until EC2 says that the VPC is as it should be."""
    truth = sandbox.truth
    healed = wait_until(lambda: board.closed or not truth.faults(vpc.id), _PATIENCE, _LOOK_EVERY)
    seconds = time.monotonic() - since
    left = "" if healed else "; ".join(truth.faults(vpc.id))
    board.end(number, healed, seconds, left)
    verdict.expect(healed, f"{vpc.name}: {board.rows[number].what}: {left}")
    if healed:
        verdict.times.append(seconds)
    return healed


def _show_fleet(console: Console, sandbox: Sandbox, vpcs: Sequence[Vpc]) -> None:
    rows = [(vpc.name, vpc.id, vpc.plan.story, str(len(sandbox.truth.faults(vpc.id)))) for vpc in vpcs]
    console.print(show.table("The fleet", ("VPC", "id", "state", "faults"), rows))


def _show_metrics(console: Console, sandbox: Sandbox) -> None:
    for table in metrics_tables(sandbox.metrics()):
        console.print(table)
    watched = fleet.AUDITED.name
    console.print(
        f"  what was detected and not remediated is {watched}'s: audit reports, and changes nothing",
        highlight=False,
    )


def _show_traffic(console: Console, sandbox: Sandbox, verdict: Verdict) -> None:
    counts = sandbox.delivery.counts
    own = [call for call in sandbox.calls_of("ReconcileFunction") if call.mutating]
    own_matched = counts.matched_of[sandbox.roles["ReconcileFunction"].role_arn]
    console.print(
        f"  {counts.events} events went by, {counts.matched} matched a rule;"
        f" of the {len(own)} that the program's own calls raised, {own_matched} did",
        highlight=False,
        soft_wrap=True,
    )
    verdict.expect(not own_matched, "the program's own calls matched the rules")
    verdict.expect(not counts.failures, f"{counts.failures} events could not be delivered")
