"""`worker.py deliveries`: what reached nobody, on the command line."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from ledger.book import Book
from stores.sql.store import Store, open_store
from tests.support.told import NOW, SECRET, notice, receipt, rendered
from worker import cli


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The settings name a database of the test's own."""
    made = f"sqlite:///{tmp_path}/vigil.db"
    monkeypatch.setenv("VIGIL_DATABASE__URL", made)
    monkeypatch.setenv("VIGIL_SECRET_KEY", SECRET)
    return made


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A store in which one mail and one text failed."""
    made = open_store(url, Book(SECRET))
    for number, channel, reason in ((1, "email", "SMTP: Connection refused"), (2, "sms", "HTTP 503")):
        n = notice(number)
        one = rendered(n, channel)  # type: ignore[arg-type]
        with made.transaction(NOW) as transaction:
            transaction.add_notice(n, [one])
        made.outbox.record([(receipt(one, "failed", provider=None, provider_id=None, attempt=9, reason=reason), None)])
    yield made
    made.close()


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["deliveries", *arguments])
    return done.exit_code, done.output


@pytest.mark.slow
def test_what_failed_is_listed_and_only_what_is_named_is_sent_again(store: Store) -> None:
    """By channel, by a part of the reason, by id; the other one stays failed. No contact is shown."""
    status, listed = run("list")
    as_json = json.loads(run("list", "--channel", "sms", "--json")[1])
    done = run("redrive", "--reason", "connection REFUSED")
    again = run("redrive", notice(1).notice_id)
    left = json.loads(run("list", "--json")[1])

    assert status == 0
    assert ("SMTP: Connection refused" in listed, "HTTP 503" in listed, "mei@mail.example" in listed) == (True, True, False)
    assert [row["channel"] for row in as_json] == ["sms"]
    assert done == (0, "1 queued again\n")
    assert again == (1, "no delivery and no notice of these ids ended as failed\n0 queued again\n")
    assert [row["channel"] for row in left] == ["sms"]
    assert store.outbox.depth(NOW)["email"] == 1


def test_nothing_is_sent_again_by_a_command_that_names_nothing(url: str) -> None:
    """Wrong use; `--all` has to be said."""
    status, words = run("redrive")

    assert status == 2
    assert "--all" in words
