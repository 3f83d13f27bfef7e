"""A candidate configuration beside today's, over the same history."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from detectors.cases import NamedSurroundings
from detectors.engine import Engine
from detectors.score import BOM
from domain.events import Event
from streams.backtest import SHOWN, backtest, compare
from tests.support.events import DAY, ELSEWHERE, HOUR, MINUTE, STRANGER, habits_of_a_month, login, verdict, withdrawal
from tests.support.registry import loaded

pytestmark = pytest.mark.slow

OFF = {"login_new_country": {"enabled": False}}


def engine(**overrides: object) -> Engine:
    registry = loaded()
    return Engine(registry.configured(overrides) if overrides else registry, NamedSurroundings())


def history() -> list[Event]:
    """A month, then a stranger's sign-in and withdrawal, and a word of the exchange on the sign-in."""
    attack = [login(0, STRANGER, event_id="in"), withdrawal(2 * MINUTE, ELSEWHERE, "9000", STRANGER, event_id="out")]
    return [*habits_of_a_month(), *attack, verdict("in", HOUR, "fraud", "exchange"), login(DAY)]


def test_the_same_configuration_changes_nothing() -> None:
    """Both sides see every event, with states of their own."""
    found = compare(history(), engine(), engine())

    assert found["events"] == len(history())
    assert found["today"] == found["candidate"]
    assert found["today"]["hits"]["login_new_device"] >= 1
    assert found["today"]["verdicts"]["login_new_device"] == {"fraud": 1}
    assert found["changes"] == found["only_today"] == found["only_candidate"] == []


def test_who_would_be_told_what_by_which_channel_is_said() -> None:
    """Without the one detector the sign-in is told of in the words of another."""
    found = compare(history(), engine(), engine(**OFF))

    assert "login_new_country" not in found["candidate"]["hits"]
    told = {(row["notice"], row["today"], row["candidate"]): row["user_id"] for row in found["changes"]}
    assert told == {("login_new_country", 1, 0): "u1", ("login_new_device", 0, 1): "u1"}
    assert {"email", "inapp"} <= {row["channel"] for row in found["changes"] if row["candidate"]}
    assert found["only_today"] == found["only_candidate"] == []


@pytest.mark.parametrize("as_json", [True, False])
def test_the_command_says_it_in_words_or_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str], *, as_json: bool) -> None:
    """A line that can't be taken is named and passed over, and the exit status is 1."""
    file = tmp_path / "history.jsonl"
    file.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in history()) + b'{"type":"login"}\n')

    assert backtest([str(file)], engine(), engine(**OFF), as_json=as_json) == 1

    said = capsys.readouterr()
    assert f"{file}:{len(history()) + 1}: " in said.err
    if as_json:
        assert json.loads(said.out)["candidate"]["hits"]["withdrawal_new_address"] >= 1
    else:
        rows = [line.split() for line in said.out.splitlines()]
        assert ["login_new_country", "1", "0", "-1"] in rows
        assert ["u1", "login_new_country", "email", "1", "0"] in rows


def test_a_long_history_says_how_far_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """On standard error, so that a table or JSON stays whole; a byte order mark before the first line is passed over."""
    monkeypatch.setattr("streams.backtest.PROGRESS_SECONDS", 0.0)
    file = tmp_path / "history.jsonl"
    file.write_bytes(BOM + msgspec.json.encode(history()[0]) + b"\n" * 250)

    assert backtest([str(file)], engine(), engine(), as_json=True) == 0
    said = capsys.readouterr()
    assert [line.partition(" lines")[0] for line in said.err.splitlines()] == [f"{file}: 100", f"{file}: 200"]
    assert json.loads(said.out)["events"] == 1


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """Named, with what is wrong."""
    with pytest.raises(ValueError, match=r"none\.jsonl: can't be read: No such file or directory"):
        backtest([str(tmp_path / "none.jsonl")], engine(), engine())


def test_a_file_that_ends_early_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Named, however it is packed; a table of nothing isn't printed."""
    for name in ("cut.jsonl.gz", "cut.jsonl.zst"):
        (tmp_path / name).write_bytes(b"no such thing")

        assert backtest([str(tmp_path / name)], engine(), engine()) == 1
        said = capsys.readouterr()
        assert f"{name}: can't be read" in said.err
        assert said.out == "0 events of 0 users\n"


def test_many_changes_are_cut_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first of them, and how many more there are."""
    file = tmp_path / "history.jsonl"
    events = [msgspec.structs.replace(one, user_id=f"u{n}", event_id=f"{n}-{one.event_id}") for n in range(SHOWN) for one in history()]
    file.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in events))

    assert backtest([str(file)], engine(), engine(**OFF)) == 0
    assert "more (--json shows all)" in capsys.readouterr().out
