"""The security report in one reader's words: its parts, what was found, what to do next, and the printable page."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from domain.locale import direction
from domain.protection import WORTH, Part, Report
from notices.compose.catalogue import Words
from notices.compose.steps import steps
from notices.compose.view import Reader


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the report. `points` reads `30 of 30`."""

    part: str
    title: str
    state: str
    word: str
    detail: str
    points: str
    worth: int
    of: int


class ReportPage(msgspec.Struct, frozen=True, kw_only=True):
    """All texts of the page, plain: the page escapes them."""

    locale: str
    dir: str
    brand: str
    title: str
    lead: str
    made: str
    score: int
    best: int
    unknown: str
    """What the unknown means for the score; '' where all is known."""
    parts_title: str
    rows: list[Row]
    steps_title: str
    steps: list[str]
    footer: str


def report_page(report: Report, reader: Reader, brand: str) -> ReportPage:
    """The report as its owner reads it."""
    _ = reader.words
    return ReportPage(
        locale=reader.locale,
        dir=direction(reader.locale),
        brand=brand,
        title=_("Security report"),
        lead=_("Your account's protection: {points} of 100", points=report.score),
        made=reader.formats.moment(report.at),
        score=report.score,
        best=report.best,
        unknown=_("What we do not know counts nothing. With all of it in place the score would be {best}.", best=report.best)
        if report.best > report.score and any(part.state == "unknown" for part in report.parts)
        else "",
        parts_title=_("What protects your account"),
        rows=[_row(part, _) for part in report.parts],
        steps_title=_("Your next three steps"),
        steps=steps(",".join(report.steps), _, brand),
        footer=_("We never ask for your password, your codes or your recovery phrase, on the phone or anywhere else."),
    )


def expired_page(reader: Reader, brand: str) -> ReportPage:
    """Behind a link whose time is over, or that never was one."""
    _ = reader.words
    return ReportPage(
        locale=reader.locale, dir=direction(reader.locale), brand=brand, title=_("Security report"), lead=_("This page has expired"),
        made="", score=0, best=0, unknown=_("Open it again in the app."), parts_title="", rows=[], steps_title="", steps=[],
        footer=_("We never ask for your password, your codes or your recovery phrase, on the phone or anywhere else."),
    )  # fmt: skip


def _row(part: Part, _: Words) -> Row:
    return Row(
        part=part.part,
        title=titles(_)[part.part],
        state=part.state,
        word=_states(_)["attention" if part.state == "missing" and part.count else part.state],
        detail=_details(_)[part.detail](part.count),
        points=_("{points} of {of}", points=part.points, of=part.of),
        worth=part.points,
        of=part.of,
    )


def titles(_: Words) -> Mapping[str, str]:
    """Part -> what it is called."""
    named = {
        "mfa": _("Two-factor"),
        "whitelist": _("Address list"),
        "code": _("Anti-phishing code"),
        "contacts": _("E-mail address and phone number"),
        "keys": _("API keys"),
        "findings": _("The last thirty days"),
    }
    return {part: named[part] for part in WORTH}


def _states(_: Words) -> Mapping[str, str]:
    return {
        "good": _("In place"),
        "partly": _("Could be better"),
        "missing": _("Missing"),
        "unknown": _("Not known"),
        "attention": _("Needs attention"),
    }


def _details(_: Words) -> Mapping[str, Callable[[int], str]]:
    fixed = {
        "unknown": _("We do not know it, so it counts nothing."),
        "mfa_strong": _("On, with an authenticator app or a passkey."),
        "mfa_weak": _("On, by text message or e-mail. An authenticator app or a passkey is safer."),
        "mfa_on": _("On."),
        "mfa_off": _("Off."),
        "mfa_unused": _("The last sign-in asked for your password alone."),
        "whitelist_on": _("Coins can only go to addresses that you saved."),
        "whitelist_off": _("Coins can go to any address."),
        "code_set": _("Chosen. It stands in each of our e-mails."),
        "code_none": _("Not chosen yet."),
        "contacts_both": _("We can reach you in both ways."),
        "contacts_one": _("We can reach you in one way only."),
        "contacts_bounced": _("Messages to one of them came back."),
        "contacts_none": _("We cannot reach you."),
        "keys_none": _("You have none."),
        "keys_fine": _("None is unused, and none may withdraw from anywhere."),
        "findings_none": _("No warnings are open."),
    }
    counted: dict[str, Callable[[int], str]] = {
        "keys_open": lambda count: _("Keys that may withdraw from anywhere: {count}.", count=count),
        "keys_stale": lambda count: _("Keys not used for ninety days: {count}.", count=count),
        "findings_open": lambda count: _("Warnings that wait for an answer: {count}.", count=count),
    }
    return {name: (lambda count, text=text: text) for name, text in fixed.items()} | counted
