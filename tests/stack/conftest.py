"""The deployed stack, once for all tests of this folder, with times shortened so that no test has to wait."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from sandbox import access, places
from sandbox.sandbox import Sandbox, Timing, extracting, started
from tests.stack import earlier
from tests.stack.team import Team
from tests.stack.watch import eventually

DEBOUNCE_SECONDS = 1
_TIMING = Timing(create=1.0, modify=0.5, delete=0.5, remember=2.0, delivery=0.1)
_UPGRADE = "test_stack_upgrade.py"
# What deploys with other parameters comes last, so that nothing has to be put back.
_ORDER = {_UPGRADE: -1, "test_stack_parameters.py": 1, "test_stack_pause.py": 2}
PROFILES = "/vpce-remediator/profiles"
_DOCUMENT = """
[joined]
clients = "private-subnets"

[[joined.endpoint]]
service = "appmesh-envoy-management"
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The upgrade comes first: all other tests then see a stack that was upgraded."""
    items.sort(key=lambda item: _ORDER.get(item.path.name, 0))


@pytest.fixture(scope="session")
def said_by_sam() -> list[str]:
    """The lines that `sam build` and `sam deploy` wrote."""
    return []


@pytest.fixture(scope="session")
def sandbox(said_by_sam: list[str], request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """The template, built and deployed; one account for the whole session.

    Where the upgrade is tested, it is the template of an earlier version until that test deploys today's.
    """
    upgraded = any(item.path.name == _UPGRADE for item in request.session.items)
    project = (earlier.tree() if upgraded else None) or places.PROJECT
    with started(timing=_TIMING, project=project, progress=said_by_sam.append) as made:
        made.client("ssm").put_parameter(Name=PROFILES, Type="String", Value=_DOCUMENT)
        made.deploy(DebounceSeconds=DEBOUNCE_SECONDS, ProfilesParameter=PROFILES)
        with extracting(made):
            yield made


@pytest.fixture(scope="session", autouse=True)
def validation(sandbox: Sandbox) -> Iterator[subprocess.Popen[str]]:  # noqa: ARG001
    """`sam validate --lint`, which takes its time while the first VPCs converge."""
    environment = access.without_aws(dict(os.environ)) | {
        "AWS_DEFAULT_REGION": access.REGION,
        "SAM_CLI_TELEMETRY": "0",
    }
    with subprocess.Popen(
        [places.SAM, "validate", "--lint"],
        cwd=places.PROJECT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as sam:
        yield sam
        sam.kill()


@pytest.fixture(scope="session")
def team(sandbox: Sandbox) -> Team:
    """The people whose VPCs these are."""
    return Team(sandbox)


@pytest.fixture(autouse=True)
def lines_of_this_test(sandbox: Sandbox) -> Iterator[None]:
    """Print what the functions wrote during the test: pytest shows it when the test fails."""
    before = len(sandbox.lines())
    yield
    for line in sandbox.lines()[before:]:
        print(f"{line.function}: {line.message}")


@pytest.fixture(autouse=True)
def nothing_is_lost(sandbox: Sandbox) -> Iterator[None]:
    """All work is done in the end, and no dead letter lies anywhere, whatever a test did.

    What is left after all is taken away, so that the tests to come can tell their own story.
    """
    yield
    try:
        eventually(sandbox.idle, "work is left in the queues")
        assert sandbox.queues.dead_letters() == {}
        assert sandbox.delivery.counts.failures == 0
    except AssertionError:
        for url in sandbox.queues.urls.values():
            sandbox.client("sqs").purge_queue(QueueUrl=url)
        sandbox.delivery.counts.failures = 0
        raise
