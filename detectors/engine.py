"""Score, decide, learn: one event at a time against one user's state.

An event is scored by the detectors of its type against what was normal before it. Where a detector fires, the event waits in
`state.pending` instead of being learned, until a verdict or a quiet day clears it (domain.clearing). Nothing here reads a clock or does I/O.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from detectors import story as stories
from detectors.base import Detector, Score, Sighting, WarmingUp
from detectors.registry import Entry, Registry
from domain import clearing
from domain.events import TOPIC_OF, Announcement, Event, Input, Verdict
from domain.habits.login import fingerprint, network_key
from domain.ids import finding_id, notice_id
from domain.messages import Finding, Source
from domain.ports import Surroundings
from domain.profile import (
    MAX_CONDEMNED,
    MAX_EARLY,
    MAX_SESSIONS,
    RECENT_EVENTS,
    Condemned,
    EarlyVerdict,
    FoundBefore,
    Pending,
    Step,
    UserState,
)
from domain.severity import RANK

_WEIGHT = {"info": 0.15, "notice": 0.5, "warning": 0.8, "critical": 0.98}
"""How much a full score at a severity says about fraud; for ranking only."""
_SESSION = 0.5
"""How much of a suspect session's risk goes over to what is done in it."""
_UNKNOWN = 0.02
"""Risk of an event that a detector couldn't judge for want of history."""

_ENCODE = msgspec.msgpack.Encoder()
_EVENT: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)
_FINDINGS = msgspec.msgpack.Decoder(list[Finding])
_VERDICT = msgspec.msgpack.Decoder(Verdict)


class Outcome(msgspec.Struct):
    """What came of one event."""

    findings: list[Finding] = []
    risk: float = 0.0
    """[0, 1]; ranks events by how likely they are fraud, whatever fired."""
    warming_up: bool = False
    """A detector had too little history to judge."""
    repeated: bool = False
    """The event had been handled before: its findings are given again while they wait, nothing else happened."""
    cleared: list[Pending] = []
    condemned: list[Pending] = []
    recorded: list[Pending] = []
    """A verdict that proves the mailbox only spoke about these; they are too grave for it."""
    errors: list[tuple[str, Exception]] = []
    """(detector id, what it raised)."""


class Engine:
    """Detectors over the states of users. `cohorts`: models of a partition by its number (detectors.models)."""

    def __init__(self, registry: Registry, surroundings: Surroundings, cohorts: Callable[[int], Any] | None = None):
        self.surroundings, self.cohorts = surroundings, cohorts
        self.reconfigure(registry)

    def reconfigure(self, registry: Registry) -> None:
        """Another configuration from the next event on."""
        self.registry = registry
        self._asked: dict[type[Input], list[tuple[Entry, Detector]]] = {}
        for struct in TOPIC_OF:
            self._asked[struct] = [(e, e.detector) for e in registry.detectors if e.detector is not None and struct in e.detector.events]
        self._longest = max((e.story.window for e in registry.stories if e.story), default=0.0)

    def apply(self, event: Event, state: UserState, source: Source | None = None) -> Outcome:
        """Handles one event; changes `state`. A detector that raises is told in `errors`, the others go on."""
        outcome = Outcome()
        if isinstance(event, Announcement):
            return outcome
        mark = fingerprint(event.event_id).to_bytes(8, "big")
        if _holds(state.recent, mark):
            outcome.repeated = True
            outcome.findings = [
                f for p in state.pending if p.event_id == event.event_id and p.findings for f in _FINDINGS.decode(p.findings)
            ]
            return outcome
        state.recent = (state.recent + mark)[-8 * RECENT_EVENTS :]
        at, habits = event.at, state.habits
        if isinstance(event, Verdict):
            self._verdict(event, state, outcome)
        now = max(at, habits.last_at)
        if state.pending:
            self._settle(state, now, outcome)
        if not isinstance(event, Verdict):
            self._event(event, at, state, source, outcome)
        habits.events += 1
        habits.first_at = min(at, habits.first_at or at)
        habits.last_at = now
        return outcome

    # an event

    def _event(self, event: Any, at: float, state: UserState, source: Source | None, outcome: Outcome) -> None:
        asked = self._asked.get(type(event))
        if not asked:
            return
        seen = self._seen(event, source)
        findings = self._score(asked, seen, state, source, outcome)
        self._steps(asked, seen, at, state, source, findings, outcome)
        own = [f for f in findings if f.event_id == event.event_id]
        shady = _is_condemned(state, event)
        outcome.risk = self._risk(outcome.risk, event, state, shady)
        for entry, detector in asked:
            self._guard(entry, outcome, detector.count_one, seen, state.habits)
        if own or shady:
            waiting = self._wait(event, at, seen, own, state)
            self._early(waiting, state, outcome)
        elif not self._early_fraud(event, seen, at, state, outcome):
            self._learn(event, seen, state, outcome)
        clearing.make_room(state.pending)
        outcome.findings = findings

    def _seen(self, event: Any, source: Source | None) -> Sighting:
        client = event.where
        cohort = self.cohorts(source.partition if source else 0) if self.cohorts else None
        return Sighting(event, self.surroundings.place(client.ip), self.surroundings.agent(client.user_agent), cohort)

    def _score(
        self, asked: list[tuple[Entry, Detector]], seen: Sighting, state: UserState, source: Source | None, outcome: Outcome
    ) -> list[Finding]:
        """The findings of the detectors; the parts of the risk into the outcome."""
        findings, safe = [], 1.0
        for entry, detector in asked:
            if not entry.enabled:
                continue
            score = self._guard(entry, outcome, detector.score_one, seen, state.habits)
            if score is None:
                continue
            if isinstance(score, WarmingUp):
                outcome.warming_up = True
                safe *= 1 - _UNKNOWN
                continue
            if not (math.isfinite(score.value) and 0.0 <= score.value <= 1.0):
                outcome.errors.append((entry.id, ValueError(f"score {score.value} is outside [0, 1]")))
                continue
            severity = entry.severity if entry.fixed_severity or score.severity is None else score.severity
            safe *= 1 - _WEIGHT[severity] * score.value
            if score.value >= entry.threshold:
                findings.append(_finding(entry, severity, score, seen, source))
        outcome.risk = 1 - safe
        return findings

    def _guard(self, entry: Entry, outcome: Outcome, call: Callable[[Sighting, Any], Any], seen: Sighting, habits: Any) -> Any:
        """One bad detector never stops the rest."""
        try:
            return call(seen, habits)
        except Exception as error:
            outcome.errors.append((entry.id, error))
            return None

    def _risk(self, own: float, event: Any, state: UserState, shady: bool) -> float:
        client = event.where
        worst = 0.95 if shady else 0.0
        for waiting in state.pending:
            if (client.session_id and client.session_id == waiting.session_id) or (client.device_id and client.device_id == waiting.device):
                worst = max(worst, _SESSION * max(_WEIGHT.get(f.severity, 0.0) for f in waiting.found) if waiting.found else 0.0)
        return 1 - (1 - own) * (1 - worst)

    # stories

    def _steps(
        self,
        asked: list[tuple[Entry, Detector]],
        seen: Sighting,
        at: float,
        state: UserState,
        source: Source | None,
        findings: list[Finding],
        outcome: Outcome,
    ) -> None:
        """Keeps what the event may be to a story, and tells the stories that are complete with it."""
        for entry in self.registry.stories:
            assert entry.story is not None
            added = False
            for index, step in enumerate(entry.story.steps):
                values = [self._guard(e, outcome, d.step_one, seen, state.habits) for e, d in asked if e.id in step.any]
                value = ",".join(v for v in values if v)[:200]
                if value and (not step.values or value in step.values):
                    facts = _where(seen)
                    for finding in findings:
                        facts.update(finding.facts)
                    facts.update(_story_facts(seen.event))
                    origin = (source.topic, source.partition, source.offset) if source else None
                    stories.keep(state.steps, Step(entry.id, index, seen.event.event_id, at, value, facts, origin), self._longest)
                    added = True
            if added and entry.enabled:
                for chain in stories.completed(entry.story, state.steps):
                    chain[-1].told = True
                    self._tell(entry, chain, seen, state, findings)

    def _tell(self, entry: Entry, chain: list[Step], seen: Sighting, state: UserState, findings: list[Finding]) -> None:
        assert entry.story is not None
        end = chain[-1]
        in_time = sorted(chain, key=lambda s: s.at)
        finding = Finding(
            finding_id=finding_id(end.event_id, entry.id),
            detector=entry.id,
            version=entry.version,
            config_hash=entry.config_hash,
            severity=entry.severity,
            score=1.0,
            reasons=stories.reasons(entry.story, chain, 1.0),
            event_id=end.event_id,
            user_id=seen.event.user_id,
            occurred_at=datetime.fromtimestamp(end.at, UTC),
            source=end.origin(),
            subject=in_time[0].event_id,
            facts=stories.facts(chain, datetime.fromtimestamp(in_time[0].at, UTC).isoformat().replace("+00:00", "Z")),
            story_events=[s.event_id for s in in_time],
        )
        findings.append(finding)
        if end.event_id != seen.event.event_id:
            self._attach(finding, end, state)

    def _attach(self, finding: Finding, end: Step, state: UserState) -> None:
        """A story completed by an event that came before: its finding waits with that one."""
        found = FoundBefore(finding.finding_id, finding.detector, finding.severity, "", list(finding.story_events))
        for waiting in state.pending:
            if waiting.event_id == end.event_id:
                waiting.found.append(found)
                waiting.findings = _ENCODE.encode([*(_FINDINGS.decode(waiting.findings) if waiting.findings else []), finding])
                return
        facts = end.facts
        state.pending.append(
            Pending(
                end.event_id,
                end.at,
                b"",
                [found],
                facts.get("session_id", ""),
                "",
                "",
                finding.source.topic if finding.source else "",
                _ENCODE.encode([finding]),
            )
        )

    # learning

    def _wait(self, event: Any, at: float, seen: Sighting, findings: list[Finding], state: UserState) -> Pending:
        client = event.where
        waiting = Pending(
            event.event_id,
            at,
            _ENCODE.encode(event),
            [FoundBefore(f.finding_id, f.detector, f.severity, "", list(f.story_events)) for f in findings],
            (client.session_id or "")[:128],
            (client.device_id or "")[:128],
            network_key(seen.place, client.ip),
            TOPIC_OF[type(event)],
            _ENCODE.encode(findings),
            (getattr(event, "address", None) or "")[:128],
        )
        state.pending.append(waiting)
        return waiting

    def _learn(self, event: Any, seen: Sighting, state: UserState, outcome: Outcome) -> None:
        for entry, detector in self._asked.get(type(event), ()):
            self._guard(entry, outcome, detector.learn_one, seen, state.habits)
        session = event.where.session_id
        if session and event.__struct_config__.tag == "login" and event.outcome == "success":
            mark = fingerprint(session)
            if mark not in state.sessions:
                state.sessions = [*state.sessions, mark][-MAX_SESSIONS:]

    def _settle(self, state: UserState, now: float, outcome: Outcome) -> None:
        """What a quiet day clears; a condemned device, network or address is never cleared so."""
        for waiting in clearing.quiet(state.pending, now):
            if not _pending_condemned(state, waiting):
                self._clear(waiting, state, outcome)

    def _clear(self, waiting: Pending, state: UserState, outcome: Outcome) -> None:
        state.pending.remove(waiting)
        state.steps = [s for s in state.steps if s.event_id != waiting.event_id]
        outcome.cleared.append(waiting)
        if waiting.event:
            event = _EVENT.decode(waiting.event)
            self._learn(event, self._seen(event, None), state, outcome)

    # verdicts

    def _verdict(self, verdict: Verdict, state: UserState, outcome: Outcome) -> None:
        matches = clearing.concerned(verdict.about, state.pending)
        if not matches:
            if not _holds(state.recent, fingerprint(verdict.about).to_bytes(8, "big")):
                state.early_verdicts = [*state.early_verdicts, EarlyVerdict(verdict.about, verdict.at, _ENCODE.encode(verdict))][
                    -MAX_EARLY:
                ]
            return
        for waiting in matches:
            self._judge(verdict, waiting, state, outcome)

    def _judge(self, verdict: Verdict, waiting: Pending, state: UserState, outcome: Outcome) -> None:
        answer = clearing.answer(verdict, waiting, self._standing(verdict, state))
        if answer == "cleared":
            _acquit(state, waiting)
            self._clear(waiting, state, outcome)
        elif answer == "condemned":
            state.pending.remove(waiting)
            _condemn(state, waiting)
            outcome.condemned.append(waiting)
        elif answer == "recorded":
            outcome.recorded.append(waiting)

    def _standing(self, verdict: Verdict, state: UserState) -> clearing.Standing:
        client = verdict.where
        place = self.surroundings.place(client.ip)
        network = network_key(place, client.ip)
        known = bool(network) and not place.shared_exit and network in state.habits.login.networks
        return clearing.Standing(bool(client.session_id) and fingerprint(client.session_id or "") in state.sessions, network, known)

    def _early(self, waiting: Pending, state: UserState, outcome: Outcome) -> None:
        """Verdicts that came before this event."""
        for early in list(state.early_verdicts):
            names = {waiting.event_id, *(f.finding_id for f in waiting.found)}
            verdict = _VERDICT.decode(early.verdict)
            names.update(notice_id(waiting.event_id, verdict.user_id, f.detector) for f in waiting.found)
            if early.about in names:
                state.early_verdicts.remove(early)
                if waiting in state.pending:
                    self._judge(verdict, waiting, state, outcome)

    def _early_fraud(self, event: Any, seen: Sighting, at: float, state: UserState, outcome: Outcome) -> bool:
        """A verdict that came before an event which raised nothing: taken; True when it was fraud, so that the event isn't learned."""
        for early in list(state.early_verdicts):
            if early.about == event.event_id:
                state.early_verdicts.remove(early)
                verdict = _VERDICT.decode(early.verdict)
                if verdict.label == "fraud":
                    self._judge(verdict, self._wait(event, at, seen, [], state), state, outcome)
                    return True
        return False


def _finding(entry: Entry, severity: Any, score: Score, seen: Sighting, source: Source | None) -> Finding:
    event = seen.event
    return Finding(
        finding_id=finding_id(event.event_id, entry.id),
        detector=entry.id,
        version=entry.version,
        config_hash=entry.config_hash,
        severity=severity,
        score=score.value,
        reasons=score.reasons,
        event_id=event.event_id,
        user_id=event.user_id,
        occurred_at=event.occurred_at,
        source=source,
        subject=score.subject,
        facts=_where(seen) | score.facts,
    )


def _where(seen: Sighting) -> dict[str, str]:
    """Facts of every finding: session, device and place as far as they are known."""
    facts = {"session_id": seen.event.where.session_id, "device": seen.agent.label, "city": seen.place.city, "country": seen.place.country}
    return {name: value[:200] for name, value in facts.items() if value}


def _story_facts(event: Any) -> dict[str, str]:
    """What a story tells of a withdrawal or a change, whether or not a detector fired on it."""
    names = ("transfer_id", "amount", "asset", "network", "usd_value", "address", "balance_usd", "change", "mfa")
    facts = {name: value[:200] for name in names if isinstance(value := getattr(event, name, None), str)}
    detail = getattr(event, "detail", None)
    if detail is not None and getattr(event, "change", "") == "api_key_created":
        facts.update({k: v[:200] for k, v in (("api_key", detail.new or ""), ("permissions", ",".join(detail.permissions or []))) if v})
    return facts


def _holds(ring: bytes, mark: bytes) -> bool:
    at = ring.find(mark)
    while at >= 0 and at % 8:
        at = ring.find(mark, at + 1)
    return at >= 0


def _marks(device: str, network: str, address: str) -> list[tuple[str, str]]:
    return [(kind, key) for kind, key in (("device", device), ("network", network), ("address", address)) if key]


def _is_condemned(state: UserState, event: Any) -> bool:
    """By device or address; a network alone is shared by many."""
    if not state.condemned:
        return False
    mine = _marks((event.where.device_id or "")[:128], "", (getattr(event, "address", None) or "")[:128])
    return any((c.kind, c.key) in mine for c in state.condemned)


def _pending_condemned(state: UserState, waiting: Pending) -> bool:
    mine = _marks(waiting.device, waiting.network, waiting.address)
    return any((c.kind, c.key) in mine for c in state.condemned)


def _condemn(state: UserState, waiting: Pending) -> None:
    """Remembers what was new about it; what the account knew before is its owner's."""
    login = state.habits.login
    device = "" if login.device(fingerprint(waiting.device)) else waiting.device
    network = "" if waiting.network in login.networks else waiting.network
    address = waiting.address if any(f.detector != "login" for f in waiting.found) else ""
    for kind, key in _marks(device, network, address):
        state.condemned = [c for c in state.condemned if (c.kind, c.key) != (kind, key)]
        state.condemned.append(Condemned(kind, key, int(waiting.at)))
    state.condemned = state.condemned[-MAX_CONDEMNED:]


def _acquit(state: UserState, waiting: Pending) -> None:
    mine = _marks(waiting.device, waiting.network, waiting.address)
    state.condemned = [c for c in state.condemned if (c.kind, c.key) not in mine]


__all__ = ["RANK", "Engine", "Outcome"]
