"""What the pages work with: the stores behind plain async calls, the words, the clock. Tests put their own in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from console.access import Staff
from console.amazon import Certificates, fetch
from console.answer_words import AnswerWords, State
from console.evidence import opened_notice, verified
from console.kept import Kept
from console.limits import Guesses, Shared
from console.samples import sample
from console.sessions import Sessions
from console.watch import Rates, Watch, watch
from domain import profile
from domain.events.base import Client
from domain.events.user import User
from domain.messages import Medium, Notice
from domain.ports import Answer, Decision, Directory, Unavailable
from domain.profile import UserState
from domain.status import Heartbeat
from ledger.book import Book
from notices.unsubscribe import Links
from stores.audience import Audience
from stores.sql.console_queries import ConsoleQueries
from stores.sql.decisions import Decisions
from stores.sql.store import Store

if TYPE_CHECKING:
    from console.checking import Checking

Said = Literal["me", "not_me"]
RELEASED = ("hold_withdrawal", "require_step_up")


class Inbox(Protocol):
    """The in-app notices of a user (async, Redis)."""

    async def page(
        self,
        user_id: str,
        cursor: str | None,
        limit: int,
        severities: Collection[str] = (),
        archived: bool | None = None,
        unread: bool = False,
        counts: bool = False,
    ) -> dict[str, Any]:
        """`unread`, `items`, `next`; with `counts` `unread_by` (severity -> number). Raises ValueError for a cursor that isn't one."""
        ...

    async def mark_all_read(self, user_id: str, now: datetime) -> int: ...

    async def touch(self, user_id: str, notice_id: str) -> None: ...

    async def mark_read(self, user_id: str, notice_id: str, now: datetime) -> bool: ...

    async def mark_archived(self, user_id: str, notice_id: str, now: datetime) -> bool: ...

    def listen(self, user_id: str) -> AbstractAsyncContextManager[AsyncIterator[dict[str, Any]]]: ...


class Mailbox(Protocol):
    """The mail catcher's mails (embedded stack only)."""

    def list(self, limit: int = 100, to: str | None = None) -> list[Any]: ...

    def get(self, mail_id: str) -> Any | None: ...


@dataclass(frozen=True)
class Verification:
    """What came of verifying the whole ledger."""

    fine: bool
    words: str
    at: datetime


@dataclass
class Services:
    """Everything a handler needs, found at `app.state.services`."""

    store: Store
    book: Book
    queries: ConsoleQueries
    decisions: Decisions
    inbox: Inbox
    users: Directory
    answer_words: AnswerWords
    sessions: Sessions
    heartbeats: Callable[[], Awaitable[list[Heartbeat]]]
    profiles: Callable[[str], Awaitable[bytes | None]]
    """The encoded profile of a user."""
    load_registry: Callable[[], Any]
    """The detectors as configured (slow the first time)."""
    run_cases: Callable[[str], list[Any]] = lambda _: []
    api_token: str = ""
    brand: str = ""
    embedded: bool = False
    public_url: str = ""
    default_locale: str = "en"
    audience: Audience | None = None
    """Users whom announcements may reach; None: it isn't known."""
    mailbox: Mailbox | None = None
    once: Callable[[str], bool] = lambda _: False
    """True the first time that it is asked about an id; shared by all consoles."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    guesses: Guesses = field(default_factory=lambda: Guesses(burst=300, per_second=1.0))
    callback_guesses: Guesses = field(default_factory=lambda: Guesses(burst=60, per_second=1.0))
    sign_in_guesses: Guesses = field(default_factory=lambda: Guesses(burst=10, per_second=1 / 30))
    checks: dict[str, Callable[[], object]] = field(default_factory=dict)
    """What /readyz asks; each may block for a moment, and raises when its part is away."""
    stop_links: Links | None = None
    """Unsubscribe links; None: none is known."""
    receipt_keys: dict[str, str] = field(default_factory=dict)
    """Providers that may call back, and the key of each."""
    checking: Checking | None = None
    """Whether a message is ours; None: no key for it."""
    sns_topics: frozenset[str] = frozenset()
    """By which SES tells of mails."""
    fetch: Callable[[str], bytes] = fetch
    """From SNS's own hosts alone."""
    certificate: Callable[[str], bytes] = field(default_factory=Certificates)
    sample_notice: Callable[[str], tuple[Notice, Sequence[Notice]]] = sample
    """A notice with sample data by its name, and what it names if it is a digest."""
    approval: Literal["release", "console", "off"] = "release"
    """Which words may be sent (config.settings.Notices.approval)."""
    sending: frozenset[Medium] = frozenset()
    """Channels that have a provider."""
    rates: Rates = field(default_factory=Rates)
    verification: Verification | None = None
    verified_at: float = 0.0
    """When that began, by time.monotonic."""
    verifying: asyncio.Lock = field(default_factory=asyncio.Lock)
    kept: Kept = field(default_factory=Kept)

    async def find_answer(self, token: str) -> Answer | None:
        """None for an unknown token, and for a notice that was altered: nothing can be asked about it."""
        try:
            return await asyncio.to_thread(self.store.answers.find, token)
        except (ValueError, msgspec.MsgspecError):
            return None

    async def decide(self, token: str, said: Said, ip: str, user_agent: str | None) -> State:
        """Decides by a link; `said` as the state of the page where it counted."""
        client = Client(ip=ip or None, user_agent=user_agent)
        decision = await asyncio.to_thread(self.store.answers.decide, token, said, self.now(), client)
        return said if decision.outcome == "decided" else decision.outcome

    async def decide_in_app(self, user_id: str, notice_id: str, said: Said, client: Client | None) -> str:
        """Decides by the exchange's app, for which the exchange vouches."""

        def decide() -> Decision:
            found = self.store.answers.of_notice(notice_id)
            if found is None or found.user_id != user_id:
                return Decision(outcome="unknown")
            return self.store.answers.decide_notice(notice_id, said, self.now(), client)

        decision = await asyncio.to_thread(decide)
        return said if decision.outcome == "decided" else decision.outcome

    async def as_it_stands(self, answer: Answer) -> Answer:
        """The answer whose notice claims only what still stands: no hold that is over, or that was released because an analyst cleared the
        finding it was asked for."""
        notice = answer.notice
        if notice is None or not notice.asked:
            return answer
        said = await asyncio.to_thread(self.queries.decisions_on, notice.finding_ids)
        cleared = bool(notice.finding_ids) and any(row["label"] == "genuine" for row in said.values())
        now = self.now()
        asked = [
            one for one in notice.asked if (one.expires_at is None or one.expires_at > now) and not (cleared and one.action in RELEASED)
        ]
        return msgspec.structs.replace(answer, notice=msgspec.structs.replace(notice, asked=asked))

    async def show_again(self, user_id: str, notice_id: str) -> None:
        """Pushes the item of the inbox to whoever shows it, where Redis answers: what was said of it is kept already."""
        try:
            await self.inbox.touch(user_id, notice_id)
        except Unavailable:
            return

    async def signed_out(self, staff: Staff) -> bool:
        """Whether this session was ended, here or at another console."""
        return await asyncio.to_thread(self.sessions.ended, staff)

    async def signed_in(self, cookie: str | None) -> Staff | None:
        """Whose session it is, if it goes on."""
        staff = self.sessions.who(cookie)
        return None if staff is None or await self.signed_out(staff) else staff

    def share(self, counts: Shared) -> None:
        """Limits hold over all consoles from now on."""
        limits = {"link": self.guesses, "callback": self.callback_guesses, "sign-in": self.sign_in_guesses}
        if self.checking is not None:
            limits |= {
                "check-user": self.checking.by_user,
                "check-address": self.checking.by_address,
                "check-backend": self.checking.by_backend,
            }
        for name, one in limits.items():
            one.share(name, counts)

    async def use_link(self, link_id: str) -> bool:
        """Whether a one-time link was unused until now; without Redis, none is."""
        return await asyncio.to_thread(self.once, link_id)

    async def user(self, user_id: str) -> User | None:
        """None also when Redis is away: a page without the reader's time zone is better than none."""
        try:
            return (await asyncio.to_thread(self.users.get_many, [user_id])).get(user_id)
        except Unavailable:
            return None

    async def profile(self, user_id: str) -> UserState | None:
        """What is normal for the account; None when nothing is known, or it can't be read now."""
        try:
            found = await self.profiles(user_id)
            return profile.decode(found) if found else None
        except (Unavailable, ValueError, msgspec.MsgspecError):
            return None

    async def watch(self) -> Watch:
        """Whether the workers are awake."""
        try:
            return watch(await self.heartbeats(), self.now())
        except Unavailable:
            return Watch("out", "Redis is away", "nothing is known of the workers")

    async def open_count(self) -> int:
        return await asyncio.to_thread(self.queries.open_count)

    def notice(self, notice_id: str) -> Notice | None:
        """The notice whole (blocking); None when unknown, erased or altered."""
        return opened_notice(self.store, notice_id)

    async def registry(self) -> Any:
        return await asyncio.to_thread(self.load_registry)

    async def cases(self, name: str) -> list[Any]:
        """The cases of a detector with what came of them, run now."""
        return await asyncio.to_thread(self.run_cases, name)

    async def verify_ledger(self) -> None:
        """Verifies all of it; the outcome is kept for the pages. Who asks while that goes on waits for one that begins after he asked."""
        asked = time.monotonic()
        async with self.verifying:
            if self.verified_at > asked:
                return
            begun = time.monotonic()
            fine, words = await asyncio.to_thread(verified, self.store, self.book)
            self.verification, self.verified_at = Verification(fine, words, self.now()), begun

    async def sample(self, seconds: float = 5.0) -> None:
        """Goes on for good: notes the event rate, for the chart."""
        while True:
            self.rates.add(self.now(), (await self.watch()).rate)
            await asyncio.sleep(seconds)

    async def ready(self) -> dict[str, bool]:
        """Each part by name, and whether it answers."""

        async def one(check: Callable[[], object]) -> bool:
            try:
                await asyncio.wait_for(asyncio.to_thread(check), 3)
            except Exception:
                return False
            return True

        return dict(zip(self.checks, await asyncio.gather(*(one(check) for check in self.checks.values())), strict=True))
