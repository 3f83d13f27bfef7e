"""Claims due deliveries from the outbox, hands them to providers, records what came of it.

    claim thread -> lanes (one a provider, several threads each) -> record thread

An unavailable provider's messages go to the next one at once; when none takes them they wait, `queued`, and begin at the first again:
after 1 s, doubling to 60 s, for a day. A refusal is final and no other provider is asked. Killed at any moment, only messages in flight can
be sent twice, with the same Message-ID: everything else is recorded, marked as handed over, or claimed again when its lease is over.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from domain.messages import DeliveryStatus, Medium, Receipt
from domain.ports import Delivery, Outbox
from domain.severity import RANK
from domain.substitute import substitute
from notices.deliver.billing import Billing
from notices.deliver.lane import Job, Lane
from notices.deliver.outcome import Delivered, Outcome, Refused, Sent, Unavailable, in_words
from notices.deliver.pace import backoff
from notices.deliver.provider import Provider
from notices.deliver.quota import Counts, OwnCounts, Quota

LEASE = 40.0
LONGEST_TRY = 16.0
RETRY_FOR = timedelta(days=1)
BATCH = 250
LINGER = 0.2
"""Seconds for which outcomes are gathered before they are written: each write waits for the disk, and nobody waits for a receipt."""
MANY = 100
"""Outcomes that are written at once all the same."""
AFTERWARDS = 1.0
"""Seconds after a recovery until what waited is hurried once more."""


class Marks(Protocol):
    """A quick memory, outside this process, of what was handed over and isn't recorded yet. Never raises."""

    def mark(self, delivery_id: str, provider: str, provider_id: str | None) -> None: ...

    def marked(self, delivery_ids: Sequence[str]) -> Mapping[str, tuple[str, str | None]]: ...

    def forget(self, delivery_ids: Sequence[str]) -> None: ...


class NoMarks:
    """Remembers nothing."""

    def mark(self, delivery_id: str, provider: str, provider_id: str | None) -> None: ...

    def marked(self, delivery_ids: Sequence[str]) -> Mapping[str, tuple[str, str | None]]:
        return {}

    def forget(self, delivery_ids: Sequence[str]) -> None: ...


Result = tuple[Receipt, datetime | None, Medium | None, bool]
"""What is written, when it is tried again, which channel takes its place, whether there is no such contact."""
log = structlog.get_logger(__name__)


class Sender:
    """`start()`, `wake()` when rows were added in this process, `stop()`. `heard` is told the receipts after they were recorded."""

    def __init__(
        self,
        outbox: Outbox,
        providers: Mapping[Medium, Sequence[Provider]],
        owner: str,
        *,
        sole: bool = False,
        marks: Marks | None = None,
        counts: Counts | None = None,
        billing: Billing | None = None,
        heard: Callable[[Sequence[Receipt]], None] = lambda receipts: None,
        poll: float = 0.25,
        lease: float = LEASE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        dice: Callable[[], float] = random.random,
    ):
        self.outbox, self.owner, self.sole, self.poll, self.lease = outbox, owner, sole, poll, lease
        self._marks, self._billing = marks or NoMarks(), billing or Billing()
        self._heard, self._now, self._dice = heard, now, dice
        shared = counts or OwnCounts()

        def lane(provider: Provider) -> Lane:
            quota = Quota(provider.medium, provider.name, provider.limits, shared, lambda: self._now().timestamp())
            return Lane(provider, self._after, self._dropped, quota)

        self.lanes: dict[Medium, list[Lane]] = {
            medium: [lane(provider) for provider in providers.get(medium, ())] for medium in ("email", "sms", "inapp")
        }
        self._room = {medium: sum(_room(lane.provider, lease) for lane in lanes) or BATCH for medium, lanes in self.lanes.items()}
        self._flight: Counter[Medium] = Counter()
        self._lock = threading.Lock()
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._left: set[Medium] = set()  # channels with due rows that were left for lack of room
        self._news = True
        self._recovered: dict[Medium, list[float]] = {}  # when what waited for a provider is to be hurried
        self._results: queue.SimpleQueue[Result | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._claiming, name="deliver-claim", daemon=True),
            threading.Thread(target=self._recording, name="deliver-record", daemon=True),
        ]

    def start(self) -> None:
        """What this owner had leased before a crash is free at once; where there is but one sender (`sole`), what anybody had."""
        self.outbox.release(None if self.sole else self.owner, self._now())
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """There are new rows."""
        self._news = True
        self._wake.set()

    def reserve(self, wanted: Mapping[Medium, int]) -> dict[Medium, int]:
        """How many new messages of each channel `hand` may bring: none where others wait already, for they come first."""
        with self._lock:
            granted = {
                medium: 0
                if medium in self._left or self._stopping.is_set()
                else max(0, min(count, self._room[medium] - self._flight[medium]))
                for medium, count in wanted.items()
            }
            self._flight.update(granted)
        return granted

    def hand(self, rows: Sequence[Delivery], granted: Mapping[Medium, int]) -> None:
        """New rows, leased to this sender as they were written: sent without a claim. What was granted and not used is given back."""
        with self._lock:
            self._flight.subtract(granted)
            self._flight.update(row.rendered.channel for row in rows)
        for row in sorted(rows, key=lambda row: -RANK[row.rendered.severity]):
            self._route(Job(row, list(self.lanes[row.rendered.channel]), self._until(row.created_at)))

    def stop(self, seconds: float = LONGEST_TRY) -> bool:
        """Finishes the tries under way, records them, gives the rest back. False when a try still hung after `seconds`."""
        deadline = time.monotonic() + seconds
        self._stopping.set()
        self._wake.set()
        lanes = [lane for lanes in self.lanes.values() for lane in lanes]
        self._threads[0].join()
        for lane in lanes:
            lane.stop()
            lane.drain()
        clean = sum(not lane.join(deadline) for lane in lanes) == 0
        self._results.put(None)
        self._threads[1].join()
        try:
            self.outbox.release(self.owner, self._now())
        except Exception as error:  # the leases run out by themselves
            log.warning("rows not given back", error=type(error).__name__)
        return clean

    # -- claiming

    def _claiming(self) -> None:
        while not self._stopping.is_set():
            if not self._wake.wait(self.poll):
                self._news = True
            self._wake.clear()
            try:
                self._watch()
                while self._claim() and not self._stopping.is_set():
                    pass
            except Exception as error:  # SQL is away: rows stay where they are
                log.warning("claiming failed", error=type(error).__name__)
                self._stopping.wait(1.0)

    def _claim(self) -> bool:
        """True when there may be more. Where there is no news, only channels that had more than there was room for are asked again."""
        news, self._news = self._news, False
        with self._lock:
            room = {medium: self._room[medium] - self._flight[medium] for medium in self._room if news or medium in self._left}
        open_to = [medium for medium, free in room.items() if free * 2 >= self._room[medium]]
        self._left.update(room)
        if not open_to:
            return False
        limit = min(BATCH, *(room[medium] for medium in open_to))
        now = self._now()
        rows = self.outbox.claim(self.owner, now, limit, self.lease, open_to if len(open_to) < len(self._room) else None)
        until = self._until(now)
        with self._lock:
            self._flight.update(row.rendered.channel for row in rows)
        done = self._marks.marked([row.rendered.delivery_id for row in rows if row.rendered.channel != "inapp"])
        for row in rows:
            job = Job(row, list(self.lanes[row.rendered.channel]), until)
            if mark := done.get(row.rendered.delivery_id):
                job.reasons.append((mark[0], ""))
                self._finish(job, None, "sent", mark[1], None)
            else:
                self._route(job)
        if len(rows) >= limit:
            return True
        self._left.difference_update(open_to)
        return False

    def _until(self, leased: datetime) -> float:
        """Until when a try may begin, so that it ends within the lease: that runs from before it was written down, and SQL may be slow."""
        return time.monotonic() + self.lease - LONGEST_TRY - max(0.0, (self._now() - leased).total_seconds())

    def _watch(self) -> None:
        """Moves on what waits behind a provider that hangs, probes those out of order, hurries what waited for one that is back."""
        now = time.monotonic()
        for medium, lanes in self.lanes.items():
            for lane in lanes:
                if len(lanes) > 1 and lane.stuck():
                    for job in lane.drain():
                        job.reasons.append((lane.name, "does not answer"))
                        self._route(job)
                if lane.breaker.wants_probe(now):
                    lane.probe()
                elif lane.breaker.half_open and not lane.depth:
                    self.outbox.hasten(medium, self._now(), 1)
        for medium, times in list(self._recovered.items()):
            if times and times[0] <= now:
                times.pop(0)
                self.outbox.hasten(medium, self._now())

    # -- one delivery

    def _route(self, job: Job) -> None:
        """To the first provider left on its route that takes messages; when there is none, back to the outbox."""
        rendered = job.delivery.rendered
        if rendered.expires_at is not None and rendered.expires_at <= self._now():
            self._finish(job, None, "expired", None, "too late to be told")
            return
        if not self.lanes[rendered.channel]:
            self._finish(job, None, "failed", None, "no provider configured")
            return
        stuck, spent = [], []
        while job.route:
            lane = job.route.pop(0)
            if lane.offer(job):
                return
            if wait := lane.quota.wait(rendered.severity):
                spent.append(wait)
            elif lane.stuck() and not lane.breaker.is_open:
                stuck.append(lane)
            job.reasons.append((lane.name, lane.why_not(rendered.severity)))
            job.retry_after = max(job.retry_after, lane.breaker.wait(time.monotonic()))
        if len(spent) == len(self.lanes[rendered.channel]):
            job.retry_after = max(job.retry_after, min(spent))
        if any(lane.offer(job, even_if_stuck=True) for lane in stuck):
            return
        self._put_off(job)

    def _after(self, job: Job, lane: Lane, outcome: Outcome) -> None:
        """In the lane's thread: what the outcome of one try means."""
        channel = job.delivery.rendered.channel
        if isinstance(outcome, Unavailable):
            job.reasons.append((lane.name, outcome.reason))
            if outcome.pause:
                lane.breaker.pause(time.monotonic(), outcome.pause, outcome.reason)
                job.retry_after = max(job.retry_after, outcome.pause)
            if not outcome.whole:
                self._works(lane, channel)
            elif lane.breaker.failure(time.monotonic(), outcome.reason):
                log.warning("provider out of order", provider=lane.name, channel=channel, reason=outcome.reason)
                for waiting in lane.drain():
                    waiting.reasons.append((lane.name, outcome.reason))
                    self._route(waiting)
            self._route(job)
            return
        if isinstance(outcome, Sent):
            self._marks.mark(job.delivery.rendered.delivery_id, lane.name, outcome.provider_id)
        self._works(lane, channel)
        if isinstance(outcome, Sent):
            self._finish(job, lane, "sent", outcome.provider_id, None)
        elif isinstance(outcome, Delivered):
            self._finish(job, lane, "delivered", outcome.provider_id, None)
        elif isinstance(outcome, Refused):
            self._finish(job, lane, "rejected", None, outcome.reason, dead=outcome.dead)
        else:
            self._finish(job, lane, "unknown", None, outcome.reason)

    def _works(self, lane: Lane, channel: Medium) -> None:
        if lane.breaker.success():
            log.info("provider works again", provider=lane.name, channel=channel)
            # Again a little later: what was put off just before is only being written down.
            now = time.monotonic()
            self._recovered[channel] = [now, now + AFTERWARDS]
            self._wake.set()

    def _put_off(self, job: Job) -> None:
        attempt = job.delivery.attempt + 1
        wait = max(backoff(attempt, self._dice()), min(job.retry_after, 3600.0))
        due = self._now() + timedelta(seconds=wait)
        reason = in_words(job.reasons)
        if due > job.delivery.created_at + RETRY_FOR:
            self._finish(job, None, "failed", None, f"given up after a day: {reason}")
            return
        self._finish(job, None, "queued", None, reason, due)

    def _finish(
        self, job: Job, lane: Lane | None, status: DeliveryStatus, provider_id: str | None, reason: str | None,
        due: datetime | None = None, dead: bool = False,
    ) -> None:  # fmt: skip
        rendered = job.delivery.rendered
        provider = lane.name if lane else (job.reasons[-1][0] if job.reasons else None)
        receipt = Receipt(
            notice_id=rendered.notice_id,
            user_id=rendered.user_id,
            channel=rendered.channel,
            status=status,
            provider=provider,
            provider_id=provider_id,
            attempt=job.delivery.attempt + 1,
            at=self._now(),
            reason=reason,
            delivery_id=rendered.delivery_id,
            sms=self._billing.of(rendered, provider) if status in ("sent", "unknown") else None,
        )
        self._results.put((receipt, due, self._other(job.delivery, status), dead))

    def _other(self, delivery: Delivery, status: DeliveryStatus) -> Medium | None:
        """The channel that takes this one's place. An old contact has none: his other contact may be the new owner's."""
        other = substitute(delivery.rendered.channel, delivery.rendered.kind)
        if status not in ("rejected", "failed") or other is None or delivery.fallback_of or delivery.rendered.slot != "current":
            return None
        return other if self.lanes[other] else None

    def _dropped(self, job: Job) -> None:
        """Its lease would not outlast a try: whoever claims it next sends it."""
        with self._lock:
            self._flight[job.delivery.rendered.channel] -= 1

    # -- recording

    def _recording(self) -> None:
        last = False
        while not last:
            batch: list[Result] = []
            entry = self._results.get()
            until = time.monotonic() + LINGER
            while not self._stopping.is_set() and self._results.qsize() < MANY and (left := until - time.monotonic()) > 0:
                time.sleep(min(LINGER / 8, left))
            while entry is not None:
                batch.append(entry)
                if len(batch) >= BATCH:
                    break
                try:
                    entry = self._results.get_nowait()
                except queue.Empty:
                    break
            last = entry is None
            if batch:
                self._record(batch)

    def _record(self, batch: list[Result]) -> None:
        pairs = [(receipt, due) for receipt, due, *_ in batch]
        fall_back = {receipt.delivery_id: other for receipt, _, other, _ in batch if other}
        dead = [receipt.delivery_id for receipt, _, _, gone in batch if gone]
        wait = 0.1
        while True:
            try:
                self.outbox.record(pairs, fall_back, dead)
                break
            except Exception as error:  # what was sent has to be written: nothing else is claimed meanwhile
                log.warning("receipts not recorded yet", count=len(batch), error=type(error).__name__)
                if self._stopping.is_set() and wait > 1.0:
                    return
                time.sleep(wait)
                wait = min(5.0, wait * 2)
        self._marks.forget([receipt.delivery_id for receipt, _ in pairs if receipt.status == "sent"])
        with self._lock:
            self._flight.subtract(receipt.channel for receipt, _ in pairs)
        if self._left:
            self._wake.set()
        try:
            self._heard([receipt for receipt, _ in pairs])
        except Exception as error:
            log.warning("receipts not heard", error=type(error).__name__)


def _room(provider: Provider, lease: float) -> int:
    """How many messages may wait for a provider: enough to keep its threads busy, few enough to be sent within their lease."""
    most = max(256, 16 * provider.limits.connections)
    return most if provider.limits.rate is None else max(1, min(most, int(provider.limits.rate * lease / 3)))
