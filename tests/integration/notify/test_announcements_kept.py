"""What is left of announcements, for the console, for audits and for a rebuild."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from tests.integration.notify.desk import START, Bench
from tests.support.announced import EN, Board


@pytest.fixture
def board(bench: Bench) -> Board:
    return Board(bench)


def test_a_rebuild_does_not_miss_it(bench: Bench, board: Board):
    """It would not be told again by what is relearned from events, and isn't among what they told."""
    bench.user(user_id="u1", email="u1@mail.example", locale="en", time_zone="UTC")
    board.publish(board.event())
    assert board.tell() == ["u1"]
    bench.take(bench.notice(finding_ids=["f1"]))

    assert [kind for _, kind, _ in bench.store.told_since(START - timedelta(days=1))] == ["login_new_device"]


def test_the_event_is_kept_as_it_came(bench: Bench, board: Board):
    """For the console and for whoever audits: version, author, place in the topic."""
    event = board.event(announcement_id="m1")
    board.publish(event)
    (version,) = board.store.versions("m1")

    assert (version.version, version.state, version.author) == (1, "approved", "topic")
    assert msgspec.to_builtins(version.content)["title"] == EN
    assert version.source is not None
    assert (version.source.topic, version.source.offset) == ("x.announcements", board.count)
