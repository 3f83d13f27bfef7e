"""What is kept of one user is small, after months of life and under an attack."""

from __future__ import annotations

import statistics
from collections import defaultdict
from functools import cache
from ipaddress import ip_network

import msgspec
import pytest

from detectors.engine import Engine
from domain.events import Event
from domain.place import NOWHERE, Agent, Place
from domain.profile import UserState, decode, encode
from embedded.exchange.networks import networks
from embedded.exchange.world import Exchange, with_attacks
from stores.agents import describe
from tests.support.registry import loaded

pytestmark = pytest.mark.slow

ORIGIN, DAY = 1_770_000_000.0, 86_400.0


class ExchangeSurroundings:
    """The simulated exchange's own networks, so that the real data need not be unpacked; agents as they are."""

    def __init__(self) -> None:
        self.blocks = {
            str(ip_network(n.prefix).network_address + 256 * quarter).rpartition(".")[0]: Place(
                n.country, n.city, n.lat, n.lon, n.asn, n.org, n.kind in ("hosting", "vpn")
            )
            for n in networks()
            for quarter in range(4)
        }

    def place(self, ip: str | None) -> Place:
        return self.blocks.get((ip or "").rpartition(".")[0], NOWHERE)

    def agent(self, user_agent: str | None) -> Agent:
        return _agent(user_agent) if user_agent else Agent()


_agent = cache(describe)


def lived(seed: int, attack_every: float) -> list[UserState]:
    """The states of sixteen people after two months of habits and surprises; in the second with an attack on one of them every so often."""
    exchange, engine = Exchange(seed, 16, ORIGIN), Engine(loaded(), ExchangeSurroundings())
    states = defaultdict[str, UserState](UserState)
    for _, raw in with_attacks(exchange, ORIGIN + 60 * DAY, ORIGIN + 30 * DAY, attack_every):
        event = msgspec.convert(raw, Event)
        assert not engine.apply(event, states[event.user_id]).errors
    return list(states.values())


@pytest.mark.parametrize(("every", "typical"), [(30 * DAY, 2048), (2 * DAY, 4096)], ids=["ordinary life", "under attack"])
def test_a_profile_is_small(every: float, typical: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Typically two kilobytes; those with much that waits for an answer are larger, within bounds. Encoding is stable."""
    states = lived(3, every)
    sizes = sorted(len(encode(state)) for state in states)
    with capsys.disabled():
        print(f"\n  bytes a profile: median {statistics.median(sizes):.0f}, mean {statistics.mean(sizes):.0f}, largest {sizes[-1]}")

    assert statistics.median(sizes) <= typical
    assert statistics.mean(sizes) <= 2 * typical
    assert sizes[-1] <= 32_768
    assert all(encode(decode(encode(state))) == encode(state) for state in states)
