"""`python -m benchmarks.login_risk`: how many attackers' sign-ins stand out at a given share of honest ones told, by the `risk` of `score`.

Simulated people and four kinds of attackers (benchmarks.login_world) go as JSON lines through the code that scores live; Freeman et al. as
in their paper (benchmarks.freeman) sees the same events. Several seeds and ways of life; none of them is known to the detectors.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import datetime
from pathlib import Path

import msgspec

from benchmarks.freeman import Freeman
from benchmarks.login_world import ATTACKERS, Shape, World
from detectors.score import States, score_events
from detectors.wiring import build_engine
from stores.geo import GeoSurroundings

SHAPES: dict[str, dict[str, float | bool | int]] = {
    "usual": {},
    "few sign-ins": {"logins": 0.08},
    "restless": {"churn": 0.3, "mobile": 0.6, "travel": 1 / 60, "vpn": 0.15, "cleared": 0.01, "replaced": 1 / 200},
    "no device ids": {"device_ids": False},
    "no device ids, restless": {"device_ids": False, "churn": 0.3, "mobile": 0.6, "travel": 1 / 60, "vpn": 0.15, "replaced": 1 / 200},
    "no device ids, few sign-ins": {"device_ids": False, "logins": 0.08},
    "no user agents": {"agents": False},
    "unknown to geo data": {"geo": False},
}
FALSE = (0.01, 0.1)
"""Shares of honest sign-ins told."""
PROGRESS = 5.0


def main() -> int:
    options = arguments()
    geo = GeoSurroundings(None, None, options.geo)
    rows = []
    print(f"{'':24}{'':10}" + "".join(f"{kind:>15}" for _ in FALSE for kind in ATTACKERS))
    for name in options.shapes:
        for seed in options.seeds:
            shape = Shape(**{"users": options.users, "attacks": options.attacks, **SHAPES[name]})  # type: ignore[arg-type]
            for method, found in run(World(seed, shape, geo), geo, f"{name}, seed {seed}").items():
                rows.append({"shape": name, "seed": seed, "method": method, "found": found})
                print(
                    f"{name + ' ' + str(seed):24}{method:10}"
                    + "".join(f"{found[f'{false:g}'][k]:15.2f}" for false in FALSE for k in ATTACKERS)
                )
    if options.output:
        options.output.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


def arguments() -> argparse.Namespace:
    a = argparse.ArgumentParser(prog="python -m benchmarks.login_risk", description=__doc__.splitlines()[0] if __doc__ else None)
    a.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    a.add_argument("--shapes", nargs="+", choices=list(SHAPES), default=list(SHAPES), metavar="SHAPE", help=", ".join(SHAPES))
    a.add_argument("--users", type=int, default=500)
    a.add_argument("--attacks", type=int, default=100, help="of each kind")
    a.add_argument("--geo", type=Path, default=Path("var/geo"), metavar="DIR", help="where the geo data is unpacked to")
    a.add_argument("--output", type=Path, metavar="FILE", help="the figures as JSON")
    return a.parse_args()


def run(world: World, geo: GeoSurroundings, name: str) -> dict[str, dict[str, dict[str, float]]]:
    """Method -> share of false alarms -> kind of attacker -> part of them found."""
    engine, states, plain = build_engine(geo), States(), Freeman(geo)
    scores: dict[str, dict[str, float]] = {"vigil": {}, "freeman": {}}
    tested: set[str] = set()
    shown = time.monotonic()
    for n, event in enumerate(world.events()):
        id_ = event["event_id"]
        for result in score_events([msgspec.json.encode(event)], engine, refused, states):
            scores["vigil"][id_] = result["risk"]
        scores["freeman"][id_] = plain(event)
        if datetime.fromisoformat(event["occurred_at"]).timestamp() >= world.test_from:
            tested.add(id_)
        if time.monotonic() - shown > PROGRESS:
            shown = time.monotonic()
            print(f"{name}: {n:,} sign-ins", file=sys.stderr)
    return {method: found(said, world.truth, tested) for method, said in scores.items()}


def found(scores: dict[str, float], truth: dict[str, str], tested: set[str]) -> dict[str, dict[str, float]]:
    """Part of each kind of attackers above the score that so many honest sign-ins of the test period reach."""
    honest = sorted((scores[id_] for id_ in tested if id_ not in truth), reverse=True)
    parts: dict[str, dict[str, float]] = {}
    for false in FALSE:
        cut = honest[int(false * len(honest))]
        kinds = {kind: [scores[id_] for id_, k in truth.items() if k == kind] for kind in ATTACKERS}
        parts[f"{false:g}"] = {kind: sum(score > cut for score in said) / max(len(said), 1) for kind, said in kinds.items()}
    return parts


def refused(number: int, reason: str) -> None:
    """A line of the simulator that isn't as it should be."""
    raise ValueError(f"line {number}: {reason}")


if __name__ == "__main__":
    sys.exit(main())
