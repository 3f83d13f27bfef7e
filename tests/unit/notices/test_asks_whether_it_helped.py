"""Each mail leads to where its reader says whether it helped: by its answer page, or by a link of its own."""

from __future__ import annotations

from email import message_from_bytes

import msgspec
import pytest

from domain.messages import OldContact
from domain.policy_rules import Managers
from domain.ports import Rendered
from notices.compose import Composer
from notices.compose.catalogue import available
from notices.compose.recipients import manager_copy, recipients
from tests.unit.notices.samples import LATER, NAMES, notice, parts_of_digest, user

VOTE = "https://exchange.example/h/the-pass"
MANAGERS = Managers(severities=["notice", "warning", "critical"], tiers={"vip": "desk@exchange.example"})
COMPOSER = Composer("Example Exchange", "https://exchange.example", feedback=lambda *of: "the-pass", managers=MANAGERS)


def mails(name: str, **more: object) -> list[Rendered]:
    """The mails of a sample."""
    one = msgspec.structs.replace(notice(name), channels=["email"], **more)
    reader = user(tier="vip")
    to = [*recipients(one, reader, LATER), *manager_copy(one, reader, MANAGERS)]
    digest = parts_of_digest() if name == "digest" else ()
    return COMPOSER.compose(one, reader, dict.fromkeys(COMPOSER.slots(one, reader, LATER), "T" * 22), LATER, digest, to=to)


def texts(mail: Rendered) -> list[str]:
    """Its text and its HTML."""
    # By the older of Python's two ways: it takes a tenth of the time, and there are two hundred mails here.
    parts = {part.get_content_type(): part.get_payload(decode=True).decode() for part in message_from_bytes(mail.payload).walk()
             if not part.is_multipart()}  # fmt: skip
    return [parts["text/plain"], parts["text/html"]]


@pytest.mark.parametrize("name", NAMES)
def test_a_mail_has_an_answer_page_or_the_question(name):
    """Of margin, service and report, of a digest, a tip and an announcement too; never both, for the answer page asks by itself."""
    for text in texts(next(mail for mail in mails(name) if mail.slot == "current")):
        assert (VOTE in text) != ("https://exchange.example/n/" in text)


@pytest.mark.parametrize("locale", available())
def test_the_question_is_in_the_reader_s_language(locale):
    """Within forty kilobytes."""
    [mail] = COMPOSER.compose(notice("margin_low"), user(locale=locale, region=None), {}, LATER, channels=("email",))[:1]
    plain, html = texts(mail)
    asked = next(line for line in plain.splitlines() if VOTE in line)

    assert ("Was this message helpful?" in asked) == (locale == "en")
    assert len(html.encode()) < 40_000


def test_nobody_but_the_reader_is_asked():
    """The pass votes in his name: neither his account manager nor a contact that he gave up gets it."""
    others = [mail for mail in mails("margin_low", old_contacts=[OldContact("email", "old@mail.example")]) if mail.slot != "current"]

    assert {mail.recipient for mail in others} == {"old@mail.example", "desk@exchange.example"}
    assert not any(VOTE in text for mail in others for text in texts(mail))
