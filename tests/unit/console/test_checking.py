"""Is this message from us? As the exchange's backend asks, and as a page of the app."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from console.limits import Guesses
from notices.compose import Composer
from notices.compose.catalogue import available
from tests.support.console import CODES, NASTY, NOW, TOKENS, USERS
from tests.unit.notices.composing import mail, sms, text

pytestmark = pytest.mark.slow

CODE, OTHERS = CODES.of("n1042"), CODES.of("n7")
UNKNOWN = CODES.of("no such notice")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NOTHING = {"ours": False, "notices": [], "links_elsewhere": []}


def ask(client: Any, bearer: dict[str, str], user: str = "u1042", **params: str) -> Any:
    """A check by the exchange's backend."""
    return client.get("/api/notices/check", params={"user_id": user, **params}, headers=bearer)


def sent(shared: Any, channel: str) -> str:
    """The message as u1042 got it."""
    notice = shared.store.notices(["n1042"])["n1042"]
    rendered = Composer("Example Exchange", "http://testserver.local", check_code=CODES.of).compose(
        notice, USERS[0], {"current": TOKENS["u1042"]}, NOW
    )
    return sms(rendered) if channel == "sms" else text(mail(rendered))


@pytest.fixture
def link(shared: Any, browse: Any, bearer: dict[str, str]) -> str:
    """The page's path for u1042."""
    made = browse(shared).post("/api/notices/check/u1042/page", headers=bearer)
    assert made.status_code == 201
    return urlsplit(made.json()["url"]).path


@pytest.mark.parametrize(
    "how", [{"notice_id": "n1042"}, {"code": CODE}, {"code": CODE.lower().replace("-", " ")}, {"text": f"Notice {CODE}"}]
)
def test_a_notice_is_known_by_its_id_its_code_or_a_text_with_it(shared, browse, bearer, how):
    """With what it said and by which ways it went, for the app to show."""
    answer = ask(browse(shared), bearer, **how).json()

    assert answer["ours"] is True
    [found] = answer["notices"]
    assert (found["notice_id"], found["code"], found["kind"], found["severity"]) == ("n1042", CODE, "account_takeover", "critical")
    assert "2.40 BTC" in found["title"]
    assert found["channels"] == ["email", "inapp", "sms"]


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_the_message_itself_can_be_pasted(shared, browse, bearer, channel):
    """Whole, as it stands in the mailbox or on the phone; its link is ours."""
    answer = ask(browse(shared), bearer, text=sent(shared, channel)).json()

    assert [found["notice_id"] for found in answer["notices"]] == ["n1042"]
    assert answer["links_elsewhere"] == []


def test_a_long_text_is_posted(shared, browse, bearer):
    """An address has an end; the code stands at the end of a long mail."""
    body = {"user_id": "u1042", "text": "x " * 15_000 + sent(shared, "email")}
    answer = browse(shared).post("/api/notices/check", json=body, headers=bearer).json()

    assert answer["ours"] is True


@pytest.mark.parametrize("how", [{"notice_id": "n7"}, {"code": OTHERS}, {"text": f"see n7 or {OTHERS}"}])
def test_anothers_notice_is_answered_as_one_that_does_not_exist(shared, browse, bearer, how):
    """Word for word, with the same headers, and by the same way: only the asker's own notices are looked at."""
    client = browse(shared)
    name = next(iter(how))
    others, none = ask(client, bearer, **how), ask(client, bearer, **{name: how[name].replace("n7", "n8").replace(OTHERS, UNKNOWN)})

    assert others.json() == none.json() == NOTHING
    assert others.status_code == none.status_code == 200
    assert {**others.headers, "date": ""} == {**none.headers, "date": ""}


def test_no_row_of_another_user_is_read(shared, browse, bearer, monkeypatch):
    """What isn't looked at takes no time that could tell."""
    looked: list[str] = []
    real = shared.queries.deliveries_of
    monkeypatch.setattr(shared.queries, "deliveries_of", lambda ids: looked.extend(ids) or real(ids))
    ask(browse(shared), bearer, code=OTHERS)
    ask(browse(shared), bearer, notice_id="n7")

    assert looked == []


def test_a_link_elsewhere_is_told(shared, browse, bearer):
    """A genuine code copied into a forged mail: the code is ours, the link isn't."""
    forged = f"Confirm at https://exchange.example@evil.example:8443/login, notice {CODE}, or hxxp://EVIL.example. See http://testserver.local/n/x"
    answer = ask(browse(shared), bearer, text=forged).json()

    assert answer["ours"] is True
    assert answer["links_elsewhere"] == ["evil.example"]


@pytest.mark.parametrize(
    "params",
    [
        {"user_id": "u1042"},
        {"user_id": "", "code": CODE},
        {"code": CODE},
        {"user_id": "u" * 129, "code": CODE},
        {"user_id": "u1042", "text": " "},
    ],
)
def test_a_check_without_user_or_question_is_refused(shared, browse, bearer, params):
    """400, in words."""
    answer = browse(shared).get("/api/notices/check", params=params, headers=bearer)

    assert answer.status_code == 400
    assert "expected" in answer.json()["error"]


@pytest.mark.parametrize("path", ["/api/notices/check?user_id=u1042&code=" + CODE, "/api/notices/check/u1042/page"])
def test_only_the_backend_may_ask(shared, browse, path):
    """Staff has no business here, and nobody else either."""
    method = "POST" if path.endswith("page") else "GET"

    assert browse(shared).request(method, path).status_code == 401
    assert browse(shared, "ana").request(method, path).status_code == 401


def test_checks_are_limited_by_user_and_by_address(fresh, browse, bearer):
    """Right or wrong, from whichever address; and one address can't try user after user."""
    client = browse(fresh)
    checking = fresh.checking
    checking.by_user, checking.by_address = Guesses(3, 0.001, lambda: 0.0), Guesses(5, 0.001, lambda: 0.0)
    by_user = [ask(client, bearer, code=CODE, ip=f"203.0.113.{n}").status_code for n in range(4)]
    by_address = [ask(client, bearer, user=f"other{n}", code=UNKNOWN, ip="203.0.113.99").status_code for n in range(6)]
    refused = ask(client, bearer, code=CODE)

    assert by_user == [200, 200, 200, 429]
    assert by_address == [200] * 5 + [429]
    assert int(refused.headers["retry-after"]) > 0


def test_the_page_says_that_a_message_is_ours(shared, browse, link):
    """With what we had said, to compare, and no script."""
    client = browse(shared)
    asked = client.get(link)
    answer = client.post(link, data={"text": f"Notice {CODE}"})

    assert asked.status_code == answer.status_code == 200
    assert "Is this message from us?" in asked.text
    assert "Yes, we sent you this notice" in answer.text
    assert "2.40 BTC" in answer.text
    assert "script" not in asked.headers["content-security-policy"]
    assert "<script" not in answer.text


def test_the_page_says_that_a_message_is_not_ours(shared, browse, link):
    """Another's code and a word of nobody's are the same to it; the forger's host is named and isn't a link."""
    client = browse(shared)
    pages = [client.post(link, data={"text": f"{code} https://evil.example/x"}).text for code in (OTHERS, UNKNOWN)]

    assert pages[0] == pages[1]
    assert "We have sent you no such notice" in pages[0]
    assert "evil.example" in pages[0]
    assert 'href="https://evil.example' not in pages[0]


def test_what_was_pasted_is_never_markup(shared, browse, link):
    """Nor kept: the field is empty again."""
    page = browse(shared).post(link, data={"text": f"http://{NASTY}/ {NASTY} {{{{ 7*7 }}}}"}).text

    assert "<script>alert" not in page
    assert "49" not in page.split("<main")[1]


@pytest.mark.parametrize("locale", available())
def test_the_page_is_in_the_readers_language(fresh, browse, bearer, locale):
    """Each of them, right to left where it is written so."""
    fresh.users.users["u1042"] = type(USERS[0])(user_id="u1042", locale=locale)
    client = browse(fresh)
    path = urlsplit(client.post("/api/notices/check/u1042/page", headers=bearer).json()["url"]).path
    page = client.post(path, data={"text": CODE})

    assert f'<html lang="{locale}" dir="{"rtl" if locale == "ar" else "ltr"}">' in page.text
    assert page.headers["content-language"] == locale
    assert ("Check code" in page.text) == (locale == "en")


def test_a_pass_ends(fresh, browse, bearer):
    """After half an hour; a forged one is as good; and whoever tries many is slowed down."""
    client = browse(fresh)
    path = urlsplit(client.post("/api/notices/check/u1042/page", headers=bearer).json()["url"]).path
    fresh.now.at = NOW + timedelta(minutes=31)
    fresh.guesses = Guesses(3, 0.001, lambda: 0.0)
    tried = [
        client.get(path).status_code,
        client.get(path[:-1] + "A").status_code,
        client.get("/check/x").status_code,
        client.get("/check/y").status_code,
    ]

    assert tried == [410, 410, 410, 429]


def test_a_pass_for_one_user_says_nothing_of_another(shared, browse, link):
    """The user is in the pass, sealed: nothing in the form can name someone else."""
    page = browse(shared).post(link + "?user_id=u7", data={"text": OTHERS, "user_id": "u7"}).text

    assert "We have sent you no such notice" in page
    assert "u1042" not in link


def test_opening_the_page_looks_nothing_up(shared, browse, link):
    """HEAD and GET ask no question, so they use up no check."""
    before = dict(shared.checking.by_user._own._wrong)
    client = browse(shared)
    client.get(link)
    client.head(link)

    assert dict(shared.checking.by_user._own._wrong) == before
