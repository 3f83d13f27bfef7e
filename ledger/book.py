"""What each entry holds, how it is sealed, and how the chain runs.

An entry's body is canonical JSON (sorted keys, UTF-8). hash = SHA-256(hash before || body), 32 zero bytes before the first. What is
personal (why, contacts, bytes sent) is not in the body: it is encrypted under the user's key, and the body holds the ciphertext's SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from domain.ledger import ROOT, ContentRow, Draft, EntryKind, EntryRow, HeadRow, KeyRow, micros, rfc3339
from domain.messages import DeliveryStatus, Medium, Notice, Receipt
from domain.ports import Rendered, Unsent
from ledger import packing
from ledger.keys import Keyring

BODY_VERSION = 1
NO_HASH = bytes(32)
CONTENT = ("ledger_contents", "sealed")

_ENCODER = msgspec.json.Encoder(order="sorted")
_NOTICE = msgspec.json.Decoder(Notice)


class Words(msgspec.Struct, array_like=True):
    """What is sealed of one rendering."""

    recipient: str
    subject: str
    payload: bytes


_WORDS = msgspec.msgpack.Decoder(Words)


class Book:
    """Implements domain.ledger.Book with the keys of one secret."""

    def __init__(self, keyring: Keyring | str):
        self.keyring = Keyring(keyring) if isinstance(keyring, str) else keyring

    def notice(
        self,
        notice: Notice,
        rendered: Sequence[Rendered],
        statuses: Mapping[str, tuple[DeliveryStatus, str | None]],
        unsent: Sequence[Unsent],
        waiting: Sequence[Medium],
        at: int,
        notes: Sequence[str] = (),
    ) -> Draft:
        """That a notice was decided: why, in which words to whom, what was left out, and what was odd about its reader's record (`notes`,
        without contacts). The content with its id is the notice whole."""
        body: dict[str, Any] = {
            "notice_kind": notice.kind,
            "severity": notice.severity,
            "event_id": notice.group,
            "source": notice.source,
            "created_at": _time(notice.created_at),
            "occurred_at": _time(notice.occurred_at),
            "expires_at": notice.expires_at and _time(notice.expires_at),
            "finding_ids": notice.finding_ids,
            "detectors": notice.detectors,
            "config_hash": notice.config_hash,
            "channels": notice.channels,
            "asked": notice.asked,
            "digest": notice.digest,
            "parts": notice.parts,
            "waiting": list(waiting),
            "unsent": unsent,
            "deliveries": [_delivery(r, *statuses.get(r.delivery_id, ("queued", None))) for r in rendered],
        }
        if notes:
            body["notes"] = list(notes)
        contents = [(notice.notice_id, _ENCODER.encode(notice)), *(_words(r) for r in rendered)]
        return _draft("notice", _partition(notice), at, notice.user_id, notice.notice_id, body, contents)

    def rendering(self, partition: int, rendered: Sequence[Rendered], fallback_of: str | None, at: int, reason: str | None = None) -> Draft:
        """That a notice was put into words later: when the contact came, or on another channel after the delivery `fallback_of` failed.
        `reason`: why it is not sent at once."""
        first = rendered[0]
        body = {"fallback_of": fallback_of, "deliveries": [_delivery(r, "queued", reason) for r in rendered]}
        return _draft("rendering", partition, at, first.user_id, first.notice_id, body, [_words(r) for r in rendered])

    def receipt(self, partition: int, receipt: Receipt) -> Draft:
        """What came of an attempt."""
        body: dict[str, Any] = {
            "delivery_id": receipt.delivery_id,
            "channel": receipt.channel,
            "status": receipt.status,
            "provider": receipt.provider,
            "provider_id": receipt.provider_id,
            "attempt": receipt.attempt,
            "reason": receipt.reason,
        }
        if receipt.sms:
            body["sms"] = receipt.sms
        return _draft("receipt", partition, micros(receipt.at), receipt.user_id, receipt.notice_id, body)

    def answer(self, partition: int, notice_id: str, user_id: str, fields: Mapping[str, Any], client: bytes, at: int) -> Draft:
        """What the user answered; from where is sealed."""
        return _draft(
            "answer", partition, at, user_id, notice_id, dict(fields), [(answer_content(notice_id, bool(fields.get("again"))), client)]
        )

    def erasure(self, key: KeyRow, reason: str, at: int) -> Draft:
        """That a user's key was deleted."""
        return _draft("erasure", key.partition, at, key.user_id, None, {"key_id": key.key_id, "reason": reason})

    def access(self, partition: int, who: str, reason: str, what: Mapping[str, Any], at: int) -> Draft:
        """That someone of the staff looked at contacts, or decided something."""
        return _draft("access", partition, at, None, None, {"who": who, "reason": reason, "what": dict(what)})

    def new_key(self, user_id: str, partition: int, at: int) -> KeyRow:
        """A fresh key for a user."""
        return self.keyring.new_user_key(user_id, partition, at)

    def extend(
        self, head: HeadRow | None, partition: int, drafts: Sequence[Draft], keys: Mapping[str, KeyRow]
    ) -> tuple[HeadRow, list[EntryRow], list[ContentRow]]:
        """The chain of `partition`, longer by `drafts`. Raises ValueError when the head was altered: such a chain isn't continued."""
        if head is not None and not self.is_head(head):
            raise ValueError(f"the head of ledger partition {partition} was altered: see `ledger verify`")
        number, before = (0, NO_HASH) if head is None else (head.number, head.hash)
        entries: list[EntryRow] = []
        contents: list[ContentRow] = []
        for draft in drafts:
            number += 1
            sealed = [self._sealed(partition, number, name, plain, keys[draft.user_id or ""]) for name, plain in draft.contents]
            contents += sealed
            body = encode_body(draft, partition, number, sealed)
            before = chain_hash(before, body)
            seal = self.entry_seal(partition, number, before)
            entries.append(EntryRow(partition, number, draft.kind, draft.at, draft.user_id, draft.notice_id, body, seal, before))
        return HeadRow(partition, number, self._head_seal(partition, number, before), before), entries, contents

    def is_head(self, row: HeadRow) -> bool:
        """Whether the row was written with this secret and not altered since."""
        return row.seal == self._head_seal(row.partition, row.number, row.hash)

    def root(self, partitions: Sequence[int]) -> HeadRow:
        """The head that covers the list of chains, so that a whole chain can't vanish."""
        listed = hashlib.sha256(_ENCODER.encode(sorted(partitions))).digest()
        return HeadRow(ROOT, len(partitions), self._head_seal(ROOT, len(partitions), listed), listed)

    def is_root(self, row: HeadRow, partitions: Sequence[int]) -> bool:
        """Whether `row` covers exactly these chains."""
        return row == self.root(partitions)

    def entry_seal(self, partition: int, number: int, own_hash: bytes) -> bytes:
        """Names the first forged entry even when all hashes after it were made anew."""
        return self.keyring.seal("entry", partition, number, own_hash)

    def mark(self, *parts: str) -> str:
        return self.keyring.seal("mark", *parts).hex()

    def open_content(self, content: ContentRow, key: KeyRow) -> bytes:
        """Plain bytes. Raises ValueError when altered."""
        if content.key_id != key.key_id:
            raise ValueError(f"content {content.content_id!r} is of an erased key")
        return packing.unpack(self.keyring.user_box(key).open(*CONTENT, content.content_id, content.sealed))

    def open_notice(self, plain: bytes) -> Notice:
        """The notice in the content whose id is the notice's."""
        return _NOTICE.decode(plain)

    def open_rendered(self, plain: bytes) -> tuple[str, str, bytes]:
        """Recipient, subject, payload of the content whose id is a delivery's."""
        words = _WORDS.decode(plain)
        return words.recipient, words.subject, words.payload

    def _head_seal(self, partition: int, number: int, own_hash: bytes) -> bytes:
        return self.keyring.seal("head", partition, number, own_hash)

    def _sealed(self, partition: int, number: int, name: str, plain: bytes, key: KeyRow) -> ContentRow:
        # Words repeat themselves in text, HTML and CSS: a fifth of the size, and the reader of the bytes gets them unchanged.
        sealed = self.keyring.user_box(key).seal(*CONTENT, name, packing.pack(plain))
        return ContentRow(partition, number, name, key.key_id, sealed)


def answer_content(notice_id: str, again: bool) -> str:
    """The id of the content that says from where it was answered; `again`: of the answer that overrides the first."""
    return f"answer {notice_id} again" if again else f"answer {notice_id}"


def chain_hash(before: bytes, body: bytes) -> bytes:
    """SHA-256(hash of the entry before || body)."""
    return hashlib.sha256(before + body).digest()


def encode_body(draft: Draft, partition: int, number: int, contents: Sequence[ContentRow]) -> bytes:
    """The canonical bytes of an entry."""
    return _ENCODER.encode(
        draft.body
        | {
            "v": BODY_VERSION,
            "kind": draft.kind,
            "partition": partition,
            "number": number,
            "at": rfc3339(draft.at),
            "user_id": draft.user_id,
            "notice_id": draft.notice_id,
            "contents": [{"id": c.content_id, "key_id": c.key_id, "sha256": hashlib.sha256(c.sealed).hexdigest()} for c in contents],
        }
    )


def _draft(
    kind: EntryKind,
    partition: int,
    at: int,
    user: str | None,
    notice: str | None,
    body: dict[str, Any],
    contents: list[tuple[str, bytes]] | None = None,
) -> Draft:
    return Draft(kind=kind, partition=partition, at=at, user_id=user, notice_id=notice, body=body, contents=contents or [])


def _partition(notice: Notice) -> int:
    return notice.source.partition if notice.source else 0


def _time(when: datetime) -> str:
    return rfc3339(micros(when))


def _words(rendered: Rendered) -> tuple[str, bytes]:
    return rendered.delivery_id, msgspec.msgpack.encode(Words(rendered.recipient, rendered.subject, rendered.payload))


def _delivery(rendered: Rendered, status: DeliveryStatus, reason: str | None) -> dict[str, Any]:
    return {
        "delivery_id": rendered.delivery_id,
        "channel": rendered.channel,
        "slot": rendered.slot,
        "locale": rendered.locale,
        "locale_reason": rendered.locale_reason,
        "template": rendered.template,
        "expires_at": rendered.expires_at and _time(rendered.expires_at),
        "status": status,
        "reason": reason,
    }
