"""An API key is used from a network, or an address, that it was never used from: programs hardly ever move.

Score: 0.9 for a network new to the key and the account, less the more of them it has been used from; 0.6 for another address in a network
that is known, where the key always came from one or two addresses.
"""

from __future__ import annotations

from typing import TypeVar

from detectors.base import NORMAL, WARMING_UP, Detector, Score, Sighting, WarmingUp
from detectors.gates import KEYED
from detectors.trading import keys
from domain.habits import Habits
from domain.habits.keys import MAX_ADDRESSES, MAX_NETWORKS, ApiKey
from domain.habits.login import fingerprint
from domain.messages import Reason

T = TypeVar("T")

_ROAMING = 0.12
"""Less a network that the key was used from beside the first."""


class ApiKeyNewAddress(Detector):
    """Hosting and VPN networks count like others: that is where programs live."""

    events = keys.EVENTS
    judges = teaches = KEYED
    minimum_uses: int
    minimum_hours: float
    stable_uses: int

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        client = seen.event.client
        if client is None or client.api_key_id is None or client.ip is None or keys.action(seen) is None:
            return NORMAL
        network = seen.network
        if not network:
            return NORMAL
        known = keys.known(seen, habits)
        if known is None or known.count < self.minimum_uses or seen.event.at - known.first_at < self.minimum_hours * 3600.0:
            return WARMING_UP
        value = self._strange(network, client.ip, known)
        if value <= 0.0 or (network in habits.login.networks and network not in known.networks):
            return NORMAL  # its owner tries it from home
        told = {"api_key": client.api_key_id[:128], "provider": seen.place.organization[:100]}
        usual = str(len(known.networks))
        return Score(
            value=value,
            reasons=[Reason("key_network", (seen.place.organization or network)[:100], usual, value)],
            subject=f"{fingerprint(client.api_key_id)}|{network}",
            facts={name: text for name, text in told.items() if text},
        )

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        client = seen.event.client
        if client is None or client.api_key_id is None or keys.action(seen) is None:
            return
        known = habits.keys.see(fingerprint(client.api_key_id), int(seen.event.at))
        known.count += 1
        network = seen.network
        if network and client.ip:
            known.networks = _last(known.networks, network, MAX_NETWORKS)
            known.addresses = _last(known.addresses, fingerprint(client.ip), MAX_ADDRESSES)

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        """`address` where the key comes from elsewhere."""
        client = seen.event.client
        known = None if client is None or client.ip is None else keys.known(seen, habits)
        network = seen.network if known is not None else ""
        return "address" if known is not None and network and known.networks and network not in known.networks else None

    def _strange(self, network: str, address: str, known: ApiKey) -> float:
        if not known.networks:
            return 0.0
        if network not in known.networks:
            return 0.9 - _ROAMING * (len(known.networks) - 1)
        stable = len(known.addresses) <= 2 and known.count >= self.stable_uses
        return 0.6 if stable and fingerprint(address) not in known.addresses else 0.0


def _last(seen: list[T], new: T, limit: int) -> list[T]:
    """With `new` at the end, the oldest beyond `limit` forgotten."""
    if seen and seen[-1] == new:
        return seen
    return [*(one for one in seen if one != new), new][-limit:]
