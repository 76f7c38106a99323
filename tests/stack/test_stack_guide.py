"""Every line that `make sandbox` prints does what it is there for, in bash and with the AWS CLI."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import guide
from sandbox.sandbox import Sandbox
from sandbox.trail import lookup
from tests.stack.conftest import PROFILES
from tests.stack.watch import eventually

_END = "--- the end of the section ---"
# vpce ends with 2 where not all is as it should be, as in VPCs of other tests.
_REFUSE = """
complain() { [[ $1 = 2 && $2 = *"-m vpce"* ]] || echo "status $1 of: $2"; }
trap 'complain $? "$BASH_COMMAND"' ERR
"""

pytestmark = pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not on the PATH")


@pytest.fixture
def trail(sandbox: Sandbox) -> Iterator[str]:
    """Where CloudTrail answers."""
    with lookup.serving(sandbox.ec2, sandbox.plane) as endpoint:
        yield endpoint


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The second terminal, of someone with AWS settings of their own."""
    environment = {**os.environ, "AWS_PROFILE": "undefined", "HTTP_PROXY": "http://127.0.0.1:9"}
    with subprocess.Popen(
        ["bash", "-u"],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as bash:
        yield bash
        bash.kill()


@pytest.fixture(autouse=True)
def profiles(sandbox: Sandbox) -> Iterator[Any]:
    """The parameter with profiles, which is put back as it was."""
    ssm = sandbox.client("ssm")
    document = ssm.get_parameter(Name=PROFILES)["Parameter"]["Value"]
    yield
    ssm.put_parameter(Name=PROFILES, Type="String", Value=document, Overwrite=True)


def test_every_line_works_as_it_stands(sandbox: Sandbox, trail: str, terminal: subprocess.Popen[str]) -> None:
    said = []
    _paste(terminal, _REFUSE)
    for section in guide.sections(sandbox, trail):
        said.append(_paste(terminal, str(section)))
        eventually(sandbox.idle, "work is left in the queues")
    _reach, _opt_in, made, _broken, who, _profile, mine, more, fleet = said
    assert made.count("available") == 2
    assert "DeleteVpcEndpoints" in who
    assert "caused by DeleteVpcEndpoints by Root" in who
    assert "com.amazonaws.eu-west-1.sqs" in mine
    assert "TimeToConverge" in more
    assert "mine" in fleet


def test_the_text_for_a_person_has_every_section(sandbox: Sandbox, trail: str) -> None:
    text = guide.text(sandbox, trail)
    assert "second terminal" in text
    for section in guide.sections(sandbox, trail):
        assert str(section) in text


def test_without_the_aws_cli_a_function_takes_its_place(
    sandbox: Sandbox, trail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    text = guide.text(sandbox, trail)
    assert "is not on this machine's PATH" in text
    assert "uvx --quiet --from awscli aws" in text


def _paste(terminal: subprocess.Popen[str], lines: str) -> str:
    """What is shown until the lines have run."""
    assert terminal.stdin is not None
    assert terminal.stdout is not None
    terminal.stdin.write(f"{lines}\necho '{_END}'\n")
    terminal.stdin.flush()
    shown: list[str] = []
    for line in terminal.stdout:
        if line.strip() == _END:
            return "".join(shown)
        shown.append(line)
        assert not re.match(r"status \d+ of: ", line), "".join(shown)
    pytest.fail(f"bash has ended:\n{''.join(shown)}")
