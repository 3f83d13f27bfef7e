"""Drifting data: how well late verdicts teach when habits and frauds shift by the week, beside batch models that are retrained each week.

    .venv-bench/bin/python -m benchmarks.drift --python .venv/bin/python [--seeds 11 12 13] [--drift 1]

Payments of our own making (benchmarks.drift_world) go through `worker.py score` in one pass, frauds being told seven days late and nothing
else; the alternatives (benchmarks.rivals) see the same payments with the same delay. Average precision by the handbook's protocol, the mean
over all weeks after the first six, which all may learn from.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.drift_world import Shape, generated
from benchmarks.payments import Figures, measured, scored, scores
from benchmarks.rivals import compared

FIRST = 6
"""Weeks that are only learned from."""
GOAL, AIM = 0.08, 0.12
RIVAL = "XGBoost"


def main() -> int:
    """Prints a table a seed and the margin over all; keeps the figures as JSON."""
    options = arguments()
    shape = Shape(
        users=options.users, addresses=options.addresses, weeks=options.weeks, pace=options.pace, fraud=options.fraud, drift=options.drift
    )
    options.output.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for seed in options.seeds:
        found = run(seed, shape, options)
        rows.append({"seed": seed, "figures": found, "margin": round(margin(found), 4)})
        print(f"{'margin over the better ' + RIVAL:62}{'':8}{margin(found):+8.3f}\n")
    over_all = mean(row["margin"] for row in rows)
    print(f"AP above weekly retrained {RIVAL}, the mean of {len(rows)}: {over_all:+.3f} (goal {GOAL:+.2f}, aim {AIM:+.2f})")
    if options.keep:
        options.keep.write_text(json.dumps({"shape": vars(shape), "margin": round(over_all, 4), "seeds": rows}, indent=1) + "\n")
    return 0


def run(seed: int, shape: Shape, options: argparse.Namespace) -> dict[str, Figures]:
    """Figures by method."""
    data, weeks = generated(seed, shape)
    say(f"seed {seed}: {len(data.at):,} payments, {data.fraud.mean():.2%} frauds")
    events, path = options.output / f"drift-{seed}.jsonl", options.output / f"drift-{seed}-scores.jsonl"
    with events.open("wb") as sink:
        sink.writelines(line + b"\n" for line in data.lines("fraud"))
    scored(events, path, options.python)
    events.unlink()
    methods = {"Vigil": scores(path, data)} | compared(data, weeks[FIRST:], say)
    print(f"{f'seed {seed}, {shape.weeks - FIRST} weeks, drift {shape.drift:g}':62}{'AUC':>8}{'AP':>8}{'CP@100':>8}")
    found = {}
    for method, score in methods.items():
        figures = found[method] = measured(data, score, weeks[FIRST:])
        print(f"{method:62}{figures['auc']:8.3f}{figures['ap']:8.3f}{figures['cp100']:8.3f}", flush=True)
    return found


def margin(found: dict[str, Figures]) -> float:
    """AP above the best of the rival's."""
    return found["Vigil"]["ap"] - max(figures["ap"] for method, figures in found.items() if method.startswith(RIVAL))


def say(text: str) -> None:
    """Progress."""
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    usual = Shape()
    a = argparse.ArgumentParser(prog="python -m benchmarks.drift", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    a.add_argument("--seeds", type=int, nargs="+", default=[11, 12])
    a.add_argument("--users", type=int, default=usual.users)
    a.add_argument("--addresses", type=int, default=usual.addresses)
    a.add_argument("--weeks", type=int, default=usual.weeks)
    a.add_argument("--pace", type=float, default=usual.pace, help="payments of an account a day, the median")
    a.add_argument("--fraud", type=float, default=usual.fraud, help="share of frauds, about")
    a.add_argument("--drift", type=float, default=usual.drift, help="how much shifts by the week; 0: nothing, each week is like the first")
    a.add_argument("--output", type=Path, default=Path("var/drift"), help="where events and scores go")
    a.add_argument("--python", default=sys.executable, help="of the environment that Vigil is installed in")
    a.add_argument("--keep", type=Path, help="the figures as JSON")
    return a.parse_args()


if __name__ == "__main__":
    sys.exit(main())
