"""One notice as it was sent, from the ledger: the words of each delivery, the entries of its chain, and whether they are unaltered."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import msgspec

from domain.ledger import EntryRow, moment
from domain.messages import Notice
from ledger.book import NO_HASH, Book, chain_hash
from ledger.verify import verify
from notices.compose.sms import Length, measure

LINK = re.compile(r"(/[nhu]/)[A-Za-z0-9_-]{16,}")
"""What lets its holder answer, vote or unsubscribe for the reader."""
MASKED = r"\1••••"


@dataclass(frozen=True)
class Sent:
    """What one delivery carried. `html`, `text`: of an e-mail; `item`: of the inbox. Tokens of links are masked: they still work."""

    delivery_id: str
    recipient: str
    subject: str
    sha256: str
    text: str = ""
    html: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    item: dict[str, Any] = field(default_factory=dict)
    length: Length | None = None
    """Of a text message as it went out."""


@dataclass(frozen=True)
class Entry:
    """An entry of the chain about this notice."""

    row: EntryRow
    body: dict[str, Any]
    before: bytes
    problem: str | None

    @property
    def at(self) -> Any:
        return moment(self.row.at)


def read(store: Any, book: Book, user_id: str, delivery_ids: list[str], channels: dict[str, str]) -> dict[str, Sent]:
    """What was sent by delivery id; what was erased, or can't be opened, is missing."""
    keys = store.ledger.user_keys([user_id])
    found: dict[str, Sent] = {}
    if user_id not in keys:
        return found
    for name, content in store.ledger.contents_by_id(delivery_ids).items():
        try:
            recipient, subject, payload = book.open_rendered(book.open_content(content, keys[user_id]))
        except (ValueError, msgspec.MsgspecError):
            continue
        found[name] = _sent(name, channels.get(name, ""), recipient, subject, payload)
    return found


def _sent(name: str, channel: str, recipient: str, subject: str, payload: bytes) -> Sent:
    digest = hashlib.sha256(payload).hexdigest()
    if channel == "email":
        message = message_from_bytes(payload, policy=policy.default)
        assert isinstance(message, EmailMessage)
        headers = {
            key: str(message[key]) for key in ("Date", "Content-Language", "Message-ID", "X-Vigil-Notice", "X-Vigil-Kind") if message[key]
        }
        return Sent(name, recipient, subject, digest, text=part(message, "plain"), html=part(message, "html"), headers=headers)
    if channel == "inapp":
        item = msgspec.json.decode(payload)
        return Sent(name, recipient, subject, digest, item=item if isinstance(item, dict) else {})
    words = payload.decode("utf-8", "replace")
    return Sent(name, recipient, subject, digest, text=LINK.sub(MASKED, words), length=measure(words))


def part(message: EmailMessage, kind: str) -> str:
    """The text/<kind> part with the tokens of links masked; '' when there is none."""
    for each in message.walk():
        if each.get_content_type() == f"text/{kind}":
            return LINK.sub(MASKED, str(each.get_content()))
    return ""


def entries(store: Any, book: Book, notice_id: str) -> list[Entry]:
    """All entries about the notice, each checked against its neighbour, its seal and its contents."""
    made = []
    for row in store.ledger.of_notices([notice_id]):
        before = NO_HASH
        if row.number > 1:
            previous = store.ledger.entries(row.partition, row.number - 2, 1)
            before = previous[0].hash if previous and previous[0].number == row.number - 1 else b""
        try:
            body = msgspec.json.decode(row.body)
        except msgspec.MsgspecError:
            body = {}
        made.append(Entry(row, body if isinstance(body, dict) else {}, before, _problem(store, book, row, before, body)))
    return made


def _problem(store: Any, book: Book, row: EntryRow, before: bytes, body: Any) -> str | None:
    """What is wrong with an entry, None when it is as it was written. The whole chain is the business of `ledger verify`."""
    if not before:
        return "the entry before it is missing"
    if chain_hash(before, row.body) != row.hash:
        return "the stored entry no longer matches its hash"
    if book.entry_seal(row.partition, row.number, row.hash) != row.seal:
        return "its seal was not made with this secret key"
    expected = {content["id"]: content["sha256"] for content in body.get("contents", [])}
    stored = {c.content_id: hashlib.sha256(c.sealed).hexdigest() for c in store.ledger.contents(row.partition, row.number, row.number)}
    if expected != stored:
        return "stored bytes no longer match their hash"
    return None


def opened_notice(store: Any, notice_id: str) -> Notice | None:
    """The notice whole; None when it is unknown, its owner was erased, or it was altered."""
    try:
        found: Notice | None = store.notices([notice_id]).get(notice_id)
    except (ValueError, msgspec.MsgspecError):
        return None
    return found


def verified(store: Any, book: Book) -> tuple[bool, str]:
    """Verifies the whole ledger: whether it is unaltered, and in words what was checked or found."""
    outcome = verify(book, store.ledger)
    return outcome.ok, str(outcome)
