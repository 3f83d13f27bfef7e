"""Learns from verdicts that come days late, and often never.

The features of an event's moment are kept until the verdict, or until nobody complained for so long that it counts as genuine; they are
never computed again. A fraud verdict that comes even later corrects. Of genuine events one in GENUINE_KEPT is learned, and stands for all:
fraud is rare, and nothing is gained from a thousand times the same. Nothing is learned as genuine before the first fraud is known: where
nobody ever reports, silence says nothing.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from zlib import crc32

import msgspec

from detectors.models.families import FAMILIES
from detectors.models.supervised import Supervised
from domain.crowd import Crowd
from domain.events import Verdict

GENUINE_AFTER = 7 * 86_400.0
SLACK = 3_600.0
"""Seconds more, since verdicts that are due on a day come within it."""
GENUINE_KEPT = 10
KEPT_AFTER = 3.0
"""A row is kept for so many deadlines, in case of a late fraud verdict."""
MOST = 500_000
"""Rows kept, 600 bytes each; the oldest make room."""


class Record(msgspec.Struct, array_like=True):
    """An event as it was when it was judged: enough to learn from, nothing that names a person. 150 bytes as msgpack."""

    event_id: str
    user: int
    """fingerprint() of the user's id."""
    at: float
    family: str
    row: tuple[float, ...]
    rules: float = 0.0
    address: str = ""
    """Where money went."""
    device: str = ""
    """fingerprint() in decimal."""
    network: str = ""
    names: tuple[str, ...] = ()
    """Ids of findings and notices, by which a verdict may name it."""
    weight: float = 1.0
    """How many events it stands for."""


class Journal:
    """What changed since it was last looked at, for who keeps it over a restart."""

    def __init__(self) -> None:
        self.taken: dict[str, Record] = {}
        self.settled: set[str] = set()
        self.gone: set[str] = set()
        self.learned = 0

    def clear(self) -> None:
        """From here on."""
        self.taken, self.settled, self.gone, self.learned = {}, set(), set(), 0


class _Kept(msgspec.Struct, gc=False):
    """A row that waits, encoded: a third of the memory, and nothing for the garbage collector to look at."""

    event_id: str
    at: float
    data: bytes
    named: bool
    settled: bool = False

    def record(self) -> Record:
        return _RECORD.decode(self.data)


_ENCODE, _RECORD = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(Record)


class Learner:
    """Models by family. `crowd`: where frauds are told to, so that what is shared with them becomes suspect; None: nowhere. `take` and
    `verdict` in any order, `advance` with event time."""

    def __init__(
        self,
        crowd: Crowd | None = None,
        genuine_after: float = GENUINE_AFTER,
        most: int = MOST,
        learned: Callable[[Record, bool], None] | None = None,
        classify: bool = True,
        journal: Journal | None = None,
    ):
        self.models: dict[str, Supervised] = {}
        self.crowd, self.most = crowd, most
        self.genuine_after = genuine_after + SLACK
        self.learned = learned
        """Told of each truth, right before it is learned."""
        self.journal = journal
        self.classify = classify
        """Whether models are trained; else frauds are only told to the crowd."""
        self.now = 0.0
        self.frauds = 0
        self.dropped = 0
        """Rows that had to make room before anything was known of them."""
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._due: deque[_Kept] = deque()
        self._names: dict[str, str] = {}
        self._early: OrderedDict[str, Verdict] = OrderedDict()

    def take(self, record: Record, *, settled: bool = False) -> None:
        """Keeps an event until something is known of it. `settled`: it has been taken for genuine before."""
        if record.event_id in self._kept:
            return
        kept = _Kept(record.event_id, record.at, _ENCODE.encode(record), bool(record.names), settled)
        if self.journal is not None:
            self.journal.taken[record.event_id] = record
        self._kept[record.event_id] = kept
        for name in record.names:
            self._names[name] = record.event_id
        self._due.append(kept)
        while len(self._kept) > self.most:
            self._forget(next(iter(self._kept.values())))
        early = self._early.pop(record.event_id, None)
        if early is not None:
            self.verdict(early)

    def verdict(self, verdict: Verdict) -> Record | None:
        """Learns what a verdict says; the record that it is about, None where it is unknown. A genuine verdict by the user alone doesn't
        count: it may be the intruder's."""
        kept = self._kept.get(self._names.get(verdict.about, verdict.about))
        if kept is None:
            if verdict.about not in self._names:
                self._early[verdict.about] = verdict
                if len(self._early) > 10_000:
                    self._early.popitem(last=False)
            return None
        record = kept.record()
        if verdict.label == "fraud":
            self._condemn(record, verdict.at)
            self._learn(record, True, 2.0 if kept.settled and _sampled(record.event_id) else 1.0)
            self._forget(kept)
        elif verdict.source != "user" and not kept.settled:
            self._genuine(kept)
        return record

    def advance(self, now: float) -> None:
        """Takes for genuine what nobody complained about in time."""
        self.now = now = max(now, self.now)
        due, after = self._due, self.genuine_after
        while due:
            kept = due[0]
            if kept.at + after > now:
                break
            due.popleft()
            if not kept.settled and kept.event_id in self._kept:
                self._genuine(kept)
        while self._kept:
            kept = next(iter(self._kept.values()))
            if kept.at + after * KEPT_AFTER > now:
                break
            self._forget(kept)

    def early(self) -> list[Verdict]:
        """Verdicts on events that haven't come."""
        return list(self._early.values())

    def restore(self, models: Iterable[Supervised], rows: Iterable[tuple[Record, bool]], early: Iterable[Verdict]) -> None:
        """Goes on from what was kept: models, rows in event time with whether they were settled, verdicts that wait."""
        for model in models:
            self.models[model.family.name] = model
            self.frauds += model.frauds
        for record, settled in rows:
            self.take(record, settled=settled)
        for verdict in early:
            self._early[verdict.about] = verdict

    def __len__(self) -> int:
        return len(self._kept)

    def _genuine(self, kept: _Kept) -> None:
        kept.settled = True
        if self.journal is not None:
            self.journal.settled.add(kept.event_id)
        if self.frauds and _sampled(kept.event_id):
            self._learn(kept.record(), False, float(GENUINE_KEPT))

    def _learn(self, record: Record, fraud: bool, weight: float) -> None:
        self.frauds += fraud
        if not self.classify:
            return
        model = self.models.get(record.family)
        if model is None:
            family = next((f for f in FAMILIES.values() if f.name == record.family), None)
            if family is None:
                return
            model = self.models[record.family] = Supervised(family)
        if len(record.row) == len(model.family.names):
            if self.learned is not None:
                self.learned(record, fraud)
            model.learn(record.row, record.rules, fraud, weight * record.weight)
            if self.journal is not None:
                self.journal.learned += 1

    def _condemn(self, record: Record, at: float) -> None:
        if self.crowd is not None:
            for kind, key in marks(record):
                self.crowd.add(kind, key, record.event_id, at)

    def _forget(self, kept: _Kept) -> None:
        self.dropped += not kept.settled and kept.at + self.genuine_after > self.now
        self._kept.pop(kept.event_id, None)
        if self.journal is not None:
            self.journal.gone.add(kept.event_id)
        for name in kept.record().names if kept.named else ():
            self._names.pop(name, None)
        kept.settled = True


def marks(record: Record) -> Iterable[tuple[str, str]]:
    """(kind, key) of the crowd's sets that a fraud belongs to."""
    keys = {
        "fraud-address": record.address,
        "fraud-device": record.device,
        "fraud-network": record.network,
        "fraud-user": str(record.user),
    }
    family = next((f for f in FAMILIES.values() if f.name == record.family), None)
    if record.address and family is not None and len(record.row) == len(family.names) and family.plain(record.row):
        keys["fraud-address-plain"] = record.address
    return [(kind, key) for kind, key in keys.items() if key]


def _sampled(event_id: str) -> bool:
    return crc32(event_id.encode("utf-8", "surrogatepass")) % GENUINE_KEPT == 0
