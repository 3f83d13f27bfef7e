"""What an answer page says. The words are notices' (composed like the mail, in the notice's language); this is their shape here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from domain.events.user import User
from domain.ports import Answer

State = Literal["choice", "me", "not_me", "answered", "expired", "unknown", "bad", "slow", "away"]
"""The question; thanks for either answer; answered before; too late; no such link; no or another answer; too many tries; a part is away."""


@dataclass(frozen=True)
class Fact:
    """A row of the list of facts. `kind` says how it is set: `time` (with `moment`), `code` (address, hash: left to right), `text`."""

    label: str
    value: str
    kind: Literal["time", "code", "text"] = "text"
    moment: datetime | None = None


@dataclass(frozen=True)
class Choice:
    value: Literal["me", "not_me"]
    label: str
    brings: str


@dataclass(frozen=True)
class AnswerPage:
    """All words of one page, as plain text. Never holds the anti-phishing code or a contact."""

    lang: str
    dir: str
    brand: str
    about: str
    """Under which the page is filed: `Account safety`."""
    title: str
    lead: list[str]
    severity: str = ""
    severity_word: str = ""
    facts: list[Fact] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    once: str = ""
    why_title: str = ""
    why: list[str] = field(default_factory=list)
    held_title: str = ""
    held: str = ""
    steps_title: str = ""
    steps: list[str] = field(default_factory=list)
    done_title: str = ""
    done: list[str] = field(default_factory=list)
    """What was asked of the exchange, a sentence each."""
    case: str = ""
    helpful: str = ""
    """The question whether the message helped, where it was answered; it leads to the page `helpful_url`."""
    helpful_url: str = ""
    footer: list[str] = field(default_factory=list)
    number: str = ""
    """Short form of the notice id, to be compared in the app."""


class AnswerWords(Protocol):
    """`answer` and `user` are None where the token is unknown; then `accept_language` alone says which language to use."""

    def page(self, state: State, answer: Answer | None, user: User | None, accept_language: str) -> AnswerPage: ...
