"""The words of the page on which a user checks whether a message is ours, and of the page that asks whether a notice helped. Plain text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from domain.checkcode import coded
from domain.locale import direction
from domain.messages import Notice
from notices.compose.view import Fact, Reader, parts

CheckState = Literal["ask", "ours", "unknown", "empty", "slow", "expired"]
HelpState = Literal["ask", "yes", "no", "expired"]
_SAMPLE = coded(0x5A17C03B9)


class CheckPage(msgspec.Struct, frozen=True, kw_only=True):
    """A field, a button, and what came of the last check: `verdict` with `text`, `found` notices (each a list of facts), `warnings`."""

    locale: str
    dir: str
    brand: str
    title: str
    label: str
    hint: str
    button: str
    verdict: str = ""
    text: str = ""
    severity: str = "info"
    found: list[list[Fact]] = []
    warnings: list[str] = []
    safe: str = ""
    asks: bool = True


class HelpPage(msgspec.Struct, frozen=True, kw_only=True):
    """One question, two buttons; `said` is what was answered, `yes` or `no`."""

    locale: str
    dir: str
    brand: str
    title: str
    text: str
    yes: str
    no: str
    said: str = ""


class Found(msgspec.Struct, frozen=True):
    """A notice of this reader that a message names. `notice`: None when its words are erased."""

    notice_id: str
    code: str
    notice: Notice | None
    parts: list[Notice] = []
    channels: list[str] = []


def subject_of(found: Found, reader: Reader, brand: str) -> str:
    """The notice's subject in the reader's words; '' when they are erased."""
    return parts(found.notice, reader, brand, found.parts).subject if found.notice else ""


def check_page(state: CheckState, reader: Reader, brand: str, found: Sequence[Found] = (), elsewhere: Sequence[str] = ()) -> CheckPage:
    """The page; `elsewhere`: hosts of the message's links that aren't ours."""
    _ = reader.words
    verdicts = {
        "ours": _("Yes, we sent you this notice"),
        "unknown": _("We have sent you no such notice"),
        "empty": _("Please paste a message or type a code"),
        "slow": _("Too many checks"),
        "expired": _("This page has expired"),
    }
    texts = {
        "ours": _("Compare: if your message says anything else, or asks for a password or a code, it is not ours."),
        "unknown": _("It may be a forgery. Do not open its links, do not answer it, and report it to us in the app."),
        "slow": _("Please wait some minutes and try again."),
        "expired": _("Open it again in the app."),
    }
    return CheckPage(
        locale=reader.locale,
        dir=direction(reader.locale),
        brand=brand,
        title=_("Is this message from us?"),
        label=_("The message, or its check code"),
        hint=_("Paste the whole message. Or type the code at its end, which looks like {code}.", code=_SAMPLE),
        button=_("Check"),
        verdict=verdicts.get(state, ""),
        text=texts.get(state, ""),
        severity="warning" if elsewhere else {"ours": "info", "unknown": "warning"}.get(state, "notice"),
        found=[_facts(one, reader, brand) for one in found],
        warnings=[_("It has a link to {host}, which is not ours. Do not open it.", host=host) for host in elsewhere],
        safe=_("This page never asks for a password, a code or a recovery phrase."),
        asks=state != "expired",
    )


def _facts(found: Found, reader: Reader, brand: str) -> list[Fact]:
    _ = reader.words
    rows = [
        Fact(_("What we told you"), subject_of(found, reader, brand)),
        Fact(_("When"), reader.formats.moment(found.notice.created_at) if found.notice else ""),
        Fact(_("Sent by"), _.comma.join(_channels(reader)[name] for name in found.channels if name in _channels(reader))),
        Fact(_("Check code"), found.code, "id"),
    ]
    return [row for row in rows if row.value]


def _channels(reader: Reader) -> dict[str, str]:
    _ = reader.words
    return {"email": _("E-mail"), "sms": _("Text message"), "inapp": _("In the app")}


def help_page(state: HelpState, reader: Reader, brand: str) -> HelpPage:
    """Asks whether a notice helped; after an answer it thanks, and asks on: the answer can be changed."""
    _ = reader.words
    thanks = _("Thank you")
    titles = {"ask": _("Was this message helpful?"), "expired": _("This page has expired"), "yes": thanks, "no": thanks}
    title, text = titles[state], _("You can change your answer here.") if state in ("yes", "no") else ""
    return HelpPage(
        locale=reader.locale, dir=direction(reader.locale), brand=brand, title=title, text=text, yes=_("Yes"), no=_("No"),
        said=state if state in ("yes", "no") else "",
    )  # fmt: skip
