"""Where no device ids are told, a network that a verdict condemned lets in nobody's new agent by silence."""

from __future__ import annotations

import pytest

from detectors.cases import NamedSurroundings
from detectors.engine import Engine
from detectors.models.partition import Cohorts
from detectors.registry import Registry
from domain.clearing import KEPT
from domain.profile import UserState
from tests.support.events import DAY, HOUR, LAPTOP, login, verdict

OWN = {key: value for key, value in LAPTOP.items() if key != "device_id"}
THERE = {"ip": "potsdam"}
THIEF = THERE | {"user_agent": "Firefox 140 on Linux"}
NETWORK = "as6805"


@pytest.fixture
def engine(registry: Registry) -> Engine:
    """With models of what others do."""
    return Engine(registry, NamedSurroundings(), Cohorts())


@pytest.fixture
def robbed(engine: Engine) -> UserState:
    """Two months of one browser, then a thief from elsewhere, whom a verdict names."""
    state = lived(engine)
    engine.apply(login(0, THIEF, event_id="theft"), state)
    engine.apply(verdict("theft", HOUR, "fraud", "analyst"), state)
    assert [(c.kind, c.key) for c in state.condemned] == [("network", NETWORK)]
    return state


def lived(engine: Engine) -> UserState:
    """Two months of one browser."""
    state = UserState()
    for day in range(-60, 0):
        engine.apply(login(day * DAY, OWN), state)
    return state


def test_what_nothing_is_odd_about_waits_all_the_same(engine: Engine, robbed: UserState) -> None:
    """A sign-in that tells no agent raises nothing; learned, it would make the thief's network known."""
    learned = robbed.habits.login.count
    for day in range(2, 9):
        outcome = engine.apply(login(day * DAY, THERE), robbed)
        assert outcome.findings == []

    assert robbed.habits.login.count == learned
    assert NETWORK not in robbed.habits.login.networks


def test_after_its_deadline_it_is_forgotten_unlearned(engine: Engine, robbed: UserState) -> None:
    """As all that nobody speaks about."""
    engine.apply(login(DAY, THERE), robbed)
    engine.apply(login(KEPT + 2 * DAY, OWN), robbed)

    assert robbed.pending == []
    assert NETWORK not in robbed.habits.login.networks


def test_called_genuine_it_is_learned(engine: Engine, robbed: UserState) -> None:
    """By its own id, for it has no finding; the network is cleared with it."""
    engine.apply(login(DAY, THERE, event_id="mine"), robbed)
    outcome = engine.apply(verdict("mine", DAY + HOUR, "genuine", "analyst"), robbed)

    assert [waiting.event_id for waiting in outcome.cleared] == ["mine"]
    assert robbed.condemned == []
    assert NETWORK in robbed.habits.login.networks


def test_called_fraud_it_is_condemned(engine: Engine, robbed: UserState) -> None:
    """Also where nothing was found."""
    engine.apply(login(DAY, THERE, event_id="again"), robbed)
    outcome = engine.apply(verdict("again", DAY + HOUR, "fraud", "analyst"), robbed)

    assert [waiting.event_id for waiting in outcome.condemned] == ["again"]


def test_the_owners_own_browser_is_learned_there(engine: Engine, robbed: UserState) -> None:
    """Many share a network with a thief: at a carrier's, in a town."""
    engine.apply(login(DAY, OWN | THERE), robbed)

    assert NETWORK in robbed.habits.login.networks


def test_a_device_that_is_told_and_known_is_learned_there(engine: Engine) -> None:
    """Whatever its agent says."""
    state = UserState()
    for day in range(-60, 0):
        engine.apply(login(day * DAY), state)
    engine.apply(login(0, THIEF | {"device_id": "stranger"}, event_id="theft"), state)
    engine.apply(verdict("theft", HOUR, "fraud", "analyst"), state)
    engine.apply(login(DAY, {"device_id": "laptop", **THERE}), state)

    assert NETWORK in state.habits.login.networks


def test_other_accounts_on_the_network_go_on_learning(engine: Engine, robbed: UserState) -> None:
    """A verdict condemns for the account that it is about: a provider's other customers did nothing."""
    neighbour = lived(engine)
    engine.apply(login(DAY, THERE), neighbour)

    assert NETWORK in neighbour.habits.login.networks
    assert NETWORK not in robbed.habits.login.networks


def test_a_verdict_of_long_ago_keeps_nothing_back(engine: Engine, robbed: UserState) -> None:
    """Networks change hands."""
    engine.apply(login(KEPT + DAY, THERE), robbed)

    assert NETWORK in robbed.habits.login.networks
