"""Several consoles behind one address, over one database and a real Redis: what one knows holds at all."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from config.settings import load
from console.app import application
from console.limits import Guesses
from console.serve import services
from console.signin import COOKIE
from console.staff import add_user
from embedded.redis import Redis
from stores.guesses import RedisGuesses
from stores.redis_client import connect, connect_async
from tests.support.background import Background
from tests.support.console import API_TOKEN, PASSWORD, SECRET

FORGIVEN = 0.0001
"""Guesses a second."""
Consoles = Callable[[], TestClient[Any]]


@pytest.fixture
def consoles(tmp_path: Path, redis_server: Redis) -> Iterator[Consoles]:
    """Each call makes a further console, with a browser of its own. What was guessed isn't forgiven while a test runs."""
    with opening(tmp_path, redis_server, f"sqlite:///{tmp_path}/vigil.db") as made:
        yield made


@contextmanager
def opening(tmp_path: Path, redis_server: Redis, database: str) -> Iterator[Consoles]:
    add_user(tmp_path / "staff.yaml", "ana", ["security"], PASSWORD)
    settings = load(
        {
            "VIGIL_REDIS__URL": redis_server.url, "VIGIL_DATABASE__URL": database, "VIGIL_SECRET_KEY": SECRET,
            "VIGIL_CONSOLE__USERS_FILE": str(tmp_path / "staff.yaml"), "VIGIL_CONSOLE__API_TOKEN": API_TOKEN,
            "VIGIL_DATA_DIR": str(tmp_path),
        }
    )  # fmt: skip
    with ExitStack() as opened:

        def further() -> TestClient[Any]:
            made = services(settings)
            opened.callback(made.store.close)
            made.guesses, made.sign_in_guesses = Guesses(20, FORGIVEN), Guesses(10, FORGIVEN)
            assert made.checking
            made.checking.by_user = Guesses(6, FORGIVEN)
            made.share(RedisGuesses(connect_async(redis_server.url), SECRET.encode()))
            return opened.enter_context(TestClient(application(made), base_url="http://vigil.example"))

        yield further


def sign_in(console: TestClient[Any], password: str = PASSWORD) -> int:
    return console.post("/sign-in", data={"name": "ana", "password": password}, follow_redirects=False).status_code


def test_who_signs_out_at_one_console_is_out_at_all(tmp_path: Path, redis_server: Redis, any_database: str) -> None:
    """A copy of the cookie too, at another console and at one that starts afterwards; another session goes on."""
    with opening(tmp_path, redis_server, any_database) as consoles:
        signs_out(consoles)


def signs_out(consoles: Consoles) -> None:
    one, other = consoles(), consoles()
    sign_in(one)
    sign_in(other)
    copy, going_on = one.cookies[COOKIE], other.cookies[COOKIE]
    before = other.get("/", headers={"Cookie": f"{COOKIE}={copy}"}, follow_redirects=False).status_code

    one.post("/sign-out", follow_redirects=False)

    other.cookies.clear()
    late = consoles()
    assert before == 200
    for console in (one, other, late):
        assert console.get("/", headers={"Cookie": f"{COOKIE}={copy}"}, follow_redirects=False).status_code == 303
        assert console.get("/", headers={"Cookie": f"{COOKIE}={going_on}"}, follow_redirects=False).status_code == 200


def test_passwords_are_guessed_at_all_consoles_together(consoles: Consoles, redis_server: Redis) -> None:
    """Ten tries, wherever; who tried, and as whom, doesn't stand in Redis in plain words."""
    one, other = consoles(), consoles()
    said = [sign_in(console, "wrong") for console in (one, other) * 5]

    assert said == [401] * 10
    assert [sign_in(one), sign_in(other), sign_in(consoles())] == [429] * 3
    kept = list(connect(redis_server.url).scan_iter("vigil:guesses:*"))
    assert len(kept) == 2
    assert not any(b"ana" in key or b"testclient" in key for key in kept)


def test_signing_in_uses_no_tries_up(consoles: Consoles) -> None:
    """At any console."""
    one, other = consoles(), consoles()

    assert {sign_in(console) for console in (one, other) * 6} == {303}


def test_links_are_guessed_at_all_consoles_together(consoles: Consoles) -> None:
    """Twenty here, wherever; pages of other kinds count in the same bucket."""
    one, other = consoles(), consoles()
    said = [console.get(f"/n/{n:022d}").status_code for n in range(10) for console in (one, other)]

    assert set(said) == {404}
    late = [
        console.get(path).status_code for console in (one, other, consoles()) for path in (f"/n/{'x' * 22}", "/h/x", "/check/x", "/u/x")
    ]
    assert set(late) == {429}


def test_checks_of_messages_are_counted_at_all_consoles_together(consoles: Consoles) -> None:
    """Six a user here."""
    one, other = consoles(), consoles()
    bearer = {"Authorization": f"Bearer {API_TOKEN}"}
    ask = [console.get("/api/notices/check?user_id=u7&code=K7Q2-M9XD", headers=bearer).status_code for console in (one, other) * 4]

    assert ask == [200] * 6 + [429] * 2
    assert other.get("/api/notices/check?user_id=u8&code=K7Q2-M9XD", headers=bearer).status_code == 200


def test_while_redis_is_away_each_console_counts_for_itself(
    consoles: Consoles, redis_server: Redis, background: Background
) -> None:  # fmt: skip
    """From where it was; nobody is kept out whose password is right, and a session can be ended everywhere all the same."""
    one, other = consoles(), consoles()
    for _ in range(4):
        sign_in(one, "wrong")
    background.run(redis_server.stop())

    assert [sign_in(one, "wrong") for _ in range(7)] == [401] * 6 + [429]
    assert sign_in(other) == 303
    copy = other.cookies[COOKIE]
    assert other.post("/sign-out", follow_redirects=False).status_code == 303
    assert one.get("/", headers={"Cookie": f"{COOKIE}={copy}"}, follow_redirects=False).status_code == 303
