"""`python -m benchmarks.nab --data DIR --output DIR2`: the Numenta Anomaly Benchmark through detectors.models.series, one pass a series.

DIR holds `category/name.csv` with the columns timestamp,value, and where the score is wanted NAB's anomaly windows as `windows.json` (in
NAB's repository: labels/combined_windows.json). The same layout is written to DIR2 with the column anomaly_score. The data: the repository
numenta/NAB.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.nab_score import Span, best, probation
from detectors.models.series import Series

WINDOWS = ("windows.json", "combined_windows.json")


class Unusable(Exception):
    """A file that isn't as it should be; the text names it."""


def main() -> int:
    options = arguments()
    if options.output.resolve() == options.data.resolve():
        raise Unusable("--output: expected another folder than --data, which is never written to")
    files = sorted(options.data.glob("*/*.csv"))
    if not files:
        raise Unusable(f"{options.data}: no series there; expected category/name.csv")
    windows = read_windows(options.data)
    scores: dict[str, list[float]] = {}
    spans: dict[str, list[Span]] = {}
    for number, path in enumerate(files, 1):
        name = path.relative_to(options.data).as_posix()
        print(f"{number}/{len(files)} {name}", file=sys.stderr)
        stamps, values = read(path)
        scores[name] = score(stamps, values)
        write(options.output / name, path, scores[name])
        spans[name] = [_span(stamps, *window, name) for window in windows.get(name, ())]
    print(f"{len(files)} series, {sum(map(len, scores.values())):,} readings scored to {options.output}")
    missing = [name for name in scores if name not in windows]
    if windows and missing:
        print(f"without anomaly windows, taken as normal throughout: {', '.join(missing)}", file=sys.stderr)
    if windows:
        result, threshold = best(scores, spans)
        print(f"NAB score, standard profile: {result:.1f} (threshold {threshold:.4f})")
    else:
        print(f"no {' or '.join(WINDOWS)} in {options.data}: no NAB score")
    return 0


def arguments() -> argparse.Namespace:
    a = argparse.ArgumentParser(prog="python -m benchmarks.nab", description=__doc__.splitlines()[0] if __doc__ else None)
    a.add_argument("--data", type=Path, required=True, metavar="DIR", help="NAB's layout: category/name.csv and windows.json")
    a.add_argument("--output", type=Path, required=True, metavar="DIR2", help="gets the same files with the column anomaly_score")
    return a.parse_args()


def score(stamps: list[datetime], values: list[float]) -> list[float]:
    """Anomaly scores in [0, 1), 0 during the probation."""
    series, scores, start = Series(), [], probation(len(values))
    for row, (stamp, value) in enumerate(zip(stamps, values, strict=True)):
        at = stamp.timestamp()
        said = series.score_one(at, value) if row >= start else 0.0
        scores.append(said if isinstance(said, float) else 0.0)
        series.learn_one(at, value)
    return scores


def read(path: Path) -> tuple[list[datetime], list[float]]:
    """Time stamps (UTC where they name no zone) and values of one series."""
    stamps, values = [], []
    with path.open(newline="", encoding="utf-8-sig") as file:
        for line, row in enumerate(csv.DictReader(file), 2):
            try:
                stamps.append(_moment(row["timestamp"]))
                values.append(_finite(row["value"]))
            except (KeyError, TypeError, ValueError) as error:
                raise Unusable(f"{path}:{line}: expected the columns timestamp,value with a time and a number ({error})") from None
    return stamps, values


def write(target: Path, source: Path, scores: list[float]) -> None:
    """The series with its scores."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open(newline="", encoding="utf-8-sig") as file, target.open("w", newline="", encoding="utf-8") as sink:
        rows = csv.DictReader(file)
        out = csv.writer(sink, lineterminator="\n")
        out.writerow(["timestamp", "value", "anomaly_score"])
        for row, said in zip(rows, scores, strict=True):
            out.writerow([row["timestamp"], row["value"], f"{said:.6f}"])


def read_windows(data: Path) -> dict[str, list[tuple[str, str]]]:
    """Anomaly windows by series, first and last time stamp each; empty where there is no file."""
    for name in WINDOWS:
        path = data / name
        if path.exists():
            try:
                return {
                    series: [(str(first), str(last)) for first, last in spans] for series, spans in json.loads(path.read_text()).items()
                }
            except (ValueError, AttributeError, TypeError) as error:
                raise Unusable(f"{path}: expected a mapping of series to pairs of time stamps ({error})") from None
    return {}


def _span(stamps: list[datetime], first: str, last: str, name: str) -> Span:
    inside = [row for row, stamp in enumerate(stamps) if _moment(first) <= stamp <= _moment(last)]
    if not inside:
        raise Unusable(f"{name}: its anomaly window {first} - {last} holds no reading")
    return inside[0], inside[-1]


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a finite number")
    return number


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Unusable, OSError) as error:
        sys.exit(f"benchmarks.nab: {error}")
