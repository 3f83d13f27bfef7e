"""Announcements through SQL and the desk: whom they reach, when, in which words, and what updates and endings do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.messages import Receipt
from domain.policy_rules import Announcements
from domain.ports import Rendered
from stores.sql.announcements import Reader
from tests.integration.notify.desk import START, Bench, words
from tests.support.announced import BODY, DE, EN, TW, Board


@pytest.fixture
def board(bench: Bench) -> Board:
    return Board(bench)


def people(bench: Bench, *names: str, **fields: Any) -> None:
    for name in names:
        bench.user(**({"user_id": name, "email": f"{name}@mail.example", "locale": "en", "time_zone": "UTC"} | fields))


def mails(bench: Bench) -> dict[str, Rendered]:
    """E-mails that a sender gets now, by user, and are sent."""
    rows = [row.rendered for row in bench.store.outbox.claim("test", bench.at, 10_000, 1e6)]
    receipts = [
        Receipt(notice_id=r.notice_id, user_id=r.user_id, channel=r.channel, status="sent", provider="mailto", provider_id=None, attempt=1,
                at=bench.at, delivery_id=r.delivery_id)
        for r in rows
    ]  # fmt: skip
    bench.store.outbox.record([(receipt, None) for receipt in receipts])
    return {row.user_id: row for row in rows if row.channel == "email"}


def header(row: Rendered, name: str) -> str | None:
    head = row.payload.split(b"\r\n\r\n", 1)[0].decode()
    return next((line.partition(": ")[2] for line in head.split("\r\n") if line.startswith(f"{name}: ")), None)


def test_an_announcement_reaches_everyone_once(bench: Bench, board: Board):
    """Published twice, looked at again and again."""
    people(bench, "u1", "u2")
    event = board.event()
    board.publish(event)
    board.publish(event)

    assert board.tell() == ["u1", "u2"]
    bench.later(minutes=1)
    assert board.tell() == []
    sent = mails(bench)
    assert set(sent) == {"u1", "u2"}
    assert header(sent["u1"], "X-Vigil-Kind") == "announcement_maintenance"
    assert header(sent["u1"], "List-Unsubscribe-Post") is None  # the desk of these tests knows no unsubscribe links
    assert "From two to four." in words(sent["u1"])


AUDIENCES = [
    ({"tier": ["vip"]}, ["vip"]),
    ({"region": ["tw"]}, ["taipei"]),
    ({"locale": ["zh"]}, ["taipei"]),
    ({"tier": ["regular"], "region": ["TW"]}, ["taipei"]),
    ({"holds": ["BTC"]}, ["holder"]),
    ({"open_orders_in": ["BTC/USDT"]}, ["trader"]),
    ({"holds": ["BTC"], "open_orders_in": ["BTC-USDT"]}, ["holder", "trader"]),
    ({"holds": ["BTC"], "tier": ["vip"]}, []),
    ({"tier": [], "region": []}, ["holder", "taipei", "told", "trader", "vip"]),
    ({"holds": ["DOGE"]}, ["told"]),
]


@pytest.mark.parametrize(("audience", "reached"), AUDIENCES)
def test_it_is_for_its_audience_alone(bench: Bench, board: Board, audience: dict[str, Any], reached: list[str]):
    """By tier, region, language, what is held and what is open; the exchange's own word on that comes before what events told."""
    people(bench, "holder", "trader")
    people(bench, "vip", tier="vip")
    people(bench, "told", holds=["doge"], open_orders_in=[])
    bench.user(user_id="taipei", region="TW", locale="zh-TW")
    board.audience.holds("holder", "BTC")
    board.audience.holds("trader", orders=["BTC-USDT"])
    board.audience.holds("told", "BTC", orders=["BTC-USDT"])
    board.publish(board.event(audience=audience))

    assert board.tell() == reached


def test_a_market_warning_reaches_who_holds_it_or_has_open_orders_in_it(bench: Bench, board: Board):
    """And says why."""
    people(bench, "holder", "trader", "other")
    board.audience.holds("holder", "LUNA")
    board.audience.holds("trader", orders=["LUNA-USDT"])
    board.audience.holds("other", "BTC", orders=["BTC-USDT"])
    board.publish(board.event(kind="delisting", severity="warning", audience={"holds": ["LUNA"]}))

    assert board.tell() == ["holder", "trader"]
    assert "it concerns LUNA" in words(mails(bench)["trader"])


def test_one_user_alone_can_be_meant(bench: Bench, board: Board):
    """By the event's user_id."""
    people(bench, "u1", "u2")
    board.publish(board.event(user_id="u2"))

    assert board.tell() == ["u2"]


def test_maintenance_says_what_happens_to_the_readers_own_orders(bench: Bench, board: Board):
    """From when to when they are protected, by the reader's clock; nothing of it to who has none."""
    people(bench, "trader", time_zone="Asia/Taipei")
    people(bench, "idle")
    board.audience.holds("trader", orders=["BTC-USDT", "ETH-USDT"])
    orders = {"effect": "paused", "protected_from": START + timedelta(minutes=30), "protected_until": START + timedelta(hours=3)}
    board.publish(board.event(orders=orders))
    board.tell()
    sent = mails(bench)

    told = words(sent["trader"])
    assert "You have open orders in BTC-USDT, ETH-USDT." in told
    assert "your open orders are neither filled nor cancelled" in told
    assert "protected from November 22, 18:30 until November 22, 21:00" in told
    assert "orders" not in words(sent["idle"])


def test_each_reads_his_own_language(bench: Bench, board: Board):
    """The whole notice; who has no text gets the default one's, and all of that notice is in it."""
    people(bench, "english")
    bench.user(user_id="taipei", locale="zh-HK", email="t@mail.example")
    bench.user(user_id="berlin", locale="de", email="b@mail.example")
    bench.user(user_id="tokyo", locale="ja", email="j@mail.example")
    board.publish(board.event(title=EN | DE | TW, body=BODY))
    board.tell()
    sent = mails(bench)

    assert {name: row.locale for name, row in sent.items()} == {"english": "en", "taipei": "zh-TW", "berlin": "de", "tokyo": "en"}
    assert {name: row.locale_reason for name, row in sent.items()}["tokyo"] == "translation"
    assert "Von zwei bis vier." in words(sent["berlin"])
    assert "Was Sie tun können" in words(sent["berlin"])
    assert "What you can do" in words(sent["tokyo"])


def test_a_missing_translation_blocks_where_that_was_chosen(bench: Bench, board: Board):
    """Nobody is told; a version that has it is."""
    people(bench, "u1")
    bench.user(user_id="tokyo", locale="ja", email="j@mail.example")
    board.publish(board.event(announcement_id="m1", missing_translation="block"))

    assert board.tell() == []
    standing = board.store.standing("m1")
    assert standing is not None
    assert (standing.state, standing.reason) == ("blocked", "no text in ja, which readers have")
    title, body = EN | {"ja": "現物取引の一時停止"}, BODY | {"ja": "2時から4時まで。"}
    board.publish(board.event(announcement_id="m1", missing_translation="block", title=title, body=body))
    assert board.tell() == ["tokyo", "u1"]


def test_it_goes_out_in_waves(bench: Bench, board: Board):
    """So many at once, so many seconds apart."""
    people(bench, *(f"u{n}" for n in range(7)))
    board.publish(board.event(waves={"size": 3, "gap_seconds": 60}))

    assert len(board.tell()) == 3
    bench.later(seconds=59)
    assert board.tell() == []
    bench.later(seconds=1)
    assert len(board.tell()) == 3
    bench.later(seconds=60)
    assert len(board.tell()) == 1
    bench.later(seconds=60)
    assert board.tell() == []
    assert len(mails(bench)) == 7


def test_not_before_its_time(bench: Bench, board: Board):
    """A day after it was published: the day that it waited doesn't make it old."""
    people(bench, "u1")
    board.publish(board.event(send_at=START + timedelta(hours=30), ends_at=START + timedelta(hours=40)))

    bench.later(hours=29)
    assert board.tell() == []
    bench.later(hours=1)
    assert board.tell() == ["u1"]
    assert set(mails(bench)) == {"u1"}


def test_what_is_over_is_told_to_nobody_any_more(bench: Bench, board: Board):
    """Neither the rest of its readers nor who was to read it after his quiet hours; one that is old when it is read is told to nobody."""
    people(bench, "u1", "u2")
    people(bench, "asleep", preferences={"quiet_hours": {"from": "09:00", "to": "20:00"}})
    board.publish(board.event(announcement_id="m1", waves={"size": 2, "gap_seconds": 3600}))
    board.publish(board.event(announcement_id="old", occurred_at=START - timedelta(hours=25), ends_at=START + timedelta(hours=9)))
    assert board.tell() == ["asleep", "u1"]
    bench.later(hours=3)

    assert board.tell() == []
    assert board.store.standing("m1").state == "expired"  # type: ignore[union-attr]
    assert board.store.standing("old").state == "expired"  # type: ignore[union-attr]
    suppressed = [(r["user_id"], r["channel"]) for r in board.receipts if r["status"] == "suppressed" and "quiet hours" in r["reason"]]
    assert suppressed == [("asleep", "email"), ("asleep", "inapp")]
    assert "asleep" not in mails(bench)


def test_one_that_cannot_be_told_holds_up_no_other(bench: Bench, board: Board):
    """Its words can't be read any more: the one behind it goes out all the same."""
    people(bench, "u1")
    board.publish(board.event(announcement_id="a-broken"))
    board.publish(board.event(announcement_id="b-whole"))
    with board.store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE announcement_versions SET content = '{}' WHERE announcement_id = 'a-broken'")

    assert board.tell() == ["u1"]


def test_an_update_follows_in_the_same_thread(bench: Bench, board: Board):
    """To those who were told, as a reply to the first mail and in place of the item; who wasn't told yet gets the new version alone."""
    people(bench, "u1", "u2")
    board.publish(board.event(announcement_id="m1", waves={"size": 1, "gap_seconds": 600}))
    assert board.tell() == ["u1"]
    first = mails(bench)["u1"]
    bench.later(minutes=1)
    board.publish(board.event(announcement_id="m1", title={"en": "Later than planned"}, body={"en": "From three to five."}))

    assert board.tell() == ["u1", "u2"]
    sent = mails(bench)
    assert header(sent["u1"], "Subject") == "Update: Later than planned"
    assert header(sent["u1"], "In-Reply-To") == header(first, "Message-ID")
    assert "From three to five." in words(sent["u1"])
    assert header(sent["u2"], "Subject") == "Later than planned"


@pytest.mark.parametrize(
    ("status", "subject"), [("cancelled", "Cancelled: Spot trading pauses"), ("resolved", "Resolved: Spot trading pauses")]
)
def test_its_end_is_told_to_those_who_were_told(bench: Bench, board: Board, status: str, subject: str):
    """Nobody else hears of it; who has not read it yet isn't told of its end, and not of it either."""
    people(bench, "a1", "z9")
    people(bench, "asleep", preferences={"quiet_hours": {"from": "09:00", "to": "20:00"}})
    board.publish(
        board.event(announcement_id="m1", kind="incident", ends_at=START + timedelta(days=3), waves={"size": 2, "gap_seconds": 600})
    )
    assert board.tell() == ["a1", "asleep"]
    mails(bench)
    bench.later(minutes=1)
    board.publish(board.event(announcement_id="m1", kind="incident", status=status))

    assert board.tell() == ["a1", "asleep"]
    sent = mails(bench)
    assert {name: header(row, "Subject") for name, row in sent.items()} == {"a1": subject}
    assert "From two to four." not in words(sent["a1"])
    bench.later(hours=12)
    assert board.tell() == []
    assert mails(bench) == {}


def test_preferences_and_refusals_are_respected(bench: Bench, board: Board):
    """Muted, unsubscribed, or asleep until later."""
    people(bench, "muted", preferences={"channels": {"announcement": ["inapp"]}})
    people(bench, "asleep", preferences={"quiet_hours": {"from": "09:00", "to": "12:00"}})
    people(bench, "enough", "fine")
    bench.store.callbacks.want_no_more("enough", "email", "announcement", bench.at)
    board.publish(board.event(ends_at=START + timedelta(hours=9)))

    assert board.tell() == ["asleep", "enough", "fine", "muted"]
    assert set(mails(bench)) == {"fine"}
    bench.later(hours=3)
    assert set(mails(bench)) == {"asleep"}


def test_who_comes_into_the_directory_a_little_later_is_told_too(bench: Bench, board: Board):
    """Records of users and announcements come by different topics: neither waits for the other."""
    people(bench, "u1")
    board.publish(board.event())
    assert board.tell() == ["u1"]
    people(bench, "u2")
    bench.later(seconds=5)

    assert board.tell() == ["u2"]


def test_who_is_erased_is_forgotten(bench: Bench, board: Board):
    """Between two waves; no row of his stays."""
    people(bench, "u1", "u2")
    board.publish(board.event(announcement_id="m1", waves={"size": 1, "gap_seconds": 60}))
    assert board.tell() == ["u1"]
    bench.desk.take_users([bench.item("users", None, "u2")])
    bench.later(minutes=1)

    assert board.tell() == []
    assert board.store.turn("m1", 9, 10, told_alone=False) == [
        Reader("u1", 1, board.store.turn("m1", 9, 10, told_alone=False)[0].notice_id)
    ]


def test_two_workers_tell_nobody_twice(bench: Bench, board: Board):
    """One holds the announcement; when it dies the other goes on after the lease, and the first, come back, finds nothing to do."""
    people(bench, *(f"u{n}" for n in range(4)))
    board.publish(board.event(announcement_id="m1", waves={"size": 2, "gap_seconds": 10}))
    other = board.worker("two")
    assert len(board.tell()) == 2
    bench.later(seconds=10)
    held = board.store.claim("one", bench.at, 60.0)  # it is killed right here
    assert len(held) == 1

    assert board.tell(other) == []
    bench.later(seconds=61)
    assert len(board.tell(other)) == 2
    assert board.tell() == board.tell(other) == []
    assert len(mails(bench)) == 4


def test_a_wave_that_another_version_overtook_is_not_told(bench: Bench, board: Board):
    """A slow worker's wave is decided in the transaction that marks its readers."""
    people(bench, "u1")
    board.publish(board.event(announcement_id="m1"))
    (slow,) = board.store.claim("one", bench.at, 60.0)
    board.store.release("m1", "one")
    board.publish(board.event(announcement_id="m1", title={"en": "Newer"}))
    board.store.add_readers("m1", [("u1", "en")])

    assert not board.store.tell(slow, [(Reader("u1", 0, None), None)], [], None, bench.at, ends_wave=True)
    assert board.tell() == ["u1"]
    assert header(mails(bench)["u1"], "Subject") == "Newer"


def test_a_topic_that_has_to_be_approved_waits(bench: Bench):
    """`approve_topic`: nothing goes out until somebody at the console agrees."""
    board = Board(bench, announcements=Announcements(approve_topic=True))
    people(bench, "u1")
    event = board.event(announcement_id="m1")
    board.publish(event)
    assert board.tell() == []
    assert board.store.approve("m1", 1, "carl", bench.at, bench.at + timedelta(hours=1), bench.at)

    assert board.tell() == ["u1"]


def test_what_no_reader_could_read_is_blocked(bench: Bench, board: Board):
    """A language that Vigil doesn't write, and no other."""
    people(bench, "u1")
    board.publish(board.event(announcement_id="m1", title={"it": "Manutenzione"}, body={"it": "Dalle due alle quattro."}))

    assert board.tell() == []
    assert board.store.standing("m1").state == "blocked"  # type: ignore[union-attr]


def test_what_can_not_be_decoded_is_left_to_detection(bench: Bench, board: Board):
    """Which reads the topic too, and puts it aside once."""
    assert (
        board.announcer.take([bench.item("announcements", b"{}", "*"), bench.item("announcements", board.event(kind="party"), "*")]) == []
    )
    assert board.store.latest() == []


def test_words_of_an_announcement_are_never_markup(bench: Bench, board: Board):
    """Nor links, nor headers, however long."""
    people(bench, "u1")
    nasty = "<script>x</script>\r\nBcc: evil@mail.example {{ 7*7 }} https://evil.example/login " + "A" * 4000
    board.publish(board.event(title={"en": nasty}, body={"en": nasty}))
    board.tell()
    row = mails(bench)["u1"]

    assert header(row, "Bcc") is None
    page = row.payload.replace(b"=\r\n", b"").partition(b"<html")[2]
    assert b"&lt;script&gt;" in page
    assert b"<script>" not in page
    assert b"https://evil" not in row.payload.replace(b"=\r\n", b"")
    assert "49" not in words(row).split("AAAA")[0]
    assert len(row.payload) < 60_000


def test_the_unsubscribe_link_is_there(bench: Bench, board: Board):
    """With an unsubscribing composer, one click ends announcements."""
    bench.composer.unsubscribe = lambda user_id, group: f"{user_id}-{group}"
    people(bench, "u1")
    board.publish(board.event())
    board.tell()

    assert header(mails(bench)["u1"], "List-Unsubscribe") == "<http://vigil.example/u/u1-announcement>"


def test_a_security_notice_overtakes_what_everybody_is_told(bench: Bench, board: Board):
    """However many wait before it; a critical announcement goes with the critical ones."""
    people(bench, *(f"u{n}" for n in range(20)))
    board.publish(board.event(severity="warning"))
    board.tell()
    bench.later(seconds=1)
    bench.take(bench.notice(channels=["email"], user_id="u3"))
    board.publish(board.event(severity="critical", user_id="u5"))
    board.tell()

    first = [row.rendered.kind for row in bench.store.outbox.claim("test", bench.at, 2, 60.0, ["email"])]
    assert first == ["announcement_maintenance", "login_new_device"]
