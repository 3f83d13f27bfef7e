"""Habits of the subject: transfer. How much leaves, to whom, and what left lately."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar

import msgspec

from domain.habits.login import fingerprint
from domain.statistics import Decayed, Keys, Sample

T = TypeVar("T")

MAX_AMOUNTS = 64
MAX_PAYEES = 24
"""Kept with their address, to be compared with."""
MAX_OLD_PAYEES = 256
"""Kept as fingerprints, to be recognized only."""
MAX_DUST = 8
MAX_FLOWS = 32
FORGET_SINCE = 120
"""Days after which it doesn't matter when a payee was first paid."""
KEEP_FLOWS = 7 * 86_400
"""Seconds that a transfer is remembered by its id, for its later statuses."""


class Payee(msgspec.Struct, array_like=True):
    """Someone whom the account paid, and that was normal."""

    address: str
    last_at: int
    count: int = 1
    memo: str = ""
    since: int = 0
    """Day of the first payment, counted from the epoch; 0 for one that its owner spoke for, and when it was long ago."""


class Dust(msgspec.Struct, array_like=True):
    """Who sent a deposit too small to be meant as money."""

    address: str
    at: int


class Flow(msgspec.Struct, array_like=True):
    """A transfer out, counted once whatever its statuses."""

    key: int
    """fingerprint() of the transfer's id."""
    at: int
    usd: int | float
    balance: int | float
    """USD before it; -1 where not told."""
    status: str
    """Under which it was first seen; '' for `requested`."""
    undone: bool = False
    """It failed, or was rejected or cancelled."""
    taught: bool = False
    """Its payee was learned from it."""
    to: int = 0
    """Of the payee's fingerprint as much as fits into a byte of msgpack: it tells a handful apart."""


class TransferHabits(msgspec.Struct, array_like=True, dict=True):
    """Fields are appended with a default, never reordered. Times: event time, whole seconds since the epoch. Many detectors ask the same of
    one event: the last answers lie beside the fields, in `__dict__`, where nothing is encoded."""

    count: int = 0
    """Transfers out found normal."""
    first_at: int = 0
    amounts: Sample = msgspec.field(default_factory=Sample)
    """USD values of those."""
    payees: list[Payee] = []
    old_payees: Keys = msgspec.field(default_factory=Keys)
    """Payees that had to make room in `payees`."""
    dust: list[Dust] = []
    flows: list[Flow] = []
    """What left lately, normal or not, in event time."""
    learned: Decayed = msgspec.field(default_factory=Decayed)
    drained: Decayed = msgspec.field(default_factory=Decayed)
    """Of `learned`, how many emptied the account."""

    def payee(self, address: str, memo: str) -> Payee | None:
        """The payee, among those kept with their address."""
        by_name = self.__dict__.get("_payees")
        if by_name is None:
            by_name = self.__dict__["_payees"] = {(known.address, known.memo): known for known in reversed(self.payees)}
        found: Payee | None = by_name.get((address, memo))
        return found

    def knows(self, address: str, memo: str) -> bool:
        """Whether the account paid there before."""
        said = self.__dict__.get("_said")
        if said is not None and said[0] == address and said[1] == memo:
            return bool(said[2])
        known = self.payee(address, memo) is not None or (bool(self.old_payees.packed) and f"{address}\x00{memo}" in self.old_payees)
        self.__dict__["_said"] = address, memo, known
        return known

    def pay(self, address: str, memo: str, at: int) -> None:
        """Makes the payee known; of those kept whole the one not paid for longest makes room."""
        known = self.payee(address, memo)
        self.__dict__.pop("_said", None)
        if known is not None:
            known.count += 1
            known.last_at = max(known.last_at, at)
            if known.since and at // 86_400 - known.since > FORGET_SINCE:
                known.since = 0
            return
        if len(self.payees) >= MAX_PAYEES:
            oldest = min(self.payees, key=attrgetter("last_at"))
            self.payees.remove(oldest)
            if (by_name := self.__dict__.get("_payees")) is not None:
                by_name.pop((oldest.address, oldest.memo), None)
            self.old_payees.add(f"{oldest.address}\x00{oldest.memo}", MAX_OLD_PAYEES)
        self.payees.append(Payee(address, at, 1, memo, at // 86_400))
        if (by_name := self.__dict__.get("_payees")) is not None:
            by_name[address, memo] = self.payees[-1]

    def unpay(self, address: str, memo: str) -> None:
        """Takes back one payment; who was paid only then is unknown again."""
        known = self.payee(address, memo)
        self.__dict__.pop("_said", None)
        if known is not None:
            known.count -= 1
            if known.count <= 0:
                self.payees.remove(known)
                self.__dict__.pop("_payees", None)

    def flow(self, transfer_id: str) -> Flow | None:
        """The transfer as it was first seen."""
        said = self.__dict__.get("_flow")
        if said is not None and said[0] == transfer_id:
            found: Flow | None = said[1]
            return found
        key, found = fingerprint(transfer_id), None
        for flow in reversed(self.flows):
            if flow.key == key:
                found = flow
                break
        self.__dict__["_flow"] = transfer_id, found
        return found

    def note(self, flow: Flow, transfer_id: str) -> None:
        """Remembers a transfer; those of last week, and the oldest beyond the bound, are forgotten."""
        flows = self.flows
        late = bool(flows) and flow.at < flows[-1].at
        flows.append(flow)
        if late:
            flows.sort(key=lambda f: f.at)
        newest = flows[-1].at
        while len(flows) > MAX_FLOWS or newest - flows[0].at > KEEP_FLOWS:
            del flows[0]
        self.forget_answers()
        if not late:  # else it may have gone again
            self.__dict__["_flow"] = transfer_id, flow

    def answered(self, question: object, words: Any, work_out: Callable[[], T]) -> T:
        """What `work_out` says, once for the same question (an event, by identity) in the same words, until a transfer is noted."""
        said: tuple[object, dict[Any, T]] | None = self.__dict__.get("_answers")
        if said is None or said[0] is not question:
            said = question, {}
            self.__dict__["_answers"] = said
        if words not in said[1]:
            said[1][words] = work_out()
        return said[1][words]

    def forget_answers(self) -> None:
        """To be called when a transfer changes."""
        beside = self.__dict__
        beside.pop("_flow", None)
        beside.pop("_answers", None)

    def lately(self, at: float, seconds: float) -> list[Flow]:
        """Transfers out of the `seconds` up to and with `at`, in event time: few of the many that are kept."""
        found, start = [], at - seconds
        for flow in reversed(self.flows):
            if flow.at <= start:
                break
            if flow.at <= at:
                found.append(flow)
        found.reverse()
        return found

    def sprinkle(self, address: str, at: int) -> None:
        """Remembers who sent dust."""
        self.dust = [d for d in self.dust if d.address != address]
        self.dust.append(Dust(address, at))
        self.dust.sort(key=lambda d: d.at)
        del self.dust[:-MAX_DUST]
