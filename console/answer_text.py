"""Answer pages in the reader's words, from the same parts as the mail that led there."""

from __future__ import annotations

from console.answer_words import AnswerPage, Choice, Fact, State
from domain.events.user import User
from domain.locale import direction, negotiate
from domain.messages import Notice
from domain.ports import Answer
from notices.compose import Reader, number
from notices.compose.catalogue import Words, available
from notices.compose.view import asked_of, parts


class ComposedAnswerPages:
    """Implements AnswerWords. `brand`: the exchange's name in words."""

    def __init__(self, brand: str, default_locale: str = "en"):
        self.brand, self.default = brand, default_locale

    def page(self, state: State, answer: Answer | None, user: User | None, accept_language: str) -> AnswerPage:
        """The page; in the language in which the notice was written, or for an unknown link in the browser's."""
        if answer is None:
            reader = Reader(preferred(accept_language, self.default))
            return self._plain(state, reader, None, None)
        reader = Reader(answer.locale, user.region if user else None, user.time_zone if user else None)
        if answer.notice is None or state not in ("choice", "bad"):
            return self._plain(state, reader, answer, answer.notice)
        return self._choice(state, reader, answer, answer.notice)

    def _choice(self, state: State, reader: Reader, answer: Answer, notice: Notice) -> AnswerPage:
        _ = reader.words
        words = parts(notice, reader, self.brand)
        facts = [Fact(row.label, row.value, "code" if row.style == "id" else "text") for row in words.facts]
        if facts:
            facts[0] = Fact(facts[0].label, facts[0].value, "time", reader.formats.local(notice.occurred_at))
        wrong = _("Choose one of the two answers.") if state == "bad" else ""
        return AnswerPage(
            lang=reader.locale,
            dir=direction(reader.locale),
            brand=self.brand,
            about=_("Account safety"),
            title=words.subject,
            lead=f"{wrong} {words.what}".strip(),
            severity=notice.severity,
            severity_word=words.level,
            facts=facts,
            choices=[
                Choice("not_me", _("It was not me"), _("We lock the account and sign out every device at once.")),
                Choice("me", _("It was me"), self._brings(notice, _)),
            ],
            once=_("You can answer once, until {until}. Opening this page changed nothing.", until=reader.formats.until(answer.expires_at)),
            why_title=_("Why we ask"),
            why=words.reasons,
            held_title=_("What we have done already"),
            held=words.held,
            footer=self._footer(_),
            number=number(notice.notice_id),
        )

    def _brings(self, notice: Notice, _: Words) -> str:
        match asked_of(notice):
            case "hold":
                return _("We check once more in the app, then the withdrawal goes on.")
            case "check":
                return _("You confirm once more in the app, then the withdrawal goes on.")
        return _("We note it. Nothing else changes.")

    def _plain(self, state: State, reader: Reader, answer: Answer | None, notice: Notice | None) -> AnswerPage:
        _ = reader.words
        title, lead = {
            "me": (_("Thank you: it was you"), _("We noted your answer. There is nothing more to do.")),
            "not_me": (
                _("Thank you: we are locking the account"),
                _("We have asked to lock your account and to sign out every device. Do this now:"),
            ),
            "answered": (
                _("This was answered already"),
                _("An answer counts once, and one was given. If it was not yours, open the app yourself and lock the account."),
            ),
            "expired": (_("It is too late to answer here"), _("This link is no longer valid. Open the app yourself: Account, Notices.")),
            "slow": (_("Please wait a little"), _("There were too many tries from your network. Try again in some minutes.")),
        }.get(
            state,
            (
                _("This link does not exist"),
                _("Check that you opened the whole link. If you typed it, use the link in the message instead."),
            ),
        )
        if state == "me" and notice is not None and asked_of(notice) in ("hold", "check"):
            lead = _("We noted your answer. Open the app yourself and confirm the withdrawal once more.")
        steps = parts(notice, reader, self.brand).not_me[1:] if state == "not_me" and notice is not None else []
        return AnswerPage(
            lang=reader.locale,
            dir=direction(reader.locale),
            brand=self.brand,
            about=_("Account safety"),
            title=title,
            lead=lead,
            severity="",
            steps_title=_("What to do now") if steps else "",
            steps=steps,
            footer=self._footer(_) if answer else [_("This page never asks for a password, a code or a recovery phrase.")],
            number=number(answer.notice_id) if answer else "",
        )

    def _footer(self, _: Words) -> list[str]:
        return [
            _("This page never asks for a password, a code or a recovery phrase."),
            _("To check that it is ours, open the app yourself: Account, Notices. Look for notice"),
        ]


def preferred(accept_language: str, default: str) -> str:
    """The first language of the browser that there are words in."""
    for each in accept_language[:200].split(","):
        wanted = each.partition(";")[0].strip()
        if wanted and wanted != "*":
            choice = negotiate(wanted, None, available(), default)
            if choice.reason != "default":
                return choice.locale
    return default
