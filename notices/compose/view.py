"""A notice put into one reader's words: the parts from which e-mail, text message, inbox item and answer page are laid out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from domain.events import User
from domain.locale import negotiate
from domain.messages import Notice
from notices.compose import announcement, catalogue, changes, reasons
from notices.compose.approval import FALLBACK, REASON, Gate, Unapproved
from notices.compose.catalogue import Words
from notices.compose.formats import Formats, clean
from notices.compose.steps import steps
from notices.compose.templates import parts_of, tip_text
from notices.compose.why import hours
from notices.digest import listed
from notices.tips.library import PREFIX, fitting

ANOTHER = "translation"
"""Why a notice is in a language that isn't its reader's: by `Rendered.locale_reason`."""


class Fact(NamedTuple):
    """A row of the table: what, value, and how to set it (`v` words, `id` an address or key, always left to right)."""

    label: str
    value: str
    style: str = "v"


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """Plain text throughout, never markup; values are cleaned, lists are in reading order."""

    locale: str
    level: str
    subject: str
    what: str
    facts: list[Fact]
    reasons: list[str]
    held: str
    """What the exchange was asked for already; '' for nothing."""
    me: str
    not_me: list[str]
    tip: str
    sms: list[str]
    """Wordings of the text message without brand, link and code, longest first."""


class Reader:
    """Language, region and zone of the one who reads. Raises nothing: what is unknown reads as the fallback."""

    def __init__(
        self, locale: str, region: str | None = None, zone: str | None = None, reason: str = "user", gate: Gate | None = None,
        words: Words | None = None,
    ) -> None:  # fmt: skip
        self.locale = locale if locale in catalogue.available() else catalogue.SOURCE
        self.reason = reason
        self.words = words or catalogue.words(self.locale)
        self.formats = Formats(self.words, region, zone)
        self.gate, self._region, self._zone = gate, region, zone

    @classmethod
    def of(cls, user: User | None, default: str = "en", gate: Gate | None = None) -> Reader:
        """The reader that the directory knows. `gate`: which words may be sent; None: those on disk."""
        return _reader(user.locale, user.region, user.time_zone, default, gate) if user else _reader(None, None, None, default, gate)

    def of_kind(self, kind: str) -> Reader:
        """The same reader with the words that are approved for a kind of notice; in English where there are none in the language. Raises
        notices.compose.approval.Unapproved where there are none at all."""
        if self.gate is None:
            return self
        try:
            return self._with(self.gate.words(kind, self.locale), self.locale, self.reason)
        except Unapproved:
            if self.locale == FALLBACK:
                raise
            return self._with(self.gate.words(kind, FALLBACK), FALLBACK, REASON)

    def of_text(self, locale: str) -> Reader:
        """The same reader where the text is to be had in another language only: then all of the notice is in that."""
        return self if not locale or locale == self.locale else Reader(locale, self._region, self._zone, ANOTHER, self.gate)

    def _with(self, words: Words | None, locale: str, reason: str) -> Reader:
        words = words or catalogue.words(locale)
        return self if words is self.words else Reader(locale, self._region, self._zone, reason, self.gate, words)


@lru_cache(maxsize=4096)
def _reader(locale: str | None, region: str | None, zone: str | None, default: str, gate: Gate | None) -> Reader:
    choice = negotiate(locale, region, catalogue.available(), default)
    return Reader(choice.locale, region, zone, choice.reason, gate)


def number(notice_id: str) -> str:
    """The notice's number as its reader compares it: `7E0B-9A3F-6C12`."""
    digits = "".join(c for c in notice_id.upper() if c.isalnum())[:12]
    return "-".join(digits[n : n + 4] for n in range(0, len(digits), 4))


def asked_of(notice: Notice) -> str:
    """What the words may claim: `hold` (this withdrawal is held), `check` (it waits for a check), `step_up` (the next one does), ``."""
    for asked in notice.asked:
        if asked.action == "hold_withdrawal":
            return "hold"
        if asked.action == "require_step_up":
            return "check" if asked.target else "step_up"
    return ""


def parts(notice: Notice, reader: Reader, brand: str, digest: Sequence[Notice] = (), user: User | None = None) -> Parts:
    """The notice in the reader's words. `digest`: the notices that a digest names; `user`: whose tip it is to hold."""
    digest = listed(digest)
    _, formats, facts = reader.words, reader.formats, notice.facts
    said = {
        "_": _,
        "gap": _.gap,
        "brand": brand,
        "asked": asked_of(notice),
        "answerable": notice.answerable,
        "severity": notice.severity,
        "time": formats.time(notice.occurred_at),
        "amount": formats.amount(facts.get("amount"), facts.get("asset")),
        "device": formats.device(facts.get("device")),
        "place": formats.place(facts.get("city"), facts.get("country")),
        "country": formats.country(facts.get("country")),
        "mfa": facts.get("mfa", ""),
        "change": changes.sentence(facts.get("change", ""), facts.get("permissions", ""), _),
        "account": clean(facts.get("account"), 32),
        "ratio": clean(facts.get("ratio"), 6),
        "equity": formats.money(facts.get("equity_usd")),
        "maintenance": formats.money(facts.get("maintenance_margin_usd")),
        "young": reasons.from_others(notice.reasons),
        "hours": hours(formats, facts.get("hours")),
        "add": formats.money(facts.get("add_usd")),
        "cut": formats.amount(facts.get("cut_size"), None),
        "cut_market": clean(facts.get("cut_market"), 32),
        "concerns": facts.get("subject", ""),
        "role": facts.get("campaign_role", ""),
        "count": len(digest),
        **announcement.values(facts),
        "ticket_state": facts.get("ticket_state", ""),
        "points": clean(facts.get("points"), 3),
        "case": clean(facts.get("case"), 32),
        "steps": steps(facts.get("steps", ""), _, brand),
    }
    made = parts_of(notice.kind, said)
    return Parts(
        locale=reader.locale,
        level=_level(notice, _),
        subject=made.subject,
        what=made.what,
        facts=_facts(notice, reader),
        reasons=_digest(digest, reader, brand)
        if digest
        else announcement.sentences(facts, formats, _)
        if announcement.is_announcement(notice.kind)
        else reasons.sentences(notice.reasons, facts, formats, _, made.what, notice.detectors),
        held=_held(notice, reader),
        me=made.me,
        not_me=made.not_me,
        tip=_tip(fitting(notice.kind, notice.notice_id, user, notice.created_at), reader, brand),
        sms=made.sms,
    )


def _tip(kind: str, reader: Reader, brand: str) -> str:
    """What a tip says, when its words are approved; '' where none fits."""
    try:
        own = reader.of_kind(kind) if kind else reader
    except Unapproved:
        return ""
    return tip_text(kind, own.words, brand) if own.locale == reader.locale else ""


def _level(notice: Notice, _: Words) -> str:
    if announcement.is_announcement(notice.kind) and notice.severity == "notice":
        return _("For your information")
    if notice.severity == "warning" and not notice.answerable:
        return _("Please check")
    return {
        "info": _("For your information"),
        "notice": _("Please check"),
        "warning": _("Please answer"),
        "critical": _("Please act now"),
    }[notice.severity]


def _facts(notice: Notice, reader: Reader) -> list[Fact]:
    _, formats, facts = reader.words, reader.formats, notice.facts
    amount, worth = formats.amount(facts.get("amount"), facts.get("asset")), formats.money(facts.get("usd_value"))
    where = formats.place(facts.get("city"), facts.get("country"))
    margin = notice.kind.startswith("margin_")
    if announcement.is_announcement(notice.kind):
        return [Fact(*row) for row in announcement.rows(facts, formats, _) if row[1]]
    rows = [
        Fact(_("When"), "" if notice.kind.startswith(PREFIX) else formats.moment(notice.occurred_at)),
        Fact(_("Amount"), _("{amount} (about {money})", amount=amount, money=worth) if amount and worth else amount),
        Fact(_("To"), clean(facts.get("address"), 128), "id"),
        Fact(_("The address you know"), clean(facts.get("known_address"), 128), "id"),
        Fact(_("Where"), _("{place}, by its network address", place=where) if where else ""),
        Fact(_("Device"), formats.device(facts.get("device"))),
        Fact(_("API key"), clean(facts.get("api_key")), "id"),
        Fact(_("Market"), clean(facts.get("market"), 32), "id"),
        Fact(_("Reported page"), clean(facts.get("host")), "id"),
        Fact(_("Code"), clean(facts.get("code")), "id"),
        Fact(_("Ticket"), clean(facts.get("ticket")), "id"),
        Fact(_("Equity"), formats.money(facts.get("equity_usd")) if margin else ""),
        Fact(_("Maintenance margin"), formats.money(facts.get("maintenance_margin_usd")) if margin else ""),
        Fact(_("Liquidation price"), clean(facts.get("liquidation_price"), 40) if margin else "", "id"),
    ]
    return [row for row in rows if row.value]


def _held(notice: Notice, reader: Reader) -> str:
    return reader.words.gap.join(done(notice, reader))


def done(notice: Notice, reader: Reader) -> list[str]:
    """What the exchange was asked for, a sentence each. Only what was asked is claimed."""
    _ = reader.words
    said = [_withdrawals_held(notice, reader)]
    for one in notice.asked:
        if one.action == "disable_api_key":
            said.append(_("The API key is being switched off."))
        elif one.action == "revoke_sessions":
            said.append(_("The sign-in concerned is being ended.") if one.target else _("Every device is being signed out."))
        elif one.action == "freeze_account":
            said.append(_("{sentence}.", sentence=_("We are locking your account")))
    return list(dict.fromkeys(sentence for sentence in said if sentence))


def _withdrawals_held(notice: Notice, reader: Reader) -> str:
    _, asked = reader.words, asked_of(notice)
    ends = [one.expires_at for one in notice.asked if one.expires_at is not None]
    if not asked or not ends:
        return ""
    until = reader.formats.until(max(ends))
    if asked == "hold":
        return _("We are holding this withdrawal until {until}, and any further one like it. It has not left your account.", until=until)
    if asked == "check":
        return _("Before this withdrawal goes on, we ask for one more confirmation in the app.")
    return _("Until {until} a withdrawal needs one more confirmation in the app.", until=until)


def _digest(digest: Sequence[Notice], reader: Reader, brand: str) -> list[str]:
    """One line a notice: time and subject."""
    _ = reader.words
    lines = []
    for n in digest:
        subject = parts(n, reader.of_kind(n.kind), brand).subject
        lines.append(_("{time} {subject}", time=reader.formats.time(n.occurred_at), subject=subject))
    return lines
