"""Appends to the ledger's chains inside a transaction of the store. What entries hold and how they are sealed is the book's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, insert, select

from domain.ledger import ROOT, Book, ContentRow, Draft, EntryRow, HeadRow, KeyRow
from stores.sql.bulk import insert_new_rows, insert_rows, locked, rows_with, update_rows
from stores.sql.schema import ledger_contents, ledger_entries, ledger_heads, ledger_keys

T = TypeVar("T")
MANY = 500
"""Ids in one IN list."""
HEAD, KEY, CONTENT = HeadRow.__struct_fields__, KeyRow.__struct_fields__, ContentRow.__struct_fields__


class Chain:
    """The chains in one transaction. `lock` first, then read what must not change meanwhile, then `append`."""

    def __init__(self, connection: Connection, book: Book):
        self.connection, self.book = connection, book
        self._heads: dict[int, HeadRow] = {}
        self._locked: set[int] = set()

    def lock(self, partitions: Iterable[int]) -> None:
        """Waits for other writers of these chains; in ascending order, so that two never wait for each other."""
        wanted = sorted(set(partitions) - self._locked)
        if not wanted:
            return
        rows = rows_with(self.connection, ledger_heads, HEAD, "partition", wanted, locked(self.connection, "ORDER BY partition"))
        self._heads |= {row[0]: HeadRow(*row) for row in rows}
        self._locked |= set(wanted)
        if any(p not in self._heads for p in wanted):
            # A chain begins: the root, which lists them, has to know. Another worker may have begun it just now.
            self.connection.execute(select(ledger_heads.c.seal).where(ledger_heads.c.partition == ROOT).with_for_update())
            rows = rows_with(self.connection, ledger_heads, HEAD, "partition", wanted, locked(self.connection))
            self._heads |= {row[0]: HeadRow(*row) for row in rows}

    def append(self, drafts: Sequence[Draft]) -> list[int]:
        """The numbers of the new entries, in the order of `drafts`."""
        if not drafts:
            return []
        by_partition: dict[int, list[int]] = defaultdict(list)
        for index, draft in enumerate(drafts):
            by_partition[draft.partition].append(index)
        self.lock(by_partition)
        keys = self._keys([d for d in drafts if d.contents])
        numbers = [0] * len(drafts)
        entries: list[EntryRow] = []
        contents: list[ContentRow] = []
        longer: list[HeadRow] = []
        begun = False
        for partition, indexes in sorted(by_partition.items()):
            old = self._heads.get(partition)
            head, new, sealed = self.book.extend(old, partition, [drafts[i] for i in indexes], keys)
            for index, entry in zip(indexes, new, strict=True):
                numbers[index] = entry.number
            entries += new
            contents += sealed
            self._heads[partition] = head
            if old is None:
                self.connection.execute(insert(ledger_heads), msgspec.structs.asdict(head))
                begun = True
            else:
                longer.append(head)
        update_rows(self.connection, ledger_heads, "partition", [msgspec.structs.asdict(head) for head in longer])
        insert_rows(self.connection, ledger_entries, [msgspec.structs.asdict(e) for e in entries])
        insert_rows(self.connection, ledger_contents, [msgspec.structs.asdict(c) for c in contents])
        if begun:
            chains = self.connection.execute(select(ledger_heads.c.partition).where(ledger_heads.c.partition != ROOT)).scalars()
            update_rows(self.connection, ledger_heads, "partition", [msgspec.structs.asdict(self.book.root(list(chains)))])
        return numbers

    def _keys(self, drafts: Sequence[Draft]) -> dict[str, KeyRow]:
        users = sorted({d.user_id for d in drafts if d.user_id is not None})
        keys = user_keys(self.connection, users)
        fresh = {d.user_id: d for d in reversed(drafts) if d.user_id is not None and d.user_id not in keys}
        if fresh:
            made = [self.book.new_key(user, fresh[user].partition, fresh[user].at) for user in sorted(fresh)]
            insert_new_rows(self.connection, ledger_keys, [msgspec.structs.asdict(k) for k in made])
            # On SQLite nobody else writes meanwhile; elsewhere another worker may have made a user's key just now.
            alone = self.connection.dialect.name == "sqlite"
            keys |= {k.user_id: k for k in made} if alone else user_keys(self.connection, sorted(fresh))
        return keys


def note_access(connection: Connection, book: Book, who: str, reason: str, what: Mapping[str, Any], at: int) -> None:
    """Writes down what someone of the staff decided, in the transaction of the decision: neither stands without the other.

    The last thing in it, since the chain is everybody's.
    """
    Chain(connection, book).append([book.access(0, who, reason, what, at)])


def user_keys(connection: Connection, users: Iterable[str]) -> dict[str, KeyRow]:
    """Wrapped keys by user id; an erased or unknown user has none."""
    found = (KeyRow(*row) for row in rows_with(connection, ledger_keys, KEY, "user_id", list(users)))
    return {key.user_id: key for key in found}


def contents_by_id(connection: Connection, ids: Iterable[str]) -> dict[str, ContentRow]:
    """Sealed contents by id."""
    found = (ContentRow(*row) for row in rows_with(connection, ledger_contents, CONTENT, "content_id", list(ids)))
    return {content.content_id: content for content in found}


def chunks(items: Sequence[T], size: int = MANY) -> Iterable[Sequence[T]]:
    """Slices of at most `size`."""
    return (items[i : i + size] for i in range(0, len(items), size))
