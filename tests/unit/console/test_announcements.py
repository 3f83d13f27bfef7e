"""Announcements at the console: drafts, what they reach, and that nobody lets his own words out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from console import announcement_form as forms
from console.services import Services
from domain.events import Announcement
from domain.habits.positions import Order, Positions
from stores.sql.announcements import SqlAnnouncements, Version
from tests.support.console import NOW
from tests.unit.console.conftest import csrf

pytestmark = pytest.mark.slow

FORM = {
    "kind": "maintenance", "severity": "notice", "starts_at": "2026-11-22T05:00", "ends_at": "2026-11-22T07:00",
    "missing_translation": "fallback", "effect": "paused", "title.en": "Spot trading pauses", "body.en": "From two to four.",
}  # fmt: skip


class Console:
    """A console, and colleagues who use it."""

    def __init__(self, made: Services, browse: Callable[..., TestClient[Any]]) -> None:
        self.services, self.browse = made, browse
        self.store = SqlAnnouncements(made.store.database, made.store.book)

    def send(self, who: str, path: str, **fields: str) -> Any:
        client = self.browse(self.services, who)
        return client.post(path, data={"csrf": csrf(self.services, client)} | fields, follow_redirects=False)

    def see(self, who: str, path: str) -> str:
        response = self.browse(self.services, who).get(path)
        assert response.status_code == 200, response.text
        return str(response.text)

    def draft(self, who: str = "ana", **changes: str) -> str:
        """A draft of a colleague's; its path."""
        response = self.send(who, "/announcements/new", **(FORM | changes))
        assert response.status_code == 303, response.text
        return str(response.headers["location"])

    def newest(self, path: str) -> Version:
        return self.store.versions(path.rsplit("/", 1)[1])[0]

    def act(self, who: str, path: str, act: str, **more: str) -> Any:
        from console.announcements import hash_of

        newest = self.newest(path)
        return self.send(who, f"{path}/{act}", **({"version": str(newest.version), "hash": hash_of(newest)} | more))

    def state(self, path: str) -> str:
        standing = self.store.standing(path.rsplit("/", 1)[1])
        assert standing is not None
        return standing.state


@pytest.fixture
def console(fresh: Services, browse: Callable[..., TestClient[Any]]) -> Console:
    return Console(fresh, browse)


def test_a_draft_goes_out_after_a_second_person_approved_it(console: Console):
    """Written by security, approved by compliance, live from then on; the ledger has both by name."""
    path = console.draft()
    assert console.state(path) == "draft"
    assert console.act("ana", path, "submit").status_code == 303
    assert console.act("carl", path, "approve").status_code == 303

    newest = console.newest(path)
    assert (newest.state, newest.author, newest.approver) == ("approved", "ana", "carl")
    assert console.state(path) == "live"
    assert accesses(console.services) == [("ana", "submitted"), ("carl", "approved")]


def accesses(made: Services) -> list[tuple[str, str]]:
    """Who decided what of an announcement, by the ledger."""
    rows = made.store.ledger.search(user_id=None, kinds=["access"], since=None, until=None, before=None, limit=50)
    bodies = [msgspec.json.decode(row.body) for row in rows]
    return sorted((body["who"], body["what"]["decided"]) for body in bodies)


def test_nobody_approves_what_he_wrote(console: Console):
    """Neither one of compliance, nor an owner who has every role."""
    for who in ("carl", "owner"):
        path = console.draft(who)
        console.act(who, path, "submit")
        response = console.act(who, path, "approve")

        assert response.status_code == 409
        assert "someone else has to approve it" in response.text
        assert console.state(path) == "draft"
        assert not console.store.approve(path.rsplit("/", 1)[1], 1, who, NOW, NOW + timedelta(hours=1), NOW)


def test_a_draft_that_was_not_submitted_can_not_be_approved(console: Console):
    """Nor one that was sent back."""
    path = console.draft()
    assert console.act("carl", path, "approve").status_code == 409
    console.act("ana", path, "submit")
    assert console.act("carl", path, "refuse").status_code == 303

    assert console.newest(path).state == "refused"
    assert console.act("carl", path, "approve").status_code == 409
    assert console.state(path) == "draft"


def test_exactly_what_was_read_is_approved(console: Console):
    """A form that was opened before the words changed lets nothing out."""
    path = console.draft()
    console.act("ana", path, "submit")
    response = console.act("carl", path, "approve", hash="0" * 32)

    assert response.status_code == 409
    assert "changed since you read it" in response.text
    assert console.state(path) == "draft"


def test_a_colleagues_draft_is_not_written_over(console: Console):
    """What someone else writes becomes a further version."""
    path = console.draft("ana")
    console.send("ana", f"{path}/edit", **(FORM | {"title.en": "Mended"}))
    assert [v.content.title["en"] for v in console.store.versions(path.rsplit("/", 1)[1])] == ["Mended"]
    console.send("carl", f"{path}/edit", **(FORM | {"title.en": "Carl's"}))

    assert [(v.author, v.content.title["en"]) for v in console.store.versions(path.rsplit("/", 1)[1])] == [
        ("carl", "Carl's"),
        ("ana", "Mended"),
    ]


def test_a_draft_shows_how_many_people_it_reaches_in_which_language(console: Console):
    """By what Vigil knows of users, and which text each would get."""
    page = console.see("carl", console.draft())

    assert "People it would reach now" in page
    assert "/html?version=1&amp;language=en" in page
    rows = page.replace("\n", "")
    assert '<th scope="row">zh-CN</th><td class="num">1</td><td>en</td>' in rows
    assert '<th scope="row">en</th><td class="num">1</td><td>its own</td>' in rows


def test_an_audience_is_counted_by_what_people_have_open(console: Console):
    """One of two has an order there."""
    console.services.audience.owned["u7"] = Positions(orders=[Order(1, "BTC-USDT", 1.0)])  # type: ignore[union-attr]
    page = console.see("ana", console.draft(**{"open_orders_in": "btc/usdt"}))

    assert '<th scope="row">zh-CN</th><td class="num">1</td>' in page.replace("\n", "")
    assert '<th scope="row">en</th><td class="num">0</td>' in page.replace("\n", "")


@pytest.mark.parametrize("channel", ["email", "text", "sms", "inapp"])
@pytest.mark.parametrize("language", ["en", "ar", "ja"])
def test_it_can_be_read_in_each_language_on_each_channel(console: Console, channel: str, language: str):
    """Where there is no text in it, as its reader would get it; the mail in a frame of its own."""
    path = console.draft(**{"title.ar": "يتوقف التداول الفوري", "body.ar": "من الثانية إلى الرابعة."})
    page = console.see("carl", f"{path}?language={language}&channel={channel}")
    framed = console.browse(console.services, "carl").get(f"{path}/html?language={language}")

    assert {"en": "Spot trading pauses", "ja": "Spot trading pauses", "ar": "يتوقف التداول الفوري"}[language] in page
    assert "sandbox" in framed.headers["content-security-policy"]
    assert "<html" in framed.text


def test_a_missing_translation_keeps_it_from_being_submitted_where_that_was_chosen(console: Console):
    """Written, or chosen to fall back, it can be."""
    path = console.draft(missing_translation="block")
    response = console.act("ana", path, "submit")
    assert response.status_code == 409
    assert "Readers have zh-CN" in response.text
    console.send(
        "ana", f"{path}/edit", **(FORM | {"missing_translation": "block", "title.zh-CN": "现货交易暂停", "body.zh-CN": "两点到四点。"})
    )

    assert console.act("ana", path, "submit").status_code == 303


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title.en": "", "body.en": ""}, "there is no text"),
        ({"body.en": ""}, "belong together"),
        ({"title.en": "A" * 141}, "more than 140 characters"),
        ({"starts_at": "tomorrow"}, "starts at: expected a day and a time"),
        ({"ends_at": ""}, "ends at: is needed"),
        ({"ends_at": "2026-11-22T04:00"}, "it ends before it begins"),
        ({"wave": "many"}, "readers a wave: expected a whole number"),
        ({"wave": "0"}, "size"),
        ({"tier": "gold"}, "tier: expected regular, vip, institutional"),
        ({"kind": "party"}, "kind"),
        ({"send_at": "2026-11-23T00:00"}, "it is over before it may be sent"),
        (
            {"protected_from": "2026-11-22T05:00", "protected_until": "2026-11-22T04:00"},
            "the protection of open orders ends before it begins",
        ),
    ],
)
def test_what_can_not_be_taken_is_said_and_nothing_that_was_typed_is_lost(console: Console, changes: dict[str, str], said: str):
    """In words, beside the form as it was filled in."""
    response = console.send("ana", "/announcements/new", **(FORM | {"region": "TW"} | changes))

    assert response.status_code == 400
    assert said in response.text
    assert 'value="TW"' in response.text
    assert console.store.latest() == []


def test_what_goes_out_can_be_cancelled_and_that_is_told_in_fixed_words(console: Console):
    """At once and by one person; what had not begun can't be."""
    path = console.draft()
    assert console.act("ana", path, "end", how="cancel").status_code == 409
    console.act("ana", path, "submit")
    console.act("carl", path, "approve")
    assert console.act("ana", path, "end", how="cancel").status_code == 303

    newest = console.newest(path)
    assert console.state(path) == "cancelled"
    assert (newest.content.status, newest.content.title, newest.content.body) == ("cancelled", {"en": "Spot trading pauses"}, {"en": ""})
    assert "What we announced no longer applies." in console.see("carl", f"{path}?channel=text")


def test_foreign_words_are_shown_as_words(console: Console):
    """In list, page, form and frame."""
    nasty = "<script>alert(1)</script>"
    path = console.draft(**{"title.en": nasty, "body.en": nasty, "region": nasty})
    for page in ("/announcements", path, f"{path}/edit", f"{path}/html"):
        assert "<script>alert" not in console.see("ana", page)


def test_an_announcement_that_there_is_not(console: Console):
    """404, whatever is asked of it."""
    assert console.browse(console.services, "ana").get("/announcements/none").status_code == 404
    assert console.send("ana", "/announcements/none/edit", **FORM).status_code == 404


def test_an_id_of_the_topic_may_hold_anything(console):
    """A slash in it is no slash of the address; the page, its frame and its form are found."""
    name = "maint 1/2?é#"
    event = msgspec.convert(
        {
            "type": "announcement", "event_id": "k1", "user_id": "*", "occurred_at": NOW, "kind": "tip", "severity": "info", "audience": {},
            "starts_at": NOW, "ends_at": NOW + timedelta(days=1), "title": {"en": "From the topic"}, "body": {"en": "Words."},
        },
        Announcement,
    )  # fmt: skip
    console.store.add(
        event, name, author="topic", source="console", state="draft", send_at=NOW, expires_at=NOW + timedelta(days=1), now=NOW
    )
    path = "/announcements/maint%201%2F2%3F%C3%A9%23"

    assert f'href="{path}"' in console.see("ana", "/announcements")
    assert f'src="{path}/html?' in console.see("ana", path)
    assert console.see("ana", f"{path}/edit")
    assert console.send("ana", f"{path}/submit", version="1").headers["location"] == path


def test_a_text_of_full_length_in_every_language_is_taken(console):
    """Three thousand characters each, nine bytes a character on the way."""
    texts = {f"title.{one}": "维护" for one in forms.LOCALES} | {f"body.{one}": "维" * 3000 for one in forms.LOCALES}
    fields = {
        "kind": "maintenance", "severity": "notice", "missing_translation": "block", "effect": "", "starts_at": "2026-11-23T02:00",
        "ends_at": "2026-11-23T04:00",
    }  # fmt: skip

    assert console.send("ana", "/announcements/new", **fields, **texts).status_code == 303
