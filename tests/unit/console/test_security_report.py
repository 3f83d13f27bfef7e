"""The security report: as the exchange's backend reads it, as its owner sees it, as a colleague does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from console.limits import Guesses
from domain.events.user import ApiKeyState, Protection, User
from domain.ports import Unavailable
from notices.compose.catalogue import available
from tests.support.console import CODE, NASTY, NOW, OWNER_EMAIL

pytestmark = pytest.mark.slow

PATH = "/api/security-report/u1042"


def read(client: Any, bearer: dict[str, str], user: str = "u1042") -> Any:
    answer = client.get(f"/api/security-report/{user}", headers=bearer)
    assert answer.status_code == 200
    return answer.json()


@pytest.fixture
def link(shared: Any, browse: Any, bearer: dict[str, str]) -> str:
    """The page's path for u1042."""
    made = browse(shared).post(f"{PATH}/page", headers=bearer)
    assert made.status_code == 201
    return urlsplit(made.json()["url"]).path


def test_the_parts_add_up_to_the_score(shared: Any, browse: Any, bearer: dict[str, str]) -> None:
    """Of u1042 two contacts and a code are known, and a warning waits; the rest is said to be unknown."""
    found = read(browse(shared), bearer)
    states = {part["part"]: part["state"] for part in found["parts"]}

    assert found["score"] == sum(part["points"] for part in found["parts"]) == 20
    assert found["best"] == 20 + sum(part["of"] for part in found["parts"] if part["state"] == "unknown") == 85
    assert states == {
        "mfa": "unknown",
        "whitelist": "unknown",
        "code": "good",
        "contacts": "good",
        "keys": "unknown",
        "findings": "missing",
    }
    assert [step["step"] for step in found["next"]] == ["findings", "check_mfa", "check_whitelist"]
    assert found["title"] == "Your account's protection: 20 of 100"
    assert (found["locale"], found["at"]) == ("en", "2026-11-22T03:14:07Z")


def test_the_exchange_tells_what_protects_the_account(fresh: Any, browse: Any, bearer: dict[str, str]) -> None:
    """What it says of second factor, address list and keys is what counts."""
    keys = [ApiKeyState(last_used_at=NOW - timedelta(days=120))]
    told = User(user_id="u9", email="nine@mail.example", protection=Protection(mfa="sms", whitelist=True, api_keys=keys))
    fresh.users.users["u9"] = told
    found = {part["part"]: (part["state"], part["points"], part["text"]) for part in read(browse(fresh), bearer, "u9")["parts"]}

    assert found["mfa"][:2] == ("partly", 18)
    assert found["whitelist"][:2] == ("good", 20)
    assert found["keys"] == ("partly", 8, "Keys not used for ninety days: 1.")
    assert found["contacts"][:2] == ("partly", 5)


def test_of_an_unknown_user_nothing_is_claimed(shared: Any, browse: Any, bearer: dict[str, str]) -> None:
    """No open warnings is all that is known."""
    found = read(browse(shared), bearer, "nobody")

    assert {part["part"] for part in found["parts"] if part["state"] != "unknown"} == {"findings"}


def test_the_api_asks_for_the_token(shared: Any, browse: Any) -> None:
    """Without it neither report nor page is to be had."""
    client = browse(shared)

    assert client.get(PATH).status_code == 401
    assert client.get(PATH, headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.post(f"{PATH}/page").status_code == 401


def test_the_page_needs_no_script_and_names_no_contact(shared: Any, browse: Any, link: str) -> None:
    """Score, steps and parts are there; contact, code and user id aren't."""
    answer = browse(shared).get(link)

    assert answer.status_code == 200
    assert "script-src" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert all(words in answer.text for words in ("20 of 100", "Your next three steps", "Address list", "the score would be 85"))
    assert not [word for word in (OWNER_EMAIL, CODE, "u1042", "<script") if word in answer.text]


@pytest.mark.parametrize("locale", available())
def test_the_page_is_in_its_readers_language(fresh: Any, browse: Any, bearer: dict[str, str], locale: str) -> None:
    """Whatever his browser asks for; Arabic from right to left."""
    fresh.users.users["u1042"] = User(user_id="u1042", locale=locale)
    client = browse(fresh)
    url = client.post(f"{PATH}/page", headers=bearer).json()["url"]
    answer = client.get(urlsplit(url).path, headers={"Accept-Language": "de"})

    assert answer.headers["content-language"] == locale
    assert f'<html lang="{locale}" dir="{"rtl" if locale == "ar" else "ltr"}">' in answer.text
    assert ("Your next three steps" in answer.text) == (locale == "en")


def test_a_page_ends_after_half_an_hour(fresh: Any, browse: Any, bearer: dict[str, str]) -> None:
    """Then it says how to open it again, and nothing of the account."""
    client = browse(fresh)
    path = urlsplit(client.post(f"{PATH}/page", headers=bearer).json()["url"]).path
    before = client.get(path).status_code
    fresh.now.at = NOW + timedelta(minutes=31)
    after = client.get(path, headers={"Accept-Language": "fr"})

    assert (before, after.status_code) == (200, 410)
    assert after.headers["content-language"] == "fr"
    assert "/100" not in after.text


def test_a_pass_for_another_page_opens_no_report_and_guessing_is_slowed_down(fresh: Any, browse: Any, bearer: dict[str, str]) -> None:
    """The pass of the page on which messages are checked; made-up ones."""
    fresh.guesses = Guesses(burst=2, per_second=0.01, clock=lambda: 0.0)
    client = browse(fresh)
    other = client.post("/api/notices/check/u1042/page", headers=bearer).json()["url"].rpartition("/")[2]

    assert [client.get(f"/security-report/{token}").status_code for token in (other, "x" * 80, "y" * 80)] == [410, 410, 429]


def test_a_colleague_sees_the_same_page_by_his_role(shared: Any, browse: Any) -> None:
    """Who may see users may; an admin may not."""
    path = "/users/u1042/security-report"

    assert "20 of 100" in browse(shared, "ana").get(path).text
    assert browse(shared, "carl").get(path).status_code == 200
    assert browse(shared, "adam").get(path).status_code == 403
    assert path in browse(shared, "ana").get("/users/u1042").text


def test_a_brand_with_markup_stays_text(fresh: Any, browse: Any) -> None:
    """It is escaped like all that is put in."""
    fresh.brand = NASTY

    assert "<script>alert" not in browse(fresh, "ana").get("/users/u1042/security-report").text


def test_while_redis_is_away_nothing_is_called_unknown(fresh: Any, browse: Any, bearer: dict[str, str]) -> None:
    """Who asks is asked to come back."""

    def away(_: Any) -> Any:
        raise Unavailable("Redis")

    fresh.users.get_many = away
    answer = browse(fresh).get(PATH, headers=bearer)

    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
