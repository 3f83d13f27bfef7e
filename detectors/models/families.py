"""Which features an event is judged by: a module of detectors.models.features a family."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import msgspec

from detectors.base import Sighting
from detectors.models.grid import Cross, Encoder, Grid, default_grid
from domain.events import AccountChange, Input, Login, Trade, Transfer
from domain.habits import Habits

Row = tuple[float, ...]


class Family(msgspec.Struct, frozen=True):
    """One module of features, with what it leaves out filled in."""

    name: str
    names: tuple[str, ...]
    grids: tuple[Grid, ...]
    crosses: tuple[Cross, ...]
    encoder: Encoder
    asked: Callable[[Sighting], bool]
    """Whether the event is one to judge by features; default: always."""
    features: Callable[[Sighting, Habits], Row]
    evidence: Callable[[Row], Iterable[tuple[str, float]]]
    """Nats by name without any classifier; default: none."""
    covered: frozenset[str]
    """Detectors whose alerts say nothing that is not evidence already, and `suspicion` where that is; default: none."""
    tails: tuple[str, ...]
    """Of these names the nats are an order, and their worth is counted (models.tails); default: none."""
    crowd_keys: Callable[[Sighting], Iterable[tuple[str, str]]] | None
    """Sets in the crowd that the features read; default: none."""
    count: Callable[[Sighting, Habits, Row], None]
    learn: Callable[[Sighting, Habits], None]
    plain: Callable[[Row], bool]
    """Whether a fraud with such a row was ordinary for its account, so that it tells something of where it went; default: yes."""
    knows: Callable[[Row], bool]
    """Whether the row tells of frauds where the event goes, so that a condemned address adds nothing; default: no."""


def family(name: str, module: ModuleType | Any) -> Family:
    """The family of a module with NAMES and features, and what else it has of GRIDS, CROSSES, asked, evidence, COVERED, TAILS,
    crowd_keys, count, learn."""
    grids = tuple(getattr(module, "GRIDS", None) or map(default_grid, module.NAMES))
    if tuple(grid.name for grid in grids) != tuple(module.NAMES):
        raise ValueError(f"{name}: GRIDS and NAMES differ")
    crosses = tuple(getattr(module, "CROSSES", ()))
    return Family(
        name=name,
        names=tuple(module.NAMES),
        grids=grids,
        crosses=crosses,
        encoder=Encoder(grids, crosses),
        asked=getattr(module, "asked", lambda seen: True),
        features=module.features,
        evidence=getattr(module, "evidence", lambda row: ()),
        covered=getattr(module, "COVERED", frozenset()),
        tails=tuple(getattr(module, "TAILS", ())),
        crowd_keys=getattr(module, "crowd_keys", None),
        count=getattr(module, "count", lambda seen, habits, row: None),
        learn=getattr(module, "learn", lambda seen, habits: None),
        plain=getattr(module, "plain", lambda row: True),
        knows=getattr(module, "knows", lambda row: False),
    )


def _all() -> dict[type[Input], Family]:
    found: dict[type[Input], Family] = {}
    for struct, name in ((Transfer, "transfer"), (Login, "login"), (Trade, "trade"), (AccountChange, "account")):
        if find_spec(f"detectors.models.features.{name}") is not None:
            found[struct] = family(name, import_module(f"detectors.models.features.{name}"))
    return found


FAMILIES = _all()
