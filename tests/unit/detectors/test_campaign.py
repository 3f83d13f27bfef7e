"""Reports of the same fraud are found to be one campaign, and whom it reaches is told."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.campaign import marks
from detectors.cases import NamedSurroundings
from detectors.engine import Engine, Outcome
from domain.events import Report
from domain.profile import UserState
from tests.support.events import HOUR, event, withdrawal
from tests.support.registry import loaded

SCAM = "TScamAddressThatManyReported11111"


def report(at: float, user: str, **fields: Any) -> Report:
    """A report of phishing, empty unless told."""
    made = event("report", at, user_id=user, **{"subject": "phishing", "text": "", "urls": [], "addresses": [], "senders": [], **fields})
    assert isinstance(made, Report)
    return made


class Exchange:
    """One engine, a state a user."""

    def __init__(self) -> None:
        self.engine = Engine(loaded().only("report_campaign"), NamedSurroundings())
        self.states: defaultdict[str, UserState] = defaultdict(UserState)

    def apply(self, one: Any) -> Outcome:
        outcome = self.engine.apply(one, self.states[one.user_id])
        assert not outcome.errors
        return outcome


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://okx-verify.example", "https://www.okx-verify.example/login?x=1"),
        ("http://okx-verify.example", "okx-verify.example:8443"),
        ("http://okx-verify.example", "http://0kx-verify.test"),
        ("http://okx-verify.example", "http://okxverify3.test"),
        ("http://okx-verify.example", "http://xn--kx-verify-z2h.test"),
        ("http://okx-verify.example", "http://оkx-verify.test"),
        ("http://okx-verify.example", "http://okx-verifi.test"),
        ("http://okx-verify.example", "http://okx-veriify.test"),
        ("http://secure-modern.co.uk", "http://a.b.secure-rnodern.com"),
        ("http://okx-verify.pages.dev", "http://okx-verify.vercel.app"),
        ("https://t.me/okx_support_bot", "https://t.me/OKX_support_bot/12"),
        ("http://user:secret@okx-verify.example/", "http://okx-verify.example"),
    ],
)
def test_hosts_that_are_or_look_the_same_share_a_mark(one: str, other: str) -> None:
    """Whatever the spelling, the script, the ending or a letter more or less."""
    shared = set(marks.of_report(report(0, "a", urls=[one]))) & set(marks.of_report(report(0, "b", urls=[other])))

    assert shared


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://okx-verify.example", "http://bitcoin-giveaway.example"),
        ("https://t.me/one_channel", "https://t.me/another_channel"),
        ("https://bit.ly/abc", "https://bit.ly/def"),
        ("http://first-name.github.io", "http://other-person.github.io"),
        ("http://first-name.co.uk", "http://other-person.co.uk"),
        ("http://abcd.test", "http://abce.test"),
        ("http://192.0.2.1/a", "http://192.0.2.77/b"),
    ],
)
def test_hosts_that_only_live_at_the_same_place_share_none(one: str, other: str) -> None:
    """A messenger, a shortener, a hosting, a country's ending."""
    shared = set(marks.of_report(report(0, "a", urls=[one]))) & set(marks.of_report(report(0, "b", urls=[other])))

    assert not shared


@pytest.mark.parametrize(
    "url", ["", " ", "http://", "http://[::1", "not a url", "javascript:alert(1)", "http://" + "a" * 4_000, "//\x00", "http://xn--\xff.x"]
)
def test_what_is_no_link_has_no_mark(url: str) -> None:
    """And breaks nothing."""
    assert marks.host_of(url) == "" or "." in marks.host_of(url)
    assert len(marks.of_report(report(0, "a", urls=[url]))) < marks.MOST


@given(urls=st.lists(st.text(max_size=80), max_size=4), senders=st.lists(st.text(max_size=60), max_size=3), text=st.text(max_size=400))
def test_whatever_people_write_has_marks(urls: list[str], senders: list[str], text: str) -> None:
    """Any text in any field: the same marks each time, and hosts that can be shown."""
    one = report(0, "a", urls=["http://" + url for url in urls], senders=senders, text=text, addresses=senders)

    assert marks.of_report(one) == marks.of_report(one)
    for url in one.urls:
        host = marks.host_of(url)
        assert "." not in marks.defanged(host).replace("[.]", "").partition("/")[0]


def test_marks_are_bounded() -> None:
    """However much is reported at once."""
    many = report(0, "a", urls=[f"http://fraud-number-{n}x.example" for n in range(200)], addresses=[f"T{n}" for n in range(200)],
                  senders=[f"mail{n}@fraud{n}.example" for n in range(200)], text="long text in many words " * 2_000)  # fmt: skip

    assert len(marks.of_report(many)) <= marks.MOST


def test_a_host_is_shown_without_becoming_a_link() -> None:
    """In ASCII, with its dots in brackets."""
    assert marks.defanged("okx-verify.example") == "okx-verify[.]example"
    assert marks.defanged("оkx-verify.test").startswith("xn--")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "They wrote: your account will be locked in 24 hours unless you move all your funds to the safe wallet below at once",
            "sms says 'Your account will be LOCKED in 24 hours, unless you move all your funds to the safe wallet below at once!' is it real?",
        ),
        (
            "Здравствуйте, это служба безопасности биржи, ваш счёт взломан, срочно переведите средства на резервный кошелёк по ссылке",
            "Пишут: Здравствуйте! Это служба безопасности биржи, ваш счёт взломан, срочно переведите средства на резервный кошелёк",
        ),
        (
            "高额返利活动：充值一千返三千，名额有限，请添加客服微信领取专属邀请码，先到先得，过期作废，祝您财源滚滚，交易愉快",
            "有人发给我：高额返利活动：充值一千返三千，名额有限，请添加客服微信领取专属邀请码，先到先得，过期作废",
        ),
    ],
)
def test_nearly_the_same_words_share_a_mark_in_any_language(one: str, other: str) -> None:
    """The message that a fraud sends to all, told by two of them."""
    assert set(marks.of_report(report(0, "a", text=one))) & set(marks.of_report(report(0, "b", text=other)))


def test_unrelated_reports_in_one_language_hardly_ever_share_wording() -> None:
    """Of the pairs of twelve different stories none meet."""
    stories = [
        "Someone called me and said that he works for the exchange and needs the code from my phone to stop a payment.",
        "A page that looks like yours asked me for my password after I clicked on an advertisement in a search engine.",
        "My friend's account was taken over and now sends everyone messages about an investment with guaranteed profit.",
        "I met a woman online who taught me how to trade and now I cannot withdraw anything without paying taxes first.",
        "An app in the store with your name wanted my recovery phrase, then all coins in my wallet were gone within minutes.",
        "I was told to pay a fee to unlock a deposit that was sent to the wrong network by mistake, but nothing came back.",
        "The seller asked me to cancel the order after he had received the transfer, and he does not answer any more.",
        "They offer to double every deposit during a live stream with a famous person who surely knows nothing of it.",
        "A job that pays for rating products wants me to top up my account with crypto before I can get my salary.",
        "In a chat group they give signals for a small coin, everyone buys, and then the price falls to nothing at once.",
        "Yesterday I got a letter by post with a device that claims to be a replacement for the one that I bought.",
        "I received an airdrop that I never asked for and the page to claim it wants unlimited access to my tokens.",
    ]
    bands = [set(marks.of_report(report(0, "a", text=story))) for story in stories]

    assert not any(one & other for at, one in enumerate(bands) for other in bands[at + 1 :])


def test_a_campaign_keeps_the_name_of_its_first_report() -> None:
    """Also when it moves from a host to an address that one report names together with the host."""
    exchange = Exchange()
    exchange.apply(report(0, "a", urls=["http://okx-verify.example"]))
    exchange.apply(report(HOUR, "b", urls=["http://okx-verify.example"]))
    (third,) = exchange.apply(report(2 * HOUR, "c", urls=["http://okx-verify.example"], addresses=[SCAM])).findings
    exchange.apply(report(3 * HOUR, "d", addresses=[SCAM]))
    (fifth,) = exchange.apply(report(4 * HOUR, "e", addresses=[SCAM])).findings

    assert third.facts["campaign"] == fifth.facts["campaign"]
    assert third.facts["reporters"] == "3"
    assert third.subject != fifth.subject or third.user_id != fifth.user_id


def test_who_paid_the_address_lately_is_told_when_it_becomes_a_campaign() -> None:
    """By a report of Vigil's own to each who paid it for the first time, once; reporters themselves know."""
    exchange = Exchange()
    for number, user in enumerate(("victim", "another", "a")):
        assert exchange.apply(withdrawal(number, SCAM, user_id=user)).findings == []
    exchange.apply(report(HOUR, "a", subject="scam_address", addresses=[SCAM]))
    assert exchange.apply(report(2 * HOUR, "b", subject="scam_address", addresses=[SCAM])).tells == []
    outcome = exchange.apply(report(3 * HOUR, "c", subject="scam_address", addresses=[SCAM]))

    assert {told.user_id for told in outcome.tells} == {"victim", "another", "a"}
    (told,) = [one for one in outcome.tells if one.user_id == "victim"]
    (found,) = exchange.apply(told).findings
    assert (found.severity, found.facts["campaign_role"], found.facts["address"]) == ("notice", "payer", SCAM)
    assert found.facts["campaign"] == outcome.findings[0].facts["campaign"]
    fifth = exchange.apply(report(5 * HOUR, "d", subject="scam_address", addresses=[SCAM]))
    assert {one.event_id for one in fifth.tells} <= {one.event_id for one in outcome.tells}


def test_reports_may_come_in_any_order() -> None:
    """Their users are on different partitions; the last to arrive completes the campaign, whenever it was written."""
    exchange = Exchange()
    for number, at in enumerate((60.0, 0.0)):
        assert exchange.apply(report(at, f"u{number}", addresses=[SCAM])).findings == []
    (found,) = exchange.apply(report(30.0, "u2", addresses=[SCAM])).findings

    assert found.facts["reporters"] == "3"


def test_what_vigil_reports_itself_makes_no_campaign_larger() -> None:
    """It counts as nobody's."""
    exchange = Exchange()
    for number, user in enumerate("abc"):
        outcome = exchange.apply(report(number, user, addresses=[SCAM]))
    for number in range(5):
        exchange.apply(report(10 + number, f"told{number}", addresses=[SCAM], campaign=outcome.findings[0].facts["campaign"]))
    (found,) = exchange.apply(report(60, "d", addresses=[SCAM])).findings

    assert found.facts["reporters"] == "4"


def test_a_replayed_report_counts_once() -> None:
    """Sets take a member once, whoever sends it again."""
    exchange = Exchange()
    for number in range(2):
        exchange.apply(report(number, f"u{number}", addresses=[SCAM]))
    again = report(5, "u1", addresses=[SCAM])
    for _ in range(3):
        assert exchange.engine.apply(again, UserState()).findings == []
