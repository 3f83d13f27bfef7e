"""One batch is one unit: read the profiles, apply each event in order, publish and await the acknowledgements, write the profiles.

Only then may its offsets be committed. Killed after the publish: the replay publishes the same ids, which are dropped downstream. Killed
after the write: the replay sees each offset as applied and skips it. Knows no Faust: a bare consumer loop drives it as well.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NoReturn, Protocol

import msgspec

from domain.decode import Rejected
from domain.events import STRUCTS, TOPIC_OF, AccountChange, Login, Margin, Report, Service, Trade, Transfer, Verdict
from domain.ports import Unavailable
from domain.profile import UserState, applied_key, decode, encode
from streams.cache import ProfileCache
from streams.ending import end_process
from streams.letters import dead_letter, where
from streams.models import encode_records
from streams.patience import Patient
from streams.publisher import Message, Publisher
from streams.records import Item

log = logging.getLogger(__name__)

RULED = (Login, Transfer, Trade, AccountChange, Margin, Service, Report, Verdict)
"""Events that a user's profile knows of. The others are validated and counted."""
CHECK_REDIS_EVERY = 1.0
HOT = 2_000
"""Users whose state is kept decoded, beside its bytes; some 30 MB."""
RECORDS = 250
"""Records a message of `features`: one message each would be most of what is published."""
OWN = frozenset((*STRUCTS, "features"))
_ENCODE = msgspec.json.Encoder()


class Profiles(Protocol):
    """stores.redis_profiles.RedisProfiles, or a test's."""

    async def load(self, user_ids: Sequence[str]) -> dict[str, bytes | None]: ...

    async def save(self, states: dict[str, bytes], places: Mapping[str, int] | None = None) -> None: ...

    async def claim(self, partition: int) -> None: ...

    def disclaim(self) -> None: ...

    async def same(self) -> bool: ...

    async def erased(self, among: Container[str]) -> list[str]: ...

    async def set_aside(self, user_id: str, data: bytes) -> None: ...

    async def close(self) -> None: ...


class Tally:
    """What was done, counted a batch; the names are those of the metrics."""

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.skipped = 0
        self.passed: Counter[str] = Counter()
        """By topic: the exchange's own records that no mapping is for."""
        self.repeated = 0
        self.findings: Counter[tuple[str, str]] = Counter()
        self.untold: Counter[tuple[str, str]] = Counter()
        self.notices: Counter[tuple[str, str]] = Counter()
        self.actions: Counter[str] = Counter()
        self.dead_letters: Counter[str] = Counter()
        self.detector_errors: Counter[str] = Counter()
        self.damaged_profiles = 0
        self.batches = 0
        self.seconds: dict[str, float] = dict.fromkeys(("load", "apply", "publish", "save"), 0.0)
        """Seconds by stage: load, apply, publish, save."""
        self.last_event_at = 0.0


class Work:
    """What a batch leads to: messages, each with the item that it comes from, and the states to write."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.causes: list[Item] = []
        self.states: dict[str, UserState] = {}
        self.places: dict[str, int] = {}
        """Partition of each user."""
        self.changed: set[str] = set()
        self.applied: dict[str, list[Item]] = {}
        self.records: list[Any] = []
        """Of what events were like, to be learned from when verdicts come."""
        self.events: Counter[str] = Counter()
        """By topic; counted as applied once the profiles are written."""
        self.last_event_at = 0.0

    def publish(self, topic: str, key: str, value: Any, cause: Item, partition: int | None = None) -> None:
        self.messages.append(Message(topic, key.encode(), _ENCODE.encode(value), partition))
        self.causes.append(cause)


class Kernel(Patient):
    """`await run(items)`: when it returns, the batch is done. `epoch`: settings.kafka.epoch, unless `epochs` (streams.epochs.Epochs) knows
    better; `cohorts`: streams.cohorts.KeptCohorts; `crowd`: the engine's, where it has to be fetched (stores.crowd.RedisCrowd)."""

    def __init__(
        self, engine: Any, policy: Any, profiles: Profiles, publisher: Publisher, *, epoch: str = "",
        clock: Callable[[], float] = time.time, cache: ProfileCache | None = None, cohorts: Any = None, epochs: Any = None,
        crowd: Any = None, die: Callable[[str], NoReturn] | None = None,
    ):  # fmt: skip
        self.engine, self.policy, self.profiles, self.publisher = engine, policy, profiles, publisher
        self.clock, self.cache, self.tally = clock, ProfileCache() if cache is None else cache, Tally()
        self._epoch, self._die = epoch, die or end_process
        self._keys: dict[tuple[str, int], str] = {}
        self._looked_at = 0.0
        self._cohorts, self.epochs, self._crowd = cohorts, epochs, crowd
        self._claimed: set[int] = set()
        self._hot: OrderedDict[str, tuple[bytes, UserState]] = OrderedDict()

    async def run(self, items: Sequence[Item], *, owned: bool = False) -> None:
        """Takes one batch, of one partition after another, to its end. `owned`: they are this worker's alone, and claimed as such. Waits
        while Redis or Kafka are away."""
        started = time.perf_counter()
        if owned:
            for partition in {item.partition for item in items} - self._claimed:
                await self._claim(partition)
        events = [item.event for item in items if isinstance(item.event, RULED)]
        await self._meet(events)
        stored = await self._load([event.user_id for event in events])
        loaded = time.perf_counter()
        work = self._apply(items, stored)
        if owned:
            self._tell_late(work, items)
        applied = time.perf_counter()
        await self._publish(work)
        published = time.perf_counter()
        if self._crowd is not None:  # before the profiles, which know what was applied: a replay adds the same again
            await self._insist(self._crowd.save)
        encoded = {user: encode(work.states[user]) for user in work.changed}
        if encoded:
            await self._insist(lambda: self.profiles.save(encoded, work.places if owned else None))
            self.cache.put(encoded)
            self._keep(encoded, work.states)
        if self._cohorts is not None:
            await self._insist(self._cohorts.write)
        if self.epochs is not None:
            self.epochs.note(items)
            await self._insist(self.epochs.write)
        self.tally.events.update(work.events)
        self.tally.last_event_at = max(self.tally.last_event_at, work.last_event_at)
        seconds = self.tally.seconds
        seconds["load"] += loaded - started
        seconds["apply"] += applied - loaded
        seconds["publish"] += published - applied
        seconds["save"] += time.perf_counter() - published
        self.tally.batches += 1

    def _keep(self, encoded: dict[str, bytes], states: dict[str, UserState]) -> None:
        """States of the users seen last, so that they need no decoding; each is used once, and only with the bytes that it became."""
        hot = self._hot
        for user, data in encoded.items():
            hot[user] = data, states[user]
        while len(hot) > HOT:
            hot.popitem(last=False)  # of a dict the first is looked for behind all that went before it

    def forget(self) -> None:
        """The partitions are gone: what another worker writes from now on is not known here."""
        self.cache.clear()
        self._hot.clear()
        self.profiles.disclaim()
        self._claimed.clear()
        self._keys.clear()
        if self._cohorts is not None:
            self._cohorts.drop()

    async def hand_over(self) -> None:
        """The partitions go to another worker, or this one ends: what is written now and then only is written, then forgotten."""
        if self._cohorts is not None:
            try:
                await self._cohorts.write(now=True)
            except Unavailable as error:  # the next owner begins with what was written last
                log.warning("the models of the partitions can't be handed over: %s", error)
        self.forget()

    async def _claim(self, partition: int) -> None:
        await self._insist(lambda: self.profiles.claim(partition))
        cohorts = self._cohorts
        if cohorts is not None:
            await self._insist(lambda: cohorts.read(partition))
        epochs = self.epochs
        if epochs is not None:
            for topic, epoch in (await self._insist(lambda: epochs.read(partition))).items():
                self._keys[topic, partition] = applied_key(topic, epoch)
        self._claimed.add(partition)

    # -- reading

    async def _load(self, users: Sequence[str]) -> dict[str, bytes | None]:
        if time.monotonic() - self._looked_at > CHECK_REDIS_EVERY:
            await self._insist(self._heal)
            self._looked_at = time.monotonic()
        needed = dict.fromkeys(users)
        unknown = [user for user in needed if user not in self.cache]
        if unknown:
            self.cache.put(await self._insist(lambda: self.profiles.load(unknown)))
        missing = [user for user in needed if user not in self.cache]  # a cache smaller than a batch
        found = {user: self.cache.get(user) for user in needed if user in self.cache}
        if missing:
            found.update(await self._insist(lambda: self.profiles.load(missing)))
        return found

    async def _meet(self, events: Sequence[Any]) -> None:
        """Fetches what many accounts have in common that the events will be judged by."""
        if self._crowd is not None:
            wanted = {key for event in events for key in self.engine.crowd_keys(event)}
            await self._insist(lambda: self._crowd.load(wanted))

    async def _heal(self) -> None:
        """Who was erased is forgotten here too. After a restart or a flush of Redis: what this worker knows is the newest there is."""
        same = await self.profiles.same()
        self.cache.drop(await self.profiles.erased(self.cache))
        if not same:
            log.warning("Redis was restarted or emptied: writing back %d profiles", len(self.cache))
            for chunk in self.cache.chunks(500):
                await self.profiles.save(chunk)

    def _state(self, user: str, stored: dict[str, bytes | None]) -> UserState:
        data = stored.get(user)
        hot = self._hot.pop(user, None)
        if hot is not None and hot[0] is data:  # the very bytes that it was encoded to: nobody has written the profile since
            return hot[1]
        try:
            return decode(data)
        except (ValueError, msgspec.MsgspecError) as error:
            self.tally.damaged_profiles += 1
            log.error("a profile can't be read and begins anew; its bytes are kept beside: %s", type(error).__name__)
            self._damaged.append((user, data or b""))
            return UserState()

    # -- applying

    def _apply(self, items: Sequence[Item], stored: dict[str, bytes | None]) -> Work:
        work = Work()
        self._damaged: list[tuple[str, bytes]] = []
        now = datetime.fromtimestamp(self.clock(), UTC)
        for item in items:
            event = item.event
            if event is None:
                if item.passed:
                    self.tally.passed[item.topic] += 1
                    continue
                self._dead_letter(work, item, item.rejected or Rejected("no event"), now)
                continue
            if not isinstance(event, RULED):
                work.events[item.topic] += 1
                continue
            user = event.user_id
            state = work.states.get(user)
            if state is None:
                state = work.states[user] = self._state(user, stored)
                work.places[user] = item.partition
            key = self._key(item)
            if item.offset <= state.applied.get(key, -1):
                self.tally.skipped += 1
                continue
            mark, recorded = len(work.messages), len(work.records)
            try:
                self._one(item, state, now, work)
            except Exception as error:  # the record, or a rule, is at fault: this record alone is put aside
                log.error("%r can't be processed: %s", item, where(error))
                del work.messages[mark:], work.causes[mark:], work.records[recorded:]
                self._dead_letter(work, item, Rejected(f"processing failed: {type(error).__name__}: {error}"[:500]), now)
                state = work.states[user] = self._rewound(user, stored, work.applied.get(user, []), now)
            else:
                work.applied.setdefault(user, []).append(item)
                work.events[item.topic] += 1
                work.last_event_at = max(work.last_event_at, item.at or 0.0)
            _note(state, item.topic, key, item.offset)
            work.changed.add(user)
        for start in range(0, len(work.records), RECORDS):
            work.messages.append(Message("features", None, encode_records(work.records[start : start + RECORDS])))
            work.causes.append(item)
        return work

    def _one(self, item: Item, state: UserState, now: datetime, work: Work) -> None:
        event: Any = item.event
        outcome = self.engine.apply(event, state, item.source)
        for detector, error in outcome.errors:
            self.tally.detector_errors[detector] += 1
            log.error("detector %s failed on event %s: %s", detector, event.event_id, where(error))
        self.tally.repeated += bool(getattr(outcome, "repeated", False))
        user = event.user_id
        if (record := getattr(outcome, "record", None)) is not None:
            work.records.append(record)
        if isinstance(event, Verdict):
            decision = self.policy.decide_verdict(event, outcome.cleared, outcome.condemned, state, now)
            for action in decision.actions:
                self._act(work, user, action, item)
        for told in outcome.tells:
            work.publish(TOPIC_OF[type(told)], told.user_id, told, item)
        if outcome.findings or self.policy.concerns(event, state):
            decision = self.policy.decide(event, outcome.findings, state, now)
            for finding in decision.findings:
                work.publish("findings", user, finding, item)
                self.tally.findings[finding.detector, finding.severity] += 1
                if finding.suppressed is not None:
                    self.tally.untold[finding.detector, finding.suppressed] += 1
            for notice in decision.notices:
                work.publish("notices", user, notice, item)
                self.tally.notices[notice.kind, notice.severity] += 1
            for action in decision.actions:
                self._act(work, user, action, item)

    def _tell_late(self, work: Work, items: Sequence[Item]) -> None:
        """Publishes a service event for what users of these partitions wait for longer than usual."""
        newest: dict[int, Item] = {}
        for item in items:
            known = newest.get(item.partition)
            if item.event is not None and (known is None or (item.at or 0.0) > (known.at or 0.0)):
                newest[item.partition] = item
        for partition, item in newest.items():
            for late in self.engine.waits.overdue(partition, min(item.at or 0.0, self.clock())):
                work.publish(TOPIC_OF[Service], late.user_id, late, item, partition)

    def _act(self, work: Work, user: str, action: Any, item: Item) -> None:
        work.publish("account-actions", user, action, item)
        if action.target and action.action in ("hold_withdrawal", "require_step_up"):
            self.engine.waits.excuse(item.partition, action.target)
        self.tally.actions[action.action] += 1

    def _rewound(self, user: str, stored: dict[str, bytes | None], items: Sequence[Item], now: datetime) -> UserState:
        """The user's state as it was before the record that failed half-way."""
        state = self._state(user, stored)
        tally, self.tally = self.tally, Tally()
        for item in items:
            self._one(item, state, now, Work())
            _note(state, item.topic, self._key(item), item.offset)
        self.tally = tally
        return state

    def _dead_letter(self, work: Work, item: Item, why: Rejected, now: datetime) -> None:
        self.tally.dead_letters[item.topic] += 1
        work.messages.append(dead_letter(item, why.reason, why.field, now))
        work.causes.append(item)

    def _key(self, item: Item) -> str:
        place = item.topic, item.partition
        if place not in self._keys:
            self._keys[place] = applied_key(item.topic, self._epoch)
        return self._keys[place]

    # -- publishing

    async def _publish(self, work: Work) -> None:
        for user, data in self._damaged:
            await self._insist(partial(self.profiles.set_aside, user, data))
        if not work.messages:
            return
        refused = await self._insist(lambda: self.publisher.publish(work.messages))
        if not any(refused):
            return
        now = datetime.fromtimestamp(self.clock(), UTC)
        letters, seen = [], set()
        for error, message, item in zip(refused, work.messages, work.causes, strict=True):
            if error is None:
                continue
            if message.topic in OWN:  # nothing is lost but that it is told, or learned from
                log.error("what Vigil says on %s can't be published: %r", message.topic, error)
                continue
            if message.topic == "dead-letters":
                self._die(f"{item!r} can be neither processed nor put aside: {error!r}")
            if id(item) not in seen:
                seen.add(id(item))
                letters.append(dead_letter(item, f"its {message.topic} can't be published: {error!r}"[:500], None, now))
                self.tally.dead_letters[item.topic] += 1
        for error in await self._insist(lambda: self.publisher.publish(letters)):
            if error is not None:
                self._die(f"a dead letter is refused by the broker: {error!r}")


def _note(state: UserState, topic: str, key: str, offset: int) -> None:
    """The last offset applied of a topic; those of its earlier epochs go."""
    if key not in state.applied:
        for old in [name for name in state.applied if name.rpartition("/")[2] == topic]:
            del state.applied[old]
    state.applied[key] = offset
