"""What a reconcile run works with, on the caller's credentials.

For a plan, nothing is written: the ledger's writes are kept in this process, and what later reads of the same
plan would see of them they see. `AsIf` has the run see a VPC under other tags than it bears.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from reconciler.domain import profiles
from reconciler.domain.profiles import Catalogue, InvalidProfile
from reconciler.ec2.observe import Observer
from reconciler.ledger import Ledger
from reconciler.profile_store import ProfileStore
from reconciler.reconcile import Means
from reconciler.table import Table

from .problems import Problem
from .world import World

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from reconciler.domain.model import Observation, Tags, Vpc
    from reconciler.domain.profile import Edition
    from reconciler.ec2.observe import Profiles

Retag = Callable[["Vpc"], "Tags"]


def as_it_is(vpc: Vpc) -> Tags:
    """The tags that a VPC bears."""
    return vpc.tags


class AsIf(Observer):
    """Sees VPCs under the tags that `retag` says, and otherwise as they are. Looks ahead at many at once."""

    def __init__(self, world: World, retag: Retag = as_it_is) -> None:
        super().__init__(world.account.ec2, world.deployment.installation, world.now)
        self._retag = retag
        self._ahead: dict[str, Observation] = {}

    def look_ahead(self, vpc_ids: Iterable[str], profiles: Profiles) -> None:
        """Look at many in bulk, for `one` to give each of them once."""
        self._ahead |= {each.vpc.id: each for each in self.many(vpc_ids, profiles)}

    def one(self, vpc_id: str, profiles: Profiles, *, with_interfaces: bool = False) -> Observation | None:
        seen = self._ahead.pop(vpc_id, None)
        if seen is not None and not with_interfaces:
            return seen
        return super().one(vpc_id, profiles, with_interfaces=with_interfaces)

    def many(
        self,
        vpc_ids: Iterable[str],
        profiles: Profiles,
        dns_on: Set[str] = frozenset(),
        is_over: Callable[[], bool] = lambda: False,
    ) -> list[Observation]:
        return [
            replace(each, vpc=replace(each.vpc, tags=self._retag(each.vpc)))
            for each in super().many(vpc_ids, profiles, dns_on, is_over)
        ]


class _Rehearsal:
    """A DynamoDB client that keeps what is written to itself."""

    def __init__(self, dynamodb: DynamoDBClient) -> None:
        self._dynamodb = dynamodb
        self._written: dict[tuple[str, str], Any] = {}

    def put_item(self, *, Item: Any, **_request: Any) -> Any:  # noqa: N803 - boto3's name
        self._written[Item["pk"]["S"], Item["sk"]["S"]] = Item
        return {}

    def get_item(self, *, Key: Any, **request: Any) -> Any:  # noqa: N803 - boto3's name
        written = self._written.get((Key["pk"]["S"], Key["sk"]["S"]))
        return {"Item": written} if written else self._dynamodb.get_item(Key=Key, **request)

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("query", "batch_get", "describe")):
            return getattr(self._dynamodb, name)
        raise AttributeError(f"a plan writes nothing, and asked for {name}")


def to_plan(world: World, observer: AsIf, profiles_file: Path | None = None) -> Means:
    """The means of a plan: nothing is written. `profiles_file` stands in for the installation's own profiles
    document."""
    dynamodb = cast("DynamoDBClient", _Rehearsal(world.account.dynamodb))
    return _means(world, observer, dynamodb, from_file(profiles_file) if profiles_file else None)


def to_act(world: World, observer: AsIf) -> Means:
    """The means of what is done."""
    return _means(world, observer, world.account.dynamodb, None)


def _means(world: World, observer: AsIf, dynamodb: DynamoDBClient, document: Catalogue | None) -> Means:
    there = world.deployment

    def of_document(_at_least: Edition) -> Catalogue:
        assert document is not None
        return document

    store = ProfileStore(
        there.profiles_parameter, lambda: world.account.ssm, world.screen.warn, world.now
    ).current
    table = Table(lambda: dynamodb, there.ledger_table, partial(_without_ledger, world))
    return Means(
        observer,
        world.account.ec2,
        Ledger(table, there.installation.id),
        there.installation,
        of_document if document else store,
        world.now,
    )


def _without_ledger(world: World, why: str) -> None:
    world.screen.warn(
        f"{why}. Without the ledger it is not known what the remediator made, what is fought about, and "
        "since when something is leaving: nothing is deleted late."
    )


def from_file(path: Path) -> Catalogue:
    """The built-in profiles, and over them those of a file.

    Raises:
        Problem: when the file cannot be read, or has a mistake.
    """
    try:
        return Catalogue({**profiles.builtin(), **profiles.parse(read(path))})
    except InvalidProfile as error:
        raise Problem(f"{path} cannot be used: {error}. See: vpce profiles check {path}") from error


def read(path: Path) -> str:
    """The text of a file.

    Raises:
        Problem: when it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Problem(f"{path} is not text in UTF-8: {error.reason}.") from error
