"""The words of the answer pages and of the inbox, in the notice's language. Plain text: the page escapes it.

The pages never show the anti-phishing code or a contact: whoever holds the link isn't proven to be the owner.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from domain.locale import direction
from domain.messages import Notice
from notices.compose.catalogue import Words
from notices.compose.view import Fact, Reader, asked_of, done, parts

Outcome = Literal["me", "not_me", "answered", "expired", "unknown", "bad", "slow", "away"]


class ChoicePage(msgspec.Struct, frozen=True, kw_only=True):
    """The question with its two answers; `answer=me` and `answer=not_me` are the values of the buttons."""

    locale: str
    dir: str
    brand: str
    site: str
    severity: str
    level: str
    title: str
    lead: str
    facts: list[Fact]
    occurred_at: datetime
    me: str
    me_note: str
    not_me: str
    not_me_note: str
    once: str
    why: str
    reasons: list[str]
    held_heading: str
    held: str
    safe: str
    check: str
    number: str


class MessagePage(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an answer, or why there is nothing to answer."""

    locale: str
    dir: str
    brand: str
    site: str
    title: str
    text: list[str]
    steps_heading: str = ""
    steps: list[str] = []
    done_heading: str = ""
    done: list[str] = []
    """What was asked of the exchange, a sentence each."""
    case: str = ""
    """The sentence with the number of the case."""
    helpful: str = ""
    """Where it was answered: the question whether the message helped."""
    safe: str = ""


def choice(notice: Notice, reader: Reader, brand: str, until: datetime, check: str) -> ChoicePage:
    """The page behind an open link, which can be answered until `until`. `check`: the notice's check code."""
    _ = reader.words
    words = parts(notice, reader, brand)
    return ChoicePage(
        locale=reader.locale,
        dir=direction(reader.locale),
        brand=brand,
        site=_("Account safety"),
        severity=notice.severity,
        level=words.level,
        title=_question(notice, _),
        lead=words.what,
        facts=words.facts,
        occurred_at=notice.occurred_at,
        me=_("It was me"),
        me_note=_me_note(notice, _),
        not_me=_("It was not me"),
        not_me_note=_("We lock the account and sign out every device at once."),
        once=_("You can answer once, until {until}. Opening this page changed nothing.", until=reader.formats.until(until)),
        why=_("Why we ask"),
        reasons=words.reasons,
        held_heading=_("What we have done already"),
        held=words.held,
        safe=_("This page never asks for a password, a code or a recovery phrase."),
        check=_("To check that it is ours, open the app yourself: Account, Notices. Look for the notice with this number:"),
        number=check,
    )


def outcome(kind: Outcome, reader: Reader, brand: str, notice: Notice | None = None, locked: bool = False, case: str = "") -> MessagePage:
    """The page after an answer (`me`, `not_me`), or instead of the question (`bad`: no or another answer; `slow`: too many unknown links;
    `away`: we can't answer now). `notice`: with what still stands of what was asked. `locked`: it was answered `not_me`, so that lock and
    sign-out were asked for as well; `case`: what it opened."""
    _ = reader.words
    steps: list[str] = []
    if kind == "me":
        title, text = _("Thank you"), [_("We have noted that it was you.")]
        if notice is not None and asked_of(notice) in ("hold", "check"):
            text.append(_me_note(notice, _))
    elif kind == "not_me":
        title, text = _("We are locking your account"), [_("Every device is being signed out.")]
        steps = parts(notice, reader, brand).not_me[1:] if notice is not None else []
    elif kind == "answered":
        title = _("This question was answered already")
        text = [_("An answer counts once. If you did not give it, open the app yourself: Security, Lock my account.")]
    elif kind == "expired":
        title, text = _("This link has expired"), [_("Nothing was changed. Open the app yourself and answer there: Account, Notices.")]
    elif kind == "bad":
        title, text = _("Please choose one of the two answers"), [_("Nothing was changed. Go back and choose.")]
    elif kind == "slow":
        title, text = _("We do not know this link"), [_("Please wait some minutes and try again.")]
    elif kind == "away":
        title = _("This does not work right now")
        text = [_("Please try again in some minutes, or open the app yourself: Account, Notices.")]
    else:
        title = _("We do not know this link")
        text = [_("Please check that the address is complete, or open the app yourself: Account, Notices.")]
    doing = []
    if locked:
        known = done(notice, reader) if notice is not None else []
        doing = [*known, _("{sentence}.", sentence=_("We are locking your account")), _("Every device is being signed out.")]
        if kind == "not_me":
            text = []
    return MessagePage(
        locale=reader.locale,
        dir=direction(reader.locale),
        brand=brand,
        site=_("Account safety"),
        title=title,
        text=text,
        steps_heading=_("What to do now") if steps else "",
        steps=steps,
        done_heading=_("What we have done already") if doing else "",
        done=list(dict.fromkeys(doing)),
        case=_("Your case number is {number}. Have it at hand when you talk to us.", number=case) if case else "",
        helpful=_("Was this message helpful?") if kind in ("me", "not_me", "answered") else "",
        safe=_("This page never asks for a password, a code or a recovery phrase."),
    )


def inbox(reader: Reader) -> dict[str, str]:
    """Labels of the inbox."""
    _ = reader.words
    return {
        "title": _("Notices"),
        "unread": _("Unread"),
        "read": _("Mark as read"),
        "archive": _("Archive"),
        "answer": _("Answer: was it you?"),
        "empty": _("Nothing here. What happens on your account is told here."),
    }


def _question(notice: Notice, _: Words) -> str:
    if "transfer_id" in notice.facts or notice.kind.startswith("withdrawal_"):
        return _("Was this withdrawal you?")
    if notice.kind.startswith("login_"):
        return _("Was this sign-in you?")
    if "change" in notice.facts or notice.kind.startswith("account_"):
        return _("Was this change you?")
    return _("Was this you?")


def _me_note(notice: Notice, _: Words) -> str:
    if asked_of(notice) in ("hold", "check"):
        return _("We check once more in the app, then the withdrawal goes on.")
    return _("We note it. Nothing else changes.")
