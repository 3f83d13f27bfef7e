"""The score of the Numenta Anomaly Benchmark, standard profile.

Lavin and Ahmad, "Evaluating Real-time Anomaly Detection Algorithms", ICMLA 2015: the first detection inside an anomaly's window earns the
more the earlier it is (a scaled sigmoid), one outside costs the more the farther it is behind the last window, a window without any costs
one. The best single threshold over all series counts; 0 is a detector that says nothing, 100 a perfect one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

FALSE_POSITIVE = 0.11
FALSE_NEGATIVE = 1.0
PROBATION = 0.15
LONGEST_PROBATION = 750

Span = tuple[int, int]
"""First and last row of an anomaly's window."""


def probation(rows: int) -> int:
    """Rows at the start of a series without a score."""
    return min(int(PROBATION * rows), LONGEST_PROBATION)


def value_of_rows(rows: int, windows: Sequence[Span]) -> list[tuple[int, float]]:
    """For each row the number of its window (-1: none) and what a detection there is worth."""
    worth: list[tuple[int, float]] = []
    following, before = 0, None
    for row in range(rows):
        while following < len(windows) and row > windows[following][1]:
            before = windows[following]
            following += 1
        if following < len(windows) and windows[following][0] <= row:
            first, last = windows[following]
            worth.append((following, _sigmoid(-(last - row + 1) / (last - first + 1)) / _sigmoid(-1.0)))
        elif before is None:
            worth.append((-1, -FALSE_POSITIVE))
        else:
            distance = (row - before[1]) / max(before[1] - before[0], 1)
            worth.append((-1, FALSE_POSITIVE * (-1.0 if distance > 3.0 else _sigmoid(distance))))
    return worth


def best(scores: Mapping[str, Sequence[float]], windows: Mapping[str, Sequence[Span]]) -> tuple[float, float]:
    """Score in (-inf, 100] and threshold of the best single threshold. `scores`: anomaly scores by row of each series."""
    events = []
    for name, series in scores.items():
        start = probation(len(series))
        worth = value_of_rows(len(series), windows[name])
        events += [(series[row], name, *worth[row]) for row in range(start, len(series))]
    counted = sum(last >= probation(len(scores[name])) for name in scores for _, last in windows[name])
    if not counted:
        raise ValueError("no series has an anomaly window after its probation: there is nothing to score")
    events.sort(key=lambda event: -event[0])
    nothing = total = -FALSE_NEGATIVE * counted
    top, threshold, earned = total, math.inf, dict[tuple[str, int], float]()
    for place, (score, name, window, worth_) in enumerate(events):
        if window < 0:
            total += worth_
        else:
            before = earned.get((name, window))
            if before is None:
                total += FALSE_NEGATIVE + worth_
                earned[name, window] = worth_
            elif worth_ > before:
                total += worth_ - before
                earned[name, window] = worth_
        last_of_its_score = place + 1 == len(events) or events[place + 1][0] != score
        if last_of_its_score and total > top:
            top, threshold = total, score
    return 100.0 * (top - nothing) / (counted - nothing), threshold


def _sigmoid(x: float) -> float:
    return 2.0 / (1.0 + math.exp(5.0 * x)) - 1.0
