"""Announcements go out: taken from their topic, their audience looked for, and told in waves, by whichever worker has the lease.

What is told is put on the topic `notices` through SQL's outbox, like a digest: each reader's notice is then composed, recorded and sent by
the worker that has his partition, with his preferences, like any other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from domain.decode import Rejected, decode
from domain.events import Announcement
from domain.events.user import User
from domain.messages import Notice
from domain.policy_rules import Rules
from domain.ports import Unavailable
from notices import announcing
from stores.audience import Audience
from stores.sql.announcements import TOLD_ALONE, Reader, SqlAnnouncements, Standing
from streams.letters import where
from streams.records import Item

log = structlog.get_logger(__name__)

PART = 250
"""Notices a transaction: it holds up the senders on SQLite."""
LEASE = 60.0
TOPIC = "topic"


class Announcer:
    """`take` and `tend`, both synchronous and called in a thread. Both may be done twice: versions are known by their events, readers by
    their rows, notices by their ids. Whatever raises Unavailable may be called again."""

    def __init__(
        self, store: SqlAnnouncements, audience: Audience, owner: str, *, rules: Rules, default_locale: str = "en",
        late_after: float = 86_400.0, contact_wait: float = 600.0, now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ):  # fmt: skip
        self.store, self.audience, self.owner, self.rules, self.now = store, audience, owner, rules, now
        self.default_locale, self.late_after, self.contact_wait = default_locale, timedelta(seconds=late_after), contact_wait
        self.told: Counter[str] = Counter()

    # -- the topic

    def take(self, items: Sequence[Item]) -> list[tuple[Item, Rejected]]:
        """Records of `announcements`. Those that can't be taken are put aside by detection, which reads the topic too: here they are passed
        over."""
        for item in items:
            if item.passed or item.rejected is not None:
                continue
            try:
                event = decode("announcements", item.key, item.body, self.now().timestamp())
            except Rejected:
                continue
            if isinstance(event, Announcement):
                self._add(event, item)
        return []

    def _add(self, event: Announcement, item: Item) -> None:
        now, name = self.now(), event.announcement_id or event.event_id
        version = self.store.add(
            event,
            name,
            author=TOPIC,
            source=TOPIC,
            state="submitted" if self.rules.announcements.approve_topic else "approved",
            send_at=announcing.begins(event),
            expires_at=announcing.ends(event),
            now=now,
            at=item.source,
            over=announcing.too_late(event, now, self.late_after),
        )
        if version:
            log.info("announcement taken", announcement=name, version=version, kind=event.kind, status=event.status)

    # -- waves

    def tend(self) -> None:
        """Once a second: whatever is due of any announcement that no other worker holds. One that can't be told holds up no other."""
        for standing in self.store.claim(self.owner, self.now(), LEASE):
            try:
                self._one(standing)
            except Unavailable:
                raise
            except Exception as error:
                log.error("announcement can't be told", announcement=standing.announcement_id, version=standing.version, error=where(error))
            finally:
                self.store.release(standing.announcement_id, self.owner)

    def _one(self, standing: Standing) -> None:
        found = self.store.version(standing.announcement_id, standing.version)
        if found is None:
            return
        event, now = found.content, self.now()
        closing = standing.state in TOLD_ALONE
        if not closing and standing.expires_at <= now:
            self.store.end(standing.announcement_id, standing.version, "expired", announcing.OVER, now)
            return
        if not announcing.texts(event):
            self._block(standing, "no text in a language that Vigil writes")
            return
        if standing.state == "live" and standing.scan_at is not None and standing.scan_at <= now:
            if not self._scan(standing, event):
                return
            fresh = self.store.standing(standing.announcement_id)
            if fresh is None or fresh.version != standing.version:
                return
            standing = fresh
        if event.missing_translation == "block" and not closing:
            missing = announcing.untranslated(self.store.locales(standing.announcement_id), event)
            if missing:
                self._block(standing, f"no text in {', '.join(missing)}, which readers have")
                return
        if standing.wave_at is not None and standing.wave_at <= now and standing.state in ("live", *TOLD_ALONE):
            self._wave(standing, event, found.source, closing)

    def _block(self, standing: Standing, reason: str) -> None:
        log.warning("announcement is blocked", announcement=standing.announcement_id, reason=reason)
        self.store.end(standing.announcement_id, standing.version, "blocked", reason, self.now())

    def _scan(self, standing: Standing, event: Announcement) -> bool:
        """Writes down whom it is for; False when another worker took it over meanwhile."""
        lists: Iterable[list[User]]
        if event.user_id == "*":
            lists = self.audience.users()
        else:
            lists = [[user for user in self.audience.some([event.user_id]).values() if user is not None]]
        renewed = self.now()
        for users in lists:
            self.store.add_readers(standing.announcement_id, self._reached(event, users))
            if self.now() - renewed > timedelta(seconds=LEASE / 4):
                renewed = self.now()
                if not self.store.renew(standing.announcement_id, self.owner, renewed + timedelta(seconds=LEASE)):
                    return False
        now, wait = self.now(), announcing.look_again(standing.scans + 1, self.contact_wait)
        self.store.scanned(standing.announcement_id, standing.version, None if wait is None else now + wait, now)
        return True

    def _reached(self, event: Announcement, users: Sequence[User]) -> list[tuple[str, str]]:
        stakes = self._stakes(event, users)
        return [
            (user.user_id, announcing.locale_of(user, self.default_locale))
            for user in users
            if announcing.reaches(event, user, stakes[user.user_id], self.default_locale)
        ]

    def _stakes(self, event: Announcement, users: Sequence[User]) -> dict[str, announcing.Stake]:
        if not announcing.asks_for_stake(event):
            return dict.fromkeys((user.user_id for user in users), announcing.NOTHING)
        known = self.audience.positions([user.user_id for user in users])
        return {user.user_id: announcing.stake_of(user, known.get(user.user_id)) for user in users}

    def _wave(self, standing: Standing, event: Announcement, source: Any, closing: bool) -> None:
        waves = event.waves
        size = (waves.size if waves else None) or self.rules.announcements.wave
        gap = waves.gap_seconds if waves and waves.gap_seconds is not None else self.rules.announcements.gap
        left = size
        while True:
            wanted = min(left, PART)
            readers = self.store.turn(standing.announcement_id, standing.version, wanted, told_alone=closing)
            left -= len(readers)
            last = len(readers) < wanted or left <= 0
            more = len(readers) == wanted  # as far as is known now; an empty wave ends it
            notices, gone = self._notices(standing, event, source, readers, closing)
            next_at = self.now() + timedelta(seconds=gap) if more else None
            if not self.store.tell(standing, notices, gone, next_at, self.now(), ends_wave=last):
                return
            self.told[announcing.kind_of(event.kind)] += sum(notice is not None for _, notice in notices)
            if last:
                return
            self.store.renew(standing.announcement_id, self.owner, self.now() + timedelta(seconds=LEASE))

    def _notices(
        self, standing: Standing, event: Announcement, source: Any, readers: Sequence[Reader], closing: bool
    ) -> tuple[list[tuple[Reader, Notice | None]], list[str]]:
        """What each gets, and whom it isn't for any more. Who never saw what is over gets nothing: what waits for him is called back."""
        last = self.store.version(standing.announcement_id, standing.version - 1) if closing else None
        users = self.audience.some([reader.user_id for reader in readers]) if readers else {}
        known = [user for user in users.values() if user is not None]
        stakes = self._stakes(event, known)
        unheard = self.store.unheard([reader.notice_id for reader in readers if reader.notice_id]) if closing else set()
        made: list[tuple[Reader, Notice | None]] = []
        gone: list[str] = []
        for reader in readers:
            user = users.get(reader.user_id)
            if user is None or (not reader.told and not announcing.reaches(event, user, stakes[user.user_id], self.default_locale)):
                gone.append(reader.user_id)
                continue
            text = announcing.written(event, user, self.default_locale)
            if text is None:
                made.append((reader, None))
                continue
            notice = announcing.announced(
                event, user, stakes[user.user_id], text, thread=standing.announcement_id, first=not reader.told, rules=self.rules,
                now=self.now(), source=source, before=last.content if last else None,
            )  # fmt: skip
            made.append((reader, announcing.recall(notice) if reader.notice_id in unheard else notice))
        return made, gone

    def metrics(self) -> Iterable[Metric]:
        """For Prometheus."""
        states = GaugeMetricFamily("vigil_announcements", "Announcements by state", labels=["state"])
        for state, count in self.store.states().items():
            states.add_metric([state], count)
        yield states
        told = CounterMetricFamily("vigil_announcement_readers", "Readers whose announcement was handed on to be told", labels=["kind"])
        for kind, count in self.told.items():
            told.add_metric([kind], count)
        yield told
