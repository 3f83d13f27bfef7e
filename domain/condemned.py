"""Devices, networks and addresses that a verdict named fraudulent."""

from __future__ import annotations

from domain.clearing import KEPT
from domain.profile import MAX_CONDEMNED, Condemned, Pending, UserState

LONGEST = 128


def marks(device: str | None, network: str | None, address: str | None) -> set[tuple[str, str]]:
    """(kind, key) of what there is; cut to LONGEST."""
    named = (("device", device), ("network", network), ("address", address))
    return {(kind, key[:LONGEST]) for kind, key in named if key}


def of_pending(waiting: Pending) -> set[tuple[str, str]]:
    """What a waiting event came from and went to."""
    return marks(waiting.device, waiting.network, waiting.address)


def among(state: UserState, mine: set[tuple[str, str]]) -> bool:
    """Whether any of them is condemned."""
    return bool(state.condemned) and any((c.kind, c.key) in mine for c in state.condemned)


def network_lately(state: UserState, network: str, at: float) -> bool:
    """Whether a verdict named the network fraudulent by what happened there up to KEPT seconds before `at`.

    Verdicts condemn for the account that they are about alone: what a thief did by a carrier or a large provider is held against none of
    its other customers.
    """
    key = network[:LONGEST]
    return bool(key) and any(c.kind == "network" and c.key == key and at - c.at <= KEPT for c in state.condemned)


def condemn(state: UserState, mine: set[tuple[str, str]], at: float) -> None:
    """Remembers them; the oldest make room."""
    state.condemned = [c for c in state.condemned if (c.kind, c.key) not in mine]
    state.condemned.extend(Condemned(kind, key, int(at)) for kind, key in sorted(mine))
    state.condemned = state.condemned[-MAX_CONDEMNED:]


def acquit(state: UserState, mine: set[tuple[str, str]]) -> None:
    """Forgets that they were condemned."""
    if state.condemned:
        state.condemned = [c for c in state.condemned if (c.kind, c.key) not in mine]
