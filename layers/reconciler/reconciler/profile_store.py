"""Where profiles come from: the built-in ones, and an SSM parameter with more or other ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from . import profiles
from .profiles import InvalidProfile
from .report import Rejection, tell_rejection

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from .model import Profile

# A change of the parameter is seen within this time.
_KEPT_SECONDS = 300


def from_parameter(name: str) -> str:
    """The parameter's text, kept for a few minutes.

    Raises:
        aws_lambda_powertools.utilities.parameters.exceptions.GetParameterError: when it cannot be read.
    """
    # Imported here: it brings clients of five services, and most installations have no parameter.
    from aws_lambda_powertools.utilities import parameters

    return str(parameters.get_parameter(name, max_age=_KEPT_SECONDS))


class ProfileStore:
    """Gives the profiles to use now. A document that cannot be used is told, and the last good one stays."""

    def __init__(self, parameter: str, logger: Logger, fetch: Callable[[str], str] = from_parameter) -> None:
        """`parameter` is the SSM parameter's name, empty for none."""
        self._parameter = parameter
        self._logger = logger
        self._fetch = fetch
        self._document = ""
        self._profiles: Mapping[str, Profile] = profiles.builtin()

    def current(self) -> Mapping[str, Profile]:
        """The built-in profiles, and over them those of the parameter."""
        if self._parameter:
            try:
                document = self._fetch(self._parameter)
            except Exception as error:  # noqa: BLE001 - whatever kept it from being read, passes go on
                self._tell(f"could not be read: {error}")
                return self._profiles
            if document != self._document:
                self._document = document
                self._use(document)
        return self._profiles

    def _use(self, document: str) -> None:
        try:
            self._profiles = {**profiles.builtin(), **profiles.parse(document)}
        except InvalidProfile as error:
            self._tell(str(error))

    def _tell(self, why: str) -> None:
        tell_rejection(Rejection.MALFORMED_PROFILES, f"parameter {self._parameter}: {why}", self._logger)
