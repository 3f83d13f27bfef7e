"""The page behind the link of a notice."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.limits import Guesses
from tests.support.console import CODE, NOW, OWNER_EMAIL, OWNER_PHONE, TOKENS

LINK = f"/n/{TOKENS['u1042']}"
CHINESE = f"/n/{TOKENS['u7']}"
FORGED = [
    *("x", "%00", "..%2f..%2fetc", "%2e%2e%2f", "a/b/c", "%ff%fe", "%F0%9F%94%91", "?", ""),
    *(TOKENS["u7"][:-1], TOKENS["u7"][::-1], "A" * 3000),
]
FORM = "application/x-www-form-urlencoded"
ODD_BODIES = [
    "",
    "answer=maybe",
    "answer=",
    "answer=me&answer=not_me",
    "answer=not_me&answer=not_me",
    "answer[]=me",
    "answer=ME",
    "answer=me%00",
    "reply=me",
    "answer=me&" + "&".join(f"f{i}=1" for i in range(40)),
    "answer=me&padding=" + "x" * 9000,
]


def said(made: Any) -> str | None:
    """The answer that counts for u1042's notice."""
    answer = made.store.answers.of_notice("n1042").answer
    assert answer is None or isinstance(answer, str)
    return answer


def verdicts(made: Any) -> list[dict[str, Any]]:
    """Verdicts that wait for the bus."""
    return [msgspec.json.decode(m.value) for m in made.store.bus.take(made.now() + timedelta(minutes=1), 50) if m.topic == "verdicts"]


def form(body: str) -> dict[str, Any]:
    return {"content": body, "headers": {"Content-Type": FORM}}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "headers", [{}, {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}, {"User-Agent": "BarracudaCentral Link Protect"}]
)
def test_opening_the_page_changes_nothing(fresh, browse, method, headers):
    """Mail scanners open every link, browsers fetch ahead; the link still opens afterwards."""
    client = browse(fresh)
    response = client.request(method, LINK + "?answer=not_me", headers=headers)

    assert response.status_code == 200
    assert client.get(LINK).text.count("<button") == 2
    assert fresh.store.cases.latest() == []
    assert said(fresh) is None
    assert verdicts(fresh) == []


def test_the_page_asks_one_question_with_two_answers(shared, browse):
    """Facts, both buttons, no script, nothing to type."""
    response = browse(shared).get(LINK)
    page = response.text

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert page.count("<button") == 2
    assert 'name="answer" value="not_me"' in page
    assert 'name="answer" value="me"' in page
    assert 'method="post"' in page
    assert "2,40 BTC" in page or "2.40 BTC" in page
    assert "04:09" in page, "the reader's own zone"
    assert "<script" not in page
    assert 'type="password"' not in page


def test_the_page_shows_neither_code_nor_contacts(shared, browse):
    """Whoever holds the link isn't proven to be the owner."""
    page = browse(shared).get(LINK).text

    assert not [secret for secret in (CODE, OWNER_EMAIL, OWNER_PHONE) if secret in page]


def test_the_page_speaks_the_language_of_the_notice(shared, browse):
    """Whatever the browser prefers."""
    page = browse(shared).get(CHINESE, headers={"Accept-Language": "fr"})

    assert '<html lang="zh-CN" dir="ltr">' in page.text
    assert page.headers["content-language"] == "zh-CN"


@pytest.mark.parametrize(("answer", "label"), [("me", "genuine"), ("not_me", "fraud")])
def test_an_answer_is_taken_and_published_as_a_verdict(fresh, browse, answer, label):
    """The form as a browser posts it, beside its hidden field."""
    response = browse(fresh).post(LINK, data={"form": "answer", "answer": answer})

    assert response.status_code == 200
    assert said(fresh) == answer
    assert [(v["label"], v["source"], v["via"], v["about"]) for v in verdicts(fresh)] == [(label, "user", "link", "n1042")]


def test_after_not_me_the_next_steps_are_said(fresh, browse):
    """What was done, and what only the owner can do."""
    page = browse(fresh).post(LINK, data={"answer": "not_me"}).text

    assert '<ol class="steps">' in page
    assert "<form" not in page


def test_a_second_answer_counts_for_nothing(fresh, browse):
    """It decides once; the second reader is told so, gently."""
    client = browse(fresh)
    client.post(LINK, data={"answer": "not_me"})

    again = [client.post(LINK, data={"answer": "me"}).status_code, client.get(LINK).status_code, client.post(LINK, data={}).status_code]

    assert again == [409, 409, 409]
    assert said(fresh) == "not_me"
    assert len(verdicts(fresh)) == 1


def test_a_me_that_decides_nothing_leaves_the_other_answer_open(fresh, browse):
    """At critical a link proves a mailbox only: the page still asks, takes "not me", and then it is decided."""
    client = browse(fresh)
    first = client.post(LINK, **form("answer=me")).status_code
    asked = client.get(LINK)
    rest = [client.post(LINK, **form(f"answer={answer}")).status_code for answer in ("me", "not_me", "not_me", "me")]

    assert (first, asked.status_code) == (200, 200)
    assert 'name="answer" value="not_me"' in asked.text
    assert rest == [409, 200, 409, 409]
    assert [verdict["label"] for verdict in verdicts(fresh)] == ["genuine", "fraud"]
    assert said(fresh) == "not_me"


@pytest.mark.parametrize("body", ODD_BODIES)
def test_no_or_another_answer_is_refused_and_changes_nothing(fresh, browse, body):
    """400, with a page in words."""
    response = browse(fresh).post(LINK, **form(body))

    assert response.status_code == 400
    assert "<h1>" in response.text
    assert said(fresh) is None


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"answer": "me"}', "application/json"),
        (b"answer=me", "text/plain"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"answer=me", ""),
    ],
)
def test_only_a_form_can_answer(fresh, browse, content, kind):
    """Another kind of body, or broken bytes, is no answer."""
    response = browse(fresh).post(LINK, content=content, headers={"Content-Type": kind})

    assert response.status_code == 400
    assert said(fresh) is None


def test_an_expired_link_is_refused_with_a_page(fresh, browse):
    """410 for GET and POST, and nothing is changed."""
    fresh.now.at = NOW + timedelta(days=3)
    client = browse(fresh)

    assert [client.get(LINK).status_code, client.post(LINK, data={"answer": "me"}).status_code] == [410, 410]
    assert said(fresh) is None


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(fresh, browse, method):
    """405, with those that are allowed."""
    response = browse(fresh).request(method, LINK, data={"answer": "me"} if method != "OPTIONS" else None)

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, POST"
    assert said(fresh) is None


@pytest.mark.parametrize("token", FORGED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_forged_token_is_unknown(shared, browse, token, method):
    """404 with a page, never an error of ours."""
    response = browse(shared).request(method, f"/n/{token}", data={"answer": "not_me"} if method == "POST" else None)

    assert response.status_code == 404
    assert "<h1>" in response.text


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(token=st.text(max_size=60))
def test_no_token_makes_it_fail(shared, browse, token):
    """Whatever stands behind /n/."""
    from urllib.parse import quote

    assert browse(shared).get(f"/n/{quote(token, safe='')}").status_code == 404


def test_guessing_is_slowed_but_a_holder_of_a_link_goes_on(fresh, browse):
    """An office shares an address with whoever guesses from it."""
    fresh.guesses = Guesses(burst=3, per_second=1.0, clock=lambda: 0.0)
    client = browse(fresh)

    guessed = [client.get("/n/AAAAAAAAAAAAAAAAAAAAAA") for _ in range(5)]

    assert [r.status_code for r in guessed] == [404, 404, 404, 429, 429]
    assert guessed[-1].headers["retry-after"].isdigit()
    assert client.get(LINK).status_code == 200


def test_an_answer_page_is_neither_cached_nor_framed_nor_indexed(shared, browse):
    """And its address is told to nobody."""
    headers = browse(shared).get(LINK).headers

    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "noindex" in headers["x-robots-tag"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"]
    assert "set-cookie" not in headers


def test_the_page_of_an_erased_owner_asks_nothing(fresh, browse):
    """The words are gone, and so is the link."""
    fresh.store.erase("u1042", "asked for it", NOW)

    assert browse(fresh).get(LINK).status_code in (404, 410)


def test_the_log_never_holds_a_token(fresh, browse, caplog, capsys):
    """Neither in lines about requests nor in those about failures."""
    client = browse(fresh)
    client.get(LINK)
    client.post(LINK, data={"answer": "me"})

    written = caplog.text + "".join(capsys.readouterr())

    assert TOKENS["u1042"] not in written
    assert "answer" in written
    assert "/n/" not in written
