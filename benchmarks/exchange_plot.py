"""The shares noticed as an SVG: a group of bars a grade, a tick where the goal is. Plain text, no library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BARS = (
    ("risk", "risk at 2 false user-days per 1,000", "#2f6f9f"),
    ("told", "told, beyond what is promised", "#4a9a6a"),
    ("warned", "warned", "#c98a2b"),
)
WIDTH, HEIGHT, LEFT, TOP, TALL = 720, 340, 50, 30, 230


def plot(grades: Mapping[str, Mapping[str, Any]], goals: Mapping[str, tuple[float, float]]) -> str:
    """`grades`: shares by name; `goals`: at least, and what is aimed at."""
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13" role="img">',
        "<title>Attacks noticed, by grade of skill</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for tenth in range(0, 11, 2):
        y = _y(tenth / 10)
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{y:.0f}" y2="{y:.0f}" stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 8}" y="{y + 4:.0f}" text-anchor="end" fill="#555">{tenth * 10}%</text>')
    for place, (grade, row) in enumerate(grades.items()):
        x = LEFT + 20 + place * 215
        for n, (name, _, colour) in enumerate(BARS):
            top = _y(row[name])
            out.append(f'<rect x="{x + n * 55}" y="{top:.1f}" width="48" height="{_y(0) - top:.1f}" fill="{colour}"/>')
            out.append(f'<text x="{x + n * 55 + 24}" y="{top - 5:.1f}" text-anchor="middle">{row[name]:.0%}</text>')
        for goal, dash in zip(goals[grade], ("", ' stroke-dasharray="4 3"'), strict=True):
            out.append(f'<line x1="{x - 6}" x2="{x + 54}" y1="{_y(goal):.1f}" y2="{_y(goal):.1f}" stroke="#a22" stroke-width="2"{dash}/>')
        out.append(f'<text x="{x + 80}" y="{_y(0) + 20}" text-anchor="middle" font-weight="bold">{grade} ({row["attacks"]})</text>')
    for n, (_, words, colour) in enumerate(BARS):
        x = LEFT + n * 235
        out.append(f'<rect x="{x}" y="{HEIGHT - 28}" width="12" height="12" fill="{colour}"/>')
        out.append(f'<text x="{x + 18}" y="{HEIGHT - 17}">{words}</text>')
    out.append(f'<text x="{WIDTH - 20}" y="18" text-anchor="end" fill="#a22">red: goal; dashed: aim</text></svg>')
    return "\n".join(out) + "\n"


def _y(share: float) -> float:
    return TOP + TALL * (1 - share)
