"""The risk of an event in words: what contributed, with values, and how much history of the account's own stands behind it."""

from __future__ import annotations

from dataclasses import dataclass

from console import sentences
from console.html import in_words, number
from console.models import words
from domain.messages import Judgement

NAMES = {
    "base": "Before anything is known: one in a thousand",
    "suspicion": "What session or device is suspected of",
    "warming_up": "Too little is known of the account",
    "alerts": "Alerts on the event",
    "rest": "All else together",
    "own": "The amount, against the account's own",
}


@dataclass(frozen=True)
class Row:
    """A contribution as the page says it."""

    words: str
    feature: str
    value: float | None
    nats: float
    largest: float


def rows(judged: Judgement | None) -> list[Row]:
    """The largest first; together they are the log odds."""
    if judged is None:
        return []
    largest = max((abs(part.nats) for part in judged.parts), default=1.0) or 1.0
    known = {name: text for (_, name), text in words().items()}
    return [Row(_words(part.feature, known), part.feature, part.value, part.nats, largest) for part in judged.parts]


def _words(feature: str, known: dict[str, str]) -> str:
    if feature in NAMES:
        return NAMES[feature]
    if feature in sentences.TITLES:
        return f"Alert: {sentences.title(feature)}"
    text = known.get(feature)
    return text[:1].upper() + text[1:] if text else in_words(feature)


def rests_on(judged: Judgement | None) -> str:
    """How much is known, what stands in for the rest, and whether verdicts had a part."""
    if judged is None:
        return ""
    many = f"{number(judged.history)} own event{'' if judged.history == 1 else 's'}"
    stands = {
        "own": f"Rests on {many}.",
        "few": f"Cold start: rests on {many}, shrunk towards what is common.",
        "all": "Cold start: nothing is known of this account yet; what is common among all accounts stands in.",
    }[judged.leans_on]
    model = (
        f" A model that learned {number(judged.frauds_learned)} frauds has its part in it."
        if judged.frauds_learned
        else " No verdict had a part in it: rules and statistics alone."
    )
    return stands + model
