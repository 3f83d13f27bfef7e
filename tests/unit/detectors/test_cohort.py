"""The model of people with little history."""

from __future__ import annotations

import json
import math
import random
import sys
from subprocess import run

import pytest

from detectors.base import WARMING_UP
from detectors.models.cohort import FEATURES, RANKED, WINDOW, Cohort, Row, features
from detectors.models.partition import Cohorts
from detectors.models.trees import Forest, half_space_trees

pytestmark = pytest.mark.slow


def rows(count: int, seed: int = 7) -> list[Row]:
    """Withdrawals of ordinary people: a few hundred dollars, a small part of the balance."""
    dice = random.Random(seed)
    made = []
    for _ in range(count):
        usd = 300.0 * math.exp(dice.gauss(0, 0.8))
        made.append(features(usd, usd * dice.uniform(3, 60), dice.random() < 0.4, dice.uniform(0, 30)))
    return made


def taught(count: int, seed: int = 7) -> Cohort:
    cohort = Cohort()
    for row in rows(count, seed):
        cohort.learn_one(row)
    return cohort


def test_it_says_that_it_is_warming_up_until_it_can_rank() -> None:
    """One window fills the trees, another gives values to rank against."""
    cohort = Cohort()
    said = []
    for row in rows(2 * WINDOW + 1):
        said.append(cohort.score_one(row) is WARMING_UP)
        cohort.learn_one(row)

    assert said == [True] * (2 * WINDOW) + [False]


def test_a_strange_withdrawal_ranks_above_ordinary_ones() -> None:
    """All of a large balance to a new payee on the first day, against the median of the ordinary."""
    cohort = taught(1500)

    strange = cohort.score_one(features(60_000.0, 60_500.0, True, 0.1))
    ordinary = sorted(float(s) for row in rows(200, seed=8) if not isinstance(s := cohort.score_one(row), type(WARMING_UP)))

    assert not isinstance(strange, type(WARMING_UP))
    assert strange > 0.99
    assert ordinary[100] == pytest.approx(0.5, abs=0.15)


def test_sizes_have_quantiles_and_tails() -> None:
    """In dollars: the median of the ordinary, and how rare a hundred times that is."""
    cohort = taught(1500)

    assert cohort.size_quantile(0.5) == pytest.approx(300.0, rel=0.25)
    assert cohort.size_tail(300.0) == pytest.approx(0.5, abs=0.15)
    assert cohort.size_tail(30_000.0) < 1e-4


def test_without_rows_nothing_is_rare() -> None:
    """An empty model can't call an amount large."""
    assert (Cohort().size_quantile(0.9), Cohort().size_tail(1e9)) == (0.0, 1.0)


@pytest.mark.parametrize("count", [0, 10, WINDOW, WINDOW + 3, 3 * WINDOW - 1, 3 * WINDOW, 1500])
def test_a_restart_goes_on_with_the_very_same_model(count: int) -> None:
    """What was exported as JSON and restored scores and learns like the one that never stopped."""
    before, after = taught(count), Cohort()
    after.restore(json.loads(json.dumps(before.export())))

    for row in rows(2 * WINDOW, seed=9):
        assert after.score_one(row) == before.score_one(row)
        before.learn_one(row)
        after.learn_one(row)


def test_restored_data_of_another_make_is_refused_and_changes_nothing() -> None:
    """Rows of other features, or what is no number, never reach the trees."""
    cohort = taught(600)
    kept = cohort.export()
    for bad in ([[0.1, 0.2]], [[0.1, 0.2, 0.3, 7.0]], [[0.1, 0.2, 0.3, math.nan]]):
        with pytest.raises(ValueError, match="expected rows"):
            cohort.restore({"rows": bad, "ranked": []})
    with pytest.raises(ValueError, match="expected rows"):
        cohort.restore({"rows": rows(3), "ranked": [math.inf]})

    assert cohort.export() == kept


def test_memory_is_bounded() -> None:
    """Ten thousand withdrawals leave two windows and the ranked values; 25 kB as JSON."""
    exported = taught(10_000).export()

    assert len(exported["rows"]) < 2 * WINDOW
    assert len(exported["ranked"]) == RANKED
    assert len(json.dumps(exported)) < 100_000


@pytest.mark.parametrize(("usd", "balance"), [(0.0, None), (1e12, 0.0), (5.0, 1.0), (1.0, 1e30)])
def test_features_stay_within_bounds(usd: float, balance: float | None) -> None:
    """Whatever is told or missing."""
    assert all(0.0 <= value <= 1.0 for value in features(usd, balance, True, -5.0))


def test_each_partition_has_its_own_model() -> None:
    """Asked again, it is the same one."""
    cohorts = Cohorts()

    assert cohorts(3).withdrawals is cohorts(3).withdrawals
    assert cohorts(3).withdrawals is not cohorts(4).withdrawals


def test_a_model_that_there_is_not_is_an_error() -> None:
    """A detector that asks for a name that nobody keeps finds out at once."""
    with pytest.raises(AttributeError, match="no model of partitions named sales"):
        _ = Cohorts()(0).sales


def test_a_model_needs_only_the_part_of_river_that_it_uses() -> None:
    """Neither scipy.stats nor pandas is loaded for it, and nothing half is left behind for who wants the whole of River later."""
    code = (
        "import sys; from detectors.models.cohort import Cohort; Cohort().learn_one((0.1, 0.1, 0.0, 0.2));"
        "assert not {'scipy.stats', 'pandas', 'river.anomaly', 'river.tree'} & set(sys.modules)"
    )

    assert run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_catalogue_is_read_without_river() -> None:
    """Commands that need no model don't wait for its libraries."""
    code = "import sys; from detectors.registry import Registry; Registry.load(); sys.exit('river' in sys.modules)"

    assert run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_trees_score_exactly_as_rivers_own_do() -> None:
    """Over windows that fill and turn, for ordinary and for strange rows: not a bit differs."""
    own = Forest(FEATURES, n_trees=12, height=7, window=WINDOW, seed=3)
    rivers = half_space_trees(n_trees=12, height=7, window_size=WINDOW, seed=3)
    dice = random.Random(5)
    for row in rows(4 * WINDOW + 9):
        for asked in (row, tuple(dice.random() for _ in FEATURES)):
            assert own.score_one(asked) == rivers.score_one(dict(zip(FEATURES, asked, strict=True)))
        own.learn_one(row)
        rivers.learn_one(dict(zip(FEATURES, row, strict=True)))

    assert own.score_one((1.0, 1.0, 1.0, 1.0)) > 0.9
