"""What the pages work with: the stores behind plain async calls, the words, the clock. Tests put their own in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from console.answer_words import AnswerWords, State
from console.limits import Guesses
from console.sessions import Sessions
from domain.events.base import Client
from domain.events.user import User
from domain.ports import Answer, Decision, Directory, Store

Said = Literal["me", "not_me"]


class Inbox(Protocol):
    """The in-app notices of a user (async, Redis)."""

    async def page(self, user_id: str, cursor: str | None, limit: int) -> dict[str, Any]:
        """`unread`, `items`, `next`. Raises ValueError for a cursor that isn't one."""
        ...

    async def mark_read(self, user_id: str, notice_id: str, now: datetime) -> bool: ...

    async def mark_archived(self, user_id: str, notice_id: str, now: datetime) -> bool: ...

    def listen(self, user_id: str) -> AbstractAsyncContextManager[AsyncIterator[dict[str, Any]]]: ...


class Mailbox(Protocol):
    """The mail catcher's mails (embedded stack only)."""

    def list(self, limit: int = 100, to: str | None = None) -> list[Any]: ...

    def get(self, mail_id: str) -> Any | None: ...


@dataclass
class Services:
    """Everything a handler needs, found at `app.state.services`."""

    store: Store
    inbox: Inbox
    users: Directory
    answer_words: AnswerWords
    sessions: Sessions
    api_token: str = ""
    brand: str = ""
    embedded: bool = False
    public_url: str = ""
    mailbox: Mailbox | None = None
    once: Callable[[str], bool] = lambda _: False
    """True the first time that it is asked about an id; shared by all consoles."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    guesses: Guesses = field(default_factory=lambda: Guesses(burst=300, per_second=1.0))
    sign_in_guesses: Guesses = field(default_factory=lambda: Guesses(burst=10, per_second=1 / 30))
    checks: dict[str, Callable[[], bool]] = field(default_factory=dict)
    """What /readyz asks; each may block for a moment."""

    async def find_answer(self, token: str) -> Answer | None:
        return await asyncio.to_thread(self.store.answers.find, token)

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

    async def use_link(self, link_id: str) -> bool:
        """Whether a one-time link was unused until now; without Redis, none is."""
        return await asyncio.to_thread(self.once, link_id)

    async def user(self, user_id: str) -> User | None:
        """None also when Redis is away: a page shall be shown without the directory's time zone rather than not at all."""
        try:
            return (await asyncio.to_thread(self.users.get_many, [user_id])).get(user_id)
        except (OSError, ConnectionError):
            return None

    async def ready(self) -> dict[str, bool]:
        async def one(check: Callable[[], bool]) -> bool:
            try:
                return await asyncio.wait_for(asyncio.to_thread(check), 3)
            except Exception:
                return False

        return dict(zip(self.checks, await asyncio.gather(*(one(check) for check in self.checks.values())), strict=True))

