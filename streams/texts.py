"""What text messages took since the start of this process, for Prometheus. The console sums what SQL holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal

from prometheus_client.core import CounterMetricFamily, Metric

from domain.messages import Receipt


class Texts:
    """Segments by provider and country, cost by provider, country and currency."""

    def __init__(self) -> None:
        self.segments: Counter[tuple[str, str]] = Counter()
        self.cost: dict[tuple[str, str, str], Decimal] = {}

    def add(self, receipts: Sequence[Receipt]) -> None:
        """From a sender's thread."""
        for receipt in receipts:
            if (sms := receipt.sms) is None:
                continue
            provider = receipt.provider or ""
            self.segments[provider, sms.country] += sms.segments
            if sms.cost is not None:
                key = (provider, sms.country, sms.currency)
                self.cost[key] = self.cost.get(key, Decimal(0)) + Decimal(sms.cost)

    def metrics(self) -> Iterable[Metric]:
        segments = CounterMetricFamily(
            "vigil_sms_segments", "Segments of text messages that providers took", labels=["provider", "country"]
        )
        for (provider, country), count in list(self.segments.items()):
            segments.add_metric([provider, country], count)
        yield segments
        cost = CounterMetricFamily("vigil_sms_cost", "What they cost, where a price is known", labels=["provider", "country", "currency"])
        for labels, amount in list(self.cost.items()):
            cost.add_metric(labels, float(amount))
        yield cost
