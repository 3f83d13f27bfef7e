"""Why an event has the risk that it has: contributions that add up to its log odds, with the values behind them, and how much history of
the account's own stands behind that. For the security team; what a user is told is a sentence that teaches an attacker nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from detectors.models.risk import Judged, Risk
from detectors.outcome import Outcome
from domain.habits import Habits
from domain.messages import Finding, Judgement, LeansOn, Weight

FEW = 8
"""Events of the family found normal, below which the own statistics are shrunk towards what is common."""
SMALLEST = 0.005
"""Nats below which a contribution is told with the others, as `rest`."""


def tell(outcome: Outcome, risk: Risk, habits: Habits, event_id: str) -> None:
    """Puts the judgement of the event to its findings."""
    outcome.findings = attached(outcome.findings, risk, outcome.judged, habits, event_id)


def attached(findings: Sequence[Finding], risk: Risk, judged: Judged, habits: Habits, event_id: str) -> list[Finding]:
    """The findings; those on the event itself with its judgement."""
    said = judgement(risk, judged, habits)
    return [msgspec.structs.replace(found, judged=said) if found.event_id == event_id else found for found in findings]


def judgement(risk: Risk, judged: Judged, habits: Habits) -> Judgement:
    """What is told of an event's risk. The parts add up to the log odds."""
    names = judged.family.names if judged.family is not None else ()
    values = dict(zip(names, judged.row, strict=True)) if judged.row is not None else {}
    parts, rest = [], judged.logit
    for name, nats in risk.explain(judged):
        if abs(nats) >= SMALLEST:
            value = values.get(name, math.nan)
            parts.append(Weight(name, round(value, 4) if math.isfinite(value) else None, round(nats, 3)))
            rest -= parts[-1].nats
    if abs(rest) >= SMALLEST:
        parts.append(Weight("rest", None, round(rest, 3)))
    model = risk.models.get(judged.family.name) if judged.family is not None and judged.row is not None else None
    many, leans = history(judged, habits)
    return Judgement(
        risk=round(judged.risk, 6), log_odds=round(judged.logit, 3), parts=parts, history=many, leans_on=leans,
        frauds_learned=model.frauds if model is not None else 0,
    )  # fmt: skip


def history(judged: Judged, habits: Habits) -> tuple[int, LeansOn]:
    """How many events of the account's own, found normal, the judgement rests on, and what stands in where they are few: `own` statistics;
    the `few` there are, shrunk towards what is common; or those of `all` accounts alone."""
    many = {
        "transfer": habits.spending.count,
        "login": habits.login.count,
        "trade": habits.trade.count,
        "account": habits.login.count,
    }.get(judged.family.name if judged.family is not None else "", habits.events)
    return many, "own" if many >= FEW else "few" if many else "all"
