"""Small statistics against their exact values."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.statistics import Decayed, Keys, Moments, Sample, count_tail, faded, student_tail, surprise, to_step

DAY = 86_400.0
TIMES = st.lists(st.integers(1_700_000_000, 1_705_000_000), min_size=1, max_size=40)
VALUES = st.lists(
    st.tuples(st.integers(1_700_000_000, 1_705_000_000), st.floats(-1e6, 1e6, allow_nan=False)),
    min_size=1,
    max_size=40,
)
AMOUNTS = st.lists(st.floats(1.0, 1e9), min_size=1, max_size=100)


@given(TIMES)
def test_a_fading_count_is_the_sum_of_what_is_left(times: list[int]) -> None:
    """In whatever order they come, each value counts as its age says."""
    count = Decayed()
    for at in times:
        count.add(at, DAY)

    expected = math.fsum(faded(max(times) - at, DAY) for at in times)
    assert count.total == pytest.approx(expected, rel=1e-9)
    assert count.now(max(times) + DAY, DAY) == pytest.approx(expected / 2, rel=1e-9)


@given(VALUES, st.randoms(use_true_random=False))
def test_fading_moments_are_the_weighted_ones_in_any_order(values: list[tuple[int, float]], random: object) -> None:
    """Mean and variance agree with the sums over all values, late ones among them."""
    moments = Moments()
    random.shuffle(values)  # type: ignore[attr-defined]
    for at, value in values:
        moments.add(value, at, 30 * DAY)

    newest = max(at for at, _ in values)
    weights = [faded(newest - at, 30 * DAY) for at, _ in values]
    mean = math.fsum(w * v for w, (_, v) in zip(weights, values, strict=True)) / math.fsum(weights)
    variance = math.fsum(w * (v - mean) ** 2 for w, (_, v) in zip(weights, values, strict=True)) / math.fsum(weights)
    assert moments.mean == pytest.approx(mean, rel=1e-6, abs=1e-4)
    assert moments.variance == pytest.approx(variance, rel=1e-5, abs=1e-3)


@pytest.mark.parametrize("first", [-6.2e10, 0.0, 1.7e9, 2.5e11])
def test_any_time_may_come_first_and_any_after_it(first: float) -> None:
    """A clock gone wrong by centuries, either way, costs weight and no error."""
    for then in (-6.2e10, 0.0, 1.7e9, 2.5e11):
        moments, count = Moments(), Decayed()
        for at in (first, then):
            moments.add(3.0, at, DAY)
            count.add(at, DAY)

        assert moments.mean == pytest.approx(3.0)
        assert 1.0 <= count.total <= 2.0


def test_moments_of_nothing_are_zero() -> None:
    """No value, no variance, no error."""
    assert (Moments().mean, Moments().variance) == (0.0, 0.0)


@given(AMOUNTS, st.floats(0, 1))
def test_quantiles_of_a_sample_are_within_a_step(amounts: Sequence[float], q: float) -> None:
    """Between neighbours, on the log scale, to half a step (4.5 %)."""
    sample = Sample()
    for amount in amounts:
        sample.add(amount, 64)

    logs = sorted(math.log(a) for a in amounts[-64:])
    place = q * (len(logs) - 1)
    low, high = int(place), min(int(place) + 1, len(logs) - 1)
    exact = logs[low] + (logs[high] - logs[low]) * (place - low)
    assert sample.log_quantile(q) == pytest.approx(exact, abs=math.log(2) / 16 + 1e-9)
    assert len(sample.steps) <= 64


def test_the_spread_of_a_sample_is_a_standard_deviation_and_deaf_to_one_outlier() -> None:
    """Log-normal amounts give their sigma; one huge payment changes it by less than a tenth."""
    deviations = [statistics.NormalDist().inv_cdf((i + 0.5) / 60) for i in range(60)]
    calm, jolted = Sample(), Sample()
    for deviation in deviations:
        calm.add(300 * math.exp(0.6 * deviation), 64)
        jolted.add(300 * math.exp(0.6 * deviation), 64)
    jolted.add(1e9, 64)

    assert calm.log_spread() == pytest.approx(0.6, rel=0.1)
    assert jolted.log_spread() == pytest.approx(calm.log_spread(), rel=0.1)


@pytest.mark.parametrize(("value", "step"), [(0.0, 0), (-5.0, 0), (1.0, 0), (2.0, 8), (1024.0, 80), (1e40, 255)])
def test_amounts_outside_the_scale_take_its_ends(value: float, step: int) -> None:
    """Below one dollar and above four billion nothing is told apart."""
    assert to_step(value) == step


def test_an_empty_sample_has_no_quantile() -> None:
    """The caller must ask whether there are values."""
    with pytest.raises(ValueError, match="no values"):
        Sample().quantile(0.5)


@given(st.lists(st.integers(0, 30), max_size=200))
def test_a_bounded_set_keeps_what_was_seen_last(names: list[int]) -> None:
    """The same as an ordered dictionary that drops its oldest entry."""
    keys, model = Keys(), dict[int, None]()
    for name in names:
        keys.add(f"address-{name}", 8)
        model.pop(name, None)
        model[name] = None
        if len(model) > 8:
            del model[next(iter(model))]

    assert [f"address-{n}" in keys for n in range(31)] == [n in model for n in range(31)]
    assert len(keys) == len(model)


def test_a_forgotten_name_is_gone_and_the_others_stay() -> None:
    """`discard` takes out one, and nothing where there is none."""
    keys = Keys()
    for name in ("a", "b", "c"):
        keys.add(name, 8)
    keys.discard("b")
    keys.discard("never there")

    assert [name in keys for name in ("a", "b", "c")] == [True, False, True]


@pytest.mark.parametrize(
    ("t", "freedom", "tail"),  # exact values of the distribution
    [(0.0, 5, 0.5), (2.015, 5, 0.05), (5.893, 5, 0.001), (2.764, 10, 0.01), (3.552, 20, 0.001), (3.090, 1e6, 0.001), (-2.764, 10, 0.99)],
)
def test_the_tail_of_students_t(t: float, freedom: float, tail: float) -> None:
    """Against the printed tables."""
    assert student_tail(t, freedom) == pytest.approx(tail, rel=0.08)


@given(st.integers(1, 60), st.floats(0.2, 20), st.floats(1.01, 8))
def test_the_count_bound_never_understates_a_chance(count: int, mean: float, overdispersion: float) -> None:
    """It lies above the exact tail of the negative binomial, and at most 1."""
    variance = mean * overdispersion
    size = mean * mean / (variance - mean)
    log_pmf = [
        math.lgamma(k + size)
        - math.lgamma(size)
        - math.lgamma(k + 1)
        + size * math.log(size / (size + mean))
        + k * math.log(mean / (size + mean))
        for k in range(count)
    ]
    exact = 1.0 - math.fsum(math.exp(value) for value in log_pmf)

    bound = count_tail(count, mean, variance)

    assert exact - 1e-9 <= bound <= 1.0


def test_the_count_bound_is_poissons_where_counts_do_not_cluster() -> None:
    """For 20 with mean 5 it stays within a factor of ten of the exact tail, and meets the clustered bound at its edge."""
    exact = 1.0 - math.fsum(math.exp(-5.0) * 5.0**k / math.factorial(k) for k in range(20))

    assert exact <= count_tail(20, 5.0, 5.0) <= 10 * exact
    assert count_tail(20, 5.0, 5.001) == pytest.approx(count_tail(20, 5.0, 5.0), rel=0.01)
    assert count_tail(20, 5.0, 25.0) > 1000 * count_tail(20, 5.0, 5.0)


@pytest.mark.parametrize(("probability", "score"), [(1.0, 0.0), (1e-3, 0.9), (1e-6, 0.99), (0.0, 1.0), (2.0, 0.0)])
def test_rare_things_score_high(probability: float, score: float) -> None:
    """One in a thousand is 0.9."""
    assert surprise(probability) == pytest.approx(score)


def test_statistics_are_small_on_the_wire() -> None:
    """What a profile pays for them, in bytes."""
    sample = Sample(steps=bytes(range(48)))
    sizes = {
        type(x).__name__: len(msgspec.msgpack.encode(x))
        for x in (Decayed(3.2, 1.7e9), Moments(3.1, 2.2, 1.3, 1.7e9), sample, Keys(b"12345678" * 4))
    }

    assert sizes == {"Decayed": 19, "Moments": 37, "Sample": 51, "Keys": 35}
