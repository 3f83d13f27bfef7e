"""People who sign in, and four kinds of attackers, in the manner of Wiefling et al. (2022); for benchmarks.login_risk.

Where networks are is read from the same geo data that the product uses: addresses are drawn at random and grouped by country and network,
so that popularity is as heavy-tailed as it is. Nothing here is known to the detectors.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate
from random import Random
from typing import Any

from domain.place import Place
from domain.ports import Surroundings

DAY = 86_400.0
ORIGIN = datetime(2026, 1, 5, tzinfo=UTC).timestamp()
ATTACKERS = ("naive", "vpn", "targeted", "very targeted")
DOCUMENTATION = ("192.0.2", "198.51.100", "203.0.113")


@dataclass(frozen=True)
class Shape:
    """What a simulated exchange is like. Rates are a day unless said otherwise."""

    users: int = 1500
    days: int = 150
    device_ids: bool = True
    agents: bool = True
    geo: bool = True
    """False: addresses of documentation ranges, of which no data base says anything."""
    logins: float = 0.35
    """Of the median user; they differ by a factor of three either way."""
    churn: float = 0.06
    """Another address at home, for the median user."""
    mobile: float = 0.4
    """Part of sign-ins by a phone that are made on the way."""
    travel: float = 1 / 120
    vpn: float = 0.08
    """Part of users who sometimes come through one."""
    replaced: float = 1 / 400
    cleared: float = 0.004
    """A device that lost its id, a sign-in; ten times that for one user in twenty."""
    attacks: int = 250
    """Of each kind."""


@dataclass
class Net:
    """One operator's network in one country; blocks are the first three numbers of addresses."""

    place: Place
    blocks: list[str] = field(default_factory=list)

    def address(self, rng: Random, block: str = "") -> str:
        """One of its addresses, in a block of its choice: most in few."""
        chosen = block or self.blocks[int(len(self.blocks) * rng.random() ** 2)]
        return f"{chosen}.{rng.randrange(1, 255)}"


class Map:
    """Networks by country, as common as their addresses are."""

    def __init__(self, surroundings: Surroundings, rng: Random, geo: bool, draws: int = 40_000):
        found: dict[tuple[str, int], Net] = {}
        self.exits: list[Net] = []
        for _ in range(draws if geo else 0):
            block = f"{rng.randrange(1, 224)}.{rng.randrange(256)}.{rng.randrange(256)}"
            place = surroundings.place(f"{block}.77")
            if place.country and place.asn:
                net = found.setdefault((place.country + "~" * place.shared_exit, place.asn), Net(place))
                net.blocks += [block, *(near for near in _near(rng, block) if _same(surroundings.place(f"{near}.77"), place))]
        if not geo:
            for n in range(len(DOCUMENTATION) * 8):
                country = f"X{n // 8}"
                found[country, n] = Net(Place(country=country, asn=n + 1), [DOCUMENTATION[n % 3]])
        self.by_country: dict[str, list[Net]] = defaultdict(list)
        for (country, _), net in found.items():
            if country.endswith("~"):
                self.exits.append(net)
            else:
                self.by_country[country].append(net)
        self.exits = self.exits or [next(iter(found.values()))]
        self.countries = [c for c in self.by_country if len(self.by_country[c]) >= 3]
        self._weights = list(accumulate(sum(len(n.blocks) for n in self.by_country[c]) ** 0.7 for c in self.countries))

    def country(self, rng: Random) -> str:
        """One by the number of its addresses."""
        return self.countries[bisect(self._weights, rng.random() * self._weights[-1])]

    def net(self, rng: Random, country: str, but: Net | None = None) -> Net:
        """One of a country, by the number of its addresses."""
        nets = [n for n in self.by_country[country] if n is not but] or self.by_country[country]
        return rng.choices(nets, weights=[len(n.blocks) for n in nets])[0]

    def exit(self, rng: Random, country: str = "") -> Net:
        """Hosting; in the country where there is any."""
        return rng.choice([n for n in self.exits if n.place.country == country] or self.exits)


def _near(rng: Random, block: str) -> list[str]:
    return [f"{block.rpartition('.')[0]}.{rng.randrange(256)}" for _ in range(3)]


def _same(one: Place, other: Place) -> bool:
    return (one.country, one.asn, one.shared_exit) == (other.country, other.asn, other.shared_exit)


SYSTEMS = (("Windows", 40), ("iPhone", 25), ("Android", 22), ("macOS", 10), ("Linux", 3))
BROWSERS = {
    "Windows": (("Chrome", 62), ("Edge", 24), ("Firefox", 9), ("Opera", 5)),
    "macOS": (("Chrome", 45), ("Safari", 45), ("Firefox", 10)),
    "Linux": (("Chrome", 50), ("Firefox", 50)),
    "iPhone": (("Safari", 88), ("Chrome", 12)),
    "Android": (("Chrome", 100),),
}
MODELS = (
    "SM-S938B",
    "SM-A556E",
    "SM-A155F",
    "Pixel 9",
    "Pixel 10",
    "2412DPC0AG",
    "CPH2653",
    "RMX3999",
    "SM-G991B",
    "moto g84",
    "V2318",
    "K",
)


@dataclass
class Device:
    """What someone signs in with; `lag`: releases behind the newest."""

    id: str
    system: str
    browser: str
    model: str
    lag: int

    def agent(self, release: int) -> str:
        """What its browser says when `release` is the newest."""
        v = release - self.lag
        blink = f"AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0"
        if self.system == "iPhone":
            os_, w = f"{v // 6 + 1}_{v % 6}", "AppleWebKit/605.1.15 (KHTML, like Gecko)"
            shown = f"CriOS/{v}.0.7444.77" if self.browser == "Chrome" else f"Version/{v // 6 + 1}.{v % 6}"
            return f"Mozilla/5.0 (iPhone; CPU iPhone OS {os_} like Mac OS X) {w} {shown} Mobile/15E148 Safari/604.1"
        if self.system == "Android":
            return f"Mozilla/5.0 (Linux; Android 15; {self.model}) {blink} Mobile Safari/537.36"
        system = {"Windows": "Windows NT 10.0; Win64; x64", "macOS": "Macintosh; Intel Mac OS X 10_15_7", "Linux": "X11; Linux x86_64"}[
            self.system
        ]
        if self.browser == "Firefox":
            return f"Mozilla/5.0 ({system}; rv:{v}.0) Gecko/20100101 Firefox/{v}.0"
        if self.browser == "Safari":
            return f"Mozilla/5.0 ({system}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{v // 6 + 1}.{v % 6} Safari/605.1.15"
        tail = {"Edge": f" Edg/{v}.0.0.0", "Opera": f" OPR/{v - 16}.0.0.0"}.get(self.browser, "")
        return f"Mozilla/5.0 ({system}) {blink} Safari/537.36{tail}"


def device(rng: Random, system: str = "", browser: str = "") -> Device:
    """A device as people have them: of this system and browser, or of any."""
    system = system or _one(rng, SYSTEMS)
    browser = browser or _one(rng, BROWSERS[system])
    lag = rng.choices((0, 1, 2, 5, 14), weights=(62, 22, 8, 5, 3))[0]
    return Device(f"d{rng.getrandbits(48):012x}", system, browser, rng.choice(MODELS), lag)


def _one(rng: Random, table: tuple[tuple[str, int], ...]) -> str:
    return rng.choices([name for name, _ in table], weights=[weight for _, weight in table])[0]


@dataclass
class User:
    """One account and its owner's life."""

    id: str
    country: str
    home: Net
    carrier: Net
    work: tuple[Net, str] | None
    vpn: Net | None
    devices: list[Device]
    rate: float
    hours: tuple[float, ...]
    churn: float
    forgets: float
    home_ip: str = ""
    away: Net | None = None
    away_until: float = 0.0
    times: list[float] = field(default_factory=list)


class World:
    """Everybody's sign-ins in time order; attacks in the last third of the days, one a user at most."""

    def __init__(self, seed: int, shape: Shape, surroundings: Surroundings):
        self.shape, self.rng = shape, Random(seed)
        self.map = Map(surroundings, self.rng, shape.geo)
        self.truth: dict[str, str] = {}
        """Event id -> kind of attacker."""
        markets = [self.map.country(self.rng) for _ in range(12)]
        # An exchange has its markets; the rest of the world is there as well.
        self.offices = {c: [(net := self.map.net(self.rng, c), net.address(self.rng)) for _ in range(4)] for c in dict.fromkeys(markets)}
        self.users = [self._user(n, markets) for n in range(shape.users)]
        self.test_from = ORIGIN + shape.days * DAY * 2 / 3

    def events(self) -> Iterator[dict[str, Any]]:
        """Sign-ins as the exchange would send them."""
        rng, shape = self.rng, self.shape
        made: list[tuple[float, dict[str, Any]]] = []
        for user in self.users:
            made += self._life(user)
        victims = [u for u in self.users if u.times and u.times[0] < self.test_from]
        rng.shuffle(victims)
        for n, user in enumerate(victims[: shape.attacks * len(ATTACKERS)]):
            kind = ATTACKERS[n % len(ATTACKERS)]
            at = rng.uniform(self.test_from, ORIGIN + shape.days * DAY)
            made.append((at, self._attack(kind, user, at)))
        made.sort(key=lambda one: one[0])
        for n, (at, event) in enumerate(made):
            kind = event.pop("attack", "")
            event |= {
                "type": "login",
                "event_id": f"e{n}",
                "occurred_at": datetime.fromtimestamp(at, UTC).isoformat(),
                "outcome": "success",
            }
            if kind:
                self.truth[event["event_id"]] = kind
            yield event

    def _user(self, n: int, markets: list[str]) -> User:
        rng, shape = self.rng, self.shape
        country = markets[min(int(rng.expovariate(0.35)), len(markets) - 1)] if rng.random() < 0.85 else self.map.country(rng)
        home = self.map.net(rng, country)
        zone = rng.choice((-5, 0, 1, 3, 8)) if not home.place.longitude else round(home.place.longitude / 15)
        base = rng.gauss(20, 3)
        return User(
            id=f"u{n}",
            country=country,
            home=home,
            carrier=self.map.net(rng, country, home),
            work=rng.choice(self.offices[country]) if country in self.offices and rng.random() < 0.35 else None,
            vpn=self.map.exit(rng) if rng.random() < shape.vpn else None,
            devices=[device(rng) for _ in range(rng.choices((1, 2, 3), weights=(55, 35, 10))[0])],
            rate=shape.logins * math.exp(rng.gauss(0, 1.1)),
            hours=tuple((h - zone) % 24 for h in (base, rng.gauss(12, 3))),
            churn=shape.churn * math.exp(rng.gauss(0, 1.2)),
            forgets=shape.cleared * (10 if rng.random() < 0.05 else 1),
            home_ip=home.address(rng),
        )

    def _life(self, user: User) -> Iterator[tuple[float, dict[str, Any]]]:
        rng, shape = self.rng, self.shape
        joined = rng.uniform(0, shape.days * 0.5) if rng.random() < 0.5 else 0.0
        for day in range(int(joined), shape.days):
            self._change(user, ORIGIN + day * DAY)
            for _ in range(_poisson(rng, user.rate)):
                hour = (user.hours[rng.random() < 0.3] + rng.gauss(0, 2.2)) % 24
                at = ORIGIN + day * DAY + hour * 3600 + rng.random() * 600
                user.times.append(at)
                yield at, self._sign_in(user, at)

    def _change(self, user: User, at: float) -> None:
        rng, shape = self.rng, self.shape
        if rng.random() < user.churn:
            same = rng.random() < 0.3
            user.home_ip = user.home.address(rng, user.home_ip.rpartition(".")[0] if same else "")
        if rng.random() < shape.replaced * len(user.devices):
            n = rng.randrange(len(user.devices))
            user.devices[n] = device(rng, user.devices[n].system if rng.random() < 0.7 else "")
        if rng.random() < 1 / 900:  # moves, or changes the provider
            user.home = self.map.net(rng, user.country)
            user.home_ip = user.home.address(rng)
        if user.away and at > user.away_until:
            user.away = None
        if not user.away and rng.random() < shape.travel:
            there = self.map.country(rng) if rng.random() < 0.5 else user.country
            user.away, user.away_until = self.map.net(rng, there), at + rng.uniform(1, 9) * DAY

    def _sign_in(self, user: User, at: float) -> dict[str, Any]:
        rng, shape = self.rng, self.shape
        used = user.devices[min(int(rng.expovariate(1.2)), len(user.devices) - 1)]
        if rng.random() < user.forgets:
            used.id = f"d{rng.getrandbits(48):012x}"
        if user.away:
            ip = user.away.address(rng)
        elif user.vpn and rng.random() < 0.35:
            ip = user.vpn.address(rng)
        elif used.system in ("iPhone", "Android") and rng.random() < shape.mobile:
            ip = user.carrier.address(rng)
        elif user.work and rng.random() < 0.3:
            ip = user.work[1]
        else:
            ip = user.home_ip
        return self._event(user, used, ip, at)

    def _attack(self, kind: str, user: User, at: float) -> dict[str, Any]:
        rng = self.rng
        mine = rng.choice(user.devices)
        if kind == "naive":
            net, used = self.map.net(rng, self.map.country(rng)), device(rng)
        elif kind == "vpn":
            proxy = rng.random() < 0.5
            net, used = self.map.net(rng, user.country) if proxy else self.map.exit(rng, user.country), device(rng)
        elif kind == "targeted":
            net, used = user.home, device(rng)
        else:
            net, used = user.home, device(rng, mine.system, mine.browser)
            at = rng.choice(user.times) % DAY + at // DAY * DAY + rng.gauss(0, 1800)
        return self._event(user, used, net.address(rng), at) | {"attack": kind}

    def _event(self, user: User, used: Device, ip: str, at: float) -> dict[str, Any]:
        # A release every four weeks, and each device takes it in its own time.
        release = 138 + int((at - ORIGIN) / (28 * DAY) + (hash_of(used.id) % 10) / 14)
        client = {"ip": ip, "session_id": f"s{self.rng.getrandbits(40):x}"}
        if self.shape.device_ids:
            client["device_id"] = used.id
        if self.shape.agents:
            client["user_agent"] = used.agent(release)
        return {"user_id": user.id, "client": client}


def hash_of(text: str) -> int:
    """The same in each run."""
    return int(text[-6:], 16)


def _poisson(rng: Random, mean: float) -> int:
    limit, n, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        n, product = n + 1, product * rng.random()
    return n
