"""What a slip on the command line leads to: one line that names the file, the field or the setting, and a status that isn't 0."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from worker import cli

pytestmark = pytest.mark.slow  # commands load much
KEY = "k" * 40
NOWHERE = "127.0.0.1:1"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs a command in an empty folder, with settings of which no part is there. What it raises must be what ends a command."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("streams.run.configure", lambda *_, **__: None)  # logs of the tests stay where they go
    monkeypatch.setattr("worker.engine", lambda config=None: None)  # takes a second, and none of these gets as far

    def of(*words: str, **environment: str) -> Result:
        settings = {"VIGIL_SECRET_KEY": KEY, "VIGIL_KAFKA__BROKERS": NOWHERE, "VIGIL_DATABASE__URL": f"sqlite:///{tmp_path}/vigil.db"}
        given = {name: value or None for name, value in (settings | environment).items()}
        result = CliRunner().invoke(cli, words, env=given)
        asyncio.set_event_loop_policy(None)  # as the next command in a process of its own would find it
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return of


def said(result: Result) -> str:
    """The last line."""
    return result.output.strip().splitlines()[-1]


@pytest.mark.parametrize(
    "command", [("score", "--output", "scores.jsonl"), ("backtest", "--candidate", "candidate.yaml")], ids=lambda c: c[0]
)
@pytest.mark.parametrize(("events", "why"), [("none.jsonl", "No such file or directory"), ("folder", "it is a folder")])
def test_events_that_can_not_be_read(run, tmp_path, command, events, why):
    """Nothing is begun and nothing written, also when another file is there."""
    (tmp_path / "candidate.yaml").write_text("detectors: {}\n")
    (tmp_path / "there.jsonl").touch()
    (tmp_path / "folder").mkdir()

    result = run(*command, "there.jsonl", events)

    assert result.exit_code == 1
    assert said(result) == f"Error: {events}: can't be read: {why}"
    assert not (tmp_path / "scores.jsonl").exists()


def test_scores_that_can_not_be_written(run, tmp_path):
    """The folder is named."""
    (tmp_path / "there.jsonl").touch()

    result = run("score", "there.jsonl", "--output", "none/scores.jsonl")

    assert (result.exit_code, said(result)) == (1, "Error: none/scores.jsonl: can't be written: there is no folder none")


@pytest.mark.parametrize(
    "command",
    [("ledger", "verify"), ("ledger", "search"), ("ledger", "export", "--format", "csv"), ("explain", "e1")],
    ids=" ".join,
)
def test_a_ledger_that_is_not_there_is_not_called_sound(run, tmp_path, command):
    """A slip in the path: no database is made, and nothing is said to be unaltered."""
    result = run(*command)

    assert result.exit_code == 1
    assert said(result) == f"Error: VIGIL_DATABASE__URL: there is no database at {tmp_path}/vigil.db"
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_database(run, tmp_path):
    """The setting is named."""
    (tmp_path / "vigil.db").write_text("no database " * 100)

    assert said(run("ledger", "verify")) == "Error: VIGIL_DATABASE__URL: the file is not a SQLite database"
    assert run("deliveries", "list").exit_code == 1


def test_a_database_that_can_not_be_made_out(run):
    """What is wrong is said without the address: it may hold a password."""
    result = run("deliveries", "list", VIGIL_DATABASE__URL="postgresql+psycopg://:::secret")

    assert result.exit_code == 1
    assert "VIGIL_DATABASE__URL: expected sqlite:///PATH or postgresql+psycopg://" in said(result)
    assert "secret" not in result.output


@pytest.mark.parametrize(
    "command",
    [("ledger", "verify"), ("dead-letters", "list"), ("deliveries", "list"), ("worker",), ("console",), ("bounces", "mail.eml")],
    ids=" ".join,
)
def test_a_missing_key_is_named(run, tmp_path, command):
    """As the variable that is to be set."""
    (tmp_path / "mail.eml").touch()

    result = run(*command, VIGIL_SECRET_KEY="")

    assert result.exit_code == 1
    assert "VIGIL_SECRET_KEY" in said(result)


@pytest.mark.parametrize(
    "command",
    [
        ("topics", "create"),
        ("worker", "--role", "detect"),
        ("dead-letters", "list"),
        ("dead-letters", "redrive", "--all"),
        ("rebuild",),
        ("simulate", "--users", "1", "--days", "0"),
    ],
    ids=" ".join,
)
def test_a_broker_that_does_not_answer_is_named_with_its_setting(run, command):
    """In one line, the last, and the same from every command."""
    result = run(*command)

    assert result.exit_code == 1
    assert said(result) == f"error: no Kafka broker answers at {NOWHERE} (VIGIL_KAFKA__BROKERS)"
    assert "Traceback" not in result.output


def test_a_file_of_labels_that_can_not_be_written_is_not_called_a_broker_s_fault(run):
    """The file is named."""
    result = run("simulate", "--users", "1", "--days", "0", "--labels", "none/labels.jsonl")

    assert (result.exit_code, said(result)) == (1, "error: none/labels.jsonl: can't be written: No such file or directory")


def test_a_folder_that_nothing_can_be_written_into(run, tmp_path):
    """A database below what is a file: the worker says so instead of how it came to know."""
    (tmp_path / "file").touch()

    result = run("worker", "--role", "notify", VIGIL_DATABASE__URL=f"sqlite:///{tmp_path}/file/vigil.db")

    assert result.exit_code == 1
    assert said(result).startswith("error: VIGIL_DATABASE__URL: ")
