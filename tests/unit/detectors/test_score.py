"""`score`: files in, one line out for each event that is no verdict."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
import zstandard

from detectors.engine import Engine
from detectors.score import States, replay, score_files
from domain.events import Event, Verdict
from tests.support.events import DAY, ELSEWHERE, HOUR, MINUTE, STRANGER, change, habits_of_a_month, login, verdict, withdrawal


def lines(events: list[Event]) -> bytes:
    return b"".join(msgspec.json.encode(one) + b"\n" for one in events)


def history() -> list[Event]:
    """A month, an attack, a verdict."""
    attack = [
        login(0, STRANGER, event_id="in"),
        change(MINUTE, client=STRANGER),
        withdrawal(2 * MINUTE, ELSEWHERE, "9000", STRANGER, event_id="out"),
    ]
    return [*habits_of_a_month(), *attack, verdict("out", HOUR, "fraud", "exchange"), login(DAY)]


def results(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_event_but_a_verdict_has_a_line(engine: Engine, tmp_path: Path) -> None:
    """In order, with the fields that are promised and no others."""
    events, output = history(), tmp_path / "out.jsonl"
    (tmp_path / "events.jsonl").write_bytes(lines(events))

    assert score_files([str(tmp_path / "events.jsonl")], output, engine) == 0

    rows = results(output)
    assert [row["event_id"] for row in rows] == [one.event_id for one in events if not isinstance(one, Verdict)]
    assert all(set(row) == {"event_id", "user_id", "risk", "warming_up", "findings"} for row in rows)
    assert all(0 <= row["risk"] <= 1 for row in rows)  # type: ignore[operator]
    assert rows[0]["warming_up"] is True
    told = {row["event_id"]: {f["detector"]: f for f in row["findings"]} for row in rows}  # type: ignore[attr-defined]
    assert set(told["out"]["account_takeover"]) == {"detector", "score", "severity"}
    assert told["out"]["account_takeover"]["severity"] == "critical"
    assert "login_new_device" in told["in"]
    ranked = sorted(rows, key=lambda row: row["risk"], reverse=True)  # type: ignore[arg-type,return-value]
    assert ranked[0]["event_id"] == "out"


@pytest.mark.parametrize("kind", ["plain", "gz", "zst", "two zst frames", "stdin"])
def test_compressed_files_and_standard_input_are_read(engine: Engine, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same result from each."""
    data, output = lines(history()), tmp_path / "out.jsonl"
    half = data.index(b"\n", len(data) // 2) + 1
    packed = {
        "plain": ("e.jsonl", data),
        "gz": ("e.jsonl.gz", gzip.compress(data)),
        "zst": ("e.jsonl.zst", zstandard.compress(data)),
        "two zst frames": ("e.jsonl.zst", zstandard.compress(data[:half]) + zstandard.compress(data[half:])),
        "stdin": ("-", data),
    }
    name, content = packed[kind]
    path = name
    if name == "-":
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    else:
        (tmp_path / name).write_bytes(content)
        path = str(tmp_path / name)

    assert score_files([path], output, engine) == 0
    assert len(results(output)) == len(history()) - 1


def test_a_bad_line_is_named_and_the_rest_is_scored(engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By file, number and reason; the status is 1 at the end."""
    good = [msgspec.json.encode(login(at * DAY)) for at in range(4)]
    bad = good[1].replace(b'"success"', b'"maybe"')
    file, output = tmp_path / "events.jsonl", tmp_path / "out.jsonl"
    file.write_bytes(b"\n".join([good[0], bad, b"", b"{", good[2], good[3]]))

    assert score_files([str(file)], output, engine) == 1

    said = capsys.readouterr().err
    assert "events.jsonl:2: outcome: Invalid enum value 'maybe'" in said
    assert "events.jsonl:4: not one JSON object" in said
    assert len(results(output)) == 3


@pytest.mark.parametrize("name", ["broken.jsonl.gz", "broken.jsonl.zst"])
def test_a_file_that_isnt_packed_as_its_name_says_is_named(
    engine: Engine, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the others are scored."""
    (tmp_path / name).write_bytes(b"no such thing")
    (tmp_path / "good.jsonl").write_bytes(lines(habits_of_a_month()))

    assert score_files([str(tmp_path / name), str(tmp_path / "good.jsonl")], tmp_path / "out.jsonl", engine) == 1
    assert name in capsys.readouterr().err
    assert len(results(tmp_path / "out.jsonl")) == len(habits_of_a_month())


def test_a_file_that_isnt_there_ends_it_before_it_begins(engine: Engine, tmp_path: Path) -> None:
    """Hours into a history is no time to hear of a slip in the last name."""
    (tmp_path / "good.jsonl").write_bytes(lines(habits_of_a_month()))

    with pytest.raises(ValueError, match=r"missing\.jsonl: can't be read: No such file or directory"):
        score_files([str(tmp_path / "good.jsonl"), str(tmp_path / "missing.jsonl")], tmp_path / "out.jsonl", engine)
    assert not (tmp_path / "out.jsonl").exists()


def test_states_go_on_across_files_and_when_put_to_sleep(engine: Engine, tmp_path: Path) -> None:
    """Three users in turn with room for one awake: the same risks as with room for all."""
    events = [
        msgspec.structs.replace(one, user_id=f"u{n}", event_id=f"{n}-{one.event_id}")
        for one in history()
        for n in range(3)
    ]  # fmt: skip
    data = lines(events).splitlines()
    problems: list[str] = []
    wide = [outcome for _, outcome in replay(data, engine, lambda *why: problems.append(str(why)), States())]
    again = Engine(engine.registry, engine.surroundings)  # how often each detector fires is learned over all users
    narrow = [outcome for _, outcome in replay(data, again, lambda *why: problems.append(str(why)), States(awake=1))]

    assert not problems
    assert [o.risk for o in narrow] == [o.risk for o in wide]
    assert [o.findings for o in narrow] == [o.findings for o in wide]


def test_the_output_appears_when_it_is_whole(engine: Engine, tmp_path: Path) -> None:
    """Nothing half-written under its name."""
    file, output = tmp_path / "events.jsonl", tmp_path / "out.jsonl"
    file.write_bytes(lines(habits_of_a_month()))
    output.write_text("yesterday's")

    class Stopped(Exception):
        pass

    def stop(*_: object) -> None:
        raise Stopped

    engine.apply = stop  # type: ignore[method-assign]
    with pytest.raises(Stopped):
        score_files([str(file)], output, engine)
    assert output.read_text() == "yesterday's"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.jsonl", "out.jsonl"]
