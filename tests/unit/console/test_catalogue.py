"""The catalogue: what every reader gets, and two people for what is sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from console import catalogue_rows
from console.services import Services
from domain.wording import Edition
from notices.compose.editions import on_disk
from notices.compose.intake import take_in
from tests.unit.console.conftest import csrf

pytestmark = pytest.mark.slow

KIND, PAGE = "login_new_device", "/catalogue/login_new_device"


def earlier(made: Services, said: str = "from a device of old", released: bool = True) -> Edition:
    """An edition of the past, which was approved."""
    here = on_disk(KIND, "en")
    files = {name: text.replace("from a new device", said) for name, text in here.files.items()}
    edition = msgspec.structs.replace(here, files=files)
    made.store.wordings.take_in(f"tree {said}", [edition], lambda one: released, made.now())
    return edition


def names(page: str) -> list[str]:
    """Editions that a form of the page is about."""
    return re.findall(r'name="editions" value="([0-9a-f ]+)"', page)


def post(made: Services, client: Any, path: str, **values: str) -> Any:
    return client.post(path, data={"csrf": csrf(made, client), **values}, follow_redirects=False)


def test_each_channel_shows_what_its_reader_gets(fresh: Services, browse: Callable[..., Any]) -> None:
    """HTML in a frame of its own, text, SMS with its length, the item of the inbox."""
    carl = browse(fresh, "carl")
    pages = {name: carl.get(f"{PAGE}?locale=de&channel={name}").text for name in ("email", "text", "sms", "inapp")}
    html = carl.get(f"{PAGE}/html?locale=de")

    assert f'src="{PAGE}/html?locale=de' in pages["email"]
    assert "sandbox" in html.headers["content-security-policy"]
    assert "Anmeldung" in html.text
    assert "<pre" in pages["text"]
    assert "Anmeldung" in pages["text"]
    assert re.search(r"\d+ characters, GSM-7, 2 segments", pages["sms"])
    assert "inbox-list" in pages["inapp"]


def test_kinds_are_found_by_name_language_and_state(fresh: Services, browse: Callable[..., Any]) -> None:
    """And who asks for what isn't there is told so."""
    take_in(fresh.store.wordings, "release", fresh.now())
    earlier(fresh)
    carl = browse(fresh, "carl")
    found = carl.get("/catalogue?q=new+device").text
    older = carl.get("/catalogue?state=older&locale=en").text

    assert f"{PAGE}?" in found
    assert "account_takeover?" not in found
    assert re.findall(r'href="/catalogue/(\w+)\?', older) == [KIND]
    assert "No kind fits" in carl.get("/catalogue?q=nothing-has-this-name").text
    assert carl.get("/catalogue/no_such_kind").status_code == 404


def test_missing_words_are_marked(fresh: Services, browse: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """In the list, by language, and on the page of the kind with the texts that would be in English."""
    carl = browse(fresh, "carl")
    whole = carl.get("/catalogue?state=missing").text
    monkeypatch.setattr("console.catalogue_rows.missing", lambda edition: ["Good to know"] if edition.kind == KIND else [])
    catalogue_rows._gaps.cache_clear()
    listed, page = carl.get("/catalogue?state=missing&locale=de").text, carl.get(f"{PAGE}?locale=de").text
    catalogue_rows._gaps.cache_clear()

    assert "No kind fits" in whole
    assert "1 words missing" in listed
    assert re.findall(r'href="/catalogue/(\w+)\?', listed) == [KIND]
    assert "<q>Good to know</q>" in page


def test_an_edition_goes_live_by_two_people(fresh: Services, browse: Callable[..., Any]) -> None:
    """Ana submits, Carl approves; each is in the ledger with the edition, and the gate knows at once."""
    fresh.approval = "console"
    ana, carl = browse(fresh, "ana"), browse(fresh, "carl")
    draft = names(ana.get(PAGE).text)[0]
    submitted = post(fresh, ana, "/catalogue/submit", kind=KIND, editions=draft, note="the new words")
    shown = carl.get(PAGE).text
    approved = post(fresh, carl, "/catalogue/decide", kind=KIND, editions=draft, act="approve")
    entries = _accesses(fresh)

    assert (submitted.status_code, approved.status_code) == (303, 303)
    assert "Submitted by ana" in shown
    assert "the new words" in shown
    assert fresh.store.wordings.live().live[KIND, "en"] == on_disk(KIND, "en").name
    assert [(who, what["decided"]) for who, what in entries] == [("ana", "submitted"), ("carl", "approved")]
    assert {what["edition"] for _, what in entries} == {on_disk(KIND, "en").name}


def _accesses(made: Services) -> list[tuple[str, dict[str, str]]]:
    rows = made.store.ledger.search(user_id=None, kinds=["access"], since=None, until=None, before=None, limit=50)
    bodies = [msgspec.json.decode(row.body) for row in rows]
    return sorted(((one["who"], one["what"]) for one in bodies if "words" in one["what"]), key=lambda said: said[0])


def test_nobody_approves_alone(fresh: Services, browse: Callable[..., Any]) -> None:
    """Carl may submit as well, but not approve what he submitted; the page says so and has no button for it."""
    fresh.approval = "console"
    carl = browse(fresh, "carl")
    draft = names(carl.get(PAGE).text)[0]
    post(fresh, carl, "/catalogue/submit", kind=KIND, editions=draft, note="the new words")
    refused = post(fresh, carl, "/catalogue/decide", kind=KIND, editions=draft, act="approve")

    assert refused.status_code == 409
    assert "a second person approves" in refused.text
    assert "Approve, send from now on" not in refused.text
    assert (KIND, "en") not in fresh.store.wordings.live().live


@pytest.mark.parametrize(("name", "path"), [("ana", "/catalogue/decide"), ("adam", "/catalogue/decide")])
def test_only_compliance_approves(fresh: Services, browse: Callable[..., Any], name: str, path: str) -> None:
    """A role that may submit may not approve."""
    client = browse(fresh, name)

    assert post(fresh, client, path, kind=KIND, editions="0", act="approve").status_code == 403


def test_a_form_of_another_site_decides_nothing(fresh: Services, browse: Callable[..., Any]) -> None:
    """Without the session's token."""
    carl = browse(fresh, "carl")

    assert carl.post("/catalogue/decide", data={"editions": "x", "act": "approve"}).status_code == 403


def test_the_difference_to_what_is_live_is_shown_and_an_earlier_edition_taken_back(fresh: Services, browse: Callable[..., Any]) -> None:
    """As the reader would see it, and in the sources; foreign text stays text."""
    take_in(fresh.store.wordings, "release", fresh.now())
    old = earlier(fresh, "from a device <b>of old")
    fresh.store.wordings.take_in("tree now", [on_disk(KIND, "en")], lambda one: True, fresh.now())
    if fresh.store.wordings.live().live[KIND, "en"] != on_disk(KIND, "en").name:
        fresh.store.wordings.decide("reverted", [on_disk(KIND, "en").name], "carl", "as shipped", fresh.now())
    carl = browse(fresh, "carl")
    page = carl.get(f"{PAGE}?edition={old.name[:24]}").text
    back = post(fresh, carl, "/catalogue/decide", kind=KIND, editions=old.name[:24], act="revert", note="complaints came")

    assert "<del>Sign-in to your account from a new device</del>" in page
    assert "<ins>Sign-in to your account from a device &lt;b&gt;of old</ins>" in page
    assert back.status_code == 303
    assert fresh.store.wordings.live().live[KIND, "en"] == old.name


def test_many_are_submitted_and_approved_at_once(fresh: Services, browse: Callable[..., Any]) -> None:
    """All that the list shows: a new language has ninety of them."""
    fresh.approval = "console"
    ana, carl = browse(fresh, "ana"), browse(fresh, "carl")
    listed = names(ana.get("/catalogue?locale=ja").text)[0]
    post(fresh, ana, "/catalogue/submit", locale="ja", editions=listed, note="Japanese is ready")
    post(fresh, carl, "/catalogue/decide", locale="ja", editions=names(carl.get("/catalogue?locale=ja").text)[-1], act="approve")
    live = fresh.store.wordings.live().live

    assert len(live) == len(listed.split()) > 60
    assert {locale for _, locale in live} == {"ja"}


@pytest.mark.parametrize(
    ("values", "status"), [({"act": "approve"}, 400), ({"editions": "x"}, 400), ({"act": "approve", "editions": "0" * 24}, 404)]
)
def test_what_makes_no_sense_is_refused(fresh: Services, browse: Callable[..., Any], values: dict[str, str], status: int) -> None:
    """No edition, no act, an unknown edition."""
    carl = browse(fresh, "carl")

    assert post(fresh, carl, "/catalogue/decide", **values).status_code == status
