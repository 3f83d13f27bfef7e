"""Stand-ins for the batch unit's parts: an engine that counts logins, a store and a bus in memory that can be told to fail."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from domain.decode import Rejected
from domain.events import Login
from domain.ids import finding_id, notice_id
from domain.messages import Finding, Notice
from domain.ports import Unavailable
from domain.profile import UserState
from streams.publisher import Message
from streams.records import EventDecoder, Item

NOW = 1_795_341_600.0  # 2026-11-22T10:00:00Z


def login(event_id: str, user: str = "u1", at: float = NOW, **more: Any) -> bytes:
    when = datetime.fromtimestamp(at, UTC).isoformat()
    return json.dumps({"type": "login", "event_id": event_id, "user_id": user, "occurred_at": when, "outcome": "success", **more}).encode()


def item(topic: str, offset: int, value: bytes | None, key: bytes | None = b"u1", partition: int = 0) -> Item:
    """A record of an input topic, decoded."""
    record = SimpleNamespace(topic=topic, partition=partition, offset=offset, key=key, value=value)
    return EventDecoder(clock=lambda: NOW)(record)


class CountingEngine:
    """Counts events in the state and raises a finding on each login whose id begins with `bad`; raises on `poison`; makes
    a record of `kept`."""

    def __init__(self) -> None:
        self.applied: list[str] = []
        self.budget = self.cohorts = None
        self.late: list[Any] = []
        self.tells: list[Any] = []
        self.waits = self

    def excuse(self, partition: int, transfer_id: str) -> None: ...

    def overdue(self, partition: int, at: float) -> list[Any]:
        late, self.late = self.late, []
        return late

    def apply(self, event: Any, state: UserState, source: Any = None) -> Any:
        state.habits.events += 1
        if event.event_id.startswith("poison"):
            raise RuntimeError("a rule breaks on this")
        self.applied.append(event.event_id)
        findings = []
        if isinstance(event, Login) and event.event_id.startswith("bad"):
            findings.append(
                Finding(
                    finding_id=finding_id(event.event_id, "test"), detector="test", version="1", config_hash="0", severity="notice",
                    score=1.0, reasons=[], event_id=event.event_id, user_id=event.user_id, occurred_at=event.occurred_at, source=source,
                )
            )  # fmt: skip
        record = [event.event_id] if event.event_id.startswith("kept") else None
        return SimpleNamespace(findings=findings, cleared=[], condemned=[], errors=[], tells=self.tells, record=record)


class TellingPolicy:
    """A notice for each finding."""

    def concerns(self, event: Any, state: UserState) -> bool:
        return False

    def decide(self, event: Any, findings: Sequence[Finding], state: UserState, now: datetime) -> Any:
        notices = [
            Notice(
                notice_id=notice_id(f.event_id, f.user_id, "test"), user_id=f.user_id, kind="test", severity="notice", created_at=now,
                expires_at=None, finding_ids=[f.finding_id], channels=["email"], occurred_at=f.occurred_at, group=f.event_id,
            )
            for f in findings
        ]  # fmt: skip
        return SimpleNamespace(findings=list(findings), notices=notices, actions=[])

    def decide_verdict(self, verdict: Any, cleared: Any, condemned: Any, state: UserState, now: datetime) -> Any:
        return SimpleNamespace(findings=[], notices=[], actions=[])


class MemoryProfiles:
    """Profiles in a dict. `down`: how many calls fail before it answers again. `begins_anew`: it was emptied. `gone`: users erased."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}
        self.aside: list[tuple[str, bytes]] = []
        self.loads = self.saves = self.down = 0
        self.begins_anew = False
        self.gone: list[str] = []

    def _answer(self) -> None:
        if self.down:
            self.down -= 1
            raise Unavailable("Redis: away")

    async def load(self, user_ids: Sequence[str]) -> dict[str, bytes | None]:
        self._answer()
        self.loads += 1
        return {user: self.data.get(user) for user in user_ids}

    async def save(self, states: dict[str, bytes], places: Mapping[str, int] | None = None) -> None:
        self._answer()
        self.saves += 1
        self.data.update(states)

    async def claim(self, partition: int) -> None: ...

    def disclaim(self) -> None: ...

    async def same(self) -> bool:
        self._answer()
        anew, self.begins_anew = self.begins_anew, False
        return not anew

    async def erased(self, among: Container[str]) -> list[str]:
        gone, self.gone = [user for user in self.gone if user in among], []
        for user in gone:
            self.data.pop(user, None)
        return gone

    async def set_aside(self, user_id: str, data: bytes) -> None:
        self.aside.append((user_id, data))


class MemoryBus:
    """What was published. `down`: how many calls fail, after publishing nothing. `refuses(message)`: refused for good."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.down = 0
        self.refuses: Any = lambda message: False

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        if self.down:
            self.down -= 1
            raise Unavailable("Kafka: away")
        answers: list[Exception | None] = [ValueError("too large") if self.refuses(m) else None for m in messages]
        self.messages += [m for m, refused in zip(messages, answers, strict=True) if refused is None]
        return answers

    def on(self, topic: str) -> list[Any]:
        return [json.loads(message.value) for message in self.messages if message.topic == topic]


__all__ = ["NOW", "CountingEngine", "MemoryBus", "MemoryProfiles", "Rejected", "TellingPolicy", "item", "login"]
