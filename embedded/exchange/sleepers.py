"""People who left long ago: a month of life, half a year of silence. Some come back by themselves, with a new phone, to an old payee."""

from collections.abc import Iterator
from random import Random
from typing import Any

from embedded.exchange import habits
from embedded.exchange.people import PHONES, Device
from embedded.exchange.world import DAY, Exchange

Event = dict[str, Any]
AWAY_DAYS, LIVED_DAYS = 200.0, 30.0


class Sleepers(Exchange):
    """`users` people whose life ended long before `origin`."""

    def __init__(self, seed: int, users: int, origin: float):
        super().__init__(seed + 7_919, users, origin - AWAY_DAYS * DAY)
        self.fell_asleep = self.origin + LIVED_DAYS * DAY

    def life(self) -> Iterator[tuple[float, Event]]:
        """What they did before."""
        return self.ordinary(self.fell_asleep)

    def returns(self, start: float, end: float, share: float = 0.3) -> list[tuple[float, Event]]:
        """A share of them come back between `start` and `end`; they count as attacked, so that nobody is both."""
        rng, out = Random(f"vigil/{self.seed}/returns"), list[tuple[float, Event]]()
        for p in rng.sample(self.people, int(len(self.people) * share)):
            self.attacked.append(p.user_id)
            at = rng.uniform(start, end)
            if rng.random() < 0.6:
                p.mobile = Device(p.next_id("phone"), rng.choice(PHONES))
            client = (p.mobile if rng.random() < 0.7 else p.computer).client(p.home_ip, p.next_id("s"))
            out.append((at, habits.login(p, at, client)))
            self.surprises[out[-1][1]["event_id"]] = "came back"
            if rng.random() < 0.5:
                out.append((at + 900, habits.transfer(p, at + 900, p.size * rng.uniform(0.5, 2.0), client, rng.choice(p.payees))))
        return sorted(out, key=lambda one: one[0])
