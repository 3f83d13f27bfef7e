"""The Fraud Detection Handbook's simulated card transactions as transfers, scored by `worker.py score`, measured by its own protocol.

    .venv-bench/bin/python -m benchmarks.handbook --data transactions.parquet --output DIR --python .venv/bin/python [--labels none]

pyarrow, which reads the file, is among the tools of `make bench`.

Le Borgne, Siblini, Lebichot and Bontempi, "Reproducible Machine Learning for Credit Card Fraud Detection", chapters 3, 5 and 7
(simulated-data-raw, CC BY-SA; as one parquet file with transaction_id, occurred_at, customer_id, terminal_id, amount, fraud, scenario).
The customer is the user, the terminal the payee's address, the amount the USD value. A verdict follows its transaction after seven days.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

DELAY = 7
DAY = 86_400
WEEKS = ("2018-08-08", "2018-08-15", "2018-08-22", "2018-08-29")
CHAPTER_7 = ("2018-07-25",)
Figures = dict[str, float]


class Transactions:
    """Columns in event time: at (seconds), user, address, usd, fraud, scenario, day (since the epoch)."""

    def __init__(self, path: Path):
        import pyarrow.parquet as parquet

        table = parquet.read_table(path)
        at = table.column("occurred_at").to_numpy().astype("datetime64[s]").astype(np.int64)
        order = np.argsort(at, kind="stable")

        def column(name: str, kind: Any) -> Any:
            return table.column(name).to_numpy().astype(kind)[order]

        self.at, self.id = at[order], column("transaction_id", np.int64)
        self.user, self.address = column("customer_id", np.int64), column("terminal_id", np.int64)
        self.usd, self.fraud, self.scenario = column("amount", float), column("fraud", bool), column("scenario", int)
        self.day = self.at // DAY

    def lines(self, labels: str) -> Iterator[bytes]:
        """JSON lines: transfers, and verdicts seven days after; `labels`: none, fraud (nobody reports the genuine) or all."""
        encode = msgspec.json.encode
        told = np.nonzero(self.fraud if labels == "fraud" else np.full(len(self.fraud), labels == "all"))[0]
        next_told = 0
        for place in range(len(self.at)):
            at = int(self.at[place])
            while next_told < len(told) and self.at[told[next_told]] + DELAY * DAY <= at:
                yield encode(self._verdict(int(told[next_told])))
                next_told += 1
            yield encode(
                {
                    "type": "transfer", "event_id": f"t{self.id[place]}", "user_id": f"c{self.user[place]}", "occurred_at": _moment(at),
                    "transfer_id": f"t{self.id[place]}", "direction": "withdrawal", "status": "requested", "asset": "USD",
                    "amount": f"{self.usd[place]:.2f}", "usd_value": f"{self.usd[place]:.2f}", "address": f"terminal-{self.address[place]}",
                }
            )  # fmt: skip

    def _verdict(self, place: int) -> dict[str, str]:
        return {
            "type": "verdict", "event_id": f"v{self.id[place]}", "user_id": f"c{self.user[place]}",
            "occurred_at": _moment(int(self.at[place]) + DELAY * DAY), "about": f"t{self.id[place]}",
            "label": "fraud" if self.fraud[place] else "genuine", "source": "exchange", "by": "chargeback",
        }  # fmt: skip


def _moment(at: int) -> str:
    return f"{np.datetime64(at, 's')}Z"


def area(score: Any, fraud: Any) -> float:
    """Area under the ROC curve; ties count half."""
    order = np.argsort(score, kind="stable")
    values, ranks = score[order], np.arange(1, len(score) + 1, dtype=float)
    starts = np.nonzero(np.r_[True, values[1:] != values[:-1]])[0]
    ends = np.r_[starts[1:], len(values)]
    ranks = np.repeat((starts + ends + 1) / 2.0, ends - starts)
    positive = fraud[order].sum()
    return float((ranks[fraud[order]].sum() - positive * (positive + 1) / 2) / (positive * (len(score) - positive)))


def average_precision(score: Any, fraud: Any) -> float:
    """Mean of the precision at each threshold, by the recall it adds."""
    order = np.argsort(-score, kind="stable")
    hit, values = fraud[order].astype(float), score[order]
    last = np.nonzero(np.r_[values[1:] != values[:-1], True])[0]
    hits = np.cumsum(hit)[last]
    return float((np.diff(np.r_[0.0, hits]) * hits / (last + 1)).sum() / hit.sum())


def measured(data: Transactions, score: Any, weeks: tuple[str, ...]) -> Figures:
    """AUC, AP and card precision at 100, the mean over the weeks. On day D customers with a fraud known since the training week, up to
    D - 8, are left out; of the 100 with the highest score a day, those found before are not counted again."""
    found = []
    for week in weeks:
        start = int(np.datetime64(week, "D").astype(int))
        rows, precision, caught = [], [], set[int]()
        for day in range(start, start + 7):
            known = np.unique(data.user[data.fraud & (data.day <= day - DELAY - 1) & (data.day >= start - 2 * DELAY)])
            here = np.nonzero(data.day == day)[0]
            here = here[~np.isin(data.user[here], known)]
            rows.append(here)
            here = here[~np.isin(data.user[here], list(caught))]
            users, inverse = np.unique(data.user[here], return_inverse=True)
            highest, is_fraud = np.full(len(users), -np.inf), np.zeros(len(users), bool)
            np.maximum.at(highest, inverse, score[here])
            np.logical_or.at(is_fraud, inverse, data.fraud[here])
            top = np.argsort(-highest, kind="stable")[:100]
            precision.append(is_fraud[top].sum() / 100)
            caught.update(users[top[is_fraud[top]]].tolist())
        all_rows = np.concatenate(rows)
        found.append(
            (area(score[all_rows], data.fraud[all_rows]), average_precision(score[all_rows], data.fraud[all_rows]), np.mean(precision))
        )
    means = np.mean(found, axis=0)
    return dict(zip(("auc", "ap", "cp100"), (round(float(value), 4) for value in means), strict=True))


def large_amounts(data: Transactions, score: Any) -> float:
    """AUC of scenario 3 against the genuine."""
    rows = np.nonzero((data.scenario == 3) | ~data.fraud)[0]
    return round(area(score[rows], data.fraud[rows]), 4)


def scores(path: Path, data: Transactions) -> Any:
    """Risks in the order of the transactions."""
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    risk = {}
    with path.open("rb") as lines:
        for line in lines:
            row = decode(line)
            risk[row["event_id"]] = row["risk"]
    return np.array([risk[f"t{place}"] for place in data.id])


def main() -> int:
    """Writes events, scores them with today's code, prints figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.handbook", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--labels", choices=["fraud", "all", "none"], default="fraud", help="which verdicts come")
    parser.add_argument("--without-supervised", action="store_true")
    parser.add_argument("--scores", type=Path, help="measure these instead of running `score`")
    parser.add_argument("--python", default=sys.executable, help="of the environment that Vigil is installed in")
    chosen = parser.parse_args()
    data, path = Transactions(chosen.data), chosen.scores
    if path is None:
        chosen.output.mkdir(parents=True, exist_ok=True)
        events, path = chosen.output / f"events-{chosen.labels}.jsonl", chosen.output / f"scores-{chosen.labels}.jsonl"
        if not events.exists():
            with events.open("wb") as sink:
                sink.writelines(line + b"\n" for line in data.lines(chosen.labels))
        command = [chosen.python, "worker.py", "score", str(events), "--output", str(path)]
        subprocess.run([*command, *(["--without-supervised"] if chosen.without_supervised else [])], check=True)
    risk = scores(path, data)
    figures = {"four weeks": measured(data, risk, WEEKS), "chapter 7": measured(data, risk, CHAPTER_7)}
    print(json.dumps(figures | {"scenario 3 against genuine, AUC": large_amounts(data, risk)}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
