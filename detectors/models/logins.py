"""What sign-ins of all users of a partition are like: which values are common, and how often a value is new to its user.

Bounded: of rare values only that there are such. Plain counts, so that a restart goes on where it ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from domain.habits.traits import ABOVE, BROWSER, LEVELS, UNIT, VERSION

MOST = (512, 4096, 0, 0, 0, 64, 256, 1024, 2048)
"""Values counted a level. Blocks, addresses and devices are one user's own: common ones are not counted."""
SPREAD = (40.0, 30.0, 60.0, 100.0, 100_000.0, 6.0, 6.0, 8.0, 12.0)
"""Into how many values a level is taken to fall where nothing has been counted yet."""
SMOOTHING = 3.0
TRIALS = 20.0
"""How many sign-ins the general rate of novelty outweighs in a narrower group."""
RARE = (0.05, 0.2, 0.5, 1.0, 0.15, 0.1, 0.15, 0.5, 0.5)
"""Chinese-restaurant concentration a level, for the rate of novelty before any was seen: a / (a + n) after n sign-ins."""
LEAST, MOST_LIKELY = 3e-3, 0.95
"""Bounds of a rate of novelty. Nobody's life is more constant than that: people move and buy machines, and one thing alone that is new, be
it ever so rare, mustn't weigh as much as several."""
NEWER, OLDER, LATER = 64, 128, 192
ANY, KINDS = (NEWER,), (NEWER, OLDER, LATER)
"""Kinds of novelty, added to a code (code_of): of versions all are told apart, LATER is one beyond the next releases."""
AGAIN = 0.3
"""How much of what is usual is so because the last sign-in was so, before any was seen."""
NEXT, AHEAD = 2, 8
"""Releases that count as the next ones, and all that are looked at."""
HALVE = 1 << 20
FADE = 14 * 86_400.0
"""Seconds (event time) after which counts of values are halved: browsers are renewed every few weeks."""

ALIKE = tuple([0.0 if most else 1.0 / spread for most, spread in zip(MOST, SPREAD, strict=True)])
"""A level: the part of the others' sign-ins with any one value, where values aren't counted; else 0."""
UNSEEN = tuple([SMOOTHING / spread for spread in SPREAD])
_ROOM = tuple([most + (most >> 2) for most in MOST])

Rate = list[int]
"""[new, all]."""


Judged = tuple[int, int, int, int, float, float, bool]
"""One level of a sign-in whose level above was the user's: the level; its code by how many sign-ins had the value above (code_of); 0 for a
value of the user's, else the kind of novelty; the circumstance, 0 to 62, of which the last two bits are the pause before; how likely it is
new to anybody with as many. Of a known value: the part of those sign-ins that came with what the last one came with (-1 where that had
another value above), and whether this one does. A plain tuple: nine are made for each sign-in."""

_NEVER = [0, 0]


class Logins:
    """Counts of values by level and key (domain.habits.traits), and rates of novelty by level, length of history and circumstances."""

    def __init__(self) -> None:
        self.counts: list[dict[int, int]] = [{} for _ in range(LEVELS)]
        self.totals = [0] * LEVELS
        self.rates: dict[int, Rate] = {}
        self.again: dict[int, Rate] = {}
        self.faded_at = 0.0

    def share(self, level: int, key: int, above: int, own: int, own_above: int) -> float:
        """Part of the others' sign-ins with the value `above` that come with the value `key`, in (0, 1). `own`, `own_above`: the user's
        own counts of both, left out."""
        if not MOST[level]:
            return ALIKE[level]
        wider = ABOVE[level]
        # The user's own counts fade, so what is left out here may be too little.
        n = max(0, self.counts[level].get(key, 0) - own)
        total = self.totals[level] if wider is None else self.counts[wider].get(above, 0)
        return (n + SMOOTHING / SPREAD[level]) / (max(n, total - own_above) + SMOOTHING)

    def novelty(self, level: int, n: int, code: int, circumstance: int) -> float:
        """How likely a value is new to a user who signed in `n` times with the value above, in (0, 1). `code`: of both and the kind."""
        a, rates = RARE[level], self.rates
        rate = a / (a + n)
        found = rates.get(code)
        if found is not None:
            rate = (found[0] + TRIALS * rate) / (found[1] + TRIALS)
            found = rates.get(code + 1 + circumstance)
            if found is not None:
                rate = (found[0] + TRIALS * rate) / (found[1] + TRIALS)
        return LEAST if rate < LEAST else MOST_LIKELY if rate > MOST_LIKELY else rate

    def ahead(self, release: int, browser: int) -> tuple[float, float]:
        """Part of the others' sign-ins with the browser that come with one of the NEXT releases, and with one of those after."""
        counts, total, unseen = self.counts[VERSION], self.counts[BROWSER].get(browser, 0) + SMOOTHING, UNSEEN[VERSION]
        first, after = release + 1, release + 1 + NEXT
        soon = sum([counts[key] for key in range(first, after) if key in counts])
        far = sum([counts[key] for key in range(after, first + AHEAD) if key in counts])
        return (soon + NEXT * unseen) / total, (far + (AHEAD - NEXT) * unseen) / total

    def repeats(self, level: int, pause: int) -> float:
        """How much of what a user's sign-ins usually come with is the last one's again for no other reason, in [0, 1)."""
        excess, expected = self.again.get(level * 4 + pause, _NEVER)
        part = (excess / UNIT + TRIALS * AGAIN) / (expected / UNIT + TRIALS)
        return 0.95 if part > 0.95 else part if part > 0.0 else 0.0

    def fade(self, at: float) -> None:
        """Halves the counts of values when it is time."""
        if at - self.faded_at >= FADE:
            first, self.faded_at = not self.faded_at, at
            if not first:
                self.counts = [{key: n >> 1 for key, n in level.items() if n > 1} for level in self.counts]
                self.totals = [n >> 1 for n in self.totals]

    def count_values(self, path: tuple[int, ...]) -> None:
        """Counts the values of a sign-in; `path`: a key for each level, 0 where there is nothing to count."""
        totals = self.totals
        for level, key in enumerate(path):
            if not key:
                continue
            totals[level] += 1
            if _ROOM[level]:
                counts = self.counts[level]
                counts[key] = counts.get(key, 0) + 1
                if len(counts) > _ROOM[level]:
                    # The rare ones go together, once in a while.
                    for name in sorted(counts, key=counts.__getitem__)[: len(counts) - MOST[level]]:
                        del counts[name]

    def count_levels(self, judged: Iterable[Judged]) -> None:
        """Counts whether the values were new, and whether known ones were the last sign-in's, which their share made so likely."""
        rates = self.rates
        for level, code, kind, circumstance, _, share, again in judged:
            for novelty in KINDS if level == VERSION else ANY:
                for one in (code + novelty, code + novelty + 1 + circumstance):
                    found = rates.get(one)
                    if found is None:
                        found = rates[one] = [0, 0]
                    if kind == novelty:
                        found[0] += 1
                    found[1] += 1
                    if found[1] >= HALVE:
                        found[0] >>= 1
                        found[1] >>= 1
            if not kind and share >= 0.0:
                found = self.again.setdefault(level * 4 + (circumstance & 3), [0, 0])
                found[0] += round(UNIT * (again - share))
                found[1] += round(UNIT * (1.0 - share))
                if found[1] >= HALVE:
                    found[0] //= 2
                    found[1] //= 2

    def export(self) -> dict[str, Any]:
        """Plain counts: about 60 kB when full."""
        return {"counts": self.counts, "totals": self.totals, "rates": self.rates, "again": self.again, "faded_at": self.faded_at}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Becomes the model that exported this. Raises ValueError, TypeError or KeyError for anything else; then nothing has changed."""
        counts = [{int(k): int(n) for k, n in level.items()} for level in data["counts"]]
        totals = [int(n) for n in data["totals"]]
        rates = {int(code): [int(n) for n in rate] for code, rate in data["rates"].items()}
        again = {int(code): [int(n) for n in rate] for code, rate in data.get("again", {}).items()}
        # Far fewer repeats than usual values would bring by themselves is nothing odd: the first has no lower bound.
        if any(len(r) != 2 or r[1] < max(r[0], 0) for r in again.values()):
            raise ValueError("expected counts of repeated values")
        if len(counts) != LEVELS or len(totals) != LEVELS or any(len(r) != 2 or not 0 <= r[0] <= r[1] for r in rates.values()):
            raise ValueError("expected counts of sign-ins by level")
        self.faded_at = float(data["faded_at"])
        self.counts, self.totals, self.rates, self.again = counts, totals, rates, again


def code_of(level: int, n: int) -> int:
    """Of a level and a length of history (1, 2, 3-4, 5-8, ... 65 and more). KINDS are added to it, then 1 and a circumstance."""
    length = (n - 1).bit_length()
    return (level << 3 | (length if length < 7 else 7)) << 8
