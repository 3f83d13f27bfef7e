"""The simulated exchange: what it makes follows from its seed, and is what it says it is."""

import itertools
import json
import re
from collections import Counter
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from domain.decode import decode_any
from domain.events import STRUCTS, User
from embedded.exchange.attacks import KINDS, NOTICED_BY
from embedded.exchange.craft import GRADES, Grade
from embedded.exchange.graded import GRADED, LASTS
from embedded.exchange.people import PLACES
from embedded.exchange.publish import written
from embedded.exchange.sleepers import Sleepers
from embedded.exchange.wire import lookalike
from embedded.exchange.world import DAY, Exchange, Label, live, with_attacks

pytestmark = pytest.mark.slow

END = datetime.fromisoformat("2026-11-20T12:00:00Z").timestamp()
BY_TAG = {struct.__struct_config__.tag: struct for struct in STRUCTS.values()}


def month(seed: int = 3, users: int = 26, days: int = 20) -> list:
    """A labelled month of a small exchange, as (time, event)."""
    exchange = Exchange(seed, users, END - days * DAY)
    return with_attacks(exchange, END, END - 3 * DAY, 2 * 3600)


def test_the_same_seed_gives_the_same_events() -> None:
    """Byte for byte, attacks included; another seed gives others."""
    assert json.dumps(month()) == json.dumps(month())
    assert json.dumps(month()) != json.dumps(month(seed=4))


def test_every_event_is_one_that_the_worker_takes() -> None:
    """Each decodes strictly into the struct of its type."""
    for _, event in month():
        msgspec.convert(json.loads(json.dumps(event)), BY_TAG[event["type"]])


def test_events_come_in_time_order_and_no_id_twice() -> None:
    """Times are those that the events carry."""
    drawn = month()
    times = [datetime.fromisoformat(e["occurred_at"]).timestamp() for _, e in drawn]

    assert times == sorted(times)
    assert max(Counter(e["event_id"] for _, e in drawn).values()) == 1


def test_every_kind_of_attack_is_labelled_with_the_events_it_is_made_of() -> None:
    """A label for each event, of the user it happens to, and none for anything else."""
    exchange = Exchange(3, 26, END - 20 * DAY)
    events = {e["event_id"]: e for _, e in with_attacks(exchange, END, END - 3 * DAY, 2 * 3600)}

    assert {label.attack for label in exchange.truth.values()} == set(KINDS) == set(NOTICED_BY)
    for event_id, label in exchange.truth.items():
        assert events[event_id]["user_id"] == label.user_id
        assert label.begun_at <= events[event_id]["occurred_at"]
    assert not set(exchange.truth) & set(exchange.surprises)


def test_history_goes_on_where_it_ended() -> None:
    """Drawn in two parts it is the same as drawn at once: no event lost or twice at the seam."""
    once, twice = Exchange(5, 8, END - 6 * DAY), Exchange(5, 8, END - 6 * DAY)
    middle = END - 2.7 * DAY

    assert [*twice.ordinary(middle), *twice.ordinary(END)] == list(once.ordinary(END))


def test_people_speak_every_language_and_their_records_are_directory_entries() -> None:
    """All thirteen, each with e-mail, phone and code."""
    records = Exchange(1, 26, END).directory()

    assert {r["locale"] for r in records} == set(PLACES)
    for record in records:
        user = msgspec.convert(record, User)
        assert user.email
        assert user.phone
        assert user.anti_phishing_code
    assert len({r["email"] for r in records}) == len(records)


def test_the_quiet_days_hold_first_times_only() -> None:
    """Nobody travels or changes anything before habits are learned; first devices and payees are explained from the beginning."""
    exchange = Exchange(2, 40, END - 30 * DAY, quiet_days=10)
    events = {e["event_id"]: at for at, e in exchange.ordinary(END)}
    early = Counter(why for e, why in exchange.surprises.items() if e in events and events[e] < END - 20.6 * DAY)  # the date line
    later = Counter(why for e, why in exchange.surprises.items() if e in events) - early

    assert set(early) | {"first VPN"} == {"new device", "new payee", "first VPN"}
    assert set(later) >= {"travel", "new device", "new payee", "own change"}


@pytest.mark.parametrize("rate", [5.0, 40.0])
def test_a_live_exchange_runs_at_about_its_rate(rate: float) -> None:
    """Over two minutes, attacks included."""
    exchange = Exchange(1, 20, END - 3 * DAY)
    for _ in exchange.ordinary(END):
        pass
    drawn = list(itertools.takewhile(lambda one: one[0] < END + 120, live(exchange, END, rate, "run")))

    assert rate * 0.6 < len(drawn) / 120 < rate * 1.6
    assert [at for at, _ in drawn] == sorted(at for at, _ in drawn)


def test_a_live_exchange_attacks_at_once_and_nobody_twice() -> None:
    """The first attack begins after two seconds; victims are all different while there are others."""
    exchange = Exchange(1, 20, END - 3 * DAY)
    for _ in exchange.ordinary(END):
        pass
    drawn = itertools.takewhile(lambda one: one[0] < END + 150, live(exchange, END, 5, "run"))
    begun: dict[str, tuple[float, Label]] = {}
    for at, event in drawn:
        if label := exchange.truth.get(event["event_id"]):
            begun.setdefault(label.attack_id, (at - END, label))

    assert min(at for at, _ in begun.values()) == pytest.approx(2, abs=0.01)
    assert len({label.user_id for _, label in begun.values()}) == len(begun) >= 12


def test_who_was_attacked_in_an_earlier_run_is_spared_while_there_are_others() -> None:
    """Else the second run's notices would be held back as told already."""
    first = Exchange(1, 20, END)
    for n in range(15):
        first.attack("new_device", END, f"one{n}")
    second = Exchange(1, 20, END, attacked=first.attacked)
    for n in range(5):
        second.attack("new_device", END, f"two{n}")

    assert len(set(first.attacked)) == 15
    assert len(set(second.attacked)) == 20


def test_a_lookalike_shares_its_ends_with_the_real_address_and_nothing_more() -> None:
    """Five characters behind what all addresses of the chain begin with, and the last five."""
    import random

    real = "T" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q"
    fake = lookalike(random.Random(1), real, "TRON")

    assert fake != real
    assert len(fake) == len(real)
    assert (fake[:5], fake[-5:]) == (real[:5], real[-5:])


def test_the_documentation_lists_every_kind_of_attack_with_its_detectors() -> None:
    """docs/simulated-exchange.md, row by row."""
    text = (Path(__file__).parents[3] / "docs/simulated-exchange.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \|[^|]+\| (.+) \|$", text, re.MULTILINE))

    assert {kind: set(re.findall(r"`(\w+)`", told)) for kind, told in rows.items()} == {k: set(v) for k, v in NOTICED_BY.items()}


@pytest.mark.parametrize("grade", GRADES)
@pytest.mark.parametrize("kind", GRADED)
def test_every_graded_attack_is_taken_by_the_worker_and_labelled(kind: str, grade: Grade) -> None:
    """In time order, within its time, labels with its grade, what the victim does by himself without one."""
    exchange = Exchange(7, 5, END - 2 * DAY)
    for _ in exchange.ordinary(END):
        pass
    drawn = exchange.attack(kind, END, "g", grade=grade)
    labels = [exchange.truth.get(event["event_id"]) for _, event in drawn]

    for _, event in drawn:
        assert not set(event) & {"_honest"}
        msgspec.convert(json.loads(json.dumps(event)), BY_TAG[event["type"]])
    assert [at for at, _ in drawn] == sorted(at for at, _ in drawn)
    assert drawn[-1][0] - END <= LASTS
    assert {(label.attack, label.grade) for label in labels if label} == {(kind, grade)}
    assert len({event["event_id"] for _, event in drawn}) == len(drawn)


def test_a_ring_pays_one_wallet() -> None:
    """Victims of one ring have it in common, those of another another."""
    exchange = Exchange(7, 5, END - 2 * DAY)
    for _ in exchange.ordinary(END):
        pass
    paid = [
        {e["address"] for _, e in exchange.attack("mule_payout", END, f"g{n}", grade="plain", ring=ring) if e["type"] == "transfer"}
        for n, ring in enumerate(("one", "one", "two"))
    ]

    assert paid[0] == paid[1] != paid[2]


def test_careful_thieves_come_from_the_neighbourhood_with_the_victims_browser() -> None:
    """Not the victim's address, but their country and user agent, on a device of their own."""
    exchange = Exchange(7, 5, END - 2 * DAY)
    for _ in exchange.ordinary(END):
        pass
    _, login = exchange.attack("takeover", END, "g", grade="careful")[0]
    victim = next(p for p in exchange.people if p.user_id == login["user_id"])

    assert login["client"]["user_agent"] == victim.computer.client("", "")["user_agent"]
    assert login["client"]["device_id"] != victim.computer.id
    assert login["client"]["ip"] != victim.home_ip


def test_sleepers_lived_long_ago_and_some_come_back() -> None:
    """Half a year of silence between; nobody comes back who will be attacked."""
    sleepers = Sleepers(7, 10, END)
    last = max(at for at, _ in sleepers.life())
    back = sleepers.returns(END, END + 5 * DAY)
    victim = sleepers.attack("dormant_takeover", END, "g", grade="plain")[0][1]["user_id"]

    assert END - last > 150 * DAY
    assert back
    assert all(END <= at <= END + 5 * DAY + 900 for at, _ in back)
    assert victim not in {event["user_id"] for _, event in back}


def test_a_file_holds_what_score_reads(tmp_path: Path) -> None:
    """History, then life with its attacks, in order of time; the truth beside it. At once: nobody waits for the ten minutes."""
    now = 1_795_341_600.0
    output, labels = tmp_path / "events.jsonl", tmp_path / "truth.jsonl"
    count = written(output, Exchange(7, 5, now // DAY * DAY - 2 * DAY), now=now, rate=2.0, seconds=60.0, labels=labels)
    events = [decode_any(line.encode()) for line in output.read_text().splitlines()]
    attacks = [json.loads(line) for line in labels.read_text().splitlines()]

    assert len(events) == count
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert now <= events[-1].at < now + 60
    assert attacks
    assert {attack["event_id"] for attack in attacks} <= {event.event_id for event in events}
