"""What a reader would get of an edition of words, with sample data, on every channel: what compliance reads before it approves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email import message_from_bytes, policy
from functools import cache
from typing import Any

import msgspec

from domain.checkcode import coded
from domain.events import User
from domain.messages import Medium, Notice
from domain.wording import Edition, Live
from notices import samples
from notices.compose import catalogue, sms
from notices.compose.approval import Gate
from notices.compose.catalogue import PLACEHOLDER, Words
from notices.compose.composer import Composer
from notices.compose.editions import words_of
from notices.compose.locales import SAME
from notices.compose.sms import Length

EVERY: tuple[Medium, ...] = ("email", "sms", "inapp")
SAMPLE_CODE = 20_261_122
TOKEN = "SampleSampleSampleSam0"  # noqa: S105 - of nobody's answer link
_LETTERS = re.compile(r"[^\W\d_]{2,}")


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A kind in one language. `item`: the inbox item as the app gets it."""

    subject: str
    html: str
    text: str
    sms: str
    length: Length
    item: dict[str, Any]


class _Only(Gate):
    """Lets one edition through, whatever was decided of it; for other kinds the words on disk."""

    def __init__(self, kind: str, words: Words) -> None:
        super().__init__(_Nothing())
        self._kind, self._words = kind, words

    def words(self, kind: str, locale: str) -> Words | None:
        return self._words if kind == self._kind and locale == self._words.locale else None


class _Nothing:
    def latest(self) -> int:
        return 0

    def live(self) -> Live:
        return Live({}, frozenset())

    def load(self, edition: str) -> Edition | None:
        return None


def preview(edition: Edition, notice: Notice, brand: str, public_url: str, parts: Sequence[Notice] = ()) -> Preview:
    """The edition, filled. `parts`: of a digest. Raises what a template raises that can't be filled."""
    composer = Composer(brand, public_url, check_code=lambda _: coded(SAMPLE_CODE), gate=_Only(edition.kind, words_of(edition)))
    reader = reader_of(edition.locale)
    tokens = dict.fromkeys(composer.slots(notice, reader, samples.LATER), TOKEN)
    made = composer.compose(notice, reader, tokens, samples.LATER, parts, channels=EVERY)
    by_channel = {one.channel: one for one in made if one.slot == "current"}
    mail: Any = message_from_bytes(by_channel["email"].payload, policy=policy.default)
    text = by_channel["sms"].payload.decode()
    return Preview(
        subject=by_channel["email"].subject,
        html=str(mail.get_body(("html",)).get_content()),
        text=str(mail.get_body(("plain",)).get_content()),
        sms=text,
        length=sms.measure(text),
        item=msgspec.json.decode(by_channel["inapp"].payload),
    )


def reader_of(locale: str) -> User:
    """Someone who reads the language, where it is spoken."""
    region, zone = _HOMES.get(locale, ("NL", "Europe/Amsterdam"))
    return samples.user(locale=locale, region=region, time_zone=zone)


def missing(edition: Edition) -> list[str]:
    """English texts that the edition has no words of its own for; those that are the same in both languages aren't among them."""
    if edition.locale == catalogue.SOURCE:
        return []
    same = _same(edition.locale)
    said = {**edition.shared, **edition.texts}
    return [text for text, own in said.items() if own == text and text not in same and _LETTERS.search(PLACEHOLDER.sub("", text))]


@cache
def _same(locale: str) -> frozenset[str]:
    return frozenset(str(m.id) for m in catalogue.read(locale) if m.id and SAME in " ".join(m.user_comments))


_HOMES = {
    "zh-CN": ("CN", "Asia/Shanghai"),
    "zh-TW": ("TW", "Asia/Taipei"),
    "ja": ("JP", "Asia/Tokyo"),
    "ko": ("KR", "Asia/Seoul"),
    "vi": ("VN", "Asia/Ho_Chi_Minh"),
    "ru": ("RU", "Europe/Moscow"),
    "tr": ("TR", "Europe/Istanbul"),
    "es": ("ES", "Europe/Madrid"),
    "pt-BR": ("BR", "America/Sao_Paulo"),
    "fr": ("FR", "Europe/Paris"),
    "de": ("DE", "Europe/Berlin"),
    "ar": ("AE", "Asia/Dubai"),
}
