"""`make deploy` says in a sentence what is missing in the caller's AWS settings, before anything is built."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox import caller


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """AWS settings of the test's own: a file with one profile, and nothing in the environment."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    (tmp_path / "config").write_text("[profile work]\nregion = eu-west-1\n", encoding="ascii")
    (tmp_path / "credentials").write_text(
        "[work]\naws_access_key_id = AKIA\naws_secret_access_key = secret\n", encoding="ascii"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


def test_nothing_is_missing_where_profile_credentials_and_region_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert caller.missing() is None


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_an_undefined_profile_is_named_with_those_that_there_are(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "wrok")
    said = caller.missing()
    assert said is not None
    assert said.startswith(
        "AWS_PROFILE is wrok, and your AWS configuration has no such profile. There are work."
    )


def test_missing_credentials_are_said_to_be_missing() -> None:
    said = caller.missing()
    assert said is not None
    assert said.startswith("No AWS credentials are found.")


def test_a_missing_region_is_said_to_be_missing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "config").write_text("[profile work]\n", encoding="ascii")
    monkeypatch.setenv("AWS_PROFILE", "work")
    said = caller.missing()
    assert said is not None
    assert said.startswith("No Region is set.")


def test_settings_that_cannot_be_read_are_no_traceback(home: Path) -> None:
    (home / "config").write_text("no section", encoding="ascii")
    said = caller.missing()
    assert said is not None
    assert said.startswith("Your AWS settings cannot be used:")
