"""What goes wrong is told in one sentence that says what to do, on stderr, with exit status 1."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    SSLError,
    UnauthorizedSSOTokenError,
)

from tests.account import Account
from tests.command_line import CommandLine
from vpce import account as accounts
from vpce import app
from vpce.problems import SERVICE, sentence
from vpce.screen import Screen


def answered(code: str, message: str = "EC2's own words.", service: str = "") -> ClientError:
    error = ClientError({"Error": {"Code": code, "Message": message}}, "DescribeVpcs")
    if service:
        cast("dict[str, Any]", error.response)[SERVICE] = service
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoCredentialsError(), "There are no AWS credentials. Sign in"),
        (UnauthorizedSSOTokenError(), "Run: aws sso login"),
        (EndpointConnectionError(endpoint_url="https://ec2.eu-west-1"), "AWS cannot be reached"),
        (SSLError(endpoint_url="https://ec2", error=OSError("bad")), "AWS_CA_BUNDLE"),
        (answered("ExpiredToken"), "The AWS credentials have expired."),
        (answered("RequestExpired"), "The AWS credentials have expired."),
        (answered("AuthFailure"), "AWS does not know these credentials (AuthFailure: EC2's own words)."),
        (answered("UnauthorizedOperation"), "The credentials do not allow DescribeVpcs."),
        (answered("InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist"), "does not exist. Look at"),
        (answered("Strange"), "AWS refused DescribeVpcs: Strange: EC2's own words."),
    ],
)
def test_each_has_a_sentence(error: Exception, words: str) -> None:
    assert words in sentence(error)
    assert "\n" not in sentence(error)


def test_a_refused_permission_is_named_as_a_policy_names_it() -> None:
    assert "do not allow ec2:DescribeVpcs." in sentence(answered("AccessDenied", service="ec2"))


def test_the_clients_note_whose_answer_an_answer_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any, **_more: Any) -> Any:
        body = b"<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>"
        return AWSResponse("https://ec2", 403, {"Content-Type": "text/xml"}, Raw(body))  # type: ignore[arg-type]

    monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", refuse)
    with pytest.raises(ClientError) as raised:
        accounts.Account("eu-west-1").ec2.describe_vpcs()
    assert "do not allow ec2:DescribeVpcs." in sentence(raised.value)


class Raw:
    """A body that is read once."""

    def __init__(self, body: bytes) -> None:
        self._parts = [body]

    def stream(self, **_more: Any) -> list[bytes]:
        return [self._parts.pop()] if self._parts else []


# ---- from the shell


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which nobody has set up AWS."""
    names = (
        "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION AWS_DEFAULT_REGION AWS_PROFILE AWS_ENDPOINT_URL"
    )
    for each in names.split():
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["plan"], {}, "Error: No Region is chosen. Name one with --region or AWS_REGION"),
        (["plan", "--region", "eu-west-1"], {}, "Error: There are no AWS credentials."),
        (["plan", "--aws-profile", "nobody"], {}, "Error: The AWS profile 'nobody' is not defined."),
        (["plan"], {"AWS_PROFILE": "nobody"}, "Error: The AWS profile 'nobody' is not defined."),
        (["plan", "--regoin", "x"], {}, "No such option"),
        (["paln"], {}, "No such command 'paln'"),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_status_1(
    arguments: list[str],
    environment: dict[str, str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    assert app.run(arguments) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert words in said.err
    assert "Traceback" not in said.err


@pytest.mark.usefixtures("clean")
def test_an_endpoint_that_nobody_listens_at_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    quick = accounts.CONFIG.merge(Config(retries={"total_max_attempts": 1}))
    monkeypatch.setattr(accounts, "CONFIG", quick)
    assert app.run(["plan", "--region", "eu-west-1"]) == 1
    assert "Error: AWS cannot be reached" in capsys.readouterr().err


def test_a_fault_of_the_program_is_not_dressed_up(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_world: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr("vpce.preview.Fleet.of", broken)
    with pytest.raises(RuntimeError, match="a fault"):
        CommandLine(account)("plan")


@pytest.fixture
def account() -> Account:
    return Account()


# ---- what goes where


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "no_color", "coloured"),
    [(Terminal, "", True), (Terminal, "1", False), (io.StringIO, "", False)],
)
def test_colour_is_for_a_terminal_and_never_with_no_color(
    stream: type[io.StringIO], no_color: str, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", no_color)
    out = stream()
    with redirect_stdout(out):
        Screen().line("word", "red")
    assert ("\x1b[" in out.getvalue()) is coloured


def test_a_line_of_data_does_not_run_into_the_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal()
    with redirect_stdout(terminal), redirect_stderr(terminal):
        screen = Screen()
        with screen.busy("working"):
            screen.line("data")
    before = terminal.getvalue().partition("data")[0]
    assert "working" in before
    assert before.endswith(("\x1b[2K", "\r", "\n"))


def test_progress_and_warnings_go_to_stderr(account: Account) -> None:
    account.vpc("a")
    answer = CommandLine(account, stacks=[])("plan", "--json")
    assert answer.document["stack"] is None
    assert "Looking at 1 VPC" in answer.err
