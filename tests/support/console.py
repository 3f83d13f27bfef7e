"""A console over a real SQLite store, with what is in Redis played by dictionaries."""

from __future__ import annotations

import asyncio
import atexit
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import msgspec
from sqlalchemy import delete, insert

from console import evidence
from console.answer_text import ComposedAnswerPages
from console.checking import Checking
from console.services import Services
from console.sessions import Sessions, Signer
from console.staff import StaffFile, add_user
from detectors import cases
from domain import profile
from domain.checkcode import CheckCodes
from domain.events.user import User
from domain.messages import Asked, Finding, Judgement, Notice, Reason, Receipt, Source, Weight
from domain.ports import Rendered, Token, Unsent
from domain.profile import UserState
from domain.status import Heartbeat
from domain.training import ModelReport, Standing, TrainingReport
from ledger.book import Book
from ledger.keys import Keyring
from notices.compose import Composer
from notices.passes import PASSES, Passes
from stores.sql.console_queries import ConsoleQueries
from stores.sql.decisions import Decisions
from stores.sql.schema import training_state
from stores.sql.store import open_store
from tests.support.announced import MemoryAudience
from tests.support.registry import loaded

SECRET = "a secret of at least thirty-two characters"
NOW = datetime(2026, 11, 22, 3, 14, 7, tzinfo=UTC)
API_TOKEN = "the-backend's-token"
TOKENS = {"u1042": "tok-u1042-AAAAAAAAAAAA", "u7": "tok-u7-BBBBBBBBBBBBBBB"}
CODES = CheckCodes(b"c" * 32)
PASSWORD = "correct horse battery"
PEOPLE = {
    "ana": ["security"],
    "carl": ["compliance"],
    "adam": ["admin"],
}
OWNER_EMAIL, OWNER_PHONE, CODE = "mira@mail.example", "+31612345512", "red-fox"
USERS = [
    User(
        user_id="u1042", locale="en", region="NL", time_zone="Europe/Amsterdam", tier="regular", email=OWNER_EMAIL, phone=OWNER_PHONE,
        anti_phishing_code=CODE,
    ),
    User(user_id="u7", locale="zh-CN", time_zone="Asia/Shanghai", email="seven@mail.example"),
]  # fmt: skip
MODEL = ModelReport(
    family="transfer", number=12, learned_until=NOW.timestamp() - 60, published_at=NOW.timestamp() - 300, bytes=24_310, load_ms=1.04,
    frauds=1_204, genuine=15_310, champion=Standing(loss=0.0412, precision=0.731, pace=0.2),
    challenger=Standing(loss=0.0398, precision=0.742, pace=0.05), compared=31, exchanges=2, exchanged_at=NOW.timestamp() - 86_400,
    drifts={"usd": 3, "score": 1}, drifted_at={"usd": NOW.timestamp() - 7_200, "score": NOW.timestamp() - 3_600},
)  # fmt: skip
JUDGED = Judgement(
    risk=0.934, log_odds=2.65, history=3, leans_on="few", frauds_learned=0,
    parts=[
        Weight("base", None, -7.0), Weight("own", 4.2, 6.1), Weight("withdrawal_new_address", None, 2.4), Weight("day_count", 3.0, 1.4),
        Weight("rest", None, -0.25),
    ],
)  # fmt: skip
NASTY = "<script>alert(1)</script>\"'&"


class MemoryInbox:
    """stores.inbox.AsyncRedisInbox, in this process."""

    def __init__(self) -> None:
        self.items: dict[str, list[dict[str, Any]]] = {}
        self.listeners: dict[str, list[asyncio.Queue[dict[str, Any]]]] = {}

    def put(self, user_id: str, item: dict[str, Any]) -> None:
        full = {"actions": [], "read_at": None, "archived_at": None, **item}
        self.items.setdefault(user_id, []).insert(0, full)
        self._push(user_id, full)

    async def page(
        self,
        user_id: str,
        cursor: str | None,
        limit: int,
        severities: Any = (),
        archived: bool | None = None,
        unread: bool = False,
        counts: bool = False,
    ) -> dict[str, Any]:
        if cursor is not None and not cursor.isdigit():
            raise ValueError("not a cursor")
        start, mine = int(cursor or 0), self.items.get(user_id, [])
        unseen = [item for item in mine if item["read_at"] is None]
        told: dict[str, Any] = {"unread": len(unseen)}
        if counts:
            told["unread_by"] = dict(Counter(item.get("severity") for item in unseen))
        mine = [item for item in mine if (not severities or item.get("severity") in severities) and not (unread and item["read_at"])]
        mine = [dict(item) for item in mine if archived is None or bool(item["archived_at"]) == archived]
        return {**told, "items": mine[start : start + limit], "next": str(start + limit) if len(mine) > start + limit else None}

    async def mark_all_read(self, user_id: str, now: datetime) -> int:
        unseen = [item for item in self.items.get(user_id, []) if item["read_at"] is None]
        return sum([await self.mark_read(user_id, item["notice_id"], now) for item in unseen])

    async def touch(self, user_id: str, notice_id: str) -> None:
        for item in self.items.get(user_id, []):
            if item["notice_id"] == notice_id:
                self._push(user_id, item)

    async def mark_read(self, user_id: str, notice_id: str, now: datetime) -> bool:
        return self._mark(user_id, notice_id, {"read_at": now.isoformat()})

    async def mark_archived(self, user_id: str, notice_id: str, now: datetime) -> bool:
        return self._mark(user_id, notice_id, {"read_at": now.isoformat(), "archived_at": now.isoformat()})

    @asynccontextmanager
    async def listen(self, user_id: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.listeners.setdefault(user_id, []).append(queue)

        async def coming() -> AsyncIterator[dict[str, Any]]:
            while True:
                yield await queue.get()

        try:
            yield coming()
        finally:
            self.listeners[user_id].remove(queue)

    def _mark(self, user_id: str, notice_id: str, marks: dict[str, Any]) -> bool:
        for item in self.items.get(user_id, []):
            if item["notice_id"] == notice_id:
                for name, value in marks.items():
                    item[name] = item[name] or value
                self._push(user_id, item)
                return True
        return False

    def _push(self, user_id: str, item: dict[str, Any]) -> None:
        for queue in self.listeners.get(user_id, []):
            queue.put_nowait(dict(item))


class MemoryUsers:
    """The part of the directory that the console reads."""

    def __init__(self, users: Sequence[User]):
        self.users = {user.user_id: user for user in users}

    def get_many(self, user_ids: Sequence[str]) -> dict[str, User | None]:
        return {name: self.users.get(name) for name in user_ids}


class Clock:
    """A clock that a test moves."""

    def __init__(self, at: datetime = NOW):
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@cache
def template() -> Path:
    """A folder with a staff file and a filled store, made once and copied by each test that wants its own."""
    folder = Path(mkdtemp(prefix="vigil-console-"))
    atexit.register(shutil.rmtree, folder, True)
    for name, roles in PEOPLE.items():
        add_user(folder / "staff.yaml", name, roles, PASSWORD)
    made = over(folder)
    fill(made)
    made.store.close()
    return folder


def services(folder: Path, *, embedded: bool = True, filled: bool = True) -> Services:
    """Everything a console needs; with `filled`, an attack on u1042 that was told on three channels, and some more."""
    shutil.copy(template() / "staff.yaml", folder)
    if filled:
        shutil.copy(template() / "vigil.db", folder)
    made = over(folder, embedded=embedded)
    if filled:
        for user_id in ("u1042", "u7"):
            ids = [row["notice_id"] for row in made.queries.notices_of(user_id)]
            deliveries = [d["delivery_id"] for d in made.queries.deliveries_of(ids) if d["channel"] == "inapp"]
            for sent in evidence.read(made.store, made.book, user_id, deliveries, dict.fromkeys(deliveries, "inapp")).values():
                made.inbox.put(user_id, {**sent.item, "notice_id": ids[0]})  # type: ignore[attr-defined]
    return made


def over(folder: Path, *, embedded: bool = True, database: str = "") -> Services:
    """Services over the folder's staff file and store (or another database), with nothing in the inboxes."""
    staff = folder / "staff.yaml"
    book = Book(SECRET)
    store = open_store(database or f"sqlite:///{folder}/vigil.db", book)
    clock, inbox = Clock(), MemoryInbox()
    used: set[str] = set()
    states = {"u1042": profile.encode(UserState())}

    async def heartbeats() -> list[Heartbeat]:
        at = clock().timestamp()
        return [
            Heartbeat(
                worker="vm1-4711", role="detect", at=at - 1, events_per_second=1284.0, lag_seconds=0.2, partitions=4, committed_at=at - 1
            )
        ]

    async def profiles(user_id: str) -> bytes | None:
        return states.get(user_id)

    def once(name: str) -> bool:
        fresh = name not in used
        used.add(name)
        return fresh

    made = Services(
        store=store, book=book, queries=ConsoleQueries(store.database, clock), decisions=Decisions(store.database, book), inbox=inbox,
        users=MemoryUsers(USERS),  # type: ignore[arg-type]
        checking=Checking(CODES, Passes(Keyring(SECRET).box(PASSES))),
        audience=MemoryAudience({user.user_id: user for user in USERS}),
        answer_words=ComposedAnswerPages("Example Exchange", CODES.of),
        sessions=Sessions(Signer(SECRET), StaffFile(staff), embedded),
        heartbeats=heartbeats, profiles=profiles, load_registry=loaded,
        run_cases=lambda name: list(cases.run(loaded(), [name])),
        api_token=API_TOKEN, brand="Example Exchange", embedded=embedded, public_url="http://testserver.local", once=once, now=clock,
        checks={"database": lambda: store.known_notices([])},
    )  # fmt: skip
    return made


def fill(made: Services) -> None:
    """A takeover of u1042, a new device of u7, and a finding with markup where an attacker could write some."""
    by_id = {user.user_id: user for user in USERS}
    steps = [Reason("step_login", "device", None, 0.4), Reason("step_change", "mfa_disabled", None, 0.3)]
    withdrawal = {
        "transfer_id": "t1042",
        "amount": "2.40",
        "asset": "BTC",
        "address": "bc1q7sample0destination4k2m9",
        "change": "mfa_disabled",
    }
    takeover = [
        finding("f1", "login_new_device", "notice", "e1", "u1042", -16, {"device": NASTY, "city": "Toronto", "country": "CA"}),
        finding("f2", "security_setting_changed", "notice", "e2", "u1042", -10, {"change": "mfa_disabled", "device": "Chrome on Windows"}),
        finding(
            "f3", "account_takeover", "critical", "e3", "u1042", -5, withdrawal,
            reasons=[*steps, Reason("step_withdrawal", NASTY, "5 known", 0.28)], story=["e1", "e2", "e3"],
        ),
    ]  # fmt: skip
    others = [
        finding("f4", "login_new_device", "notice", "e4", "u7", -2, {"device": "Firefox on Linux", "city": "Berlin", "country": "DE"}),
        finding("f5", "withdrawal_large", "warning", "e5", "u/5 5", -3, {"amount": "18400", "asset": "USDT", "usual_usd": "1250"}),
    ]
    others[1] = msgspec.structs.replace(others[1], judged=JUDGED)
    composer = Composer("Example Exchange", "http://testserver.local", check_code=CODES.of)
    hold = [Asked("hold_withdrawal", "t-88213", NOW + timedelta(hours=24))]
    notices = [
        notice("n1042", takeover[2], ["email", "sms", "inapp"], asked=hold),
        notice("n7", others[0], ["email", "inapp"]),
        notice("n55", others[1], ["email"]),
    ]
    with made.store.transaction(NOW) as transaction:
        transaction.add_findings(
            [msgspec.structs.replace(f, notice_id=n) for f, n in zip([takeover[2], *others], ["n1042", "n7", "n55"], strict=True)]
        )
        transaction.add_findings(takeover[:2])
        for each in notices[:2]:
            token = Token(TOKENS[each.user_id], "current")
            rendered = composer.compose(each, by_id[each.user_id], {"current": token.token}, NOW)
            transaction.add_notice(
                each, rendered, tokens=[token], answer_locale=by_id[each.user_id].locale or "en", answer_until=NOW + timedelta(days=3)
            )
        transaction.add_notice(notices[2], [], unsent=[Unsent("email", "failed", "no contact")])
    trained(made, TrainingReport(at=NOW.timestamp() - 5, waiting=48_211, dropped=0, early=2, models=[MODEL]))
    claimed = made.store.outbox.claim("test", NOW + timedelta(seconds=1), 10, 60)
    made.store.outbox.record([(receipt(d.rendered), None) for d in claimed])


def trained(made: Services, report: object) -> None:
    """What the trainer said last; None: nothing yet."""
    with made.store.database.writing() as connection:
        connection.execute(delete(training_state).where(training_state.c.name == "report"))
        if report is not None:
            connection.execute(insert(training_state).values(name="report", data=msgspec.msgpack.encode(report)))


def finding(
    name: str, detector: str, severity: str, event: str, user: str, minutes: float, facts: dict[str, str],
    reasons: list[Reason] | None = None, story: Sequence[str] = (),
) -> Finding:  # fmt: skip
    return Finding(
        finding_id=name, detector=detector, version="1", config_hash="7c1e90aa11bb22cc", severity=severity, score=0.93,  # type: ignore[arg-type]
        reasons=reasons or [Reason("device", facts.get("device", "d9"), "iPhone app", 0.93)], event_id=event, user_id=user,
        occurred_at=NOW + timedelta(minutes=minutes), source=Source("logins", 0, 17), facts=facts, story_events=list(story),
    )  # fmt: skip


def notice(name: str, about: Finding, channels: list[Any], asked: list[Asked] | None = None) -> Notice:
    return Notice(
        notice_id=name, user_id=about.user_id, kind=about.detector, severity=about.severity, created_at=about.occurred_at, expires_at=None,
        finding_ids=[about.finding_id], channels=channels, occurred_at=about.occurred_at, group=about.event_id, facts=about.facts,
        reasons=about.reasons, asked=asked or [], config_hash=about.config_hash, source=about.source,
    )  # fmt: skip


def receipt(rendered: Rendered) -> Receipt:
    return Receipt(
        notice_id=rendered.notice_id, user_id=rendered.user_id, channel=rendered.channel,
        status="delivered" if rendered.channel == "inapp" else "sent", provider="mailto", provider_id=None, attempt=1,
        at=NOW + timedelta(seconds=1), delivery_id=rendered.delivery_id,
    )  # fmt: skip
