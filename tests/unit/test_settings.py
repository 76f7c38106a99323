from __future__ import annotations

import pytest

from reconciler.domain.installation import Installation
from reconciler.domain.model import Mode
from reconciler.domain.pace import Pace
from reconciler.settings import InvalidSettings, Settings

ENVIRONMENT = {
    "INSTALLATION_ID": "our-stack",
    "TAG_PREFIX": "vpce-remediator",
    "DEFAULT_MODE": "audit",
    "DEBOUNCE_SECONDS": "30",
    "GRACE_PERIOD_MINUTES": "90",
    "TEARDOWN_LIMIT": "7",
    "ENDPOINT_WRITE_RATE": "0.15",
    "ENDPOINT_WRITE_BURST": "2",
    "PAUSED": "false",
    "ACCOUNT_ID": "012345678901",
    "PASS_QUEUE_URL": "https://passes",
    "SWEEP_QUEUE_URL": "https://sweeps",
    "AWS_REGION": "eu-west-1",
}


def test_the_environment_of_the_template_makes_settings() -> None:
    assert Settings.from_environment({**ENVIRONMENT, "LANG": "C"}) == Settings(
        installation=Installation(
            "our-stack",
            "vpce-remediator",
            "eu-west-1",
            "012345678901",
            Mode.AUDIT,
            grace_seconds=90 * 60,
            teardown_limit=7,
            paused=False,
            pace=Pace(0.15, 2),
        ),
        debounce=30,
        pass_queue_url="https://passes",
        sweep_queue_url="https://sweeps",
    )


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_variable_that_is_missing_or_empty_is_named(name: str) -> None:
    without = {key: value for key, value in ENVIRONMENT.items() if key != name}
    for wrong in (without, {**ENVIRONMENT, name: ""}):
        with pytest.raises(InvalidSettings, match=f"{name} is not set"):
            Settings.from_environment(wrong)


def test_a_mode_that_is_none_is_refused_with_the_modes_that_there_are() -> None:
    with pytest.raises(InvalidSettings, match="DEFAULT_MODE is not one of enforce, audit"):
        Settings.from_environment({**ENVIRONMENT, "DEFAULT_MODE": "Enforce"})


NUMBERS = {
    "DEBOUNCE_SECONDS": "seconds",
    "GRACE_PERIOD_MINUTES": "minutes",
    "TEARDOWN_LIMIT": "VPCs",
}


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["-1", "1.5", "half a minute", "0x10", " 30"])
def test_what_is_no_whole_number_is_refused_with_its_unit(name: str, value: str) -> None:
    with pytest.raises(InvalidSettings, match=f"{name} is .*, not a whole number of {NUMBERS[name]}"):
        Settings.from_environment({**ENVIRONMENT, name: value})


@pytest.mark.parametrize(
    ("rate", "burst"), [("0", "4"), ("-1", "4"), ("a few", "4"), ("nan", "4"), ("inf", "4"), ("0.3", "0")]
)
def test_a_pace_at_which_no_call_is_ever_due_or_that_is_none_is_refused(rate: str, burst: str) -> None:
    given = {"ENDPOINT_WRITE_RATE": rate, "ENDPOINT_WRITE_BURST": burst}
    with pytest.raises(InvalidSettings, match=f"ENDPOINT_WRITE_RATE is '{rate}' calls a second"):
        Settings.from_environment({**ENVIRONMENT, **given})


def test_nothing_is_a_number() -> None:
    """No debounce; no grace, so that what nobody asks for goes at once; no VPC that may lose anything."""
    found = Settings.from_environment({**ENVIRONMENT, **dict.fromkeys(NUMBERS, "0")})
    assert found.debounce == 0
    assert (found.installation.grace_seconds, found.installation.teardown_limit) == (0, 0)


@pytest.mark.parametrize(("word", "paused"), [("true", True), ("false", False)])
def test_an_installation_is_paused_where_the_template_says_so(word: str, paused: bool) -> None:
    assert Settings.from_environment({**ENVIRONMENT, "PAUSED": word}).installation.paused is paused


@pytest.mark.parametrize("word", ["True", "yes", "1", " true"])
def test_a_pause_that_is_misspelt_is_refused_rather_than_read_as_none(word: str) -> None:
    with pytest.raises(InvalidSettings, match=f"PAUSED is '{word}', neither true nor false"):
        Settings.from_environment({**ENVIRONMENT, "PAUSED": word})


def test_the_installation_is_known_by_its_id_and_not_by_the_name_of_its_stack() -> None:
    found = Settings.from_environment({**ENVIRONMENT, "INSTALLATION_ID": "network", "STACK_NAME": "x-1a2b"})
    assert found.installation.id == "network"
    assert found.installation.group_tags("vpc-1")[found.installation.owner_key] == "network"


def test_the_ledger_and_the_profiles_are_of_the_names_that_are_given() -> None:
    named = {**ENVIRONMENT, "LEDGER_TABLE": "memory", "PROFILES_PARAMETER": "/profiles"}
    found = Settings.from_environment(named)
    assert (found.ledger_table, found.profiles_parameter) == ("memory", "/profiles")
