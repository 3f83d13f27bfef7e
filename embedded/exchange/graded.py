"""Attacks in three grades. Plain: from abroad, at once, everything. Careful: from the victim's city, with their browser, at their hours,
below their usual maximum, spread over hours. Expert: with a stolen session, patient for days, split, prepared.

One function a kind: (scene, grade) -> events in time order; those that the victim makes himself are marked (craft.HONEST). What several
victims have in common (one wallet, one address) comes from `scene.shared`, the same for a whole ring.
"""

from collections.abc import Callable
from typing import Any

from embedded.exchange import habits, wire
from embedded.exchange.attacks import Scene
from embedded.exchange.craft import (
    DAY,
    HOUR,
    Event,
    Grade,
    at_usual_hour,
    left,
    look,
    machine,
    mine,
    nearby,
    stolen,
    stranger,
    take,
    take_all,
    take_by_parts,
    wallet,
    where,
    whitelist,
)
from embedded.exchange.networks import of
from embedded.exchange.people import Payee

Kind = Callable[[Scene, Grade], list[Event]]


def takeover(s: Scene, grade: Grade) -> list[Event]:
    """The password is stolen: a new device, protection changed, money out. The expert has a session instead, puts his wallet on the list
    and waits."""
    p, to = s.person, wallet(s)
    if grade == "expert":
        at_usual_hour(s)
        out, client = stolen(s, grade)
        s.later(HOUR)
        out.append(whitelist(s, client, to))
        s.later(s.rng.uniform(1.5, 3.0) * DAY)
        return [*out, *take(s, grade, client, to)]
    if grade == "careful":
        at_usual_hour(s)
    client = stranger(s, grade)
    out = [habits.login(p, s.at, client)]
    what = s.rng.choice(("mfa_reset", "password_changed", "email_changed"))
    detail = {"old": p.email, "new": f"{s.rng.randrange(1 << 32):08x}@elsewhere.example"} if what == "email_changed" else {}
    out.append(habits.change(p, s.later(), what, client, **detail))
    if grade == "careful":
        s.later(HOUR)
    return [*out, *take(s, grade, client, to)]


def session_theft(s: Scene, grade: Grade) -> list[Event]:
    """Malware takes the session's cookie while its owner is signed in."""
    if grade != "plain":
        at_usual_hour(s)
    out, client = stolen(s, grade, agent=grade == "plain")
    s.later(s.rng.uniform(0.3, 1.0) * HOUR)
    to = wallet(s)
    if grade == "expert":
        out.append(whitelist(s, client, to))
        s.later(s.rng.uniform(1.0, 2.0) * DAY)
    return [*out, *take(s, grade, client, to)]


def sim_swap(s: Scene, grade: Grade) -> list[Event]:
    """The number is moved to the thief's phone, the account recovered with the codes that come there."""
    p, to = s.person, wallet(s)
    if grade != "plain":
        at_usual_hour(s)
    phone = machine(s, grade)
    phone.machine = p.mobile.machine if grade != "plain" else phone.machine
    network = where(s, grade) if grade == "plain" else p.carrier
    client = phone.client(network.address(s.rng), s.session())
    out = [habits.change(p, s.at, "recovery_requested", client), habits.change(p, s.later(120), "password_reset", client)]
    out.append(habits.login(p, s.later(60), client) | {"mfa": "sms"})
    if grade == "expert":
        s.later(s.rng.uniform(1.0, 2.0) * DAY)
        out.append(whitelist(s, client, to))
        s.later(12 * HOUR)
    return [*out, *take(s, grade, client, to)]


def api_key_drain(s: Scene, grade: Grade) -> list[Event]:
    """A key is made in a stolen session, and takes the money out from a server. The expert's only trades: at a loss, to an accomplice."""
    p, to = s.person, wallet(s)
    if grade != "plain":
        at_usual_hour(s)
    out, client = stolen(s, grade, agent=grade == "plain")
    key = f"key-{s.rng.randrange(1 << 32):08x}"
    rights = ["read", "trade"] if grade == "expert" else ["read", "trade", "withdraw"]
    out.append(habits.change(p, s.later(0.5 * HOUR), "api_key_created", client, new=key, permissions=rights, ip_restricted=False))
    server = s.rng.choice(of("hosting"))
    api = {"session_id": None, "ip": server.address(s.rng), "channel": "api", "api_key_id": key}
    if grade == "expert":
        s.later(s.rng.uniform(1.0, 2.0) * DAY)
        return [*out, *_losses(s, api, 40, 600.0, 0.02)]
    return [*out, *take(s, grade, api, to)]


def address_poisoning(s: Scene, grade: Grade) -> list[Event]:
    """Something comes from an address like a known one; later the victim copies it from the history. The expert's is alike in 5 + 5
    characters, sends more than dust, and waits."""
    p, real = s.person, s.regular()
    fake = look(s, real, {"plain": 7, "careful": 6, "expert": 5}[grade])
    sent = {"plain": 0.02, "careful": 0.3, "expert": s.rng.uniform(3, 12)}[grade]
    out = [habits.transfer(p, s.at, sent, {}, fake, direction="deposit", status="completed")]
    s.later({"plain": HOUR, "careful": DAY, "expert": 3 * DAY}[grade] * s.rng.uniform(0.7, 1.2))
    at_usual_hour(s)
    own = s.own()
    return [*out, mine(habits.login(p, s.at, own)), habits.transfer(p, s.later(120), p.size * s.rng.uniform(0.8, 1.6), own, fake)]


def mule_payout(s: Scene, grade: Grade) -> list[Event]:
    """Investors in nothing: people who never met pay the same address, from their own devices; more each time where it goes on."""
    p = s.person
    chain = s.shared.choice(list(wire.NETWORKS))
    to = Payee(chain, wire.address(s.shared, chain))
    at_usual_hour(s)
    own, out = s.own(), list[Event]()
    for n in range({"plain": 1, "careful": 2, "expert": 2}[grade]):
        out.append(mine(habits.login(p, s.at, own)))
        usd = min(p.size * s.rng.uniform(2.5, 4.0), left(p) * 0.5) if grade == "plain" else p.size * s.rng.uniform(0.8, 1.3) * (1 + 0.5 * n)
        out.append(habits.transfer(p, s.later(180), usd, own, to, balance=left(p)))
        s.later({"plain": 0.0, "careful": 6 * HOUR, "expert": 40 * HOUR}[grade])
    return out


def stuffing(s: Scene, grade: Grade) -> list[Event]:
    """Leaked passwords are tried on many accounts; on this one, one fits. From one address; from one network; from a botnet of homes, each
    address once."""
    p, shared = s.person, s.shared
    network = shared.choice(of("hosting"))
    one = network.address(shared)
    agent = machine(s, "plain")
    out: list[Event] = []
    for n in range({"plain": 25, "careful": 15, "expert": 10}[grade]):
        at = s.at if n == 0 else s.later(s.rng.uniform(2, 20))
        ip = one if grade == "plain" else network.address(s.rng) if grade == "careful" else s.rng.choice(of("home")).address(s.rng)
        client = agent.client(ip, "") | {"device_id": None, "session_id": None}
        out.append(habits.login(p, at, client, "wrong_password") | {"user_id": f"{p.user_id}-neighbour{n}", "mfa": None})
    ip = one if grade == "plain" else network.address(s.rng) if grade == "careful" else nearby(s).address(s.rng)
    client = agent.client(ip, s.session()) | {"device_id": f"{p.user_id}-{s.rng.randrange(1 << 40):010x}"}
    out.append(habits.login(p, s.later(5), client))
    s.later({"plain": 60.0, "careful": HOUR, "expert": DAY}[grade])
    return [*out, *take(s, grade, client, wallet(s))]


def mfa_fatigue(s: Scene, grade: Grade) -> list[Event]:
    """Prompt after prompt on the owner's phone, until one is accepted."""
    p = s.person
    if grade != "plain":
        at_usual_hour(s)
    client, out = stranger(s, grade), list[Event]()
    for _ in range(18 if grade == "plain" else 6):
        out.append(habits.login(p, s.later(25 if grade == "plain" else 400), client, "wrong_mfa"))
    out.append(habits.login(p, s.later(30), client))
    return [*out, *take(s, grade, client, wallet(s))]


def counter_trades(s: Scene, grade: Grade) -> list[Event]:
    """A stolen session can't withdraw, so it loses: trades far from the market with an accomplice on the other side."""
    if grade != "plain":
        at_usual_hour(s)
    out, client = stolen(s, grade)
    s.later(0.5 * HOUR)
    many, apart, off = {"plain": (60, 3.0, 0.05), "careful": (30, 300.0, 0.025), "expert": (40, 0.1 * DAY, 0.015)}[grade]
    return [*out, *_losses(s, client, many, apart, off)]


def pass_through(s: Scene, grade: Grade) -> list[Event]:
    """The account of a mule: stolen money comes in, and is passed on."""
    p, to = s.person, wallet(s)
    at_usual_hour(s)
    own = s.own()
    usd = p.size * s.rng.uniform(6, 9)
    source = wallet(s)
    out = [habits.transfer(p, s.at, usd, {}, source, direction="deposit", status="completed", balance=left(p) * 0.1 + usd)]
    if grade == "plain":
        return [*out, habits.transfer(p, s.later(300), usd * 0.97, own, to, balance=left(p) * 0.1 + usd)]
    balance, parts = left(p) * 0.1 + usd, 3 if grade == "careful" else 6
    for _ in range(parts):
        part = usd * 0.95 / parts
        out.append(habits.transfer(p, s.later((1.2 if grade == "careful" else 10) * HOUR), part, own, to, balance=balance))
        balance -= part
    return out


def remote_control(s: Scene, grade: Grade) -> list[Event]:
    """Somebody on the phone, "from support", guides the victim's own hands; or malware does: own device, own home, the thief's wallet."""
    at_usual_hour(s)
    own = s.own()
    out = [mine(habits.login(s.person, s.at, own))]
    s.later(300)
    if grade == "plain":
        return [*out, *take_all(s, own, wallet(s))]
    if grade == "careful":
        return [*out, *take_by_parts(s, own, [wallet(s), wallet(s)], 6, 0.7 * HOUR, size=1.5)]
    return [*out, *take(s, grade, own, wallet(s))]


def dormant_takeover(s: Scene, grade: Grade) -> list[Event]:
    """An account that nobody has used for half a year is emptied. For victims who sleep (see world.Sleepers)."""
    if grade != "plain":
        at_usual_hour(s)
    client = stranger(s, grade)
    out = [habits.login(s.person, s.at, client)]
    s.later({"plain": 60.0, "careful": HOUR, "expert": 2 * DAY}[grade])
    return [*out, *take(s, "careful" if grade == "expert" else grade, client, wallet(s))]


def _losses(s: Scene, client: Event, many: int, apart: float, off: float) -> list[Event]:
    """Fills at a loss, with one counterparty."""
    p, out = s.person, list[Event]()
    other = f"x-mule{s.rng.randrange(1 << 20):05x}"
    for _ in range(many):
        fill: dict[str, Any] = habits.fill(p, s.later(s.rng.uniform(0.5, 1.5) * apart), p.trade * s.rng.uniform(1.5, 4.0), client, s.rng)
        sign = 1 if fill["side"] == "buy" else -1
        price = float(fill["mark_price"]) * (1 + sign * off * s.rng.uniform(0.7, 1.3))
        out.append(fill | {"price": wire.money(price), "counterparty_user_id": other})
    return out


GRADED: dict[str, Kind] = {
    "takeover": takeover,
    "session_theft": session_theft,
    "sim_swap": sim_swap,
    "api_key_drain": api_key_drain,
    "address_poisoning": address_poisoning,
    "mule_payout": mule_payout,
    "stuffing": stuffing,
    "mfa_fatigue": mfa_fatigue,
    "counter_trades": counter_trades,
    "pass_through": pass_through,
    "remote_control": remote_control,
    "dormant_takeover": dormant_takeover,
}
RINGS = {"mule_payout": 6, "stuffing": 4}
"""Kinds that strike several victims together, and how many."""
SLEEPING = frozenset({"dormant_takeover"})
"""Kinds whose victims have long been away."""
QUICK = ("sim_swap", "mfa_fatigue")
"""Kinds whose plain form takes minutes: for who watches."""
LASTS = 6 * DAY
"""No attack is longer."""
