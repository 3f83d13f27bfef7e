"""Score, decide, learn: one event at a time against one user's state.

An event is scored by the detectors of its type against what was normal before it. Where a detector fires, the event waits in
`state.pending` instead of being learned, until a verdict or a quiet day clears it (domain.clearing). No clock is read here,
and nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from detectors import material, story, storyteller
from detectors.base import NORMAL, Sighting, WarmingUp
from detectors.budget import Budget
from detectors.models import why
from detectors.models.families import Family
from detectors.models.refused import kept_back, refuse
from detectors.models.risk import CONDEMNED, Alert, Risk, anew, lifted, record, suspected
from detectors.outcome import Outcome
from detectors.plan import Plans, Verb
from detectors.registry import Registry
from detectors.service.overdue import Waits
from detectors.storyteller import StoryPlan
from domain import clearing, condemned, recent
from domain.addresses import normal
from domain.crowd import Crowd, MemoryCrowd
from domain.events import TOPIC_OF, AccountChange, Announcement, Event, Input, Login, Report, Service, Transfer, Verdict
from domain.habits.login import fingerprint, network_key
from domain.ids import notice_id
from domain.messages import Finding, Source
from domain.ports import Surroundings
from domain.profile import MAX_EARLY, MAX_KEPT_BYTES, MAX_SESSIONS, EarlyVerdict, FoundBefore, Pending, Step, UserState

_TEACH_NOTHING = (Service, Report)
"""Events that don't wait for a verdict: there is nothing about the user to learn from them."""

_ENCODE = msgspec.msgpack.Encoder()
_EVENT: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)
_FINDINGS = msgspec.msgpack.Decoder(list[Finding])
_VERDICT = msgspec.msgpack.Decoder(Verdict)


class Engine:
    """Detectors over the states of users. `cohorts`: the models of a partition by its number (detectors.models.partition); `crowd`: what
    many accounts have in common."""

    def __init__(
        self,
        registry: Registry,
        surroundings: Surroundings,
        cohorts: Callable[[int], Any] | None = None,
        crowd: Crowd | None = None,
    ):
        self.surroundings, self.cohorts = surroundings, cohorts
        self.crowd: Crowd = MemoryCrowd() if crowd is None else crowd
        self._listed: Callable[[str], str] = getattr(surroundings, "listed", lambda address: "")
        self.risk = Risk()
        self.records = False
        """Whether outcomes carry a record of what events were like, to be learned from when verdicts come."""
        self.explains = True
        """Whether findings say what the risk of their event is made of."""
        self.waits = Waits(cohorts)
        self.reconfigure(registry)

    def reconfigure(self, registry: Registry) -> None:
        """Another configuration from the next event on."""
        self.registry = registry
        self._plans: dict[type[Input], Plans] = {struct: Plans(registry, struct) for struct in TOPIC_OF}
        self._patient = frozenset(name for e in registry.stories if e.story for step in e.story.steps for name in step.patient)
        self.budget = Budget(registry.budgets, {e.id: e.family for e in registry.detectors}) if registry.budgets else None

    def apply(self, event: Event, state: UserState, source: Source | None = None) -> Outcome:
        """Handles one event; changes `state`. A detector that raises is told in `errors`, the others go on."""
        outcome = Outcome()
        if isinstance(event, Announcement):
            return outcome
        if recent.holds(state.recent, event.event_id):
            outcome.repeated = True
            outcome.findings = [
                f for p in state.pending if p.event_id == event.event_id and p.findings for f in _FINDINGS.decode(p.findings)
            ]
            return outcome
        state.recent = recent.push(state.recent, event.event_id)
        at, habits = event.at, state.habits
        now = max(at, habits.last_at)
        if isinstance(event, Verdict):
            self._verdict(event, state, source, outcome)
        if state.pending:
            self._settle(state, now, source, outcome)
        if not isinstance(event, Verdict):
            self._event(event, at, state, source, outcome)
        habits.events += 1
        habits.first_at = min(at, habits.first_at or at)
        habits.last_at = now
        return outcome

    def crowd_keys(self, event: Event) -> set[tuple[str, str]]:
        """(kind, key) of the sets in the crowd that the event will be judged by: to be fetched before `apply`."""
        plans = self._plans.get(type(event))
        asked = plans.of(event).crowd if plans is not None else ()
        keys: set[tuple[str, str]] = set()
        if asked:
            seen = self._seen(event, None, crowd_only=True)
            for crowd_one in asked:
                try:
                    keys.update(crowd_one(seen))
                except Exception:  # noqa: S112 - the same error comes again, and is told, when the event is scored
                    continue
        return keys

    # score and decide

    def _event(self, event: Any, at: float, state: UserState, source: Source | None, outcome: Outcome) -> None:
        todo = self._plans[type(event)].of(event)
        if not todo.concerned:
            return
        seen = self._seen(event, source)
        family, row = self._row(seen, state, outcome)
        alerts: list[Alert] = []
        findings = self._score(todo.score, seen, state, source, outcome, alerts)
        own = len(findings)
        if todo.told:
            self._stories(todo.stories, seen, at, state, source, findings, outcome)
        if self.budget is not None and seen.cohort is not None:
            findings = self.budget.spend(findings, event, state, seen.cohort.alarms)
        shady = bool(state.condemned) and condemned.among(state, condemned.marks(event.where.device_id, None, _address(event)))
        alerts += [(f.detector, f.severity, 1.0) for f in findings[own:]]
        told = row is not None and family is not None and family.knows(row)  # by evidence that fades; it isn't counted twice, and for good
        dubious = shady and (not told or condemned.among(state, condemned.marks(event.where.device_id, None, None)))
        suspicion = self._suspicion(event, state, dubious) if dubious or state.pending else 0.0
        judged = outcome.judged = self.risk.judge(seen, family, row, alerts, suspicion, outcome.warming_up)
        outcome.risk = judged.risk
        self._each(todo.count, seen, state, outcome)
        self._risk_verb(outcome, self.risk.count, seen, state.habits, judged, anew(alerts, state.pending) if alerts else alerts)
        if self.records and row is not None:
            outcome.record = record(seen, judged, findings)
        outcome.findings = findings
        mine = findings[:own] + [f for f in findings[own:] if f.event_id == event.event_id] if findings else []
        if (waits := bool(mine) or shady or kept_back(seen, state)) and not isinstance(event, _TEACH_NOTHING):
            self._wait(seen, at, mine, state)
        if state.early_verdicts:
            self._early(seen, at, mine, state, source, outcome)
            if any(p.event_id == event.event_id for p in outcome.cleared):
                outcome.findings = [msgspec.structs.replace(f, suppressed="cleared") if f in mine else f for f in findings]
        if not waits and not (outcome.condemned and any(p.event_id == event.event_id for p in outcome.condemned)):
            self._learn(todo.learn, seen, state, outcome)
        if outcome.findings and self.explains:
            self._risk_verb(outcome, why.tell, outcome, self.risk, state.habits, event.event_id)

    def _seen(self, event: Any, source: Source | None, confirmed: bool = False, *, crowd_only: bool = False) -> Sighting:
        client = event.where
        cohort = self.cohorts(source.partition if source else 0) if self.cohorts and not crowd_only else None
        listed = self._listed(event.payee[0]) if isinstance(event, Transfer) and event.address else ""
        place, agent = self.surroundings.place(client.ip), self.surroundings.agent(client.user_agent)
        return Sighting(event, place, agent, cohort, self.crowd, listed, confirmed)

    def _row(self, seen: Sighting, state: UserState, outcome: Outcome) -> tuple[Family | None, tuple[float, ...] | None]:
        try:
            return self.risk.row(seen, state.habits)
        except Exception as error:
            outcome.errors.append(("risk", error))
            return None, None

    @staticmethod
    def _risk_verb(outcome: Outcome, verb: Callable[..., None], *arguments: Any) -> None:
        try:
            verb(*arguments)
        except Exception as error:
            outcome.errors.append(("risk", error))

    def _score(
        self, verbs: Sequence[Verb], seen: Sighting, state: UserState, source: Source | None, outcome: Outcome, alerts: list[Alert]
    ) -> list[Finding]:
        """The findings of the detectors; what they say goes into `alerts`, also where it is below their thresholds."""
        findings = []
        for entry, score_one in verbs:
            try:
                score = score_one(seen, state.habits)
            except Exception as error:  # one bad detector never stops the rest
                outcome.errors.append((entry.id, error))
                continue
            if score is NORMAL:
                continue
            if isinstance(score, WarmingUp):
                outcome.warming_up = True
                continue
            value = score.value
            if not 0.0 <= value <= 1.0:  # nor is NaN
                outcome.errors.append((entry.id, ValueError(f"score {value} is outside [0, 1]")))
                continue
            severity = entry.severity if entry.fixed_severity or score.severity is None else score.severity
            alerts.append((entry.id, severity, lifted(value, entry.threshold)))
            if value >= entry.threshold:
                findings.append(material.finding(entry, severity, score, seen, source))
                if score.tells:
                    outcome.tells.extend(score.tells)
        return findings

    @staticmethod
    def _each(verbs: Sequence[Verb], seen: Sighting, state: UserState, outcome: Outcome) -> None:
        """What one raises is told, and the others go on."""
        habits = state.habits
        for entry, verb in verbs:
            try:
                verb(seen, habits)
            except Exception as error:
                outcome.errors.append((entry.id, error))

    @staticmethod
    def _suspicion(event: Any, state: UserState, shady: bool) -> float:
        """Nats for what the session, or the device, is under suspicion of."""
        client = event.where
        worst = CONDEMNED if shady else 0.0
        # What was done from the owner's own device says nothing of all else that he does there; a stranger's device stays one.
        strange = client.device_id and state.habits.login.device(fingerprint(client.device_id)) is None
        for waiting in state.pending:
            if (client.session_id and client.session_id == waiting.session_id) or (strange and client.device_id == waiting.device):
                worst = max(worst, max((suspected(f.severity) for f in waiting.found), default=0.0))
        return worst

    # stories

    def _stories(
        self,
        todo: StoryPlan,
        seen: Sighting,
        at: float,
        state: UserState,
        source: Source | None,
        findings: list[Finding],
        outcome: Outcome,
    ) -> None:
        """Adds the stories that are complete with the event to the findings."""
        said = storyteller.words(todo, seen, state.habits, findings, outcome.errors)
        if not said:
            story.forget(state.steps, max(at, state.habits.last_at), todo.seconds)
            return
        for finding, end in storyteller.tell(todo, seen, at, state, source, list(findings), said):
            findings.append(finding)
            if finding.event_id != seen.event.event_id:
                _attach(finding, end, state)

    # learn

    def _wait(self, seen: Sighting, at: float, findings: list[Finding], state: UserState) -> Pending:
        event, client = seen.event, seen.event.where
        encoded = _ENCODE.encode(event)
        for other in state.pending:  # an event that is known again no more doesn't need its findings by heart
            if other.findings:
                if recent.holds(state.recent, other.event_id):
                    break  # and so are those after it
                other.findings = b""
        waiting = Pending(
            event_id=event.event_id,
            at=at,
            event=encoded if len(encoded) <= MAX_KEPT_BYTES else b"",
            found=[FoundBefore(f.finding_id, f.detector, f.severity, "", list(f.story_events)) for f in findings],
            session_id=(client.session_id or "")[: condemned.LONGEST],
            device=(client.device_id or "")[: condemned.LONGEST],
            network=seen.network,
            topic=TOPIC_OF[type(event)],
            findings=_ENCODE.encode(findings) if findings else b"",
            address=_address(event),
        )
        state.pending.append(waiting)
        clearing.thin(state.pending, waiting)
        clearing.make_room(state.pending)
        return waiting

    def _learn(self, verbs: Sequence[Verb], seen: Sighting, state: UserState, outcome: Outcome) -> None:
        event = seen.event
        self._each(verbs, seen, state, outcome)
        self._risk_verb(outcome, self.risk.learn, seen, state.habits)
        if isinstance(event, Login) and event.outcome == "success" and event.where.session_id:
            session = fingerprint(event.where.session_id)
            if session not in state.sessions:
                state.sessions = [*state.sessions, session][-MAX_SESSIONS:]

    def _settle(self, state: UserState, now: float, source: Source | None, outcome: Outcome) -> None:
        """Clears what a quiet day clears, unless its device, network or address is condemned; forgets what has waited too long."""
        for waiting in state.pending:
            if now - waiting.at >= clearing.QUIET:
                break
        else:
            return
        for waiting in clearing.expired(state.pending, now):
            state.pending.remove(waiting)
        for waiting in clearing.quiet(state.pending, now):
            if not any(waiting is done for done in outcome.cleared) and not condemned.among(state, condemned.of_pending(waiting)):
                self._clear(waiting, state, source, outcome)

    def _clear(self, waiting: Pending, state: UserState, source: Source | None, outcome: Outcome, *, confirmed: bool = False) -> None:
        """Learns it after all; with a sign-in the others from there that say no more."""
        together = [waiting, *(clearing.alike(waiting, state.pending) if waiting.topic == "logins" else ())]
        for one in together:
            state.pending.remove(one)
            state.steps = story.cleared(state.steps, one.event_id, frozenset() if confirmed else self._patient)
            outcome.cleared.append(one)
            if one.event:
                event = _EVENT.decode(one.event)
                self._learn(self._plans[type(event)].of(event).learn, self._seen(event, source, confirmed), state, outcome)

    # verdicts

    def _verdict(self, verdict: Verdict, state: UserState, source: Source | None, outcome: Outcome) -> None:
        matches = clearing.concerned(verdict.about, state.pending)
        for waiting in matches:
            self._judge(verdict, waiting, state, source, outcome)
        if matches:
            return
        step = next((s for s in state.steps if s.event_id == verdict.about), None)
        if step is not None:  # nothing waits with it, a detector was warming up or off; it still may be cleared of being part of a story
            learned = Pending(step.event_id, step.at, b"", [], session_id=step.facts.get("session_id", ""))
            if clearing.answer(verdict, learned, self._standing(verdict, state)) == "cleared":
                state.steps = [s for s in state.steps if s.event_id != verdict.about]
        elif not recent.holds(state.recent, verdict.about):
            early = EarlyVerdict(verdict.about, verdict.at, _ENCODE.encode(verdict))
            if len(early.verdict) <= MAX_KEPT_BYTES:
                state.early_verdicts = [*state.early_verdicts, early][-MAX_EARLY:]

    def _judge(self, verdict: Verdict, waiting: Pending, state: UserState, source: Source | None, outcome: Outcome) -> None:
        answer = clearing.answer(verdict, waiting, self._standing(verdict, state))
        if answer == "cleared" and verdict.via == "link" and self._contact_changed(verdict, state):
            answer = "recorded"
        if answer == "cleared":
            condemned.acquit(state, condemned.of_pending(waiting))
            self._clear(waiting, state, source, outcome, confirmed=True)
        elif answer == "condemned":
            state.pending.remove(waiting)
            condemned.condemn(state, self._strange(waiting, state), waiting.at)
            if waiting.event:
                seen = self._seen(_EVENT.decode(waiting.event), source)
                self._risk_verb(outcome, refuse, seen, state.habits.login.traits, max(verdict.at, waiting.at))
            outcome.condemned.append(waiting)
        elif answer == "recorded":
            outcome.recorded.append(waiting)

    def _contact_changed(self, verdict: Verdict, state: UserState) -> bool:
        """Whether the mailbox or phone that a link went to is itself in question: it was changed, and that still waits. A session or
        network known before speaks for itself."""
        standing = self._standing(verdict, state)
        if standing.session_known or standing.network_known:
            return False
        changes = (_EVENT.decode(p.event) for p in state.pending if p.event and p.topic == "account-changes")
        return any(isinstance(e, AccountChange) and e.change in ("email_changed", "phone_changed") for e in changes)

    def _standing(self, verdict: Verdict, state: UserState) -> clearing.Standing:
        client = verdict.where
        place = self.surroundings.place(client.ip)
        network = network_key(place, client.ip)
        known = bool(network) and not place.shared_exit and network in state.habits.login.networks
        return clearing.Standing(bool(client.session_id) and fingerprint(client.session_id or "") in state.sessions, known)

    def _strange(self, waiting: Pending, state: UserState) -> set[tuple[str, str]]:
        """What a fraudulent event came with that the account did not know; what it knew is its owner's."""
        login = state.habits.login
        device = "" if login.device(fingerprint(waiting.device)) else waiting.device
        network = "" if waiting.network in login.networks else waiting.network
        address, payees = waiting.address, state.habits.transfer
        paid = payees.knows(normal(address), "") or any(known.address == normal(address) for known in payees.payees)
        return condemned.marks(device, network, "" if paid else address)

    def _early(self, seen: Sighting, at: float, findings: list[Finding], state: UserState, source: Source | None, outcome: Outcome) -> None:
        """Verdicts that came before this event: about it, a finding on it, or the notice of one."""
        event = seen.event
        names = {event.event_id}
        for found in findings:
            names |= {found.finding_id, notice_id(event.event_id, event.user_id, found.detector)}
        for early in [e for e in state.early_verdicts if e.about in names]:
            state.early_verdicts.remove(early)
            verdict = _VERDICT.decode(early.verdict)
            waiting = next((p for p in state.pending if p.event_id == event.event_id), None)
            if waiting is None and verdict.label == "fraud" and not outcome.condemned:
                waiting = self._wait(seen, at, [], state)
            if waiting is not None:
                self._judge(verdict, waiting, state, source, outcome)


def _address(event: Any) -> str:
    """Where a transfer goes to; '' for any other event."""
    return normal(event.address or "")[: condemned.LONGEST] if isinstance(event, Transfer) and event.direction == "withdrawal" else ""


def _attach(finding: Finding, end: Step, state: UserState) -> None:
    """A story completed by an event that came before: its finding waits with that one."""
    found = FoundBefore(finding.finding_id, finding.detector, finding.severity, "", list(finding.story_events))
    for waiting in state.pending:
        if waiting.event_id == end.event_id:
            waiting.found.append(found)
            waiting.findings = _ENCODE.encode([*(_FINDINGS.decode(waiting.findings) if waiting.findings else []), finding])
            return
    waiting = Pending(end.event_id, end.at, b"", [found], session_id=end.facts.get("session_id", ""), findings=_ENCODE.encode([finding]))
    state.pending.append(waiting)


__all__ = ["Engine", "Outcome"]
