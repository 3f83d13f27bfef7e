"""What thieves do, one function a kind: (person, start, rng) -> events in time order.

`pace` is how many seconds pass between the steps of a longer attack, on average.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from embedded.exchange import habits, wire
from embedded.exchange.networks import Network, abroad, far_away, of
from embedded.exchange.people import COMPUTERS, PHONES, Device, Payee, Person

Event = dict[str, Any]


@dataclass
class Scene:
    """Who is attacked, from when on (seconds since the epoch), and by chance of what."""

    person: Person
    at: float
    rng: Random
    pace: float = 8.0
    shared: Random = field(default_factory=lambda: Random(0))
    """The same for all victims of a ring."""

    def later(self, seconds: float | None = None) -> float:
        """Moves the time on."""
        self.at += seconds if seconds is not None else self.pace * self.rng.uniform(0.6, 1.4)
        return self.at

    def stranger(self, network: Network) -> Event:
        """The client of a device that the person never had, in this network."""
        p = self.person
        device = Device(
            f"{p.user_id}-{self.rng.randrange(1 << 40):010x}", self.rng.choice((*COMPUTERS, *PHONES)), self.rng.randint(130, 142)
        )
        return device.client(network.address(self.rng), self.session())

    def own(self, ip: str = "") -> Event:
        """The client of the person's own computer; from home unless told otherwise."""
        return self.person.computer.client(ip or self.person.home_ip, self.session())

    def session(self) -> str:
        return f"{self.person.user_id}-s{self.rng.randrange(1 << 40):010x}"

    def payee(self, chain: str = "") -> Payee:
        """A wallet of the thief's."""
        chain = chain or self.rng.choice(list(wire.NETWORKS))
        return Payee(chain, wire.address(self.rng, chain))

    def regular(self) -> Payee:
        """The payee that the person pays each month: one that is known whatever the day."""
        return self.person.payees[0]

    def same_country(self) -> Network:
        """Another network in the person's own country, as residential proxies give it."""
        p = self.person
        return self.rng.choice([n for n in of("home", p.region) if n.prefix != p.home.prefix] or [p.home])


def takeover(s: Scene) -> list[Event]:
    """A login from a new device abroad, the second factor reset, the account emptied."""
    p, client = s.person, s.stranger(abroad(s.rng, s.person.region))
    out = [habits.login(p, s.at, client)]
    what, detail = s.rng.choice(
        (
            ("mfa_reset", {}),
            ("password_changed", {}),
            ("api_key_created", _open_key(s)),
            ("email_changed", _new_email(s)),
        )  # each has happened
    )
    out.append(habits.change(p, s.later(), what, client, **detail))
    out.append(habits.transfer(p, s.later(), p.balance * s.rng.uniform(0.6, 0.95), client, s.payee()))
    return out


def new_device(s: Scene) -> list[Event]:
    """A login with a stolen password from a device never seen, through a proxy nearby."""
    return [habits.login(s.person, s.at, s.stranger(s.same_country()))]


def new_country(s: Scene) -> list[Event]:
    """The person's own session, stolen and used from abroad: same device, another country."""
    return [habits.login(s.person, s.at, s.own(abroad(s.rng, s.person.region).address(s.rng)))]


def impossible_travel(s: Scene) -> list[Event]:
    """The person at home, and minutes later "the same device" thousands of kilometres away."""
    p = s.person
    first = habits.login(p, s.at, s.own())
    there = far_away(s.rng, p.home).address(s.rng)
    return [first, habits.login(p, s.later(max(60.0, s.pace)), s.own(there))]


def guessing(s: Scene) -> list[Event]:
    """Password after password from one address, until one fits."""
    p, client = s.person, s.stranger(s.same_country())
    out = [habits.login(p, s.at if n == 0 else s.later(s.rng.uniform(1, 3)), client, "wrong_password") for n in range(s.rng.randint(9, 16))]
    return [*out, habits.login(p, s.later(2), client)]


def large_withdrawal(s: Scene) -> list[Event]:
    """From the person's own device to a known payee, many times the usual: talked into it, or forced."""
    p = s.person
    usd = max(p.balance, p.size * 14) * s.rng.uniform(0.85, 0.98)
    return [habits.transfer(p, s.at, usd, s.own(), s.regular(), balance=usd * 1.05)]


def new_address(s: Scene) -> list[Event]:
    """Malware on the person's own computer swaps the address on the clipboard."""
    p = s.person
    return [habits.transfer(p, s.at, p.size * s.rng.uniform(0.8, 1.2), s.own(), s.payee())]


def lookalike_after_dust(s: Scene) -> list[Event]:
    """A deposit of dust from an address that resembles a known one; then the person copies it from the history."""
    p = s.person
    real = s.regular()
    fake = Payee(real.chain, wire.lookalike(s.rng, real.address, real.chain))
    dust = habits.transfer(p, s.at, 0.02, {}, fake, direction="deposit", status="completed")
    return [dust, habits.transfer(p, s.later(), p.size * s.rng.uniform(0.8, 1.5), s.own(), fake)]


def rapid_drain(s: Scene) -> list[Event]:
    """Withdrawal after withdrawal, each of a usual size, until hardly anything is left."""
    p, client, to = s.person, s.own(), s.regular()
    left = p.size * 9
    out: list[Event] = []
    while left > p.size * 0.8:
        usd = min(left * 0.9, p.size * s.rng.uniform(0.9, 1.3))
        out.append(habits.transfer(p, s.at if not out else s.later(min(s.pace, 60)), usd, client, to, balance=left))
        left -= usd
    return out


def security_setting(s: Scene) -> list[Event]:
    """The second factor switched off, or the address for mails changed, in a session left open."""
    what, detail = s.rng.choice(
        (("mfa_disabled", {}), ("email_changed", _new_email(s)), ("phone_changed", {"old": s.person.phone, "new": "+15005550006"}))
    )
    return [habits.change(s.person, s.at, what, s.own(), **detail)]


def api_key(s: Scene) -> list[Event]:
    """A key that may withdraw, from anywhere."""
    return [habits.change(s.person, s.at, "api_key_created", s.own(), **_open_key(s))]


def trade_burst(s: Scene) -> list[Event]:
    """Fill after fill in seconds, far from the market's price: money pushed over to an accomplice."""
    p, client = s.person, s.own()
    out: list[Event] = []
    for n in range(s.rng.randint(80, 120)):
        out.append(
            habits.fill(p, s.at if n == 0 else s.later(s.rng.uniform(0.2, 0.8)), p.trade * 2, client, s.rng, off=0.04)
            | {"counterparty_user_id": "x-mule"}
        )
    return out


def margin_falling(s: Scene) -> list[Event]:
    """No thief: the market. The position comes closer to liquidation step by step."""
    levels = (0.62, 0.83, 0.92, 0.965)
    return [habits.margin(s.person, s.at if n == 0 else s.later(), level) for n, level in enumerate(levels)]


KINDS: dict[str, Callable[[Scene], list[Event]]] = {
    "takeover": takeover,
    "new_device": new_device,
    "large_withdrawal": large_withdrawal,
    "lookalike_after_dust": lookalike_after_dust,
    "new_country": new_country,
    "rapid_drain": rapid_drain,
    "api_key": api_key,
    "guessing": guessing,
    "new_address": new_address,
    "security_setting": security_setting,
    "impossible_travel": impossible_travel,
    "trade_burst": trade_burst,
    "margin_falling": margin_falling,
}
"""Kind -> what it does; in the order in which a live exchange shows them first."""

NOTICED_BY: dict[str, frozenset[str]] = {
    "takeover": frozenset({"account_takeover"}),
    "new_device": frozenset({"login_new_device"}),
    "new_country": frozenset({"login_new_country", "login_impossible_travel"}),
    "impossible_travel": frozenset({"login_impossible_travel"}),
    "guessing": frozenset({"login_after_failures"}),
    "large_withdrawal": frozenset({"withdrawal_large"}),
    "new_address": frozenset({"withdrawal_new_address"}),
    "lookalike_after_dust": frozenset({"withdrawal_lookalike_address"}),
    "rapid_drain": frozenset({"withdrawal_rapid_drain"}),
    "security_setting": frozenset({"security_setting_changed"}),
    "api_key": frozenset({"security_setting_changed"}),
    "trade_burst": frozenset({"trade_burst"}),
    "margin_falling": frozenset({"margin_low"}),
}
"""Kind -> detectors of which at least one has to fire for the attack to count as noticed."""


def _open_key(s: Scene) -> Event:
    return {"new": f"key-{s.rng.randrange(1 << 32):08x}", "permissions": ["read", "trade", "withdraw"], "ip_restricted": False}


def _new_email(s: Scene) -> Event:
    return {"old": s.person.email, "new": f"{s.rng.randrange(1 << 32):08x}@elsewhere.example"}
