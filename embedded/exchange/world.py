"""The whole simulated exchange as one stream of events in time order: history first, then life, with attacks on the way.

Nothing here reads a clock or a broker. The same seed and times give the same events.
"""

import heapq
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from embedded.exchange import attacks, crowd, graded, habits
from embedded.exchange.craft import HONEST, Grade
from embedded.exchange.people import Person, person

Event = dict[str, Any]
DAY = 86_400.0
QUIET_DAYS = 12.0
"""How much of the history passes without surprises, so that habits are learned from habits."""


@dataclass(frozen=True)
class Label:
    """The truth about one event of an attack. Times in RFC 3339."""

    event_id: str
    user_id: str
    attack: str
    attack_id: str
    begun_at: str
    grade: Grade = "plain"

    def as_json(self) -> dict[str, str]:
        return asdict(self)


class Exchange:
    """`users` people of a `seed` whose history began on the day of `origin` (seconds since the epoch).

    `surprises`: event id -> why an honest event deserves a notice; `truth`: event id -> its label, for events of attacks. Both grow
    as events are drawn.
    """

    def __init__(self, seed: int, users: int, origin: float, quiet_days: float = QUIET_DAYS, attacked: Iterable[str] = ()):
        self.seed, self.origin, self.quiet_until = seed, origin, origin + quiet_days * DAY
        self.people: list[Person] = [person(seed, n, origin) for n in range(users)]
        self.surprises: dict[str, str] = {}
        self.truth: dict[str, Label] = {}
        self._serial = itertools.count()
        self.attacked = list(attacked)
        """User ids, in the order in which they were attacked; those given come from earlier runs and are spared while there are others."""
        self._victims: list[Person] = []
        self._stream = self._ordinary()
        self._next: tuple[float, Event] | None = None

    def directory(self) -> list[Event]:
        """Everybody's entry for the topic `users`."""
        return [p.record() for p in self.people]

    def ordinary(self, until: float = float("inf")) -> Iterator[tuple[float, Event]]:
        """What the people do by habit and by honest surprise, in time order, up to `until`; each call goes on where the last one ended."""
        while True:
            drawn = self._next or next(self._stream)
            self._next = drawn
            if drawn[0] >= until:
                return
            self._next = None
            yield drawn

    def _ordinary(self) -> Iterator[tuple[float, Event]]:
        waiting: list[tuple[float, int, Event]] = []
        for on in _dates(datetime.fromtimestamp(self.origin, UTC).date()):
            surprising = datetime(on.year, on.month, on.day, tzinfo=UTC).timestamp() >= self.quiet_until
            for p in self.people:
                diary = habits.day(p, on, surprising)
                self.surprises.update(diary.surprises)
                for at, event in diary.events:
                    heapq.heappush(waiting, (at, next(self._serial), event))
            # Where the date line is, the next day begins 14 hours before it does in UTC; nothing earlier can still be added.
            safe = datetime(on.year, on.month, on.day, tzinfo=UTC).timestamp() + 10 * 3600
            while waiting and waiting[0][0] < safe:
                at, _, event = heapq.heappop(waiting)
                yield at, event

    def attack(
        self, kind: str, at: float, run: str, pace: float = 8.0, grade: Grade | None = None, ring: str = ""
    ) -> list[tuple[float, Event]]:
        """One attack of a kind that begins at `at`, on the next victim; labelled. `run` keeps ids apart from those of other runs; with a
        `grade` one of graded.GRADED, else of attacks.KINDS; attacks of one `ring` share their wallet and whence they come."""
        victim = self._next_victim(run)
        attack_id = f"{victim.user_id}-{run}-{kind}" + (f"-{grade}" if grade else "")
        scene = attacks.Scene(victim, at, Random(f"vigil/{self.seed}/{attack_id}"), pace, Random(f"vigil/{self.seed}/{ring or attack_id}"))
        serial, victim.serial = victim.serial, 0
        events = graded.GRADED[kind](scene, grade) if grade else attacks.KINDS[kind](scene)
        victim.serial = serial  # what a thief does uses up none of the ids of the person's own life
        out = []
        for n, event in enumerate(events):
            event["event_id"] = f"{attack_id}-{n}"
            for name in ("transfer_id", "order_id"):
                if name in event:
                    event[name] = f"{attack_id}-{name[0]}{n}"
            out.append((datetime.fromisoformat(event["occurred_at"]).timestamp(), event))
            if not event.pop(HONEST, False):
                label = Label(event["event_id"], event["user_id"], kind, attack_id, events[0]["occurred_at"], grade or "plain")
                self.truth[event["event_id"]] = label
        return out

    def _next_victim(self, run: str) -> Person:
        """Everybody once, in a shuffled order, before anybody twice: notices about one person would merge and cool down."""
        if not self._victims:
            spared = set(self.attacked)
            self._victims = list(self.people)
            Random(f"vigil/{self.seed}/{run}/victims").shuffle(self._victims)
            self._victims.sort(key=lambda p: p.user_id in spared)
        # Who is travelling is told of new countries already; the others wait their turn.
        chosen = next((p for p in self._victims if not p.away_days), self._victims[0])
        self._victims.remove(chosen)
        self.attacked.append(chosen.user_id)
        return chosen


def with_attacks(
    exchange: Exchange, until: float, start: float, every: float, run: str = "h", pace: float = 240.0
) -> list[tuple[float, Event]]:
    """The ordinary events before `until`, and from `start` on an attack every `every` seconds, kinds in turn: a labelled history."""
    drawn = list(exchange.ordinary(until))
    kinds = itertools.cycle(attacks.KINDS)
    at, n = start, 0
    while at < until - 2 * 3600:
        drawn += exchange.attack(next(kinds), at, f"{run}{n}", pace)
        at, n = at + every, n + 1
    return sorted(drawn, key=lambda one: one[0])


def live(exchange: Exchange, start: float, rate: float, run: str, attack_every: float = 12.0) -> Iterator[tuple[float, Event]]:
    """Life from `start` on, in time order, without end: habits, a crowd that brings the stream to about `rate` events a second, and
    an attack every `attack_every` seconds (the first after two)."""
    others = crowd.crowd(exchange.seed, start, rate, run)
    return heapq.merge(exchange.ordinary(), _attacks(exchange, start, run, attack_every), others, key=lambda one: one[0])


def _attacks(exchange: Exchange, start: float, run: str, every: float) -> Iterator[tuple[float, Event]]:
    """Attacks overlap when one lasts longer than until the next; still in time order."""
    waiting: list[tuple[float, int, Event]] = []
    kinds: list[tuple[str, Grade | None]] = [*((kind, None) for kind in attacks.KINDS), *((kind, "plain") for kind in graded.QUICK)]
    for n, (kind, grade) in enumerate(itertools.cycle(kinds)):
        at = start + 2 + n * every
        while waiting and waiting[0][0] <= at:
            due = heapq.heappop(waiting)
            yield due[0], due[2]
        for when, event in exchange.attack(kind, at, f"{run}{n}", grade=grade):
            heapq.heappush(waiting, (when, next(exchange._serial), event))


def _dates(first: date) -> Iterator[date]:
    # The day before as well: west of Greenwich it has not ended yet.
    for n in itertools.count(-1):
        yield first + timedelta(days=n)
