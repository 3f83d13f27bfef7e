"""Tips and the monthly security report go out: the directory is looked through again and again, and who is due gets a notice.

The notice is put on the topic `notices` through SQL's outbox, as an announcement's is: the worker that has the reader's partition composes,
records and sends it with his preferences, quiet hours, refusals and unsubscribe link, like any other. Its id comes from user and slot, so
it is told once, however often and by however many workers it is put there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec
import structlog
from prometheus_client.core import CounterMetricFamily, Metric

from config.settings import Tips as Plan
from domain.events.user import User
from domain.messages import Notice
from domain.policy_rules import Rules
from domain.ports import Unavailable
from domain.profile import UserState
from domain.protection import report
from notices.compose.recipients import contacts_of, missing, recipients
from notices.preferences import way
from notices.refused import wanted
from notices.tips import schedule
from notices.tips.library import REPORT
from streams.letters import where

log = structlog.get_logger(__name__)

TURN = 60
"""Seconds for which a worker has the turn without renewing it."""
REST = timedelta(minutes=10)
"""Between two looks through the directory."""


class Directory(Protocol):
    """The part of stores.directory.RedisDirectory that is used."""

    def names(self) -> Iterator[list[str]]: ...

    def get_many(self, user_ids: Sequence[str]) -> dict[str, User | None]: ...


class Redis(Protocol):
    """stores.tips.RedisTips."""

    def turn(self, owner: str, seconds: int) -> bool: ...

    def states(self, user_ids: Sequence[str]) -> Mapping[str, UserState]: ...


class Tips:
    """`tend` is synchronous, and called in a thread once a second. It may be done twice; what raises Unavailable may be called again."""

    def __init__(
        self, store: Any, known: Any, directory: Directory, redis: Redis, owner: str, plan: Plan, rules: Rules,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ):  # fmt: skip
        self.store, self.known, self.directory, self.redis = store, known, directory, redis
        self.owner, self.plan, self.rules, self.now = owner, plan, rules, now
        self.handed: Counter[str] = Counter()
        self._names: Iterator[list[str]] | None = None
        self._rest: datetime | None = None

    def tend(self) -> int:
        """Looks through some of the directory, when it is this worker's turn. How many notices were handed on."""
        now = self.now()
        if not self.plan.enabled or (self._rest is not None and now < self._rest) or not self.redis.turn(self.owner, TURN):
            return 0
        try:
            return self._look(now)
        except Unavailable:
            self._names = None  # from the start again: nobody is told twice
            raise

    def _look(self, now: datetime) -> int:
        if self._names is None:
            self._names = self.directory.names()
        names = next(self._names, None)
        if names is None:
            self._names, self._rest = None, now + REST
            return 0
        notices = self.due(sorted(set(names)), now)
        if notices:
            with self.store.transaction(now) as transaction:
                for notice in notices:
                    transaction.put_bus("notices", notice.user_id, msgspec.json.encode(notice))
            self.handed.update(notice.kind for notice in notices)
        return len(notices)

    def due(self, names: Sequence[str], now: datetime) -> list[Notice]:
        """What is to be told now to these users: to each one notice at most, the report before a tip."""
        every = {REPORT: self.plan.report_every, "tip": self.plan.every if self.plan.per_month else 0}
        slots = {name: schedule.slots(name, now, every) for name in names}
        ids = {schedule.identity(kind, number, name): name for name, some in slots.items() for kind, number in some.items()}
        known = self.store.known_notices(list(ids)) if ids else set()
        waiting = sorted({name for notice_id, name in ids.items() if notice_id not in known})
        users = {name: user for name, user in self.directory.get_many(waiting).items() if user is not None and schedule.awake(user, now)}
        if not users:
            return []
        states, told = self.redis.states(list(users)), self.known.told(list(users), now - schedule.ONCE_IN)
        seen = self.known.seen({name: contacts_of(user) for name, user in users.items()}, now)
        refusing, made = self.known.refusing(list(users)), []
        for name, user in users.items():
            left = {kind: n for kind, n in slots[name].items() if schedule.identity(kind, n, name) not in known}
            state = states.get(name)
            try:
                found = report(name, user, state, seen[name], now)
                for notice in schedule.wanted(user, state, found, told.get(name, {}), left, now, self.plan.per_month, self.plan.channels):
                    if (reaching := self._reaching(notice, user, now, name in refusing)) is not None:
                        made.append(reaching)
                        break
            except Unavailable:
                raise
            except Exception as error:  # what is odd about one user must not cost the others their tips
                log.error("no tip for a user", error=where(error))
        return made

    def _reaching(self, notice: Notice, user: User, now: datetime, refuses: bool) -> Notice | None:
        """The notice on the channels on which it reaches its reader; None where there is none: the ledger isn't filled with what was
        refused. A channel without a contact is left out: no tip waits for one, and none goes by SMS in its place."""
        absent = missing(notice, recipients(notice, user, now))
        notice = msgspec.structs.replace(notice, channels=[one for one in notice.channels if one not in absent])
        if refuses:
            callbacks, name = self.store.callbacks, user.user_id
            bounced = lambda channel, contact: callbacks.contact_bounced(name, channel, contact)  # noqa: E731
            notice = wanted(notice, user, callbacks.unwanted(name), bounced)
        channels = way(notice, user, now, self.rules).notice.channels
        return msgspec.structs.replace(notice, channels=channels, suppressed={}) if channels else None

    def metrics(self) -> Iterable[Metric]:
        """For Prometheus."""
        handed = CounterMetricFamily("vigil_tips", "Tips and security reports handed on to be told", labels=["kind"])
        for kind, count in self.handed.items():
            handed.add_metric([kind], count)
        yield handed
