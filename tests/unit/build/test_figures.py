"""Figures in docs/ are those that the benchmarks kept in benchmarks/results/."""

from __future__ import annotations

import json
import re
from pathlib import Path
from statistics import median
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
QUALITY = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
BENCHMARKS = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")


def kept(name: str) -> Any:
    """What a benchmark wrote."""
    return json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())


def row(text: str, begins: str) -> list[str]:
    """Cells of the one row of a table that begins so."""
    (found,) = [line for line in text.splitlines() if line.startswith(f"| {begins}")]
    return [cell.strip() for cell in found.strip("|").split("|")]


def same(said: str, measured: float) -> bool:
    """Whether a figure is what was measured, to the digits that it has; a half may go either way."""
    digits = len(said.partition(".")[2])
    return abs(float(said) - measured) <= 0.5000001 * 10**-digits


@pytest.mark.parametrize("grade", ["plain", "careful", "expert"])
def test_the_simulated_exchange(grade: str) -> None:
    """Shares by grade of skill, and how often honest people are told."""
    found = kept("exchange-quality")
    cells = row(BENCHMARKS, f"{grade} |")
    told = re.search(r"Honest people were told (\d+) times per 1,000 users a day", BENCHMARKS)

    for place, name in ((1, "risk"), (3, "told"), (4, "warned"), (5, "saved")):
        assert same(cells[place], found["grades"][grade][name]), (grade, name)
    assert told
    assert same(told[1], found["told_false_user_days_per_1000"])


@pytest.mark.parametrize(
    ("begins", "name"),
    [
        ("`score`, all detectors", "Vigil"),
        ("XGBoost, retrained weekly on 28 days, in the same run", "XGBoost, retrained weekly on 28 days"),
        ("XGBoost, retrained weekly on 7 days", "XGBoost, retrained weekly on 7 days"),
        ("random forest", "random forest, retrained weekly on 7 days"),
        ("windowed Gaussian", "windowed Gaussian, no labels"),
    ],
)
def test_the_handbook(begins: str, name: str) -> None:
    """The four weeks, by alternative."""
    measured = kept("handbook")["four weeks"][name]
    cells = row(QUALITY.partition("## Card fraud")[2].partition("## Drifting")[0], begins)

    assert [same(said, measured[key]) for said, key in zip(cells[1:4], ("auc", "ap", "cp100"), strict=True)] == [True] * 3, (
        cells,
        measured,
    )


@pytest.mark.parametrize(("start", "protected"), [(1, True), (1, False), (4, True), (4, False)])
def test_slow_poisoning(start: int, protected: bool) -> None:
    """By where he begins, with and without the protection."""
    (found,) = [one for one in kept("poisoning") if (one["start"], one["protected"]) == (start, protected)]
    cells = row(QUALITY.partition("## Slow poisoning")[2], f"{start} x usual | {'with' if protected else 'without'} |")

    assert cells[2] == f"{found['found']} of {found['accounts']}"
    for place, name, unit in ((3, "first", ""), (4, "at", " x usual"), (5, "taken", " x usual")):
        assert same(cells[place].removesuffix(unit).replace(",", ""), found[name]), name
    for place, name in ((6, "after"), (7, "all")):
        assert same(cells[place].removesuffix(" %"), 100 * found[name]), name
    assert cells[8] == (f"{found['each_day_from']:.0f} ({found['for_good']} of {found['accounts']})" if found["for_good"] else "never")


@pytest.mark.parametrize("seed", [11, 12])
def test_drifting_data(seed: int) -> None:
    """By seed: ours and the best alternative's."""
    (found,) = [one["figures"] for one in kept("drift")["seeds"] if one["seed"] == seed]
    ours, trees = row(QUALITY, f"{seed}: `score`"), row(QUALITY, f"{seed}: XGBoost")

    assert same(ours[1], found["Vigil"]["auc"])
    assert same(ours[2], found["Vigil"]["ap"])
    for place, key in ((1, "auc"), (2, "ap")):
        for said, days in zip(trees[place].split(", "), (28, 7), strict=True):
            assert same(said, found[f"XGBoost, retrained weekly on {days} days"][key])


@pytest.mark.parametrize(
    ("begins", "part", "loop"),
    [
        ("Vigil |", "throughput", "vigil"),
        ("bare aiokafka", "throughput", "bare aiokafka"),
        ("Quix Streams", "throughput", "Quix Streams"),
        ("plain Faust", "throughput", "plain Faust"),
        ("Vigil's loop", "loop", "vigil"),
        ("bare loop of aiokafka", "loop", "bare aiokafka"),
        ("loop of Quix Streams", "loop", "Quix Streams"),
    ],
)
def test_throughput(begins: str, part: str, loop: str) -> None:
    """Median of the rounds over 10,000 users on Kafka."""
    rounds = [one for one in kept("latest")["kafka"][part] if one["loop"] == loop and one["users"] == 10_000]
    cells = row(BENCHMARKS.partition("## Figures")[2], begins)

    assert same(cells[1].split()[0].replace(",", ""), median(one["events/s"] for one in rounds))
    assert same(cells[2], median(one["CPU us an event"] for one in rounds))


@pytest.mark.parametrize("seed", [1, 31, 61])
def test_sign_ins_without_device_ids(seed: int) -> None:
    """Four kinds of attackers at 1 % false, and the two that know their victim at 10 %."""
    (found,) = [
        one["found"] for one in kept("login-risk") if (one["shape"], one["seed"], one["method"]) == ("no device ids", seed, "vigil")
    ]
    cells = row(BENCHMARKS, f"no device ids, seed {seed} |")[2:]
    measured = [found["0.01"][kind] for kind in ("naive", "vpn", "targeted", "very targeted")]
    measured += [found["0.1"][kind] for kind in ("targeted", "very targeted")]

    assert [same(said, value) for said, value in zip(cells, measured, strict=True)] == [True] * 6, (cells, measured)


def test_the_readme_says_the_same() -> None:
    """What a stranger reads first: shares told, honest people told, events a second, time to the mail."""
    quality, speed = kept("exchange-quality"), kept("latest")["kafka"]
    noticed = row(README, "noticed of")
    (trickle,) = [one for one in speed["latency"] if one["logins/s"] == 5.0]
    events = median(one["events/s"] for one in speed["throughput"] if one["loop"] == "vigil" and one["users"] == 10_000)
    times = re.findall(r"(\d+) ms", row(README, "from event to mail")[1])

    grades = [quality["grades"][grade] for grade in ("plain", "careful", "expert")]
    attacks, told = sum(one["attacks"] for one in grades), sum(round(one["attacks"] * one["told"]) for one in grades)
    assert f"of {attacks} simulated" in noticed[0]
    assert noticed[1].startswith(f"{told} told")
    assert [round(100 * one["risk"]) for one in grades] == [int(one) for one in re.findall(r"(\d+) %", noticed[1])]
    assert row(README, "honest people told")[1].startswith(f"{quality['told_false_user_days_per_1000']:.0f},")
    assert f"about {round(events, -2):,.0f} events a second" in README
    assert [int(one) for one in times] == [round(trickle["p50 ms"]), round(trickle["p99 ms"])]


def test_a_figure_that_is_another_would_be_noticed() -> None:
    """To its digits, and no further."""
    assert same(".876", 0.8755)
    assert same(".875", 0.8755)
    assert not same(".876", 0.8749)
