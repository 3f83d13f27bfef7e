"""Did it help: one vote a notice and user, from the inbox, after an answer, and by a mail's link."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from console.limits import Guesses
from ledger.keys import Keyring
from notices.compose import Composer
from notices.compose.templates import kinds
from notices.passes import PASSES, Passes
from streams.feedback import EVERY, Feedback
from tests.support.console import CODES, NOW, SECRET, TOKENS, USERS, notice
from tests.unit.notices.composing import Page, mail, text

LINK = f"/n/{TOKENS['u1042']}"
OWN = Passes(Keyring(SECRET).box(PASSES))


def vote(client, bearer, helpful, user="u1042", name="n1042"):
    return client.post(f"/api/inbox/{user}/{name}/helpful", json={"helpful": helpful}, headers=bearer)


def results(made):
    return [(row.kind, row.locale, row.helpful, row.unhelpful) for row in made.store.votes.results()]


def test_a_later_vote_takes_the_place_of_the_first(fresh, browse, bearer):
    """One a notice and user, by the words that were read."""
    client = browse(fresh)
    vote(client, bearer, True)
    vote(client, bearer, False)
    [item] = client.get("/api/inbox/u1042", headers=bearer).json()["items"]
    [row] = fresh.store.votes.results()

    assert results(fresh) == [("account_takeover", "en", 0, 1)]
    assert re.fullmatch(r"account_takeover@[0-9a-f]{8}", row.template)
    assert item["helpful"] is False


@pytest.mark.parametrize(("user", "name", "body", "status"), [
    ("u7", "n1042", {"helpful": True}, 404), ("u1042", "nothing", {"helpful": True}, 404), ("u1042", "n1042", {"helpful": "yes"}, 400),
    ("u1042", "n1042", {}, 400),
])  # fmt: skip
def test_a_vote_on_anothers_notice_or_on_nothing_is_none(fresh, browse, bearer, user, name, body, status):
    """Another's and an unknown one are the same."""
    assert browse(fresh).post(f"/api/inbox/{user}/{name}/helpful", json=body, headers=bearer).status_code == status
    assert results(fresh) == []


def test_without_the_token_nobody_votes(fresh, browse):
    """401, and nothing kept."""
    assert browse(fresh).post("/api/inbox/u1042/n1042/helpful", json={"helpful": True}).status_code == 401
    assert results(fresh) == []


def test_after_an_answer_the_page_leads_to_the_question(fresh, browse):
    """A link, no button: the page has one form, and it is answered."""
    client = browse(fresh)
    assert "Was this message helpful?" not in client.get(LINK).text
    page = client.post(LINK, data={"answer": "not_me"}).text
    [path] = re.findall(r'href="(/h/[A-Za-z0-9_-]+)"', page)
    asked = client.get(path)
    client.head(path)
    assert results(fresh) == []

    said = client.post(path, data={"helpful": "yes"})
    client.post(path, data={"helpful": "no"})

    assert "Was this message helpful?" in asked.text
    assert "Thank you" in said.text
    assert "script" not in said.headers["content-security-policy"]
    assert results(fresh) == [("account_takeover", "en", 0, 1)]
    assert fresh.store.votes.votes_of("u1042", ["n1042"]) == {"n1042": False}


@pytest.mark.parametrize("body", [{}, {"helpful": "maybe"}, {"answer": "not_me"}])
def test_another_word_asks_again(fresh, browse, body):
    """And changes nothing."""
    path = f"/h/{OWN.feedback('n1042', 'u1042', NOW)}"

    assert "Was this message helpful?" in browse(fresh).post(path, data=body).text
    assert results(fresh) == []


def test_a_forged_or_old_link_votes_for_nothing(fresh, browse):
    """Nor does a pass for another page; guessing is slowed down."""
    fresh.guesses = Guesses(3, 0.001, lambda: 0.0)
    old = OWN.feedback("n1042", "u1042", NOW - timedelta(days=91))
    other = OWN.give("check", ["n1042", "u1042"], NOW + timedelta(days=1))
    client = browse(fresh)
    tried = [client.post(f"/h/{token}", data={"helpful": "yes"}).status_code for token in (old, other, "x" * 40, "y")]

    assert tried == [410, 410, 410, 429]
    assert results(fresh) == []


def test_a_pass_for_anothers_notice_votes_for_nothing(fresh, browse):
    """A notice is its owner's, whatever the pass says."""
    browse(fresh).post(f"/h/{OWN.feedback('n1042', 'u7', NOW)}", data={"helpful": "yes"})

    assert results(fresh) == []


def test_mails_of_tips_ask_and_security_mails_have_their_one_link(fresh):
    """Where a mail may hold a second link; the link names nobody."""
    composer = Composer("Example", "https://x.example", check_code=CODES.of, unsubscribe=lambda user, what: "stop", feedback=OWN.feedback)
    tip = next(kind for kind in kinds() if kind.startswith("tip_"))
    about = fresh.queries.findings_by_id(["f4"])[0]["finding"]
    security = notice("n1", about, ["email"])
    general = type(security)(**{f: getattr(security, f) for f in security.__struct_fields__} | {"kind": tip, "severity": "info", "answerable": False, "facts": {}})  # fmt: skip
    asked = mail(composer.compose(general, USERS[1], {}, NOW, channels={"email"}))
    plain = mail(composer.compose(security, USERS[1], {"current": "t" * 22}, NOW))
    [path] = [urlsplit(link).path for link in Page(text(asked, "html")).links if "/h/" in link]

    assert OWN.read("helpful", path.removeprefix("/h/"), NOW) == ["n1", "u7"]
    assert path in text(asked)
    assert Page(text(plain, "html")).links == [f"https://x.example/n/{'t' * 22}"]
    assert "/h/" not in text(plain)


def test_staff_sees_results_by_kind_language_and_version(fresh, browse, bearer):
    """A share where enough voted; nothing of who did."""
    client = browse(fresh)
    vote(client, bearer, True)
    vote(client, bearer, False, "u7", "n7")
    carl = browse(fresh, "carl")
    page, chinese = carl.get("/feedback").text, carl.get("/feedback?locale=zh-CN").text

    assert "Account takeover" in page
    assert "zh-CN" in page
    assert "too few" in page
    assert "u1042" not in page.split("<main")[1]
    assert "Account takeover" not in chinese


def test_prometheus_is_told_the_same(fresh, browse, bearer):
    """By kind, language and version; read anew once a minute."""
    clock = [0.0]
    told = Feedback(fresh.store, lambda: clock[0])

    def scraped() -> str:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(type("C", (), {"collect": staticmethod(told.metrics)})())
        return generate_latest(registry).decode()

    before = scraped()
    vote(browse(fresh), bearer, True)
    same = scraped()
    clock[0] += EVERY
    after = scraped()

    assert before == same
    assert re.search(r'vigil_helpful_votes\{helpful="yes",kind="account_takeover",locale="en",template="[0-9a-f]{8}"\} 1.0', after)
    assert "vigil_cases_open 0.0" in after
    assert "u1042" not in after


def test_an_erased_users_votes_are_gone(fresh, browse, bearer):
    """With the rest of what is kept of him."""
    vote(browse(fresh), bearer, True)
    fresh.store.erase("u1042", "asked for", NOW)

    assert results(fresh) == []
