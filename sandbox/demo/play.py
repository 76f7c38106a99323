"""The demo: a fleet of VPCs converges, is broken in many ways and heals, and comes to no harm; all by the
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

from rich.console import Console

from sandbox.demo import close_up, fleet, show
from sandbox.demo.act import PATIENCE, Act
from sandbox.demo.breaks import BREAKS, Scene
from sandbox.demo.fleet import Vpc
from sandbox.demo.metrics_table import (
    calls_by_function,
    contested,
    drift_rows,
    drift_table,
    metrics_tables,
    vpcs_by_state,
)
from sandbox.demo.show import Board
from sandbox.demo.stories import STORIES, Stage
from sandbox.demo.verdict import Verdict, conclude
from sandbox.report.recorder import recording
from sandbox.sandbox import Sandbox, extracting, started, wait_until

DEBOUNCE_SECONDS = 2
_FROM_NEAR = "legacy"


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
        everything.enter_context(recording(sandbox, verdict, console))
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
    near = close_up.view(sandbox, vpcs[_FROM_NEAR].id)
    _converge(console, sandbox, list(vpcs.values()), verdict)
    close_up.show_between(console, sandbox, vpcs[_FROM_NEAR], near)
    fleet.opt_in(sandbox.customer, untouchables[1], sandbox.tag_prefix)
    with show.step(console, "all queues empty"):
        _expect_idle(sandbox, verdict)
    _break_and_heal(console, sandbox, vpcs, verdict)
    _do_no_harm(console, sandbox, vpcs, verdict)
    with show.step(console, "all queues empty, and one more sweep of the Region"):
        _expect_idle(sandbox, verdict)
        sandbox.invoke("SweepFunction", {})
        _expect_idle(sandbox, verdict)
    for vpc in untouchables:
        touched = sandbox.truth.snapshot(vpc.id) != before[vpc.id]
        word = "TOUCHED" if touched else "untouched"
        console.print(f"  {vpc.name} ({vpc.plan.story}): {word}", highlight=False)
        verdict.expect(not touched, f"{vpc.name} was touched")
    letters = sandbox.queues.dead_letters()
    verdict.expect(not letters, f"dead letters: {letters}")
    _show_metrics(console, sandbox, [*vpcs.values(), *untouchables], verdict)
    _show_traffic(console, sandbox, verdict)


def _expect_idle(sandbox: Sandbox, verdict: Verdict) -> None:
    verdict.expect(wait_until(sandbox.idle, PATIENCE), "work is left in the queues")


def _converge(console: Console, sandbox: Sandbox, vpcs: Sequence[Vpc], verdict: Verdict) -> None:
    """Tag each VPC, and watch it become what it should be."""
    rows = [(vpc.name, vpc.plan.story) for vpc in vpcs]
    with (
        ThreadPoolExecutor(len(vpcs)) as pool,
        Board(console, f"Tagged {sandbox.tag_prefix}:profile = appmesh", rows) as board,
    ):
        act = Act(sandbox, board, verdict)
        verdict.converged = sum(pool.map(act.opt_in, range(len(vpcs)), vpcs))


def _break_and_heal(console: Console, sandbox: Sandbox, vpcs: Mapping[str, Vpc], verdict: Verdict) -> None:
    """Break every VPC at once, each in its own way; when all is quiet again, the next way."""
    scenes = [Scene(each.by.ec2(sandbox), sandbox.truth, vpcs[each.vpc]) for each in BREAKS]
    with (
        ThreadPoolExecutor(len(vpcs)) as pool,
        Board(console, "Broken on purpose", [(each.vpc, each.title) for each in BREAKS]) as board,
    ):
        act = Act(sandbox, board, verdict)
        for numbers in _rounds():
            since = time.time()
            verdict.healed += sum(pool.map(lambda n: act.break_it(n, BREAKS[n], scenes[n]), numbers))
            _expect_idle(sandbox, verdict)
            for n in numbers:
                verdict.named += act.name(n, scenes[n].vpc, BREAKS[n].by, since)


def _do_no_harm(console: Console, sandbox: Sandbox, vpcs: Mapping[str, Vpc], verdict: Verdict) -> None:
    """Play all stories at once, each in a VPC of its own."""
    rows = [(each.vpc, each.title) for each in STORIES]
    scenes = [Scene(each.by.ec2(sandbox), sandbox.truth, vpcs[each.vpc]) for each in STORIES]
    stages = [Stage(sandbox, scene, each.by) for scene, each in zip(scenes, STORIES, strict=True)]
    with ThreadPoolExecutor(len(STORIES)) as pool, Board(console, "No harm done", rows) as board:
        act, since = Act(sandbox, board, verdict), time.time()
        verdict.harmless = sum(pool.map(act.tell, range(len(STORIES)), STORIES, stages))
        for number, each in enumerate(STORIES):
            verdict.named += act.name(number, vpcs[each.vpc], each.by, since)


def _rounds() -> list[list[int]]:
    """The numbers of the breaks, in rounds with one break a VPC."""
    of_vpc: dict[str, list[int]] = defaultdict(list)
    for number, each in enumerate(BREAKS):
        of_vpc[each.vpc].append(number)
    return [[each for each in several if each is not None] for several in zip_longest(*of_vpc.values())]


def _show_fleet(console: Console, sandbox: Sandbox, vpcs: Sequence[Vpc]) -> None:
    rows = [(vpc.name, vpc.id, vpc.plan.story, _faults(sandbox, vpc)) for vpc in vpcs]
    console.print(show.table("The fleet", ("VPC", "id", "state", "faults"), rows, lines=True))


def _faults(sandbox: Sandbox, vpc: Vpc) -> str:
    return "\n".join(f"{n}. {each}" for n, each in enumerate(close_up.faults(sandbox, vpc.id), 1))


def _show_metrics(console: Console, sandbox: Sandbox, vpcs: Sequence[Vpc], verdict: Verdict) -> None:
    metrics, watched = sandbox.metrics(), vpcs[-1]
    for table in metrics_tables(metrics, {vpc.id: vpc.name for vpc in vpcs}):
        console.print(table)
    console.print(
        "  TimeToConverge is until a run has seen that all is well, so it is longer than the seconds above;\n"
        "  where the events of one change fall into two windows, two runs publish one each",
        highlight=False,
    )
    console.print(drift_table(metrics, watched.id))
    console.print(
        f"  only reported: {watched.name}'s, at every run, since it is in audit mode\n"
        "  neither: contested in payments, gone with preview, or found by two runs and remediated by one\n"
        f"  DriftContested: {contested(metrics)} times a run found the fight given up",
        highlight=False,
    )
    for kind, (_, _, _, rest) in drift_rows(metrics, watched.id).items():
        verdict.expect(rest >= 0, f"{kind} was remediated more often than it was detected")
    counted = sorted(each for found in vpcs_by_state(metrics).values() for each in found)
    opted_in = sorted(_opted_in(sandbox))
    verdict.expect(counted == opted_in, f"the last sweep counted {counted}, and {opted_in} have opted in")


def _opted_in(sandbox: Sandbox) -> list[str]:
    """The VPCs that bear the opt-in tag, as EC2 has it."""
    tagged = [{"Name": "tag-key", "Values": [f"{sandbox.tag_prefix}:profile"]}]
    return [str(vpc["VpcId"]) for vpc in sandbox.ec2.truth("DescribeVpcs", Filters=tagged)["Vpcs"]]


def _show_traffic(console: Console, sandbox: Sandbox, verdict: Verdict) -> None:
    counts = sandbox.delivery.counts
    own = [call for call in sandbox.calls_of("ReconcileFunction") if call.mutating]
    own_matched = counts.matched_of[sandbox.roles["ReconcileFunction"].role_arn]
    console.print(
        f"  {counts.events} events went by, {counts.matched} matched a rule;"
        f" the remediator itself made {len(own)} calls that change something, and no rule matched"
        f" {'any' if not own_matched else f'but {own_matched}'} of them",
        highlight=False,
        soft_wrap=True,
    )
    verdict.expect(not own_matched, "the program's own calls matched the rules")
    verdict.expect(not counts.failures, f"{counts.failures} events could not be delivered")
    for function, published in calls_by_function(sandbox.metrics()).items():
        made = len(sandbox.calls_of(f"{function.title()}Function"))
        verdict.expect(made == published, f"{function} made {made} calls to EC2, and says {published}")
