"""What text messages took, counted with their receipts on SQLite and PostgreSQL."""

from datetime import timedelta
from decimal import Decimal

from domain.messages import SmsCost
from stores.sql.store import Store
from tests.support.told import NOW, notice, receipt, rendered

TAIWAN = SmsCost(country="TW", segments=2, cost="0.069000", currency="EUR")


def test_what_was_taken_is_counted_once_with_its_receipt(store: Store) -> None:
    """Summed by provider, country and currency, the dearest first; a message without a price is counted by its segments."""
    texts = []
    for number in range(4):
        n = notice(number)
        text = rendered(n, "sms")
        texts.append(text)
        with store.transaction(NOW) as tx:
            tx.add_notice(n, [text])
    took = [TAIWAN, TAIWAN, SmsCost(country="DE", segments=1)]
    store.outbox.record([(receipt(t, provider="smsgw", sms=s), None) for t, s in zip(texts, took, strict=False)])
    store.outbox.record([(receipt(texts[3], "rejected", provider="smsgw"), None)])
    store.outbox.record([(receipt(texts[3], provider="smsgw", at=NOW + timedelta(days=1), sms=TAIWAN), None)])

    assert store.usage.since(NOW) == [
        {"provider": "smsgw", "country": "TW", "currency": "EUR", "messages": 3, "segments": 6, "cost": Decimal("0.207")},
        {"provider": "smsgw", "country": "DE", "currency": "", "messages": 1, "segments": 1, "cost": Decimal(0)},
    ]
    assert [row["messages"] for row in store.usage.since(NOW + timedelta(days=1))] == [1]
