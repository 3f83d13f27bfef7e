"""What the risk model reads of where money goes: what an address takes of what it is paid, and how thick new payees come."""

from __future__ import annotations

import math

import pytest

from detectors.base import Sighting
from detectors.engine import Engine
from detectors.models.families import FAMILIES
from detectors.models.features import transfer
from detectors.models.supervised import Supervised
from domain.crowd import MemoryCrowd
from domain.events import Transfer
from domain.habits import Habits
from domain.habits.login import fingerprint
from domain.habits.transfer import Flow
from domain.profile import UserState, decode, encode
from tests.support.events import DAY, ELSEWHERE, HOME, HOUR, LAPTOP, NOON, withdrawal


def paid(crowd: MemoryCrowd, name: str, day: float) -> None:
    """A payment to the address, `day` days after the beginning."""
    crowd.add(transfer.PAYMENTS, ELSEWHERE, format(fingerprint(name), "x"), NOON.timestamp() + day * DAY)


def robbed(crowd: MemoryCrowd, name: str, day: float) -> None:
    """A payment that was a fraud, known a week later."""
    paid(crowd, name, day)
    for kind in (transfer.FRAUDS, transfer.PLAIN):
        crowd.add(kind, ELSEWHERE, name, NOON.timestamp() + (day + 7) * DAY)


def row(crowd: MemoryCrowd, day: float, habits: Habits | None = None) -> dict[str, float]:
    seen = Sighting(withdrawal(day * DAY, ELSEWHERE), crowd=crowd)
    return dict(zip(transfer.NAMES, transfer.features(seen, habits or Habits()), strict=True))


def evidence(crowd: MemoryCrowd, day: float) -> float:
    said = row(crowd, day)
    return dict(transfer.evidence(tuple(said.values()))).get("address_frauds", 0.0)


def test_nothing_is_known_of_an_address_until_its_payments_are_a_week_old() -> None:
    """Its share of frauds is missing, not nothing."""
    crowd = MemoryCrowd()
    paid(crowd, "early", 0)

    assert math.isnan(row(crowd, 6)["address_share"])
    assert row(crowd, 8)["address_share"] == 0.0
    assert row(crowd, 8)["address_due"] == 1.0
    assert math.isnan(row(crowd, 15)["address_share"])
    assert row(crowd, 15)["address_share_long"] == 0.0


def test_an_address_that_stopped_robbing_is_told_from_one_that_goes_on() -> None:
    """By what it took in the last week of which all is known, as many frauds as there are on either side."""
    goes_on, stopped = MemoryCrowd(), MemoryCrowd()
    for n in range(20):
        robbed(goes_on, f"f{n}", n + 0.5)
        robbed(stopped, f"f{n}", n / 2)
        if n >= 10:
            paid(stopped, f"g{n}", n + 0.4)

    assert row(goes_on, 27)["address_frauds"] == row(stopped, 27)["address_frauds"] == 20
    assert row(goes_on, 27)["address_share"] == 1.0
    assert row(stopped, 27)["address_share"] == 0.0
    assert row(stopped, 27)["address_share_long"] == pytest.approx(20 / 30)


def test_one_fraud_among_many_payments_of_the_same_days_says_less() -> None:
    """Without any classifier: a busy shop isn't an address that robs whoever pays."""
    thief, shop = MemoryCrowd(), MemoryCrowd()
    for crowd in (thief, shop):
        robbed(crowd, "f", 3.9)
    for n in range(30):
        paid(shop, f"g{n}", n / 10)

    assert evidence(thief, 11) > evidence(shop, 11) + 2.0


def test_what_is_not_known_of_the_same_days_takes_nothing_from_a_fraud() -> None:
    """A verdict that comes at once, on the first payment to an address."""
    crowd = MemoryCrowd()
    paid(crowd, "f", 0)
    for kind in (transfer.FRAUDS, transfer.PLAIN):
        crowd.add(kind, ELSEWHERE, "f", NOON.timestamp() + HOUR)

    assert math.isnan(row(crowd, 0.1)["address_share"])
    assert evidence(crowd, 0.1) > 7.0


def habits(ages: list[float], usual: int = 10) -> Habits:
    """Somebody who paid `usual` payees in a hundred days, and others so many seconds before the next event."""
    found = Habits()
    found.transfer.first_at = int(NOON.timestamp() - 100 * DAY)
    for n in range(usual):
        found.transfer.pay(f"T{n}", "", int(NOON.timestamp() - 50 * DAY))
    for n, age in enumerate(sorted(ages, reverse=True)):
        found.transfer.note(Flow(n, int(NOON.timestamp() - age), 20, -1, ""), f"t{n}")
    return found


def test_new_payees_that_come_thick_are_improbable() -> None:
    """More so within an hour than over a day, the more so the more there are, and less for who always pays somebody new."""
    thick = row(MemoryCrowd(), 0, habits([60, 600, 1_200]))
    spread = row(MemoryCrowd(), 0, habits([20_000, 40_000, 80_000]))
    two = row(MemoryCrowd(), 0, habits([600, 1_200]))
    restless = row(MemoryCrowd(), 0, habits([60, 600, 1_200], usual=250))

    assert thick["strange_count"] == spread["strange_count"] == 3
    assert thick["strange_gap"] == pytest.approx(1 / 60)
    assert thick["strange_burst"] > spread["strange_burst"] > 0.0
    assert thick["strange_burst"] > two["strange_burst"]
    assert thick["strange_burst"] > restless["strange_burst"] + 3.0


def test_one_new_payee_alone_is_no_burst() -> None:
    """Nor are those of the day before."""
    alone = row(MemoryCrowd(), 0, habits([1.5 * DAY]))

    assert alone["strange_count"] == alone["strange_burst"] == 0.0
    assert math.isnan(alone["strange_gap"])


@pytest.mark.parametrize("share", ["address_share", "address_share_long"])
def test_what_a_burst_says_may_depend_on_what_the_address_robs(share: str) -> None:
    """No sum of the two tells these apart: bursts are frauds at clean addresses alone, and at one that robs they are the habit of honest people."""
    model = Supervised(FAMILIES[Transfer])
    plain = row(MemoryCrowd(), 0)

    def case(robs: bool, thick: bool) -> tuple[float, ...]:
        return tuple((plain | {share: float(robs), "strange_burst": 8.0 * thick}).values())

    for _ in range(300):
        for robs in (False, True):
            for thick in (False, True):
                model.learn(case(robs, thick), 0.0, robs != thick, 1.0)

    frauds = [model.logit(case(robs, not robs), 0.0) for robs in (False, True)]
    genuine = [model.logit(case(robs, robs), 0.0) for robs in (False, True)]
    assert min(frauds) > max(genuine) + 2.0


@pytest.mark.parametrize("usual", [1e-12, 1e-4, 1.0, 1e9])
@pytest.mark.parametrize("many", [1, 2, 32])
def test_a_burst_is_a_finite_number_whatever_is_usual(usual: float, many: int) -> None:
    """Also for who hardly ever pays anybody new, and for who pays millions."""
    assert 0.0 <= transfer.burst([1.0] * many, usual) < 60.0


AWAY = {"session_id": "s1", "device_id": "laptop", "ip": "203.0.113.77", "user_agent": LAPTOP["user_agent"]}


def asked(
    engine: Engine, state: UserState, address: str = HOME, usd: str = "100", client: dict[str, str] | None = None
) -> dict[str, float]:
    judged = engine.apply(withdrawal(HOUR, address, usd, client), decode(encode(state))).judged
    assert judged.row is not None
    return dict(zip(transfer.NAMES, judged.row, strict=True)) | {name: nats for name, nats in judged.parts if name in ("own", "from")}


def test_a_session_that_goes_on_elsewhere_speaks_for_a_stranger(engine: Engine, settled: UserState) -> None:
    """The known device clears nobody: its name is stolen with the session."""
    home, away = asked(engine, settled), asked(engine, settled, client=AWAY)

    assert home["from"] < transfer.AT_HOME
    assert away["from"] > 0.0
    assert home["familiar"] == 1.0
    assert away["familiar"] == 0.0


def test_an_odd_amount_to_a_payee_of_weeks_says_less_from_home(engine: Engine, settled: UserState) -> None:
    """Than to somebody new, or from elsewhere."""
    rent, stranger = asked(engine, settled, usd="4000"), asked(engine, settled, ELSEWHERE, "4000")
    away = asked(engine, settled, usd="4000", client=AWAY)

    assert rent["own"] < stranger["own"]
    assert rent["own"] < away["own"]


def test_where_nothing_is_told_of_the_client_nothing_is_said_of_it(engine: Engine, settled: UserState) -> None:
    """Nor of a program, which lives elsewhere than its owner."""
    for client in ({}, {"ip": "203.0.113.77", "api_key_id": "k1"}):
        judged = engine.apply(withdrawal(HOUR, HOME, "100", client), decode(encode(settled))).judged
        values = dict(zip(transfer.NAMES, judged.row, strict=True))

        assert math.isnan(values["from"])
        assert math.isnan(values["familiar"])
