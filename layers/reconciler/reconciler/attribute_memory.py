"""Which VPCs were seen with both DNS attributes on, in the ledger: one item a shard."""

from __future__ import annotations

import json
from collections.abc import Mapping

from .domain.rolling import SHARDS, Shard, Shards
from .table import Table, document_of, item

_REGION = "region"


class AttributeMemory:
    """Reads and writes the shards."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self) -> Shards | None:
        """All shards; None where the ledger cannot be read."""
        found = self._table.get_many((_REGION, _sort_key(number)) for number in range(SHARDS))
        if found is None:
            return None
        shards = {}
        for each in found:
            try:
                document = json.loads(document_of(each))
                number = int(each["sk"]["S"].partition("#")[2])
                shards[number] = Shard(int(document["read_at"]), frozenset(map(str, document["on"])))
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                # Its VPCs are read anew, and the item is written anew.
                self._table.say(f"what the ledger has of DNS attributes cannot be read: {error!r}")
        return shards

    def write(self, changed: Mapping[int, Shard]) -> None:
        """Write shards. Where the ledger refuses them, their VPCs are read anew."""
        self._table.put_many(
            item(
                (_REGION, _sort_key(number)),
                json.dumps({"read_at": shard.read_at, "on": sorted(shard.on)}, separators=(",", ":")),
            )
            for number, shard in changed.items()
        )


def _sort_key(number: int) -> str:
    return f"dns#{number:02}"
