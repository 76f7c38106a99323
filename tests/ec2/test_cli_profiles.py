"""`vpce profiles check`: what is wrong with a document, all of it, before it is deployed."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import NoCredentialsError

from tests.account import Account
from tests.command_line import CommandLine

FINE = '[own]\n[[own.endpoint]]\nservice = "sqs"\n'


@pytest.fixture
def vpce(account: Account) -> CommandLine:
    return CommandLine(account, stacks=[], ec2=account.reconciler)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return tmp_path / "profiles.toml"


def check(vpce: CommandLine, document: Path, text: str, *options: str) -> tuple[int, str, str]:
    document.write_text(text, encoding="utf-8")
    answer = vpce("profiles", "check", str(document), *options)
    return answer.status, answer.out, answer.err


def test_a_document_that_can_be_used_is_said_to_be(vpce: CommandLine, document: Path) -> None:
    status, out, err = check(vpce, document, FINE)
    assert (status, err) == (0, "")
    assert "1 profile can be used: own" in out


def test_every_mistake_is_named_with_its_line(vpce: CommandLine, document: Path) -> None:
    text = '[own]\nclients = "all"\nport = [1]\n[[own.endpoint]]\nservice = "com.amazonaws.eu-west-1.sqs"\n'
    status, out, _ = check(vpce, document, text)
    assert status == 1
    assert out.count("! line") == 3
    assert "line 2: profile 'own': 'clients' is 'all'" in out


def test_what_is_not_toml_is_said_to_be(vpce: CommandLine, document: Path) -> None:
    status, out, _ = check(vpce, document, "[own\n")
    assert (status, out.startswith("! not TOML")) == (1, True)


def test_a_service_that_the_region_does_not_offer_is_found(vpce: CommandLine, document: Path) -> None:
    status, out, _ = check(vpce, document, FINE.replace("sqs", "sqz"))
    assert status == 1
    assert "eu-west-1 does not offer: profile 'own': interface endpoint for 'sqz'" in out


def test_without_credentials_it_says_what_it_did_not_check(
    vpce: CommandLine, document: Path, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_name: str) -> None:
        raise NoCredentialsError

    monkeypatch.setattr(account.reconciler, "get_paginator", refuse)
    status, out, err = check(vpce, document, FINE)
    assert status == 0
    assert "can be used" in out
    assert "Whether the Region offers the services was not checked. There are no AWS credentials." in err


def test_json_has_the_same(vpce: CommandLine, document: Path) -> None:
    document.write_text(FINE.replace("sqs", "sqz"), encoding="utf-8")
    answer = vpce("profiles", "check", str(document), "--json")
    assert answer.document == {
        "file": str(document),
        "profiles": ["own"],
        "mistakes": [],
        "not_offered": ["profile 'own': interface endpoint for 'sqz'"],
        "not_checked": None,
    }


def test_what_ssm_would_not_store_is_warned_of(vpce: CommandLine, document: Path) -> None:
    _, _, err = check(vpce, document, FINE + "#" * 4096)
    assert "needs --tier Advanced" in err
    _, _, err = check(vpce, document, FINE + "#" * 8192)
    assert "cannot be stored" in err


def test_a_file_that_is_not_there_is_an_error_in_one_line(vpce: CommandLine, document: Path) -> None:
    answer = vpce("profiles", "check", str(document))
    assert (answer.status, answer.err) == (
        1,
        f"Error: {document} cannot be read: No such file or directory.\n",
    )
