"""Risk of an event: the log odds that it is fraud, as a sum of parts.

Without labels: a base rate, the alerts that it raised (each worth as much as it is rare, models.rates), the improbability of its values
(`evidence` of its family's features), and what its session or device is suspected of. With labels, step by step: a model of the family
(models.supervised) learned from verdicts; its share grows with the frauds that it has seen. Alerts count in both, never downwards, so that
risk never falls because a rule fired.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from detectors.base import Sighting
from detectors.models.families import FAMILIES, Family
from detectors.models.learner import Record
from detectors.models.rates import PRIOR, Rates, worth
from detectors.models.supervised import Supervised
from detectors.models.tails import Tails
from domain.events import Transfer
from domain.habits import Habits
from domain.habits.login import fingerprint
from domain.ids import notice_id
from domain.messages import Finding
from domain.profile import Pending

BASE = -7.0
"""Log odds before anything is known: one in a thousand."""
CONDEMNED = 10.0
"""Nats for a device or address that a verdict named fraudulent."""
WARMING = 0.3
LESSER = 0.6
"""Each further alert on the same event counts so much of the one before: they see the same thing."""
KNOWING = 20.0
"""Frauds after which a supervised model counts half."""

Alert = tuple[str, str, float]
"""Detector, severity, how high its score is: 0.5 at its threshold, 1 at most."""
Part = tuple[str, float]


class Judged(msgspec.Struct):
    """What is known of an event's risk."""

    logit: float
    family: Family | None
    row: tuple[float, ...] | None
    """Features, where the event is one to judge by them."""
    rules: float
    """Nats of alerts and suspicions."""
    parts: list[Part]
    """Without labels: add up to the log odds without labels, with BASE."""
    said: Sequence[Part] = ()
    """The family's evidence under its own assumptions, before it was counted how seldom as much is said."""

    @property
    def risk(self) -> float:
        """In (0, 1)."""
        return 1.0 / (1.0 + math.exp(-self.logit))


class Risk:
    """`models`: supervised models by family; may be replaced between events."""

    def __init__(self, models: Mapping[str, Supervised] | None = None):
        self.models: Mapping[str, Supervised] = {} if models is None else models
        self._rates, self._tails = Rates(), Tails()

    def row(self, seen: Sighting, habits: Habits) -> tuple[Family | None, tuple[float, ...] | None]:
        """The features of the event's moment; None where the event is not one to judge by them."""
        family = FAMILIES.get(type(seen.event))
        if family is None or not family.asked(seen):
            return family, None
        return family, family.features(seen, habits)

    def judge(
        self, seen: Sighting, family: Family | None, row: tuple[float, ...] | None, alerts: Sequence[Alert], suspicion: float, warming: bool
    ) -> Judged:
        """`suspicion`: nats for what is known of session and device."""
        parts: list[Part] = []
        if row is not None and family is not None and family.covered:
            alerts = [alert for alert in alerts if alert[0] not in family.covered]
            if "suspicion" in family.covered:  # that the device is strange, and that too little is known, is in the evidence as well
                suspicion, warming = (suspicion if suspicion >= CONDEMNED else 0.0), False
        if alerts:
            parts = self._alerts(seen, alerts)
        if suspicion:
            parts.append(("suspicion", suspicion))
        rules = sum([nats for _, nats in parts]) if parts else 0.0
        if warming:
            parts.append(("warming_up", WARMING))
        said: Sequence[Part] = ()
        if row is not None and family is not None:
            said = tuple(family.evidence(row))
            parts.extend(self._worth(seen, family, said) if family.tails else said)
        logit = BASE + sum([nats for _, nats in parts]) if parts else BASE
        if row is not None and family is not None:
            model = self.models.get(family.name)
            if model is not None and model.frauds:
                share = model.frauds / (model.frauds + KNOWING)
                logit += share * (model.logit(row, rules) - logit)
        return Judged(min(max(logit, -35.0), 35.0), family, row, rules, parts, said)

    def explain(self, judged: Judged) -> list[Part]:
        """Contributions by name that add up to the log odds, largest first; `base` is what they start from."""
        found = {"base": BASE}
        for name, nats in judged.parts:
            found[name] = found.get(name, 0.0) + nats
        family, row = judged.family, judged.row
        model = self.models.get(family.name) if family is not None else None
        if row is not None and model is not None and model.frauds:
            share = model.frauds / (model.frauds + KNOWING)
            found = {name: (1.0 - share) * nats for name, nats in found.items()}
            for name, nats in model.contributions(row, judged.rules):
                found[name] = found.get(name, 0.0) + share * nats
        return sorted(found.items(), key=lambda part: -abs(part[1]))

    def count(self, seen: Sighting, habits: Habits, judged: Judged, alerts: Sequence[Alert]) -> None:
        """Takes what happened into rates and counters, flagged or not."""
        self._of(seen).count(type(seen.event).__name__, [name for name, _, height in alerts if height >= 0.5])
        family = judged.family
        if judged.row is not None and family is not None:
            if family.tails:
                said, tails = dict(judged.said), self._tails_of(seen)
                for name in family.tails:
                    tails.count(f"{family.name}.{name}", said.get(name, 0.0))
            family.count(seen, habits, judged.row)

    def learn(self, seen: Sighting, habits: Habits) -> None:
        """Takes an event that was found normal into the habits that only features ask for."""
        family = FAMILIES.get(type(seen.event))
        if family is not None:
            family.learn(seen, habits)

    def _worth(self, seen: Sighting, family: Family, said: Sequence[Part]) -> Iterable[Part]:
        tails = self._tails_of(seen)
        return [(name, tails.nats(f"{family.name}.{name}", nats) if name in family.tails else nats) for name, nats in said]

    def _tails_of(self, seen: Sighting) -> Tails:
        tails: Any = seen.cohort.tails if seen.cohort is not None else self._tails
        return tails  # type: ignore[no-any-return]

    def _alerts(self, seen: Sighting, alerts: Sequence[Alert]) -> list[Part]:
        rates, kind = self._of(seen), type(seen.event).__name__
        worths = sorted(((name, rates.nats(kind, name, severity) * height) for name, severity, height in alerts), key=lambda p: -p[1])
        return [(name, nats * LESSER**place) for place, (name, nats) in enumerate(worths)]

    def _of(self, seen: Sighting) -> Rates:
        rates: Any = seen.cohort.rates if seen.cohort is not None else self._rates
        return rates  # type: ignore[no-any-return]


def record(seen: Sighting, judged: Judged, findings: Sequence[Finding]) -> Record:
    """What is kept of an event until something is known of it. `judged` has a row."""
    event, client = seen.event, seen.event.where
    assert judged.family is not None
    assert judged.row is not None
    names: list[str] = []
    for found in findings:
        names += found.finding_id, notice_id(event.event_id, event.user_id, found.detector)
    return Record(
        event_id=event.event_id,
        user=fingerprint(event.user_id),
        at=event.at,
        family=judged.family.name,
        row=judged.row,
        rules=judged.rules,
        address=event.payee[0] if isinstance(event, Transfer) else "",
        device=str(fingerprint(client.device_id)) if client.device_id else "",
        network=seen.network,
        names=tuple(names),
    )


def anew(alerts: list[Alert], pending: Sequence[Pending]) -> list[Alert]:
    """Those that don't go on with what waits already: sixty fills of one theft are one alert, or the theft would pass for common."""
    if not pending:
        return alerts
    waiting = {found.detector for before in pending for found in before.found}
    return [alert for alert in alerts if alert[0] not in waiting]


def suspected(severity: str) -> float:
    """Nats for being done in a session, or from a strange device, of which an alert of that severity waits: half of the alert's own."""
    return 0.5 * worth(PRIOR.get(severity, 1.0))


def lifted(score: float, threshold: float) -> float:
    """A score for ranking, in [0, 1]: one half at the detector's threshold, far less below it. Scores of what isn't told are many, and
    several of them together are still no reason for suspicion."""
    if score < threshold:
        return 0.5 * float(score / threshold) ** 4
    return 0.5 + 0.5 * (score - threshold) / (1.0 - threshold) if threshold < 1.0 else 1.0
