"""What readers said, for Prometheus: whether notices helped, and how many cases wait. From SQL, so every worker tells the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric

EVERY = 60.0
"""Seconds for which what was read is told again: votes are slow, scrapes aren't."""


class Feedback:
    """`store`: the SQL store."""

    def __init__(self, store: Any, clock: Callable[[], float] = time.monotonic):
        self._store, self._clock = store, clock
        self._read: tuple[float, list[Any], int] | None = None

    def metrics(self) -> Iterable[Metric]:
        """Votes by kind, language and template version; open cases. Nothing of who voted."""
        now = self._clock()
        if self._read is None or now - self._read[0] >= EVERY:
            self._read = (now, self._store.votes.results(), self._store.cases.open_count())
        _, results, open_cases = self._read
        votes = GaugeMetricFamily(
            "vigil_helpful_votes",
            "Readers who said that a notice helped them (yes) or not (no); the same from every worker",
            labels=["kind", "locale", "template", "helpful"],
        )
        for row in results:
            version = row.template.partition("@")[2]
            votes.add_metric([row.kind, row.locale, version, "yes"], row.helpful)
            votes.add_metric([row.kind, row.locale, version, "no"], row.unhelpful)
        yield votes
        yield GaugeMetricFamily("vigil_cases_open", "Cases that wait for the security team; the same from every worker", value=open_cases)
