"""The engine with everything that comes along."""

from __future__ import annotations

from detectors.engine import Engine
from detectors.models.partition import Cohorts
from detectors.registry import Registry
from domain.crowd import Crowd
from domain.ports import Surroundings


def build_engine(surroundings: Surroundings, registry: Registry | None = None, crowd: Crowd | None = None) -> Engine:
    """`registry`: with an operator's changes (config.detectors.apply); default: as the .yml files say. `crowd`: default in memory."""
    return Engine(Registry.load() if registry is None else registry, surroundings, Cohorts(), crowd)
