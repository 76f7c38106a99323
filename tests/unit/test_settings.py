from __future__ import annotations

import pytest

from reconciler.domain.installation import Installation
from reconciler.domain.model import Mode
from reconciler.settings import InvalidSettings, Settings

ENVIRONMENT = {
    "STACK_NAME": "our-stack",
    "TAG_PREFIX": "vpce-remediator",
    "DEFAULT_MODE": "audit",
    "DEBOUNCE_SECONDS": "30",
    "ACCOUNT_ID": "012345678901",
    "PASS_QUEUE_URL": "https://passes",
    "SWEEP_QUEUE_URL": "https://sweeps",
    "AWS_REGION": "eu-west-1",
}


def test_the_environment_of_the_template_makes_settings() -> None:
    assert Settings.from_environment({**ENVIRONMENT, "LANG": "C"}) == Settings(
        installation=Installation("our-stack", "vpce-remediator", "eu-west-1", "012345678901", Mode.AUDIT),
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


@pytest.mark.parametrize("value", ["-1", "1.5", "half a minute", "0x10", " 30"])
def test_a_debounce_that_is_no_whole_number_is_refused(value: str) -> None:
    with pytest.raises(InvalidSettings, match=r"DEBOUNCE_SECONDS is .*, not a whole number of seconds"):
        Settings.from_environment({**ENVIRONMENT, "DEBOUNCE_SECONDS": value})


def test_a_debounce_of_nothing_is_a_debounce() -> None:
    assert Settings.from_environment({**ENVIRONMENT, "DEBOUNCE_SECONDS": "0"}).debounce == 0
