"""Composition: a notice becomes the messages that its readers get, one a channel and recipient. Pure; about a millisecond a mail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from domain.events import User
from domain.ids import delivery_id
from domain.locked import KIND as LOCKED
from domain.messages import Medium, Notice
from domain.policy_rules import Managers
from domain.ports import Rendered
from notices.compose import mail, sms
from notices.compose.announcement import is_announcement
from notices.compose.approval import Gate
from notices.compose.catalogue import Words
from notices.compose.editions import version
from notices.compose.formats import clean, pieces
from notices.compose.recipients import CURRENT, MANAGER, Recipient, recipients, slots
from notices.compose.templates import html_layout, text_layout
from notices.compose.view import Parts, Reader, number, parts
from notices.preferences import OPTIONAL, class_of, is_optional

MAX_CODE = 64


class InboxItem(msgspec.Struct, frozen=True):
    """What the inbox keeps of a notice; it holds no link and no code."""

    title: str
    body: str
    severity: str
    kind: str
    created_at: datetime
    number: str = ""
    answerable: bool = False
    locale: str = "en"
    actions: list[str] = []
    """What the user may say of it in the app: `me`, `not_me`; the inbox API takes it under `/answer`."""
    thread: str = ""
    """What it goes on about: it takes the place of an older item of the same thread; '' for an item by itself."""
    article: str = ""
    """Slug of the help article that the app may link to, e.g. `withdrawal-delayed-network`; '' where there is none."""


class Composer:
    """Composes for one exchange: `brand` is its name in words, `public_url` the console as readers see it, without a slash at the end.

    `unsubscribe(user id, class)`: the secret of the link by which a user gets no more of tips or announcements (notices.unsubscribe.Links).
    `check_code(notice id)`: the short code by which its reader checks it (domain.checkcode.CheckCodes.of); by default the id's beginning,
    which proves nothing. `feedback(notice id, user id, now)`: the secret of the link to the page that asks whether the notice helped
    (notices.passes.Passes.feedback).
    """

    def __init__(
        self,
        brand: str,
        public_url: str,
        default_locale: str = "en",
        code_in_sms: bool = True,
        answer_ttl: float = 259_200,
        brand_in_sms: bool = True,
        managers: Managers | None = None,
        unsubscribe: Callable[[str, str], str] | None = None,
        check_code: Callable[[str], str] = number,
        feedback: Callable[[str, str, datetime], str] | None = None,
        gate: Gate | None = None,
    ) -> None:
        self.brand = clean(brand, 40, own=True)
        self.public_url = public_url.rstrip("/")
        self.host = urlsplit(public_url).hostname or "localhost"
        self.default_locale = default_locale
        self.code_in_sms = code_in_sms
        self.brand_in_sms = brand_in_sms
        self.managers = managers or Managers()
        self.unsubscribe = unsubscribe
        self.gate = gate
        self.check_code = check_code
        self.feedback = feedback
        self.answer_ttl = timedelta(seconds=answer_ttl)
        self._headings_of: dict[tuple[object, ...], tuple[tuple[str, str], ...]] = {}

    def slots(self, notice: Notice, user: User | None, now: datetime) -> list[str]:
        """The recipients' slots that need a token for the answer link, `current` first; empty when there is nothing to answer."""
        return slots(notice, recipients(notice, user, now))

    def compose(
        self,
        notice: Notice,
        user: User | None,
        tokens: Mapping[str, str],
        now: datetime,
        parts_of_digest: Sequence[Notice] = (),
        channels: Collection[Medium] | None = None,
        answer_until: datetime | None = None,
        to: Sequence[Recipient] | None = None,
        after: str = "",
    ) -> list[Rendered]:
        """Every message of the notice that can be written now; a channel without a usable contact has none.

        `tokens`: slot -> token of the answer link; a slot without one gets no link. `parts_of_digest`: the notices that a digest names.
        `channels`: only these (a fallback, a contact that came late); a channel that the notice doesn't name is used all the same.
        `to`: its recipients, where they are known. `after`: id of the notice whose mail began the thread that this one goes on.
        """
        if channels is not None:
            notice = msgspec.structs.replace(notice, channels=list(dict.fromkeys([*notice.channels, *channels])))
        if to is None or channels is not None:
            to = recipients(notice, user, now)
        reader = Reader.of(user, self.default_locale, self.gate).of_text(notice.facts.get("text_locale", "")).of_kind(notice.kind)
        words = parts(notice, reader, self.brand, parts_of_digest, user)
        # Its reader compares it letter by letter: the dots of a code that looks like a host stay. What makes a link by itself goes.
        code = clean(user.anti_phishing_code if user else None, MAX_CODE, own=True)
        until = answer_until or now + self.answer_ttl
        rendered = []
        for recipient in to:
            if channels is not None and recipient.channel not in channels:
                continue
            link = self.answer_url(tokens.get(recipient.slot)) if notice.answerable else ""
            variant, subject, chosen = "", words.subject, reader
            copy = recipient.slot == MANAGER
            if copy:
                payload, subject, chosen = self._copy(notice, parts_of_digest, recipient, until, now, after)
            elif recipient.channel == "email":
                payload = self._mail(notice, reader, words, recipient, link, code, until, now, after)
            elif recipient.channel == "sms":
                payload, variant = self._sms(reader, words, link, code, self.check_code(notice.notice_id))
            else:
                payload = self._inbox(notice, words, reader.words.gap)
            rendered.append(
                Rendered(
                    delivery_id=delivery_id(notice.notice_id, recipient.channel, recipient.slot),
                    notice_id=notice.notice_id,
                    user_id=notice.user_id,
                    kind=notice.kind,
                    severity=notice.severity,
                    channel=recipient.channel,
                    recipient=recipient.address,
                    slot=recipient.slot,
                    locale=chosen.locale,
                    locale_reason=chosen.reason,
                    template=f"{notice.kind}@{version(notice.kind, chosen.words)}{variant}",
                    subject=subject,
                    payload=payload,
                    expires_at=notice.expires_at,
                )
            )
        return rendered

    def answer_url(self, token: str | None) -> str:
        """The answer link; '' without a token."""
        return f"{self.public_url}/n/{token}" if token else ""

    def _stop_url(self, notice: Notice, recipient: Recipient) -> str:
        """Where the reader of a tip or an announcement unsubscribes; '' for all else."""
        if self.unsubscribe is None or recipient.slot != CURRENT or not is_optional(notice.kind):
            return ""
        return f"{self.public_url}/u/{self.unsubscribe(notice.user_id, class_of(notice.kind))}"

    def _helpful_url(self, notice: Notice, recipient: Recipient, now: datetime) -> str:
        """Where its reader says whether the message helped; '' for one with an answer page, which asks that itself."""
        if self.feedback is None or recipient.slot != CURRENT or notice.answerable:
            return ""
        return f"{self.public_url}/h/{self.feedback(notice.notice_id, notice.user_id, now)}"

    def _copy(
        self, notice: Notice, parts_of_digest: Sequence[Notice], recipient: Recipient, until: datetime, now: datetime, after: str
    ) -> tuple[bytes, str, Reader]:
        """The account manager's mail: in his language, without what only the account's owner may have."""
        reader = Reader(self.managers.locale, None, self.managers.time_zone, "manager", self.gate).of_kind(notice.kind)
        words = parts(notice, reader, self.brand, parts_of_digest)
        return self._mail(notice, reader, words, recipient, "", "", until, now, after), words.subject, reader

    def _mail(
        self, notice: Notice, reader: Reader, words: Parts, recipient: Recipient, link: str, code: str, until: datetime, now: datetime,
        after: str,
    ) -> bytes:  # fmt: skip
        _ = reader.words
        copy = recipient.slot == MANAGER
        intro = ""
        if copy:
            intro = _("This is a copy for the account manager of user {user}.", user=clean(notice.user_id))
        elif recipient.slot != CURRENT:
            intro = _("You get this message here because this was a contact of the account until recently.")
        stop = self._stop_url(notice, recipient)
        helpful = self._helpful_url(notice, recipient, now)
        headings = self._fixed(notice, _, bool(code), copy)
        layout = {
            "brand": self.brand,
            "level": words.level,
            "subject": words.subject,
            "what": words.what,
            "intro": intro,
            "facts": words.facts,
            "reasons": words.reasons,
            "held": words.held,
            "me": words.me,
            "not_me": words.not_me,
            "tip": words.tip,
            "answer_url": link,
            "code": code,
            "code_pieces": pieces(code),
            "number": number(notice.notice_id) if copy else self.check_code(notice.notice_id),
            "pairs": [_("{label}: {value}", label=fact.label, value=fact.value) for fact in words.facts],
            "helpful_url": helpful,
            "helpful": _("Was this message helpful? Tell us here: {url}", url=helpful) if helpful else "",
            "stop_url": stop,
            "stop": _("To get no more e-mails of this kind, open this page: {url}", url=stop) if stop else "",
            "answer_note": _(
                "This opens {host}. It never asks for a password and works once, until {until}.",
                host=self.host,
                until=reader.formats.until(until),
            ),
        }
        return mail.build(
            notice_id=notice.notice_id,
            kind=notice.kind,
            locale=reader.locale,
            recipient=recipient.address,
            subject=words.subject,
            text=text_layout(_, headings).render(layout),
            html=html_layout(_, headings).render(layout),
            now=now,
            host=self.host,
            after=after,
            unsubscribe=stop,
        )

    def _fixed(self, notice: Notice, _: Words, has_code: bool, copy: bool = False) -> tuple[tuple[str, str], ...]:
        key = (notice.kind, notice.severity, notice.answerable, _.locale, _.edition, has_code, copy)
        found = self._headings_of.get(key)
        if found is None:
            made = self._headings(notice, _, has_code)
            if copy:
                made["check"] = _("Notice")
                made["code"] = _("This copy holds neither the answer link nor the anti-phishing code: only the account's owner has them.")
            found = self._headings_of[key] = tuple(made.items())
        return found

    def _headings(self, notice: Notice, _: Words, has_code: bool) -> dict[str, str]:
        """What kind, severity, answerability and language fix: the layout is compiled with it, as `t.name`."""
        family = notice.kind.split("_")[0]
        me, not_me, why = _("If it was you"), _("If it was not you"), _("Why it stands out")
        if family == "margin":
            me, not_me = _("What you can do"), _("If you did not open this position")
        elif family == "service":
            me, why = _("What you can do"), _("What we know")
        elif family == "tip":
            me, not_me = _("What you can do"), _("Your next three steps")
        elif family == "report":
            me, not_me, why = _("What you can do"), _("If you have already answered or paid"), _("What we know")
        elif is_announcement(notice.kind):
            me, not_me, why = _("What you can do"), _("If someone contacts you about this"), _("What this means for you")
        elif family == "digest":
            why = _("What happened")
        elif notice.kind == LOCKED:
            not_me = _("What to do now")
        return {
            "why": why,
            "held": _("What we have done already"),
            "answer": _("Answer: was it you?"),
            "me": me,
            "not_me": not_me,
            "tip": _("Good to know"),
            "code": _("Your anti-phishing code:")
            if has_code
            else _("You have no anti-phishing code yet. Choose one in the app, under Security."),
            "check": _(
                "To check that this message is ours, open the app yourself: Account, Notices. The same notice is there, and you can paste"
                " this message or type its check code:"
            ),
            "footer": _("Notice")
            if family in ("service", "report", *OPTIONAL)
            else _("Notices about the safety of your account are always sent, so they have no unsubscribe link. Notice"),
        }

    def _sms(self, reader: Reader, words: Parts, link: str, code: str, check: str) -> tuple[bytes, str]:
        """The text, and `+n` for the n-th wording: which one was used is part of the template's name."""
        text, place = sms.fit(self._wordings(reader.words, words, link, code if self.code_in_sms else "", check, bool(words.held)))
        return text.encode("utf-8", "replace"), f"+{place}" if place else ""

    def _wordings(self, _: Words, words: Parts, link: str, code: str, check: str, asked: bool) -> Iterator[str]:
        """From the longest to the shortest. Device, time and reason go first, then the brand (the codes tell whose message it is too), then
        all but the shortest sentence, then the question. Amount, hold and link stay, and so do both codes, unless nothing else fits: then
        the check code goes before the reader's own."""
        ours = f" [{code}]" if code else ""
        signed = f" #{check.replace('-', '')}{ours}"
        ask = ""
        if link:
            ask = _("Was it you? Answer here: {link}", link=link) if asked else _("If it was not you, answer here: {link}", link=link)
        tails = [f"{_.gap}{ask}", f" {link}"] if link else [""]
        for tail in tails:
            for sentences in (words.sms[:-1], words.sms[-1:]):
                for branded in (True, False) if self.brand_in_sms else (False,):
                    for sentence in sentences:
                        body = f"{sentence}{tail}"
                        yield sms.plain(_("{brand}: {text}", brand=self.brand, text=body) if branded else body) + signed
        yield sms.plain(f"{words.sms[-1]} {link}".strip()) + ours
        yield sms.plain(f"{words.sms[-1]} {link}".strip())

    def _inbox(self, notice: Notice, words: Parts, gap: str) -> bytes:
        # Where there is nothing to answer, the item is all that most readers get: it says why and what to do as well.
        rest = [words.held] if notice.answerable or notice.kind in ("digest", LOCKED) else [*words.reasons, words.me]
        if class_of(notice.kind) == "tip":
            rest += words.not_me  # the report's next steps
        item = InboxItem(
            title=words.subject,
            body=gap.join(part for part in (words.what, *rest) if part),
            severity=notice.severity,
            kind=notice.kind,
            created_at=notice.created_at,
            number=self.check_code(notice.notice_id),
            answerable=notice.answerable,
            locale=words.locale,
            actions=["me", "not_me"] if notice.answerable else [],
            thread=notice.thread,
            article=clean(notice.facts.get("article")),
        )
        return msgspec.json.encode(item)
