"""Freeman et al. (NDSS 2016) as it stands in the paper, to compare with: address, agent, and what lies above them, two features.

The chance of a feature is backed off linearly over its levels, the unseen get the weight of one more value, and every user is as likely
attacked as any other, whatever his part in all sign-ins.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from domain.ports import Surroundings

WEIGHTS = ((0.5, 0.3, 0.2), (0.4, 0.3, 0.2, 0.1))
"""Of an address: itself, network, country; of an agent: whole, browser with version, system, kind of device."""


class Freeman:
    """Scores a sign-in, then learns it; high means an attack."""

    def __init__(self, surroundings: Surroundings):
        self._surroundings = surroundings
        self._all = [[Counter[str]() for _ in weights] for weights in WEIGHTS]
        self._seen = 0
        self._own: dict[str, list[list[Counter[str]]]] = defaultdict(lambda: [[Counter[str]() for _ in weights] for weights in WEIGHTS])

    def __call__(self, event: dict[str, Any]) -> float:
        """p(address) / p(address | user) * p(agent) / p(agent | user) / p(user)."""
        client, own = event["client"], self._own[event["user_id"]]
        score = (self._seen + 1) / (own[0][0].total() + 1)
        place, agent = self._surroundings.place(client.get("ip")), self._surroundings.agent(client.get("user_agent"))
        values = (
            (client.get("ip", ""), place.network, place.country),
            (
                client.get("user_agent", ""),
                f"{agent.browser} {agent.version}",
                agent.system,
                "mobile" if agent.system in _PHONES else "computer",
            ),
        )
        for feature, weights in enumerate(WEIGHTS):
            theirs, mine = self._all[feature], own[feature]
            score *= _chance(theirs, self._seen, values[feature], weights) / _chance(mine, mine[-1].total(), values[feature], weights)
        self._seen += 1
        for feature in range(len(WEIGHTS)):
            for counts in (self._all[feature], own[feature]):
                for level, value in enumerate(values[feature]):
                    counts[level][value] += 1
        return score


_PHONES = ("iPhone", "iPad", "Android")


def _chance(counts: list[Counter[str]], n: int, values: tuple[str, ...], weights: tuple[float, ...]) -> float:
    """`n`: sign-ins counted, the same on each level."""
    chance = 0.0
    for seen, value, weight in zip(counts, values, weights, strict=True):
        chance += weight * ((seen[value] or 1.0 / (len(seen) + 1)) / (n + 1))
    return chance
