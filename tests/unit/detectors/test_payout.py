"""What precedes a payout: changes that were confirmed or only let pass, waves, limits."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.cases import NamedSurroundings
from detectors.engine import Engine
from detectors.models.limits import Limits
from detectors.models.season import Season
from detectors.registry import Registry
from domain.crowd import MemoryCrowd
from domain.habits.payout import MAX_ARRIVALS, PayoutHabits
from domain.profile import UserState
from tests.support.events import DAY, ELSEWHERE, HOUR, MINUTE, change, event, login, verdict, withdrawal

AFTER_CHANGE = "withdrawal_after_change"


def found(engine: Engine, state: UserState, one: object) -> set[str]:
    return {f.detector for f in engine.apply(one, state).findings}  # type: ignore[arg-type]


def paid(engine: Engine, state: UserState) -> None:
    """A month of payments to one payee, ending two days ago."""
    for n in range(14):
        engine.apply(withdrawal(-30 * DAY + n * 2 * DAY, usd=str(200 + 25 * (n % 5))), state)


def test_a_change_that_somebody_confirmed_does_not_count(engine: Engine, settled: UserState) -> None:
    """Before the word of an analyst it does."""
    paid(engine, settled)
    reset = change(-2 * HOUR, "mfa_reset")
    engine.apply(reset, settled)
    assert AFTER_CHANGE in found(engine, settled, withdrawal(-HOUR, ELSEWHERE, "400"))

    engine.apply(verdict(reset.event_id, -50 * MINUTE, source="analyst"), settled)

    assert AFTER_CHANGE not in found(engine, settled, withdrawal(0, "TAnotherStranger1111111111111111111", "400"))


def test_a_change_counts_on_after_a_day_without_objection(engine: Engine, settled: UserState) -> None:
    """A thief waits for as long as withdrawals are held after a change."""
    paid(engine, settled)
    engine.apply(change(-25 * HOUR, "phone_changed"), settled)
    assert settled.pending
    engine.apply(login(-5 * MINUTE), settled)
    assert not settled.pending

    assert AFTER_CHANGE in found(engine, settled, withdrawal(0, ELSEWHERE, "400"))


def test_deposits_beyond_the_bound_are_summed_not_forgotten() -> None:
    """Many small ones are one large in parts."""
    payout = PayoutHabits()
    for n in range(3 * MAX_ARRIVALS):
        assert payout.arrive(f"t{n}", 1_000 + n, 10.0)

    assert len(payout.arrivals) == MAX_ARRIVALS
    assert sum(a.usd for a in payout.arrivals) == 30 * MAX_ARRIVALS
    assert not payout.arrive(f"t{3 * MAX_ARRIVALS - 1}", 2_000, 10.0)


@given(st.lists(st.tuples(st.integers(-(10**10), 10**10), st.floats(0, 1e12)), max_size=60))
def test_sums_of_days_stay_small_and_finite(spent: list[tuple[int, float]]) -> None:
    """Whatever the order of times."""
    payout = PayoutHabits()
    for at, usd in spent:
        payout.spend(at, usd)
        payout.act(at, 90 * DAY)

    assert len(msgspec.msgpack.encode(payout)) < 256
    assert payout.longest >= 0


def test_a_day_that_is_not_over_teaches_nothing_yet() -> None:
    """Its parts would make their own sum a habit."""
    payout = PayoutHabits()
    for hour in range(12):
        payout.spend(1_000_000 + 3_600 * hour, 50.0)
    assert len(payout.days) == 0

    payout.spend(1_000_000 + 2 * 86_400, 50.0)

    assert payout.days.quantile(1.0) == pytest.approx(600, rel=0.05)


def test_a_wave_does_not_teach_that_waves_are_normal_while_it_swells() -> None:
    """A calm week, then counts that rise to thirty within an hour: what is usual is still one."""
    season, at = Season(), 1_770_000_000.0
    for hour in range(24 * 7):
        season.learn_one(at + 3_600 * hour, 1)
    now = at + 3_600 * 24 * 7
    for count in range(2, 31):
        season.learn_one(now + 60 * count, count)

    usual = season.usual(now + 60 * 31)
    assert usual is not None
    assert usual[0] == pytest.approx(1.0)


def test_each_time_of_the_week_has_its_own_usual() -> None:
    """Nights are calm, noon is not."""
    season, at = Season(), 1_769_990_400.0  # a midnight
    for hour in range(24 * 28):
        for n in range(3):
            season.learn_one(at + 3_600 * hour + n, 20 if hour % 24 == 12 else 2)

    usual = [season.usual(at + 3_600 * (24 * 28 + hour)) for hour in (3, 12)]
    assert usual[0] is not None
    assert usual[1] is not None
    assert usual[0][0] < 3 < 12 < usual[1][0]


def test_a_season_is_kept_whole() -> None:
    """Exported, packed, restored: the same answer, and the next value lands where it would have."""
    season, at = Season(), 1_770_000_000.0
    for hour in range(100):
        season.learn_one(at + 3_600 * hour, 1 + hour % 5)
    again = Season()
    again.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(season.export())))

    for model in (season, again):
        model.learn_one(at + 3_600 * 130, 3)
    assert again.export() == season.export()
    with pytest.raises((ValueError, TypeError, KeyError)):
        again.restore({"usual": [[1, 2, 3, 4]], "waiting": []})


def test_a_limit_shows_in_what_bunches_below_it() -> None:
    """Round amounts themselves, and amounts spread evenly, show none."""
    limits = Limits()
    for n in range(300):
        limits.learn_one(10_000.0)
        limits.learn_one(4_800.0 + n)
    assert limits.levels == ()

    for n in range(30):
        limits.learn_one(9_700.0 + 9 * n)

    assert limits.levels == (10_000.0,)
    again = Limits()
    again.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(limits.export())))
    assert again.levels == limits.levels
    with pytest.raises((ValueError, TypeError, KeyError)):
        again.restore({"below": [[1]], "above": [], "learned": 0})


@given(st.lists(st.floats(0, 1e15, allow_nan=False), max_size=200))
def test_limits_are_bounded(amounts: list[float]) -> None:
    """Any amounts."""
    limits = Limits()
    for usd in amounts:
        limits.learn_one(usd)
    assert len(msgspec.msgpack.encode(limits.export())) < 4_000


def test_a_collector_is_seen_though_each_account_pays_once(registry: Registry) -> None:
    """Six accounts of their own states and one crowd: the later ones are told."""
    engine = Engine(registry, NamedSurroundings(), crowd=MemoryCrowd())
    told = [
        "withdrawal_mule_address" in found(engine, UserState(), withdrawal(n * HOUR, ELSEWHERE, user_id=f"victim{n}")) for n in range(8)
    ]

    assert told == [False] * 3 + [True] * 5


def test_an_account_is_asked_for_the_sets_that_concern_it_alone(engine: Engine) -> None:
    """Deposits and later statuses touch none of the transfer's sets."""
    kinds = {"paid-first", "emptied", "fraud-address"}
    deposit = event("transfer", 0, transfer_id="t", direction="deposit", status="completed", asset="USDT", amount="5", address=ELSEWHERE)

    assert not {kind for kind, _ in engine.crowd_keys(deposit)} & kinds
    assert not {kind for kind, _ in engine.crowd_keys(withdrawal(status="completed"))} & kinds
    assert {kind for kind, _ in engine.crowd_keys(withdrawal(usd="90", balance_usd="100"))} >= kinds
