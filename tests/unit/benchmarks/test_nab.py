"""The Numenta Anomaly Benchmark: its score, and the command that runs it."""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.nab_score import best, probation, value_of_rows

ROWS, WINDOW = 1000, (500, 599)


def marked(*rows: int) -> list[float]:
    """Scores of a detector that points at these rows only."""
    return [1.0 if row in rows else 0.0 for row in range(ROWS)]


def test_a_detector_that_says_nothing_scores_zero() -> None:
    """Silence is the origin of the scale."""
    result, _ = best({"a": marked()}, {"a": [WINDOW]})

    assert result == 0.0


def test_a_detection_at_the_start_of_the_only_window_scores_a_hundred() -> None:
    """The earliest detection earns the whole of a window."""
    result, threshold = best({"a": marked(500)}, {"a": [WINDOW]})

    assert result == pytest.approx(100.0)
    assert threshold == 1.0


def test_the_earlier_detection_earns_more() -> None:
    """The last third of a window is worth less than its first."""
    results = [best({"a": marked(row)}, {"a": [WINDOW]})[0] for row in (500, 550, 590)]

    assert results == sorted(results, reverse=True)
    assert results[0] > results[2] + 10


def test_a_window_is_earned_once() -> None:
    """A second detection in the same window neither earns nor costs."""
    once, _ = best({"a": marked(510)}, {"a": [WINDOW]})
    twice, _ = best({"a": marked(510, 540)}, {"a": [WINDOW]})

    assert twice == pytest.approx(once)


def test_false_alarms_cost_little_right_behind_a_window_and_their_full_price_far_from_it() -> None:
    """0.11 each before any window and three widths behind one."""
    worth = value_of_rows(ROWS, [WINDOW])

    assert worth[499] == (-1, -0.11)
    assert worth[999] == (-1, -0.11)
    assert -0.02 < worth[600][1] < 0.0


def test_what_is_said_during_the_probation_counts_for_nothing() -> None:
    """15 % of a series, at most 750 rows."""
    result, _ = best({"a": marked(3, 500)}, {"a": [WINDOW]})

    assert (probation(ROWS), probation(10_000)) == (150, 750)
    assert result == pytest.approx(100.0)


def written(folder: Path, anomaly: int) -> None:
    """A day-and-night series with a jump, in NAB's layout."""
    rng, start = random.Random(7), datetime(2026, 3, 1)
    path = folder / "made" / "daily.csv"
    path.parent.mkdir(parents=True)
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["timestamp", "value"])
        for row in range(2000):
            stamp = start + timedelta(minutes=15 * row)
            usual = (100 if 8 <= stamp.hour < 20 else 40) + rng.gauss(0, 3)
            out.writerow([stamp.isoformat(sep=" "), usual + (150 if anomaly <= row < anomaly + 5 else 0)])
    stamps = [(start + timedelta(minutes=15 * row)).isoformat(sep=" ") for row in (anomaly - 40, anomaly + 40)]
    (folder / "windows.json").write_text(json.dumps({"made/daily.csv": [stamps]}))


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "benchmarks.nab", *arguments], capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.slow
def test_the_command_writes_the_same_layout_with_scores_and_prints_the_score(tmp_path: Path) -> None:
    """A plain jump is the highest score of its series, and the benchmark's score says so."""
    written(tmp_path / "in", anomaly=1500)

    done = command("--data", str(tmp_path / "in"), "--output", str(tmp_path / "out"))

    assert done.returncode == 0, done.stderr
    with (tmp_path / "out" / "made" / "daily.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["timestamp", "value", "anomaly_score"]
    assert len(rows) == 2000
    scores = [float(row["anomaly_score"]) for row in rows]
    assert scores.index(max(scores)) == 1500
    assert set(scores[: probation(2000)]) == {0.0}
    assert "NAB score, standard profile: " in done.stdout
    assert float(done.stdout.split("profile: ")[1].split()[0]) > 60


@pytest.mark.parametrize(
    ("content", "said"), [("time,value\nx,1\n", "made/a.csv:2"), ("timestamp,value\n2026-03-01 00:00:00,nan\n", "finite")]
)
def test_a_file_that_is_not_a_series_is_named_with_its_line(tmp_path: Path, content: str, said: str) -> None:
    """The command ends with 1 and says where to look."""
    path = tmp_path / "in" / "made" / "a.csv"
    path.parent.mkdir(parents=True)
    path.write_text(content)

    done = command("--data", str(tmp_path / "in"), "--output", str(tmp_path / "out"))

    assert done.returncode == 1
    assert said in done.stderr


def test_the_data_is_never_written_over(tmp_path: Path) -> None:
    """The same folder for both is refused."""
    written(tmp_path / "in", anomaly=1500)

    done = command("--data", str(tmp_path / "in"), "--output", str(tmp_path / "in"))

    assert done.returncode == 1
    assert "--output" in done.stderr
