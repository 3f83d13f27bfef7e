"""River's half-space trees, counted leaf by leaf, without the rest of River.

`import river.anomaly` brings in scipy.stats and more for its other models: 2 to 5 seconds in every process that needs one class. So the
package is entered by the side door: its `__init__` and that of `river.tree` are left out while the one module is imported.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec, module_from_spec
from itertools import accumulate
from typing import Any

_PACKAGES = ("river.anomaly", "river.tree")

Node = tuple[int, float, Any, Any]
"""Place of the feature in a row, threshold, what is below it, what is not; at the end of all splits the number of a leaf."""


class Forest:
    """The scores of river.anomaly.HalfSpaceTrees to the last bit, in a third of its time: 9 us to score and learn instead of 30.

    Where the trees split is settled by the seed; only masses are learned. The mass of a node is the sum of its leaves', so it is enough to
    count at the leaves, and what a leaf scores changes once a window only.
    """

    def __init__(self, features: Sequence[str], n_trees: int, height: int, window: int, seed: int):
        self._trees = grown(tuple(features), n_trees, height, seed)
        self._height, self._window = height, window
        self._highest: int = n_trees * window * (2 ** (height + 1) - 1)
        self._masses = [0] * (n_trees * 2**height)
        self._scores: list[int] = []
        """By leaf, of the last full window; empty until there is one."""
        self._learned = 0
        self._last: tuple[tuple[float, ...], list[int]] = ((), [])

    def score_one(self, row: tuple[float, ...]) -> float:
        """How thinly populated the place of the row is, in [0, 1]; 0 until the first window is full."""
        if not self._scores:
            return 0.0
        scores = self._scores
        return 1.0 - sum([scores[leaf] for leaf in self._leaves(row)]) / self._highest

    def learn_one(self, row: tuple[float, ...]) -> None:
        """Counts the row."""
        masses = self._masses
        for leaf in self._leaves(row):
            masses[leaf] += 1
        self._learned += 1
        if self._learned == self._window:
            self._turn()

    def _leaves(self, row: tuple[float, ...]) -> list[int]:
        """The row's leaf in each tree."""
        if self._last[0] != row:  # what is scored is most often learned next
            found: list[int] = []
            for tree in self._trees:
                node: Any = tree
                for _ in range(self._height):
                    feature, threshold, below, rest = node
                    node = below if row[feature] < threshold else rest
                found.append(node)
            self._last = row, found
        return self._last[1]

    def _turn(self) -> None:
        """A window is full: works out what each leaf scores, as River's walk does for each row. It ends where a node is thin."""
        leaves, thin = 2**self._height, 0.1 * self._window
        up_to = [0, *accumulate(self._masses)]
        self._scores = [0] * len(self._masses)
        nodes = [(first, leaves, 1, 0) for first in range(0, len(self._masses), leaves)]
        while nodes:
            first, size, weight, above = nodes.pop()
            mass = up_to[first + size] - up_to[first]
            score = above + mass * weight
            if size == 1 or mass < thin:
                self._scores[first : first + size] = [score] * size
            else:
                size //= 2
                nodes += (first, size, 2 * weight, score), (first + size, size, 2 * weight, score)
        self._masses = [0] * len(self._masses)
        self._learned = 0


@lru_cache(maxsize=4)
def grown(features: tuple[str, ...], n_trees: int, height: int, seed: int) -> tuple[Node, ...]:
    """The splits of River's trees of that seed; partitions share them."""
    model = half_space_trees(n_trees=n_trees, height=height, seed=seed)
    model.learn_one(dict.fromkeys(features, 0.0))  # they grow with the first row, whatever it is
    leaves = iter(range(n_trees * 2**height))

    def plain(node: Any, levels: int) -> Any:
        if not levels:
            return next(leaves)
        below, rest = node.children
        return features.index(node.feature), node.threshold, plain(below, levels - 1), plain(rest, levels - 1)

    return tuple(plain(tree, height) for tree in model.trees)


def half_space_trees(**parameters: Any) -> Any:
    """A new river.anomaly.HalfSpaceTrees."""
    return _loaded().HalfSpaceTrees(**parameters)


def _loaded() -> Any:
    module = sys.modules.get("river.anomaly.hst") or sys.modules.get("vigil.hst")
    if module is None:
        module = sys.modules["vigil.hst"] = _by_the_side_door()
    return module


def _by_the_side_door() -> Any:
    if any(name in sys.modules for name in _PACKAGES):
        return importlib.import_module("river.anomaly.hst")
    for name in _PACKAGES:
        spec = find_spec(name)
        assert spec is not None
        sys.modules[name] = module_from_spec(spec)
    try:
        return importlib.import_module("river.anomaly.hst")
    finally:
        # Whoever imports River later gets all of it.
        for name in [n for n in sys.modules if n.startswith(_PACKAGES)]:
            del sys.modules[name]
