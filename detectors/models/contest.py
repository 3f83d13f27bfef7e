"""Champion and challenger: two models of a family that learn the same truths at different paces, and the rule by which they change places.

Both are asked about each truth before either learns it (prequential evaluation: Gama, Sebastiao and Rodrigues, Machine Learning 90, 2013,
doi:10.1007/s10994-012-5320-9), and truths are verdicts, days late. The challenger takes the champion's place when, since they last changed
places, LEAST_FRAUDS frauds were told, its log loss was lower by MARGIN of the champion's, and that by SURE standard errors of the paired
differences. The champion goes on as the challenger, so a promotion that was a mistake is taken back by the same rule.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, MutableMapping
from typing import Any

from detectors.models.learner import GENUINE_KEPT, Record
from detectors.models.linear import RATE
from detectors.models.supervised import Supervised, restored

PACES = (RATE, RATE / 4.0)
"""Rates of learning: quick, and slow, which is better where little changes and truths are noisy."""
MEMORY = 2_000.0
"""Truths over which losses are averaged; older ones fade."""
LEAST_FRAUDS = 50
MARGIN = 0.02
SURE = 3.0
LAST = 2_000
"""Truths of which the average precision is told."""


class Loss:
    """A mean of log losses that fades."""

    def __init__(self, weight: float = 0.0, total: float = 0.0) -> None:
        self.weight, self.total = weight, total

    def add(self, loss: float, weight: float) -> None:
        """What a truth cost, in nats."""
        fade = math.exp(-weight / MEMORY)
        self.weight = self.weight * fade + weight
        self.total = self.total * fade + weight * loss

    @property
    def mean(self) -> float:
        """Nats a truth; 0 before the first."""
        return self.total / self.weight if self.weight else 0.0


def log_loss(logit: float, fraud: bool) -> float:
    """Nats that the truth costs who said these log odds."""
    return math.log1p(math.exp(min(max(-logit if fraud else logit, -35.0), 35.0)))


class Pair:
    """The two of one family, as far as they were compared."""

    def __init__(self, challenger: Supervised):
        self.challenger = challenger
        self.champion_loss, self.challenger_loss = Loss(), Loss()
        self.last: deque[tuple[float, float, bool, float]] = deque(maxlen=LAST)
        """Log odds of champion and challenger, the truth, how many it stands for."""
        self.exchanges, self.exchanged_at = 0, 0.0
        self.begin()

    def begin(self) -> None:
        """From here on nothing is known of which is better."""
        self.frauds = 0
        self._weight = self._weights = self._gain = self._gains = self._lost = 0.0

    def compare(self, champion: float, challenger: float, fraud: bool, weight: float) -> None:
        """Takes what both said of a truth."""
        lost, other = log_loss(champion, fraud), log_loss(challenger, fraud)
        self.champion_loss.add(lost, weight)
        self.challenger_loss.add(other, weight)
        self.last.append((champion, challenger, fraud, weight))
        gain = lost - other
        self.frauds += fraud
        self._weight += weight
        self._weights += weight * weight
        self._gain += weight * gain
        self._gains += weight * gain * gain
        self._lost += weight * lost

    def better(self) -> bool:
        """Whether the challenger is, by the rule."""
        if self.frauds < LEAST_FRAUDS:
            return False
        mean = self._gain / self._weight
        if mean <= MARGIN * self._lost / self._weight:
            return False
        variance = max(self._gains / self._weight - mean * mean, 0.0) * self._weights / self._weight**2
        return mean > SURE * math.sqrt(variance)

    def exchange(self, champion: Supervised, at: float) -> Supervised:
        """The challenger as the new champion; the old one goes on in its place."""
        promoted, self.challenger = self.challenger, champion
        self.champion_loss, self.challenger_loss = self.challenger_loss, self.champion_loss
        self.last = deque(((b, a, fraud, weight) for a, b, fraud, weight in self.last), maxlen=LAST)
        self.exchanges, self.exchanged_at = self.exchanges + 1, at
        self.begin()
        return promoted

    def precisions(self) -> tuple[float | None, float | None]:
        """Average precision of champion and challenger over the last truths; None where no fraud is among them."""
        return average_precision([(a, f, w) for a, _, f, w in self.last]), average_precision([(b, f, w) for _, b, f, w in self.last])

    def export(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "challenger": self.challenger.export(),
            "pace": self.challenger.model.rate,
            "losses": [self.champion_loss.weight, self.champion_loss.total, self.challenger_loss.weight, self.challenger_loss.total],
            "sums": [self.frauds, self._weight, self._weights, self._gain, self._gains, self._lost],
            "exchanges": [self.exchanges, self.exchanged_at],
            "last": [list(one) for one in self.last],
        }

    @classmethod
    def restored(cls, data: Any) -> Pair:
        """Goes on from what was exported. Raises ValueError, TypeError or KeyError for anything else."""
        challenger = restored(data["challenger"])
        challenger.model.rate = float(data["pace"])
        made = cls(challenger)
        a, b, c, d = (float(value) for value in data["losses"])
        made.champion_loss, made.challenger_loss = Loss(a, b), Loss(c, d)
        made.frauds = int(data["sums"][0])
        made._weight, made._weights, made._gain, made._gains, made._lost = (float(value) for value in data["sums"][1:])
        made.exchanges, made.exchanged_at = int(data["exchanges"][0]), float(data["exchanges"][1])
        made.last.extend((float(x), float(y), bool(fraud), float(weight)) for x, y, fraud, weight in data["last"])
        return made


class Contest:
    """`champions`: models by family as the learner has them; a promoted challenger takes its place there."""

    def __init__(self, champions: MutableMapping[str, Supervised]):
        self.champions = champions
        self.pairs: dict[str, Pair] = {}

    def truth(self, record: Record, fraud: bool) -> bool:
        """Asks both about a truth that the champion is about to learn, and teaches the challenger; whether they changed places."""
        champion = self.champions.get(record.family)
        if champion is None or len(record.row) != len(champion.family.names):
            return False
        pair = self.pairs.get(record.family)
        if pair is None:
            pair = self.pairs[record.family] = Pair(restored(champion.export()))
            pair.challenger.model.rate = PACES[1] if champion.model.rate == PACES[0] else PACES[0]
        weight = 1.0 if fraud else float(GENUINE_KEPT)
        pair.compare(champion.logit(record.row, record.rules), pair.challenger.logit(record.row, record.rules), fraud, weight)
        pair.challenger.learn(record.row, record.rules, fraud, weight)
        if not pair.better():
            return False
        self.champions[record.family] = pair.exchange(champion, record.at)
        return True

    def export(self) -> dict[str, Any]:
        """Plain data by family."""
        return {name: pair.export() | {"champion": self.champions[name].model.rate} for name, pair in self.pairs.items()}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Goes on from that; a family of other features begins anew."""
        for name, one in data.items():
            try:
                pair, pace = Pair.restored(one), float(one["champion"])
            except (ValueError, TypeError, KeyError, IndexError):
                continue
            if name in self.champions:
                self.pairs[name] = pair
                self.champions[name].model.rate = pace


def average_precision(said: list[tuple[float, bool, float]]) -> float | None:
    """Of (score, fraud, weight), the mean of the precision at each threshold by the recall that it adds; None without frauds."""
    total = sum(weight for _, fraud, weight in said if fraud)
    if not total:
        return None
    found = taken = area = 0.0
    ordered = sorted(said, key=lambda one: -one[0])
    place = 0
    while place < len(ordered):
        score, hits = ordered[place][0], 0.0
        while place < len(ordered) and ordered[place][0] == score:
            _, fraud, weight = ordered[place]
            taken += weight
            hits += weight if fraud else 0.0
            place += 1
        found += hits
        area += hits * found / taken
    return area / total
