"""The Fraud Detection Handbook's simulated card transactions as transfers, scored by `worker.py score`, measured by its own protocol, and
beside it the alternatives of benchmarks.rivals in the same run.

    .venv-bench/bin/python -m benchmarks.handbook --data transactions.parquet --output DIR --python .venv/bin/python [--labels none]

pyarrow, which reads the file, scikit-learn and XGBoost are among the tools of `make bench`.

Le Borgne, Siblini, Lebichot and Bontempi, "Reproducible Machine Learning for Credit Card Fraud Detection", chapters 3, 5 and 7
(simulated-data-raw, CC BY-SA; as one parquet file with transaction_id, occurred_at, customer_id, terminal_id, amount, fraud, scenario).
The customer is the user, the terminal the payee's address, the amount the USD value. A verdict follows its transaction after seven days.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.payments import Figures, Payments, area, by_week, measured, scored, scores
from benchmarks.rivals import compared

WEEKS = ("2018-08-08", "2018-08-15", "2018-08-22", "2018-08-29")
CHAPTER_7 = ("2018-07-25",)


def transactions(path: Path) -> Payments:
    """The file's."""
    import pyarrow.parquet as parquet

    table = parquet.read_table(path)

    def column(name: str, kind: Any) -> Any:
        return table.column(name).to_numpy().astype(kind)

    at = table.column("occurred_at").to_numpy().astype("datetime64[s]").astype(np.int64)
    return Payments(
        at, column("transaction_id", np.int64), column("customer_id", np.int64), column("terminal_id", np.int64),
        column("amount", float), column("fraud", bool), column("scenario", int),
    )  # fmt: skip


def days(names: tuple[str, ...]) -> list[int]:
    """Days since the epoch."""
    return [int(np.datetime64(name, "D").astype(int)) for name in names]


def large_amounts(data: Payments, score: Any) -> float:
    """AUC of scenario 3 against the genuine."""
    rows = np.nonzero(((data.scenario == 3) | ~data.fraud) & ~np.isnan(score))[0]
    return round(area(score[rows], data.fraud[rows]), 4)


def main() -> int:
    """Writes events, scores them with today's code, prints a table, keeps the figures as JSON."""
    options = arguments()
    if not options.data.exists():
        print(
            f"{options.data}: no such file. It is the handbook's simulated-data-raw as one parquet file, see docs/quality.md",
            file=sys.stderr,
        )
        return 2
    say("reading")
    data, path = transactions(options.data), options.scores
    if path is None:
        options.output.mkdir(parents=True, exist_ok=True)
        how = options.labels + ("-plain" if options.without_supervised else "")
        events, path = options.output / f"events-{options.labels}.jsonl", options.output / f"scores-{how}.jsonl"
        if not events.exists():
            say("writing events")
            with events.open("wb") as sink:
                sink.writelines(line + b"\n" for line in data.lines(options.labels))
        scored(events, path, options.python, supervised=not options.without_supervised)
    risk = scores(path, data)
    tests = {name: weeks for name, weeks in (("four weeks", WEEKS), ("chapter 7", CHAPTER_7)) if covered(data, risk, weeks)}
    methods = {"Vigil": risk}
    if options.rivals:
        methods |= compared(data, days(tuple(week for weeks in tests.values() for week in weeks)), say)
    result: dict[str, Any] = {name: table(data, methods, name, weeks) for name, weeks in tests.items()}
    result["scenario 3 against genuine, AUC"] = large_amounts(data, risk)
    print(f"scenario 3 against the genuine, AUC: {result['scenario 3 against genuine, AUC']}")
    if options.keep:
        options.keep.write_text(json.dumps(result, indent=1) + "\n")
    return 0


def covered(data: Payments, risk: Any, weeks: tuple[str, ...]) -> bool:
    """Whether all days of the weeks were scored."""
    first = days(weeks)
    there = (data.day >= min(first)) & (data.day < max(first) + 7)
    return not np.isnan(risk[there]).any()


def table(data: Payments, methods: dict[str, Any], name: str, weeks: tuple[str, ...]) -> dict[str, Figures]:
    """Prints one; returns its figures."""
    print(f"\n{name + ' (' + ', '.join(weeks) + ')':62}{'AUC':>8}{'AP':>8}{'CP@100':>8}")
    found = {}
    for method, score in methods.items():
        figures = found[method] = measured(data, score, days(weeks))
        print(f"{method:62}{figures['auc']:8.3f}{figures['ap']:8.3f}{figures['cp100']:8.3f}")
    if len(weeks) > 1:
        apart = by_week(data, methods["Vigil"], days(weeks))
        print(f"{'Vigil, the weeks apart, AP':62}" + "".join(f"{ap:8.3f}" for _, ap, _ in apart))
    return found


def say(text: str) -> None:
    """Progress."""
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    a = argparse.ArgumentParser(prog="python -m benchmarks.handbook", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    a.add_argument("--data", type=Path, required=True)
    a.add_argument("--output", type=Path, default=Path("var/handbook"), help="where events and scores go")
    a.add_argument("--labels", choices=["fraud", "all", "none"], default="fraud", help="which verdicts come")
    a.add_argument("--without-supervised", action="store_true")
    a.add_argument("--scores", type=Path, help="measure these instead of running `score`")
    a.add_argument("--python", default=sys.executable, help="of the environment that Vigil is installed in")
    a.add_argument("--no-rivals", dest="rivals", action="store_false", help="Vigil alone")
    a.add_argument("--keep", type=Path, help="the figures as JSON")
    return a.parse_args()


if __name__ == "__main__":
    sys.exit(main())
