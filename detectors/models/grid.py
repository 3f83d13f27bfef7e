"""Rows of numbers as sparse vectors for a linear model: each value lies between two points of a grid and activates both, in parts.

A linear model over that is a sum of piecewise linear functions, one a feature, and for a cross one of two features: it can learn any
threshold and any plateau, and its contributions are read off feature by feature. Grids are fixed, not learned: a snapshot of weights means
the same everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

Sparse = tuple[list[int], list[float]]
"""Places and their parts in (0, 1]; of one feature they add up to 1."""


class Grid(msgspec.Struct, frozen=True):
    """Points of one feature."""

    name: str
    meaning: str
    low: float
    high: float
    step: float
    log: bool = False
    """Of log(1 + value), and of -log(1 - value) below zero."""

    def place(self, value: float) -> float:
        """Where a number lies between the ends, in [0, 1]."""
        if self.log:
            value = math.log1p(value) if value >= 0.0 else -math.log1p(-value)
        return (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)

    @property
    def points(self) -> int:
        """How many there are."""
        return int((self.high - self.low) / self.step) + 2


class Cross(msgspec.Struct, frozen=True):
    """Two features together, on every n-th point of each of their grids."""

    first: int
    second: int
    thin_first: int
    thin_second: int


def default_grid(name: str) -> Grid:
    """For a number that nothing is known of: fine around zero, coarse far from it."""
    return Grid(name, name, -12.0, 12.0, 0.25, log=True)


class Encoder:
    """Rows -> Sparse. `size`: places altogether."""

    def __init__(self, grids: Sequence[Grid], crosses: Sequence[Cross]):
        self.grids, self.crosses = tuple(grids), tuple(crosses)
        self._features, self._pairs, place = [], [], 0
        for grid in grids:
            self._features.append((place, grid.log, grid.low, grid.high, 1.0 / grid.step))
            place += grid.points
        self._singles = place
        for cross in crosses:
            width = (grids[cross.second].points - 1) // cross.thin_second + 2
            self._pairs.append((place, cross.first, cross.second, 1.0 / cross.thin_first, 1.0 / cross.thin_second, width))
            place += ((grids[cross.first].points - 1) // cross.thin_first + 2) * width
        self.size = place

    def encode(self, row: Sequence[float]) -> Sparse:
        """Missing values (NaN) activate nothing. Raises ValueError where the row is of another length."""
        places: list[int] = []
        parts: list[float] = []
        at: list[float] = []
        for value, (start, log, low, high, per_step) in zip(row, self._features, strict=True):
            if value != value:
                at.append(-1.0)
                continue
            if log:
                value = math.log1p(value) if value >= 0.0 else -math.log1p(-value)
            where = (min(max(value, low), high) - low) * per_step
            at.append(where)
            point = int(where)
            part = where - point
            places.append(start + point)
            parts.append(1.0 - part)
            if part:
                places.append(start + point + 1)
                parts.append(part)
        for start, first, second, thin_first, thin_second, width in self._pairs:
            one, other = at[first], at[second]
            if one < 0.0 or other < 0.0:
                continue
            one *= thin_first
            other *= thin_second
            point, side = int(one), int(other)
            part, beside = one - point, other - side
            corner = start + point * width + side
            rest = 1.0 - part
            places += corner, corner + 1, corner + width, corner + width + 1
            parts += rest * (1.0 - beside), rest * beside, part * (1.0 - beside), part * beside
        return places, parts

    def owner(self, place: int) -> tuple[int, ...]:
        """Which features a place belongs to: one, or the two of a cross."""
        if place < self._singles:
            index = max(i for i, feature in enumerate(self._features) if feature[0] <= place)
            return (index,)
        pair = max((p for p in self._pairs if p[0] <= place), key=lambda p: p[0])
        return pair[1], pair[2]
