"""Signing in: by password, by a link that works once, and what ends it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from console import overview
from console.limits import Guesses
from console.sessions import LIFETIME, Sessions, Signer
from console.signin import COOKIE
from console.staff import StaffError, StaffFile, add_user, matches, read
from tests.support.background import wait_until
from tests.support.console import PASSWORD, SECRET

pytestmark = pytest.mark.slow


def test_name_and_password_open_the_console(shared, browse):
    """With a cookie that scripts can't read."""
    response = browse(shared).post("/sign-in", data={"name": "ana", "password": PASSWORD, "next": "/findings"}, follow_redirects=False)

    assert response.status_code == 303
    assert response.headers["location"] == "/findings"
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_over_https_the_cookie_is_secure(fresh, browse):
    """So that it never travels in the clear."""
    fresh.public_url = "https://vigil.exchange.example"

    response = browse(fresh).post("/sign-in", data={"name": "ana", "password": PASSWORD}, follow_redirects=False)

    assert "secure" in response.headers["set-cookie"].lower()


@pytest.mark.parametrize(("name", "password"), [("ana", "wrong"), ("nobody", PASSWORD), ("", ""), ("ana", "")])
def test_a_wrong_name_and_a_wrong_password_are_told_alike(shared, browse, name, password):
    """Nobody learns who works here."""
    response = browse(shared).post("/sign-in", data={"name": name, "password": password})

    assert response.status_code == 401
    assert "Name or password is wrong." in response.text
    assert COOKIE not in response.cookies


def test_guessing_passwords_is_stopped(fresh, browse):
    """The right one doesn't help either, until some minutes passed."""
    fresh.sign_in_guesses = Guesses(burst=3, per_second=0.01, clock=lambda: 0.0)
    client = browse(fresh)
    for _ in range(3):
        client.post("/sign-in", data={"name": "ana", "password": "wrong"})

    refused = client.post("/sign-in", data={"name": "ana", "password": PASSWORD})
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "100"


def test_passwords_guessed_at_once_are_counted_too(fresh, browse, monkeypatch):
    """While one is looked at, the others wait for no room that they took already."""
    fresh.sign_in_guesses = Guesses(burst=3, per_second=0.01, clock=lambda: 0.0)
    looked, gate = [], threading.Event()

    def slow(password, hashed):
        looked.append(password)
        gate.wait(10)
        return False

    monkeypatch.setattr("console.signin.matches", slow)
    client = browse(fresh)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(client.post, "/sign-in", data={"name": "ana", "password": str(n)}) for n in range(8)]
        wait_until(lambda: len(looked) + sum(one.done() for one in asked) == 8, 10, "all of them to be asked")
        gate.set()

    assert sorted(one.result().status_code for one in asked) == [401] * 3 + [429] * 5
    assert len(looked) == 3


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\n/evil", ""])
def test_signing_in_never_leads_elsewhere(shared, browse, onward):
    """An address in a link doesn't choose where one lands."""
    response = browse(shared).post("/sign-in", data={"name": "ana", "password": PASSWORD, "next": onward}, follow_redirects=False)

    assert response.headers["location"] == "/"


def test_a_one_time_link_signs_in_once(fresh, browse):
    """The second opener gets nothing."""
    link = fresh.sessions.one_time_link("")
    first, second = browse(fresh), browse(fresh)

    assert first.get(link, follow_redirects=False).status_code == 303
    assert first.get("/").status_code == 200
    assert second.get(link).status_code == 410
    assert second.get("/", follow_redirects=False).status_code == 303


def test_a_browser_that_looks_ahead_does_not_use_the_link_up(fresh, browse):
    """Address bars fetch what one is still typing."""
    link, client = fresh.sessions.one_time_link(""), browse(fresh)

    assert client.get(link, headers={"Sec-Purpose": "prefetch;prerender"}).status_code == 503
    assert client.get(link, follow_redirects=False).status_code == 303


@pytest.mark.parametrize("token", ["x", "x.y", "..x", "%00", "é", "a" * 500])
def test_a_forged_link_signs_nobody_in(shared, browse, token):
    """Nor does it break anything."""
    assert browse(shared).get(f"/sign-in/once/{token}").status_code == 410


def test_links_and_owner_exist_on_one_machine_only():
    """A production console takes neither."""
    signer = Signer(SECRET)
    embedded, real = Sessions(signer, StaffFile(None), True), Sessions(signer, StaffFile(None), False)
    link = embedded.one_time_link("").rsplit("/", 1)[1]

    assert embedded.read_link(link)
    assert real.read_link(link) is None
    assert real.who(embedded.start("owner")) is None


def test_a_session_ends_by_itself():
    """After eight hours."""
    sessions = Sessions(Signer(SECRET), StaffFile(None), True)
    cookie = sessions.start("owner", now=1000.0)

    assert sessions.who(cookie, now=1000.0 + LIFETIME - 2)
    assert sessions.who(cookie, now=1000.0 + LIFETIME + 2) is None


def test_a_session_of_another_secret_is_none():
    """Nor is one signed for another purpose."""
    cookie = Sessions(Signer("another secret of thirty-two letters"), StaffFile(None), True).start("owner")
    ours = Signer(SECRET)

    assert Sessions(ours, StaffFile(None), True).who(cookie) is None
    assert ours.read("session", ours.sign("link", {"until": 9e12, "name": "owner"}), 0) is None


def test_who_leaves_or_changes_the_password_is_signed_out(tmp_path):
    """On every machine, at the next request."""
    path = tmp_path / "staff.yaml"
    add_user(path, "ana", ["security"], PASSWORD)
    sessions = Sessions(Signer(SECRET), StaffFile(path), False)
    cookie = sessions.start("ana")
    assert sessions.who(cookie)

    add_user(path, "ana", ["security"], PASSWORD + "!")

    assert sessions.who(cookie) is None
    again = sessions.start("ana")
    path.write_text("staff: {}\n")
    assert sessions.who(again) is None


def test_the_staff_file_holds_hashes_and_is_its_owners_alone(tmp_path):
    """No password stands anywhere."""
    path = tmp_path / "staff.yaml"
    add_user(path, "ana", ["security", "compliance"], PASSWORD)

    assert PASSWORD not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert matches(PASSWORD, str(read(path)["ana"]["password"]))
    assert not matches("wrong", str(read(path)["ana"]["password"]))


def test_who_may_read_the_file_stays_as_it_was(tmp_path):
    """A container that gets it as a secret reads it under a user of its own; that another colleague was added takes it nothing."""
    path = tmp_path / "staff.yaml"
    path.write_text("# made by scripts/make-secrets\n")
    path.chmod(0o644)

    add_user(path, "ana", ["security"], PASSWORD)

    assert path.stat().st_mode & 0o777 == 0o644
    assert list(read(path)) == ["ana"]


@pytest.mark.parametrize(
    ("name", "roles", "password"),
    [("a", ["boss"], PASSWORD), ("a", [], PASSWORD), ("", ["admin"], PASSWORD), ("a", ["admin"], "short")],
)
def test_a_wrong_entry_is_refused_in_words(tmp_path, name, roles, password):
    """And nothing is written."""
    with pytest.raises(StaffError):
        add_user(tmp_path / "staff.yaml", name, roles, password)

    assert not (tmp_path / "staff.yaml").exists()


def test_signing_out_ends_the_session_in_the_browser(shared, browse):
    """The cookie is taken back, and a copy of it is worth nothing."""
    client = browse(shared, "ana")

    response = client.post("/sign-out", follow_redirects=False)

    assert "max-age=0" in response.headers["set-cookie"].lower()
    assert client.get("/", follow_redirects=False).status_code == 303


async def test_what_moves_on_an_open_page_ends_with_the_session(fresh, monkeypatch):
    """Who signed out, and left a window open, is told no more."""
    monkeypatch.setattr(overview, "REFRESH_SECONDS", 0.0)
    cookie = fresh.sessions.start("ana")
    parts = overview._parts(fresh, "1h", cookie)
    await anext(parts)
    fresh.sessions.end(fresh.sessions.who(cookie))

    assert "Signed out" in str((await anext(parts)).data)
    with pytest.raises(StopAsyncIteration):
        await anext(parts)


def test_a_file_of_the_staff_with_a_mistake_lets_nobody_in(fresh, browse):
    """Who was taken out of it isn't known; and no page breaks on it, an owner's least of all."""
    ana, path = browse(fresh, "ana"), fresh.sessions.staff.path
    path.write_text("staff: [ana")

    assert ana.get("/", follow_redirects=False).status_code == 303
    assert ana.get("/n/unknown-unknown-unknown").status_code == 404
    assert ana.post("/sign-in", data={"name": "ana", "password": PASSWORD}).status_code == 401
