"""How well an attack is made, and what careful thieves have: a proxy in the victim's city, their browser, their hours, their session."""

import math
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from embedded.exchange import habits, wire
from embedded.exchange.attacks import Scene
from embedded.exchange.networks import Network, abroad, distance_km, of
from embedded.exchange.people import COMPUTERS, PHONES, Device, Payee, Person

Event = dict[str, Any]
Grade = Literal["plain", "careful", "expert"]
GRADES: tuple[Grade, ...] = ("plain", "careful", "expert")
HOUR, DAY = 3600.0, 86_400.0
HONEST = "_honest"
"""Marks an event that the victim makes himself: no part of the truth."""


def mine(event: Event) -> Event:
    """The victim's own doing, on the way."""
    return event | {HONEST: True}


def nearby(s: Scene) -> Network:
    """A residential proxy in the victim's city, on another network where there is one; else the nearest in the country."""
    p = s.person
    others = [n for n in of("home", p.region) if n.prefix != p.home.prefix]
    here = [n for n in others if distance_km(n, p.home) < 60]
    if here:
        return s.rng.choice(here)
    return min(others, key=lambda n: distance_km(n, p.home), default=p.home)


def where(s: Scene, grade: Grade) -> Network:
    """From where the thief comes."""
    return abroad(s.rng, s.person.region) if grade == "plain" else nearby(s)


def machine(s: Scene, grade: Grade) -> Device:
    """A device that the victim never had; careful thieves take one of the same family and version."""
    p, name = s.person, f"{s.person.user_id}-{s.rng.randrange(1 << 40):010x}"
    if grade == "plain":
        return Device(name, s.rng.choice((*COMPUTERS, *PHONES)), s.rng.randint(130, 142))
    return Device(name, p.computer.machine, p.computer.version)


def stranger(s: Scene, grade: Grade) -> Event:
    """The client of the thief's own device."""
    return machine(s, grade).client(where(s, grade).address(s.rng), s.session())


def at_usual_hour(s: Scene) -> float:
    """Moves the time on to when the victim is usually there."""
    zone = ZoneInfo(s.person.zone)
    local = datetime.fromtimestamp(s.at, zone)
    wanted = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(hours=(s.person.hour + s.rng.gauss(0, 1.2)) % 24)
    ahead = (wanted.timestamp() - s.at) % DAY
    return s.later(ahead)


def stolen(s: Scene, grade: Grade, agent: bool = False) -> tuple[list[Event], Event]:
    """The victim signs in at home; the thief has the session from then on: same session, same device id, another network and, where he
    isn't careful, another browser."""
    p = s.person
    own = s.own()
    login = mine(habits.login(p, s.at, own))
    other = machine(s, "plain").client("", "")["user_agent"] if agent else own["user_agent"]
    return [login], own | {"ip": where(s, grade).address(s.rng), "user_agent": other}


def wallet(s: Scene) -> Payee:
    """A wallet of the thief's, on the chain that the victim uses most."""
    return s.payee(s.regular().chain)


def left(p: Person) -> float:
    """What there is to take, USD."""
    return max(p.balance, p.size * 12)


def take_all(s: Scene, client: Event, to: Payee) -> list[Event]:
    """At once, most of it."""
    usd = left(s.person) * s.rng.uniform(0.7, 0.95)
    return [habits.transfer(s.person, s.later(), usd, client, to, balance=left(s.person))]


def take_by_parts(s: Scene, client: Event, to: list[Payee], parts: int, apart: float, *, size: float = 1.3) -> list[Event]:
    """Withdrawals below the usual maximum, `apart` seconds from each other on average; `size` in usual withdrawals."""
    p, balance, out = s.person, left(s.person), list[Event]()
    for n in range(parts):
        usd = min(p.size * size * math.exp(s.rng.gauss(0, 0.15)), balance * 0.8)
        out.append(habits.transfer(p, s.later(s.rng.uniform(0.5, 1.5) * apart), usd, client, to[n % len(to)], balance=balance))
        balance -= usd
    return out


def take(s: Scene, grade: Grade, client: Event, to: Payee) -> list[Event]:
    """As the grade has it: all at once; over hours; over days at the victim's hours."""
    if grade == "plain":
        return take_all(s, client, to)
    if grade == "careful":
        return take_by_parts(s, client, [to, wallet(s)], s.rng.randint(3, 5), 1.5 * HOUR)
    out: list[Event] = []
    for _ in range(s.rng.randint(3, 4)):
        at_usual_hour(s)
        out += take_by_parts(s, client, [to], 2, 0.4 * HOUR, size=1.0)
        s.later(0.5 * DAY)
    return out


def whitelist(s: Scene, client: Event, to: Payee) -> Event:
    """The thief's wallet put on the victim's list."""
    return habits.change(s.person, s.later(60), "address_whitelisted", client, address=to.address)


def look(s: Scene, real: Payee, same: int) -> Payee:
    """A wallet that resembles a known one in its first and last characters."""
    return Payee(real.chain, wire.lookalike(s.rng, real.address, real.chain, same))
