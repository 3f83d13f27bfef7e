"""The words of the page behind an unsubscribe link, in the reader's language. Plain text: the page escapes it."""

from __future__ import annotations

from typing import Literal

import msgspec

from domain.locale import direction
from notices.compose.view import Reader

Stop = Literal["ask", "stopped", "again"]


class StopPage(msgspec.Struct, frozen=True, kw_only=True):
    """One question and one button; `value` is what the button posts as `choice`."""

    locale: str
    dir: str
    brand: str
    title: str
    text: str
    button: str = ""
    value: Literal["stop", "again", ""] = ""


def stop_page(state: Stop, reader: Reader, brand: str) -> StopPage:
    """`ask`: nothing is changed yet; `stopped`, `again`: what was chosen."""
    _ = reader.words
    titles = {"ask": _("No more e-mails of this kind?"), "stopped": _("You are unsubscribed"), "again": _("You get these e-mails again")}
    stopped = state == "stopped"
    return StopPage(
        locale=reader.locale,
        dir=direction(reader.locale),
        brand=brand,
        title=titles[state],
        text=_("Notices about the safety of your account are sent all the same."),
        button=_("Subscribe again") if stopped else _("Unsubscribe"),
        value="again" if stopped else "stop",
    )
