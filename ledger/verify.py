"""Proves that the ledger is as it was written, or names the first entry that isn't.

What each kind of meddling runs into: a changed byte breaks hash or sealed content; a missing or inserted entry the numbering; a reordered
one its own number inside the body; a chain made anew the seals, which need the secret key; a cut-off tail the head; a head put back the
entries that notices and receipts name; a vanished chain the root; a changed user key its wrapping.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec

from domain.ledger import ROOT, ContentRow, Ends, EntryRow, HeadRow, KeyRow, LedgerReader, rfc3339
from ledger.book import NO_HASH, Book, chain_hash

CHUNK = 1_000
_BODY = msgspec.json.Decoder(dict[str, Any])


class Problem(msgspec.Struct, frozen=True, order=True):
    """Something that isn't as it was written. `partition`, `number`: None where it is about the whole."""

    partition: int | None
    number: int | None
    what: str

    def __str__(self) -> str:
        if self.partition is None:
            return self.what
        return f"partition {self.partition}" + (f", entry {self.number}" if self.number is not None else "") + f": {self.what}"


class Verification(msgspec.Struct, frozen=True):
    """What was checked and what was found: at most one problem a partition, the first, and what concerns the whole."""

    entries: int
    partitions: int
    users: int
    problems: list[Problem]

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def first(self) -> Problem | None:
        """The one to name."""
        return min(self.problems, key=lambda p: (p.number is None, p.partition or 0, p.number or 0), default=None)

    def __str__(self) -> str:
        if self.ok:
            return f"unaltered: {self.entries:,} entries in {self.partitions} partitions, keys of {self.users:,} users"
        return "\n".join(["ALTERED. " + str(self.first), *(f"  also: {p}" for p in self.problems if p is not self.first)])


def verify(
    book: Book,
    reader: LedgerReader,
    progress: Callable[[int, int], None] | None = None,
    partitions: Collection[int] | None = None,
    chunk: int = CHUNK,
) -> Verification:
    """Reads the whole ledger (or some `partitions`) in chunks, beside a running worker: what comes meanwhile is left to the next time.

    `progress(done, of)` counts entries.
    """
    ends = reader.ends()
    return _Verifying(book, reader, ends, progress, chunk).run(partitions)


class _Verifying:
    def __init__(self, book: Book, reader: LedgerReader, ends: Ends, progress: Callable[[int, int], None] | None, chunk: int):
        self.book, self.reader, self.ends, self.progress, self.chunk = book, reader, ends, progress, chunk
        self.heads = {h.partition: h for h in ends.heads if h.partition != ROOT}
        self.used: dict[str, tuple[int, int, str | None]] = {}
        self.erased: set[str] = set()
        self.done = 0

    def run(self, partitions: Collection[int] | None) -> Verification:
        problems = self._root()
        named = {*self.heads, *self.ends.last, *self.ends.last_content, *self.ends.last_named} - {ROOT}
        chosen = sorted(named if partitions is None else named & set(partitions))
        self.total = sum(self.heads[p].number for p in chosen if p in self.heads)
        chains = [found for p in chosen if (found := self._chain(p))]
        keys = {k.key_id: k for k in self.ends.keys}
        problems += chains + self._keys(keys)
        if not chains:
            problems += self._key_use(keys, whole=partitions is None)
        return Verification(self.done, len(chosen), len(keys), problems)

    def _root(self) -> list[Problem]:
        root = next((h for h in self.ends.heads if h.partition == ROOT), None)
        if root is None:
            return [Problem(None, None, "the root of the ledger is missing")]
        if not self.book.is_head(root):
            if self.heads and not any(self.book.is_head(h) for h in self.heads.values()):
                return [
                    Problem(
                        None, None, "no seal fits: this is not the secret_key that the ledger was written with, or all heads were altered"
                    )
                ]
            return [Problem(None, None, "the root of the ledger was altered")]
        if not self.book.is_root(root, list(self.heads)):
            return [
                Problem(
                    None,
                    None,
                    f"the root lists {root.number} chains, but there are {len(self.heads)} or others: a chain is missing or was added",
                )
            ]
        return []

    def _chain(self, partition: int) -> Problem | None:
        head = self.heads.get(partition)
        if head is None:
            return Problem(partition, self.ends.last.get(partition), "the head of this chain is missing")
        problem, number, own_hash = self._walk(partition, head)
        if problem:
            return problem
        if not self.book.is_head(head):
            return Problem(partition, head.number, "the head of the chain was altered")
        if number < head.number:
            return Problem(partition, number + 1, f"missing: the chain was cut off after entry {number}, the head says {head.number}")
        if own_hash != head.hash:
            return Problem(partition, number, "the head names another hash")
        beyond = max(self.ends.last.get(partition, 0), self.ends.last_content.get(partition, 0))
        if beyond > head.number:
            return Problem(partition, beyond, f"added: the chain ends at entry {head.number}")
        if self.ends.last_named.get(partition, 0) > head.number:
            return Problem(
                partition, head.number + 1, "missing: notices or receipts name it, so the end was cut off and an old head put back"
            )
        return None

    def _walk(self, partition: int, head: HeadRow) -> tuple[Problem | None, int, bytes]:
        number, before = 0, NO_HASH
        while number < head.number:
            rows = [r for r in self.reader.entries(partition, number, self.chunk) if r.number <= head.number]
            if not rows:
                break
            contents: dict[int, list[ContentRow]] = {}
            for content in self.reader.contents(partition, number + 1, rows[-1].number):
                contents.setdefault(content.number, []).append(content)
            for row in rows:
                number += 1
                wrong = self._entry(row, partition, number, before, contents.pop(number, []))
                if wrong:
                    return Problem(partition, number, wrong), number, before
                before = row.hash
                self.done += 1
            if contents:
                return Problem(partition, min(contents), "content of no entry was added"), number, before
            if self.progress:
                self.progress(self.done, self.total)
        return None, number, before

    def _entry(self, row: EntryRow, partition: int, number: int, before: bytes, contents: Sequence[ContentRow]) -> str | None:
        """What is wrong with it; None when nothing is."""
        if row.number != number:
            return f"missing: the next one there is {row.number}"
        try:
            body = _BODY.decode(row.body)
        except msgspec.MsgspecError:
            return "altered: its body is not readable"
        if (body.get("partition"), body.get("number")) != (partition, number):
            return f"reordered: by its body it is entry {body.get('number')} of partition {body.get('partition')}"
        if row.hash != chain_hash(before, row.body):
            return "altered: its hash does not follow from its body and the hash before"
        if row.seal != self.book.entry_seal(partition, number, row.hash):
            return "forged: its seal was not made with the secret key"
        for name, value in (("kind", row.kind), ("at", rfc3339(row.at)), ("user_id", row.user_id), ("notice_id", row.notice_id)):
            if body.get(name) != value:
                return f"altered: the column {name} differs from its body"
        if row.kind == "erasure":
            self.erased.add(str(body.get("key_id")))
        return self._contents(row, body.get("contents", []), contents)

    def _contents(self, row: EntryRow, named: list[dict[str, Any]], found: Sequence[ContentRow]) -> str | None:
        there = {c.content_id: c for c in found}
        for one in named:
            content = there.pop(one["id"], None)
            if content is None:
                return f"missing: its content {one['id']}"
            if hashlib.sha256(content.sealed).hexdigest() != one["sha256"] or content.key_id != one["key_id"]:
                return f"altered: its content {one['id']}"
            self.used.setdefault(content.key_id, (row.partition, row.number, row.user_id))
        return f"added: content {next(iter(there))}" if there else None

    def _keys(self, keys: dict[str, KeyRow]) -> list[Problem]:
        for key in keys.values():
            try:
                self.book.keyring.user_box(key)
            except ValueError:
                return [Problem(None, None, f"the key of user {key.user_id} was altered")]
        if len(keys) != len(self.ends.keys):
            return [Problem(None, None, "two users have the same key")]
        return []

    def _key_use(self, keys: dict[str, KeyRow], whole: bool) -> list[Problem]:
        for key_id, (partition, number, user_id) in self.used.items():
            key = keys.get(key_id)
            if key is None and key_id not in self.erased and whole:
                return [Problem(partition, number, f"the key of user {user_id} is missing, and no entry says that it was erased")]
            if key is not None and key.user_id != user_id:
                return [Problem(partition, number, f"is of user {user_id}, but its key is of {key.user_id}")]
            if key is not None and key_id in self.erased:
                return [Problem(partition, number, f"the key of user {user_id} was erased, and is there again")]
        return []
