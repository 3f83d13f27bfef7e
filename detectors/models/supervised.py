"""A supervised model of one family of events: learns from verdicts on rows that were kept from the events' moments."""

from __future__ import annotations

import math
from typing import Any

from detectors.models.families import FAMILIES, Family
from detectors.models.linear import Logistic

VERSION = 1
LEAST_RULES = 0.05
"""An alert always raises the odds, if by little."""
INTERCEPT = -4.0


class Supervised:
    """Log odds of fraud from a row and the nats of alerts."""

    def __init__(self, family: Family):
        self.family = family
        self.rules = family.encoder.size
        """The place of the alerts, behind those of the features."""
        self.model = Logistic(self.rules + 1, {self.rules: LEAST_RULES}, INTERCEPT)
        self.frauds = 0
        self.genuine = 0

    def logit(self, row: tuple[float, ...], rules: float) -> float:
        """Log odds of fraud."""
        places, parts = self.family.encoder.encode(row)
        model = self.model
        return model.logit(places, parts) + model.weights[self.rules] * rules

    def learn(self, row: tuple[float, ...], rules: float, fraud: bool, weight: float) -> None:
        """Takes the truth about an event. `weight`: how many like it this one stands for."""
        places, parts = self.family.encoder.encode(row)
        if rules:
            places.append(self.rules)
            parts.append(rules)
        self.model.learn((places, parts), fraud, weight)
        if fraud:
            self.frauds += 1
        else:
            self.genuine += 1

    def contributions(self, row: tuple[float, ...], rules: float) -> list[tuple[str, float]]:
        """By feature, and `base`; add up to `logit`. A cross counts half for each of its two."""
        encoder, weights = self.family.encoder, self.model.weights
        found: dict[str, float] = {"base": self.model.intercept}
        for place, part in zip(*encoder.encode(row), strict=True):
            owners = encoder.owner(place)
            for owner in owners:
                name = self.family.names[owner]
                found[name] = found.get(name, 0.0) + weights[place] * part / len(owners)
        if rules:
            found["alerts"] = weights[self.rules] * rules
        return list(found.items())

    def export(self) -> dict[str, Any]:
        """Plain data: names and shape of the features, weights and squares of those places that were ever learned."""
        model = self.model
        used = [place for place, square in enumerate(model.squares) if square]
        return {
            "version": VERSION,
            "family": self.family.name,
            "names": list(self.family.names),
            "size": self.rules + 1,
            "places": used,
            "weights": [model.weights[place] for place in used],
            "squares": [model.squares[place] for place in used],
            "intercept": model.intercept,
            "frauds": self.frauds,
            "genuine": self.genuine,
        }


def restored(data: Any) -> Supervised:
    """The model that exported this. Raises ValueError, TypeError or KeyError for anything else: other features, infinite values."""
    family = next((f for f in FAMILIES.values() if f.name == data["family"]), None)
    if family is None or data["version"] != VERSION or tuple(data["names"]) != family.names:
        raise ValueError("a model of other features")
    model = Supervised(family)
    if data["size"] != model.rules + 1:
        raise ValueError("a model of another size")
    values = [*data["weights"], *data["squares"], data["intercept"]]
    if not all(isinstance(value, int | float) and math.isfinite(value) for value in values):
        raise ValueError("expected finite numbers")
    for place, weight, square in zip(data["places"], data["weights"], data["squares"], strict=True):
        if not 0 <= place < data["size"] or square < 0:
            raise ValueError("a place out of range")
        model.model.weights[place], model.model.squares[place] = float(weight), float(square)
    model.model.intercept = float(data["intercept"])
    model.frauds, model.genuine = int(data["frauds"]), int(data["genuine"])
    return model
