"""Where profiles come from: the built-in ones, and an SSM parameter with more or other ones.

Not by Powertools' parameters: the version of the parameter is needed, to find the last one that can be used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .domain import profiles
from .domain.profile import NONE_FOLLOWED, Edition
from .domain.profiles import Catalogue, InvalidProfile
from .ec2 import errors

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

    from .domain.profile import Profile

# A change of the parameter is seen within this time.
_KEPT_SECONDS = 300
# How many versions are looked through for one that can be used. SSM keeps a hundred.
_VERSIONS = 10
_UNREAD = "the profiles document could not be read"


class ProfilesUnavailable(RuntimeError):
    """The parameter could not be read, and nothing of it is known that can be used: no VPC can be judged."""


class ProfileStore:
    """Gives the profiles to use now. A document that cannot be used is reported, and the last good one stays;
    in a process that never read it, it is found among the parameter's earlier versions. Where the last good
    one stands in, the profiles are in doubt.
    """

    def __init__(
        self,
        parameter: str,
        ssm: Callable[[], SSMClient],
        reject: Callable[[str], None],
        now: Callable[[], float],
    ) -> None:
        """`parameter` is the SSM parameter's name, empty for none; `reject` reports a document
        that cannot be used; `now` is seconds since 1970."""
        self._parameter = parameter
        self._ssm = ssm
        self._reject = reject
        self._now = now
        self._version = 0  # SSM's own number
        self._written = 0  # milliseconds since 1970: rises also where the parameter is made anew
        self._until = float("-inf")
        self._good: Mapping[str, Profile] | None = None if parameter else profiles.builtin()
        self._doubt = ""

    def current(self, at_least: Edition = NONE_FOLLOWED) -> Catalogue:
        """The built-in profiles, and over them those of the parameter. None at all where no version of it can
        be used: every VPC is then left as it is.

        `at_least` is the edition that another process has followed already: where this one has an older one
        of the same parameter, it reads the parameter again. With an older one no VPC is judged: this process
        would undo what the other did, and the other what this one does.

        Raises:
            ProfilesUnavailable: when the parameter cannot be read and never was, or only an older edition.
        """
        if not self._parameter:
            return Catalogue(self._good or {})
        wanted = at_least.written if at_least.parameter == self._parameter else 0
        if self._now() >= self._until or self._written < wanted:
            self._refresh()
        if self._good is None:
            raise ProfilesUnavailable(f"parameter {self._parameter} could not be read")
        if self._written < wanted:
            raise ProfilesUnavailable(
                f"parameter {self._parameter} is older here than what was followed last"
            )
        return Catalogue(self._good, Edition(self._parameter, self._written), self._doubt)

    def _refresh(self) -> None:
        try:
            document, version, written = self._read(self._parameter)
            if (version, written) != (self._version, self._written) or self._doubt == _UNREAD:
                self._doubt = ""
                self._good = self._use(document, version)
                self._version, self._written = version, written
        except errors.ERRORS as error:
            self._doubt = _UNREAD
            self._say(f"could not be read: {error}")
        self._until = self._now() + _KEPT_SECONDS if self._good is not None else float("-inf")

    def _use(self, document: str, version: int) -> Mapping[str, Profile]:
        try:
            return {**profiles.builtin(), **profiles.parse(document)}
        except InvalidProfile as error:
            self._doubt = f"version {version} of the profiles document cannot be used"
            self._say(f"version {version}: {error}")
        # The same one in every process, whatever each of them had read before.
        return self._last_good(version) or self._good or {}

    def _last_good(self, version: int) -> Mapping[str, Profile]:
        for earlier in range(version - 1, max(0, version - 1 - _VERSIONS), -1):
            try:
                document, _, _ = self._read(f"{self._parameter}:{earlier}")
                return {**profiles.builtin(), **profiles.parse(document)}
            except InvalidProfile:
                continue
        return {}

    def _read(self, name: str) -> tuple[str, int, int]:
        """The document, its number, and when it was written, in milliseconds since 1970."""
        parameter = self._ssm().get_parameter(Name=name)["Parameter"]
        written = int(parameter["LastModifiedDate"].timestamp() * 1000)
        return parameter.get("Value", ""), parameter.get("Version", 0), written

    def _say(self, why: str) -> None:
        self._reject(f"parameter {self._parameter}: {why}")
