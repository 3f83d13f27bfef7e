"""The end of the outage that `tests/integration/deliver/test_minute_begins.py` began; a file at the top, so that it runs last."""

import time

import pytest

from domain.ids import delivery_id
from ledger.record import records
from ledger.verify import verify
from tests.support.background import wait_until
from tests.support.outage import RATE, SECONDS, Outage


@pytest.mark.timeout(600)
def test_a_minute_without_a_mail_server_loses_nothing_and_doubles_nothing(minute_without_mail: Outage, capsys: pytest.CaptureFixture[str]):
    """Each notice of that minute has one mail once the server is back; the ledger says of each that it was sent."""
    outage = minute_without_mail
    outage.wait_for_end()
    wait_until(lambda: outage.queued() == 0, what=lambda: f"the end of {outage.queued()} mails that wait")
    taken = outage.sink.mails[-1].at - (time.time() - (time.monotonic() - outage.ended))
    with capsys.disabled():
        print(f"\n{len(outage.told) - outage.before} mails of {SECONDS:.0f} s without a server went out within {taken:.1f} s")

    assert len(outage.told) - outage.before > SECONDS * RATE / 10
    assert outage.arrived() == {notice.notice_id: 1 for notice in outage.told}
    book, ids = outage.store.book, [notice.notice_id for notice in outage.told]
    found = records(book, outage.store.ledger, ids)  # type: ignore[arg-type]
    assert [(d.delivery_id, d.status) for record in found for d in record.deliveries] == [
        (delivery_id(i, "email", "current"), "sent") for i in ids
    ]
    assert any(attempt.status == "queued" and attempt.reason for record in found for d in record.deliveries for attempt in d.attempts)
    assert verify(book, outage.store.ledger).ok  # type: ignore[arg-type]
