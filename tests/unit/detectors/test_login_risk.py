"""How a sign-in is weighed, and what is counted for it."""

from __future__ import annotations

import itertools
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import Sighting
from detectors.cases import NamedSurroundings
from detectors.login.sight import device_key
from detectors.models import login_risk
from detectors.models.attempts import BIN, Attempts
from detectors.models.features import account
from detectors.models.features import login as features
from detectors.models.logins import MOST, Logins
from detectors.models.partition import Models
from domain.habits import Habits
from domain.habits.login import LoginHabits
from domain.habits.traits import ADDRESS, BLOCK, DEVICE, LEVELS, MOST_WAITING, NETWORK, PLACE, VERSION, Traits
from domain.place import Place
from tests.support.events import DAY, HOUR, LAPTOP, STRANGER, event, login

PLACES = NamedSurroundings()


def seen(at: float, client: dict[str, Any] | None = None, models: Models | None = None, place: Place | None = None) -> Sighting:
    """A sign-in as the engine shows it."""
    one: Any = login(at, client)
    return Sighting(one, place or PLACES.place(one.where.ip), PLACES.agent(one.where.user_agent), models)


def settled(days: int = 60, client: dict[str, Any] | None = None, models: Models | None = None) -> Traits:
    """A sign-in a day."""
    traits = Traits()
    for day in range(-days, 0):
        one = seen(day * DAY, client, models)
        login_risk.count(one, traits)
        login_risk.learn(one, traits)
    return traits


def risk(traits: Traits, at: float = 0.0, client: dict[str, Any] | None = None) -> float:
    return login_risk.weigh(seen(at, client), traits).logit


def test_what_the_parts_say_adds_up() -> None:
    """Base and log likelihood ratios make the log odds; the risk is their probability."""
    weighed = login_risk.weigh(seen(0, STRANGER), settled())

    assert weighed.logit == pytest.approx(login_risk.BASE + sum(weighed.parts))
    assert sum(weighed.parts) == pytest.approx(sum(weighed.levels) + weighed.parts[-1])
    assert weighed.risk == pytest.approx(1 / (1 + math.exp(-weighed.logit)))


def test_risk_rises_with_each_thing_that_is_new() -> None:
    """The usual, another browser version, another city's network, another device, all of it from abroad."""
    traits = settled()
    steps = [
        LAPTOP,
        LAPTOP | {"user_agent": "Chrome 142 on Windows"},
        LAPTOP | {"ip": "potsdam", "user_agent": "Chrome 142 on Windows"},
        {"device_id": "other", "ip": "potsdam", "user_agent": "Chrome 142 on Windows"},
        {"device_id": "other", "ip": "lagos", "user_agent": "Firefox 140 on Linux"},
    ]
    risks = [risk(traits, client=client) for client in steps]

    assert risks == sorted(risks)
    assert len(set(risks)) == len(risks)


def test_a_new_country_is_not_held_against_it_four_times() -> None:
    """Below a country that is new no network, block or address is judged."""
    levels = login_risk.weigh(seen(0, STRANGER), settled()).levels

    assert levels[PLACE] > 1
    assert levels[NETWORK : ADDRESS + 1] == (0.0, 0.0, 0.0)


def test_who_always_comes_from_elsewhere_is_not_suspected_for_it() -> None:
    """Another address of the carrier each time, against one address for months."""
    carrier = Place("DE", "Berlin", 52.5, 13.4, 20_676, "Mobile carrier")
    restless, constant = Traits(), Traits()
    for day in range(60):
        for traits, ip in ((restless, f"198.51.{day}.{day}"), (constant, "198.51.1.1")):
            login_risk.learn(seen(day * DAY, LAPTOP | {"ip": ip}, place=carrier), traits)
    new = seen(61 * DAY, LAPTOP | {"ip": "198.51.200.7"}, place=carrier)

    assert login_risk.weigh(new, restless).parts[1] < login_risk.weigh(new, constant).parts[1] - 1


def test_an_update_leaves_the_make_as_it_is() -> None:
    """Another release of the browser, of the system too: the phone is the same. Another model is another phone."""
    text = "Mozilla/5.0 (Linux; Android {}; {}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Mobile Safari/537.36"
    paths = [
        login_risk._agent_path(text.format(*one), "Android", "Chrome", one[2])
        for one in (("15", "SM-S938B", "141"), ("16", "SM-S938B", "142"), ("15", "Pixel 9", "141"))
    ]

    makes = [path[-1] for path in paths]
    assert makes[0] == makes[1] != makes[2]
    assert paths[0][2] != paths[1][2]


def test_the_next_release_says_less_than_one_far_ahead() -> None:
    """Both are new to the user; browsers renew themselves one by one."""
    models = Models()
    for release in range(130, 150):
        user = Traits()
        for _ in range(20):
            for agent in (f"Chrome {release} on Windows", f"Chrome {release + 1} on Windows"):
                one = seen(1e6, {"user_agent": agent}, models)
                login_risk.count(one, user)
                login_risk.learn(one, user)
    traits = settled(client={"user_agent": "Chrome 141 on Windows"})
    soon, far = (login_risk.weigh(seen(0, {"user_agent": f"Chrome {n} on Windows"}, models), traits).levels[VERSION] for n in (142, 148))

    assert 0 < soon < far - 1


def test_what_waits_for_an_answer_speaks_less_from_day_to_day() -> None:
    """A network told of, and nobody objected: the second sign-in from there is less odd than the first, but where something new joins."""
    traits = settled()
    elsewhere = LAPTOP | {"ip": "potsdam"}
    login_risk.count(seen(0, elsewhere, models := Models()), traits)
    first, soon, later = (risk(traits, at, elsewhere) for at in (0, HOUR, 3 * DAY))
    joined = risk(traits, 3 * DAY, elsewhere | {"device_id": "stranger"})

    assert first > soon > later > risk(traits, 3 * DAY, LAPTOP)
    assert joined == pytest.approx(risk(settled(), 3 * DAY, elsewhere | {"device_id": "stranger"}), abs=0.2)
    login_risk.learn(seen(3 * DAY, elsewhere, models), traits)
    assert not traits.waiting


def test_a_clear_attack_does_not_get_cheaper_by_patience() -> None:
    """It isn't noted as something that waits."""
    traits = settled()
    login_risk.count(seen(0, STRANGER, Models()), traits)

    assert risk(traits, 0.0, STRANGER) > login_risk.CLEAR
    assert not traits.waiting


def test_few_things_wait() -> None:
    """Of many the oldest is forgotten."""
    traits = Traits()
    for n in range(3 * MOST_WAITING):
        traits.wait(PLACE, n + 1, n)

    assert sorted(traits.waiting.values()) == list(range(2 * MOST_WAITING, 3 * MOST_WAITING))


def test_where_somebody_was_last_is_likelier_than_where_he_was_long_ago() -> None:
    """Sixty days in one network, thirty in another: today the second is more usual, though it was less often."""
    traits = settled(60, LAPTOP)
    moved = LAPTOP | {"ip": "potsdam"}
    for day in range(30):
        login_risk.learn(seen(day * DAY, moved), traits)
    there, before = (login_risk.weigh(seen(30 * DAY, client), traits).levels[NETWORK : BLOCK + 1] for client in (moved, LAPTOP))

    assert sum(there) < sum(before)


def test_phones_come_from_new_networks_more_often_than_computers() -> None:
    """What is learned of phones on the way isn't held for computers."""
    models = Models()
    for n in range(600):
        agent, ip = ("Safari 26 on iPhone", f"198.{n % 250}.1.1") if n % 2 else ("Chrome 141 on Windows", "198.51.100.1")
        place = Place("DE", "", None, None, n if n % 2 else 1, "")
        user = Traits()
        for at, where in ((0.0, Place("DE", "", None, None, 1, "")), (HOUR, place)):
            one = seen(at, {"user_agent": agent, "ip": ip}, models, where)
            login_risk.count(one, user)
            login_risk.learn(one, user)
    said = []
    for agent in ("Safari 26 on iPhone", "Chrome 141 on Windows"):
        traits = Traits()
        login_risk.learn(seen(0, {"user_agent": agent, "ip": "198.51.100.1"}, models, Place("DE", "", None, None, 1, "")), traits)
        there = Place("DE", "", None, None, 7777, "")
        said.append(login_risk.weigh(seen(HOUR, {"user_agent": agent, "ip": "198.51.7.1"}, models, there), traits).levels[NETWORK])

    assert said[0] < said[1] - 1


def test_an_unusual_hour_weighs_a_little() -> None:
    """Noon each day; now at three in the night. An hour alone is no reason for an alarm."""
    traits = settled()
    noon, night = (login_risk.weigh(seen(at, LAPTOP), traits) for at in (0, 15 * HOUR))

    assert night.parts[-1] > noon.parts[-1]
    assert night.risk < 0.01


@pytest.mark.parametrize(
    "client",
    [
        {},
        {"ip": ""},
        {"ip": "10.0.0.7", "device_id": ""},
        {"ip": "not an address", "user_agent": "?"},
        {"ip": "2001:db8:1:2::3", "user_agent": "Chrome on"},
        {"ip": "::ffff:203.0.113.9"},
        {"device_id": "x" * 4096, "user_agent": "y" * 4096},
    ],
)
def test_whatever_is_missing_the_usual_stays_the_usual(client: dict[str, Any]) -> None:
    """An exchange that never tells this or that: its sign-ins are weighed by the rest."""
    traits = settled(client=client)

    assert risk(traits, client=client) <= login_risk.BASE + 0.5
    assert risk(traits, client=STRANGER) > risk(traits, client=client)


def test_an_ipv6_household_is_its_64_bits() -> None:
    """Privacy extensions change the rest each day."""
    same, other = ({"ip": f"2001:db8:1:{net}::{n:x}", "device_id": "laptop"} for net, n in ((2, 99), (7, 1)))
    traits = settled(client={"ip": "2001:db8:1:2::3", "device_id": "laptop"})

    assert risk(traits, client=same) < risk(traits, client=other)


def test_what_others_do_counts_when_there_are_others() -> None:
    """A browser that everybody uses says less for the user than one that hardly anybody does."""
    models = Models()
    for n in range(300):
        login_risk.count(seen(n * 60.0, {"user_agent": "Chrome 141 on Windows"}, models), Traits())
    common, rare = (
        login_risk.weigh(seen(DAY, {"user_agent": agent}, models), settled(client={"user_agent": agent})).parts[3]
        for agent in ("Chrome 141 on Windows", "Konqueror 5 on Haiku")
    )

    assert rare < common <= 0.0


def test_the_first_sign_in_says_nothing() -> None:
    """No history, no ratio."""
    weighed = login_risk.weigh(seen(0, STRANGER), Traits())

    assert (weighed.sign_ins, weighed.logit, weighed.judged) == (0, login_risk.BASE, ())


@pytest.mark.slow
def test_a_history_of_strangers_stays_small() -> None:
    """Everything new each time, four thousand times: user and partition stay within their bounds."""
    models, traits = Models(), Traits()
    for n in range(4_000):
        client = {
            "device_id": f"d{n}",
            "ip": f"{n % 200 + 1}.{n % 251}.{n % 13}.9",
            "user_agent": f"Browser{n} {n % 90} on System{n % 300}",
        }
        one = seen(n * HOUR, client, models, Place(f"C{n % 900}", "", None, None, n, ""))
        login_risk.count(one, traits)
        login_risk.learn(one, traits)

    assert len(msgspec.msgpack.encode(traits)) < 800
    assert all(len(counts) <= most * 1.25 + 1 for counts, most in zip(models.logins.counts, MOST, strict=True))
    assert len(msgspec.msgpack.encode(models.logins.export())) < 200_000


@given(
    st.lists(st.tuples(st.integers(0, LEVELS - 1), st.integers(0, 3), st.floats(0.0, 1.0), st.booleans()), max_size=50), st.integers(1, 200)
)
def test_whatever_was_counted_of_repeats_is_taken_again(counted: list[tuple[int, int, float, bool]], times: int) -> None:
    """Also where the usual hardly ever comes twice in a row: there repeats are far fewer than expected."""
    models = Logins()
    for _ in range(times):
        models.count_levels([(level, 64 * level, 0, pause, 0.1, share, again) for level, pause, share, again in counted])
    exported = msgspec.msgpack.encode(models.export())
    (after := Logins()).restore(msgspec.msgpack.decode(exported))

    assert msgspec.msgpack.encode(after.export()) == exported


def test_what_is_kept_of_a_partition_goes_on_where_it_ended() -> None:
    """Exported, encoded, restored: the same weights. What is no export changes nothing."""
    models = Models()
    traits = settled(models=models)
    again = Models()
    again.logins.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(models.logins.export())))

    one, other = seen(0, STRANGER, models), seen(0, STRANGER, again)
    assert login_risk.weigh(other, traits) == login_risk.weigh(one, traits)
    before = again.logins.export()
    for wrong in ({}, {**before, "counts": [{}]}, {**before, "rates": {1: [3, 2]}}):
        with pytest.raises((KeyError, ValueError)):
            again.logins.restore(wrong)
    assert again.logins.export() == before


def test_old_browsers_fade() -> None:
    """What was common two months ago is not, once others have taken its place."""
    model, key = Logins(), 7
    for week in range(12):
        model.fade(1e9 + week * 7 * DAY)
        for _ in range(100):
            model.count_values((key if week < 2 else 8,))

    assert model.share(PLACE, key, 0, 0, 0) < 0.05


def test_a_device_is_told_by_its_id_alone() -> None:
    """Without one it counts as not told, whatever the user agent says."""
    path = login_risk.path_of(seen(0, {"user_agent": "Chrome 141 on Windows"}))

    assert path[DEVICE] == login_risk.path_of(seen(0, {}))[DEVICE]
    assert device_key(seen(0, {"user_agent": "Chrome 141 on Windows"})) is not None
    assert len(path) == LEVELS


def test_failures_are_usual_by_the_hour_and_a_wave_does_not_become_so() -> None:
    """A tenth fails every day; then everything does for six hours, and a day later that has at most doubled."""
    attempts = Attempts()
    for n in range(14 * 288):
        for k in range(10):
            attempts.count(1e9 + n * BIN, k == 0)
    usual, end = attempts.usual(1e9 + 13 * DAY), 1e9 + 14 * DAY
    for n in range(72):
        for _ in range(50):
            attempts.count(end + n * BIN, True)
    for n in range(72, 3 * 288):
        attempts.count(end + n * BIN, False)

    assert usual == pytest.approx(0.1, abs=0.02)
    assert (attempts.usual(end + 3 * DAY) or 1.0) < 0.3


def test_attempts_of_now_are_those_of_the_last_half_hour() -> None:
    """Older ones, later ones, and those a day late don't count."""
    attempts = Attempts()
    for minutes, failed in itertools.product((-40, -20, -5, 20), (True, False)):
        attempts.count(1e9 + minutes * 60, failed)
    attempts.count(1e9 - 2 * DAY, True)

    assert attempts.now(1e9) == (2, 4)
    again = Attempts()
    again.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(attempts.export())))
    assert again.export() == attempts.export()
    with pytest.raises(ValueError, match="counts of attempts"):
        again.restore({"bins": {}, "slots": []})


def test_of_who_seldom_signs_in_one_sign_in_is_likelier_the_thiefs() -> None:
    """The same traits after five sign-ins, thirty and a hundred; of a first one nothing is said."""
    row = features.features(seen(0, STRANGER), Habits(login=LoginHabits(traits=settled())))
    place = features.NAMES.index("history")
    said = [sum(nats for _, nats in features.evidence((*row[:place], float(n), *row[place + 1 :]))) for n in (5, 30, 100)]

    assert said == sorted(said, reverse=True)
    assert said[0] > said[-1] + 1
    assert "history" not in dict(features.evidence((*row[:place], 0.0, *row[place + 1 :])))


def test_a_change_from_elsewhere_is_riskier_than_one_at_home() -> None:
    """And one of which nothing is told is in between: silence accuses nobody."""
    habits = Habits(login=LoginHabits(traits=settled()))
    risks = []
    for client in (LAPTOP, {}, STRANGER):
        change: Any = event("account_change", 0, change="mfa_disabled", client=client)
        row = account.features(Sighting(change, PLACES.place(change.where.ip), PLACES.agent(change.where.user_agent)), habits)
        assert len(row) == len(account.NAMES)
        risks.append(sum(nats for _, nats in account.evidence(row)))

    assert risks == sorted(risks)
    assert risks[-1] > risks[0] + 3


def test_a_home_is_the_address_that_one_comes_from_again_and_again() -> None:
    """Not one that was used now and then, nor what many share: a phone network's, an exit's."""
    traits, new_phone = settled(), LAPTOP | {"device_id": "phone"}
    shared = Place("DE", "Berlin", 52.52, 13.41, 3320, "Deutsche Telekom", mobile=True)

    assert login_risk.at_home(seen(0, new_phone), traits)
    assert not login_risk.at_home(seen(0, STRANGER), traits)
    assert not login_risk.at_home(seen(0, new_phone, place=shared), traits)
    assert not login_risk.at_home(seen(0, new_phone), settled(days=login_risk.OFTEN - 1))
    assert not login_risk.at_home(seen(0, new_phone), Traits())


def test_whence_something_is_asked_for_is_weighed_as_a_sign_in_is() -> None:
    """Country, network and device; but a known device, which a stolen session brings along, speaks for nobody."""
    traits = settled()
    abroad = seen(0, STRANGER)
    country, network, device, _, _ = login_risk.weigh(abroad, traits).parts
    moved = seen(0, STRANGER | {"device_id": "laptop"})

    assert login_risk.whence(abroad, traits) == pytest.approx(country + network + device)
    assert login_risk.whence(moved, traits) == pytest.approx(country + network)
    assert login_risk.whence(seen(0), traits) == login_risk.HOME
    assert login_risk.whence(abroad, Traits()) == 0.0
