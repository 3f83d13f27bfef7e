"""Tips and security reports on real SQL, Redis and SMTP: who gets one, how often, on which channels, and what the mail says."""

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import msgspec
import pytest

from config.settings import Tips as Plan
from domain import profile
from domain.events import Verdict
from domain.events.user import Preferences, QuietHours
from domain.messages import Notice
from domain.profile import UserState
from embedded.redis import Redis
from ledger.keys import Keyring
from ledger.verify import verify
from notices.compose import Composer
from notices.deliver.registry import providers
from notices.deliver.sender import Sender
from notices.passes import HELPFUL, Passes
from notices.tips import schedule
from notices.tips.library import REPORT, library
from notices.unsubscribe import Links
from stores.redis_client import connect
from stores.redis_profiles import PREFIX
from stores.sql.decisions import Decisions
from stores.sql.protection import SqlProtection
from stores.tips import TURN, RedisTips
from streams.tips import Tips
from tests.integration.notify.desk import MEI, START, Bench, words
from tests.support import told
from tests.support.background import wait_until
from tests.support.sinks import SmtpSink

NOON = START + timedelta(hours=2)
DAY = timedelta(days=1)
PLAN = Plan(enabled=True)
TIPS = {tip.id for tip in library()}
LINKS = Links(Keyring(told.SECRET).box("unsubscribe"))
PASSES = Passes(Keyring(told.SECRET).box("passes"))


SPANS = {"tip": timedelta(seconds=PLAN.every), REPORT: timedelta(seconds=PLAN.report_every)}


def due(name: str, other: str) -> str:
    """A user for whom it is time for `name` at noon, and not for the other."""
    users = (f"u{number}" for number in range(1000))
    return next(u for u in users if [schedule.slot(one, u, NOON, SPANS[one]) is not None for one in (name, other)] == [True, False])


ONE, REPORTED = due("tip", REPORT), due(REPORT, "tip")


class Room:
    """A desk, and workers who look through its users, each with a Redis client of his own."""

    def __init__(self, bench: Bench, redis: Redis):
        self.bench, self.redis = bench, redis
        bench.at = NOON
        bench.composer = Composer("Example", "https://vigil.example", unsubscribe=LINKS.token, feedback=PASSES.feedback)
        bench.desk = bench.make()
        bench.directory.names = lambda: iter([sorted(bench.directory.users)])  # type: ignore[attr-defined]

    def worker(self, name: str = "one", **plan: Any) -> Tips:
        return Tips(
            self.bench.store, SqlProtection(self.bench.store), self.bench.directory,  # type: ignore[arg-type]
            RedisTips(connect(self.redis.url)), name, PLAN.model_copy(update=plan), self.bench.desk.rules, now=lambda: self.bench.at,
        )  # fmt: skip

    def user(self, name: str = ONE, **fields: Any) -> str:
        self.bench.user(**({"user_id": name, "locale": "en", "time_zone": "Europe/Amsterdam"} | fields))
        return name

    def round(self, worker: Tips) -> int:
        """One look through all users; how many notices were handed on."""
        count = worker.tend()
        worker.tend()
        return count

    def told(self) -> list[Notice]:
        """What the bus brings to the desk, which takes it."""
        messages = [m for m in self.bench.store.bus.take(self.bench.at, 1000) if m.topic == "notices"]
        self.bench.store.bus.done([m.id for m in messages])
        notices = [msgspec.json.decode(m.value, type=Notice) for m in messages]
        for notice in notices:
            assert self.bench.desk.take([self.bench.item("notices", notice, notice.user_id)]) == []
        return notices


@pytest.fixture
def room(bench: Bench, redis_server: Redis) -> Iterator[Room]:
    return Room(bench, redis_server)


def test_a_tip_is_told_by_mail_and_in_the_app_once(room: Room):
    """The next look, minutes or hours later, finds it told."""
    room.user()
    worker = room.worker()
    first = room.round(worker)
    (notice,) = room.told()
    claimed = room.bench.claimed()
    room.bench.later(minutes=11)
    again = room.round(worker)

    assert (first, again) == (1, 0)
    assert notice.kind in TIPS
    assert set(claimed) == {"email", "inapp"}
    assert claimed["email"].kind == notice.kind
    assert verify(room.bench.store.book, room.bench.store.ledger).ok


def test_of_two_workers_one_looks_and_what_both_hand_on_is_told_once(room: Room):
    """An emptied Redis forgets whose turn it is: then both hand it on under one id."""
    room.user()
    one, other = room.worker("one"), room.worker("other")
    counts = [room.round(one), room.round(other)]
    connect(room.redis.url).delete(TURN)
    counts.append(room.round(other))
    notices = room.told()

    assert counts == [1, 0, 1]
    assert len({notice.notice_id for notice in notices}) == 1
    assert set(room.bench.claimed()) == {"email", "inapp"}
    assert sum(len(kinds) for kinds in SqlProtection(room.bench.store).told([ONE], NOON - DAY).values()) == 1


@pytest.mark.slow
def test_over_months_no_tip_comes_twice_in_ninety_days_nor_more_than_two_a_month(room: Room):
    """With a tip due every day; the cap holds in any thirty days."""
    room.user(experience="newcomer")
    worker, at = room.worker(every=86_400, per_month=2, report_every=0), []
    for _ in range(130):
        room.bench.later(days=1)
        room.round(worker)
        at += [(notice.kind, notice.created_at) for notice in room.told()]

    assert 8 <= len(at) <= 10
    for place, (kind, moment) in enumerate(at):
        assert all(moment - before >= 90 * DAY for other, before in at[:place] if other == kind)
        assert sum(moment - before < 30 * DAY for _, before in at[: place + 1]) <= 2


def test_nothing_goes_out_where_it_is_switched_off(room: Room):
    """All of it, the tips alone, the reports alone."""
    room.user()
    room.user(REPORTED)
    off = room.round(room.worker("a", enabled=False))
    connect(room.redis.url).delete(TURN)
    room.round(room.worker("b", per_month=0))
    without_tips = [(notice.user_id, notice.kind) for notice in room.told()]
    connect(room.redis.url).delete(TURN)
    room.round(room.worker("c", report_every=0))

    assert off == 0
    assert without_tips == [(REPORTED, REPORT)]
    assert [notice.user_id for notice in room.told()] == [ONE]


@pytest.mark.parametrize(
    ("fields", "channels"),
    [
        ({}, {"email", "inapp"}),
        ({"email": None}, {"inapp"}),
        ({"email": "not an address"}, {"inapp"}),
        ({"preferences": Preferences(channels={"tip": ["email"]})}, {"email"}),
        ({"preferences": Preferences(channels={"tip": []})}, set()),
    ],
)
def test_a_tip_goes_where_its_reader_wants_it(room: Room, fields: dict[str, Any], channels: set[str]):
    """No SMS takes the place of a missing mail, and the ledger isn't filled with what was refused."""
    room.user(**fields)
    room.round(room.worker())
    room.told()

    assert set(room.bench.claimed()) == channels
    assert room.bench.store.waiting(room.bench.at + DAY) == []
    assert len(SqlProtection(room.bench.store).told([ONE], NOON - DAY)) == bool(channels)


def test_who_unsubscribed_gets_no_mail(room: Room):
    """By the link in the mail; the app still shows it."""
    room.user()
    room.bench.store.callbacks.want_no_more(ONE, "email", "tip", NOON)
    room.round(room.worker())
    room.told()

    assert set(room.bench.claimed()) == {"inapp"}


def test_quiet_hours_hold_a_tip_on_every_channel(room: Room):
    """Until they end."""
    room.user(preferences=Preferences(quiet_hours=QuietHours(start="12:00", end="15:00")))
    room.round(room.worker())
    room.told()
    at_once = room.bench.claimed()
    room.bench.later(hours=3)

    assert at_once == {}
    assert set(room.bench.claimed()) == {"email", "inapp"}


def test_nobody_is_advised_in_the_night(room: Room):
    """In Los Angeles it is 04:00; six hours later it comes."""
    room.user(time_zone="America/Los_Angeles")
    worker = room.worker()
    by_night = room.round(worker)
    room.bench.later(hours=6)

    assert (by_night, room.round(worker)) == (0, 1)


def test_no_tip_comes_while_a_warning_waits_for_an_answer(room: Room):
    """Once it is decided, tips come again."""
    room.user()
    finding = told.finding(1, ONE, severity="warning", occurred_at=NOON - timedelta(hours=1), suppressed=None)
    with room.bench.store.transaction(NOON) as transaction:
        transaction.add_findings([finding])
    worker = room.worker()
    waiting = room.round(worker)
    verdict = Verdict(
        event_id="v1", user_id=ONE, occurred_at=NOON, about=finding.finding_id, label="genuine", source="analyst", by="ana"
    )  # fmt: skip
    Decisions(room.bench.store.database, room.bench.store.book).decide(verdict, NOON)
    room.bench.later(minutes=11)

    assert (waiting, room.round(worker)) == (0, 1)


@pytest.mark.slow
def test_tips_for_products_go_by_the_profile(room: Room):
    """Who trades with margin is told of it sooner or later, who doesn't never is."""
    state = UserState()
    state.habits.margin.count = 3
    other = next(u for u in (f"u{n}" for n in range(1000)) if u != ONE and schedule.slot("tip", u, NOON, DAY) is not None)
    connect(room.redis.url).set(PREFIX + ONE, profile.encode(state))
    room.user()
    room.user(other)
    worker, kinds = room.worker(every=86_400, per_month=31, report_every=0), {ONE: set(), other: set()}
    for _ in range(30):
        room.bench.later(days=1)
        room.round(worker)
        for notice in room.told():
            kinds[notice.user_id].add(notice.kind)

    assert "tip_margin_for_a_fee" in kinds[ONE]
    assert "tip_margin_for_a_fee" not in kinds[other]


@pytest.mark.slow
def test_the_monthly_report_says_the_score_and_three_steps(room: Room):
    """Once a month; what isn't known is to be looked at, not claimed."""
    room.user(REPORTED, anti_phishing_code=None)
    worker = room.worker()
    room.round(worker)
    (notice,) = room.told()
    mail = room.bench.claimed()["email"]
    text = words(mail)
    days = []
    for day in range(1, 65):
        room.bench.later(days=1)
        room.round(worker)
        days += [day for one in room.told() if one.kind == REPORT]

    assert (notice.kind, notice.facts["points"]) == (REPORT, "25")  # two contacts, nothing open; no code; the rest isn't known
    assert mail.subject == "Your account's protection: 25 of 100"
    assert "1. Choose an anti-phishing code" in text
    assert "2. Look in the app, under Security, whether two-factor is on." in text
    assert "\n\n\n" not in text
    assert len(days) == 2
    assert days[1] - days[0] in (29, 30, 31)


def test_the_mail_of_a_tip_arrives_with_its_unsubscribe_link(room: Room, smtp: SmtpSink):
    """By real SMTP: RFC 8058 headers, a link that names its reader and the class, the tip itself, nothing to answer."""
    room.user()
    room.round(room.worker())
    (notice,) = room.told()
    sender = Sender(room.bench.store.outbox, {"email": providers("email", [smtp.url])}, "me", now=lambda: room.bench.at)
    sender.start()
    try:
        wait_until(lambda: smtp.mails)
    finally:
        sender.stop(5)
    (caught,) = smtp.mails
    mail: Any = message_from_bytes(caught.raw, policy=policy.default)
    link = mail["List-Unsubscribe"].strip("<>")

    assert (mail["X-Vigil-Kind"], caught.recipients) == (notice.kind, [MEI["email"]])
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert LINKS.read(link.removeprefix("https://vigil.example/u/")) == (ONE, "tip")
    assert link in caught.part("plain")
    assert "/n/" not in caught.part("plain")
    assert "Good to know" not in caught.part("plain")


def test_a_tips_votes_are_counted_by_its_kind(room: Room):
    """So it shows which tips help: the mail asks, by a link, and the vote stands at the tip's own kind."""
    room.user()
    room.round(room.worker())
    (notice,) = room.told()
    text = words(room.bench.claimed()["email"])
    token = text.partition("https://vigil.example/h/")[2].split()[0]
    meant = PASSES.read(HELPFUL, token, room.bench.at)
    room.bench.store.votes.vote(notice.notice_id, ONE, True, "link", room.bench.at)

    assert meant == [notice.notice_id, ONE]
    assert [(one.kind, one.helpful) for one in room.bench.store.votes.results(kind=notice.kind)] == [(notice.kind, 1)]
