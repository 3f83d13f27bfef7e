"""Payments with the truth about them: as events with late verdicts, and what a score over them is worth by the Fraud Detection Handbook's
protocol (Le Borgne, Siblini, Lebichot and Bontempi, chapters 3 to 5)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

DELAY = 7
"""Days until a fraud is known."""
DAY = 86_400
Figures = dict[str, float]


class Payments:
    """Columns in event time: at (seconds since the epoch), id, user, address (numbers), usd, fraud, scenario (0: genuine), day."""

    def __init__(self, at: Any, id_: Any, user: Any, address: Any, usd: Any, fraud: Any, scenario: Any):
        order = np.argsort(at, kind="stable")
        self.at, self.id, self.user, self.address = at[order], id_[order], user[order], address[order]
        self.usd, self.fraud, self.scenario = usd[order], fraud[order], scenario[order]
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


def by_week(data: Payments, score: Any, weeks: Sequence[int]) -> list[tuple[float, float, float]]:
    """AUC, AP and card precision at 100 of each week; `weeks`: their first days since the epoch. On day D customers with a fraud known
    since the training week, up to D - 8, are left out; of the 100 with the highest score a day, those found before count no second
    time."""
    found = []
    for start in weeks:
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
        said, truth = score[all_rows], data.fraud[all_rows]
        found.append((area(said, truth), average_precision(said, truth), float(np.mean(precision))))
    return found


def measured(data: Payments, score: Any, weeks: Sequence[int]) -> Figures:
    """Means over the weeks of `by_week`."""
    means = np.mean(by_week(data, score, weeks), axis=0)
    return dict(zip(("auc", "ap", "cp100"), (round(float(value), 4) for value in means), strict=True))


def scored(events: Path, path: Path, python: str, *, supervised: bool = True) -> None:
    """Runs `worker.py score` over a file of events, in a process of its own. Raises CalledProcessError."""
    command = [python, "worker.py", "score", str(events), "--output", str(path)]
    subprocess.run([*command, *([] if supervised else ["--without-supervised"])], check=True)


def scores(path: Path, data: Payments) -> Any:
    """Risks in the order of the payments; NaN where a file ends before."""
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    risk = {}
    with path.open("rb") as lines:
        for line in lines:
            row = decode(line)
            risk[row["event_id"]] = row["risk"]
    return np.array([risk.get(f"t{place}", np.nan) for place in data.id])
