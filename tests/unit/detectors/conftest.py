"""The registry once, and an engine over named places."""

from __future__ import annotations

import pytest

from detectors.cases import NamedSurroundings
from detectors.engine import Engine
from detectors.registry import Registry
from domain.profile import UserState
from tests.support.events import habits_of_a_month
from tests.support.registry import loaded


@pytest.fixture(scope="session")
def registry() -> Registry:
    """As the .yml files say."""
    return loaded()


@pytest.fixture
def engine(registry: Registry) -> Engine:
    """All detectors, nothing configured, no cohort models."""
    return Engine(registry, NamedSurroundings())


@pytest.fixture
def settled(engine: Engine) -> UserState:
    """An account with a month of habits, and nothing pending."""
    state = UserState()
    for past in habits_of_a_month():
        engine.apply(past, state)
    assert not state.pending
    return state
