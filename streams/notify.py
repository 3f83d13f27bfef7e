"""The app `notify`: users, findings and notices in; e-mails, texts, inbox items and receipts out. Senders run beside it in threads."""

from __future__ import annotations

import asyncio
import logging
import secrets
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from config.mappings import load as load_mappings
from config.notices import load as load_notices
from config.settings import Settings
from domain.checkcode import CHECK_CODES, CheckCodes
from domain.decode import Rejected
from domain.messages import Medium, Receipt
from domain.ports import Unavailable
from ledger.book import Book
from ledger.keys import Keyring
from notices.compose import Composer
from notices.compose.warm import warm_up
from notices.deliver.billing import Billing
from notices.deliver.outgoing import outgoing, signing
from notices.deliver.provider import Provider
from notices.deliver.quota import OwnCounts
from notices.deliver.registry import inbox_provider, providers
from notices.deliver.sender import Sender
from notices.passes import PASSES, Passes
from notices.unsubscribe import Links
from stores.audience import RedisAudience
from stores.directory import RedisDirectory
from stores.inbox import RedisInbox
from stores.quota import SharedCounts
from stores.redis_client import connect
from stores.redis_profiles import erase as erase_profile
from stores.refill import refill_inbox
from stores.sent import SentMarks
from stores.sql.announcements import SqlAnnouncements
from stores.sql.protection import SqlProtection
from stores.sql.store import Store, open_store
from stores.tips import RedisTips
from streams.announce import Announcer
from streams.app import App, build, handle, instance_id
from streams.desk import Bad, Desk
from streams.ending import end_process
from streams.feedback import Feedback
from streams.letters import dead_letter, where
from streams.patience import Patient
from streams.publisher import TOO_LARGE, KafkaPublisher, Message, Publisher
from streams.records import Item, PlainDecoder
from streams.serve import serve
from streams.texts import Texts
from streams.tips import Tips
from streams.transport import Batch
from streams.users import reread
from streams.wordings import gate_of

log = logging.getLogger(__name__)

TOPICS = ("users", "findings", "notices", "announcements")
LOOK = 1.0
"""Seconds between looks at what waits, and at whether Redis still knows the users."""
POLL = 0.2
"""Seconds between looks at what SQL owes to Kafka: answers come in by other processes."""
LINGER = 0.2
"""Seconds for which receipts are gathered before they are published: two transactions each time, and no reader waits for them."""
GATHER = 0.02
"""Seconds for which the desk gathers notices where few come: each transaction waits for the disk."""
PUBLISH = 500
SWITCH = 0.001
"""Seconds for which a thread may keep others waiting: at Python's 5 ms a mail server's answers wait so long while mails are composed."""
INBOX_KEPT = timedelta(days=90)
"""How old items may be that go back into the inboxes of a Redis that was emptied."""


class Notify(Patient):
    """The work of the app. Every part is given, so that a test can give its own."""

    def __init__(
        self, desk: Desk, store: Store, directory: Any, sender: Sender, publisher: Publisher, reread: Callable[[], Awaitable[int]],
        announcer: Announcer | None = None, tips: Tips | None = None,
    ) -> None:  # fmt: skip
        self.desk, self.store, self.directory, self.sender, self.publisher = desk, store, directory, sender, publisher
        self._reread, self.announcer, self.tips = reread, announcer, tips
        self.batches = 0
        self.receipts: Counter[tuple[str, str]] = Counter()
        self.texts = Texts()
        self.feedback = Feedback(store)
        self.bad: Counter[str] = Counter()
        self._loading = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._owed = asyncio.Event()

    async def run(self, items: Sequence[Item]) -> None:
        """Takes one batch to its end. Waits while Redis, SQL or Kafka are away; what fails by itself is put aside."""
        await self._take(self.desk.take_users, [item for item in items if item.topic == "users"])
        if self.announcer is not None:
            await self._take(self.announcer.take, [item for item in items if item.topic == "announcements"])
        rest = [item for item in items if item.topic not in ("users", "announcements")]
        if any(item.topic == "notices" for item in rest):
            await self._insist(self.load_directory)
        await self._take(self.desk.take, rest)
        self.batches += 1

    async def _take(self, work: Callable[[Sequence[Item]], Bad], items: Sequence[Item]) -> None:
        if not items:
            return
        try:
            bad = await self._insist(lambda: asyncio.to_thread(work, items))
        except Exception as error:
            if len(items) > 1:
                middle = len(items) // 2
                await self._take(work, items[:middle])
                await self._take(work, items[middle:])
                return
            log.error("%r can't be processed: %s", items[0], where(error))
            bad = [(items[0], Rejected(f"processing failed: {type(error).__name__}"))]
        await self._put_aside(bad)
        if any(item.topic == "notices" for item in items):
            self._owed.set()

    async def _put_aside(self, bad: Bad) -> None:
        if not bad:
            return
        now = datetime.now(UTC)
        letters = [dead_letter(item, why.reason, why.field, now) for item, why in bad]
        self.bad.update(item.topic for item, _ in bad)
        for error in await self._insist(lambda: self.publisher.publish(letters)):
            if error is not None:
                end_process(f"a dead letter is refused by the broker: {error!r}")

    async def load_directory(self) -> None:
        """Where Redis doesn't know the users (any more), reads them anew."""
        async with self._loading:
            if await asyncio.to_thread(self.directory.loaded):
                return
            log.warning("Redis doesn't know the users: reading them anew, notices wait")
            began = time.monotonic()
            count = await self._reread()
            await asyncio.to_thread(self.directory.mark_loaded)
            log.info("%d users read in %.1f s", count, time.monotonic() - began)

    # -- tasks of the app

    async def tend(self) -> None:
        """What waits for a contact, takes another's place or is due as a digest; and the directory, while nothing comes in."""
        while True:
            try:
                await self.load_directory()
                await asyncio.to_thread(self.desk.tend)
            except Unavailable as error:
                log.warning("waiting: %s", error)
            except Exception as error:
                log.error("what waits can't be tended: %s", where(error))
            await asyncio.sleep(LOOK)

    async def announce(self) -> None:
        """What announcements are due; apart from the rest, since to look for an audience may take long."""
        while self.announcer is not None:
            try:
                await self.load_directory()
                await asyncio.to_thread(self.announcer.tend)
                self._owed.set()
            except Unavailable as error:
                log.warning("announcements wait: %s", error)
            except Exception as error:
                log.error("announcements can't be told: %s", where(error))
            await asyncio.sleep(LOOK)

    async def advise(self) -> None:
        """Tips and security reports that are due; nothing where they are off."""
        while self.tips is not None and self.tips.plan.enabled:
            try:
                await self.load_directory()
                if await asyncio.to_thread(self.tips.tend):
                    self._owed.set()
            except Unavailable as error:
                log.warning("tips wait: %s", error)
            except Exception as error:
                log.error("tips can't be told: %s", where(error))
            await asyncio.sleep(LOOK)

    async def publish(self) -> None:
        """Receipts, verdicts and digests from SQL to Kafka, each until it was acknowledged."""
        self._loop = asyncio.get_running_loop()
        while True:
            try:
                while await self._publish_some() == PUBLISH:
                    pass
            except Unavailable as error:
                log.warning("not published yet: %s", error)
                await asyncio.sleep(LOOK)
            except Exception as error:
                log.error("what SQL owes to Kafka can't be published: %s", where(error))
                await asyncio.sleep(LOOK)
            self._owed.clear()
            try:
                await asyncio.wait_for(self._owed.wait(), POLL)
                await asyncio.sleep(LINGER)
            except TimeoutError:
                pass

    async def _publish_some(self) -> int:
        messages = await asyncio.to_thread(self.store.bus.take, datetime.now(UTC), PUBLISH, 10.0)
        if not messages:
            return 0
        refused = await self.publisher.publish([Message(m.topic, m.key.encode(), m.value) for m in messages])
        kept = {m.id for m, error in zip(messages, refused, strict=True) if error is not None and not isinstance(error, TOO_LARGE)}
        for topic, error in {(m.topic, type(error).__name__) for m, error in zip(messages, refused, strict=True) if error is not None}:
            log.error("the broker refuses messages for %s: %s", topic, error)
        # An answer that asks for a lock isn't given up because someone forgot to let us write to its topic: it is tried again.
        await asyncio.to_thread(self.store.bus.done, [message.id for message in messages if message.id not in kept])
        return len(messages)

    def heard(self, receipts: Sequence[Receipt]) -> None:
        """From a sender's thread: receipts were recorded."""
        self.receipts.update((receipt.channel, receipt.status) for receipt in receipts)
        self.texts.add(receipts)
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(self._owed.set)
            except RuntimeError:
                pass  # the loop has ended: the next start publishes them

    async def close(self) -> None:
        """Finishes what is being sent and publishes its receipts."""
        await asyncio.to_thread(self.sender.stop)
        try:
            while await asyncio.wait_for(self._publish_some(), 5.0):
                pass
        except Exception as error:
            log.info("the rest is published at the next start: %s", type(error).__name__)

    def metrics(self) -> Iterable[Metric]:
        """For Prometheus; called in a thread. What SQL would have to say is left out while it is away: the rest matters most then."""
        sent = CounterMetricFamily("vigil_receipts", "Outcomes of delivery attempts", labels=["channel", "status"])
        for (channel, status), count in list(self.receipts.items()):  # senders go on counting
            sent.add_metric([channel, status], count)
        yield sent
        yield from self.texts.metrics()
        bad = CounterMetricFamily("vigil_dead_letters_notify", "Records of users, findings and notices put aside", labels=["topic"])
        for topic, count in list(self.bad.items()):
            bad.add_metric([topic], count)
        yield bad
        out = GaugeMetricFamily("vigil_provider_out_of_order", "1 while a provider takes nothing", labels=["channel", "provider"])
        for medium, lanes in self.sender.lanes.items():
            for lane in lanes:
                out.add_metric([medium, lane.name], int(lane.breaker.is_open or lane.stuck()))
        yield out
        for part in (self._depth, self.feedback.metrics, *(one.metrics for one in (self.announcer, self.tips) if one is not None)):
            try:
                yield from list(part())
            except Unavailable as error:
                log.warning("metrics are left out: %s", error)

    def _depth(self) -> Iterable[Metric]:
        depth = GaugeMetricFamily("vigil_outbox_depth", "Deliveries not final", labels=["channel"])
        for channel, count in self.store.outbox.depth(datetime.now(UTC)).items():
            depth.add_metric([channel], count)
        yield depth


def notify_app(settings: Settings, notify: Notify) -> App:
    """The Faust app; `notify` does the work."""
    app = build(settings, "notify", _decoder(settings))
    app.batch_linger = GATHER

    async def work(batch: Batch) -> None:
        await notify.run(batch.items)

    handle(app, [settings.kafka.at_broker(topic) for topic in TOPICS], work, "notify")
    return app


def build_notify(settings: Settings) -> Notify:
    """Everything behind the app, as the settings say. Raises SettingsError, ProviderError, StoreError, Unavailable, with what to do."""
    keyring = Keyring(settings.secret_key.get_secret_value())
    store = open_store(settings.database.url, Book(keyring))
    client = connect(settings.redis.url)
    directory = RedisDirectory(client, keyring.box("directory"))
    inbox = RedisInbox(client, keyring.box("inbox"))
    signer = signing(settings.email.dkim_key.get_secret_value(), settings.email.dkim_selector)
    ways: dict[Medium, Sequence[Provider]] = {
        "email": providers("email", [url.get_secret_value() for url in settings.email.urls], outgoing(store.book.mark, signer)),
        "sms": providers("sms", [url.get_secret_value() for url in settings.sms.urls]),
        "inapp": [inbox_provider(inbox)],
    }
    hear: list[Callable[[Sequence[Receipt]], None]] = []
    rules = load_notices()
    sender = Sender(
        store.outbox,
        ways,
        _owner(settings),
        sole=settings.database.url.startswith("sqlite"),  # there run_worker sees to it that there is but one
        marks=SentMarks(connect(settings.redis.url, answer_seconds=0.5)),
        counts=SharedCounts(connect(settings.redis.url, answer_seconds=0.5), OwnCounts()),
        billing=Billing(rules.sms_prices),
        heard=lambda receipts: hear[0](receipts),
    )

    def forget(user_id: str) -> None:
        inbox.erase(user_id)
        erase_profile(client, user_id)

    desk = Desk(
        store,
        directory,
        Composer(
            settings.notices.brand,
            settings.console.public_url,
            settings.notices.default_locale,
            settings.notices.code_in_sms,
            settings.notices.answer_ttl,
            managers=rules.managers,
            unsubscribe=Links(keyring.box("unsubscribe")).token,
            gate=gate_of(store.wordings, settings.notices.approval),
            check_code=CheckCodes(keyring.key(CHECK_CODES)).of,
            feedback=Passes(keyring.box(PASSES)).feedback,
        ),
        late_after=settings.notices.late_after,
        contact_wait=settings.notices.contact_wait,
        answer_ttl=settings.notices.answer_ttl,
        digest_after=rules.throttle.seconds,
        rules=rules,
        wake=sender.wake,
        sender=sender,
        forget=forget,
    )
    publisher = KafkaPublisher(settings.kafka.brokers, settings.kafka.topic_prefix)

    async def fill_redis() -> int:
        count = await reread(settings, directory, _decoder(settings))
        await asyncio.to_thread(refill_inbox, store, inbox, datetime.now(UTC) - INBOX_KEPT)
        return count

    announcer = Announcer(
        SqlAnnouncements(store.database, store.book),
        RedisAudience(client, directory),
        sender.owner,
        rules=rules,
        default_locale=settings.notices.default_locale,
        late_after=settings.notices.late_after,
        contact_wait=settings.notices.contact_wait,
    )
    tips = Tips(store, SqlProtection(store), directory, RedisTips(client), sender.owner, settings.tips, rules)
    notify = Notify(desk, store, directory, sender, publisher, fill_redis, announcer, tips)
    hear.append(notify.heard)
    return notify


def _decoder(settings: Settings) -> PlainDecoder:
    return PlainDecoder(settings.kafka.topic_of, load_mappings(settings.mappings_dir))


def _owner(settings: Settings) -> str:
    """The sender's name, the same after a restart: what it had leased when it was killed is free at once."""
    return instance_id(settings.data_dir, "sender") or f"sender-{secrets.token_hex(8)}"


def run_notify(settings: Settings) -> int:
    """The role `notify`, until it is told to stop. Exit status. Raises what build_notify raises."""
    notify = build_notify(settings)
    threading.excepthook = _thread_failed
    sys.setswitchinterval(SWITCH)
    warm_up(settings.notices.default_locale)
    notify.sender.start()

    async def close() -> None:
        await notify.close()
        if isinstance(notify.publisher, KafkaPublisher):
            await notify.publisher.stop()
        notify.store.close()

    return serve(
        settings, notify_app(settings, notify), "notify", more=notify.metrics, done=lambda: notify.batches,
        waiting=lambda: bool(notify.waiting_for), tasks=[notify.tend, notify.publish, notify.announce, notify.advise],
        closing=[close],
        outbox=lambda: notify.store.outbox.depth(datetime.now(UTC)),
    )  # fmt: skip


def _thread_failed(args: threading.ExceptHookArgs) -> None:
    """A thread of the sender that ends by an error would leave notices unsent in silence: the supervisor starts all anew."""
    end_process(f"thread {args.thread.name if args.thread else '?'} failed: {args.exc_type.__name__}: {args.exc_value}")
