"""The link by which tips and announcements end."""

from email import message_from_bytes, policy

import pytest

from ledger.keys import Keyring
from notices.compose import Composer, composer
from notices.unsubscribe import Links
from tests.support.console import SECRET
from tests.unit.notices.samples import LATER, notice, user

LINKS = Links(Keyring(SECRET).box("unsubscribe"))
COMPOSER = Composer("Example Exchange", "https://exchange.example", unsubscribe=LINKS.token)


def mail(kind):
    """The sample's mail."""
    (made,) = COMPOSER.compose(notice(kind), user(), {}, LATER, channels=("email",))
    return message_from_bytes(made.payload, policy=policy.default)


def test_a_tip_can_be_ended_with_one_click(monkeypatch):
    """By the header and by a link in both forms of the text; it names neither user nor class."""
    monkeypatch.setattr(composer, "is_optional", lambda kind: True)
    monkeypatch.setattr(composer, "class_of", lambda kind: "tip")
    made = mail("service_delayed")
    link = made["List-Unsubscribe"].strip("<>")

    assert made["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert LINKS.read(link.removeprefix("https://exchange.example/u/")) == (notice("service_delayed").user_id, "tip")
    assert all(link in made.get_body((form,)).get_content() for form in ("plain", "html"))


@pytest.mark.parametrize("kind", ["account_takeover", "login_new_device", "margin_low", "service_delayed"])
def test_what_concerns_the_account_has_no_such_link(kind):
    """And what concerns its safety says so."""
    made = mail(kind)

    assert made["List-Unsubscribe"] is None
    assert "/u/" not in made.get_body(("plain",)).get_content()
    assert ("no unsubscribe link" in made.get_body(("plain",)).get_content()) == (kind != "service_delayed")


@pytest.fixture
def console(fresh, browse):
    """A browser, and the store behind it."""
    fresh.stop_links = LINKS
    return browse(fresh), fresh.store.callbacks


def test_opening_the_link_changes_nothing_and_its_button_ends_it(console):
    """In the reader's language; and it can be taken back."""
    client, callbacks = console
    path = f"/u/{LINKS.token('u7', 'tip')}"
    opened, before = client.get(path), callbacks.unwanted("u7")
    stopped, after = client.post(path, data={"choice": "stop"}), callbacks.unwanted("u7")
    client.post(path, data={"choice": "again"})

    assert (opened.status_code, before) == (200, set())
    assert (stopped.status_code, after) == (200, {("email", "tip")})
    assert opened.headers["content-language"] == "zh-CN"
    assert callbacks.unwanted("u7") == set()


def test_a_mail_program_ends_it_without_a_page(console):
    """As RFC 8058 says, without a cookie, also when its form comes in parts, and twice."""
    client, callbacks = console
    path = f"/u/{LINKS.token('u1042', 'announcement')}"
    bodies = [{"data": {"List-Unsubscribe": "One-Click"}}, {"files": {"List-Unsubscribe": (None, "One-Click")}}]

    assert [client.post(path, **body).status_code for body in bodies] == [200, 200]
    assert callbacks.unwanted("u1042") == {("email", "announcement")}


def test_a_link_that_we_did_not_make_ends_nothing(console):
    """Altered, of another key, for a class that can't be ended."""
    client, callbacks = console
    good = LINKS.token("u7", "tip")
    others = [
        good[:-2] + "AA",
        Links(Keyring("x" * 32).box("unsubscribe")).token("u7", "tip"),
        LINKS.token("u7", "security"),
        "x",
        "%C3%A9",
    ]

    assert {client.post(f"/u/{token}").status_code for token in others} == {404}
    assert callbacks.unwanted("u7") == set()
