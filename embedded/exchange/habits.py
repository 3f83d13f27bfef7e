"""What a person does on an ordinary day, and the honest surprises: travel, a new phone, a new payee, a changed setting."""

import math
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from embedded.exchange import wire
from embedded.exchange.networks import Network, abroad, of
from embedded.exchange.people import PHONES, Device, Payee, Person

Event = dict[str, Any]
MARKETS = {"BTC-USDT": 97_000.0, "ETH-USDT": 3_400.0, "SOL-USDT": 210.0}


@dataclass
class Diary:
    """A day of one person: events with their times, and what is honest yet deserves a notice (event id -> why)."""

    person: Person
    events: list[tuple[float, Event]] = field(default_factory=list)
    surprises: dict[str, str] = field(default_factory=dict)

    def add(self, at: float, event: Event) -> Event:
        self.events.append((at, event))
        return event


def day(p: Person, on: date, surprising: bool) -> Diary:
    """The person's local day. `surprising` False: nothing but habit. Advances the person's state: call for each day once, in order."""
    diary, rng = Diary(p), p.rng
    midnight = datetime(on.year, on.month, on.day, tzinfo=ZoneInfo(p.zone)).timestamp()
    traveling = p.away_days > 0
    if surprising:
        _change_things(p)
        if not traveling and rng.random() < 1 / 160:
            p.away, p.away_days = abroad(rng, p.region), rng.randint(3, 7)
            return diary  # a day on the way, without a login
    if traveling:
        p.away_days -= 1
        if p.away_days == 0:
            p.away = None
            return diary  # and one on the way home
    count = _poisson(rng, p.logins)
    for start in sorted(midnight + 3600 * ((p.hour + rng.gauss(0, 1.8)) % 24) + rng.uniform(0, 1800) for _ in range(count)):
        _session(diary, start, surprising)
    if p.margin:
        for hour in (4, 12, 20):
            diary.add(at := midnight + 3600 * hour + rng.uniform(0, 1800), margin(p, at, min(0.7, max(0.1, rng.gauss(0.35, 0.1)))))
    if on.day == p.payday and count and not traveling:
        _payday(diary, midnight + 3600 * ((p.hour + 1) % 23))
    return diary


def login(p: Person, at: float, client: Event, outcome: str = "success") -> Event:
    return _base(p, "login", at) | {"outcome": outcome, "mfa": "totp" if outcome == "success" else None, "client": client}


def fill(p: Person, at: float, usd: float, client: Event, rng: Random, *, off: float = 0.0) -> Event:
    """A trade at `off` (a fraction) from the market's price."""
    market = rng.choice(list(MARKETS))
    mark = MARKETS[market] * math.exp(rng.gauss(0, 0.004))
    price = mark * (1 + off)
    return _base(p, "trade", at) | {
        "order_id": p.next_id("o"), "action": "fill", "market": market, "side": rng.choice(("buy", "sell")), "order_type": "limit",
        "price": wire.money(price), "quantity": wire.money(usd / price, 6), "usd_value": wire.money(usd), "mark_price": wire.money(mark),
        "client": client,
    }  # fmt: skip


def transfer(
    p: Person, at: float, usd: float, client: Event, to: Payee, *, direction: str = "withdrawal", status: str = "requested",
    transfer_id: str | None = None, balance: float | None = None,
) -> Event:  # fmt: skip
    asset = wire.NETWORKS[to.chain]
    return _base(p, "transfer", at) | {
        "transfer_id": transfer_id or p.next_id("t"), "direction": direction, "status": status, "asset": asset, "network": to.chain,
        "amount": wire.amount(usd, asset), "usd_value": wire.money(usd), "address": to.address,
        "balance_usd": wire.money(p.balance if balance is None else balance), "client": client,
    }  # fmt: skip


def change(p: Person, at: float, what: str, client: Event, **detail: Any) -> Event:
    return _base(p, "account_change", at) | {"change": what, "detail": detail, "client": client}


def margin(p: Person, at: float, ratio: float) -> Event:
    """Maintenance margin at `ratio` of the equity; 1 is liquidation."""
    equity = p.balance * 0.3
    position = {"market": "BTC-USDT-PERP", "side": "long", "size": wire.money(equity * 8 / 97_000, 4), "leverage": "20"}
    level = {"equity_usd": wire.money(equity), "maintenance_margin_usd": wire.money(equity * ratio)}
    return _base(p, "margin", at) | {"account": "cross", **level, "positions": [position]}


def verdict(p: Person, at: float, about: str, label: str, client: Event) -> Event:
    return _base(p, "verdict", at) | {"about": about, "label": label, "source": "user", "by": p.user_id, "via": "link", "client": client}


def _base(p: Person, kind: str, at: float) -> Event:
    return {"type": kind, "event_id": p.next_id("e"), "user_id": p.user_id, "occurred_at": wire.stamp(at)}


def _change_things(p: Person) -> None:
    """Small changes that nobody should be told of, and the rare new phone."""
    rng = p.rng
    if rng.random() < 1 / 30:
        p.home_ip = p.home.address(rng)  # the provider gave another address
    if rng.random() < 1 / 25:
        rng.choice((p.computer, p.mobile)).version += 1  # an update
    if rng.random() < 1 / 240:
        p.mobile = Device(p.next_id("phone"), rng.choice(PHONES))


def _network(p: Person, on_phone: bool) -> Network:
    rng = p.rng
    if p.away:
        return p.away
    if p.vpn and rng.random() < 0.4:
        return p.vpn
    return p.carrier if on_phone and rng.random() < 0.5 else p.home


def _session(diary: Diary, at: float, surprising: bool) -> None:
    """A login and what follows it. The person's balance moves with it."""
    p, rng = diary.person, diary.person.rng
    unused = next((d for d in (p.computer, p.mobile) if d.id not in p.used), None)
    on_phone = unused is p.mobile if unused else rng.random() < 0.5
    network = _network(p, on_phone)
    ip = p.home_ip if network is p.home else network.address(rng)
    client = (p.mobile if on_phone else p.computer).client(ip, p.next_id("s"))
    if rng.random() < 0.05:
        diary.add(at - 15, login(p, at - 15, client, "wrong_password"))
    entered = diary.add(at, login(p, at, client))
    if unused or p.away or (network is p.vpn and network.prefix not in p.used):
        _explain(diary, entered, at, "new device" if unused else "travel" if p.away else "first VPN")
    p.used |= {client["device_id"], network.prefix}
    moved = p.odd.random()
    if (on_phone and moved < 0.25) or moved < 0.01:  # a phone leaves the house with its session, a laptop seldom
        elsewhere = p.carrier if on_phone else p.odd.choice(of("home", p.region))
        client = client | {"ip": elsewhere.address(p.odd)}
    for _ in range(rng.choice((0, 0, 1, 2, 3, 5))):
        at += rng.uniform(20, 400)
        diary.add(at, fill(p, at, p.trade * math.exp(rng.gauss(0, 0.7)), client, rng))
    chance = rng.random()
    if chance < 0.3:
        at += rng.uniform(40, 600)
        to = next((known for known in p.payees if known.address not in p.paid), None) or rng.choice(p.payees)
        if surprising and rng.random() < 0.03:
            to = Payee(to.chain, wire.address(rng, to.chain))
            p.payees.append(to)
        usd = min(p.size * math.exp(rng.gauss(0, 0.5)), p.balance * 0.5)
        _withdraw(diary, at, usd, client, to)
    elif chance < 0.55 or p.balance < 6 * p.size:
        _deposit(diary, at + 60, p.size * math.exp(rng.gauss(0.4, 0.6)))
    if surprising and rng.random() < 1 / 400:
        at += 120
        what, detail = rng.choice((("password_changed", {}), ("mfa_reset", {}), ("api_key_created", _read_only_key(p))))
        _explain(diary, diary.add(at, change(p, at, what, client, **detail)), at, "own change")
    if surprising:
        _rare(diary, at + 300, client, entered)


def _rare(diary: Diary, at: float, client: Event, entered: Event) -> None:
    """What honest people do that looks like what thieves do."""
    p, odd = diary.person, diary.person.odd
    chance = odd.random()
    if diary.surprises.get(entered["event_id"]) == "new device" and odd.random() < 0.2:
        # The old phone is gone, and the codes with it.
        before = at - 1200
        _explain(diary, diary.add(before, change(p, before, "recovery_requested", client)), before, "recovery")
        _explain(diary, diary.add(before + 200, change(p, before + 200, "mfa_reset", client)), before, "recovery")
    elif chance < 1 / 1600:
        to = Payee(p.payees[0].chain, wire.address(odd, p.payees[0].chain))
        _withdraw(diary, at, min(p.size * odd.uniform(3, 7), p.balance * 0.5), client, to, "large payment")
    elif chance < 1 / 300:
        to = Payee(p.payees[0].chain, wire.address(odd, p.payees[0].chain))
        _explain(diary, diary.add(at, change(p, at, "address_whitelisted", client, address=to.address)), at, "own change")
        _withdraw(diary, at + 400, p.size * odd.uniform(0.5, 1.5), client, to)
    elif chance < 1 / 150:
        _deposit(diary, at, usd := p.size * odd.uniform(1, 3))
        _withdraw(diary, at + odd.uniform(600, 7200), usd * odd.uniform(0.7, 0.98), client, odd.choice(p.payees))
    elif chance < 1 / 100:
        for n in range(odd.randint(2, 5)):
            diary.add(entered_at := at - 400 + 20 * n, login(p, entered_at, client, odd.choice(("wrong_password", "wrong_mfa"))))


def _withdraw(diary: Diary, at: float, usd: float, client: Event, to: Payee, why: str = "new payee") -> None:
    p = diary.person
    asked = diary.add(at, transfer(p, at, usd, client, to))
    p.balance -= usd
    if to.address not in p.paid:
        p.paid.add(to.address)
        _explain(diary, asked, at, why)
    diary.add(at + 400, transfer(p, at + 400, usd, client, to, status="completed", transfer_id=asked["transfer_id"]))


def _deposit(diary: Diary, at: float, usd: float) -> None:
    p = diary.person
    p.balance += usd
    diary.add(at, transfer(p, at, usd, {}, p.rng.choice(p.payees), direction="deposit", status="completed"))


def _payday(diary: Diary, at: float) -> None:
    """Salary comes, and the rent goes to the same payee each month: large, and normal."""
    p = diary.person
    _deposit(diary, at, p.size * 6)
    client = p.computer.client(p.home_ip, p.next_id("s"))
    diary.add(at + 3500, login(p, at + 3500, client))
    _withdraw(diary, at + 3600, p.size * 3.5 * math.exp(p.rng.gauss(0, 0.1)), client, p.payees[0])


def _explain(diary: Diary, event: Event, at: float, why: str) -> None:
    """Notes an honest surprise; most people answer "it was me" to the notice, from the device they always had."""
    p = diary.person
    diary.surprises[event["event_id"]] = why
    if p.rng.random() < 0.6:
        said = at + 60 * p.rng.uniform(2, 50)
        diary.add(said, verdict(p, said, event["event_id"], "genuine", p.computer.client(p.home_ip, p.next_id("s"))))


def _read_only_key(p: Person) -> Event:
    return {"new": p.next_id("key"), "permissions": ["read"], "ip_restricted": True}


def _poisson(rng: Random, mean: float) -> int:
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count, product = count + 1, product * rng.random()
    return count
