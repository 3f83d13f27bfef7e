"""What takes longer than usual is found out, and its user told before he asks."""

from __future__ import annotations

from collections import defaultdict

import msgspec
import pytest

from detectors.cases import NamedSurroundings
from detectors.engine import Engine
from detectors.models.delays import KINDS, OPEN, Delays
from detectors.models.partition import Cohorts
from domain.profile import UserState
from tests.support.events import DAY, HOUR, MINUTE, NOON, event
from tests.support.registry import loaded

START = 1_770_000_000.0


def learned(minutes: float = 10.0, number: int = 30) -> Delays:
    """Withdrawals of USDT on TRON, each done after `minutes`."""
    delays = Delays()
    for n in range(number):
        delays.begin("withdrawal", f"t{n}", "u1", START + n * HOUR, "USDT", "TRON")
        delays.end("withdrawal", f"t{n}", START + n * HOUR + minutes * MINUTE)
    return delays


def test_a_withdrawal_is_late_after_twice_what_nine_in_ten_take() -> None:
    """And it is told once."""
    delays, at = learned(), START + 3 * DAY
    delays.begin("withdrawal", "slow", "u7", at, "USDT", "TRON")

    assert list(delays.late(at + 18 * MINUTE)) == []
    (late,) = delays.late(at + 25 * MINUTE)
    assert (late.user_id, late.reference, late.about) == ("u7", "slow", ("withdrawal", "USDT", "TRON"))
    assert list(delays.late(at + 90 * MINUTE)) == []


def test_each_asset_and_network_has_its_own_delay() -> None:
    """Forty minutes on Bitcoin are no reason to worry because TRON takes ten."""
    delays, at = learned(), START + 3 * DAY
    for n in range(30):
        delays.begin("withdrawal", f"b{n}", "u1", at + n, "BTC", "BTC")
        delays.end("withdrawal", f"b{n}", at + n + 40 * MINUTE)
    delays.begin("withdrawal", "bitcoin", "u7", at + HOUR, "BTC", "BTC")
    delays.begin("withdrawal", "never-seen", "u8", at + HOUR, "XMR", "XMR")

    assert list(delays.late(at + HOUR + 45 * MINUTE)) == []
    assert [late.reference for late in delays.late(at + HOUR + 95 * MINUTE)] == ["bitcoin"]


def test_what_came_to_nothing_or_is_done_is_never_late() -> None:
    """Whatever came of it."""
    delays, at = learned(), START + 3 * DAY
    delays.begin("withdrawal", "rejected", "u7", at, "USDT", "TRON")
    delays.end("withdrawal", "rejected", at + MINUTE, done=False)
    delays.begin("withdrawal", "done", "u7", at, "USDT", "TRON")
    delays.end("withdrawal", "done", at + 20 * MINUTE)

    assert list(delays.late(at + DAY)) == []


def test_where_the_exchange_does_not_say_what_is_done_nothing_is_late() -> None:
    """A third of the transfers never complete: silence says nothing there."""
    delays, at = learned(number=40), START + 3 * DAY
    for n in range(20):
        delays.begin("withdrawal", f"silent{n}", "u1", at, "USDT", "TRON")
    list(delays.late(at + 20 * DAY))
    delays.begin("withdrawal", "another", "u7", at + 21 * DAY, "USDT", "TRON")

    assert list(delays.late(at + 22 * DAY)) == []


def test_it_is_bounded_and_survives_export() -> None:
    """The restored model goes on with what is open; damaged data is refused."""
    delays, at = learned(), START + 3 * DAY
    for n in range(OPEN + 50):
        delays.begin("deposit", f"d{n}", "u1", at, f"A{n % (KINDS + 20)}", "N")
        delays.end("deposit", f"d{n}", at + 60.0, done=n % 2 == 0)
    for n in range(OPEN + 50):
        delays.begin("withdrawal", f"w{n}", "u1", at, "USDT", "TRON")
    exported = msgspec.msgpack.decode(msgspec.msgpack.encode(delays.export()))
    again = Delays()
    again.restore(exported)

    assert len(exported["open"]) == OPEN
    assert len(exported["kinds"]) <= KINDS
    assert again.export() == delays.export()
    assert delays.find("withdrawal", "w0") is None
    assert again.find("withdrawal", f"w{OPEN + 49}") is not None
    with pytest.raises((ValueError, TypeError, KeyError)):
        again.restore({"kinds": [["a", "b"]], "open": []})


def test_a_user_is_told_of_a_late_withdrawal_by_way_of_the_engine() -> None:
    """Others' withdrawals teach what is usual; the event made of it fires with the minutes waited and usual."""
    engine, states = Engine(loaded(), NamedSurroundings(), Cohorts()), defaultdict[str, UserState](UserState)

    def transfer(user: str, reference: str, at: float, status: str) -> None:
        made = event("transfer", at, user_id=user, transfer_id=reference, direction="withdrawal", status=status, asset="USDT",
                     network="TRON", amount="10", address=f"T{user}")  # fmt: skip
        assert not engine.apply(made, states[user]).errors

    for n in range(25):
        transfer(f"u{n}", f"t{n}", n * HOUR, "requested")
        transfer(f"u{n}", f"t{n}", n * HOUR + 5 * MINUTE, "completed")
    transfer("slow", "t", 30 * HOUR, "requested")
    now = NOON.timestamp() + 31 * HOUR
    assert engine.waits.overdue(0, now - 50 * MINUTE) == []
    (late,) = engine.waits.overdue(0, now)
    outcome = engine.apply(late, states["slow"])

    assert (late.user_id, late.event_id, late.problem) == ("slow", "late-withdrawal-t", "delayed")
    (found,) = outcome.findings
    assert (found.detector, found.severity) == ("service_delayed", "info")
    assert found.facts["waited_minutes"] == "60"
    assert found.facts["usual_minutes"] in ("4", "5")
    assert found.facts["asset"] == "USDT"
    assert not states["slow"].pending or all(p.event_id != late.event_id for p in states["slow"].pending)


def test_a_check_of_identity_that_takes_far_longer_than_others_is_stuck() -> None:
    """Learned from when others were approved."""
    engine, states = Engine(loaded(), NamedSurroundings(), Cohorts()), defaultdict[str, UserState](UserState)
    for n in range(25):
        user = f"u{n}"
        engine.apply(event("service", n * HOUR, user_id=user, subject="kyc", problem="progress"), states[user])
        engine.apply(event("account_change", n * HOUR + 2 * HOUR, user_id=user, change="kyc_approved"), states[user])
    engine.apply(event("service", 40 * HOUR, user_id="slow", subject="kyc", problem="progress"), states["slow"])
    (late,) = engine.waits.overdue(0, NOON.timestamp() + 72 * HOUR)

    (found,) = engine.apply(late, states["slow"]).findings
    assert (found.detector, found.facts["stuck_days"]) == ("service_kyc_stuck", "1")
