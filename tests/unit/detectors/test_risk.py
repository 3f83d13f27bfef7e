"""Risk: a sum of parts that ranks what is odd above what is usual, with and without labels."""

from __future__ import annotations

import math

import pytest

from detectors.engine import Engine
from detectors.models.families import FAMILIES, family
from detectors.models.features import transfer
from detectors.models.learner import Learner
from detectors.models.rates import Rates
from detectors.models.risk import BASE, Risk
from detectors.models.supervised import Supervised
from detectors.outcome import Outcome
from detectors.score import learning
from domain.events import Transfer, Verdict
from domain.profile import UserState, decode, encode
from tests.support.events import DAY, ELSEWHERE, HOME, HOUR, event, verdict, withdrawal

TRANSFER = FAMILIES[Transfer]


def judged(engine: Engine, state: UserState, at: float = HOUR, usd: str = "100", address: str = HOME) -> Outcome:
    return engine.apply(withdrawal(at, address, usd), state)


def test_parts_add_up_to_the_log_odds(engine: Engine, settled: UserState) -> None:
    """Without labels, and with a model that has learned something."""
    plain = judged(engine, settled, usd="5000", address=ELSEWHERE).judged
    assert sum(part for _, part in engine.risk.explain(plain)) == pytest.approx(plain.logit)
    assert engine.risk.explain(plain)[0][0] in ("own", "base", "withdrawal_large")

    model = Supervised(TRANSFER)
    for n in range(60):
        model.learn(plain.row, float(n % 3), n % 2 == 0, 1.0)
    engine.risk.models = {"transfer": model}
    taught = judged(engine, settled, 2 * HOUR, "700", ELSEWHERE).judged
    assert sum(part for _, part in engine.risk.explain(taught)) == pytest.approx(taught.logit)


@pytest.mark.parametrize("taught", [False, True])
def test_an_alert_never_lowers_risk(engine: Engine, settled: UserState, taught: bool) -> None:
    """However often verdicts said that such alerts mean nothing."""
    outcome = judged(engine, settled)
    row = outcome.judged.row
    models = {}
    if taught:
        model = models["transfer"] = Supervised(TRANSFER)
        for n in range(300):
            model.learn(row, 3.0 * (n % 2), n % 2 == 0 and n < 4, 1.0)
            model.learn(row, 5.0, False, 10.0)
    risk = Risk(models)
    seen = engine._seen(withdrawal(HOUR), None)
    quiet = risk.judge(seen, TRANSFER, row, [], 0.0, False)
    loud = risk.judge(seen, TRANSFER, row, [("withdrawal_large", "warning", 1.0)], 0.0, False)
    suspected = risk.judge(seen, TRANSFER, row, [], 3.0, False)

    assert quiet.risk < loud.risk
    assert quiet.risk < suspected.risk


def test_what_always_fires_says_little() -> None:
    """An alert on every tenth event is worth less than one on every thousandth, whatever their severities."""
    rates = Rates()
    for n in range(10_000):
        rates.count("Transfer", [name for name, every in (("often", 10), ("seldom", 1_000)) if n % every == 0])

    assert rates.nats("Transfer", "seldom", "info") > rates.nats("Transfer", "often", "critical") + 2.0
    assert rates.nats("Transfer", "often", "warning") > 0.0


def test_a_theft_in_many_parts_is_one_alert(engine: Engine, settled: UserState) -> None:
    """Or what a theft sets off sixty times would pass for common, and the next one for nothing."""
    alerts = engine.risk._rates.fired.setdefault("Transfer", {})
    for n in range(4):
        assert "withdrawal_new_address" in {f.detector for f in judged(engine, settled, HOUR + 600 * n, "90000", ELSEWHERE).findings}

    assert alerts["withdrawal_new_address"] == 1.0


def test_amounts_rank_by_how_unusual_they_are(engine: Engine, settled: UserState) -> None:
    """Also where nothing fires at all, and not by their size alone."""

    def alone(usd: str) -> float:
        fresh = Engine(engine.registry, engine.surroundings)
        return judged(fresh, decode(encode(settled)), usd=usd, address=ELSEWHERE).risk

    risks = [alone(usd) for usd in ("60", "104", "112", "130", "400", "900")]

    assert risks == sorted(risks)
    assert risks[-1] > 3 * risks[1]


def test_one_odd_amount_makes_the_next_one_more_likely(engine: Engine, settled: UserState) -> None:
    """Thieves come back within days: what is usual otherwise is less so now."""
    before = judged(engine, settled, HOUR).risk
    judged(engine, settled, 2 * HOUR, "900")
    after = judged(engine, settled, 3 * HOUR).risk
    much_later = judged(engine, settled, 90 * DAY).risk

    assert after > before
    assert much_later < after


def test_frauds_at_an_address_count_for_everyone_from_when_they_are_known(engine: Engine) -> None:
    """Without any classifier; and payments since then that nobody complained about speak for it again."""
    learner = learning(engine, supervised=False)
    people = [UserState() for _ in range(12)]

    def pay(at: float, who: int) -> float:
        outcome = engine.apply(withdrawal(at, "TShop", "50", user_id=f"p{who}", event_id=f"w{who}"), people[who])
        learner.advance(outcome.record.at)
        learner.take(outcome.record)
        return outcome.risk

    before = pay(0, 0)
    said = verdict("w0", 7 * DAY, "fraud", "exchange", user_id="p0")
    assert isinstance(said, Verdict)
    unknown_yet = pay(6 * DAY, 1)
    learner.verdict(said)
    known = pay(8 * DAY, 2)
    for who in range(3, 11):
        pay((8 + who) * DAY, who)
    forgiven = pay(30 * DAY, 11)

    assert unknown_yet == pytest.approx(before, rel=0.2)
    assert known > 10 * before
    assert forgiven < known / 3


def test_risk_before_the_first_fraud_is_known_is_without_labels(engine: Engine, settled: UserState) -> None:
    """A model that has seen nothing has no say; its say grows with the frauds that it has seen."""
    learner = Learner()
    engine.risk.models = learner.models
    assert judged(engine, settled).judged.logit < BASE + 1.0


def test_an_event_without_features_has_a_risk_too(engine: Engine, settled: UserState) -> None:
    """A deposit isn't judged by features; it has the base rate."""
    deposit = event("transfer", HOUR, transfer_id="d1", direction="deposit", status="completed", asset="USDT", amount="10")
    outcome = engine.apply(deposit, settled)

    assert outcome.judged.row is None
    assert 0.0 < outcome.risk < 0.01


def test_an_error_in_features_stops_no_detector(engine: Engine, settled: UserState, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told as an error of `risk`; the findings go out."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    class Broken:
        NAMES, features = ("x",), staticmethod(broken)

    monkeypatch.setitem(FAMILIES, Transfer, family("broken", Broken))
    outcome = judged(engine, settled, usd="90000", address=ELSEWHERE)

    assert [name for name, _ in outcome.errors] == ["risk"]
    assert outcome.findings


def test_every_family_has_a_grid_for_each_of_its_features() -> None:
    """And a row of nothing but missing values is a row."""
    for one in FAMILIES.values():
        assert [grid.name for grid in one.grids] == list(one.names)
        missing = (math.nan,) * len(one.names)
        assert one.encoder.encode(missing) == ([], [])
    assert transfer.evidence((math.nan,) * 4 + (0.0,) * (len(transfer.NAMES) - 4)) == ()
