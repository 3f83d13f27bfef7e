"""A rebuild says what it would send that was never sent, and what was sent that it wouldn't."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from config.settings import Settings
from domain.messages import Notice
from ledger.book import Book
from stores.sql.store import open_store
from streams.would_send import compared, difference
from tests.support.told import NOW, SECRET, notice


def made(one: Notice) -> dict[str, object]:
    return {"notice_id": one.notice_id, "kind": one.kind, "severity": one.severity, "occurred_at": one.occurred_at.isoformat()}


def test_the_difference_names_both_sides():
    """What is in both is no difference."""
    both, new, gone = notice(1), notice(2), notice(3, severity="warning")

    found = difference([made(both), made(new)], [(one.notice_id, one.kind, one.severity) for one in (both, gone)])

    assert found == {
        "new": [new.notice_id],
        "gone": [{"notice_id": gone.notice_id, "kind": "login_new_device", "severity": "warning"}],
    }


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(secret_key=SECRET, database={"url": f"sqlite:///{tmp_path}/vigil.db"})


def test_it_is_compared_with_the_ledger(settings: Settings):
    """From the first notice on, digests left out; nothing is written."""
    store = open_store(settings.database.url, Book(SECRET))
    with store.transaction(NOW) as transaction:
        for one in (notice(1), notice(2), notice(3, kind="digest", parts=[notice(1).notice_id])):
            transaction.add_notice(one)
    store.close()

    found = compared(settings, [made(notice(1)), made(notice(4))])

    assert found["new"] == [notice(4).notice_id]
    assert [one["notice_id"] for one in found["gone"]] == [notice(2).notice_id]
    assert compared(settings, [made(notice(1))])["new"] == []


def test_a_ledger_that_can_not_be_read_is_said(settings: Settings):
    """Without the secret key, or with another one."""
    open_store(settings.database.url, Book(SECRET)).close()
    other = settings.model_copy(update={"secret_key": SecretStr("another secret of the tests")})

    assert "VIGIL_SECRET_KEY" in compared(Settings(secret_key=""), [])["not_compared"]
    assert "another secret_key" in compared(other, [])["not_compared"]
