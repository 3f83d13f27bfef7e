"""Payments whose habits and frauds shift by the week: accounts that pay addresses, and four kinds of fraud of which each week has another
mix, another size and another length. Made for benchmarks.drift; no detector knows a number of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.payments import DAY, Payments

BEGIN = 20_000 * DAY
"""Seconds since the epoch; a day in 2024."""
OPENING = 0.015
"""Share of the addresses that close in a week, others opening."""
ACCOUNT, ADDRESS, MULE, BURST = 1, 2, 3, 4
"""Scenarios: an account stolen, an address that robs whoever pays it, many accounts pay an address that nobody knew, an account drained
in small parts to strangers."""


@dataclass(frozen=True)
class Shape:
    """`drift` scales all that shifts; at 0 every week is like the first."""

    users: int = 1500
    addresses: int = 3000
    weeks: int = 18
    pace: float = 1.6
    """Payments of an account a day, the median."""
    fraud: float = 0.01
    """Of all payments, about."""
    drift: float = 1.0


class Habits:
    """Accounts as they are in a week: mean and spread of the logarithm of amounts, pace, favourite addresses, hour of the day."""

    def __init__(self, rng: np.random.Generator, shape: Shape):
        self.rng, self.shape = rng, shape
        self.log_mean, self.spread = rng.normal(3.6, 0.8, shape.users), rng.uniform(0.3, 0.8, shape.users)
        self.pace = shape.pace * np.exp(rng.normal(0.0, 0.5, shape.users))
        self.hour = rng.normal(14.0, 3.0, shape.users)
        self.favourites = self._popular((shape.users, 12))
        self.names = np.arange(shape.addresses)
        """The address of each place that is paid."""
        self._named = shape.addresses
        self.level = 0.0
        """What all amounts are multiplied by, as a logarithm: prices move."""

    def _popular(self, size: tuple[int, ...]) -> Any:
        return (self.shape.addresses * self.rng.random(size) ** 1.7).astype(np.int64)

    def next_name(self) -> int:
        """An address that nobody has paid yet."""
        self._named += 1
        return self._named - 1

    def shift(self) -> None:
        """A week later: a few accounts change their ways at once, all a little."""
        rng, drift, users = self.rng, self.shape.drift, self.shape.users
        moved = rng.random(users) < 0.06 * drift
        self.log_mean += drift * rng.normal(0.0, 0.04, users) + moved * rng.normal(0.0, 0.6, users)
        self.pace *= np.exp(drift * rng.normal(0.0, 0.08, users))
        self.level += drift * rng.normal(0.0, 0.05)
        other = rng.random(self.favourites.shape) < 0.08 * drift
        self.favourites = np.where(other, self._popular(self.favourites.shape), self.favourites)
        # Some of those who are paid close, and others open in their place: that an address is new says little.
        for gone in np.nonzero(rng.random(self.shape.addresses) < OPENING)[0]:
            self.names[gone] = self.next_name()

    def payments(self, day: int) -> tuple[Any, Any, Any, Any]:
        """at, user, address, usd of a day's honest payments."""
        rng = self.rng
        user = np.repeat(np.arange(self.shape.users), rng.poisson(self.pace))
        rank = np.minimum(rng.geometric(0.3, len(user)) - 1, self.favourites.shape[1] - 1)
        address = np.where(rng.random(len(user)) < 0.12, self._popular((len(user),)), self.favourites[user, rank])
        return self.moments(day, user), user, self.names[address], self.amounts(user)

    def amounts(self, user: Any) -> Any:
        """Usual ones."""
        return np.round(np.exp(self.log_mean[user] + self.level + self.spread[user] * self.rng.normal(size=len(user))), 2)

    def moments(self, day: int, user: Any) -> Any:
        """Seconds since the epoch, at the account's hours."""
        hour = (self.hour[user] + self.rng.normal(0.0, 2.5, len(user))) % 24.0
        return BEGIN + day * DAY + (hour * 3600).astype(np.int64)


class Attacks:
    """What thieves do in a week: the mix of the four kinds, and how each is done; both wander from week to week."""

    def __init__(self, rng: np.random.Generator, shape: Shape, habits: Habits):
        self.rng, self.shape, self.habits = rng, shape, habits
        self.mix = rng.normal(0.0, 0.5, 4)
        """Logarithms of the shares of the four, in payments."""
        self.factor, self.robbed, self.lasts, self.parts = 4.0, 0.85, 25.0, 6.0
        self.running: list[tuple[int, int, Any, float]] = []
        """Kind, day until which, whom or where, how."""
        self.owed = 0.0

    def shift(self) -> None:
        """A week later."""
        rng, drift = self.rng, self.shape.drift
        self.mix = 0.8**drift * self.mix + drift * rng.normal(0.0, 0.5, 4)
        self.factor = float(np.clip(self.factor * np.exp(drift * rng.normal(0.0, 0.3)), 2.0, 9.0))
        self.robbed = float(np.clip(self.robbed + drift * rng.normal(0.0, 0.15), 0.5, 1.0))
        self.lasts = float(np.clip(self.lasts * np.exp(drift * rng.normal(0.0, 0.25)), 12.0, 42.0))
        self.parts = float(np.clip(self.parts * np.exp(drift * rng.normal(0.0, 0.3)), 3.0, 12.0))

    def _payments(self) -> Any:
        """How many an attack of each kind brings, about."""
        paid = self.shape.users * self.shape.pace * 1.13 / self.shape.addresses
        return np.array((0.3 * self.shape.pace * 1.13 * self.lasts, self.robbed * paid * self.lasts, 0.9 * self.lasts, self.parts))

    def begin(self, day: int, honest: int) -> None:
        """Starts as many as the share of frauds asks for, counted in payments that each will bring."""
        rng, shape = self.rng, self.shape
        self.owed += shape.fraud * honest
        share = np.exp(self.mix) / np.exp(self.mix).sum() / self._payments()
        while self.owed > 0.0:
            kind = int(rng.choice((ACCOUNT, ADDRESS, MULE, BURST), p=share / share.sum()))
            lasts = max(2, int(rng.normal(self.lasts, 2.0)))
            if kind == ACCOUNT:
                self.running.append((kind, day + lasts, int(rng.integers(shape.users)), self.factor))
            elif kind == ADDRESS:
                place = int(shape.addresses * rng.random() ** 1.7)
                self.running.append((kind, day + lasts, int(self.habits.names[place]), self.robbed))
            elif kind == MULE:
                self.running.append((kind, day + lasts, self.habits.next_name(), 0.9))
            else:
                self.running.append((kind, day, int(rng.integers(shape.users)), self.parts))
            self.owed -= self._payments()[kind - 1]

    def rob(self, day: int, at: Any, user: Any, address: Any, usd: Any) -> tuple[Any, Any, list[tuple[Any, Any, Any, Any, int]]]:
        """Amounts and scenarios of the day's honest payments after thieves had their share of them, and the payments that they add."""
        rng, habits = self.rng, self.habits
        scenario, more = np.zeros(len(user), int), []
        for kind, _, whom, how in self.running:
            if kind == ADDRESS:
                scenario[(address == whom) & (rng.random(len(user)) < how)] = ADDRESS
            elif kind == ACCOUNT:
                stolen = (user == whom) & (rng.random(len(user)) < 0.3)
                usd = np.where(stolen, np.round(usd * how, 2), usd)
                scenario[stolen] = ACCOUNT
            elif kind == MULE:
                victims = rng.integers(self.shape.users, size=rng.poisson(how))
                usual = np.round(habits.amounts(victims) * 1.5, 2)
                more.append((habits.moments(day, victims), victims, np.full(len(victims), whom), usual, MULE))
            else:
                victims = np.full(max(2, int(how)), whom)
                moment = int(habits.moments(day, victims[:1])[0]) + np.sort(rng.integers(0, 4 * 3600, len(victims)))
                strangers = habits.names[rng.integers(0, self.shape.addresses, len(victims))]
                more.append((moment, victims, strangers, np.round(habits.amounts(victims) * 1.5, 2), BURST))
        self.running = [one for one in self.running if one[1] > day]
        return usd, scenario, more


def generated(seed: int, shape: Shape) -> tuple[Payments, list[int]]:
    """The payments, and the first days of its weeks (since the epoch)."""
    rng = np.random.default_rng(seed)
    habits = Habits(rng, shape)
    attacks = Attacks(rng, shape, habits)
    columns: list[list[Any]] = [[], [], [], [], []]
    for day in range(7 * shape.weeks):
        if day and day % 7 == 0:
            habits.shift()
            attacks.shift()
        at, user, address, usd = habits.payments(day)
        attacks.begin(day, len(user))
        usd, scenario, more = attacks.rob(day, at, user, address, usd)
        for part in ((at, user, address, usd, scenario), *((a, u, w, v, np.full(len(u), kind)) for a, u, w, v, kind in more)):
            for column, values in zip(columns, part, strict=True):
                column.append(values)
    at, user, address, usd, scenario = (np.concatenate(column) for column in columns)
    order = np.argsort(at, kind="stable")
    ids = np.empty(len(at), np.int64)
    ids[order] = np.arange(len(at))
    usd = np.maximum(usd.astype(float), 0.01)
    first = BEGIN // DAY
    weeks = [first + 7 * week for week in range(shape.weeks)]
    return Payments(at, ids, user, address, usd, scenario > 0, scenario), weeks
