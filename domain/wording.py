"""Editions of the words of notices, and what was decided of them: what may be sent is what two people agreed on.

An edition is everything that puts a kind of notice into words in one language: the template files and the texts. It is named by the SHA-256
of its content, so a changed letter makes another edition. Decisions are only ever added; which edition is live follows from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Literal, Protocol

import msgspec

Act = Literal["released", "submitted", "approved", "rejected", "reverted"]
"""`released`: it came approved with the release; `reverted`: an earlier edition that was approved once is live again."""
State = Literal["draft", "submitted", "approved"]
Place = tuple[str, str]
"""(kind, locale)."""
GOES_LIVE = ("released", "approved", "reverted")
SHORT = 8
"""Digits by which messages and pages name an edition."""


class Edition(msgspec.Struct, frozen=True, kw_only=True):
    """The words of one kind in one language."""

    kind: str
    locale: str
    files: dict[str, str]
    """Name of a template file -> its source: the kind's own, those it extends, the layouts of the mail."""
    texts: dict[str, str]
    """English text of the templates -> what is said in this language; the English one itself where there is no translation."""
    shared: dict[str, str]
    """The same for what every kind may say: reasons, headings, dates."""

    @property
    def name(self) -> str:
        """64 hex digits."""
        return sha256(msgspec.json.encode([self.kind, self.locale, self.files, self.texts, self.shared], order="sorted")).hexdigest()


class WordingDecision(msgspec.Struct, frozen=True, kw_only=True):
    """What someone decided of an edition; `number` grows."""

    number: int
    kind: str
    locale: str
    edition: str
    act: Act
    by: str
    at: datetime
    note: str = ""


class NotAllowed(Exception):
    """The decision can't be taken; the text says why, in words for a colleague."""


class Live(msgspec.Struct, frozen=True):
    """What may be sent: `live` for each (kind, locale), `approved` all that were approved once."""

    live: dict[Place, str]
    approved: frozenset[str]


class WordingStore(Protocol):
    """Editions and decisions in SQL (stores.sql.wordings.SqlWordings). Synchronous, thread-safe."""

    def latest(self) -> int:
        """The number of the last decision; 0 where there is none."""
        ...

    def live(self) -> Live:
        """Which editions may be sent now. Raises Unavailable."""
        ...

    def load(self, edition: str) -> Edition | None:
        """An edition by its SHA-256; None where it was never kept. Raises Unavailable."""
        ...


def live_of(decisions: Iterable[WordingDecision]) -> Live:
    """Which editions may be sent, by decisions in their order."""
    live: dict[Place, str] = {}
    approved = set()
    for one in decisions:
        if one.act in GOES_LIVE:
            live[one.kind, one.locale] = one.edition
            approved.add(one.edition)
    return Live(live, frozenset(approved))


def state_of(edition: str, decisions: Sequence[WordingDecision]) -> State:
    """Where an edition stands, by the decisions about it in their order: approved once is approved for good."""
    own = [one.act for one in decisions if one.edition == edition]
    if any(act in GOES_LIVE for act in own):
        return "approved"
    return "submitted" if own and own[-1] == "submitted" else "draft"


def check(act: Act, edition: str, by: str, decisions: Sequence[WordingDecision]) -> None:
    """Raises NotAllowed unless `by` may decide so now. `decisions`: those about the edition's kind and locale, in their order."""
    state = state_of(edition, decisions)
    if act == "submitted" and state != "draft":
        raise NotAllowed("It was submitted already." if state == "submitted" else "It is approved already.")
    if act in ("approved", "rejected"):
        if state != "submitted":
            raise NotAllowed("It is approved already." if state == "approved" else "Someone has to submit it first.")
        submitter = next(one.by for one in reversed(decisions) if one.edition == edition and one.act == "submitted")
        if act == "approved" and submitter == by:
            raise NotAllowed("You submitted it yourself: a second person approves.")
    if act == "reverted":
        if state != "approved":
            raise NotAllowed("It was never approved.")
        live = [one.edition for one in decisions if one.act in GOES_LIVE]
        if live[-1] == edition:
            raise NotAllowed("It is live already.")
