"""Prometheus text of one role: what the kernel tallied, and where the consumer stands."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from detectors.budget import standing
from domain.status import BudgetStanding


class Standing:
    """Where the consumer of an app stands; safe to ask before it started."""

    def __init__(self, app: Any, role: str):
        self.app, self.role, self.started = app, role, time.monotonic()

    @property
    def consumer(self) -> Any:
        """The consumer once it was made: asking Faust for it would make it."""
        return vars(self.app).get("_consumer")

    def lag(self) -> dict[Any, int]:
        """By topic and partition: records at the broker not yet done."""
        try:
            return dict(self.consumer.lag()) if self.consumer is not None else {}
        except Exception:  # not started, or stopping
            return {}

    def commit_age(self) -> float:
        """Seconds since the last commit that worked, or since the start."""
        at = getattr(self.consumer, "committed_at", None)
        return time.monotonic() - (self.started if at is None else at)

    def committed(self) -> bool:
        """True once a commit worked."""
        return getattr(self.consumer, "committed_at", None) is not None

    def handed_out(self) -> int:
        """Records given to the agent since the start."""
        return int(getattr(self.consumer, "handed_out", 0))

    def ready(self) -> bool:
        return bool(self.app.consumes)


class Collector:
    """What prometheus_client asks. `more()`: further metrics of the role."""

    def __init__(self, standing: Standing, tally: Any = None, kernel: Any = None, more: Any = None):
        self.standing, self.tally, self.kernel, self.more = standing, tally, kernel, more

    def collect(self) -> Iterable[Metric]:
        role = self.standing.role
        yield _gauge("vigil_up", "1 while this role runs", role, 1)
        yield _gauge("vigil_ready", "1 while this role consumes", role, int(self.standing.ready()))
        lag = GaugeMetricFamily("vigil_lag", "Records at the broker not yet done", labels=["role", "topic", "partition"])
        for tp, records in self.standing.lag().items():
            lag.add_metric([role, tp.topic, str(tp.partition)], records)
        yield lag
        yield _gauge("vigil_last_commit_age_seconds", "Seconds since the last commit of offsets", role, self.standing.commit_age())
        if self.tally is not None:
            yield from _tallied(self.tally)
        if self.kernel is not None:
            yield _gauge("vigil_waiting", "1 while Redis or Kafka does not answer", role, int(bool(self.kernel.waiting_for)))
            yield _gauge("vigil_profiles_cached", "Profiles in the cache", role, len(self.kernel.cache))
            yield _gauge("vigil_profiles_cached_bytes", "Bytes of the cache, roughly", role, self.kernel.cache.size)
            yield from _budgets(standing(self.kernel.engine))
        if self.more is not None:
            yield from self.more()


def text(collector: Any) -> str:
    """The page."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return generate_latest(registry).decode()


def _gauge(name: str, words: str, role: str, value: float) -> GaugeMetricFamily:
    metric = GaugeMetricFamily(name, words, labels=["role"])
    metric.add_metric([role], value)
    return metric


def _counter(name: str, words: str, labels: list[str], values: dict[Any, float]) -> CounterMetricFamily:
    metric = CounterMetricFamily(name, words, labels=labels)
    for key, value in values.items():
        metric.add_metric([key] if isinstance(key, str) else [str(part) for part in key], value)
    return metric


def _budgets(families: Iterable[BudgetStanding]) -> Iterable[Metric]:
    """Alert budgets; nothing where none is set."""
    words = {
        "budget": "Notices per 1,000 active users and day that a family may tell",
        "raised": "Notices per 1,000 active users and day without the budget, over the last days",
        "told": "Notices per 1,000 active users and day, over the last days",
        "kept": "1 while the budget is kept",
    }
    standings = list(families)
    for name, text_of in words.items() if standings else ():
        metric = GaugeMetricFamily(f"vigil_alert_budget_{name}", text_of, labels=["family"])
        for one in standings:
            metric.add_metric([one.family], float(getattr(one, name)))
        yield metric


def _tallied(tally: Any) -> Iterable[Metric]:
    yield _counter("vigil_events", "Events applied", ["topic"], tally.events)
    yield _counter("vigil_events_passed", "Records that no mapping is for", ["topic"], {(topic,): n for topic, n in tally.passed.items()})
    yield _counter("vigil_events_skipped", "Records seen again after a restart", [], {(): tally.skipped})
    yield _counter("vigil_events_repeated", "Events published again by the exchange", [], {(): tally.repeated})
    yield _counter("vigil_findings", "Findings", ["detector", "severity"], tally.findings)
    yield _counter("vigil_findings_untold", "Findings that their user isn't told of", ["detector", "reason"], tally.untold)
    yield _counter("vigil_notices_decided", "Notices decided", ["kind", "severity"], tally.notices)
    yield _counter("vigil_account_actions", "What the exchange was asked", ["action"], tally.actions)
    yield _counter("vigil_dead_letters", "Records that could not be taken", ["topic"], tally.dead_letters)
    yield _counter("vigil_detector_errors", "Errors inside a detector", ["detector"], tally.detector_errors)
    yield _counter("vigil_damaged_profiles", "Profiles that could not be read", [], {(): tally.damaged_profiles})
    yield _counter("vigil_batches", "Batches done", [], {(): tally.batches})
    yield _counter("vigil_stage_seconds", "Seconds of a batch by stage", ["stage"], tally.seconds)
