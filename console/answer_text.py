"""Answer pages in the reader's words, which are composed like the mail that led there."""

from __future__ import annotations

from collections.abc import Callable

from console.answer_words import AnswerPage, Choice, Fact, State
from domain.events.user import User
from domain.locale import negotiate
from domain.ports import Answer
from notices.compose import Reader, pages
from notices.compose.catalogue import available

OUTCOMES: dict[State, pages.Outcome] = {
    "me": "me",
    "not_me": "not_me",
    "answered": "answered",
    "expired": "expired",
    "bad": "bad",
    "unknown": "unknown",
    "slow": "slow",
    "away": "away",
}


class ComposedAnswerPages:
    """Implements AnswerWords. `brand`: the exchange's name in words; `check_code`: notice id -> its check code."""

    def __init__(self, brand: str, check_code: Callable[[str], str], default_locale: str = "en"):
        self.brand, self.check_code, self.default = brand, check_code, default_locale

    def page(self, state: State, answer: Answer | None, user: User | None, accept_language: str) -> AnswerPage:
        """The page; in the language in which the notice was written, or for an unknown link in the browser's."""
        if answer is None:
            reader = Reader(preferred(accept_language, self.default))
        else:
            reader = Reader(answer.locale, user.region if user else None, user.time_zone if user else None)
        if state == "choice" and answer is not None and answer.notice is not None:
            return self._choice(reader, answer)
        # An erased owner's notice can't be read any more: there is nothing left to decide about.
        locked = answer is not None and answer.answer == "not_me" and state in ("not_me", "answered")
        said = pages.outcome(
            "expired" if state == "choice" else OUTCOMES[state],
            reader,
            self.brand,
            answer.notice if answer else None,
            locked,
            (answer.case or "") if answer and locked else "",
        )
        return AnswerPage(
            lang=said.locale,
            dir=said.dir,
            brand=said.brand,
            about=said.site,
            title=said.title,
            lead=said.text,
            steps_title=said.steps_heading,
            steps=said.steps,
            done_title=said.done_heading,
            done=said.done,
            case=said.case,
            helpful=said.helpful if answer is not None else "",
            footer=[said.safe],
        )

    def _choice(self, reader: Reader, answer: Answer) -> AnswerPage:
        assert answer.notice is not None
        asked = pages.choice(answer.notice, reader, self.brand, answer.expires_at, self.check_code(answer.notice_id))
        facts = [Fact(row.label, row.value, "code" if row.style == "id" else "text") for row in asked.facts]
        if facts:
            facts[0] = Fact(facts[0].label, facts[0].value, "time", reader.formats.local(asked.occurred_at))
        return AnswerPage(
            lang=asked.locale,
            dir=asked.dir,
            brand=asked.brand,
            about=asked.site,
            title=asked.title,
            lead=[asked.lead],
            severity=asked.severity,
            severity_word=asked.level,
            facts=facts,
            choices=[Choice("not_me", asked.not_me, asked.not_me_note), Choice("me", asked.me, asked.me_note)],
            once=asked.once,
            why_title=asked.why,
            why=asked.reasons,
            held_title=asked.held_heading,
            held=asked.held,
            footer=[asked.safe, asked.check],
            number=asked.number,
        )


def preferred(accept_language: str, default: str) -> str:
    """The first language of the browser that there are words in."""
    for each in accept_language[:200].split(","):
        wanted = each.partition(";")[0].strip()
        if wanted and wanted != "*":
            choice = negotiate(wanted, None, available(), default)
            if choice.reason != "default":
                return choice.locale
    return default
