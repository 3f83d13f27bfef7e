"""Composes for tests, and reads what came of it."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

from domain.checkcode import CheckCodes
from domain.events import User
from domain.messages import Notice
from domain.ports import Rendered
from notices.compose import Composer
from tests.unit.notices.samples import LATER, NAMES, parts_of_digest

CODES = CheckCodes(b"c" * 32)
COMPOSER = Composer("Example Exchange", "https://exchange.example", check_code=CODES.of)
TOKEN = "T" * 22
KINDS = list({name.split(":")[0]: name for name in NAMES}.values())
LINK = f"https://exchange.example/n/{TOKEN}"
EVERY = ("email", "sms", "inapp")


def compose(one: Notice, reader: User | None, composer: Composer = COMPOSER, channels=None) -> list[Rendered]:
    tokens = dict.fromkeys(composer.slots(one, reader, LATER), TOKEN)
    return composer.compose(one, reader, tokens, LATER, parts_of_digest() if one.kind == "digest" else (), channels=channels)


def mail(rendered: list[Rendered], slot: str = "current") -> EmailMessage:
    [one] = [r for r in rendered if r.channel == "email" and (r.slot == slot or (slot == "old" and r.slot.startswith("old-")))]
    return message_from_bytes(one.payload, policy=policy.default)


def text(message: EmailMessage, kind: str = "plain") -> str:
    return message.get_body((kind,)).get_content()


def sms(rendered: list[Rendered]) -> str:
    [one] = [r for r in rendered if r.channel == "sms"]
    return one.payload.decode()


def inbox(rendered: list[Rendered]) -> dict:
    [one] = [r for r in rendered if r.channel == "inapp"]
    return json.loads(one.payload)


class Page(HTMLParser):
    """Links, directions and visible words of a mail's HTML."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.words = ""
        self.root: dict[str, str | None] = {}
        self._hidden = 0
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src", "action", "background")]
        self._hidden += tag in ("style", "title", "script")
        if tag == "html":
            self.root = values

    def handle_endtag(self, tag):
        self._hidden -= tag in ("style", "title", "script")

    def handle_data(self, data):
        if not self._hidden:
            self.words += data
